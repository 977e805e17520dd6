from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from deployed_state import EXAMPLE

from modelinfra.catalog.servers import MLSERVER
from modelinfra.serving.docker import docker_problem
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.venv import server_python


@pytest.fixture(scope="session")
def mlserver_python() -> Path:
    """The Python of the real MLServer's environment; without a package index this tier is skipped, loudly."""
    try:
        return server_python(MLSERVER)
    except ServingCheckError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT PROVEN, serving tier: MLServer cannot be installed here ({error})")


@pytest.fixture(scope="session")
def digits(mlserver_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with the digits classifier, trained here."""
    out = tmp_path_factory.mktemp("models") / "digits"
    subprocess.run([mlserver_python, EXAMPLE / "train.py", out], check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def sample() -> bytes:
    """The example's request: an image that the model has not seen in training."""
    return (EXAMPLE / "sample.json").read_bytes()


@pytest.fixture(scope="session")
def docker_with_base_image() -> None:
    """A Docker engine that has the server's base image, real or stand-in; else the container path is skipped, loudly."""
    problem = docker_problem()
    if problem is None:
        here = subprocess.run(["docker", "image", "inspect", MLSERVER.image], capture_output=True, check=False)
        if here.returncode == 0:
            return
        problem = f"the image {MLSERVER.image} is not here (docker pull, or tools/serving/stand_in_image.sh)"
    pytest.skip(f"NOT PROVEN, serving tier in a container: {problem}")

"""Fetches a deployed endpoint's model to this machine, with the fetcher that its replicas or its build use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from modelinfra.cache import cache_folder
from modelinfra.serving.delivery import ModelFetch
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.promised import ImageBuild, ServingContract
from modelinfra.serving.venv import locked_environment

# Of this process's Python, and not for the fetcher's.
_OWN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


@contextmanager
def with_model(
    contract: ServingContract, report: Callable[[str], None], *, in_image: bool
) -> Iterator[ServingContract]:
    """The contract with its model in a folder of this machine, removed at the block's end; unchanged where nothing is fetched.

    in_image: the image is built here, and its build fetches a baked model. Raises ServingCheckError in the fetcher's own words when
    the model cannot be fetched or is not what it should be.
    """
    if contract.build is not None and contract.build.models and not in_image:
        with _gathered(contract.build, report) as folder:
            yield replace(contract, build=replace(contract.build, model_source=folder))
        return
    fetch = contract.fetch
    # As a process nothing is started without a build, so that nothing need be fetched to say so.
    if fetch is None or (fetch.baked if in_image else contract.build is None):
        yield contract
        return
    with tempfile.TemporaryDirectory(prefix="modelinfra-model-", ignore_cleanup_errors=True) as temporary:
        os.chmod(temporary, 0o755)  # the server in a container is another user
        folder = Path(temporary, "model")
        folder.mkdir()
        _fetch(fetch, folder, report)
        instead = "the build fetches" if fetch.baked else "a volume of the task holds"
        for work in fetch.works:
            report(
                f"model {work['uri']}, which {instead} -> {fetch.into(folder).get('to') or folder / Path(work['to']).name}"
            )
        build = replace(contract.build, model_source=folder) if contract.build is not None else None
        yield replace(contract, build=build, fetch=replace(fetch, folder=folder))


@contextmanager
def _gathered(build: ImageBuild, report: Callable[[str], None]) -> Iterator[Path]:
    """Several models of this machine in one folder, as links, as the image has them."""
    for path, source in build.models.items():
        if not source.is_dir():
            raise ServingCheckError(
                f"the model in {source}, which the image copies to {path}",
                "there is no such directory",
                "Put the model there, or correct the endpoint's `models` and deploy again",
            )
    with tempfile.TemporaryDirectory(prefix="modelinfra-models-", ignore_cleanup_errors=True) as temporary:
        for path, source in build.models.items():
            Path(temporary, path.name).symlink_to(source)
            report(f"path {path} -> {source}")
        yield Path(temporary)


def _fetch(fetch: ModelFetch, folder: Path, report: Callable[[str], None]) -> None:
    lock = (files("modelinfra") / "fetcher" / "requirements.lock").read_bytes()
    prefix = locked_environment(cache_folder() / "fetcher", lock, "the model fetcher", lambda: sys.executable, report)
    environment = {name: value for name, value in os.environ.items() if name not in _OWN}
    if fetch.region:
        environment.setdefault("AWS_DEFAULT_REGION", fetch.region)
    environment["MODELINFRA_FETCH"] = json.dumps(fetch.into(folder))
    with tempfile.TemporaryDirectory(prefix="modelinfra-fetcher-") as home, as_file(files("modelinfra")) as package:
        # As in the container: only these files, whatever else this machine has beside them.
        shutil.copytree(package / "fetcher", Path(home, "modelinfra", "fetcher"))
        done = subprocess.run(
            [prefix / "bin" / "python", "-m", "modelinfra.fetcher"],
            env={**environment, "PYTHONPATH": home},
            capture_output=True,
            text=True,
            check=False,
        )
    for line in done.stdout.splitlines():
        report(line.removeprefix("model-fetch: "))
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"the fetcher ended with {done.returncode}"])[-1]
        raise ServingCheckError(
            f"the model {' or '.join(work['uri'] for work in fetch.works)} on this machine",
            said.removeprefix("model-fetch: ").rstrip("."),
            "This machine fetches with its own network and credentials, not with the endpoint's role",
        )

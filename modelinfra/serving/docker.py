"""Runs a contract in a container: the image is built from the state's own Dockerfile, and nothing is substituted."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.http import HOST, free_ports
from modelinfra.serving.promised import ImageBuild, ServingContract
from modelinfra.serving.running import Running, run_supervised


def docker_problem() -> str | None:
    """Why containers cannot be run here, or None when they can."""
    if not shutil.which("docker"):
        return "there is no docker command on the PATH"
    done = _docker("version", "--format", "{{.Server.Version}}")
    return None if done.returncode == 0 else f"no Docker engine answers: {_last_line(done)}"


@contextmanager
def run_in_docker(contract: ServingContract, report: Callable[[str], None]) -> Iterator[Running]:
    """The contract's container, built from the deployed Dockerfile; removed at the block's end.

    Only the ports are published on free ports of 127.0.0.1; inside the container everything is as deployed. A ready
    image is pulled by the reference that the task runs. Raises ServingCheckError when there is no Docker engine or the
    build fails.
    """
    if problem := docker_problem():
        raise ServingCheckError("a running Docker engine", problem, "Start one, or try the endpoint as a process")
    name = f"modelinfra-try-{uuid.uuid4().hex[:12]}"
    image = contract.image if contract.build is None else _build(contract.build, name, report)
    numbers = list(dict.fromkeys(contract.ports.values()))
    ports = dict(zip(numbers, free_ports(len(numbers)), strict=True))
    for secret in contract.secrets:
        report(f"secret {secret} stays empty: only the platform can read it")
    try:
        with tempfile.TemporaryDirectory(prefix="modelinfra-try-", ignore_cleanup_errors=True) as folder:
            # The client needs this shell's variables (DOCKER_HOST, PATH); the container gets only those of the
            # contract.
            command = _run_command(contract, name, image, ports)
            with run_supervised(command, os.environ, Path(folder), ports) as running:
                yield running
    finally:
        _docker("rm", "--force", name)
        if contract.build is not None:
            _docker("image", "rm", image)


def _run_command(contract: ServingContract, name: str, image: str, ports: dict[int, int]) -> list[str]:
    command = ["docker", "run", "--rm", "--name", name]
    if contract.init_process:
        command.append("--init")
    if contract.task_memory_mib:
        command += ["--memory", f"{contract.task_memory_mib}m"]
    for inner, outer in ports.items():
        command += ["--publish", f"{HOST}:{outer}:{inner}"]
    for variable, value in contract.environment.items():
        command += ["--env", f"{variable}={value}"]
    if contract.fetch is not None and contract.fetch.folder is not None:
        command += ["--volume", f"{contract.fetch.folder}:{contract.fetch.path}:ro"]
    entrypoint = list(contract.task_entrypoint)
    if entrypoint:
        command += ["--entrypoint", entrypoint[0]]
    return [*command, image, *entrypoint[1:], *contract.task_command]


def _build(build: ImageBuild, tag: str, report: Callable[[str], None]) -> str:
    report(f"building the deployed Dockerfile (FROM {build.base}) with {build.context}")
    if not build.context.is_dir():
        raise ServingCheckError(
            f"the build context {build.context}", "there is no such directory", "Put the model there and deploy again"
        )
    platforms = [word for platform in build.platforms[:1] for word in ("--platform", platform)]
    # Newer clients build through the buildx plugin and fail without it; the engine's own builder needs no plugin.
    builder = "1" if _docker("buildx", "version").returncode == 0 else "0"
    done = _docker(
        "build",
        "--tag",
        tag,
        *platforms,
        *(word for name, folder in build.contexts.items() for word in ("--build-context", f"{name}={folder}")),
        "--file",
        "-",
        str(build.context),
        text=build.dockerfile,
        DOCKER_BUILDKIT=builder,
    )
    if done.returncode:
        raise ServingCheckError(
            "the deployed Dockerfile to build", _last_line(done), "Correct what it names, and deploy again"
        )
    return tag


def _docker(*arguments: str, text: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], input=text, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return " / ".join(lines[-3:]) or f"docker ended with {done.returncode}"

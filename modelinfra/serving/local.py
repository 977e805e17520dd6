"""Runs a contract as a process of this machine, with exactly three substitutions: image, model path, ports."""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from modelinfra.catalog.servers import SERVERS, LocalSubstitute, ModelServer, server_for_image
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.http import HOST, free_ports
from modelinfra.serving.promised import ImageBuild, ServingContract
from modelinfra.serving.running import Running, run_supervised
from modelinfra.serving.venv import server_environment, substitute


@contextmanager
def run_as_process(contract: ServingContract, report: Callable[[str], None]) -> Iterator[Running]:
    """The contract's server as a local process, ended with all its children at the block's end.

    Reports one line per substitution: image -> package, container path -> folder, ports -> free ports. Raises
    ServingCheckError when the contract cannot start, or needs more than these three to run outside its image.
    """
    build = _build(contract)
    row = _row(build)
    local = substitute(row)
    ports = _local_ports(contract, row, local)
    command = _command(contract, build, row, local)
    environment = _environment(contract, build, row, local, ports)
    prefix = server_environment(row, report)
    report(f"image {build.base} -> {local.package} {local.version} in {prefix}")
    report(f"path {build.model_path} -> {build.model_source}")
    shown = ", ".join(f"{role} {port} -> {HOST}:{ports[port]}" for role, port in contract.ports.items())
    report(f"ports {shown}")
    for name in contract.secrets:
        report(f"secret {name} stays empty: only the platform can read it")
    with tempfile.TemporaryDirectory(prefix="modelinfra-try-", ignore_cleanup_errors=True) as folder:
        program = prefix / "bin" / local.executables[command[0]]
        # Nothing of this shell: a variable that happens to be set here must not stand in for one that the task lacks.
        base = {"PATH": f"{prefix / 'bin'}:{os.defpath}", "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"}
        with run_supervised([str(program), *command[1:]], {**environment, **base}, Path(folder), ports) as running:
            yield running


def _build(contract: ServingContract) -> ImageBuild:
    build = contract.build
    if build is None:
        raise ServingCheckError(
            "an image that the library built",
            f"endpoint {contract.endpoint!r} runs the ready image {contract.image}, whose content is not known here",
            "Try it with Docker",
        )
    if build.opaque:
        raise ServingCheckError(
            "a Dockerfile that only copies the model and sets variables and the command",
            f"it also says: {'; '.join(build.opaque)}",
            "Try it with Docker, which builds it",
        )
    if not build.model_source.is_dir():
        raise ServingCheckError(
            f"the model in {build.model_source}, which the image copies to {build.model_path}",
            "there is no such directory",
            "Put the model there, or correct the endpoint's `model` and deploy again",
        )
    return build


def _row(build: ImageBuild) -> ModelServer:
    row = server_for_image(build.base)
    if row is None:
        known = ", ".join(known.image for known in SERVERS.values() if known.image and known.local)
        raise ServingCheckError(
            f"a base image that the catalogue knows ({known})",
            f"the Dockerfile begins FROM {build.base}",
            "Try it with Docker",
        )
    return row


def _command(contract: ServingContract, build: ImageBuild, row: ModelServer, local: LocalSubstitute) -> list[str]:
    if not contract.command:
        raise ServingCheckError(
            f"a start command such as {' '.join(row.command)!r}",
            "neither the task nor the Dockerfile has one",
            "Deploy the endpoint again",
        )
    if contract.command[0] not in local.executables:
        raise ServingCheckError(
            f"a start command of {row.title}, such as {' '.join(row.command)!r}",
            f"the container starts {' '.join(contract.command)!r}",
            "Correct the command in the image or the task and deploy again, or try it with Docker",
        )
    command = [contract.command[0]]
    for word in contract.command[1:]:
        here = _local_path(word, build)
        if here == word and word.startswith("/"):
            # On this machine the path would mean something else, or something by accident.
            raise ServingCheckError(
                f"the start command to use the model's path {build.model_path}",
                f"it is {' '.join(contract.command)!r}, and the image has nothing from us at {word}",
                "Let the command and the Dockerfile's COPY name the same directory",
            )
        command.append(here)
    return command


def _local_path(value: str, build: ImageBuild) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() and path.is_relative_to(build.model_path):
        return str(build.model_source / path.relative_to(build.model_path))
    return value


def _local_ports(contract: ServingContract, row: ModelServer, local: LocalSubstitute) -> dict[int, int]:
    """container port -> free port, for all ports that the server opens and all that the task maps."""
    opened = [_opened(contract, row, local, role) for role in local.port_variables]
    wanted = list(dict.fromkeys([*contract.ports.values(), *opened]))
    return dict(zip(wanted, free_ports(len(wanted)), strict=True))


def _opened(contract: ServingContract, row: ModelServer, local: LocalSubstitute, role: str) -> int:
    variable = local.port_variables[role]
    value = contract.environment.get(variable, str(row.ports[role]))
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise ServingCheckError(
            f"a port number in {variable}", f"it is {value!r}", "Correct the variable and deploy again"
        )
    return int(value)


def _environment(
    contract: ServingContract,
    build: ImageBuild,
    row: ModelServer,
    local: LocalSubstitute,
    ports: Mapping[int, int],
) -> dict[str, str]:
    environment = {name: _local_path(value, build) for name, value in contract.environment.items()}
    for role, variable in local.port_variables.items():
        environment[variable] = str(ports[_opened(contract, row, local, role)])
    if local.address_variable:
        _check_address(local.address_variable, contract.environment.get(local.address_variable))
        environment[local.address_variable] = HOST  # the address half of the port: nobody else shall reach it
    return environment


def _check_address(variable: str, value: str | None) -> None:
    """A server that listens on its own loopback answers here and nobody in the cloud."""
    try:
        everywhere = value is None or ipaddress.ip_address(value).is_unspecified
    except ValueError:
        everywhere = False
    if not everywhere:
        raise ServingCheckError(
            f"the server to listen on every address of its container ({variable}=0.0.0.0)",
            f"{variable} is {value!r}, where the load balancer does not reach it",
            "Leave the variable out, or set it to 0.0.0.0",
        )

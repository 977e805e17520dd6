"""Images of the small programs that run beside a server. Their files stand in the Dockerfile, so that no folder of this machine is a
part of the build."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Final

# A version of Python and Debian, by way of the mirror that AWS keeps of Docker's official images.
BASE: Final = "public.ecr.aws/docker/library/python:3.12.12-slim-bookworm"

_END = "END_OF_FILE"
_PIP = "--no-cache-dir --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes"

USER: Final = 65532
"""Of nobody: it owns what it writes to, and nothing else."""

HEAD: Final = "# syntax=docker/dockerfile:1\n"
"""Files within a Dockerfile need the syntax of 2022; a builder that is older fetches it."""


def home(program: str) -> str:
    """Where a program lies in its container."""
    return f"/opt/{program}"


def environment(program: str) -> str:
    """The line that lets Python find it there."""
    return f"ENV PYTHONPATH={home(program)} PYTHONDONTWRITEBYTECODE=1\n"


def stage(program: str, name: str, *, requirements: str = "fetcher", beside: tuple[str, ...] = ()) -> str:
    """A stage of a build that has the program, `modelinfra/<program>`, in its home, on the builder's own architecture.

    requirements: whose requirements.lock it needs; that of programs that ask AWS and need nothing else is the fetcher's. beside: files of
    other packages that it imports, such as `shipper/masks.py`.
    """
    return f"FROM --platform=$BUILDPLATFORM {BASE} AS {name}\n{_installed(program, requirements, beside)}"


@functools.cache
def _installed(program: str, requirements: str, beside: tuple[str, ...]) -> str:
    """Requirements first: they change more seldom than the program. All of them are plain Python, of any architecture."""
    package = files("modelinfra")
    sources = sorted(
        (each for each in (package / program).iterdir() if each.name.endswith(".py")), key=lambda each: each.name
    )
    lock = f"{home(program)}/requirements.lock"
    return (
        file_within((package / requirements / "requirements.lock").read_text(), lock)
        + f"RUN python -m pip install {_PIP} --target {home(program)} -r {lock}\n"
        + "".join(
            file_within(each.read_text(), f"{home(program)}/modelinfra/{program}/{each.name}") for each in sources
        )
        + "".join(file_within((package / each).read_text(), f"{home(program)}/modelinfra/{each}") for each in beside)
    )


def file_within(text: str, path: str) -> str:
    """The lines of a Dockerfile that write a file. It needs HEAD."""
    # In quotes the end mark keeps the builder from replacing variables.
    assert _END not in text.splitlines()
    whole = text if text.endswith("\n") else f"{text}\n"
    return f'COPY <<"{_END}" {path}\n{whole}{_END}\n'

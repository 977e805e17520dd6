"""The Dockerfile of the model fetcher. The fetcher's files stand in it, so that no folder of this machine is a part of the build."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib.resources import files

from modelinfra.platforms.remote_model import FETCHED_TO

# A version of Python and Debian, by way of the mirror that AWS keeps of Docker's official images.
_BASE = "public.ecr.aws/docker/library/python:3.12.12-slim-bookworm"
_HOME = "/opt/fetcher"
_END = "END_OF_FILE"
_PIP = "--no-cache-dir --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes"
_ENVIRONMENT = f"ENV PYTHONPATH={_HOME} PYTHONDONTWRITEBYTECODE=1\n"

# Of nobody: it owns the folder that it writes to and nothing else.
_USER = 65532

HEAD = "# syntax=docker/dockerfile:1\n"
"""Files within a Dockerfile need the syntax of 2022; a builder that is older fetches it."""


def fetcher_dockerfile() -> str:
    """The image that runs beside the server. Its volume gives the task's volume its owner (ECS developer guide, bind mounts).

    Nothing runs in the last stage: an image for another architecture than the builder's needs no emulator.
    """
    return (
        f"{HEAD}# Fetches a model before its server starts, made by modelinfra.\n"
        f"{_stage('fetcher')}"
        f"RUN mkdir -p /volume{FETCHED_TO}\n"
        f"FROM {_BASE}\n"
        f"COPY --from=fetcher {_HOME} {_HOME}\n"
        f"COPY --from=fetcher --chown={_USER}:{_USER} /volume/ /\n"
        f"{_ENVIRONMENT}"
        f"USER {_USER}\n"
        f'VOLUME ["{FETCHED_TO}"]\n'
        'CMD ["python", "-m", "modelinfra.fetcher"]\n'
    )


def fetching_stage(work: Mapping[str, str]) -> str:
    """A stage `model` of another build that has the model in FETCHED_TO."""
    return (
        f"{_stage('model')}"
        f"{_ENVIRONMENT}"
        f"ENV MODELINFRA_FETCH={json.dumps(json.dumps(work, sort_keys=True))}\n"
        f"RUN mkdir {FETCHED_TO} && python -m modelinfra.fetcher && rm {FETCHED_TO}/.model-fetched\n"
    )


def _stage(name: str) -> str:
    return f"FROM --platform=$BUILDPLATFORM {_BASE} AS {name}\n{_installed()}"


@functools.cache
def _installed() -> str:
    """Requirements first: they change more seldom than the fetcher. All of them are plain Python, of any architecture."""
    home = files("modelinfra") / "fetcher"
    sources = sorted((each for each in home.iterdir() if each.name.endswith(".py")), key=lambda each: each.name)
    lock = f"{_HOME}/requirements.lock"
    return (
        _file((home / "requirements.lock").read_text(), lock)
        + f"RUN python -m pip install {_PIP} --target {_HOME} -r {lock}\n"
        + "".join(_file(each.read_text(), f"{_HOME}/modelinfra/fetcher/{each.name}") for each in sources)
    )


def _file(text: str, path: str) -> str:
    # In quotes the end mark keeps the builder from replacing variables.
    assert _END not in text.splitlines()
    whole = text if text.endswith("\n") else f"{text}\n"
    return f'COPY <<"{_END}" {path}\n{whole}{_END}\n'

"""The Dockerfile of the model fetcher."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from modelinfra.components.program_image import BASE, HEAD, USER, environment, home, stage
from modelinfra.platforms.remote_model import FETCHED_TO

_FETCHER = "fetcher"


def fetcher_dockerfile() -> str:
    """The image that runs beside the server. Its volume gives the task's volume its owner (ECS developer guide, bind mounts).

    Nothing runs in the last stage: an image for another architecture than the builder's needs no emulator.
    """
    return (
        f"{HEAD}# Fetches a model before its server starts, made by modelinfra.\n"
        f"{stage(_FETCHER, 'fetcher')}"
        f"RUN mkdir -p /volume{FETCHED_TO}\n"
        f"FROM {BASE}\n"
        f"COPY --from=fetcher {home(_FETCHER)} {home(_FETCHER)}\n"
        f"COPY --from=fetcher --chown={USER}:{USER} /volume/ /\n"
        f"{environment(_FETCHER)}"
        f"USER {USER}\n"
        f'VOLUME ["{FETCHED_TO}"]\n'
        'CMD ["python", "-m", "modelinfra.fetcher"]\n'
    )


def fetching_stage(work: Mapping[str, Any], folders: Sequence[str]) -> str:
    """A stage `model` of another build that has the model in FETCHED_TO, or each of several in a folder there."""
    marks = " ".join(f"{folder}/.model-fetched" for folder in folders)
    return (
        f"{stage(_FETCHER, 'model')}"
        f"{environment(_FETCHER)}"
        f"ENV MODELINFRA_FETCH={json.dumps(json.dumps(work, sort_keys=True))}\n"
        f"RUN mkdir {FETCHED_TO} && python -m modelinfra.fetcher && rm {marks}\n"
    )

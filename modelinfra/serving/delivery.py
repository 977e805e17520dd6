"""How models come into a deployed endpoint: fetched by a container, fetched by the image's build, or copied from folders of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from modelinfra.serving import dockerfile
from modelinfra.serving.errors import ServingCheckError

WORK = "MODELINFRA_FETCH"

REDEPLOY = "Deploy the endpoint again, and change what is wrong in its stack file or program, not in the cloud"


@dataclass(frozen=True)
class ModelFetch:
    """Models that are fetched: by a container of the task before the server starts, or (`baked`) while the image is built.

    work: what `modelinfra.fetcher` is told. path: where the server finds the model. region: that of the task; empty when it is not
    said. folder: where it lies on this machine, once it was fetched.
    """

    work: Mapping[str, Any]
    path: PurePosixPath
    baked: bool
    region: str = ""
    folder: Path | None = None

    @property
    def works(self) -> list[Mapping[str, Any]]:
        """The one model, or each of several."""
        return list(self.work.get("models", [self.work]))

    @property
    def to(self) -> str:
        """The folder that they are put into."""
        return str(PurePosixPath(self.work["models"][0]["to"]).parent) if "models" in self.work else self.work["to"]

    def into(self, folder: Path) -> dict[str, Any]:
        """The work, done into another folder."""
        if "models" not in self.work:
            return {**self.work, "to": str(folder)}
        return {"models": [{**each, "to": str(folder / PurePosixPath(each["to"]).name)} for each in self.works]}


def fetched_by(fetcher: Mapping[str, Any], server: Mapping[str, Any]) -> ModelFetch:
    """What the fetching container is told, and where the server sees the volume that both have."""
    variables = {item["name"]: str(item.get("value", "")) for item in fetcher.get("environment") or []}
    written = {item["sourceVolume"]: item["containerPath"] for item in fetcher.get("mountPoints") or []}
    read = {item["sourceVolume"]: item["containerPath"] for item in server.get("mountPoints") or []}
    shared = [volume for volume in written if volume in read]
    work = _work(variables.get(WORK, ""))
    path = PurePosixPath(read[shared[0]]) if shared else PurePosixPath()
    fetch = ModelFetch(work, path, baked=False, region=variables.get("AWS_DEFAULT_REGION", ""))
    if not shared or written[shared[0]] != fetch.to:
        raise ServingCheckError(
            "a volume into which the model is fetched and from which the server reads it",
            f"the fetching container has {written or 'none'}, the server {read or 'none'}, and the model goes to {fetch.to}",
            REDEPLOY,
        )
    return fetch


def _work(text: str) -> dict[str, Any]:
    try:
        found = dict(json.loads(text))
        each = list(found.get("models", [found]))
    except (ValueError, TypeError):
        each = []
    if not each or not all(isinstance(one, Mapping) and {"uri", "to"} <= one.keys() for one in each):
        raise ServingCheckError(f"what to fetch in {WORK}", f"it is {text!r}", REDEPLOY)
    return found


def baked(stage: dockerfile.Dockerfile) -> ModelFetch | None:
    """A model that an earlier stage of the build fetches, and that the last one copies."""
    for instruction in stage.opaque:
        copied = re.fullmatch(r"COPY (?:--\S+ )*--from=(\S+) (?:--\S+ )*(\S+) (/\S+)", instruction)
        source = stage.stages.get(copied[1]) if copied else None
        if copied and source is not None and WORK in source.environment:
            fetch = ModelFetch(_work(source.environment[WORK]), PurePosixPath(copied[3]), baked=True)
            if fetch.to == copied[2]:
                stage.opaque.remove(instruction)
                return fetch
    return None


def copied_from(stage: dockerfile.Dockerfile, contexts: Mapping[str, Path]) -> dict[PurePosixPath, Path]:
    """Models that the last stage copies, each from a build context of its own: where it lies in the container -> folder."""
    found = {}
    for instruction in list(stage.opaque):
        copied = re.fullmatch(r"COPY (?:--\S+ )*--from=(\S+) (?:--\S+ )*\. (/\S+)", instruction)
        if copied and copied[1] in contexts:
            stage.opaque.remove(instruction)
            found[PurePosixPath(copied[2])] = contexts[copied[1]]
    return found

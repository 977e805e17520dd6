"""What exists in the stand-in cloud, kept in a JSON file so that it outlives the process."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# IAM, CloudFront and Route 53 have no region: one name space per account.
_GLOBAL_SERVICES = frozenset({"iam", "cloudfront", "route53"})


@dataclass
class Thing:
    """One thing in the cloud. `actual` holds its properties as the cloud has them now (Pulumi's names)."""

    type: str
    id: str
    name: str
    """The Pulumi name it was made with."""
    urn: str
    region: str
    seed: str
    """From which its generated ids come."""
    actual: dict[str, Any]
    adopted: bool = False
    """It was looked up by id, never made here: it exists, and is nobody's to delete."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What the cloud knows beside the properties, such as a rolled-back deployment."""


@dataclass
class Push:
    """One image that was pushed to a repository."""

    repository: str
    """URL without tag."""
    tag: str
    digest: str


class Store:
    """All things and pushed images. Every method is safe to call from several threads."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.pushes: list[Push] = []
        self._things: dict[str, Thing] = {}
        if path is not None and path.exists():
            document = json.loads(path.read_text(encoding="utf-8"))
            self._things = {key: Thing(**thing) for key, thing in document["things"].items()}
            self.pushes = [Push(**push) for push in document["pushes"]]

    def __iter__(self) -> Iterator[Thing]:
        with self.lock:
            return iter(list(self._things.values()))

    def find(self, token: str, identifier: str, region: str, properties: dict[str, Any]) -> Thing | None:
        """The thing that the engine means by an id."""
        with self.lock:
            return self._things.get(_key(token, identifier, region, properties))

    def put(self, thing: Thing) -> None:
        """Add a thing or write back a changed one."""
        with self.lock:
            self._things[_key(thing.type, thing.id, thing.region, thing.actual)] = thing
            self.save()

    def remove(self, thing: Thing) -> None:
        """Forget a thing; with a repository go its images."""
        with self.lock:
            self._things.pop(_key(thing.type, thing.id, thing.region, thing.actual), None)
            url = thing.actual.get("repositoryUrl")
            if url:
                self.pushes = [push for push in self.pushes if push.repository != url]
            self.save()

    def save(self) -> None:
        """Write the file, whole or not at all."""
        if self.path is None:
            return
        with self.lock:
            document = {
                "things": {key: asdict(thing) for key, thing in self._things.items()},
                "pushes": [asdict(push) for push in self.pushes],
            }
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_name(self.path.name + ".new")
            temporary.write_text(json.dumps(document), encoding="utf-8")
            os.replace(temporary, self.path)


def _key(token: str, identifier: str, region: str, properties: dict[str, Any]) -> str:
    if token == "aws:ecs/taskDefinition:TaskDefinition":
        # The id is the family, of which many revisions exist side by side.
        identifier = str(properties.get("arn") or identifier)
    if token.startswith("aws:appautoscaling/"):
        # Ids of scaling targets and policies are names within a namespace and dimension.
        identifier = "|".join(str(properties.get(k) or "") for k in ("resourceId", "scalableDimension")) + identifier
    scope = "global" if token.split(":")[1].split("/")[0] in _GLOBAL_SERVICES else region
    return f"{token}|{scope}|{identifier}"

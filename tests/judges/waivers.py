"""What checkov finds and is not mended, with the reason: `waivers.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).with_name("waivers.toml")


@dataclass(frozen=True)
class Waiver:
    """One check that does not count for a kind of resource (Terraform's type). `environments`: where; none means everywhere. `resources`: what
    their logical names are like; none means all."""

    check: str
    kind: str
    reason: str
    environments: tuple[str, ...] = ("*",)
    resources: tuple[str, ...] = ("*",)

    def fits(self, check: str, kind: str, environment: str, resource: str) -> bool:
        """Whether a finding is waived."""
        return (
            (check, kind) == (self.check, self.kind)
            and any(fnmatchcase(environment, pattern) for pattern in self.environments)
            and any(fnmatchcase(resource, pattern) for pattern in self.resources)
        )


def waivers() -> tuple[Waiver, ...]:
    """All of the file. Raises TypeError for a key that is none or missing, ValueError for a reason that is no sentence."""
    found = []
    for row in tomllib.loads(FILE.read_text(encoding="utf-8")).get("waiver", []):
        places = {key: tuple(row.get(key, ["*"])) for key in ("environments", "resources")}
        waiver = Waiver(**{**row, **places})
        if len(waiver.reason.split()) < 5 or not waiver.reason.endswith("."):
            raise ValueError(f"{FILE.name}: {waiver.check} of {waiver.kind} wants a reason that is a sentence")
        found.append(waiver)
    return tuple(found)

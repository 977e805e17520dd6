"""What checkov finds and is not mended, with the reason: `waivers.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).with_name("waivers.toml")


@dataclass(frozen=True)
class Waiver:
    """One check that does not count for a kind of resource (Terraform's type). `environments`: where; none means everywhere."""

    check: str
    kind: str
    reason: str
    environments: tuple[str, ...] = ("*",)

    def at(self, pattern: str) -> Waiver:
        """The same in one place alone."""
        return replace(self, environments=(pattern,))

    def fits(self, check: str, kind: str, environment: str) -> bool:
        """Whether a finding is waived."""
        return (check, kind) == (self.check, self.kind) and any(
            fnmatchcase(environment, pattern) for pattern in self.environments
        )


def waivers() -> tuple[Waiver, ...]:
    """All of the file. Raises TypeError for a key that is none or missing, ValueError for a reason that is no sentence."""
    found = []
    for row in tomllib.loads(FILE.read_text(encoding="utf-8")).get("waiver", []):
        waiver = Waiver(**{**row, "environments": tuple(row.get("environments", ["*"]))})
        if len(waiver.reason.split()) < 5 or not waiver.reason.endswith("."):
            raise ValueError(f"{FILE.name}: {waiver.check} of {waiver.kind} wants a reason that is a sentence")
        found.append(waiver)
    return tuple(found)

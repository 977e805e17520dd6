"""Applies an environment on the emulator with the real Terraform provider, plans it again, and destroys it."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelinfra.graph.model import Graph
from tests.judges.emulator import APPLIED_DIFFERENTLY, LISTED, NOT_APPLIED, Emulator
from tests.judges.terraform_command import SETTINGS, Workspace, provider_schema
from tests.judges.terraform_lowering import Lowering
from tests.judges.terraform_references import Resources, with_references

Ground = Callable[[Emulator], Mapping[str, str]]
"""Makes what an environment adopts; returns the ids that its program was given -> the ids of what is there."""


@dataclass
class Applied:
    """How it went. `problems` says everything that should not be; the rest is for those who look closer."""

    made: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    moved: set[tuple[str, str]] = field(default_factory=set)
    """(Terraform type, argument) that the second plan wanted to change."""
    changed: set[tuple[str, str]] = field(default_factory=set)
    """Which rows of APPLIED_DIFFERENTLY were needed."""


def apply(graph: Graph, ground: Ground | None = None) -> Applied:
    """Up, second plan, down, on an emulator of its own."""
    begin = time.monotonic()
    applied = Applied()
    resources = with_references(graph, Lowering(provider_schema()))
    unknown = sorted(set(resources) - set(LISTED) - set(NOT_APPLIED))
    if unknown:
        applied.problems.append(
            f"{', '.join(unknown)}: say in tests/judges/emulator.py how AWS lists it (LISTED), or why moto cannot make it (NOT_APPLIED)"
        )
        return applied
    resources = _for_emulator(resources, applied)
    with Emulator() as emulator, tempfile.TemporaryDirectory() as place:
        adopted = ground(emulator) if ground is not None else {}
        before = emulator.things()
        # An error of the emulator does not pass with time, and a provider that repeats it six times takes minutes.
        settings = {**SETTINGS, "skip_requesting_account_id": False, "max_retries": 1}
        workspace = Workspace(Path(place), settings, {"AWS_ENDPOINT_URL": emulator.endpoint})
        workspace.write(_renamed(resources, adopted))
        applied.made = sum(map(len, resources.values()))
        if _went_well(workspace, applied, "apply", "-auto-approve"):
            new = emulator.things() - before
            if not new:
                applied.problems.append("apply: the emulator lists nothing that was not there before")
            _plan_again(workspace, applied)
        _went_well(workspace, applied, "destroy", "-auto-approve")
        left = json.loads(workspace.run("show", "-json")).get("values", {})
        if left:
            applied.problems.append(f"destroy: Terraform's state still holds {json.dumps(left)[:1000]}")
        after = emulator.things()
        applied.problems += [f"destroy: {thing} is left" for thing in sorted(after - before)]
        applied.problems += [f"destroy: {thing} was there before and is gone" for thing in sorted(before - after)]
    applied.seconds = time.monotonic() - begin
    return applied


def _for_emulator(resources: Resources, applied: Applied) -> Resources:
    """What the emulator can make, as it can make it."""
    result: Resources = {}
    for type_, found in resources.items():
        if type_ in NOT_APPLIED:
            continue
        for label, arguments in found.items():
            given = dict(arguments)
            for (of_type, key), (value, _) in APPLIED_DIFFERENTLY.items():
                if of_type == type_ and key in given and given[key] != value:
                    given[key] = value
                    applied.changed.add((type_, key))
            given["depends_on"] = [
                each for each in given.get("depends_on", []) if each.partition(".")[0] not in NOT_APPLIED
            ]
            for missing in NOT_APPLIED:
                if f"${{{missing}." in json.dumps(given):
                    applied.problems.append(f"{type_}.{label} refers to a {missing}, which is not applied")
            result.setdefault(type_, {})[label] = given
    return result


def _went_well(workspace: Workspace, applied: Applied, command: str, *flags: str) -> bool:
    outcome = workspace.outcome(command, *flags, "-no-color", "-input=false")
    if outcome.returncode == 0:
        return True
    errors = re.findall(r"Error: .*?(?=\n\n\n|\Z)", outcome.stderr, re.S) or [outcome.stderr or outcome.stdout]
    applied.problems += [f"{command}: {' '.join(error.split())}" for error in errors]
    return False


def _plan_again(workspace: Workspace, applied: Applied) -> None:
    outcome = workspace.outcome("plan", "-detailed-exitcode", "-out=again", "-no-color", "-input=false")
    if outcome.returncode not in (0, 2):
        applied.problems.append(f"plan: {outcome.stderr}")
    elif outcome.returncode == 2:
        plan = json.loads(workspace.run("show", "-json", "again"))
        for change in plan["resource_changes"]:
            if change["change"]["actions"] != ["no-op"]:
                arguments = set(_moved(change["change"]))
                applied.moved |= {(change["type"], each) for each in arguments}
                if not arguments:
                    applied.problems.append(f"plan: {change['address']}: {change['change']['actions']}")


def _moved(change: Mapping[str, Any]) -> Iterator[str]:
    before, after, unknown = change["before"] or {}, change["after"] or {}, change["after_unknown"] or {}
    for key in {*before, *after}:
        # What a replacement would compute anew is no reason for it; empty and absent are the same to the provider.
        if unknown.get(key) is not True and before.get(key) != after.get(key) and (before.get(key) or after.get(key)):
            yield key


def _renamed(resources: Resources, adopted: Mapping[str, str]) -> Resources:
    text = json.dumps(resources)
    for given, there in adopted.items():
        text = text.replace(given, there)
    renamed: Resources = json.loads(text)
    return renamed

"""The Terraform AWS provider as a judge: its validators, then its plan, offline."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.judges import terraform_command
from tests.judges.case import Case, Verdicts
from tests.judges.terraform_command import Workspace, provider_schema
from tests.judges.terraform_lowering import Lowering, NotLoweredError, literal


class Terraform:
    """`terraform validate` and `terraform plan -refresh=false` over the lowered resources."""

    name = "terraform provider"
    quick = False
    obtainable = False

    def __init__(self) -> None:
        self.left_out: set[tuple[str, str]] = set()

    def missing(self) -> str | None:
        return terraform_command.missing()

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        lowering = Lowering(provider_schema())
        with tempfile.TemporaryDirectory() as place:
            verdicts = _judge(Workspace(Path(place)), lowering, cases)
        self.left_out = lowering.left_out
        return verdicts


def _judge(workspace: Workspace, lowering: Lowering, cases: Mapping[str, Case]) -> Verdicts:
    verdicts: Verdicts = {case: [] for case in cases}
    resources: dict[str, dict[str, Any]] = {}
    of_case: dict[str, str] = {}
    for case, given in cases.items():
        for node in given.nodes:
            if not node.type.startswith("aws:"):
                continue
            try:
                if lowering.too_old(node):
                    continue
                type_, arguments = lowering.resource(node)
            except NotLoweredError as error:
                verdicts[case].append(str(error))
                continue
            label = f"r{len(of_case)}"
            of_case[f"{type_}.{label}"] = case
            resources.setdefault(type_, {})[label] = literal(arguments)
    # A plan begins with validation and ends there if that fails; so what fails is taken out before.
    for command in (["validate", "-json"], ["plan", "-json", "-refresh=false", "-input=false", "-lock=false"]):
        # Terraform takes no type without a resource.
        workspace.write({type_: found for type_, found in resources.items() if found})
        for address, problem in _diagnostics(workspace, *command):
            verdicts[of_case[address]].append(f"{command[0]}: {problem}")
            type_, _, label = address.partition(".")
            resources[type_].pop(label, None)
    return verdicts


def _diagnostics(workspace: Workspace, *command: str) -> list[tuple[str, str]]:
    text = workspace.run(*command, may_fail=True)
    if command[0] == "validate":
        found = json.loads(text)["diagnostics"]
    else:
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        found = [line["diagnostic"] for line in lines if line["type"] == "diagnostic"]
        if not found and not any(line["type"] == "change_summary" for line in lines):
            raise RuntimeError(f"terraform {command[0]} said neither yes nor no: {text[-2000:]}")
    problems = []
    for each in found:
        if each["severity"] != "error":
            continue
        said = f"{each['summary']} {each.get('detail', '')}".strip()
        context = (each.get("snippet") or {}).get("context") or ""
        named = re.findall(r"resource\.(\w+)\.(\w+)", context)
        if not each.get("address") and not named:
            raise RuntimeError(f"terraform {command[0]} names no resource: {said}")
        problems.append((each.get("address") or ".".join(named[0]), said))
    return problems

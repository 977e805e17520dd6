"""Findings as SARIF 2.1.0, which code hosts show beside the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from modelinfra.graph.model import Graph
from modelinfra.policies.exceptions import Judged, Waiver
from modelinfra.policies.rule import Finding, Rule

_LEVELS: Final = {"high": "error", "medium": "warning", "low": "note"}


def sarif(judged: Judged, rules: Iterable[Rule], graph: Graph, stack_file: Path, top: Path) -> dict[str, Any]:
    """The log of one run. stack_file: where what has no line of a program within `top`, the repository, is shown."""
    given = {rule.id: rule for rule in rules}
    named = sorted({each.rule for each in judged.findings} | {each.rule for each, _ in judged.excepted})
    results = [_result(each, None, _place(each, graph, stack_file, top)) for each in judged.findings]
    results += [_result(each, waiver, _place(each, graph, stack_file, top)) for each, waiver in judged.excepted]
    driver = {"name": "modelinfra", "rules": [_rule(each, given) for each in named]}
    run = {"tool": {"driver": driver}, "results": results}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _rule(name: str, given: Mapping[str, Rule]) -> dict[str, Any]:
    rule = given.get(name)
    if rule is None:
        return {"id": name, "shortDescription": {"text": "Exceptions have an end and cover something."}}
    return {
        "id": name,
        "shortDescription": {"text": rule.fact},
        "fullDescription": {"text": f"{rule.fact}. Source: {rule.source}."},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _place(finding: Finding, graph: Graph, stack_file: Path, top: Path) -> dict[str, Any]:
    node = graph.nodes.get(finding.urn)
    file, _, position = (node.source if node is not None else "").removeprefix("file://").partition("#")
    line = position.partition(",")[0]
    path = top / file
    if not file or not path.is_relative_to(top) or not path.is_file() or not line.isdigit():
        path, line = stack_file, "1"
    return {
        "artifactLocation": {"uri": path.relative_to(top).as_posix()},
        "region": {"startLine": int(line)},
    }


def _result(finding: Finding, waiver: Waiver | None, place: dict[str, Any]) -> dict[str, Any]:
    name = finding.urn.rpartition("::")[2]
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{name}: {finding.message}. {finding.remedy}"},
        "locations": [
            {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": finding.urn, "name": name}]}
        ],
        "partialFingerprints": {"resource/v1": f"{finding.rule}:{finding.urn}"},
    }
    if waiver is not None:
        found["suppressions"] = [{"kind": "external", "justification": f"{waiver.reason} (until {waiver.expires})"}]
    return found

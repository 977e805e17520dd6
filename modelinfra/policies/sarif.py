"""Findings as SARIF 2.1.0, which code hosts show beside the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from modelinfra.policies.exceptions import Judged, Waiver
from modelinfra.policies.rule import Finding, Rule

_LEVELS: Final = {"high": "error", "medium": "warning", "low": "note"}


@dataclass(frozen=True)
class Line:
    """Where a result is shown. file: from the top of the repository, with slashes. number: counted from 1."""

    file: str
    number: int


def sarif(judged: Judged, rules: Iterable[Rule], line_of: Callable[[Finding], Line]) -> dict[str, Any]:
    """The log of one run."""
    given = {rule.id: rule for rule in rules}
    named = sorted({each.rule for each in judged.findings} | {each.rule for each, _ in judged.excepted})
    results = [_result(each, None, line_of(each)) for each in judged.findings]
    results += [_result(each, waiver, line_of(each)) for each, waiver in judged.excepted]
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


def _result(finding: Finding, waiver: Waiver | None, line: Line) -> dict[str, Any]:
    name = finding.urn.rpartition("::")[2]
    # SARIF 2.1.0, 3.4.3: a URI, so that a space in a path is written %20.
    place = {"artifactLocation": {"uri": quote(line.file)}, "region": {"startLine": line.number}}
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{name}: {finding.message}. {finding.remedy}"},
        "locations": [
            {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": finding.urn, "name": name}]}
        ],
        # Several exceptions of one stack are told apart by what they are about.
        "partialFingerprints": {
            "resource/v1": f"{finding.rule}:{finding.urn}"
            + ("" if finding.exception is None else f":{finding.message}")
        },
    }
    if waiver is not None:
        found["suppressions"] = [{"kind": "external", "justification": f"{waiver.reason} (until {waiver.expires})"}]
    return found

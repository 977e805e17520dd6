"""Requests and answers that are kept: that it begins, that more of them are, and that less of them is masked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.graph.values import listed, mapping
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.containers import TASK, both, containers, pairs
from modelinfra.review.findings.words import called

_SHIPPER: Final = "MODELINFRA_SHIPPER"
_REMEDY: Final = "See to it that who asks has agreed, and that only who retrains reads it."


def findings(changes: Changes) -> Iterator[Finding]:
    """Of task definitions, by what their shippers are told. What is not known yet is not claimed."""
    for change in changes.resources:
        old, new = change.before, change.after
        if change.type != TASK or new is None:
            continue
        if old is not None and not containers(old):
            continue
        name = called(changes.after, new)
        for _, before, after in both(old, new):
            said, says = _told(before), _told(after)
            if says is not None:
                yield from (
                    Finding("exposure", severity, new.urn, f"{name} {title}", text, remedy)
                    for severity, title, text, remedy in (_begins(says) if said is None else _more(said, says))
                )


def _begins(says: Mapping[str, Any]) -> Iterator[tuple[Severity, str, str, str]]:
    masks = _masks(says)
    masked = f"Masked before it is written: {', '.join(sorted(masks))}." if masks else "Nothing in them is masked."
    raw = " What is no JSON is written as it is." if says.get("unparsed") == "keep" else ""
    severity: Severity = "medium" if masks and not raw else "high"
    yield severity, "keeps requests and answers now", f"They lie in {says.get('store')}. {masked}{raw}", _REMEDY


def _more(said: Mapping[str, Any], says: Mapping[str, Any]) -> Iterator[tuple[Severity, str, str, str]]:
    gone = sorted(_masks(said) - _masks(says))
    if gone:
        text = "From now on these fields lie in S3 as they are, readable by whoever reads what is captured."
        yield "high", f"no longer masks {', '.join(gone)} in what it keeps", text, "Keep it."
    if said.get("unparsed") == "drop" and says.get("unparsed") == "keep":
        text = "Requests and answers that are no JSON are written as they are: nothing can be masked in them."
        yield "high", "keeps what it cannot mask", text, "Keep `drop`."
    if said.get("store") != says.get("store"):
        text = f"From {said.get('store')} to {says.get('store')}: others may read it there, and expire it later."
        yield "medium", "keeps requests and answers elsewhere", text, ""


def _told(container: Mapping[str, Any]) -> Mapping[str, Any] | None:
    given = pairs(container, "environment", "value").get(_SHIPPER)
    try:
        return mapping(json.loads(given)) if isinstance(given, str) else None
    except ValueError:
        return None


def _masks(told: Mapping[str, Any]) -> set[str]:
    return {each for each in listed(told.get("mask")) if isinstance(each, str)}

"""Check runs at a commit: https://docs.github.com/rest/checks/runs."""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from modelinfra.review.check_run import CheckRun
from modelinfra.review.github.client import GitHub, at

ANNOTATIONS_AT_ONCE: Final = 50
"""That GitHub takes in one request; each further request adds to them, and none takes any away."""

_OURS: Final = "modelinfra:"


def check(github: GitHub, commit: str, run: CheckRun) -> str:
    """Make the check run of a review at a commit, or bring the one up to date that is there; its address. Raises GitHubError.

    The same review again changes nothing. Where the one that is there has annotations, which nothing takes away, another one is made in its
    place: GitHub shows the newest of a name.
    """
    key = _OURS + hashlib.sha256(json.dumps(asdict(run), sort_keys=True).encode()).hexdigest()

    def once() -> Any:
        # Also after a failure: what was sent before is found by its key, and goes on where it stopped.
        known = _newest(github, commit, run.name)
        if known is not None and known.get("external_id") == key:
            if known.get("status") == "completed":
                return known
            told = _told(known)
        else:
            start = {"name": run.name, "external_id": key, **_part(run, 0)}
            if known is not None and not _told(known) and start["status"] == "completed":
                return github.call("PATCH", f"check-runs/{int(known['id'])}", start)
            known = github.call("POST", "check-runs", {"head_sha": commit, **start})
            told = ANNOTATIONS_AT_ONCE
        if known.get("status") != "completed":
            for at_once in range(told, max(len(run.annotations), told + 1), ANNOTATIONS_AT_ONCE):
                known = github.call("PATCH", f"check-runs/{int(known['id'])}", _part(run, at_once))
        return known

    return str(github.retried(once).get("html_url", ""))


def _newest(github: GitHub, commit: str, name: str) -> Mapping[str, Any] | None:
    """The last check run that we made. A job of the same name is not ours, whoever wrote its workflow."""
    query = urllib.parse.urlencode({"check_name": name, "filter": "all"})
    app = github.author.removesuffix("[bot]")
    ours = [
        each
        for each in github.pages(f"commits/{commit}/check-runs?{query}", "check_runs")
        if at(each, "app", "slug") == app and str(each.get("external_id") or "").startswith(_OURS)
    ]
    return max(ours, key=lambda each: int(each["id"]), default=None)


def _told(known: Mapping[str, Any]) -> int:
    return int(at(known, "output", "annotations_count") or 0)


def _part(run: CheckRun, told: int) -> dict[str, Any]:
    """One request: the next annotations, and the conclusion where they are the last."""
    upto = told + ANNOTATIONS_AT_ONCE
    annotations = [
        {
            "path": each.path,
            "start_line": each.line,
            "end_line": each.line,
            "annotation_level": each.level,
            "title": each.title,
            "message": each.message,
        }
        for each in run.annotations[told:upto]
    ]
    output = {"title": run.title, "summary": run.summary, "annotations": annotations}
    if upto < len(run.annotations):
        return {"status": "in_progress", "output": output}
    return {"status": "completed", "conclusion": run.conclusion, "output": output}

"""Sample predictions as the function that sends them reads them (`modelinfra/checker/function.py`)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.platforms.served_model import ServedModel

# They stand in Pulumi's state, as text.
_MOST_BYTES = 2**20

# Lambda gives a function fifteen minutes (Lambda quotas): an answer that is waited for longer would be seen by nobody.
_LONGEST_SECONDS = 600

Sample = Mapping[str, Any]


def samples_of(options: Any, served: ServedModel, root: Path) -> tuple[Sample, ...]:
    """Of validated endpoint options; none without `rollout.checks`. root: what relative paths start from.

    Raises InvalidOptionsError, with paths relative to the endpoint, where a file cannot be sent.
    """
    problems: list[Problem] = []
    found = []
    for name, check in (options.rollout.checks or {}).items():
        body = _body(check, root)
        if isinstance(body, Problem):
            problems.append(body.below(f"rollout.checks.{name}"))
            continue
        found.append({"name": name, **body, **_request(check, served, asks=bool(body)), **_answer(check)})
    size = sum(len(json.dumps(each)) for each in found)
    if size > _MOST_BYTES:
        reason = f"the samples are {shown_bytes(size)} together, and the state in which they stand is no place for more than {shown_bytes(_MOST_BYTES)}"
        problems.append(Problem("rollout.checks", reason, "Write smaller ones, or fewer."))
    if problems:
        raise InvalidOptionsError(problems)
    return tuple(found)


def _request(check: Any, served: ServedModel, *, asks: bool) -> Sample:
    return {
        "method": "POST" if asks else "GET",
        "path": check.path or served.predict_path,
        "contentType": check.content_type,
        "seconds": min(served.longest_request_seconds, _LONGEST_SECONDS),
    }


def _answer(check: Any) -> Sample:
    asked = {"status": check.status, "contains": check.contains, "answer": check.answer, "latencyMs": check.latency_ms}
    return {key: value for key, value in asked.items() if value is not None}


def _body(check: Any, root: Path) -> Mapping[str, str] | Problem:
    if check.body_file is None:
        if check.body is None:
            return {}
        return {"body": check.body if isinstance(check.body, str) else json.dumps(check.body)}
    try:
        content = Path(root, check.body_file).read_bytes()
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror})"
        return Problem("body_file", reason, "Name a file from the directory of Pulumi.yaml.", check.body_file)
    try:
        return {"body": content.decode()}
    except UnicodeDecodeError:
        return {"body64": base64.b64encode(content).decode()}

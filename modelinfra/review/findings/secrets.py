"""Secrets that become plain, that look like ones and are written plainly, and that come from elsewhere. Values are never told."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import Secret, listed, mapping, plain
from modelinfra.review.changes import Changes, ResourceChange
from modelinfra.review.finding import Finding
from modelinfra.review.findings.containers import both, pairs
from modelinfra.review.findings.words import called, place, whose

_NAME = re.compile(
    r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL|CONNECTION_?STRING)", re.IGNORECASE
)
# What names a credential's place, length or kind, and not the credential.
_HARMLESS = re.compile(
    r"(_ARN|_FILE|_PATH|_NAME|_ID|_URL|_URI|_TTL|_TYPE|_LENGTH|_LIMIT|_COUNT|TOKENS|TOKENIZER\w*|_ENABLED|_SECONDS|_DIR)$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|gh[pousr]_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,}|xox[baprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}"
    r"|://[^/\s:@]+:[^/\s:@]+@)"
)
_ASSIGNED = re.compile(
    r"(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY)\w*\s*[=:]\s*[\"']?(?![\"'\s$<{]|arn:|/)[^\s\"']{6,}",
    re.IGNORECASE,
)
_USER_DATA = ("userData", "userDataBase64")
_REMEDY = "Put it into Secrets Manager, and name its ARN in `secrets`."


def findings(changes: Changes) -> Iterator[Finding]:
    """Marks that are lost, plain variables, sources that move, user data."""
    # A value that stays and loses its mark is no change of the resource, so all are read.
    for new in changes.after:
        old = changes.before.nodes.get(new.urn)
        if old is not None and new.custom:
            yield from _unmarked(changes, old, new)
    for change in changes.resources:
        if change.after is not None:
            yield from _other_value(changes, change)
            yield from _variables(changes, change)
            yield from _user_data(changes, change)


def masked(text: str) -> str:
    """The text without what looks like a credential. A second net: what writes the text should hold none."""
    return _ASSIGNED.sub("[secret]", _VALUE.sub("[secret]", text))


def looks_like_credential(name: str, value: Any) -> bool:
    """Whether a plain variable seems to hold a credential: by its name, or by the form of its value."""
    if not isinstance(value, str) or not value:
        return False
    if _VALUE.search(value):
        return True
    named = bool(_NAME.search(name)) and not _HARMLESS.search(name)
    # A place is no credential, nor is a switch or a number.
    return named and not re.match(r"(arn:|/|https?://[^@]*$|true$|false$|\d{1,6}$)", value, re.IGNORECASE)


def _unmarked(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    for path in sorted(_marked(old.inputs) - _marked(new.inputs)):
        if _at(new.inputs, path) not in (None, ""):
            yield Finding(
                "secrets", "high", new.urn, f"{called(changes.after, new)} holds a secret plainly: {path}",
                f"{place(changes.after, new, path)} was a secret, and is now in state, previews and logs for all to read.",
                "Keep it a secret (pulumi.Output.secret, --secret), and give it another value: it was shown.",
            )  # fmt: skip


def _other_value(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    old, new = change.before, change.after
    if old is None or new is None:
        return
    both_sides = _marked(old.inputs) & _marked(new.inputs)
    for path in sorted({each.path for each in change.properties} & both_sides):
        yield Finding(
            "secrets", "low", new.urn, f"{called(changes.after, new)} gets another secret value: {path}",
            "What it was and what it becomes is not shown.", "Whoever uses the old value must have the new one by then.",
        )  # fmt: skip


def _marked(value: Any, path: str = "") -> set[str]:
    if isinstance(value, Secret):
        return {path}
    if isinstance(value, Mapping):
        return {each for key, inner in value.items() for each in _marked(inner, f"{path}.{key}" if path else str(key))}
    if isinstance(value, list):
        return {each for index, inner in enumerate(value) for each in _marked(inner, f"{path}[{index}]")}
    return set()


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    here: Any = inputs
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(here, Secret):
            return None
        if isinstance(here, Mapping):
            here = here.get(part)
        else:
            here = here[int(part)] if isinstance(here, list) and part.isdigit() and int(part) < len(here) else None
    return None if isinstance(here, Secret) else here


def _variables(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    new = change.after
    assert new is not None
    name = whose(changes.after, new)
    for container, before, after in both(change.before, new):
        was, hidden = pairs(before, "environment", "value"), pairs(before, "secrets", "valueFrom")
        yield from _plainly(name, new, was, hidden, pairs(after, "environment", "value"))
        for variable, source in sorted(pairs(after, "secrets", "valueFrom").items()):
            earlier = hidden.get(variable)
            if isinstance(earlier, str) and isinstance(source, str) and earlier != source:
                yield Finding(
                    "secrets", "low", new.urn, f"{variable} of {name} comes from another secret",
                    f"From {earlier} to {source} (container {container}).", "The task's execution role must be allowed to read it.",
                )  # fmt: skip
    if change.type == "aws:lambda/function:Function":
        earlier = (
            mapping(mapping(plain(change.before.inputs).get("environment")).get("variables"))
            if change.before is not None
            else {}
        )
        yield from _plainly(
            name, new, earlier, {}, mapping(mapping(plain(new.inputs).get("environment")).get("variables"))
        )


def _plainly(
    name: str, node: Node, was: Mapping[str, Any], hidden: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[Finding]:
    for variable, value in sorted(now.items()):
        if variable in hidden:
            yield Finding(
                "secrets", "high", node.urn, f"{variable} of {name} was a secret, and is now plain",
                "Who may describe it reads it.", _REMEDY,
            )  # fmt: skip
        elif looks_like_credential(variable, value) and not looks_like_credential(variable, was.get(variable)):
            yield Finding(
                "secrets", "high", node.urn, f"{variable} of {name} looks like a credential, and is plain",
                "It stands in state, previews and the cloud's console.", _REMEDY,
            )  # fmt: skip


def _user_data(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    new = change.after
    assert new is not None
    for key in _USER_DATA:
        now, was = (_readable(plain(node.inputs).get(key)) if node is not None else "" for node in (new, change.before))
        if _leaks(now) - _leaks(was):
            yield Finding(
                "secrets", "high", new.urn, f"{called(changes.after, new)} has a credential in its user data",
                "Everything on the machine reads user data, and whoever may describe it.", "Fetch it at start from Secrets Manager by the machine's role.",
            )  # fmt: skip


def _leaks(text: str) -> set[str]:
    return {found.group() for pattern in (_VALUE, _ASSIGNED) for found in pattern.finditer(text)}


def _readable(value: Any) -> str:
    if not isinstance(value, str):
        return " ".join(map(str, listed(value)))
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return value

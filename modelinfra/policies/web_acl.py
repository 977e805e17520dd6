"""What a web ACL of AWS WAF answers to a request, rule by rule (AWS WAF developer guide, "Web ACL evaluation").

What nobody here can know (what a managed group blocks, a country, a set of addresses) is `None`: it neither matches nor does not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelinfra.graph.values import listed, mapping

REFUSED: Final = 403
"""What AWS WAF answers where a rule that blocks names no other status."""


@dataclass(frozen=True)
class Request:
    """What is asked. headers: in small letters. over: names of the rate-based rules whose limit is passed. path: as it was sent, without the
    query; None where it is not known, and a rule that looks at it may match or not."""

    headers: Mapping[str, str] = field(default_factory=dict)
    over: frozenset[str] = frozenset()
    path: str | None = None


@dataclass(frozen=True)
class Verdict:
    """rule: which one decided; None for the default action. status: of the answer where the request is not let in. inserted: the headers
    that the server sees beside the client's own. certain: whether no rule before it might decide otherwise."""

    allowed: bool
    rule: str | None
    status: int | None = None
    labels: frozenset[str] = frozenset()
    inserted: Mapping[str, str] = field(default_factory=dict)
    certain: bool = True


def verdict(acl: Mapping[str, Any], request: Request) -> Verdict:
    """What becomes of a request before a web ACL with these inputs. A rule that might match is passed by, and told by `certain`."""
    labels: set[str] = set()
    inserted: dict[str, str] = {}
    certain = True
    for rule in sorted(map(mapping, listed(acl.get("rules"))), key=lambda each: each.get("priority", 0)):
        matched = _matches(mapping(rule.get("statement")), request, labels, str(rule.get("name")))
        if matched is None:
            certain = False
        if not matched:
            continue
        labels |= {str(mapping(each).get("name")) for each in listed(rule.get("ruleLabels"))}
        action = mapping(rule.get("action"))
        inserted |= _inserted(action)
        decided = _decided(action)
        if decided is not None:
            allowed, status = decided
            return Verdict(allowed, str(rule.get("name")), status, frozenset(labels), inserted, certain)
    action = mapping(acl.get("defaultAction"))
    allowed, status = _decided(action) or (True, None)
    return Verdict(allowed, None, status, frozenset(labels), {**inserted, **_inserted(action)}, certain)


def lets_in_only_known_keys(acl: Mapping[str, Any]) -> bool:
    """Whether nobody comes in without a header that the web ACL compares with what it knows."""
    rules = [mapping(each) for each in listed(acl.get("rules"))]
    if "block" not in mapping(acl.get("defaultAction")):
        return False
    bare = Request()
    opening = [each for each in rules if "allow" in mapping(each.get("action"))]
    # A rule that might match a request without any header lets in somebody whom nobody knows.
    labels = {
        str(mapping(label).get("name"))
        for each in rules
        if _matches(mapping(each.get("statement")), bare, set(), "") is not False
        for label in listed(each.get("ruleLabels"))
    }
    return bool(opening) and all(
        _matches(mapping(each.get("statement")), bare, labels, "") is False for each in opening
    )


def _decided(action: Mapping[str, Any]) -> tuple[bool, int | None] | None:
    """Whether an action lets in, and with which status it does not; None where it decides nothing."""
    if "allow" in action:
        return True, None
    if "block" in action:
        response = mapping(mapping(action["block"]).get("customResponse"))
        return False, int(response.get("responseCode") or REFUSED)
    return None


def _inserted(action: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for how in action.values():
        handling = mapping(mapping(how).get("customRequestHandling"))
        for header in map(mapping, listed(handling.get("insertHeaders"))):
            found[f"x-amzn-waf-{header.get('name')}"] = str(header.get("value"))
    return found


def _matches(statement: Mapping[str, Any], request: Request, labels: set[str], rule: str) -> bool | None:
    """Whether a statement holds; None where it is not known."""
    for kind, given in statement.items():
        if given is not None and kind in _KINDS:
            return _KINDS[kind](mapping(given), request, labels, rule)
    return None


def _bytes(given: Mapping[str, Any], request: Request, _labels: set[str], _rule: str) -> bool | None:
    text = _looked_at(given, request)
    wanted = given.get("searchString")
    if text is None or not isinstance(wanted, str):
        # A header that is not there is not looked at: nothing matches.
        return False if text is None and _header(given) is not None else None
    for transformation in sorted(
        map(mapping, listed(given.get("textTransformations"))), key=lambda each: each.get("priority", 0)
    ):
        change = _CHANGES.get(str(transformation.get("type")))
        if change is None:
            return None
        text = change(text)
    compare = _POSITIONS.get(str(given.get("positionalConstraint")))
    return compare(text, wanted.encode()) if compare is not None else None


def _pattern(given: Mapping[str, Any], request: Request, _labels: set[str], _rule: str) -> bool | None:
    text, pattern = _looked_at(given, request), given.get("regexString")
    if text is None or not isinstance(pattern, str):
        return False if text is None and _header(given) is not None else None
    return re.search(pattern, text.decode(errors="replace")) is not None


def _labelled(given: Mapping[str, Any], _request: Request, labels: set[str], _rule: str) -> bool | None:
    key = str(given.get("key"))
    if key.startswith("awswaf:"):  # a label of another context, such as a managed group's
        return None
    if given.get("scope") == "NAMESPACE":
        return any(label.startswith(key if key.endswith(":") else f"{key}:") for label in labels)
    return key in labels


def _rate(given: Mapping[str, Any], request: Request, labels: set[str], rule: str) -> bool | None:
    scope = mapping(given.get("scopeDownStatement"))
    counted = _matches(scope, request, labels, rule) if scope else True
    return counted and rule in request.over


def _any(given: Mapping[str, Any], request: Request, labels: set[str], rule: str) -> bool | None:
    found = [_matches(mapping(each), request, labels, rule) for each in listed(given.get("statements"))]
    return True if True in found else None if None in found else False


def _all(given: Mapping[str, Any], request: Request, labels: set[str], rule: str) -> bool | None:
    found = [_matches(mapping(each), request, labels, rule) for each in listed(given.get("statements"))]
    return False if False in found else None if None in found else True


def _not(given: Mapping[str, Any], request: Request, labels: set[str], rule: str) -> bool | None:
    inner = [given.get("statement"), *listed(given.get("statements"))]
    found = _matches(next((mapping(each) for each in inner if each), {}), request, labels, rule)
    return None if found is None else not found


def _header(given: Mapping[str, Any]) -> str | None:
    name = mapping(mapping(given.get("fieldToMatch")).get("singleHeader")).get("name")
    return str(name).lower() if name is not None else None


def _looked_at(given: Mapping[str, Any], request: Request) -> bytes | None:
    if mapping(given.get("fieldToMatch")).get("uriPath") is not None:
        return None if request.path is None else request.path.encode()
    name = _header(given)
    value = request.headers.get(name) if name is not None else None
    return value.encode() if value is not None else None


_KINDS: Final[dict[str, Callable[[Mapping[str, Any], Request, set[str], str], bool | None]]] = {
    "byteMatchStatement": _bytes,
    "regexMatchStatement": _pattern,
    "labelMatchStatement": _labelled,
    "rateBasedStatement": _rate,
    "orStatement": _any,
    "andStatement": _all,
    "notStatement": _not,
}

_CHANGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "NONE": bytes,
    "LOWERCASE": bytes.lower,
    "MD5": lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
}

_POSITIONS: Final[dict[str, Callable[[bytes, bytes], bool]]] = {
    "EXACTLY": lambda text, wanted: text == wanted,
    "STARTS_WITH": lambda text, wanted: text.startswith(wanted),
    "ENDS_WITH": lambda text, wanted: text.endswith(wanted),
    "CONTAINS": lambda text, wanted: wanted in text,
}

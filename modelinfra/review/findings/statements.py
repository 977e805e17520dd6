"""IAM documents as sets of single grants, and what one set allows that another does not."""

from __future__ import annotations

import fnmatch
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from modelinfra.graph.values import mapping, texts


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource. action and resource may hold wildcards; `not ` in front says all but that. condition: JSON, sorted, or empty."""

    effect: Literal["Allow", "Deny"]
    action: str
    resource: str
    condition: str = ""
    principal: str = ""

    def covers(self, other: Grant) -> bool:
        """Whether what the other allows is allowed by this one, too; a condition is taken to hold for itself alone."""
        return (
            self.effect == other.effect
            and self.condition in ("", other.condition)
            and self.principal in ("*", other.principal)
            and _within(other.action.lower(), self.action.lower())
            and _within(other.resource, self.resource)
        )


def grants(document: Any) -> frozenset[Grant]:
    """Every grant of a policy document (JSON text or data); none of one that is not known."""
    found = set()
    for statement in _statements(document):
        effect: Literal["Allow", "Deny"] = "Deny" if statement.get("Effect") == "Deny" else "Allow"
        condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
        for action in _either(statement, "Action"):
            for resource in _either(statement, "Resource") or [""]:
                for principal in sorted(_principals(statement)) or [""]:
                    found.add(Grant(effect, action, resource, condition, principal))
    return frozenset(found)


def gained(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """What is allowed now and was not: new grants that no older one covers. Denials are told by `lost`."""
    old = [each for each in before if each.effect == "Allow"]
    return sorted(
        each
        for each in set(after) - set(old)
        if each.effect == "Allow" and not any(known.covers(each) for known in old)
    )


def lost(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """What was allowed (or denied) and is not any more."""
    new = list(after)
    return sorted(each for each in set(before) - set(new) if not any(known.covers(each) for known in new))


def by_place(found: Iterable[Grant]) -> Iterator[tuple[Grant, list[str]]]:
    """Grants on the same resource under the same condition, together: the first of them, and all their actions."""
    places: dict[tuple[str, str, str, str], list[Grant]] = defaultdict(list)
    for each in found:
        places[each.effect, each.resource, each.condition, each.principal].append(each)
    for together in places.values():
        yield together[0], [each.action for each in together]


def open_to_anyone(document: Any) -> list[str]:
    """The actions that a resource's policy allows to everybody without a condition."""
    return sorted(
        {
            each.action
            for each in grants(document)
            if each.effect == "Allow" and each.principal == "*" and not each.condition
        }
    )


def _statements(document: Any) -> list[Mapping[str, Any]]:
    try:
        data = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    found = mapping(data).get("Statement")
    return [mapping(each) for each in (found if isinstance(found, list) else [found]) if isinstance(each, Mapping)]


def _either(statement: Mapping[str, Any], key: str) -> list[str]:
    if f"Not{key}" in statement:
        return [f"not {each}" for each in texts(statement[f"Not{key}"])]
    return texts(statement.get(key))


def _principals(statement: Mapping[str, Any]) -> set[str]:
    if "NotPrincipal" in statement:
        return {f"not {text}" for each in mapping(statement["NotPrincipal"]).values() for text in texts(each)}
    given = statement.get("Principal")
    if isinstance(given, str):
        return {given}
    return {text for each in mapping(given).values() for text in texts(each)}


def _within(inner: str, outer: str) -> bool:
    if inner == outer or outer == "*":
        return True
    if outer.startswith("not ") or inner.startswith("not "):
        return False
    # fnmatch knows [ ] too, which IAM does not.
    return fnmatch.fnmatchcase(inner, outer.replace("[", "[[]"))

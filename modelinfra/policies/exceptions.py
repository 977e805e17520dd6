"""Exceptions from rules, as a stack file writes them below `modelinfra:exceptions`, each with a reason and an end.

- id: ready-tls
  resource: "*-http"
  reason: TLS ends at the company's gateway
  expires: "2027-03-31"
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from modelinfra.policies.rule import Finding

KEY: Final = "modelinfra:exceptions"
EXPIRED, UNMATCHED = "exception-expired", "exception-unmatched"

_KEYS: Final = ("id", "resource", "reason", "expires")


@dataclass(frozen=True)
class Waiver:
    """One exception. resource: glob over the names and URNs of resources. expires: the last day on which it holds."""

    id: str
    resource: str
    reason: str
    expires: date

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this finding, whatever the day."""
        name = finding.urn.rpartition("::")[2]
        return self.id == finding.rule and any(fnmatch.fnmatchcase(each, self.resource) for each in (name, finding.urn))


class ExceptionsError(ValueError):
    """Everything that is wrong with the exceptions of a stack, in one go."""


@dataclass(frozen=True)
class Judged:
    """What is left of findings after exceptions. excepted: each with the exception that covers it."""

    findings: tuple[Finding, ...]
    excepted: tuple[tuple[Finding, Waiver], ...] = ()


def read_exceptions(given: Any, rules: Collection[str]) -> tuple[Waiver, ...]:
    """The exceptions in what a stack file says. Raises ExceptionsError, naming every mistake."""
    if given is None:
        return ()
    problems = list(_problems(given, rules))
    if problems:
        counted = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        raise ExceptionsError("\n".join([f"{KEY}: {counted}", *(f"  {each}" for each in problems)]))
    return tuple(
        Waiver(each["id"], each.get("resource", "*"), each["reason"], date.fromisoformat(each["expires"]))
        for each in given
    )


def judge(findings: Iterable[Finding], exceptions: Collection[Waiver], today: date, stack_urn: str) -> Judged:
    """The findings without those that an exception covers, and with what is wrong with the exceptions themselves."""
    left, excepted = [], []
    used: set[Waiver] = set()
    for finding in findings:
        covering = [each for each in exceptions if each.covers(finding)]
        used.update(covering)
        valid = next((each for each in covering if today <= each.expires), None)
        if valid is None:
            left.append(finding)
        else:
            excepted.append((finding, valid))
    for index, each in enumerate(exceptions):
        about = f"the exception from {each.id} for {each.resource!r}"
        if each not in used:
            message = f"{about} covers nothing: what it was for is mended, or was never found"
            left.append(Finding(UNMATCHED, stack_urn, message, "Remove it, or mend its resource.", "low", index))
        elif today > each.expires:
            message = f"{about} ended on {each.expires}"
            left.append(
                Finding(EXPIRED, stack_urn, message, "Mend what it is for, or write a later day.", "medium", index)
            )
    return Judged(tuple(left), tuple(excepted))


def _problems(given: Any, rules: Collection[str]) -> Iterator[str]:
    if not isinstance(given, list):
        yield f"it must be a list of exceptions, not a {type(given).__name__}. Write `- id: ...`."
        return
    for index, each in enumerate(given):
        if not isinstance(each, Mapping):
            yield f"[{index}] must be a mapping with id, reason and expires, not a {type(each).__name__}."
            continue
        for key in each:
            if key not in _KEYS:
                yield f"[{index}].{key}: there is no such key. Write one of: {', '.join(_KEYS)}."
        for key in ("id", "reason", "expires"):
            if not isinstance(each.get(key), str) or not each[key].strip():
                yield f"[{index}].{key}: this is required, as text."
        if not isinstance(each.get("resource", "*"), str):
            yield f'[{index}].resource: must be a glob over names of resources, such as "*-http".'
        name, expires = each.get("id"), each.get("expires")
        if isinstance(name, str) and name not in rules:
            close = difflib.get_close_matches(name, list(rules), n=1)
            hint = f"Did you mean '{close[0]}'?" if close else "`modelinfra check --rules` lists them."
            yield f"[{index}].id (given: {name!r}): there is no such rule. {hint}"
        if isinstance(expires, str) and not _is_date(expires):
            yield f'[{index}].expires (given: {expires!r}): is no day. Write one such as "2027-03-31".'


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

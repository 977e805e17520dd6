"""Exceptions from rules: what they cover, when they end, how they are read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from modelinfra.policies.exceptions import ExceptionsError, Judged, Waiver, judge, read_exceptions
from modelinfra.policies.rule import Finding

HTTP = Finding(
    "ready-tls", "urn:pulumi:dev::shop::aws:lb/listener:Listener::web-http", "it takes HTTP", "Add HTTPS.", "medium"
)
OTHER = Finding(
    "ready-tls", "urn:pulumi:dev::shop::aws:lb/listener:Listener::chat", "it takes HTTP", "Add HTTPS.", "medium"
)
LAST = date(2026, 12, 31)
WRITTEN = {"id": "ready-tls", "resource": "*-http", "reason": "at the gateway", "expires": "2026-12-31"}


def judged(*exceptions: Waiver, today: date = LAST) -> Judged:
    return judge([HTTP, OTHER], exceptions, today, "urn:stack")


def test_an_exception_covers_what_its_glob_names_and_keeps_its_reason() -> None:
    waiver = Waiver("ready-tls", "*-http", "at the gateway", LAST)
    assert judged(waiver) == Judged((OTHER,), ((HTTP, waiver),))


def test_without_a_resource_it_covers_all_of_its_rule() -> None:
    (waiver,) = read_exceptions([{key: WRITTEN[key] for key in ("id", "reason", "expires")}], {"ready-tls"})
    assert judged(waiver).findings == ()


def test_on_the_day_after_its_last_it_is_a_finding_itself_and_covers_nothing() -> None:
    found = judged(Waiver("ready-tls", "*-http", "r", LAST), today=date(2027, 1, 1))
    assert [(each.rule, each.severity) for each in found.findings] == [
        ("ready-tls", "medium"), ("ready-tls", "medium"), ("exception-expired", "medium"),
    ]  # fmt: skip
    assert "ended on 2026-12-31" in found.findings[-1].message
    assert found.excepted == ()


def test_one_that_covers_nothing_is_a_finding() -> None:
    found = judged(Waiver("ready-log", "*", "r", LAST))
    assert [(each.rule, each.severity) for each in found.findings[2:]] == [("exception-unmatched", "low")]


def test_what_is_written_is_read() -> None:
    assert read_exceptions([WRITTEN], {"ready-tls"}) == (Waiver("ready-tls", "*-http", "at the gateway", LAST),)
    assert read_exceptions(None, set()) == ()


WRONG: dict[str, tuple[Any, str]] = {
    "no list": ({"id": "x"}, "must be a list of exceptions, not a dict"),
    "no mapping": (["ready-tls"], "[0] must be a mapping"),
    "unknown key": ([{**WRITTEN, "until": "x"}], "[0].until: there is no such key"),
    "no reason": ([{**WRITTEN, "reason": " "}], "[0].reason: this is required"),
    "no end": ([{key: WRITTEN[key] for key in ("id", "reason")}], "[0].expires: this is required"),
    "no day": ([{**WRITTEN, "expires": "soon"}], "[0].expires (given: 'soon'): is no day"),
    "no rule": ([{**WRITTEN, "id": "ready-tsl"}], "there is no such rule. Did you mean 'ready-tls'?"),
    "no glob": ([{**WRITTEN, "resource": 5}], "[0].resource: must be a glob"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_names_its_place_and_remedy(name: str) -> None:
    given, expected = WRONG[name]
    with pytest.raises(ExceptionsError) as caught:
        read_exceptions(given, {"ready-tls"})
    assert expected in str(caught.value)


def test_all_mistakes_come_in_one_go() -> None:
    with pytest.raises(ExceptionsError, match="2 mistakes"):
        read_exceptions([{**WRITTEN, "id": "nope", "expires": "soon"}], {"ready-tls"})

"""One line for a request and its answer, or the reason why there is none; and what passes through on the way."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.shipper.masks import parse
from modelinfra.shipper.records import NotKept, Rules, line
from modelinfra.shipper.settings import SettingsError, read
from modelinfra.shipper.shipping import Backlog
from modelinfra.shipper.spool import Spool
from modelinfra.shipper.traces import Body, Exchange, TraceError, exchange, split

NOW = datetime(2026, 11, 29, 20, 30, tzinfo=UTC)


def kept(request: bytes, response: bytes = b"{}", *, unparsed: bool = False, **of_response: Any) -> dict[str, Any]:
    rules = Rules([parse("email")], unparsed, 1000, "digits", "stable", "image")
    kind, encoding, truncated = (
        of_response.get("kind", "application/json"),
        of_response.get("encoding", ""),
        of_response.get("truncated", False),
    )
    found = Exchange(
        NOW,
        1.5,
        "/predict",
        of_response.get("status", 200),
        "",
        "",
        Body(request, "application/json", "", False),
        Body(response, kind, encoding, truncated),
    )
    record: dict[str, Any] = json.loads(line(found, rules), parse_constant=pytest.fail)
    return record


def test_a_line_says_when_and_by_what_a_request_was_answered() -> None:
    record = kept(b'{"a": 1}')
    assert (record["time"], record["milliseconds"], record["image"]) == ("2026-11-29T20:30:00.000Z", 1.5, "image")
    assert record["requestId"] is None


@pytest.mark.parametrize(
    ("reason", "of_response"),
    [
        ("no prediction", {"status": 503}),
        ("too large", {"truncated": True}),
        ("not JSON", {"response": b"\xff\xfe!"}),
        ("not JSON", {"response": b""}),
        ("not JSON", {"response": b"data: {}\n\ndata: half", "kind": "text/event-stream"}),
        ("not JSON", {"response": b"\n", "kind": "text/event-stream"}),
        ("not JSON", {"response": b"{}", "encoding": "br"}),
        ("not JSON", {"response": b"{}", "encoding": "gzip"}),
        ("not JSON", {"response": gzip.compress(b"{}") + b'{"email": 1}', "encoding": "gzip"}),
        ("too large", {"response": gzip.compress(b"[" + b"1," * 1000 + b"1]"), "encoding": "gzip"}),
        ("nested too deeply", {"response": b"[" * 3000 + b"]" * 3000}),
    ],
)
def test_what_is_not_kept_is_counted_under_its_reason(reason: str, of_response: dict[str, Any]) -> None:
    with pytest.raises(NotKept, match=f"^{reason}$"):
        kept(b"{}", **of_response)


def test_what_is_nested_too_deeply_to_be_masked_is_not_kept_unparsed_either() -> None:
    for depth in (3000, 100_000):
        with pytest.raises(NotKept, match="nested"):
            kept(b"[" * depth + b"]" * depth, unparsed=True)


def test_numbers_that_json_has_not_become_null() -> None:
    record = kept(b'{"a": [NaN, Infinity, -Infinity, 1e999, 1.5, %s, 7]}' % (b"9" * 5000))
    assert record["request"]["json"] == {"a": [None, None, None, None, 1.5, None, 7]}


def test_a_number_that_json_has_not_unmasks_nothing() -> None:
    record = kept(b'{"email": "ada@example.com", "a": 1e999, "b": NaN}', unparsed=True)
    assert record["request"]["json"]["email"] == "[masked]"


def test_of_a_field_that_is_there_twice_nothing_appears() -> None:
    assert "ada" not in json.dumps(kept(b'{"email": "ada@example.com", "email": "ada@example.org"}'))


def test_events_are_masked_one_by_one() -> None:
    events = b'data: {"email": 1,\r\ndata: "a": 2}\r\n\r\n: comment\n\nevent: x\ndata:{"b": 3}\n\ndata: [DONE]\n\n'
    record = kept(b"{}", events, kind="Text/Event-Stream; charset=utf-8")
    assert record["response"]["events"] == [{"email": "[masked]", "a": 2}, {"b": 3}]


_TEXT = st.text(max_size=8)


@given(
    st.recursive(
        _TEXT, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.just("x") | _TEXT, below, max_size=3)
    ),
    st.sampled_from(["email", "EMAIL", "eMail"]),
    st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-8-sig"]),
    st.booleans(),
)
@settings(max_examples=150)
def test_what_is_masked_never_appears_in_a_line(value: Any, name: str, coding: str, unparsed: bool) -> None:
    body = json.dumps([value, {name: "s3cr3t"}], ensure_ascii=True).encode(coding)
    text = json.dumps(kept(body, body, unparsed=unparsed)) if len(body) <= 1000 else ""
    assert "s3cr3t" not in text
    assert base64.b64encode(b"s3cr3t")[:7].decode() not in text


def test_a_stream_is_split_into_traces_wherever_it_is_cut() -> None:
    stream = b'{\n "a": {\n  "b": "}"\n }\n}\n\n{\n "c": 1\n}\n'
    whole = list(split([stream], 100))
    assert [json.loads(each) for each in whole] == [{"a": {"b": "}"}}, {"c": 1}]
    for size in range(1, len(stream)):
        assert list(split([stream[at : at + size] for at in range(0, len(stream), size)], 100)) == whole
    with pytest.raises(TraceError):
        list(split([b"x" * 101], 100))


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"http_buffered_trace": {"request": {}, "response": null}}'])
def test_what_is_no_trace_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(TraceError):
        exchange(text)


def test_the_disk_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    lost: list[int] = []
    spool = Spool(str(tmp_path), 250, lost.append)
    for records in (1, 2, 3, 4):
        spool.add(b"x" * 100, records, NOW)
    assert [each.records for each in spool.parcels()] == [3, 4]
    assert lost == [1, 2]
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 250
    assert Spool(str(tmp_path), 250, lost.append).parcels() == spool.parcels()


def test_what_the_disk_does_not_take_is_counted(tmp_path: Path) -> None:
    lost: list[int] = []
    Spool(str(tmp_path / "gone"), 250, lost.append).add(b"x", 7, NOW)
    assert lost == [7]


def test_traces_that_wait_are_bounded_and_the_oldest_goes_first() -> None:
    lost: list[int] = []
    backlog = Backlog(10, lost.append)
    for trace in (b"aaaa", b"bbbb", b"cccc"):
        backlog.put(trace)
    assert [backlog.take(0), backlog.take(0), backlog.take(0)] == [b"bbbb", b"cccc", None]
    assert lost == [1]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"store": 1}'])
def test_settings_that_cannot_be_used_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="MODELINFRA_SHIPPER"):
        read(text)

"""Requests are answered whatever becomes of capturing, and what is kept is masked: with a real proxy, server and process, and moto's S3."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from tests.shipper.world import HEALTH, JSON, PREDICT, World, eventually

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the proxy's options of sockets, and /proc, are Linux's"
)

Make = Callable[..., World]


def test_a_request_and_its_answer_become_a_line_without_what_is_masked(world: Make) -> None:
    here = world()
    here.model.reply = lambda body: (200, b'{"score": 0.5, "about": {"Email": "ada@example.com"}}')
    with here.shipping(mask=["email", "$.inputs[*].name"]):
        asked = {"inputs": [{"name": "Ada Lovelace", "data": [1, 2]}], "email": "ada@example.com"}
        status, _ = here.post(json.dumps(asked).encode(), f"{PREDICT}?key=secret", **{"X-Request-Id": "order-7"})
        assert status == 200
    (record,) = here.records()
    assert record["request"]["json"] == {"inputs": [{"name": "[masked]", "data": [1, 2]}], "email": "[masked]"}
    assert record["response"]["json"] == {"score": 0.5, "about": {"Email": "[masked]"}}
    assert (record["endpoint"], record["revision"], record["status"]) == ("digits", "stable", 200)
    assert (record["path"], record["requestId"]) == (PREDICT, "order-7")
    (key,) = here.objects()
    assert re.fullmatch(r"digits/date=\d{4}-\d\d-\d\d/hour=\d\d/\d{8}T\d{6}Z-[0-9a-f]{12}-000001-1\.jsonl\.gz", key)
    assert not any(secret in here.objects()[key] for secret in (b"ada@", b"Lovelace", b"secret"))


def test_only_predictions_are_kept_and_everything_passes(world: Make) -> None:
    here = world()
    here.model.reply = lambda body: (400 if b"wrong" in body else 200, b"{}")
    with here.shipping() as shipper:
        assert here.get() == 200
        assert here.post(b"{}", "/v2/repository/index")[0] == 200
        assert here.post(b'{"wrong": 1}')[0] == 400
        assert here.post(b"{}")[0] == 200
    assert len(here.records()) == 1
    assert "not kept: no prediction 1" in shipper.lines[-2]


def test_health_is_the_models_own(world: Make) -> None:
    here = world()
    assert here.get(HEALTH) == 200
    here.model.ready = False
    assert here.get(HEALTH) == 503


def test_the_server_sees_what_the_client_sent_and_nothing_of_the_proxy(world: Make) -> None:
    here = world(per_second=1.0)
    with here.shipping():
        for _ in range(5):
            here.post(b"{}", **{"X-Forwarded-For": "10.0.0.7", "X-Forwarded-Proto": "https"})
    for seen in here.model.seen:
        assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("10.0.0.7", "https")
        assert not [name for name in seen if "envoy" in name or "modelinfra" in name or name == "x-request-id"]


def test_a_share_of_the_requests_is_kept(world: Make) -> None:
    here = world(percent=20.0)
    with here.shipping():
        assert set(here.posts([b"{}"] * 2000)) == {200}
    # Six standard deviations of a fair draw: wrong once in 500 million runs.
    assert abs(len(here.records()) - 400) < 6 * (2000 * 0.2 * 0.8) ** 0.5


def test_no_more_than_so_many_a_second_are_kept_and_all_are_answered(world: Make) -> None:
    here = world(per_second=2.0)
    with here.shipping():
        began = time.monotonic()
        assert set(here.posts([b"{}"] * 300)) == {200}
        seconds = time.monotonic() - began
    assert 1 <= len(here.records()) <= 2 + 2 * seconds + 1


def test_every_request_is_answered_while_the_shipper_is_killed_and_the_next_one_listens(world: Make) -> None:
    # A quick machine asks more often than the thousand times a second of the others.
    here = world(per_second=100_000.0)
    statuses: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            statuses.extend(here.posts([b'{"a": 1}'] * 50))

    with here.shipping() as shipper:
        asking = threading.Thread(target=ask)
        asking.start()
        eventually(lambda: len(statuses) > 100, 10, "nobody is answered")
        shipper.signal(signal.SIGKILL)
        before = len(statuses)
        eventually(lambda: len(statuses) > before + 500, 20, "nobody is answered without a shipper")
    with here.shipping() as second:
        before = len(statuses)
        # Requests are counted fifty at a time, and what was answered before the shipper listened is in the first of them.
        eventually(lambda: len(statuses) > before + 200, 10, "nobody is answered")
        done.set()
        asking.join(20)
    assert set(statuses) == {200}
    assert len(here.records()) >= 100
    assert "0 records are not shipped" in second.lines[-1]


def test_a_shipper_that_stands_still_is_let_go_of_and_costs_the_proxy_little(world: Make) -> None:
    here = world(per_second=10.0)
    body = json.dumps({"a": "x" * 200_000}).encode()
    with here.shipping() as shipper:
        before = here.memory_mib()
        shipper.signal(signal.SIGSTOP)
        most, until = before, time.monotonic() + 9
        while time.monotonic() < until:
            assert set(here.posts([body] * 10)) == {200}
            most = max(most, here.memory_mib())
        # 10 a second of 0.55 MiB as text, for 5 to 7 seconds: without an end it would be as much again every second.
        assert most - before < 60
        shipper.signal(signal.SIGCONT)
        shipper.wait_for("listens to the proxy", times=2)
        here.post(b'{"after": 1}')
        time.sleep(0.2)
    assert {"after": 1} in [each["request"]["json"] for each in here.records()]


def test_a_streamed_answer_arrives_as_it_is_written_and_its_events_are_kept(world: Make) -> None:
    here = world()
    here.model.events = 4
    with here.shipping():
        connection = http.client.HTTPConnection("127.0.0.1", here.proxied.port)
        connection.request("POST", PREDICT, b"{}", JSON)
        answer = connection.getresponse()
        began = time.monotonic()
        assert b'"token": 0' in answer.readline()
        first = time.monotonic() - began
        answer.read()
        assert time.monotonic() - began - first > 2 * here.model.pause, "the first event waited for the last"
        connection.close()
    (record,) = here.records()
    assert record["response"]["events"] == [{"token": index, "email": "[masked]"} for index in range(4)]


def test_what_is_larger_than_the_limit_passes_and_is_not_kept(world: Make) -> None:
    here = world()
    body = json.dumps({"a": "x" * 300_000}).encode()
    with here.shipping() as shipper:
        assert here.post(body) == (200, body)
        assert here.post(b"{}")[0] == 200
    assert [each["request"]["json"] for each in here.records()] == [{}]
    assert "not kept: too large 1" in shipper.lines[-2]


def test_what_is_no_json_is_dropped_unless_it_is_to_be_kept(world: Make) -> None:
    here = world()
    with here.shipping():
        here.post(b"\x89PNG ada@example.com")
    assert here.records() == []
    with here.shipping(unparsed="keep"):
        here.post(b"\x89PNG")
    (record,) = here.records()
    assert record["request"] == {"contentType": "application/json", "base64": "iVBORw=="}


def test_a_packed_request_is_unpacked_and_masked(world: Make) -> None:
    here = world()
    here.model.reply = lambda body: (200, b"{}")
    with here.shipping():
        here.post(gzip.compress(b'{"email": "ada@example.com"}'), **{"Content-Encoding": "gzip"})
    assert here.records()[0]["request"]["json"] == {"email": "[masked]"}


def test_what_s3_does_not_take_waits_on_disk_and_is_shipped_later(world: Make) -> None:
    here = world()
    with here.shipping(store="s3://not-there/digits/", every_seconds=1, stop_seconds=2) as shipper:
        here.post(b'{"a": 1}')
        shipper.wait_for("S3 did not take it (NoSuchBucket)")
    assert "1 records are not shipped" in shipper.lines[-1]
    with here.shipping():
        eventually(lambda: len(here.records()) == 1, 10, "the second process ships nothing")


def test_when_the_proxy_ends_first_as_ecs_stops_a_task_everything_is_shipped(world: Make) -> None:
    here = world()
    with here.shipping() as shipper:
        assert set(here.posts([b"{}"] * 20)) == {200}
        here.proxy.terminate()
        here.proxy.wait(10)
        assert shipper.end() == 0
    assert len(here.records()) == 20


def test_a_server_that_is_not_there_yet_is_answered_for_with_503(world: Make) -> None:
    here = world()
    here.model.ready = False
    assert here.get() == 503

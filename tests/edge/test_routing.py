"""The device answers what it can; the cloud is asked for the rest, and what it missed is sent up later."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from tests.edge.world import PATH, READY, SURE, UNSURE, World, ask, metric, prediction, until


def by(answer) -> tuple[str, str]:
    return answer.headers["x-modelinfra-answered-by"], answer.headers.get("x-modelinfra-reason", "")


def test_a_sure_answer_is_the_device_s_and_the_cloud_hears_nothing(world: World) -> None:
    with world.routing() as client:
        answer = ask(client)
        assert answer.json()["model_name"] == "light"
        assert by(answer) == ("device", "")
        assert answer.headers["x-modelinfra-confidence"] == "0.9000"
    assert world.cloud.asked == []


def test_an_unsure_answer_is_handed_over_and_the_least_sure_row_counts(world: World) -> None:
    world.light.reply = lambda _: prediction(SURE, UNSURE)
    with world.routing() as client:
        answer = ask(client, b'{"inputs": [1]}')
        assert answer.json()["model_name"] == "heavy"
        assert by(answer) == ("cloud", "low confidence")
        assert metric(client, 'answers_total{answered_by="cloud",reason="low confidence"}') == 1
    asked = world.cloud.asked[0]
    assert (asked.path, asked.body) == (f"/prod{PATH}", b'{"inputs": [1]}')
    assert asked.headers["authorization"] == "Bearer first"


def test_what_says_who_asks_here_and_what_ends_at_a_hop_goes_neither_to_the_model_nor_to_the_cloud(
    world: World,
) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    given = {
        "authorization": "Bearer shop", "cookie": "a=b", "x_api_key": "k", "te": "trailers", "proxy_authorization": "Basic eA==",
        "x_forwarded_for": "10.0.0.7", "keep_alive": "timeout=9", "traceparent": "00-1-2-01",
    }  # fmt: skip
    with world.routing() as client:
        ask(client, **given)
    for host, token in ((world.light, None), (world.cloud, "Bearer first")):
        headers = host.asked[0].headers
        assert headers.get("authorization") == token
        assert headers["traceparent"] == "00-1-2-01"
        assert not {"cookie", "x-api-key", "te", "proxy-authorization", "x-forwarded-for", "keep-alive"} & set(headers)


def test_headers_of_an_answer_that_end_at_a_hop_or_set_a_cookie_stay_behind(world: World) -> None:
    status, headers, body = prediction(SURE)
    world.light.reply = lambda _: (status, {**headers, "Set-Cookie": "a=b", "X-Request-Id": "7"}, body)
    with world.routing() as client:
        answer = ask(client)
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-request-id"] == "7"


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_a_model_that_is_missing_or_fails_is_the_cloud_s_to_answer(world: World, status: int) -> None:
    world.light.reply = lambda _: (status, {}, b"{}")
    with world.routing() as client:
        assert by(ask(client)) == ("cloud", "model failed")


def test_a_model_that_is_not_ready_is_not_asked(world: World) -> None:
    world.light.ready = False
    with world.routing() as client:
        assert by(ask(client)) == ("cloud", "model not ready")
        world.light.stop()
        assert by(ask(client)) == ("cloud", "model not ready")
    assert world.light.asked == []


def test_a_slow_model_is_waited_for_as_long_as_told(world: World) -> None:
    world.light.reply = lambda _: (time.sleep(1), prediction(SURE))[1]
    with world.routing(local__timeoutSeconds=0.2) as client:
        began = time.monotonic()
        assert by(ask(client)) == ("cloud", "timeout")
        assert time.monotonic() - began < 0.9


def test_a_connection_that_the_model_server_closed_meanwhile_is_opened_anew(world: World) -> None:
    """As servers do after some seconds without a request, and just then the next one comes."""
    closed: list[object] = []
    with world.routing() as client:
        ask(client)
        server = world.light._server
        assert server is not None
        answering = server.process_request

        def closing(request: Any, address: Any) -> None:
            closed.append(request)
            server.process_request = answering  # type: ignore[method-assign]
            server.shutdown_request(request)

        server.process_request = closing  # type: ignore[method-assign]
        for each in server.open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        assert by(ask(client)) == ("device", "")
    assert closed
    assert world.cloud.asked == []


def test_a_mistake_in_what_goes_on_beside_the_requests_does_not_end_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelinfra.router.sending import Sending

    going_on, times = Sending.run, []

    async def once(self: Sending) -> None:
        times.append(1)
        if len(times) == 1:
            raise KeyError("private")
        await going_on(self)

    monkeypatch.setattr(Sending, "run", once)
    with world.routing():
        until(lambda: len(times) == 2)
    assert [each for each in world.lines if "again in 1 s" in each]
    assert not [each for each in world.lines if "private" in each]


def test_a_wrong_request_is_told_so_by_the_device_and_not_handed_over(world: World) -> None:
    world.light.reply = lambda _: (400, {"Content-Type": "application/json"}, b'{"error": "shape"}')
    with world.routing() as client:
        answer = ask(client)
        assert (answer.status_code, answer.json()) == (400, {"error": "shape"})
    assert world.cloud.asked == []


def test_what_waits_too_long_in_line_is_handed_over_at_once(world: World) -> None:
    world.light.reply = lambda _: (time.sleep(0.3), prediction(SURE))[1]
    answers = []
    with world.routing(local__concurrency=1, local__queue=1) as client:
        threads = [threading.Thread(target=lambda: answers.append(by(ask(client)))) for _ in range(5)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert sorted(answers) == [("cloud", "overload")] * 3 + [("device", "")] * 2


def test_with_the_cloud_away_what_came_too_much_waits_for_the_device(world: World) -> None:
    world.light.reply = lambda _: (time.sleep(0.1), prediction(SURE))[1]
    world.cloud.stop()
    answers = []
    with world.routing(local__concurrency=1, local__queue=0) as client:
        threads = [threading.Thread(target=lambda: answers.append(ask(client))) for _ in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert [each.status_code for each in answers] == [200] * 6
    assert {by(each)[0] for each in answers} == {"device"}


def test_more_than_may_wait_are_told_to_come_again(world: World) -> None:
    world.light.reply = lambda _: (time.sleep(0.5), prediction(SURE))[1]
    world.cloud.stop()
    answers = []
    with world.routing(local__concurrency=1, local__queue=0, local__waiting=1) as client:
        threads = [threading.Thread(target=lambda: answers.append(ask(client))) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    refused = [each for each in answers if each.status_code == 503]
    assert len(refused) == 2
    assert {each.headers["retry-after"] for each in refused} == {"1"}
    assert "nobody answers: overload" in refused[0].json()["error"]


def test_while_the_cloud_is_away_unsure_answers_are_given_and_sent_up_later_once_each(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.stop()
    with world.routing() as client:
        answers = [ask(client, json.dumps({"n": n}).encode()) for n in range(20)]
        assert {by(each) for each in answers} == {("device", "low confidence")}
        assert {each.headers["x-modelinfra-cloud"] for each in answers} == {"away, sent later"}
        assert metric(client, "stored_requests") == 20
        world.cloud.start()
        until(lambda: metric(client, "stored_requests") == 0)
        assert metric(client, 'sent_later_total{result="answered"}') == 20
    assert [json.loads(each.body)["n"] for each in sorted(world.cloud.asked, key=lambda each: each.body)] == sorted(
        range(20), key=lambda n: json.dumps({"n": n})
    )
    assert len({each.headers["idempotency-key"] for each in world.cloud.asked}) == 20


def test_an_answer_that_was_lost_on_the_way_is_asked_for_again_under_the_same_key(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    slow = [True]
    world.cloud.reply = lambda _: (time.sleep(0.6 if slow[0] else 0), prediction(SURE))[1]
    with world.routing(cloud__timeoutSeconds=0.2) as client:
        assert by(ask(client, idempotency_key="till-4/17")) == ("device", "low confidence")
        slow[0] = False
        until(lambda: metric(client, "stored_requests") == 0)
    assert [each.headers["idempotency-key"] for each in world.cloud.asked] == ["till-4/17"] * 2


def test_nobody_waits_for_a_cloud_that_is_known_to_be_away(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.reply = lambda _: (time.sleep(0.5), prediction(SURE))[1]
    with world.routing(cloud__timeoutSeconds=0.3, cloud__probePath="/x") as client:
        for _ in range(3):
            ask(client)
        world.cloud.ready = False  # the probe hears 503, too
        began = time.monotonic()
        assert by(ask(client)) == ("device", "low confidence")
        assert time.monotonic() - began < 0.25


def test_an_unsure_answer_is_better_than_the_cloud_s_refusal(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.reply = lambda _: (422, {}, b"no")
    with world.routing() as client:
        assert by(ask(client)) == ("device", "low confidence")
        assert metric(client, "stored_requests") == 0


def test_what_the_cloud_refuses_for_ever_is_sent_once_and_counted(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.stop()
    with world.routing() as client:
        ask(client)
        world.cloud.reply = lambda _: (400, {}, b"no")
        world.cloud.start()
        until(lambda: metric(client, 'sent_later_total{result="refused"}') == 1)
    assert len(world.cloud.asked) == 1


def test_a_request_on_which_the_cloud_fails_does_not_make_it_away_and_is_given_up_in_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelinfra.router.sending._FIRST_PAUSE", 0.0)
    monkeypatch.setattr("modelinfra.router.sending._TIMES", 6)
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.reply = lambda seen: (500, {}, b"{}") if b"poison" in seen.body else prediction(SURE, by="heavy")
    with world.routing() as client:
        assert by(ask(client, b"poison")) == ("device", "low confidence")
        for _ in range(5):
            assert by(ask(client)) == ("cloud", "low confidence")
        until(lambda: metric(client, 'lost_total{reason="the cloud fails on it"}') == 1)
        assert metric(client, "stored_requests") == 0
        world.light.stop()
        assert ask(client, b"poison").status_code == 500
    assert sum(each.body == b"poison" for each in world.cloud.asked) == 8


def test_what_little_time_is_left_is_not_held_against_the_cloud(world: World) -> None:
    world.light.reply = lambda _: (time.sleep(2), prediction(SURE))[1]
    world.cloud.reply = lambda _: (time.sleep(0.3), prediction(SURE, by="heavy"))[1]
    with world.routing(requestSeconds=0.7, local__timeoutSeconds=0.6) as client:
        for _ in range(4):
            assert ask(client).status_code == 503
        assert metric(client, "cloud_away") == 0


def test_without_model_and_cloud_the_answer_says_so(world: World) -> None:
    world.light.stop()
    world.cloud.stop()
    with world.routing() as client:
        ask(client)
        answer = ask(client)
        assert (answer.status_code, answer.headers["x-modelinfra-answered-by"]) == (503, "nobody")
        assert client.get(READY).status_code == 503
        assert client.get("/healthz").status_code == 200


def test_a_request_or_an_answer_that_is_too_large_is_refused(world: World) -> None:
    with world.routing(maxBody=2000) as client:
        assert ask(client, b"x" * 2001).status_code == 413
        assert client.post(PATH, content=iter([b"x" * 1500, b"x" * 1500])).status_code == 413
        assert world.light.asked == []
        world.light.reply = lambda _: (200, {}, b"x" * 2001)
        assert by(ask(client)) == ("cloud", "model failed")


def test_the_device_s_temperatures_are_told_where_the_host_has_them(world: World) -> None:
    zone = world.folder / "thermal" / "thermal_zone0"
    with world.routing() as client:
        assert "temperature" not in client.get("/metrics").text
        zone.mkdir(parents=True)
        (zone / "type").write_text("cpu-thermal\n")
        (zone / "temp").write_text("48312\n")
        assert 'temperature_celsius{zone="thermal_zone0 cpu-thermal"} 48.312' in client.get("/metrics").text
        assert 'modelinfra_router_info{device="store-7",model="digits",version="3"} 1.0' in client.get("/metrics").text

"""The first half of a model on the device, the rest in the cloud: what one answers is what the other is asked, and alone neither answers."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.edge.world import READY, Reply, Seen, World, ask, metric, until

LENGTH = "inference-header-content-length"
REQUEST = {"id": "7", "inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1.0, 2.0]}]}


def outputs(*given: dict[str, Any], raw: bytes = b"", by: str = "first") -> Reply:
    text = json.dumps({"model_name": by, "outputs": list(given)}).encode()
    return 200, {"Content-Type": "application/json", **({LENGTH: str(len(text))} if raw else {})}, text + raw


def doubled(seen: Seen) -> Reply:
    """A first half: what is given, twice."""
    (x,) = json.loads(seen.body)["inputs"]
    return outputs({"name": "t", "datatype": "FP32", "shape": x["shape"], "data": [2 * each for each in x["data"]]})


def summed(seen: Seen) -> Reply:
    """The rest: the sum of it."""
    (t,) = json.loads(seen.body)["inputs"]
    if t["name"] != "t":
        return 400, {}, b'{"error": "t is missing"}'
    return outputs({"name": "y", "datatype": "FP32", "shape": [1], "data": [sum(t["data"])]}, by="rest")


@contextmanager
def split(world: World, **more: Any) -> Iterator[httpx.Client]:
    told = {"tensor": "t", "binaryHere": False, "binaryThere": False, **more.pop("split", {})}
    with world.routing(split=told, confidence=None, store=None, **more) as client:
        yield client


@pytest.fixture(autouse=True)
def halves(world: World) -> None:
    world.light.reply, world.cloud.reply = doubled, summed


def asking(client: httpx.Client, given: Any = REQUEST, **headers: str) -> httpx.Response:
    return ask(client, json.dumps(given).encode(), **headers)


def nobody(answer: httpx.Response) -> tuple[int, str, str]:
    assert answer.headers["x-modelinfra-answered-by"] == "nobody"
    return answer.status_code, answer.headers["x-modelinfra-reason"], answer.json()["error"]


def test_the_cloud_is_asked_what_the_device_answered_and_the_client_gets_the_cloud_s_answer(world: World) -> None:
    with split(world) as client:
        answer = asking(client, idempotency_key="mine")
        assert answer.json()["outputs"][0]["data"] == [6.0]
        assert answer.headers["x-modelinfra-answered-by"] == "cloud"
        assert answer.headers["x-modelinfra-reason"] == "split"
        assert metric(client, 'answers_total{answered_by="cloud",reason="split"}') == 1
    (there,) = world.cloud.asked
    assert json.loads(there.body) == {
        "id": "7",
        "inputs": [{"name": "t", "datatype": "FP32", "shape": [2], "data": [2.0, 4.0]}],
    }
    assert (there.headers["idempotency-key"], there.headers["authorization"]) == ("mine", "Bearer first")
    assert world.light.asked[0].body == json.dumps(REQUEST).encode(), "nothing in it had to be said otherwise"


def test_tensors_go_as_bytes_where_the_servers_take_them(world: World) -> None:
    raw = b"\x00\x00\x00\x40\x00\x00\x80\x40"  # 2.0 and 4.0
    head = {"name": "t", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}
    world.light.reply = lambda _: outputs(head, raw=raw)
    world.cloud.reply = lambda _: outputs(by="rest")
    with split(world, split={"binaryHere": True, "binaryThere": True}) as client:
        assert asking(client).status_code == 200
    here, there = world.light.asked[0], world.cloud.asked[0]
    assert json.loads(here.body)["outputs"] == [{"name": "t", "parameters": {"binary_data": True}}]
    size = int(there.headers[LENGTH])
    assert json.loads(there.body[:size]) == {"id": "7", "inputs": [head]}
    assert (there.body[size:], there.headers["content-type"]) == (raw, "application/octet-stream")


@pytest.mark.parametrize(("here", "there"), [(True, False), (False, True)])
def test_bytes_become_json_and_json_becomes_bytes_where_one_server_takes_the_other(
    world: World, here: bool, there: bool
) -> None:
    raw = b"\x00\x00\x00\x40\x00\x00\x80\x40"
    head = {"name": "t", "datatype": "FP32", "shape": [2]}
    if here:
        world.light.reply = lambda _: outputs({**head, "parameters": {"binary_data_size": 8}}, raw=raw)
    with split(world, split={"binaryHere": here, "binaryThere": there}) as client:
        asking(client)
    body = world.cloud.asked[0].body
    assert raw in body if there else json.loads(body)["inputs"] == [{**head, "data": [2.0, 4.0]}]


def test_while_the_link_is_down_clients_hear_so_at_once_and_the_device_computes_nothing(world: World) -> None:
    with split(world) as client:
        assert client.get(READY).json() == {"ready": True}
        world.cloud.stop()
        answer = asking(client)
        assert nobody(answer)[:2] == (503, "cloud away")
        assert answer.headers["x-modelinfra-cloud"] == "away"
        assert answer.headers["retry-after"] == "1"
        computed = len(world.light.asked)
        said = "the rest of the model is in the cloud, which is away"
        assert nobody(asking(client)) == (503, "cloud away", said)
        assert len(world.light.asked) == computed
        ready = client.get(READY)
        assert (ready.status_code, ready.json()) == (503, {"ready": False, "error": "the cloud is away"})
        world.cloud.start()
        until(lambda: client.get(READY).status_code == 200)
        assert asking(client).status_code == 200
    assert not (world.folder / "store.sqlite").exists(), "nothing of it is kept"


def test_a_device_that_begins_without_its_link_says_so_before_anybody_asks(world: World) -> None:
    world.cloud.stop()
    with split(world) as client:
        until(lambda: client.get(READY).status_code == 503)
        assert client.get(READY).json()["error"] == "the cloud is away"
    assert world.light.asked == []


def test_a_first_half_that_is_missing_slow_or_broken_is_nobody_else_s_to_answer(world: World) -> None:
    with split(world) as client:
        world.light.reply = lambda _: (500, {}, b"{}")
        said = "the first half of the model is on the device: model failed"
        assert nobody(asking(client)) == (503, "model failed", said)
        world.light.reply = lambda seen: (time.sleep(2.5), doubled(seen))[1]
        assert nobody(asking(client))[:2] == (503, "timeout")
        world.light.stop()
        assert nobody(asking(client))[:2] == (503, "model not ready")
        assert client.get(READY).json()["error"] == "model not ready"
    assert world.cloud.asked == []


def test_what_either_half_says_of_a_wrong_request_the_client_hears(world: World) -> None:
    with split(world) as client:
        world.light.reply = lambda _: (400, {}, b'{"error": "x has another shape"}')
        answer = asking(client)
        assert (answer.status_code, answer.json()["error"]) == (400, "x has another shape")
        assert answer.headers["x-modelinfra-answered-by"] == "device"
        world.light.reply = doubled
        world.cloud.reply = lambda _: (400, {}, b'{"error": "t has another shape"}')
        answer = asking(client)
        assert (answer.status_code, answer.json()["error"]) == (400, "t has another shape")
        assert answer.headers["x-modelinfra-answered-by"] == "cloud"


def test_a_request_that_is_none_of_the_protocol_reaches_neither(world: World) -> None:
    with split(world) as client:
        said = "the request is none of protocol v2: it has no inputs"
        assert nobody(asking(client, {"instances": [1]})) == (400, "request not readable", said)
        packed = ask(client, gzip.compress(b"{}"), content_encoding="gzip")
        assert nobody(packed)[2] == "the request is none of protocol v2: it is packed"
    assert world.light.asked == world.cloud.asked == []


def test_an_answer_without_the_tensor_is_a_mistake_that_asking_again_does_not_mend(world: World) -> None:
    world.light.reply = lambda _: outputs({"name": "u", "datatype": "FP32", "shape": [1], "data": [1.0]})
    with split(world) as client:
        answer = asking(client)
        said = "the device's answer is not what the rest of the model takes: it has no output t, only u"
        assert nobody(answer) == (502, "tensor not readable", said)
        assert "retry-after" not in answer.headers
    assert world.cloud.asked == []


def test_a_cloud_that_does_not_know_the_rest_is_no_cloud(world: World) -> None:
    world.cloud.reply = lambda _: (404, {}, b"{}")
    with split(world) as client:
        said = "the rest of the model is in the cloud, which gives no answer: it answers 404"
        assert nobody(asking(client)) == (503, "cloud away", said)


def test_as_many_wait_for_the_cloud_as_may_and_the_next_one_is_told(world: World) -> None:
    go = threading.Event()
    world.cloud.reply = lambda seen: (go.wait(10), summed(seen))[1]
    with split(world, cloud__concurrency=1, local__waiting=1, cloud__timeoutSeconds=9.0, requestSeconds=9.0) as client:
        codes: list[int] = []
        threads = [threading.Thread(target=lambda: codes.append(asking(client).status_code)) for _ in range(2)]
        for each in threads:
            each.start()
        until(lambda: len(world.light.asked) == 2 and len(world.cloud.asked) == 1)
        time.sleep(0.2)
        assert nobody(asking(client)) == (503, "overload", "too many wait for the cloud")
        go.set()
        for each in threads:
            each.join()
        assert codes == [200, 200]


def test_a_cloud_that_is_late_is_not_waited_for_beyond_the_request_s_time(world: World) -> None:
    world.cloud.reply = lambda seen: (time.sleep(3), summed(seen))[1]
    with split(world, requestSeconds=0.5) as client:
        began = time.monotonic()
        assert nobody(asking(client))[0] == 503
        assert time.monotonic() - began < 2.5

"""The client and the worker understand each other: requests, results, failures, batches."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from modelinfra.cli.main import app
from modelinfra.client import AsyncEndpoint, ClientError, RequestFailedError, Result, ResultTimeoutError
from modelinfra.client.endpoint import LARGEST_MESSAGE
from modelinfra.worker.messages import Job, parse, problem_of_id, write
from tests.worker.world import World, until

STORE = "s3://results/digits/"


def endpoint(world: World) -> AsyncEndpoint:
    return AsyncEndpoint(world.queue, STORE)


def photos(world: World, *names: str) -> None:
    for name in names:
        world.s3.put_object(Bucket="photos", Key=f"in/{name}", Body=name.encode(), ContentType="image/jpeg")


def test_a_request_is_sent_and_its_result_comes(world: World) -> None:
    client = endpoint(world)
    with world.working():
        request_id = client.submit({"x": "é"})
        found = client.result(request_id, timeout=10)
    assert found.json() == {"echo": {"x": "é"}}
    assert found.content_type == "application/json"


def test_there_is_no_result_before_there_is_one(world: World) -> None:
    client = endpoint(world)
    request_id = client.submit({"x": 1})
    assert client.finished(request_id) is None
    with pytest.raises(ResultTimeoutError, match="still in the queue or worked on"):
        client.result(request_id, timeout=0)


def test_a_request_that_failed_says_why(world: World) -> None:
    world.server.reply = lambda body: (400, "text/plain", b"three numbers are expected")
    client = endpoint(world)
    with world.working():
        request_id = client.submit([1, 2])
        with pytest.raises(RequestFailedError, match="the server answered 400: three numbers are expected") as caught:
            client.result(request_id, timeout=10)
    assert (caught.value.status, caught.value.request_id) == (400, request_id)


def test_an_answer_that_came_after_an_error_is_the_result(world: World) -> None:
    client = endpoint(world)
    world.work().store.write_error("a", {"reason": "out of memory"})
    with world.working():
        client.submit(1, request_id="a")
        until(lambda: world.left(world.queue) == 0)
    assert client.result("a", timeout=0).json() == {"echo": 1}


def test_what_is_too_large_for_a_message_goes_through_the_bucket(world: World) -> None:
    world.server.reply = lambda body: (200, "application/octet-stream", str(len(body)).encode())
    client = endpoint(world)
    with world.working():
        small = client.submit(b"x" * 1000)
        large = client.submit(b"x" * 3_000_000, request_id="large")
        assert client.result(small, timeout=10).body == b"1000"
        assert client.result(large, timeout=10).body == b"3000000"
    stored = world.s3.list_objects_v2(Bucket="results", Prefix="digits/inputs/")["Contents"]
    assert [each["Key"] for each in stored] == ["digits/inputs/large"]
    assert LARGEST_MESSAGE < 2**20


def test_a_batch_asks_for_every_object_below_a_prefix(world: World) -> None:
    names = [f"{index:02}.jpg" for index in range(23)]
    photos(world, *names, "deep/a b.jpg", "folder/", "notes.txt")
    world.server.reply = lambda body: (200, "text/plain", body.upper())
    client = endpoint(world)
    with world.working(concurrency=4):
        batch = client.batch("s3://photos/in/", suffix=".jpg")
        found = dict(batch.results(timeout=20, pause=0.1))
    assert (batch.sent, batch.ended()) == (24, 24)
    assert {request_id.removeprefix("photos/in/") for request_id in found} == {*names, "deep/a b.jpg"}
    answer = found["photos/in/deep/a b.jpg"]
    assert isinstance(answer, Result)
    assert answer.body == b"DEEP/A B.JPG"
    assert {kind for _, _, kind, _ in world.server.seen} == {"image/jpeg"}


def test_the_same_batch_again_sends_only_what_has_no_answer(world: World) -> None:
    photos(world, "a.jpg", "b.jpg", "c.jpg")
    world.server.reply = lambda body: (400 if body == b"b.jpg" else 200, "text/plain", body)
    client = endpoint(world)
    with world.working():
        first = dict(client.batch("s3://photos/in/", name="monday").results(timeout=20, pause=0.1))
        photos(world, "d.jpg")
        again = client.batch("s3://photos/in/", name="monday")
        until(lambda: again.ended() == 4)
    failed = first["monday/b.jpg"]
    assert isinstance(failed, RequestFailedError)
    assert failed.status == 400
    assert again.sent == 2
    assert world.server.asked.count(b"a.jpg") == 1


def test_a_batch_that_is_not_ready_says_how_much_is_missing(world: World) -> None:
    photos(world, "a.jpg", "b.jpg")
    batch = endpoint(world).batch("s3://photos/in/")
    with pytest.raises(ResultTimeoutError, match="2 of 2 requests of batch 'photos/in'"):
        list(batch.results(timeout=0))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda client: client.submit(1, request_id="a/../b"), "has a slash at an end"),
        (lambda client: client.result("x" * 900), "has more than 800 bytes"),
        (lambda client: client.submit_object("photos/a"), "no address of an object"),
        (lambda client: client.batch("photos"), "write s3://bucket/prefix/"),
        (lambda client: client.batch("s3://photos/none/"), "there is no object below s3://photos/none/"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_sent(world: World, call: object, said: str) -> None:
    with pytest.raises(ClientError, match=said):
        call(endpoint(world))  # type: ignore[operator]
    assert world.left(world.queue) == 0


def test_a_store_is_a_place_in_s3(world: World) -> None:
    with pytest.raises(ClientError, match="the endpoint's output store_uri"):
        AsyncEndpoint(world.queue, "results")


def test_the_region_is_that_of_the_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    client = AsyncEndpoint("https://sqs.eu-central-1.amazonaws.com/123456789012/requests", STORE)
    assert client._sqs.meta.region_name == "eu-central-1"


_TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(
    id_=_TEXT.filter(lambda text: not problem_of_id(text)),
    body=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "image/png"]),
)
def test_what_is_written_is_read_again(id_: str, body: bytes, kind: str) -> None:
    found = parse(write(Job(id_, kind, body=body)), "other")
    assert (found.id, found.content_type) == (id_, kind)
    assert found.body == body or json.loads(found.body or b"") == json.loads(body)


def test_the_command_sends_a_batch_and_waits_for_it(world: World) -> None:
    photos(world, "a.jpg", "b.jpg")
    world.server.reply = lambda body: (400 if body == b"b.jpg" else 200, "text/plain", b"no photo")
    command = ["batch", "s3://photos/in/", "--queue-url", world.queue, "--store", STORE, "--name", "monday"]
    with world.working():
        sent = CliRunner().invoke(app, command)
        assert sent.exit_code == 0
        assert "2 of 2 requests sent, results below s3://results/digits/results/monday/" in sent.output.replace(
            "\n", " "
        )
        waited = CliRunner().invoke(app, [*command, "--wait", "30"])
    assert waited.exit_code == 1
    assert "monday/b.jpg: the server answered 400" in waited.output
    assert "1 of 2 answered, 1 failed" in waited.output


def test_the_command_tells_what_is_wrong(world: World) -> None:
    wrong = CliRunner().invoke(app, ["batch", "s3://photos/none/", "--queue-url", world.queue, "--store", STORE])
    assert wrong.exit_code == 2
    assert "there is no object below" in wrong.output


def test_the_command_tells_what_aws_refuses_without_a_traceback(world: World) -> None:
    command = ["batch", "s3://no-such-bucket/in/", "--queue-url", world.queue, "--store", STORE]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 1
    assert "AWS did not do its part: " in refused.output
    assert "NoSuchBucket" in refused.output

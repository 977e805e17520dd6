"""Messages are answered once, tried again, given up and given back: against real queues, buckets and servers on this machine."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time

import pytest

from modelinfra.worker.queue import pause
from modelinfra.worker.server import Answer
from tests.worker.world import Reply, World, until


def error(world: World, id_: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(until(lambda: world.stored(f"results/{id_}/error.json")))
    return found


def test_a_message_becomes_a_request_and_its_answer_an_object(world: World) -> None:
    with world.working():
        world.send({"id": "a/1", "json": {"x": [1, 2]}})
        assert json.loads(until(lambda: world.stored("results/a/1/answer"))) == {"echo": {"x": [1, 2]}}
        until(lambda: world.left(world.queue) == 0)
    assert world.server.seen[0][2] == "application/json"


def test_a_message_without_an_id_is_answered_under_the_name_that_sqs_gave_it(world: World) -> None:
    with world.working():
        id_ = world.send({"json": 1})
        assert until(lambda: world.stored(f"results/{id_}/answer"))


def test_bytes_and_objects_of_s3_reach_the_server_as_they_are(world: World) -> None:
    world.server.reply = lambda body: (200, "image/png", body)
    photo = bytes(range(256))
    world.s3.put_object(Bucket="photos", Key="in/b c.jpg", Body=photo, ContentType="image/jpeg")
    with world.working():
        world.send({"id": "inline", "base64": base64.b64encode(photo).decode(), "contentType": "image/gif"})
        world.send({"id": "object", "s3": "s3://photos/in/b c.jpg"})
        assert until(lambda: world.stored("results/inline/answer")) == photo
        assert until(lambda: world.stored("results/object/answer")) == photo
    assert sorted(kind for _, _, kind, _ in world.server.seen) == ["image/gif", "image/jpeg"]
    found = world.s3.get_object(Bucket="results", Key="digits/results/object/answer")
    assert found["ContentType"] == "image/png"


def test_the_same_request_twice_is_computed_once(world: World) -> None:
    with world.working():
        world.send({"id": "a", "json": 1})
        until(lambda: world.left(world.queue) == 0 and world.stored("results/a/answer"))
        world.send({"id": "a", "json": 2})
        until(lambda: world.left(world.queue) == 0)
    assert world.server.asked == [b"1"]
    assert world.stored("results/a/answer") == b'{"echo": 1}'


def test_an_answer_is_written_once_also_where_two_workers_have_the_same_message(world: World) -> None:
    store = world.work().store
    assert store.write_answer("a", Answer(200, "text/plain", b"first"))
    assert not store.write_answer("a", Answer(200, "text/plain", b"second"))
    assert world.stored("results/a/answer") == b"first"


def test_a_request_that_the_server_refuses_is_told_at_once_and_never_tried_again(world: World) -> None:
    world.server.reply = lambda body: (422, "application/json", b'{"error": "shape"}')
    with world.working():
        world.send({"id": "a", "json": 1})
        found = error(world, "a")
        until(lambda: world.left(world.queue) == 0)
    assert (found["status"], found["attempts"], found["answer"]) == (422, 1, '{"error": "shape"}')
    assert len(world.server.asked) == 1
    assert world.left(world.dead) == 0


def test_a_server_that_fails_is_asked_again_and_then_the_message_goes_to_the_dead_letters(world: World) -> None:
    world.server.reply = lambda body: (500, "text/plain", b"out of memory")
    with world.working():
        world.send({"id": "a", "json": 1})
        found = error(world, "a")
        until(lambda: world.left(world.dead) == 1)
    assert (found["reason"], found["attempts"]) == ("the server answered 500", 3)
    assert len(world.server.asked) == 3
    assert world.left(world.queue) == 0


def test_a_failure_that_passes_costs_an_attempt_and_nothing_else(world: World) -> None:
    replies: list[Reply] = [(503, "text/plain", b""), (200, "text/plain", b"good")]
    world.server.reply = lambda body: replies.pop(0)
    with world.working():
        world.send({"id": "a", "json": 1})
        assert until(lambda: world.stored("results/a/answer")) == b"good"
    assert world.stored("results/a/error.json") is None


def test_a_request_that_takes_too_long_is_a_failure(world: World) -> None:
    def slow(body: bytes) -> Reply:
        time.sleep(3)
        return 200, "text/plain", b""

    world.server.reply = slow
    with world.working(longest_request_seconds=1, max_receive_count=1):
        world.send({"id": "a", "json": 1})
        assert error(world, "a")["reason"] == "the server did not answer within 1 s"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no json", "the message is no JSON"),
        ("[1]", "the message is JSON, but no object"),
        ('{"json": 1, "s3": "s3://photos/a"}', "the message needs one of json, base64, s3, and has json and s3"),
        ('{"id": "../x", "json": 1}', "`id` has a slash at an end, two in a row, or a part that is a dot or two"),
        ('{"body": 1}', "the message has keys that nobody knows: body"),
        ('{"base64": "?"}', "`base64` is not base64"),
        ('{"s3": "https://a/b"}', "`s3` is no address of an object: s3://bucket/key"),
    ],
)
def test_a_message_that_nobody_understands_is_told_and_kept_in_the_dead_letters(
    world: World, text: str, reason: str
) -> None:
    with world.working():
        id_ = world.send(text)
        assert error(world, id_)["reason"] == reason
        until(lambda: world.left(world.dead) == 1)
    assert world.server.asked == []


def test_an_input_that_is_not_there_is_told_at_once(world: World) -> None:
    with world.working():
        world.send({"id": "a", "s3": "s3://photos/none.jpg"})
        assert error(world, "a")["reason"] == "there is no s3://photos/none.jpg"
        until(lambda: world.left(world.queue) == 0)


def test_as_many_messages_as_were_said_are_worked_on_at_once(world: World) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def counting(body: bytes) -> Reply:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.3)
        with lock:
            at_once -= 1
        return 200, "text/plain", b""

    world.server.reply = counting
    for index in range(9):
        world.send({"id": str(index), "json": index})
    with world.working(concurrency=3):
        until(lambda: world.left(world.queue) == 0)
    assert most == 3


def test_a_message_that_takes_longer_stays_hidden_from_others(world: World) -> None:
    def slow(body: bytes) -> Reply:
        time.sleep(4)
        return 200, "text/plain", b"done"

    world.server.reply = slow
    with world.working(visibility_seconds=2):
        world.send({"id": "a", "json": 1})
        assert until(lambda: world.stored("results/a/answer")) == b"done"
    assert len(world.server.asked) == 1


def test_the_task_is_protected_while_it_works_and_not_when_it_is_idle(world: World) -> None:
    with world.working():
        world.send({"id": "a", "json": 1})
        until(lambda: world.protection == [True, False])
    path, state = world.agent.seen[0][1], json.loads(world.agent.seen[0][3])
    assert path == "/task-protection/v1/state"
    assert state == {"ProtectionEnabled": True, "ExpiresInMinutes": 21}


def test_a_task_that_is_never_idle_lets_go_now_and_then(world: World) -> None:
    for index in range(6):
        world.send({"id": str(index), "json": index})

    def slow(body: bytes) -> Reply:
        time.sleep(0.2)
        return 200, "text/plain", b""

    world.server.reply = slow
    with world.working(protected_seconds=0.3, breath_seconds=0.1):
        until(lambda: world.left(world.queue) == 0)
    assert world.protection[:3] == [True, False, True]


def test_an_agent_that_refuses_keeps_nothing_from_being_done(world: World) -> None:
    world.agent.reply = lambda body: (400, "application/json", b'{"error": {"Code": "AccessDeniedException"}}')
    with world.working():
        world.send({"id": "a", "json": 1})
        until(lambda: world.stored("results/a/answer"))
    assert any("AccessDenied" in line for line in world.lines)


def test_pauses_between_attempts_grow_and_end() -> None:
    assert [pause(attempt) for attempt in (1, 2, 3, 100)] == [5, 10, 20, 300]


def test_the_process_finishes_what_it_has_begun_when_it_is_told_to_stop(world: World) -> None:
    def slow(body: bytes) -> Reply:
        time.sleep(1.5)
        return 200, "text/plain", b"finished"

    world.server.reply = slow
    worker = world.process(stop_seconds=10)
    world.send({"id": "a", "json": 1})
    until(lambda: world.server.asked)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert world.stored("results/a/answer") == b"finished"
    assert worker.stdout is not None
    assert "stopping, 1 messages are worked on" in worker.stdout.read()


def test_the_process_gives_back_what_it_cannot_finish_in_time(world: World) -> None:
    def slow(body: bytes) -> Reply:
        time.sleep(30)
        return 200, "text/plain", b""

    world.server.reply = slow
    worker = world.process(stop_seconds=4)
    world.send({"id": "a", "json": 1})
    until(lambda: world.server.asked)
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert time.monotonic() - began < 4
    # Visible at once, though it was hidden for a minute.
    assert world.sqs.receive_message(QueueUrl=world.queue).get("Messages")


def test_the_process_waits_for_its_server_and_says_whether_it_came(world: World) -> None:
    world.server.ready = False
    waiting = world.process("wait", startup_seconds=20)
    time.sleep(1)
    assert waiting.poll() is None
    world.server.ready = True
    assert waiting.wait(10) == 0
    world.server.ready = False
    assert world.process("wait", startup_seconds=1).wait(10) == 1


def test_health_is_the_servers_while_idle_and_the_workers_while_busy(world: World) -> None:
    release = threading.Event()

    def held(body: bytes) -> Reply:
        release.wait(20)
        return 200, "text/plain", b""

    world.server.reply = held
    worker = world.process()
    try:
        until(lambda: world.process("health").wait(10) == 0)
        world.server.ready = False
        assert world.process("health").wait(10) == 1
        # A server that computes may not answer anything else.
        world.send({"id": "a", "json": 1})
        until(lambda: world.server.asked)
        assert world.process("health").wait(10) == 0
    finally:
        release.set()
        worker.kill()
        worker.wait()
    assert world.process("health").wait(10) == 1


def test_settings_that_are_not_whole_are_told(world: World) -> None:
    worker = world.process(queue=None)
    assert worker.wait(10) == 1
    assert worker.stdout is not None
    assert "MODELINFRA_WORKER has no queue that is of the type str" in worker.stdout.read()

"""The function that tries sample predictions: against a real HTTP server, and what it answers ECS."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from modelinfra.checker import function
from modelinfra.checker.function import Answer, Place, Sample, UnreachableError, ask, lacking, state_of, tried
from tests.checker.certificates import Certificate, certificate

Behaviour = Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes]]
SAMPLE: dict[str, Any] = {
    "name": "one",
    "method": "POST",
    "path": "/predict",
    "contentType": "application/json",
    "body": '{"x": 1}',
    "status": 200,
    "seconds": 5,
}
PLENTY = 900.0


class Server:
    """A load balancer with one replica behind it; `asked` is what arrived."""

    def __init__(self, behaves: Behaviour, tls: Certificate | None = None, server: str = "uvicorn") -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def version_string(self) -> str:
                return server

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.asked.append((self.command, self.path, dict(self.headers), body))
                status, answer = behaves(self, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET = _any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.chain, tls.key)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def place(self, *, tls: bool = False, host: str = "digits.example.com") -> Place:
        return Place("127.0.0.1", self.http.server_address[1], tls, host, ("x-modelinfra-test-traffic", "digits"))


@pytest.fixture
def serving() -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def start(behaves: Behaviour, **how: Any) -> Server:
        running.append(Server(behaves, **how))
        return running[-1]

    yield start
    for each in running:
        each.http.shutdown()
        each.http.server_close()


def says(status: int, text: str) -> Behaviour:
    return lambda _handler, _body: (status, text.encode())


def run(server: Server, *samples: Sample, state: dict[str, Any] | None = None) -> tuple[dict[str, Any], list[str]]:
    lines: list[str] = []
    answer = tried(list(samples), lambda each: ask(server.place(), each), lambda: PLENTY, state or {}, lines.append)
    return answer, lines


def test_samples_arrive_as_test_traffic_under_the_endpoints_name(serving: Callable[..., Server]) -> None:
    server = serving(says(200, "[1]"))
    assert run(server, SAMPLE)[0] == {"hookStatus": "SUCCEEDED"}
    ((method, path, headers, body),) = server.asked
    assert (method, path, body) == ("POST", "/predict", b'{"x": 1}')
    assert headers["x-modelinfra-test-traffic"] == "digits"
    assert headers["Host"] == "digits.example.com"
    assert headers["Content-Type"] == "application/json"


def test_a_file_arrives_byte_by_byte(serving: Callable[..., Server]) -> None:
    server, picture = serving(says(200, "")), bytes(range(256))
    without = {key: value for key, value in SAMPLE.items() if key != "body"}
    run(server, {**without, "body64": base64.b64encode(picture).decode(), "contentType": "image/png"})
    assert server.asked[0][3] == picture


@pytest.mark.parametrize(
    ("wanted", "answered", "because"),
    [
        ({}, (500, "no"), "status 500, not 200. The answer begins: no"),
        ({"status": 422}, (200, "{}"), "status 200, not 422"),
        ({"contains": "cat"}, (200, "a dog"), "it does not contain 'cat'. The answer begins: a dog"),
        ({"answer": {"label": 1}}, (200, "<html>"), "it is no JSON"),
        ({"answer": {"label": 1}}, (200, '{"labels": 1}'), "there is no label"),
        ({"answer": {"out": [{"p": [0.7]}]}}, (200, '{"out": [{"p": [0.6]}]}'), "out[0].p[0] is 0.6, not 0.7"),
    ],
)
def test_a_wrong_answer_takes_the_deployment_back_and_the_log_says_why(
    serving: Callable[..., Server], wanted: dict[str, Any], answered: tuple[int, str], because: str
) -> None:
    answer, lines = run(serving(says(*answered)), {**SAMPLE, **wanted})
    assert answer == {"hookStatus": "FAILED"}
    assert lines[0].startswith(f"sample 'one': {because}")
    assert lines[-1] == "1 of 1 samples are wrong"


def test_every_sample_is_tried_so_that_the_log_has_all_that_is_wrong(serving: Callable[..., Server]) -> None:
    answer, lines = run(serving(says(200, "[2]")), {**SAMPLE, "answer": [1]}, {**SAMPLE, "name": "two", "answer": [2]})
    assert answer == {"hookStatus": "FAILED"}
    assert [line.split(":")[0] for line in lines[:2]] == ["sample 'one'", "sample 'two'"]


@pytest.mark.parametrize(
    ("wanted", "found", "lacks"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ""),
        ({"a": 0.7}, {"a": 0.70001}, ""),
        ({"a": 0.7}, {"a": 0.701}, "a is 0.701, not 0.7"),
        (1, 1.0, ""),
        (0, 1e-9, ""),
        (True, 1, "the answer is 1, not True"),
        (None, None, ""),
        ("1", 1, "the answer is 1, not '1'"),
        ([1, 2], [1, 2, 3], "the answer is no list of 2"),
        ({"a": []}, [], "the answer is no object"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1] is 3, not 2"),
    ],
)
def test_an_answer_may_hold_more_and_numbers_may_differ_a_little(wanted: Any, found: Any, lacks: str) -> None:
    assert lacking(wanted, found) == lacks


def test_first_answers_are_slow_so_that_of_three_the_fastest_counts(serving: Callable[..., Server]) -> None:
    pauses = iter([0.4, 0.0])

    def warms_up(*_: Any) -> tuple[int, bytes]:
        time.sleep(next(pauses))
        return 200, b""

    server = serving(warms_up)
    assert run(server, {**SAMPLE, "latencyMs": 200})[0] == {"hookStatus": "SUCCEEDED"}
    assert len(server.asked) == 2


def test_answers_that_stay_slow_are_wrong(serving: Callable[..., Server]) -> None:
    def slow(*_: Any) -> tuple[int, bytes]:
        time.sleep(0.15)
        return 200, b""

    server = serving(slow)
    answer, lines = run(server, {**SAMPLE, "latencyMs": 20})
    assert answer == {"hookStatus": "FAILED"}
    assert lines[0].endswith("and 20 ms are allowed")
    assert len(server.asked) == 3


def test_an_answer_that_never_comes_is_wrong(serving: Callable[..., Server]) -> None:
    def hangs(*_: Any) -> tuple[int, bytes]:
        time.sleep(1.5)
        return 200, b""

    answer, lines = run(serving(hangs), {**SAMPLE, "seconds": 0.3})
    assert answer == {"hookStatus": "FAILED"}
    assert lines[0] == "sample 'one': no answer within 0.3 s"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_load_balancer_without_replicas_is_asked_again_later(serving: Callable[..., Server], status: int) -> None:
    answer, _ = run(serving(says(status, "<html>"), server="awselb/2.0"), SAMPLE)
    assert answer == {
        "hookStatus": "IN_PROGRESS",
        "callBackDelay": 30,
        "hookDetails": {"next": 0, "attempts": 1, "wrong": 0},
    }


def test_a_replica_that_says_503_itself_is_wrong(serving: Callable[..., Server]) -> None:
    assert run(serving(says(503, "overloaded")), SAMPLE)[0] == {"hookStatus": "FAILED"}


def test_who_cannot_be_reached_for_long_takes_the_deployment_back() -> None:
    def nobody(_: Sample) -> Answer:
        raise UnreachableError("refused")

    state: dict[str, Any] = {}
    for attempt in range(1, 10):
        answer = tried([SAMPLE], nobody, lambda: PLENTY, state, lambda _: None)
        assert (answer["hookStatus"], answer["hookDetails"]["attempts"]) == ("IN_PROGRESS", attempt)
        # As ECS gives it back.
        state = state_of({"hookDetails": json.loads(json.dumps(answer["hookDetails"]))})
    assert tried([SAMPLE], nobody, lambda: PLENTY, state, lambda _: None) == {"hookStatus": "FAILED"}


def test_a_closed_port_is_nobody() -> None:
    server = Server(says(200, ""))
    place = server.place()
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(UnreachableError, match="ConnectionRefusedError"):
        ask(place, SAMPLE)


def test_samples_for_which_no_time_is_left_are_tried_in_the_next_call(serving: Callable[..., Server]) -> None:
    server = serving(says(200, "[1]"))
    samples = [{**SAMPLE, "name": "one", "answer": [2]}, {**SAMPLE, "name": "two"}]
    lines: list[str] = []
    first = tried(samples, lambda each: ask(server.place(), each), lambda: 20.0, {}, lines.append)
    assert first == {
        "hookStatus": "IN_PROGRESS",
        "callBackDelay": 1,
        "hookDetails": {"next": 1, "attempts": 0, "wrong": 1},
    }
    second = tried(samples, lambda each: ask(server.place(), each), lambda: 20.0, first["hookDetails"], lines.append)
    assert second == {"hookStatus": "FAILED"}
    assert len(server.asked) == 2


def test_over_tls_the_name_of_the_endpoint_must_be_that_of_the_certificate(
    serving: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path, "digits.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.chain))
    server = serving(says(200, "ok"), tls=made)
    assert ask(server.place(tls=True), SAMPLE).body == b"ok"
    with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(server.place(tls=True, host="other.example.com"), SAMPLE)


class Context:
    """Lambda's."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def test_the_handler_reads_what_is_deployed(
    serving: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serving(says(200, '{"label": 1}'))
    (tmp_path / "samples.json").write_text(json.dumps([{**SAMPLE, "answer": {"label": 1}}]))
    monkeypatch.setattr(function, "__file__", str(tmp_path / "function.py"))
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    environment = {
        "CHECK_CONNECT": "127.0.0.1",
        "CHECK_PORT": str(server.place().port),
        "CHECK_TLS": "0",
        "CHECK_HOST": "digits.example.com",
        "CHECK_HEADER": "x-modelinfra-test-traffic: digits",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    event = {"lifecycleStage": "POST_TEST_TRAFFIC_SHIFT", "executionId": "1"}
    assert function.handler(event, Context()) == {"hookStatus": "SUCCEEDED"}
    # The rule was written a moment ago; the second call finds it in force.
    assert waited == [10]
    function.handler({**event, "hookDetails": {"next": 0, "attempts": 1}}, Context())
    assert waited == [10]

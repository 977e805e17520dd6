"""The function: asks the load balancer for test traffic, compares the answers, and tells ECS whether traffic may move.

`samples.json` beside it is a list of objects:

    name         what to call it in the log
    method, path, contentType, body or body64
                 the request; body64 is base64
    status       of the right answer
    contains     optional: text that the answer contains
    answer       optional: JSON that the answer holds; it may hold more keys
    latencyMs    optional: the longest that the answer may take
    seconds      how long an answer is waited for at the most

and the environment says where: `CHECK_CONNECT` (name of the load balancer), `CHECK_PORT`, `CHECK_TLS` (1 or 0), `CHECK_HOST` (the name by
which clients ask for the endpoint) and `CHECK_HEADER` (`name: value` of test traffic).

What ECS is answered: Amazon ECS developer guide, "Lambda hooks for Amazon ECS service deployments".
"""

from __future__ import annotations

import base64
import http.client
import json
import math
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTLE_SECONDS = 10
"""How long a rule that was just written may take until all of the load balancer knows it. An assumption."""

MOST_ATTEMPTS = 10
AGAIN_SECONDS = 30
"""How often, and how long after each other, replicas are asked that cannot be reached yet."""

SPARE_SECONDS = 15
"""Of the function's time, what is left for the answer to ECS."""

_CONNECT_SECONDS = 10
_SHOWN = 200
_SLOW_TRIES = 3
# Numbers differ a little between processors.
_TOLERANCE = 1e-4
# What a load balancer answers of itself when it has no replica, or none that answers.
_NOBODY = (502, 503, 504)
_LOAD_BALANCER = "awselb/2.0"

Sample = Mapping[str, Any]


class UnreachableError(Exception):
    """Nobody answered; perhaps somebody does in a while."""


@dataclass(frozen=True)
class Place:
    """Where to ask. connect: the load balancer. host: what clients call the endpoint. header: by which test traffic is known."""

    connect: str
    port: int
    tls: bool
    host: str
    header: tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """Of a replica. seconds: from the request until all of it was there."""

    status: int
    body: bytes
    seconds: float


Ask = Callable[[Sample], Answer]


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    samples = json.loads(Path(__file__).with_name("samples.json").read_text())
    place = place_of(os.environ)
    state = state_of(event)
    if state == {}:
        time.sleep(SETTLE_SECONDS)
    return tried(
        samples, lambda sample: ask(place, sample), lambda: context.get_remaining_time_in_millis() / 1000, state
    )


def place_of(environment: Mapping[str, str]) -> Place:
    """Read the environment."""
    name, _, value = environment["CHECK_HEADER"].partition(": ")
    return Place(
        environment["CHECK_CONNECT"],
        int(environment["CHECK_PORT"]),
        environment["CHECK_TLS"] == "1",
        environment["CHECK_HOST"],
        (name, value),
    )


def state_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the call before this one left; empty in the first."""
    left = event.get("hookDetails") or {}
    return dict(json.loads(left) if isinstance(left, str) else left)


def tried(
    samples: Sequence[Sample],
    ask: Ask,
    seconds_left: Callable[[], float],
    state: Mapping[str, Any],
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Try the samples that are left, and answer ECS. state: of the call before."""
    wrong, attempts = int(state.get("wrong", 0)), int(state.get("attempts", 0))
    start = int(state.get("next", 0))
    for index, sample in enumerate(samples[start:], start):
        if index > start and seconds_left() < needed_seconds(sample) + SPARE_SECONDS:
            return _again(1, next=index, attempts=attempts, wrong=wrong)
        try:
            found = verdict(sample, ask)
        except UnreachableError as error:
            attempts += 1
            say(f"sample '{sample['name']}': nobody answers ({error}), attempt {attempts} of {MOST_ATTEMPTS}")
            if attempts >= MOST_ATTEMPTS:
                return {"hookStatus": "FAILED"}
            return _again(AGAIN_SECONDS, next=index, attempts=attempts, wrong=wrong)
        wrong += not found.right
        say(f"sample '{sample['name']}': {found.text}")
    say(f"{wrong} of {len(samples)} samples are wrong" if wrong else f"all of {len(samples)} samples are right")
    return {"hookStatus": "FAILED" if wrong else "SUCCEEDED"}


def needed_seconds(sample: Sample) -> float:
    """The longest that a sample can take: an answer that is too slow is asked for again."""
    again = (_SLOW_TRIES - 1) * _patience(sample) if sample.get("latencyMs") else 0
    return float(_CONNECT_SECONDS + sample["seconds"] + again)


def _patience(sample: Sample) -> float:
    """How long an answer is waited for that was too slow before."""
    return float(_CONNECT_SECONDS + sample["latencyMs"] / 1000 + 1)


def _again(delay: int, **state: int) -> dict[str, Any]:
    return {"hookStatus": "IN_PROGRESS", "callBackDelay": delay, "hookDetails": state}


@dataclass(frozen=True)
class Verdict:
    """Of a sample, and in words for the log."""

    right: bool
    text: str


def verdict(sample: Sample, ask: Ask) -> Verdict:
    """Ask, and compare. The first answers of a server are slow, so of three the fastest counts. Raises UnreachableError."""
    most = sample.get("latencyMs")
    for attempt in range(_SLOW_TRIES):
        patient = sample if attempt == 0 or most is None else {**sample, "seconds": most / 1000 + 1}
        try:
            found = ask(patient)
        except TimeoutError:
            text = f"no answer within {patient['seconds']:g} s"
            if attempt == 0 or most is None:
                return Verdict(False, text)
            continue
        because = difference(sample, found)
        if because:
            shown = found.body[:_SHOWN].decode(errors="replace")
            return Verdict(False, f"{because}. The answer begins: {shown}")
        text = f"{found.status} after {found.seconds * 1000:.0f} ms"
        if most is None or found.seconds * 1000 <= most:
            return Verdict(True, text)
    return Verdict(False, f"{text}, and {most:g} ms are allowed")


def difference(sample: Sample, found: Answer) -> str:
    """What is wrong about an answer but its time; empty where nothing is."""
    if found.status != sample["status"]:
        return f"status {found.status}, not {sample['status']}"
    text = found.body.decode(errors="replace")
    if "contains" in sample and sample["contains"] not in text:
        return f"it does not contain {sample['contains']!r}"
    if "answer" not in sample:
        return ""
    try:
        told = json.loads(text)
    except ValueError:
        return "it is no JSON"
    return lacking(sample["answer"], told)


def lacking(wanted: Any, found: Any, where: str = "") -> str:
    """What of `wanted` a JSON value does not hold: it may have more keys, and numbers may differ by a ten-thousandth."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return f"{where or 'the answer'} is no object"
        below = ((key, f"{where}.{key}" if where else str(key)) for key in wanted)
        return next(
            (
                text
                for key, path in below
                if (text := lacking(wanted[key], found[key], path) if key in found else f"there is no {path}")
            ),
            "",
        )
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return f"{where or 'the answer'} is no list of {len(wanted)}"
        pairs = enumerate(zip(wanted, found, strict=True))
        return next((text for index, pair in pairs if (text := lacking(*pair, f"{where}[{index}]"))), "")
    return "" if _alike(wanted, found) else f"{where or 'the answer'} is {found!r}, not {wanted!r}"


def _alike(wanted: Any, found: Any) -> bool:
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (wanted, found))
    if numbers:
        return math.isclose(wanted, found, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE**2)
    return type(wanted) is type(found) and bool(wanted == found)


def ask(place: Place, sample: Sample) -> Answer:
    """Send a sample to where test traffic arrives. Raises UnreachableError, and TimeoutError where an answer takes too long."""
    body = base64.b64decode(sample["body64"]) if "body64" in sample else sample.get("body", "").encode()
    headers = {place.header[0]: place.header[1], "Host": place.host, "User-Agent": "modelinfra-checks"}
    if body:
        headers["Content-Type"] = sample["contentType"]
    connection = _connected(place)
    try:
        assert connection.sock is not None
        connection.sock.settimeout(sample["seconds"])
        began = time.monotonic()
        connection.request(sample["method"], sample["path"], body or None, headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.read(), time.monotonic() - began)
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()
    if answer.status in _NOBODY and response.getheader("Server", "") == _LOAD_BALANCER:
        raise UnreachableError(f"the load balancer answers {answer.status}")
    return answer


def _connected(place: Place) -> http.client.HTTPConnection:
    """The load balancer itself is asked, whatever the endpoint's name leads to; its certificate must be that of the name."""
    connection = http.client.HTTPConnection(place.connect, place.port)
    try:
        plain = socket.create_connection((place.connect, place.port), timeout=_CONNECT_SECONDS)
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=place.host) if place.tls else plain
        )
    except OSError as error:
        raise UnreachableError(f"{type(error).__name__}: {error}") from None
    return connection

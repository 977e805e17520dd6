"""Where no log driver takes the router's lines to CloudWatch, it puts them there itself: as its device, once, and later where the link is down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from modelinfra.router import settings
from modelinfra.router.log_group import LogGroup
from tests.edge.test_telemetry import TOLD, counted, metrics
from tests.edge.world import World, ask, until
from tests.moto_server import ENVIRONMENT, moto_server

GROUP = "/modelinfra/stores"
PUT = {**TOLD, "logGroup": {"name": GROUP, "region": "us-east-1"}}


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with moto_server() as address:
        for name, value in {"AWS_ENDPOINT_URL": address, **ENVIRONMENT}.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("logs")
        yield client
        for each in client.describe_log_groups()["logGroups"]:
            client.delete_log_group(logGroupName=each["logGroupName"])


def lines(logs: Any, stream: str = "store-7") -> list[str]:
    try:
        found = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [each["message"] for each in found]


def test_a_device_puts_its_lines_into_its_own_stream_and_none_into_its_log(world: World, logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    with world.routing(telemetry=PUT) as client:
        ask(client)
        until(lambda: counted(lines(logs), "Answers") == 1)
    assert metrics(lines(logs)[0])["Devices"] == 1
    assert world.told_cloudwatch == [], "the device's own disk would fill with them"
    streams = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert [each["logStreamName"] for each in streams] == ["store-7"]


def test_what_cloudwatch_did_not_take_goes_there_once_it_is_back_in_order_and_once(world: World, logs: Any) -> None:
    with world.routing(telemetry=PUT) as client:
        ask(client)
        until(lambda: any("CloudWatch was not told" in each for each in world.lines))
        logs.create_log_group(logGroupName=GROUP)
        until(lambda: counted(lines(logs), "Answers") == 1)
    found = [json.loads(each)["_aws"]["Timestamp"] for each in lines(logs)]
    assert found == sorted(found)
    assert len(found) == len(set(found)) > 1
    assert sum("CloudWatch was not told" in each for each in world.lines) == 1, "not once a minute for days"


def test_what_was_counted_until_the_end_is_told_at_the_end(world: World, logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    with world.routing(telemetry={**PUT, "everySeconds": 3600.0}) as client:
        for _ in range(3):
            ask(client)
    assert counted(lines(logs), "Answers") == 3


class Away:
    """CloudWatch, as a device without a link finds it."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.there = False

    class exceptions:  # noqa: N801 as boto3 calls it
        class ResourceNotFoundException(Exception):  # noqa: N818
            pass

    def put_log_events(self, logEvents: list[dict[str, Any]], **_: Any) -> None:  # noqa: N803
        if not self.there:
            raise ConnectionError
        self.taken += [each["message"] for each in logEvents]


def test_of_a_link_that_is_down_for_days_the_newest_two_hours_are_kept() -> None:
    away = Away()
    group = LogGroup(settings.LogGroup(GROUP, "us-east-1"), "a:b*", lambda _: None, lambda: away)
    for number in range(1000):
        group.write(str(number))
    away.there = True
    group.write("back")
    assert away.taken == [*map(str, range(881, 1000)), "back"]
    group.write("next")
    assert away.taken[-2:] == ["back", "next"]

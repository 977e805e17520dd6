"""What a request and a token cost, where it is known."""

from __future__ import annotations

from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.review.changes import Changes
from modelinfra.review.report import report
from modelinfra.review.usage import UsageError, read_usage
from tests.review.making import ENDPOINT, changes, node

REQUESTS = {"predefinedMetricSpecification": {"predefinedMetricType": "ALBRequestCountPerTarget"}}
CPU = {"predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}}


def world(memory: str = "2048", each_minute: int = 600, most: int = 4, metric: dict[str, Any] = REQUESTS) -> list[Node]:
    home = node(ENDPOINT, "iris")
    task = node(
        "aws:ecs/taskDefinition:TaskDefinition",
        "task",
        parent=home.urn,
        cpu="1024",
        memory=memory,
        requiresCompatibilities=["FARGATE"],
    )
    service = node(
        "aws:ecs/service:Service",
        "service",
        parent=home.urn,
        launchType="FARGATE",
        desiredCount=1,
        deps={"taskDefinition": [task]},
    )
    target = node("aws:appautoscaling/target:Target", "target", parent=home.urn, minCapacity=1, maxCapacity=most,
                  scalableDimension="ecs:service:DesiredCount", deps={"resourceId": [service]})  # fmt: skip
    policy = node("aws:appautoscaling/policy:Policy", "policy", parent=home.urn, deps={"resourceId": [target]},
                  targetTrackingScalingPolicyConfiguration={"targetValue": each_minute, **metric})  # fmt: skip
    return [home, task, service, target, policy]


def rows(change: Changes, usage: Any = None) -> list[tuple[str, ...]]:
    found = report(change, usage=read_usage(usage))
    return [row for table in found.tables if table.title == "What a request costs" for row in table.rows]


def test_a_thousand_requests_cost_a_replicas_share_of_the_hour() -> None:
    # us-west-2, as in the ARNs: 0.04048 a vCPU-hour and 0.004445 a GB-hour, 600 requests a minute: (0.04048 + 2 * 0.004445) / 36,000 * 1,000.
    assert rows(changes(world(), world(each_minute=1200))) == [("iris", "1,000 requests", "$0.0014", "$0.0007")]


def test_how_many_replicas_there_are_at_most_does_not_matter() -> None:
    assert rows(changes(world(), world(most=8))) == []


def test_other_signals_and_unknown_sizes_say_nothing_of_requests() -> None:
    assert rows(changes([], world(metric=CPU))) == []
    assert rows(changes([], world(memory="unknown"))) == []


def counting(*names: str) -> dict[str, Any]:
    """A metric over several others."""
    stats = [{"id": f"m{number}", "metricStat": {"metric": {"metricName": each}}} for number, each in enumerate(names)]
    return {"customizedMetricSpecification": {"metrics": [{"id": "e", "expression": "m0 + m1"}, *stats]}}


def test_the_sum_over_two_target_groups_counts_requests_and_requests_in_flight_do_not() -> None:
    both = world(metric=counting("RequestCountPerTarget", "RequestCountPerTarget"))
    assert rows(changes([], both)) == [("iris", "1,000 requests", "$0.0014")]
    assert rows(changes([], world(metric=counting("RequestCountPerTarget", "TargetResponseTime")))) == []


def test_tokens_cost_what_the_stated_throughput_makes_of_an_hour() -> None:
    stated = {"components": {"iris": {"tokensPerSecond": 100}}}
    # 0.04937 an hour over 360,000 tokens.
    assert ("iris", "1 million output tokens", "$0.14") in rows(changes([], world()), stated)
    assert len(rows(changes([], world()))) == 1


def test_of_what_is_removed_nothing_is_known_afterwards() -> None:
    assert rows(changes(world(), [])) == [("iris", "1,000 requests", "$0.0014", "not known")]


def test_a_use_that_nobody_has_is_refused_and_not_computed() -> None:
    with pytest.raises(UsageError, match="logGb"):
        read_usage({"logGb": 1.0e308})

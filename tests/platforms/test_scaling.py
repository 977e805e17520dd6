"""What makes replicas of an endpoint on ECS more or fewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS, parallel_requests
from modelinfra.graph.model import Graph
from tests.platforms.worlds import ALARM, SCALING_POLICY, TARGET_GROUP, deployed, refusal

CANARY = {"strategy": "canary"}


def tracked(graph: Graph, suffix: str) -> dict[str, Any]:
    """The configuration of the policy `digits-<suffix>`."""
    (found,) = (node for node in graph.all(SCALING_POLICY) if node.name == f"digits-{suffix}")
    configuration: dict[str, Any] = found.inputs["targetTrackingScalingPolicyConfiguration"]
    return configuration


def queries(configuration: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in configuration["customizedMetricSpecification"]["metrics"]}


def in_flight(configuration: dict[str, Any], *, requests: float, seconds: float | None) -> float | None:
    """What CloudWatch makes of the expressions in one minute: missing data is missing in what is computed of it, unless it is filled."""
    found = queries(configuration)
    metrics = {"requests1": requests, "seconds1": seconds}

    def fill(value: float | None, instead: float) -> float:
        return instead if value is None else value

    def choose(condition: bool, one: float, other: float) -> float:
        return one if condition else other

    names: dict[str, Any] = {"FILL": fill, "IF": choose, **metrics}
    names["inflight"] = eval(found["inflight"]["expression"], {}, names)
    value: float = eval(found["bounded"]["expression"], {}, names)
    return value


def test_requests_per_second_become_the_metrics_requests_per_minute(tmp_path: Path) -> None:
    graph = deployed(tmp_path, scaling={"max": 6, "requests_per_second_per_replica": 2.5, "scale_in_cooldown": "10m"})
    tracking = tracked(graph, "by-requests")
    assert (tracking["targetValue"], tracking["scaleInCooldown"]) == (150, 600)
    metric = tracking["predefinedMetricSpecification"]
    assert metric["predefinedMetricType"] == "ALBRequestCountPerTarget"
    balancer, group = graph.one("aws:lb/loadBalancer:LoadBalancer"), graph.one(TARGET_GROUP)
    assert metric["resourceLabel"] == f"{balancer.outputs['arnSuffix']}/{group.outputs['arnSuffix']}"


@pytest.mark.parametrize(
    ("scaling", "policies"),
    [
        ({"min": 2}, {}),
        ({"max": 4}, {"digits-by-concurrency": 0.6}),
        ({"max": 4, "concurrency": 3}, {"digits-by-concurrency": 3}),
        ({"max": 4, "cpu_percent": 55}, {"digits-by-cpu": 55}),
        ({"max": 4, "memory_percent": 70}, {"digits-by-memory": 70}),
        ({"max": 4, "cpu_percent": 55, "memory_percent": 70}, {"digits-by-cpu": 55, "digits-by-memory": 70}),
    ],
)
def test_each_metric_that_is_named_has_a_policy(
    tmp_path: Path, scaling: dict[str, Any], policies: dict[str, int]
) -> None:
    graph = deployed(tmp_path, scaling=scaling)
    assert {
        node.name: node.inputs["targetTrackingScalingPolicyConfiguration"]["targetValue"]
        for node in graph.all(SCALING_POLICY)
    } == policies


def test_in_flight_is_what_arrives_at_a_replica_times_how_long_it_stays(tmp_path: Path) -> None:
    configuration = tracked(deployed(tmp_path, scaling={"max": 4, "concurrency": 8}), "by-concurrency")
    assert in_flight(configuration, requests=120, seconds=2.5) == 5
    metrics = {
        name: (each["metricStat"]["metric"]["metricName"], each["metricStat"]["stat"])
        for name, each in queries(configuration).items()
        if "metricStat" in each
    }
    assert metrics == {"requests1": ("RequestCountPerTarget", "Sum"), "seconds1": ("TargetResponseTime", "Average")}
    assert [name for name, each in queries(configuration).items() if each["returnData"]] == ["bounded"]


def test_an_idle_endpoint_has_none_in_flight_and_not_no_data(tmp_path: Path) -> None:
    configuration = tracked(deployed(tmp_path, scaling={"max": 4, "concurrency": 8}), "by-concurrency")
    assert in_flight(configuration, requests=0, seconds=None) == 0


def test_where_nothing_is_answered_everything_that_came_is_in_flight(tmp_path: Path) -> None:
    configuration = tracked(deployed(tmp_path, scaling={"max": 4, "concurrency": 8}), "by-concurrency")
    assert in_flight(configuration, requests=11, seconds=None) == 11


def test_a_queue_that_grows_without_end_adds_half_of_the_replicas_at_a_time(tmp_path: Path) -> None:
    configuration = tracked(deployed(tmp_path, scaling={"max": 40, "concurrency": 8}), "by-concurrency")
    assert in_flight(configuration, requests=6000, seconds=55) == 12


def test_of_two_sets_of_replicas_both_are_counted(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path, rollout=CANARY, scaling={"max": 4, "concurrency": 3, "requests_per_second_per_replica": 5}
    )
    groups = {node.outputs["arnSuffix"] for node in graph.all(TARGET_GROUP)}
    assert len(groups) == 2
    for suffix in ("by-concurrency", "by-requests"):
        counted = {
            dimension["value"]
            for each in queries(tracked(graph, suffix)).values()
            if "metricStat" in each
            for dimension in each["metricStat"]["metric"]["dimensions"]
            if dimension["name"] == "TargetGroup"
        }
        assert counted == groups
    by_requests = tracked(graph, "by-requests")
    assert by_requests["targetValue"] == 300
    assert queries(by_requests)["total"]["expression"] == "requests1 + requests2"


def test_a_step_waits_for_replicas_to_start_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    for scaling, seconds in (({}, 240 + 180), ({"scale_out_cooldown": "2m"}, 120)):
        graph = deployed(tmp_path, startup_budget="3m30s", scaling={"max": 4, **scaling})
        assert tracked(graph, "by-concurrency")["scaleOutCooldown"] == seconds


def test_a_server_that_streams_scales_by_cpu_since_nobody_sees_how_many_are_in_flight(tmp_path: Path) -> None:
    llama: dict[str, Any] = {"server": "llama-cpp", "model": {"name": "llama", "size": "1GiB"}}
    image = "a.example/llama@sha256:" + "0" * 64
    graph = deployed(tmp_path, scaling={"max": 4}, image=image, longest_request="50s", **llama)
    assert tracked(graph, "by-cpu")["targetValue"] == 60


@pytest.mark.parametrize(
    ("server", "vcpus", "accelerators", "parallel"),
    [
        ("mlserver", 4, 0, 1),
        ("tensorflow-serving", 4, 0, 4),
        ("tensorflow-serving", 0.25, 0, 1),
        ("torchserve", 4, 2, 2),
        ("triton", 16, 4, 4),
        ("triton", 16, 0, 1),
    ],
)
def test_the_catalogue_knows_what_a_replica_works_on_at_once(
    server: str, vcpus: float, accelerators: int, parallel: int
) -> None:
    assert parallel_requests(SERVERS[server], vcpus, accelerators) == parallel


def test_a_target_without_room_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, scaling={"min": 2, "concurrency": 2})
    assert any(
        "scaling.concurrency (given: 2): a target has no effect while `max` equals `min`" in line for line in said
    )


def guards(graph: Graph) -> list[dict[str, Any]]:
    return [node.inputs for node in graph.all(ALARM) if node.name.endswith("latency-guard")]


def test_a_promised_latency_is_guarded_by_a_policy_that_only_adds(tmp_path: Path) -> None:
    graph = deployed(tmp_path, startup_budget="2m", scaling={"max": 6}, slo={"p95_latency_ms": 200})
    (policy,) = (node for node in graph.all(SCALING_POLICY) if node.name == "digits-latency-guard")
    steps = policy.inputs["stepScalingPolicyConfiguration"]
    assert [each["scalingAdjustment"] for each in steps["stepAdjustments"]] == [25, 50]
    assert [each["metricIntervalLowerBound"] for each in steps["stepAdjustments"]] == ["0", "0.2"]
    assert (steps["minAdjustmentMagnitude"], steps["cooldown"]) == (1, 120 + 180)
    (alarm,) = guards(graph)
    assert alarm["alarmActions"] == [policy.outputs["arn"]]
    assert (alarm["extendedStatistic"], alarm["threshold"], alarm["evaluationPeriods"]) == ("p95", 0.2, 2)
    # Kept in ALARM by a handful of requests it would add replicas for ever.
    assert alarm["evaluateLowSampleCountPercentiles"] == "evaluate"
    assert alarm["treatMissingData"] == "notBreaching"


def test_the_guards_own_limit_wins_over_the_promise_and_each_set_of_replicas_has_its_alarm(tmp_path: Path) -> None:
    scaling = {"max": 6, "p95_latency_ms": 150}
    graph = deployed(tmp_path, scaling=scaling, slo={"p95_latency_ms": 200}, rollout=CANARY)
    assert [each["threshold"] for each in guards(graph)] == [0.15, 0.15]
    assert len({each["dimensions"]["TargetGroup"] for each in guards(graph)}) == 2


def test_without_a_promise_or_without_room_there_is_no_guard(tmp_path: Path) -> None:
    assert guards(deployed(tmp_path, scaling={"max": 6}, slo={"p99_latency_ms": 200})) == []
    assert guards(deployed(tmp_path, slo={"p95_latency_ms": 200})) == []
    said = refusal(tmp_path, scaling={"p95_latency_ms": 200})
    assert any("scaling.p95_latency_ms (given: 200)" in line for line in said)

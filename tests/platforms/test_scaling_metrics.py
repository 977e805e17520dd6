"""Metrics, steps and points in time that a user names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from tests.platforms.worlds import ALARM, SCALING_POLICY, SCALING_TARGET, SERVICE, deployed, refusal

SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"
WAITING = {"namespace": "Acme/Digits", "name": "Waiting", "dimensions": {"Service": "digits"}}
DAY = {"at": "cron(0 8 ? * MON-FRI *)", "timezone": "Europe/Vienna", "min": 4}
NIGHT = {"at": "cron(0 20 ? * MON-FRI *)", "timezone": "Europe/Vienna"}


def policies(graph: Graph) -> dict[str, dict[str, Any]]:
    return {node.name.removeprefix("digits-"): node.inputs for node in graph.all(SCALING_POLICY)}


def test_a_metric_is_held_at_its_target_and_takes_the_place_of_the_default(tmp_path: Path) -> None:
    graph = deployed(tmp_path, scaling={"max": 6, "metrics": {"waiting": {**WAITING, "target": 5}}})
    (policy,) = policies(graph).values()
    tracking = policy["targetTrackingScalingPolicyConfiguration"]
    assert tracking["targetValue"] == 5
    assert tracking["customizedMetricSpecification"] == {
        "namespace": "Acme/Digits",
        "metricName": "Waiting",
        "statistic": "Average",
        "dimensions": [{"name": "Service", "value": "digits"}],
    }


def test_a_total_is_divided_by_the_replicas_that_container_insights_counts(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path,
        scaling={"max": 6, "metrics": {"waiting": {**WAITING, "statistic": "Maximum", "target_per_replica": 3}}},
    )
    (policy,) = policies(graph).values()
    tracking = policy["targetTrackingScalingPolicyConfiguration"]
    ratio, total, replicas = tracking["customizedMetricSpecification"]["metrics"]
    assert (tracking["targetValue"], ratio["expression"], ratio["returnData"]) == (3, "total / replicas", True)
    assert (total["metricStat"]["metric"]["metricName"], total["metricStat"]["stat"]) == ("Waiting", "Maximum")
    counted = replicas["metricStat"]["metric"]
    assert (counted["namespace"], counted["metricName"]) == ("ECS/ContainerInsights", "RunningTaskCount")
    service = graph.one(SERVICE)
    assert {each["name"]: each["value"] for each in counted["dimensions"]} == {
        "ClusterName": graph.one("aws:ecs/cluster:Cluster").outputs["name"],
        "ServiceName": service.outputs["name"],
    }


def test_where_nothing_counts_replicas_a_total_is_refused(tmp_path: Path) -> None:
    scaling = {"max": 6, "metrics": {"waiting": {**WAITING, "target_per_replica": 3}}}
    said = refusal(tmp_path, cluster={"container_insights": "disabled"}, scaling=scaling)
    assert any("Container Insights counts the replicas, and it is disabled on the platform" in line for line in said)


def test_several_targets_are_several_policies_of_one_scaling_target(tmp_path: Path) -> None:
    metrics = {name: {**WAITING, "name": name, "target": 5} for name in ("waiting", "concurrency")}
    graph = deployed(tmp_path, scaling={"max": 6, "concurrency": 4, "metrics": metrics})
    assert set(policies(graph)) == {"by-concurrency", "metric-waiting", "metric-concurrency"}
    assert {each["resourceId"] for each in policies(graph).values()} == {graph.one(SCALING_TARGET).inputs["resourceId"]}


def test_steps_upwards_are_counted_from_where_the_alarm_begins(tmp_path: Path) -> None:
    add = [{"above": 100, "replicas": 4}, {"above": 20, "replicas": 1}]
    graph = deployed(tmp_path, scaling={"max": 6, "steps": {"rush": {**WAITING, "minutes": 3, "add": add}}})
    assert set(policies(graph)) == {"by-concurrency", "steps-rush-up"}, "what adds only stands beside a target"
    policy = policies(graph)["steps-rush-up"]
    assert policy["stepScalingPolicyConfiguration"]["stepAdjustments"] == [
        {"scalingAdjustment": 1, "metricIntervalLowerBound": "0", "metricIntervalUpperBound": "80"},
        {"scalingAdjustment": 4, "metricIntervalLowerBound": "80"},
    ]
    (alarm,) = (node.inputs for node in graph.all(ALARM) if node.name == "digits-steps-rush-up")
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (20, "GreaterThanThreshold")
    assert (alarm["evaluationPeriods"], alarm["treatMissingData"]) == (3, "notBreaching")


def test_steps_both_ways_take_the_place_of_a_target(tmp_path: Path) -> None:
    steps = {
        **WAITING,
        "add": [{"above": 20, "replicas": 2}],
        "remove": [{"below": 2, "replicas": 3}, {"below": 5, "replicas": 1}],
    }
    graph = deployed(tmp_path, scaling={"max": 6, "scale_in_cooldown": "10m", "steps": {"rush": steps}})
    assert set(policies(graph)) == {"steps-rush-up", "steps-rush-down"}
    down = policies(graph)["steps-rush-down"]["stepScalingPolicyConfiguration"]
    assert down["stepAdjustments"] == [
        {"scalingAdjustment": -1, "metricIntervalLowerBound": "-3", "metricIntervalUpperBound": "0"},
        {"scalingAdjustment": -3, "metricIntervalUpperBound": "-3"},
    ]
    assert down["cooldown"] == 600
    (alarm,) = (node.inputs for node in graph.all(ALARM) if node.name == "digits-steps-rush-down")
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (5, "LessThanThreshold")
    (policy,) = (node for node in graph.all(SCALING_POLICY) if node.name == "digits-steps-rush-down")
    assert alarm["alarmActions"] == [policy.outputs["arn"]]


def actions(graph: Graph) -> dict[str, dict[str, Any]]:
    return {node.name.removeprefix("digits-at-"): node.inputs for node in graph.all(SCHEDULED)}


def test_a_point_in_time_without_a_limit_of_its_own_goes_back_to_the_endpoints(tmp_path: Path) -> None:
    graph = deployed(tmp_path, scaling={"min": 2, "max": 9, "schedule": {"day": DAY, "night": NIGHT}})
    found = actions(graph)
    assert found["day"]["scalableTargetAction"] == {"minCapacity": 4}
    assert found["night"]["scalableTargetAction"] == {"minCapacity": 2}
    assert {(each["schedule"], each["timezone"]) for each in found.values()} == {
        (each["at"], each["timezone"]) for each in (DAY, NIGHT)
    }


@pytest.mark.parametrize(
    ("more", "owned"),
    [({}, ["minCapacity"]), ({"max": 6}, ["minCapacity", "maxCapacity"])],
)
def test_what_the_schedule_writes_has_no_second_writer_and_the_other_limit_stays_pulumis(
    tmp_path: Path, more: dict[str, int], owned: list[str]
) -> None:
    schedule = {"day": {**DAY, **more}, "night": NIGHT}
    target = deployed(tmp_path, scaling={"min": 2, "max": 9, "schedule": schedule}).one(SCALING_TARGET)
    assert target.ignore_changes == owned
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (2, 9)


def test_without_a_schedule_both_limits_are_pulumis(tmp_path: Path) -> None:
    assert deployed(tmp_path, scaling={"max": 9}).one(SCALING_TARGET).ignore_changes == []


@pytest.mark.parametrize(
    "at",
    [
        "cron(*/15 8-18 ? * MON,WED,FRI *)",
        "cron(0 0 1W * ? 2027-2030)",
        "cron(5 4 L 1/3 ? *)",
        "cron(0 9 ? JAN-mar 2#1 *)",
    ],
)
def test_expressions_that_aws_documents_are_taken(tmp_path: Path, at: str) -> None:
    graph = deployed(tmp_path, scaling={"max": 9, "schedule": {"day": {**DAY, "at": at}, "night": NIGHT}})
    assert actions(graph)["day"]["schedule"] == at


def test_the_preview_says_what_is_scaled_by_and_when_a_scheduled_limit_that_is_edited_reaches_aws(
    tmp_path: Path,
) -> None:
    graph = deployed(
        tmp_path,
        server="torchserve",
        image="a.example/served@sha256:" + "0" * 64,
        model={"name": "digits", "size": "1GiB"},
        cpu=4,
        longest_request="50s",
        startup_budget="5m",
        scaling={"max": 9, "schedule": {"day": DAY, "night": NIGHT}},
    )
    said = " ".join(entry["message"] for entry in graph.logs)
    assert (
        "scales at 2.8 requests in flight per replica: TorchServe works on 4 at once, and 70 % of it leaves room while replicas start; "
        "a step waits 8m for the one before"
    ) in said
    assert "the schedule writes `scaling.min`: an edit of that reaches AWS with the next of: night" in said

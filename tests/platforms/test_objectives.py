"""Alarms of what an endpoint promises, and whoever is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra import Environment
from modelinfra.graph.model import Graph
from modelinfra.platforms.ecs.objectives import BURNS
from tests.making import captured, document, write_model
from tests.platforms.worlds import ALARM, SERVICE, deployed, refusal

COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TOPIC = "arn:aws:sns:us-west-2:123456789012:alarms"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
SLO = {"availability": 99.9, "p95_latency_ms": 200, "p99_latency_ms": 500}


def alarms(graph: Graph, part: str) -> list[dict[str, Any]]:
    return [node.inputs for node in graph.all(ALARM) if part in node.name]


def test_without_a_promise_or_a_listener_there_are_only_the_alarms_of_deployments(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    assert len(graph.all(ALARM)) == 2
    assert graph.all(COMPOSITE) == graph.all(RULE) == []
    assert [node.inputs for node in graph.all(ALARM) if "alarmActions" in node.inputs] == []


def test_latency_is_watched_by_percentiles_that_a_handful_of_requests_does_not_move(tmp_path: Path) -> None:
    p95, p99 = sorted(alarms(deployed(tmp_path, slo=SLO), "-p9"), key=lambda each: each["extendedStatistic"])
    assert [(each["extendedStatistic"], each["threshold"]) for each in (p95, p99)] == [("p95", 0.2), ("p99", 0.5)]
    assert (p99["datapointsToAlarm"], p99["evaluationPeriods"], p99["period"]) == (3, 5, 60)
    assert p99["evaluateLowSampleCountPercentiles"] == "ignore"
    assert p99["treatMissingData"] == "notBreaching"


def test_availability_is_told_when_errors_burn_fast_in_a_long_window_and_still_now(tmp_path: Path) -> None:
    graph = deployed(tmp_path, slo=SLO, alarm_topic_arn=TOPIC)
    windows = {
        (each["threshold"], query["metric"]["period"])
        for each in alarms(graph, "burn")
        for query in each["metricQueries"]
        if "metric" in query
    }
    assert windows == {(14.4, 3600), (14.4, 300), (6, 21600), (6, 1800)}
    names = {node.outputs["name"]: node for node in graph.all(ALARM)}
    for composite in graph.all(COMPOSITE):
        watched = [name for name in names if f'ALARM("{name}")' in composite.inputs["alarmRule"]]
        assert (len(watched), composite.inputs["alarmRule"].count(" AND ")) == (2, 1)
        assert composite.inputs["alarmActions"] == [TOPIC]
        # Windows by themselves tell nobody.
        assert not any("alarmActions" in names[name].inputs for name in watched)


@pytest.mark.parametrize(("promised", "budget"), [(99.9, "0.1"), (99.99, "0.01"), (99.95, "0.05"), (90, "10")])
def test_what_is_left_is_a_hundred_less_what_is_promised(tmp_path: Path, promised: float, budget: str) -> None:
    queries = alarms(deployed(tmp_path, slo={"availability": promised}), "burn-fast-60m")[0]["metricQueries"]
    assert queries[0]["expression"] == f"IF(requests > 0, 100 * errors / requests / {budget}, 0)"


def test_the_windows_are_ones_that_cloudwatch_evaluates() -> None:
    # CloudWatch API, PutMetricAlarm: a period is a multiple of 60; evaluation periods times period are a day at most.
    for burn in BURNS:
        assert burn.short < burn.long <= 86_400
        assert burn.short % 60 == burn.long % 60 == 0


def test_that_no_replica_serves_is_told_also_where_there_is_no_metric(tmp_path: Path) -> None:
    (alarm,) = alarms(deployed(tmp_path, alarm_topic_arn=TOPIC), "no-replica")
    assert (alarm["metricName"], alarm["statistic"], alarm["threshold"]) == ("HealthyHostCount", "Maximum", 1)
    assert (alarm["treatMissingData"], alarm["alarmActions"]) == ("breaching", [TOPIC])


def test_where_traffic_moves_only_two_empty_sets_of_replicas_are_trouble(tmp_path: Path) -> None:
    graph = deployed(tmp_path, alarm_topic_arn=TOPIC, rollout={"strategy": "canary"})
    assert not any("alarmActions" in each for each in alarms(graph, "no-replica"))
    (both,) = graph.all(COMPOSITE)
    assert both.inputs["alarmActions"] == [TOPIC]
    assert both.inputs["alarmRule"].count("ALARM(") == 2


def test_deployments_of_this_service_that_fail_are_told(tmp_path: Path) -> None:
    graph = deployed(tmp_path, alarm_topic_arn=TOPIC)
    pattern = json.loads(graph.one(RULE).inputs["eventPattern"])
    assert pattern["resources"] == [graph.one(SERVICE).outputs["arn"]]
    assert pattern["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
    assert graph.one(TARGET).inputs["arn"] == TOPIC


def environment(root: Path, **options: Any) -> Graph:
    write_model(root / "model")

    def program() -> None:
        endpoint = {"server": "mlserver", "model": "model", "slo": SLO}
        Environment("prod", {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"digits": endpoint}, **options})

    return captured(program, root)


def test_an_environment_tells_whoever_it_names(tmp_path: Path) -> None:
    graph = environment(tmp_path, notify={"emails": ["on-call@example.com"]})
    topic = graph.one("aws:sns/topic:Topic")
    assert graph.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "on-call@example.com"
    cloudwatch, events = document(graph.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])
    assert cloudwatch["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    told = {arn for node in (*graph.all(ALARM), *graph.all(COMPOSITE)) for arn in node.inputs.get("alarmActions", ())}
    assert told == {topic.outputs["arn"]}


def test_a_topic_that_is_handed_in_is_told_and_not_changed(tmp_path: Path) -> None:
    graph = environment(tmp_path, notify={"topic_arn": TOPIC})
    assert graph.all("aws:sns/topic:Topic") == graph.all("aws:sns/topicPolicy:TopicPolicy") == []
    assert graph.one(TARGET).inputs["arn"] == TOPIC


@pytest.mark.parametrize(
    ("slo", "said"),
    [
        ({}, "slo (given: {}): nothing is promised here"),
        ({"availability": 100}, "the most is 99.99"),
        ({"p95_latency_ms": 500, "p99_latency_ms": 200}, "this is less than `p95_latency_ms`, which is 500"),
    ],
)
def test_promises_that_nobody_can_keep_or_that_are_none_are_refused(
    tmp_path: Path, slo: dict[str, Any], said: str
) -> None:
    assert any(said in line for line in refusal(tmp_path, slo=slo)), refusal(tmp_path, slo=slo)


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        ({}, "nobody is named here"),
        ({"emails": ["on-call"]}, "this is no address"),
        ({"emails": ["a@example.com", "a@example.com"]}, "this stands here twice"),
        ({"topic_arn": TOPIC, "emails": ["a@example.com"]}, "an existing topic (`topic_arn`) is not changed"),
    ],
)
def test_a_listener_that_is_none_is_refused(tmp_path: Path, notify: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match="nothing was created") as error:
        environment(tmp_path, notify=notify)
    assert said in str(error.value)


def test_two_stacks_with_endpoints_of_one_name_do_not_overwrite_each_others_alarms(tmp_path: Path) -> None:
    write_model(tmp_path / "model")

    def program() -> None:
        endpoint = {"server": "mlserver", "model": "model", "slo": SLO}
        Environment("prod", {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"digits": endpoint}})

    names = [
        {each.inputs["alarmName"] for each in captured(program, tmp_path, project=project).all(COMPOSITE)}
        for project in ("maps", "search")
    ]
    assert len(names[0] | names[1]) == 4

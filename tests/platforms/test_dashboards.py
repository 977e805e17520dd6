"""Dashboards: of every endpoint, and the overview of an environment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from modelinfra import Environment
from modelinfra.components.overview import ENDPOINTS_ON_A_PAGE, overview_body
from modelinfra.graph.model import Graph
from modelinfra.platforms.ecs.dashboard import signals_of
from modelinfra.platforms.signals import Signals
from modelinfra.platforms.widgets import MOST_ALARMS, alarm_rows, body, graph
from tests.making import REGION, captured, write_model
from tests.platforms.worlds import ALARM, LOAD_BALANCER, SERVICE, TARGET_GROUP, deployed

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
SLO = {"availability": 99.9, "p95_latency_ms": 200, "p99_latency_ms": 500}

Widgets = list[dict[str, Any]]


def widgets(text: str) -> Widgets:
    found: Widgets = json.loads(text)["widgets"]
    return found


def shown(root: Path, **options: Any) -> tuple[Graph, Widgets]:
    seen = deployed(root, **options)
    return seen, widgets(seen.one(DASHBOARD).inputs["dashboardBody"])


def titled(found: Widgets, title: str) -> dict[str, Any]:
    (one,) = (each["properties"] for each in found if each["properties"].get("title") == title)
    return dict(one)


def labels(properties: dict[str, Any]) -> list[str]:
    return [line[-1]["label"] for line in properties["metrics"] if "label" in line[-1]]


def metrics(found: Widgets) -> list[list[Any]]:
    lines = [line for each in found for line in each["properties"].get("metrics", ())]
    return [line for line in lines if isinstance(line[0], str)]


def test_a_dashboard_shows_requests_errors_times_replicas_and_saturation(tmp_path: Path) -> None:
    _, found = shown(tmp_path)
    said = {each["properties"]["title"]: labels(each["properties"]) for each in found if each["type"] == "metric"}
    assert said == {
        "Requests a minute": ["requests"],
        "Answered with 5xx, percent": ["5xx"],
        "Seconds to answer": ["p50", "p95", "p99"],
        "Replicas": ["healthy", "running", "desired", "pending"],
        "Processor and memory, percent": [
            "processor, average",
            "processor, busiest replica",
            "memory, average",
            "memory, busiest replica",
        ],
        "Answers that went wrong, a minute": ["5xx", "4xx", "no connection to a replica"],
    }


def test_it_looks_at_this_endpoint_and_no_other(tmp_path: Path) -> None:
    seen, found = shown(tmp_path)
    suffix = {"LoadBalancer": LOAD_BALANCER, "TargetGroup": TARGET_GROUP}
    dimensions = {name: seen.one(type_).outputs["arnSuffix"] for name, type_ in suffix.items()}
    dimensions |= {"ClusterName": seen.one("aws:ecs/cluster:Cluster").outputs["name"]}
    dimensions |= {"ServiceName": seen.one(SERVICE).outputs["name"]}
    for _, _, *words, _ in metrics(found):
        assert words, "a metric of everything"
        assert {name: dimensions[name] for name in words[::2]} == dict(zip(words[::2], words[1::2], strict=True))
    assert {each["properties"]["region"] for each in found if each["type"] == "metric"} == {REGION}


def test_where_traffic_moves_both_sets_of_replicas_are_seen(tmp_path: Path) -> None:
    seen, found = shown(tmp_path, rollout={"strategy": "canary"})
    groups = {each.outputs["arnSuffix"] for each in seen.all(TARGET_GROUP)}
    assert len(groups) == 2
    balanced = {line[5] for line in metrics(found) if line[2] == "LoadBalancer"}
    assert balanced == groups
    assert labels(titled(found, "Requests a minute")) == ["requests, first set", "requests, second set"]
    assert labels(titled(found, "Answered with 5xx, percent")) == ["5xx, first set", "5xx, second set"]


def test_both_protocols_of_both_sets_are_told_apart(tmp_path: Path) -> None:
    domain = {"domain": "digits.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
    _, found = shown(tmp_path, rollout={"strategy": "canary"}, exposure={**domain, "grpc": {}})
    assert labels(titled(found, "Requests a minute")) == [
        "requests, HTTP first set",
        "requests, HTTP second set",
        "requests, gRPC first set",
        "requests, gRPC second set",
    ]


def test_alarms_that_speak_for_themselves_are_shown_and_windows_of_them_are_not(tmp_path: Path) -> None:
    seen, found = shown(tmp_path, slo=SLO, alarm_topic_arn="arn:aws:sns:us-west-2:123456789012:alarms")
    told = {each.outputs["arn"] for each in (*seen.all(ALARM), *seen.all(COMPOSITE)) if "-burn-" not in each.name}
    assert set(titled(found, "Alarms")["alarms"]) == told
    assert len(told) == 7


def test_what_is_promised_is_drawn_across_in_seconds(tmp_path: Path) -> None:
    _, found = shown(tmp_path, slo=SLO, rollback={"error_percent": 2})
    lines = {
        mark["label"]: mark["value"]
        for each in found
        for mark in each["properties"].get("annotations", {}).get("horizontal", ())
    }
    assert lines == {"p95 promised": 0.2, "p99 promised": 0.5, "takes a deployment back": 2}


def test_metrics_that_a_cluster_does_not_count_are_not_asked_for(tmp_path: Path) -> None:
    _, found = shown(tmp_path, cluster={"container_insights": "disabled"})
    assert labels(titled(found, "Replicas")) == ["healthy"]
    assert not [line for line in metrics(found) if line[0] == "ECS/ContainerInsights"]


def test_without_a_dashboard_there_is_none(tmp_path: Path) -> None:
    assert deployed(tmp_path, dashboard=False).all(DASHBOARD) == []


def test_widgets_fill_the_width_and_do_not_lie_on_each_other() -> None:
    rows = [[graph("a", REGION, [])], [graph(each, REGION, []) for each in "bcd"], [graph("e", REGION, [])]]
    cells = [
        (x, y)
        for each in widgets(body(rows))
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells)) == 24 * 18


def test_alarms_that_one_widget_does_not_hold_get_another() -> None:
    rows = alarm_rows("Alarms", [str(each) for each in range(MOST_ALARMS + 1)])
    assert [len(row[0]["properties"]["alarms"]) for row in rows] == [MOST_ALARMS, 1]
    assert alarm_rows("Alarms", []) == []


def many(count: int, sets: int = 1) -> list[Signals]:
    return [
        signals_of(f"e{each}", REGION, {f"set {one}": {"TargetGroup": f"{each}-{one}"} for one in range(sets)}, [])
        for each in range(count)
    ]


@pytest.mark.parametrize("sets", [1, 2])
def test_the_overview_has_one_line_for_an_endpoint_in_every_graph(sets: int) -> None:
    found = widgets(overview_body(many(3, sets)))
    assert [labels(each["properties"]) for each in found] == [["e0", "e1", "e2"]] * 4


@pytest.mark.parametrize("sets", [1, 2])
def test_every_expression_of_the_overview_finds_its_metrics(sets: int) -> None:
    for each in widgets(overview_body(many(3, sets))):
        lines = [line[-1] for line in each["properties"]["metrics"]]
        ids = [line["id"] for line in lines if "id" in line]
        assert len(ids) == len(set(ids))
        assert all(re.fullmatch(r"[a-z][a-zA-Z0-9_]*", id_) for id_ in ids)
        used = {word for line in lines for word in re.findall(r"FILL\((\w+),", line.get("expression", ""))}
        assert used == {line["id"] for line in lines if line.get("visible") is False}


def test_a_full_page_stays_within_what_cloudwatch_shows() -> None:
    # CloudWatch user guide, service quotas: 500 metrics in a widget; the ones that are only computed with count.
    found = widgets(overview_body(many(ENDPOINTS_ON_A_PAGE, sets=2)))
    assert len(metrics(found)) <= 500


def environment(root: Path, count: int = 2, **options: Any) -> Graph:
    write_model(root / "model")
    endpoint = {"server": "mlserver", "model": "model", "dashboard": False}

    def program() -> None:
        endpoints = {f"digits-{each}": endpoint for each in range(count)}
        Environment("prod", {"platforms": {"web": {"type": "ecs"}}, "endpoints": endpoints, **options})

    return captured(program, root)


def test_an_environment_has_an_overview_of_its_endpoints(tmp_path: Path) -> None:
    found = widgets(environment(tmp_path).one(DASHBOARD).inputs["dashboardBody"])
    assert labels(titled(found, "Requests a minute")) == ["prod-digits-0", "prod-digits-1"]
    assert len(titled(found, "Alarms")["alarms"]) == 4


def test_an_environment_without_endpoints_or_wish_has_no_overview(tmp_path: Path) -> None:
    assert environment(tmp_path, count=0).all(DASHBOARD) == []
    assert environment(tmp_path, dashboard=False).all(DASHBOARD) == []


def test_two_stacks_with_endpoints_of_one_name_do_not_overwrite_each_others_dashboards(tmp_path: Path) -> None:
    write_model(tmp_path / "model")

    def program() -> None:
        endpoint = {"server": "mlserver", "model": "model"}
        Environment("prod", {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"digits": endpoint}})

    names = [
        {each.inputs["dashboardName"] for each in captured(program, tmp_path, project=project).all(DASHBOARD)}
        for project in ("maps", "search")
    ]
    assert len(names[0] | names[1]) == 4
    assert all(re.fullmatch(r"prod-(digits-dashboard|overview)-[0-9a-f]{6}", name) for name in names[0])

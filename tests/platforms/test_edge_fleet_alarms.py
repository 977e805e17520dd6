"""A fleet whose devices are nodes, watched by the cluster's own Prometheus: what it asks, when it tells, and whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from tests.kubernetes.prometheus import Story, complaints, unreadable
from tests.kubernetes.schemas import complaints as of_schema
from tests.kubernetes.test_alarms import ALERTS, MONITOR, RULE
from tests.kubernetes.worlds import manifests
from tests.making import inputs
from tests.platforms.test_edge_fleet import TWO_RINGS
from tests.platforms.test_edge_fleet_kubernetes import BUILDING, K3S, TOKENS, environment, fleet, refusal

KINDS = {"unavailable", "handed-over", "refused", "lost", "latency", "store", "temperature"}
OPERATOR: dict[str, Any] = {"prometheus": {"operator": True, "labels": {"release": "prom"}}}


def watched(root: Path, platform: dict[str, Any] | None = None, **options: Any) -> Graph:
    return environment(root, TOKENS, {**BUILDING, **(platform or OPERATOR)}, rings=TWO_RINGS, **options)


def rules(graph: Graph, ring: str = "canary", name: str = "dev-stores") -> dict[str, dict[str, Any]]:
    """Kind -> its rule."""
    (group,) = [each for each in inputs(graph, RULE)["spec"]["groups"] if each["name"] == f"{name}-{ring}"]
    start = f"{name}-{ring}-"
    return {each["alert"].removeprefix(start): each for each in group["rules"]}


def test_prometheus_asks_the_routers_and_has_an_alarm_of_each_kind_for_each_ring(tmp_path: Path) -> None:
    graph = watched(tmp_path, alarms={"refused_percent": 3})
    monitor = inputs(graph, MONITOR)
    assert monitor["metadata"]["labels"] == {"release": "prom"}
    (asked,) = monitor["spec"]["podMetricsEndpoints"]
    assert (asked["port"], asked["path"]) == ("router", "/metrics")
    for ring in ("canary", "shops"):
        found = rules(graph, ring)
        assert set(found) == KINDS
        assert {(each["labels"]["fleet"], each["labels"]["ring"]) for each in found.values()} == {("dev-stores", ring)}
        assert found["refused"]["expr"].endswith("> 3")
    in_cloudwatch = graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert not [node for node in in_cloudwatch if node.name.startswith("dev-stores")]
    assert [found for each in manifests(graph) for found in of_schema(each)] == []


def test_a_kind_that_is_off_has_no_rule_and_without_the_operator_there_is_nothing(tmp_path: Path) -> None:
    assert set(rules(watched(tmp_path, alarms={"off": ["temperature"]}))) == KINDS - {"temperature"}
    for token in (MONITOR, RULE, ALERTS):
        assert not environment(tmp_path, TOKENS).all(token)
    said = refusal(tmp_path, None, {}, {"fallback": "heavy", "alarms": {"lost": 3}})
    assert any("with `prometheus.operator` of the platform it has their alarms" in line for line in said)


def test_prometheus_has_its_alarms_also_where_cloudwatch_is_told_nothing(tmp_path: Path) -> None:
    assert rules(watched(tmp_path, telemetry=False, alarms={"lost": 3}))["lost"]["expr"].endswith("> 3")


def test_devices_without_a_router_are_looked_at_and_their_server_is_asked(tmp_path: Path) -> None:
    graph = fleet(tmp_path, {**K3S, **OPERATOR}, rings=TWO_RINGS)
    assert set(rules(graph, name="stores")) == {"unavailable"}
    (asked,) = inputs(graph, MONITOR)["spec"]["podMetricsEndpoints"]
    assert asked["port"] == "metrics"


def test_alertmanager_tells_from_the_fleets_own_namespace(tmp_path: Path) -> None:
    platform = {"prometheus": {"operator": True, "alerts": {"webhook": "pager/url"}}}
    graph = watched(tmp_path, platform)
    both = [inputs(graph, ALERTS, node.name) for node in graph.all(ALERTS)]
    told = [each for each in both if each["metadata"]["name"] != "endpoints"]
    assert told[0]["metadata"]["namespace"] == "dev-stores"
    (matcher,) = told[0]["spec"]["route"]["matchers"]
    assert matcher["name"] == "fleet"
    assert any("the secret pager, which must be in the fleet's own namespace" in each["message"] for each in graph.logs)


OF = 'job="dev-stores/dev-stores",pod="dev-stores-canary-x7k2p"'
OTHER = 'job="dev-stores/dev-stores",pod="dev-stores-shops-x7k2p"'


def answers(each: dict[str, float], of: str = OF) -> dict[str, str]:
    """By whom -> so many more at each reading."""
    return {
        f'modelinfra_router_answer_seconds_count{{{of},answered_by="{by}"}}': f"0+{more:g}x1400"
        for by, more in each.items()
    }


def took(le: dict[str, float]) -> dict[str, str]:
    name = "modelinfra_router_answer_seconds_bucket"
    return {f'{name}{{{OF},answered_by="device",le="{most}"}}': f"0+{more:g}x1400" for most, more in le.items()}


def absent(count: int, daemon_set: str = "dev-stores-canary") -> dict[str, str]:
    told = f'kube_daemonset_status_number_unavailable{{namespace="dev-stores",daemonset="{daemon_set}"}}'
    return {told: f"{count}x1400"}


FINE = {**answers({"device": 100, "cloud": 10}), **took({"0.5": 110, "5": 110, "+Inf": 110}), **absent(0)}

STORIES = [
    Story("nothing is wrong", FINE, {"40m": []}),
    Story("the cloud answers most of it", {**FINE, **answers({"device": 50, "cloud": 60})}, {"5m": [], "20m": ["dev-stores-canary-handed-over"]}),
    Story("another ring's requests are none of this one's", {**FINE, **answers({"cloud": 990, "nobody": 900}, OTHER)}, {"20m": ["dev-stores-shops-handed-over", "dev-stores-shops-refused"]}),
    Story("nobody answers some", {**FINE, **answers({"device": 100, "nobody": 3})}, {"10m": ["dev-stores-canary-refused"]}),
    Story("one that waited is gone", {**FINE, f'modelinfra_router_lost_total{{{OF},reason="no room"}}': "0x100 1x1300"}, {"24m": [], "27m": ["dev-stores-canary-lost"], "40m": []}),
    Story("every answer is slow", {**FINE, **took({"0.5": 0, "5": 0, "+Inf": 110})}, {"20m": ["dev-stores-canary-latency"]}),
    Story("a handful of slow answers is no percentile", {**answers({"device": 0.1}), **took({"0.5": 0, "5": 0, "+Inf": 0.1}), **absent(0)}, {"20m": []}),
    Story("a store is nearly full", {**FINE, f"modelinfra_router_stored_bytes{{{OF}}}": f"{0.9 * 256 * 2**20:g}x1400"}, {"20m": ["dev-stores-canary-store"]}),
    Story("a device is hot", {**FINE, f'modelinfra_router_temperature_celsius{{{OF},zone="z"}}': "91x1400"}, {"5m": [], "20m": ["dev-stores-canary-temperature"]}),
    Story("a device is offline for long", {**FINE, **absent(1)}, {"10m": [], "20m": ["dev-stores-canary-unavailable"]}),
    Story("nothing is asked", absent(0), {"40m": []}),
]  # fmt: skip


@pytest.mark.slow_judge
def test_alarms_fire_at_what_they_are_for_and_at_nothing_else(tmp_path: Path) -> None:
    spec = inputs(watched(tmp_path, router={"timeout": "2s"}), RULE)["spec"]
    assert unreadable([rule["expr"] for group in spec["groups"] for rule in group["rules"]], tmp_path) == ""
    assert complaints([spec], STORIES, tmp_path) == ""


@pytest.mark.slow_judge
def test_the_test_of_alarms_can_fail(tmp_path: Path) -> None:
    spec = inputs(watched(tmp_path), RULE)["spec"]
    rules = spec["groups"][0]["rules"]
    rules[0]["expr"] = rules[0]["expr"].replace("> 0", ">= 0")
    assert "got:" in complaints([spec], STORIES[:1], tmp_path)

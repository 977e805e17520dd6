"""What is to be seen of a fleet: metrics of its rings, alarms that tell, a dashboard, a place on the overview, and what all of it costs."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.cost import estimate
from modelinfra.graph.model import Graph
from modelinfra.platforms.edge.telemetry import GPU, NAMESPACE
from modelinfra.router.figures import COUNTED, FIGURES
from modelinfra.router.settings import read
from tests.edge.test_telemetry import metrics as told_metrics
from tests.edge.test_telemetry import telling
from tests.making import REGION, inputs
from tests.platforms.test_dashboards import DASHBOARD, labels, metrics, titled, widgets
from tests.platforms.test_edge_fleet import TOPIC, TWO_RINGS, environment, fleet, router_of
from tests.platforms.worlds import ALARM

KINDS = ("handed-over", "refused", "lost", "latency", "store", "temperature")


def alarms(graph: Graph, ring: str) -> dict[str, dict[str, Any]]:
    """Kind -> its properties."""
    start = f"dev-stores-{ring}-"
    found = {each.name.removeprefix(start): inputs(graph, ALARM, each.name) for each in graph.all(ALARM)}
    return {name: given for name, given in found.items() if name in KINDS}


def looked_at(alarm: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Namespace, name and ring of the metrics that an alarm looks at."""
    queries = [each["metric"] for each in alarm.get("metricQueries", ()) if "metric" in each] or [alarm]
    return {(each["namespace"], each["metricName"], each["dimensions"]["Ring"]) for each in queries}


def test_each_ring_tells_under_its_own_name_what_the_router_can_tell(tmp_path: Path) -> None:
    graph = environment(tmp_path)
    names = set()
    for ring in ("canary", "shops"):
        told = read(json.dumps(router_of(graph, ring)[1])).telemetry
        assert told is not None
        assert (told.namespace, told.ring, told.every_seconds) == (NAMESPACE, ring, 60)
        assert told.metrics == [each for each in FIGURES if each != GPU]
        names.add(told.fleet)
    (name,) = names
    assert re.fullmatch(r"dev-stores-[0-9a-f]{6}", name), "a fleet of another stack would have the same metrics"
    assert router_of(environment(tmp_path, telemetry=False), "shops")[1]["telemetry"] is None


def test_what_alarms_and_dashboard_look_at_is_what_a_device_of_the_ring_tells(tmp_path: Path) -> None:
    graph = environment(tmp_path, alarm_topic_arn=TOPIC, gpus=1)
    settings = read(json.dumps(router_of(graph, "canary")[1]))
    assert settings.telemetry is not None
    line = telling(tmp_path, _filled()).line(dict.fromkeys(set(FIGURES) - set(COUNTED), 1))
    known = {(NAMESPACE, name) for name in told_metrics(line)}
    asked = {each[:2] for alarm in alarms(graph, "canary").values() for each in looked_at(alarm)}
    assert asked <= known
    shown = metrics(widgets(inputs(graph, DASHBOARD, "dev-stores-dashboard")["dashboardBody"]))
    assert {(each[0], each[1]) for each in shown} == known
    for _, _, *words, _ in shown:
        assert dict(zip(words[::2], words[1::2], strict=True)) in [
            {"Fleet": settings.telemetry.fleet, "Ring": ring} for ring in ("canary", "shops")
        ]


def _filled() -> Any:
    from modelinfra.router.telemetry import Since

    since = Since()
    for name in COUNTED:
        since.count(name)
    since.took(0.1)
    return since


def test_where_devices_have_gpus_the_router_asks_their_driver_and_takes_none_of_them(tmp_path: Path) -> None:
    graph = environment(tmp_path, gpus=1)
    found, told = router_of(graph, "canary")
    assert GPU in told["telemetry"]["metrics"]
    variables = {each["name"]: each["value"] for each in found["environment"]}
    assert (variables["NVIDIA_VISIBLE_DEVICES"], variables["NVIDIA_DRIVER_CAPABILITIES"]) == ("all", "utility")
    assert "resourceRequirements" not in found
    shown = widgets(inputs(graph, DASHBOARD, "dev-stores-dashboard")["dashboardBody"])
    assert labels(titled(shown, "GPU use, busiest device, percent")) == ["canary", "shops"]
    without, _ = router_of(environment(tmp_path), "canary")
    assert not [each for each in without["environment"] if each["name"].startswith("NVIDIA")]


def test_every_ring_has_an_alarm_of_each_kind_that_tells_and_says_what_is_too_much(tmp_path: Path) -> None:
    graph = environment(tmp_path, alarm_topic_arn=TOPIC, router={"timeout": "2s"})
    for ring in ("canary", "shops"):
        found = alarms(graph, ring)
        assert set(found) == set(KINDS)
        for given in found.values():
            assert given["alarmActions"] == given["okActions"] == [TOPIC]
            assert given["treatMissingData"] == "notBreaching", "a ring without devices would be told"
            assert {each[2] for each in looked_at(given)} == {ring}
            assert f"ring {ring}: " in given["alarmDescription"]
        thresholds = {kind: given["threshold"] for kind, given in found.items()}
        assert thresholds == {
            "handed-over": 50, "refused": 1, "lost": 0, "latency": 2, "store": 80, "temperature": 85,
        }  # fmt: skip
    assert found["latency"]["extendedStatistic"] == "p99"


def test_latency_is_told_beyond_what_the_light_model_has_for_an_answer_unless_something_else_is_said(
    tmp_path: Path,
) -> None:
    longest = environment(tmp_path, alarm_topic_arn=TOPIC, longest_request="45s")
    assert alarms(longest, "shops")["latency"]["threshold"] == 45
    said = environment(tmp_path, alarm_topic_arn=TOPIC, alarms={"p99_latency_ms": 400})
    assert alarms(said, "shops")["latency"]["threshold"] == pytest.approx(0.4)


def test_each_kind_can_be_changed_or_switched_off(tmp_path: Path) -> None:
    graph = environment(tmp_path, alarm_topic_arn=TOPIC, alarms={"store_percent": 60, "off": ["temperature", "lost"]})
    found = alarms(graph, "canary")
    assert set(found) == set(KINDS) - {"temperature", "lost"}
    assert found["store"]["threshold"] == 60


def test_alarms_are_made_where_somebody_is_told_or_has_said_what_is_too_much(tmp_path: Path) -> None:
    assert alarms(environment(tmp_path), "canary") == {}
    said = alarms(environment(tmp_path, alarms={"lost": 5}), "canary")
    assert set(said) == set(KINDS)
    assert said["lost"].get("alarmActions") is None
    assert alarms(environment(tmp_path, alarm_topic_arn=TOPIC, telemetry=False), "canary") == {}


def test_the_dashboard_shows_rings_side_by_side_and_devices_from_the_log(tmp_path: Path) -> None:
    graph = environment(tmp_path, alarm_topic_arn=TOPIC)
    found = widgets(inputs(graph, DASHBOARD, "dev-stores-dashboard")["dashboardBody"])
    graphs = {each["properties"]["title"]: labels(each["properties"]) for each in found if each["type"] == "metric"}
    rings = ["canary", "shops"]
    assert graphs == {
        "Devices that tell": rings,
        "Requests a minute": rings,
        "Handed over to the cloud, percent": rings,
        "Seconds to answer": ["p50, canary", "p50, shops", "p99, canary", "p99, shops"],
        "Wait for the light model, longest queue": rings,
        "Requests that went wrong, a minute": ["refused, canary", "refused, shops", "lost, canary", "lost, shops"],
        "Wait for the cloud, all devices": rings,
        "Room taken, fullest device, percent": rings,
        "Devices without cloud, or without model": [
            "no cloud, canary", "no cloud, shops", "no model, canary", "no model, shops",
        ],
        "Degrees Celsius, hottest device": rings,
    }  # fmt: skip
    assert len(titled(found, "Alarms")["alarms"]) == 2 * len(KINDS)
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "dev-stores-logs").outputs["name"]
    tables = [each["properties"] for each in found if each["type"] == "log"]
    assert [each["query"].split(" | ")[0] for each in tables] == [f"SOURCE '{group}'"] * 2
    # Fields by which devices are found are those of a line.
    line = json.loads(telling(tmp_path, _filled()).line({}))
    for each in tables:
        assert set(re.findall(r"\b(device|version|Ring|Fleet)\b", each["query"])) <= set(line)
        named = re.findall(r"(?:sum|max|latest)\((\w+)\)", each["query"])
        assert set(named) <= {*FIGURES, "version"}
    assert {each["properties"]["region"] for each in found if each["type"] != "alarm"} == {REGION}


def test_a_fleet_has_a_dashboard_unless_its_user_says_no_or_it_tells_nothing(tmp_path: Path) -> None:
    assert fleet(tmp_path, rings=TWO_RINGS).all(DASHBOARD) == []
    for options in ({"dashboard": False}, {"telemetry": False}):
        names = [each.name for each in environment(tmp_path, **options).all(DASHBOARD)]
        assert "dev-stores-dashboard" not in names


def test_the_overview_of_the_environment_has_the_fleet_beside_the_endpoints(tmp_path: Path) -> None:
    graph = environment(tmp_path, alarm_topic_arn=TOPIC)
    found = widgets(inputs(graph, DASHBOARD, "dev-overview")["dashboardBody"])
    for title in ("Requests a minute", "Seconds to answer, p95", "Healthy replicas, devices that tell"):
        assert labels(titled(found, title)) == ["dev-heavy", "dev-stores"]
    assert len([arn for arn in titled(found, "Alarms")["alarms"] if "dev-stores" in arn]) == 2 * len(KINDS)
    devices = [line for line in metrics(found) if line[1] == "Devices"]
    assert len(devices) == 2
    assert all(line[-1]["stat"] == "Sum" for line in devices)
    alone = widgets(inputs(environment(tmp_path, telemetry=False), DASHBOARD, "dev-overview")["dashboardBody"])
    assert labels(titled(alone, "Healthy replicas")) == ["dev-heavy"]


def test_metrics_alarms_and_dashboard_of_the_fleet_are_counted(tmp_path: Path) -> None:
    with_, without = (
        estimate(environment(tmp_path, alarm_topic_arn=TOPIC, telemetry=telemetry)).items for telemetry in (True, False)
    )

    def cost(items: Any, what: str) -> Decimal:
        return sum((each.monthly_max for each in items if each.what == what), Decimal(0))

    rings = len(TWO_RINGS)
    assert cost(with_, "custom metric of a ring") == rings * 12 * Decimal("0.30"), "docs/edge-fleets.md says so"
    # Two of the six alarms look at two metrics.
    assert cost(with_, "alarm metric") - cost(without, "alarm metric") == rings * 8 * Decimal("0.10")
    assert cost(with_, "dashboard") - cost(without, "dashboard") == 3
    assert cost(without, "custom metric of a ring") == 0


def test_devices_with_the_first_half_of_a_model_tell_nothing_of_a_store(tmp_path: Path) -> None:
    graph = environment(tmp_path, alarm_topic_arn=TOPIC, router={"split": {"at": "conv_9"}})
    assert set(alarms(graph, "canary")) == {"refused", "latency", "temperature"}
    told = router_of(graph, "canary")[1]["telemetry"]["metrics"]
    assert not {"HandedOver", "Stored", "StoredPercent", "Lost"} & set(told)
    shown = {each[1] for each in metrics(widgets(inputs(graph, DASHBOARD, "dev-stores-dashboard")["dashboardBody"]))}
    assert shown <= set(told)

"""The dashboard of an endpoint on Kubernetes: Grafana's own model of it loses nothing, Prometheus reads every question, CloudWatch has the same graphs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from tests.kubernetes.prometheus import unreadable
from tests.kubernetes.test_alarms import ENVOY, OPERATOR, SKLEARN, SLO
from tests.kubernetes.worlds import GATEWAY, VLLM, deployed
from tests.making import inputs
from tests.platforms import worlds as ecs

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
GRAFANA = {"prometheus": {**OPERATOR["prometheus"], "grafana": True}}


def shown(graph: Graph) -> dict[str, Any]:
    """The only dashboard."""
    (text,) = inputs(graph, CONFIG_MAP)["data"].values()
    found: dict[str, Any] = json.loads(text)
    return found


def panels(graph: Graph) -> dict[str, dict[str, Any]]:
    """By their titles."""
    return {each["title"]: each for each in shown(graph)["panels"]}


def questions(graph: Graph) -> list[str]:
    return [line["expr"] for panel in shown(graph)["panels"] for line in panel.get("targets", [])]


def lost(given: Any, kept: Any, path: str = "dashboard") -> Iterator[str]:
    """What another one's model of a document does not have."""
    if isinstance(given, dict):
        for key, value in given.items():
            if not isinstance(kept, dict) or key not in kept:
                yield f"{path}.{key}"
            else:
                yield from lost(value, kept[key], f"{path}.{key}")
    elif isinstance(given, list):
        for index, value in enumerate(given):
            yield from lost(value, kept[index], f"{path}[{index}]")
    elif given != kept:
        yield f"{path}: {given!r} became {kept!r}"


def of_grafana(found: dict[str, Any]) -> list[str]:
    """What Grafana's model does not know of a dashboard; panels, and what they ask, have models of their own."""
    pytest.importorskip("grafana_foundation_sdk", reason="dashboards were NOT held against Grafana's model")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    return list(lost(found, json.loads(JSONEncoder().encode(Dashboard.from_json(found)))))


@pytest.mark.slow_judge
@pytest.mark.parametrize(
    "options",
    [
        {"slo": SLO},
        {**SKLEARN, "platform": {"gateway": GATEWAY, "prometheus": {**ENVOY["prometheus"], "grafana": True}}},
        {**VLLM, "metrics": {"names": ["vllm:num_requests_waiting", "vllm:prompt_tokens_total"]}},
        {"revisions": {"candidate": {"cpu": 2}}, "platform": {**GRAFANA, "gateway": GATEWAY}},
    ],
    ids=["objectives", "gateway", "own metrics", "revisions"],
)
def test_grafana_knows_all_of_it_and_prometheus_reads_every_question(options: dict[str, Any], tmp_path: Path) -> None:
    graph = deployed(tmp_path, **{"platform": GRAFANA, **options})
    assert of_grafana(shown(graph)) == []
    assert len(questions(graph)) >= 8
    assert unreadable(questions(graph), tmp_path) == ""


def test_the_test_of_the_model_can_fail(tmp_path: Path) -> None:
    found = shown(deployed(tmp_path, platform=GRAFANA))
    found["panels"][1]["options"]["legnd"] = True
    found["panels"][1]["targets"][0]["query"] = "up"
    assert of_grafana(found) == ["dashboard.panels[1].targets[0].query", "dashboard.panels[1].options.legnd"]


def test_it_has_the_graphs_that_cloudwatch_has(tmp_path: Path) -> None:
    ours = panels(deployed(tmp_path, platform=GRAFANA, slo=SLO))
    graph = ecs.deployed(tmp_path)
    body = json.loads(inputs(graph, "aws:cloudwatch/dashboard:Dashboard")["dashboardBody"])
    theirs = {each["properties"]["title"] for each in body["widgets"]}
    assert theirs - {"Alarms"} <= set(ours)


def test_what_is_promised_is_a_line_across(tmp_path: Path) -> None:
    found = panels(deployed(tmp_path, platform=GRAFANA, slo=SLO, rollback={"error_percent": 2}))
    steps = found["Seconds to answer"]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [each["value"] for each in steps] == [None, 0.2, 0.5]
    assert found["Answered with 5xx, percent"]["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] == 2


def test_the_sidecar_finds_it(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=GRAFANA)
    assert inputs(graph, CONFIG_MAP)["metadata"]["labels"] == {"grafana_dashboard": "1"}


def test_the_servers_own_metrics_have_a_graph_each(tmp_path: Path) -> None:
    assert "vllm:num_requests_waiting" in panels(deployed(tmp_path, **VLLM, platform=GRAFANA))


@pytest.mark.parametrize("options", [{"dashboard": False, "platform": GRAFANA}, {}])
def test_nobody_has_one_who_did_not_ask(options: dict[str, Any], tmp_path: Path) -> None:
    assert deployed(tmp_path, **options).all(CONFIG_MAP) == []

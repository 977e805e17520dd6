"""Metrics of a pool's GPUs: the exporter on each node, what managed instances tell by themselves, dashboards and alarms."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.gpu_telemetry import NAMES
from modelinfra.graph.model import Graph
from tests.making import LONG, document, inputs
from tests.platforms.test_gpu_endpoint import MODEL, READY, container, on_pool, pools
from tests.platforms.test_gpu_node_pool import NODES, TEMPLATE, pool
from tests.platforms.worlds import POLICY, SERVICE, TASK, deployed

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
LOG = "aws:cloudwatch/logGroup:LogGroup"
EXPORTER = "web-a10g-gpu-metrics"
TOPIC = "arn:aws:sns:us-west-2:123456789012:alarms"
ACCOUNT = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
WORKSPACE = "arn:aws:aps:us-west-2:123456789012:workspace/ws-1"


def containers(root: Path, **metrics: Any) -> dict[str, dict[str, Any]]:
    found = inputs(pool(root, gpu_metrics=metrics), TASK, EXPORTER)["containerDefinitions"]
    return {each["name"]: each for each in json.loads(found)}


def config(root: Path, **metrics: Any) -> dict[str, Any]:
    (variable,) = containers(root, **metrics)["collector"]["environment"]
    found: dict[str, Any] = json.loads(variable["value"])
    return found


def script(graph: Graph) -> list[str]:
    return base64.b64decode(inputs(graph, TEMPLATE)["userData"]).decode().splitlines()


def managed(root: Path, **endpoint: Any) -> Graph:
    given = {"server": "triton", "image": READY, "model": MODEL, "accelerator": {"name": "A10G"}, **endpoint}
    nodes = {"a10g": {"accelerator": {"name": "A10G"}, "capacity": "managed-instances", "gpu_metrics": {}}}
    cluster = {"gpu_node_pools": nodes, "container_insights": "enhanced"}
    return deployed(root, cluster=cluster, load_balancer="own", **given)


def titles(graph: Graph) -> list[str]:
    body = json.loads(inputs(graph, DASHBOARD)["dashboardBody"])
    return [each["properties"]["title"] for each in body["widgets"]]


def test_nobody_who_does_not_ask_gets_an_exporter(tmp_path: Path) -> None:
    graph = pool(tmp_path)
    assert [graph.all(each) for each in (SERVICE, TASK, LOG)] == [[], [], []]
    assert not any("docker" in line for line in script(graph))


def test_it_runs_once_on_each_node_of_the_pool_that_can_show_it_the_gpus(tmp_path: Path) -> None:
    graph = pool(tmp_path, gpu_metrics={})
    service = inputs(graph, SERVICE)
    assert (service["schedulingStrategy"], service["launchType"]) == ("DAEMON", "EC2")
    (where,) = service["placementConstraints"]
    assert where == {"type": "memberOf", "expression": "attribute:modelinfra.gpu-metrics == web-a10g"}
    lines = script(graph)
    assert 'ECS_INSTANCE_ATTRIBUTES={"modelinfra.gpu-metrics":"web-a10g"}' in lines
    assert 'OPTIONS="--default-ulimit nofile=32768:65536 --default-runtime nvidia"' in lines
    assert lines[-1] == "systemctl restart docker", "the agent starts when all of this is done"


def test_a_long_name_finds_its_nodes_too(tmp_path: Path) -> None:
    graph = pool(tmp_path, f"{LONG}-{LONG}-{LONG}-{LONG}", gpu_metrics={})
    (line,) = [line for line in script(graph) if line.startswith("ECS_INSTANCE_ATTRIBUTES=")]
    (value,) = json.loads(line.partition("=")[2]).values()
    assert len(value) <= 128
    assert inputs(graph, SERVICE)["placementConstraints"][0]["expression"].endswith(f" == {value}")


def test_it_sees_all_gpus_and_takes_none(tmp_path: Path) -> None:
    exporter = containers(tmp_path)["exporter"]
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"} in exporter["environment"]
    assert "resourceRequirements" not in exporter
    assert "privileged" not in exporter


def test_the_collector_reads_it_over_a_link_and_neither_has_the_nodes_network(tmp_path: Path) -> None:
    assert inputs(pool(tmp_path, gpu_metrics={}), TASK)["networkMode"] == "bridge"
    assert containers(tmp_path)["collector"]["links"] == ["exporter"]
    (job,) = config(tmp_path, interval="30s")["receivers"]["prometheus/few"]["config"]["scrape_configs"]
    assert job["scrape_interval"] == "30s"
    (target,) = job["static_configs"]
    assert target["targets"] == ["exporter:9400"]
    assert target["labels"]["Pool"] == "web-a10g"
    assert job["metric_relabel_configs"][0]["regex"] == "|".join(NAMES)


def test_a_workspace_gets_all_that_it_tells_and_the_right_for_it(tmp_path: Path) -> None:
    found = config(tmp_path, workspace_arn=WORKSPACE)
    assert "/workspaces/ws-1/" in found["exporters"]["prometheusremotewrite"]["endpoint"]
    assert "metric_relabel_configs" not in found["receivers"]["prometheus/all"]["config"]["scrape_configs"][0]
    graph = pool(tmp_path, gpu_metrics={"workspace_arn": WORKSPACE})
    said = document(inputs(graph, POLICY, EXPORTER)["policy"])
    assert {"Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": WORKSPACE} in said


def test_copies_in_ecr_are_pulled_and_nothing_else_is(tmp_path: Path) -> None:
    images = {
        "exporter_image": f"{ACCOUNT}/dcgm@sha256:{'0' * 64}",
        "collector_image": f"{ACCOUNT}/otel@sha256:{'0' * 64}",
    }
    found = containers(tmp_path, **images)
    assert [found[each]["image"] for each in ("exporter", "collector")] == list(images.values())
    execution = f"{EXPORTER}-execution"
    said = document(inputs(pool(tmp_path, gpu_metrics=images), POLICY, execution)["policy"])
    pulled = [each["Resource"] for each in said if "ecr:BatchGetImage" in each["Action"]]
    assert pulled == [[f"arn:aws:ecr:us-west-2:123456789012:repository/{each}" for each in ("dcgm", "otel")]]
    plain = document(inputs(pool(tmp_path, gpu_metrics={}), POLICY, execution)["policy"])
    assert [each["Action"] for each in plain] == [["logs:CreateLogStream", "logs:PutLogEvents"]]


def test_replicas_leave_it_its_room_on_a_node(tmp_path: Path) -> None:
    plain, told = (inputs(on_pool(tmp_path, pools(**more)), TASK, "digits-task") for more in ({}, {"gpu_metrics": {}}))
    assert int(plain["cpu"]) - int(told["cpu"]) == 64 + 64
    assert int(plain["memory"]) - int(told["memory"]) == 512 + 256


def test_it_goes_before_the_nodes(tmp_path: Path) -> None:
    graph = pool(tmp_path, gpu_metrics={})
    assert graph.one(NODES).urn in graph.one(SERVICE).depends_on


def test_the_dashboard_shows_the_pools_gpus_and_only_where_somebody_reads_them(tmp_path: Path) -> None:
    shown = titles(on_pool(tmp_path, pools(gpu_metrics={})))
    assert [each for each in shown if "GPU" in each] == [
        "GPU use, percent (pool a10g)",
        "GPU memory used, MiB (pool a10g)",
        "GPU temperature, degrees Celsius (pool a10g)",
        "GPU power, watts (pool a10g)",
    ]
    assert not any("GPU" in each for each in titles(on_pool(tmp_path)))


def test_revisions_on_one_pool_share_its_graphs(tmp_path: Path) -> None:
    revisions = {"revisions": {"candidate": {"cpu": 1}}, "traffic": {"stable": 90, "candidate": 10}}
    shown = titles(on_pool(tmp_path, pools(max_nodes=8, gpu_metrics={}), **revisions))
    assert sum("GPU use" in each for each in shown) == 1


def test_an_error_of_a_gpu_is_told_where_somebody_listens_and_takes_nothing_back(tmp_path: Path) -> None:
    graph = on_pool(tmp_path, pools(gpu_metrics={}), alarm_topic_arn=TOPIC)
    found = inputs(graph, ALARM, "digits-gpu-errors")
    assert (found["metricName"], found["statistic"], found["threshold"]) == ("DCGM_FI_DEV_XID_ERRORS", "Maximum", 0)
    assert found["dimensions"]["Pool"] == "web-a10g"
    assert found["alarmActions"] == [TOPIC]
    assert (
        graph.one(ALARM, "digits-gpu-errors").outputs["name"]
        not in inputs(graph, SERVICE, "digits-service")["alarms"]["alarmNames"]
    )
    silent = on_pool(tmp_path, pools(gpu_metrics={}))
    assert not [node for node in silent.all(ALARM) if "gpu" in node.name]


def test_managed_instances_tell_their_gpus_themselves(tmp_path: Path) -> None:
    graph = managed(tmp_path, alarm_topic_arn=TOPIC)
    assert len(graph.all(SERVICE)) == len(graph.all(TASK)) == 1, "no exporter"
    found = inputs(graph, ALARM, "digits-gpu-errors")
    assert (found["namespace"], found["metricName"]) == ("ECS/ContainerInsights", "TaskGPURestartAppXidCount")
    assert set(found["dimensions"]) == {"ClusterName", "ServiceName"}
    assert "GPU use, percent" in titles(graph)


@pytest.mark.parametrize("insights", [None, "enabled", "disabled"])
def test_and_only_to_container_insights_that_are_enhanced(tmp_path: Path, insights: str | None) -> None:
    nodes = {"a10g": {"accelerator": {"name": "A10G"}, "capacity": "managed-instances", "gpu_metrics": {}}}
    shape = {} if insights is None else {"container_insights": insights}
    with pytest.raises(Exception, match="which the platform has not `enhanced`"):
        deployed(tmp_path, cluster={"gpu_node_pools": nodes, **shape}, server="triton", image=READY, model=MODEL)


def test_an_asynchronous_endpoint_shows_its_gpus_too(tmp_path: Path) -> None:
    given = {"server": "triton", "image": READY, "model": MODEL, "accelerator": {"name": "A10G"}}
    graph = deployed(
        tmp_path,
        cluster={"gpu_node_pools": pools(gpu_metrics={})},
        mode="async",
        scaling={"min": 0, "max": 2},
        **given,
    )
    assert any("GPU power" in each for each in titles(graph))


def test_the_server_keeps_the_gpus_that_it_reserved(tmp_path: Path) -> None:
    server = container(managed(tmp_path))
    assert not any(each["name"].startswith("NVIDIA") for each in server["environment"])

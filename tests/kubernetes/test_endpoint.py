"""An endpoint on Kubernetes: what is made of the options that mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.catalog.servers import SERVERS
from modelinfra.graph.values import plain
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import (
    ACCOUNT,
    AUTOSCALER,
    BUDGET,
    GATEWAY,
    LLAMA,
    NAMESPACE,
    POLICY,
    ROUTE,
    SCALED_OBJECT,
    SERVING,
    VLLM,
    deployed,
    manifests,
    predictor,
    server,
)
from tests.making import LONG, inputs

READY = {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "iris"}}


def test_everything_that_is_made_is_of_kubernetes(tmp_path: Path) -> None:
    graph = deployed(tmp_path, scaling={"min": 2, "max": 4}, platform={"gateway": GATEWAY})
    assert {node.type for node in graph if not node.type.startswith(("modelinfra:", "pulumi:"))} == {
        NAMESPACE,
        ACCOUNT,
        POLICY,
        SERVING,
        AUTOSCALER,
        BUDGET,
        ROUTE,
    }


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_starts_as_its_row_says(name: str, tmp_path: Path) -> None:
    row = SERVERS[name]
    options: dict[str, Any] = {"server": name, "model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}}
    if row.starts_with_a_file:
        options["model"]["file"] = "iris.bin"
    if row.image is None:
        options |= READY
    if row.needs_gpu:
        options |= {"accelerator": {"name": "A10G"}}
    graph = deployed(tmp_path, **options)
    container = server(graph)
    said = [*container.get("command", []), *container.get("args", [])]
    expected = [word.replace("{model}", "iris").replace("{file}", "iris.bin") for word in row.command]
    assert said == ([] if row.image is None else expected)
    assert container["image"] == (READY["image"] if row.image is None else row.image)
    # KServe leads port 80 of the service to the first one.
    assert container["ports"][0] == {"name": "http", "containerPort": row.ports["http"], "protocol": "TCP"}
    assert container["readinessProbe"]["httpGet"]["path"] == row.model_readiness_path("iris")
    storage = predictor(graph).get("storageUris")
    assert storage == (
        None if row.image is None else [{"uri": "s3://acme-models/iris/7", "mountPath": row.model_directory}]
    )
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_the_address_is_that_of_the_service_that_kserve_makes(tmp_path: Path) -> None:
    outputs = deployed(tmp_path).one("modelinfra:index:ModelEndpoint").outputs
    assert plain(outputs["url"]) == "http://iris-predictor.k8s.svc.cluster.local"
    assert plain(outputs["predict_url"]) == "http://iris-predictor.k8s.svc.cluster.local/v2/models/iris/infer"
    assert plain(outputs["health_url"]) == "http://iris-predictor.k8s.svc.cluster.local/v2/models/iris/ready"


def test_at_a_gateway_the_address_is_the_gateways_and_the_path_is_cut_off(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform={"gateway": GATEWAY}, path="/flowers")
    outputs = graph.one("modelinfra:index:ModelEndpoint").outputs
    assert plain(outputs["predict_url"]) == "https://models.acme.ai/flowers/v2/models/iris/infer"
    (rule,) = inputs(graph, ROUTE)["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/flowers"}}]
    assert rule["filters"][0]["urlRewrite"]["path"] == {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    assert rule["timeouts"] == {"request": "60s"}


def test_a_revision_of_the_hub_is_written_as_kserve_reads_it(tmp_path: Path) -> None:
    assert predictor(deployed(tmp_path, **LLAMA))["storageUris"] == [
        {"uri": f"hf://acme/chat:{'a' * 40}", "mountPath": "/models"}
    ]


def test_pulumi_waits_until_the_endpoint_is_ready_and_as_long_as_it_may_take(tmp_path: Path) -> None:
    graph = deployed(tmp_path, startup_budget="20m")
    serving = graph.one(SERVING)
    assert inputs(graph, SERVING)["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"
    # A node, and two starts of 20 minutes.
    assert serving.custom_timeouts is not None
    assert serving.custom_timeouts["create"] == serving.custom_timeouts["update"] == "55m"


def test_a_replica_drains_before_its_server_is_asked_to_end_and_has_time_for_what_it_began(tmp_path: Path) -> None:
    graph = deployed(tmp_path, longest_request="90s")
    drain = server(graph)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert predictor(graph)["terminationGracePeriodSeconds"] > drain + 90


def test_the_cpu_has_a_limit_because_kserve_would_set_its_own(tmp_path: Path) -> None:
    resources = server(deployed(tmp_path, cpu=4, memory="8GiB"))["resources"]
    assert resources["limits"] == resources["requests"] == {"cpu": "4000m", "memory": "8192Mi"}


def test_accelerators_take_a_replica_to_nodes_that_have_them(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **VLLM)
    assert server(graph)["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert predictor(graph)["nodeSelector"] == {"kubernetes.io/arch": "amd64", "nvidia.com/gpu.product": "NVIDIA-A10G"}
    assert predictor(graph)["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert server(graph)["volumeMounts"] == [{"name": "shared-memory", "mountPath": "/dev/shm"}]


def test_a_secret_of_the_cluster_is_read_by_the_pod(tmp_path: Path) -> None:
    env = server(deployed(tmp_path, secrets={"TOKEN": "hub/token"}))["env"]
    assert {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}} in env


def test_replicas_run_with_the_service_account_that_is_handed_in(tmp_path: Path) -> None:
    graph = deployed(tmp_path, service_account="reader")
    assert predictor(graph)["serviceAccountName"] == "reader"
    assert graph.all(ACCOUNT) == []


def test_no_port_for_the_operator_is_reached(tmp_path: Path) -> None:
    graph = deployed(tmp_path, server="torchserve", model={"uri": "s3://acme-models/iris/7", "file": "iris.mar"})
    (ingress,) = inputs(graph, POLICY)["spec"]["ingress"]
    assert {each["port"] for each in ingress["ports"]}.isdisjoint(SERVERS["torchserve"].management_ports)


def test_a_fixed_number_of_replicas_is_kserves_and_a_changing_one_the_autoscalers(tmp_path: Path) -> None:
    fixed = deployed(tmp_path, scaling={"min": 3})
    assert predictor(fixed)["minReplicas"] == predictor(fixed)["maxReplicas"] == 3
    assert inputs(fixed, SERVING)["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "none"
    assert fixed.all(AUTOSCALER) == []
    changing = deployed(tmp_path, scaling={"min": 3, "max": 5, "cpu_percent": 70, "memory_percent": 80})
    assert "minReplicas" not in predictor(changing)
    assert inputs(changing, SERVING)["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "external"
    spec = inputs(changing, AUTOSCALER)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"], spec["scaleTargetRef"]["name"]) == (3, 5, "iris-predictor")
    assert [each["resource"]["target"]["averageUtilization"] for each in spec["metrics"]] == [70, 80]


def test_requests_in_flight_are_what_waits_and_what_is_worked_on(tmp_path: Path) -> None:
    spec = inputs(deployed(tmp_path, **VLLM), SCALED_OBJECT)["spec"]
    (trigger,) = spec["triggers"]
    pods = '{namespace="k8s",pod=~"iris-predictor-.*"}'
    assert (
        trigger["metadata"]["query"] == f"sum(vllm:num_requests_waiting{pods}) + sum(vllm:num_requests_running{pods})"
    )
    assert trigger["metadata"]["threshold"] == "20"
    assert trigger["metadata"]["ignoreNullValues"] == "false"
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 4)


def test_one_replica_has_no_budget_that_would_keep_its_node_from_being_drained(tmp_path: Path) -> None:
    assert deployed(tmp_path, scaling={"min": 1}).all(BUDGET) == []


def test_traffic_is_divided_between_revisions_that_scale_each_by_itself(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path,
        platform={"gateway": GATEWAY},
        scaling={"min": 2, "max": 5},
        revisions={
            "candidate": {"model": "s3://acme-models/iris/8", "scaling": {"min": 1}, "headers": {"x-team": "a*"}}
        },
        traffic={"stable": 90, "candidate": 10},
    )
    tried, divided = inputs(graph, ROUTE)["spec"]["rules"]
    assert tried["matches"][0]["headers"] == [{"type": "RegularExpression", "name": "x-team", "value": "a.*"}]
    assert [each["name"] for each in tried["backendRefs"]] == ["iris--candidate-predictor"]
    assert {each["name"]: each["weight"] for each in divided["backendRefs"]} == {
        "iris-predictor": 90,
        "iris--candidate-predictor": 10,
    }
    assert predictor(graph, "iris--candidate-inference-service")["storageUris"][0]["uri"] == "s3://acme-models/iris/8"
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_a_revision_that_answers_nobody_gets_copies_of_what_is_divided(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path,
        platform={"gateway": GATEWAY},
        revisions={"candidate": {"model": "s3://acme-models/iris/8"}},
        mirror={"revision": "candidate", "percent": 20},
    )
    tried, divided = inputs(graph, ROUTE)["spec"]["rules"]
    assert divided["filters"][1]["requestMirror"] == {
        "backendRef": {"group": "", "kind": "Service", "name": "iris--candidate-predictor", "port": 80},
        "percent": 20,
    }
    assert [each["name"] for each in divided["backendRefs"]] == ["iris-predictor"]
    assert [each["type"] for each in tried["filters"]] == ["URLRewrite"]
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_a_revision_serves_before_it_gets_traffic(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform={"gateway": GATEWAY}, revisions={"candidate": {"cpu": 2}})
    serving = {node.urn for node in graph.all(SERVING)}
    assert len(serving) == 2
    assert serving <= set(graph.one(ROUTE).depends_on)


def test_long_names_fit_into_what_kserve_makes_of_them(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path, {LONG: {"revisions": {"candidate": {"cpu": 2}}}}, platform={"gateway": GATEWAY, "namespace": "models"}
    )
    names = [inputs(graph, SERVING, node.name)["metadata"]["name"] for node in graph.all(SERVING)]
    assert len(set(names)) == 2
    assert max(len(f"isvc.{name}-predictor") for name in names) <= 63


SIZES = st.sampled_from([0.25, 1, 2.5, 16])


@settings(max_examples=15)
@given(
    cpu=SIZES,
    least=st.integers(1, 4),
    more=st.integers(0, 3),
    environment=st.dictionaries(st.from_regex(r"[A-Z]{1,8}", fullmatch=True), st.text(max_size=5), max_size=3),
    wait=st.integers(10, 7200),
    gateway=st.booleans(),
)
def test_whatever_is_asked_for_the_api_server_takes_it(
    cpu: float,
    least: int,
    more: int,
    environment: dict[str, str],
    wait: int,
    gateway: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    graph = deployed(
        tmp_path_factory.mktemp("asked"),
        platform={"gateway": GATEWAY} if gateway else {},
        cpu=cpu,
        scaling={"min": least, "max": least + more},
        environment=environment,
        startup_budget=f"{wait}s",
    )
    assert [found for each in manifests(graph) for found in complaints(each)] == []

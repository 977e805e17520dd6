"""An endpoint on Seldon Core v2: a Server of its own, the model on it, and an Experiment between revisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import KubernetesPlatform
from modelinfra.graph.values import plain
from tests.kubernetes import seldon_fields
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import (
    BUDGET,
    CLUSTER,
    GATEWAY,
    NAMESPACE,
    ROUTE,
    SELDON,
    SELDON_EXPERIMENT,
    SELDON_MODEL,
    SELDON_SERVER,
    VLLM,
    deployed,
    manifests,
    refusal,
)
from tests.making import LONG, captured, inputs

REVISED: dict[str, Any] = {
    "platform": SELDON,
    "revisions": {"candidate": {"model": "s3://acme-models/iris/8", "scaling": {"min": 1}}},
}


def pod(of: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = of["spec"]["podSpec"]
    return found


def test_a_server_has_the_sizes_of_the_endpoint_and_takes_its_model_alone(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=SELDON, cpu=2, memory="4GiB", scaling={"min": 3}, environment={"A": "1"})
    server, model = inputs(graph, SELDON_SERVER), inputs(graph, SELDON_MODEL)
    assert server["spec"]["serverConfig"] == "mlserver"
    assert server["spec"]["capabilities"] == model["spec"]["requirements"] == ["iris"]
    assert (server["spec"]["replicas"], model["spec"]["replicas"], model["spec"]["server"]) == (3, 3, "iris")
    (container,) = pod(server)["containers"]
    assert container["name"] == "mlserver"
    assert (
        container["resources"]["limits"] == container["resources"]["requests"] == {"cpu": "2000m", "memory": "4096Mi"}
    )
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert model["spec"]["storageUri"] == "s3://acme-models/iris/7"
    assert inputs(graph, BUDGET)["spec"]["selector"]["matchLabels"] == {"seldon-server-name": "iris"}
    assert graph.all(NAMESPACE) == []
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_pulumi_waits_for_the_server_and_then_for_the_model(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=SELDON, startup_budget="20m")
    for kind in (SELDON_SERVER, SELDON_MODEL):
        assert inputs(graph, kind)["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
        timeouts = graph.one(kind).custom_timeouts
        assert timeouts is not None
        assert timeouts["create"] == "55m"
    assert graph.one(SELDON_SERVER).urn in graph.one(SELDON_MODEL).depends_on


def test_a_number_that_changes_is_seldons_between_the_limits(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=SELDON, scaling={"min": 2, "max": 6, "concurrency": 12})
    for kind in (SELDON_SERVER, SELDON_MODEL):
        spec = inputs(graph, kind)["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"], "replicas" in spec) == (2, 6, False)
    agent = next(each for each in pod(inputs(graph, SELDON_SERVER))["containers"] if each["name"] == "agent")
    assert agent["env"] == [{"name": "SELDON_MODEL_INFERENCE_LAG_THRESHOLD", "value": "12"}]


def test_triton_gets_its_accelerators(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=SELDON, server="triton", accelerator={"name": "A10G"}, scaling={"min": 1})
    server = inputs(graph, SELDON_SERVER)
    (container,) = pod(server)["containers"]
    assert (server["spec"]["serverConfig"], container["name"]) == ("triton", "triton")
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert pod(server)["nodeSelector"]["nvidia.com/gpu.product"] == "NVIDIA-A10G"
    assert pod(server)["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_the_address_is_the_meshs_which_finds_the_model_by_the_path(tmp_path: Path) -> None:
    outputs = deployed(tmp_path, platform=SELDON).one("modelinfra:index:ModelEndpoint").outputs
    base = "http://seldon-mesh.seldon-models.svc.cluster.local"
    assert plain(outputs["predict_url"]) == f"{base}/v2/models/iris/infer"
    assert plain(outputs["health_url"]) == f"{base}/v2/models/iris/ready"


def test_at_a_gateway_a_header_names_the_model(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform={**SELDON, "gateway": GATEWAY})
    (rule,) = inputs(graph, ROUTE)["spec"]["rules"]
    assert rule["filters"][1]["requestHeaderModifier"] == {"set": [{"name": "seldon-model", "value": "iris"}]}
    assert [each["name"] for each in rule["backendRefs"]] == ["seldon-mesh"]
    url = plain(graph.one("modelinfra:index:ModelEndpoint").outputs["predict_url"])
    assert url == "https://models.acme.ai/iris/v2/models/iris/infer"
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_an_experiment_divides_requests_for_the_stable_model(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **REVISED, traffic={"stable": 90, "candidate": 10})
    assert inputs(graph, SELDON_EXPERIMENT)["spec"] == {
        "default": "iris",
        "candidates": [{"name": "iris", "weight": 90}, {"name": "iris--candidate", "weight": 10}],
    }
    assert {node.urn for node in graph.all(SELDON_MODEL)} <= set(graph.one(SELDON_EXPERIMENT).depends_on)
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_an_experiment_may_copy_requests_for_a_model_that_answers_nobody(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **REVISED, mirror={"revision": "candidate", "percent": 50})
    assert inputs(graph, SELDON_EXPERIMENT)["spec"] == {
        "default": "iris",
        "candidates": [{"name": "iris", "weight": 100}],
        "mirror": {"name": "iris--candidate", "percent": 50},
    }
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_a_revision_without_traffic_needs_no_experiment_and_is_reached_by_its_headers(tmp_path: Path) -> None:
    revised = {"candidate": {"cpu": 2, "headers": {"x-team": "a"}}}
    graph = deployed(tmp_path, platform={**SELDON, "gateway": GATEWAY}, revisions=revised)
    assert graph.all(SELDON_EXPERIMENT) == []
    tried, _ = inputs(graph, ROUTE)["spec"]["rules"]
    assert tried["matches"][0]["headers"][0]["name"] == "x-team"
    assert tried["filters"][1]["requestHeaderModifier"]["set"][0]["value"] == "iris--candidate"


def test_long_names_fit_into_what_a_stateful_set_makes_of_them(tmp_path: Path) -> None:
    graph = deployed(tmp_path, {LONG: {"revisions": {"candidate": {"cpu": 2}}}}, platform=SELDON)
    names = {inputs(graph, SELDON_SERVER, node.name)["metadata"]["name"] for node in graph.all(SELDON_SERVER)}
    assert len(names) == 2
    assert max(map(len, names)) <= 52


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (VLLM | {"scaling": {"min": 1}}, "server (given: 'vllm'): Seldon Core v2 runs MLServer and Triton."),
        ({"model": f"hf://acme/iris@{'a' * 40}"}, "model (given: 'hf://acme/iris@"),
        ({"scaling": {"min": 0, "max": 2}}, "scaling.min (given: 0): Seldon keeps one replica of every model."),
        (
            {"scaling": {"max": 4, "cpu_percent": 50}},
            "scaling.cpu_percent: Seldon scales by requests in flight. Write `concurrency`.",
        ),
        (
            {"scaling": {"max": 4, "scale_in_cooldown": "10m"}},
            "scaling.scale_in_cooldown: Seldon's servers say for all models when replicas come and go. Remove it.",
        ),
        ({"service_account": "reader"}, "service_account: replicas run with that of Seldon's servers."),
        (
            {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "iris"}},
            "image: replicas are Seldon's own servers, which fetch the model.",
        ),
        ({"model": {"uri": "s3://a-models/iris.tgz", "sha256": "0" * 64}}, "model.sha256: rclone verifies no digest."),
        (
            {"revisions": {"candidate": {"cpu": 2, "headers": {"x-team": "a"}}}},
            "revisions: a gateway divides requests between revisions, and the platform names none.",
        ),
        ({"path": "/flowers"}, "path (given: '/flowers'): the platform names no `gateway`"),
        ({"exposure": {"cidrs": ["10.0.0.0/8"]}}, "exposure: this is made for KServe"),
    ],
)
def test_what_seldon_cannot_do_is_refused(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    told = refusal(tmp_path, platform=SELDON, **options)
    assert [each for each in told if each.startswith(said)], told


def test_a_namespace_without_a_runtime_of_seldon_is_refused(tmp_path: Path) -> None:
    said: list[str] = []

    def program() -> None:
        try:
            KubernetesPlatform("k8s", {**CLUSTER, "serving": "seldon"})
        except pulumi.RunError as error:
            said.append(str(error))

    captured(program, tmp_path)
    assert "create_namespace (given: True): Seldon serves in namespaces that have a SeldonRuntime" in said[0]


def test_a_model_that_may_not_fit_into_the_volume_of_models_is_told_of(tmp_path: Path) -> None:
    large = deployed(tmp_path, platform=SELDON, model={"uri": "s3://acme-models/iris/7", "size": "3GiB"})
    small = deployed(tmp_path, platform=SELDON, model={"uri": "s3://acme-models/iris/7", "size": "20MiB"})
    told = [" ".join(graph.warnings) for graph in (large, small)]
    assert ["volume for models" in each for each in told] == [True, False]
    assert "storage initializer" not in told[1]


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("Model", {"storageUri": "a", "replica": 1}, "Model.replica: there is no such field"),
        ("Model", {"requirements": ["a"]}, "Model.storageUri: is required"),
        (
            "Experiment",
            {"candidates": [{"name": "a", "weight": "1"}]},
            "Experiment.candidates.weight: '1' is no integer",
        ),
    ],
)
def test_the_check_of_seldons_objects_finds_mistakes(kind: str, spec: dict[str, Any], said: str) -> None:
    manifest = {"apiVersion": "mlops.seldon.io/v1alpha1", "kind": kind, "spec": spec}
    assert list(seldon_fields.complaints(manifest)) == [said]


def test_a_mistake_in_a_servers_pod_is_found(tmp_path: Path) -> None:
    server = inputs(deployed(tmp_path, platform=SELDON), SELDON_SERVER)
    pod(server)["nodeSelectors"] = {}
    assert any("nodeSelectors" in each for each in complaints(server))

"""A transformer, an explainer, batches and a log of payloads: what KServe is told of them, and where they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS
from modelinfra.components.environment_plan import plan_environment
from modelinfra.graph.values import plain
from modelinfra.options.problems import InvalidOptionsError
from tests.kubernetes.graphs import OWN, V1, node
from tests.kubernetes.graphs import refusal as refused_graph
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import (
    AUTOSCALER,
    BUDGET,
    GATEWAY,
    POLICY,
    ROUTE,
    SERVING,
    deployed,
    manifests,
    predictor,
    refusal,
    server,
)
from tests.making import LONG, inputs

PINNED = "r.example/beside@sha256:" + "0" * 64
SKLEARN = {"server": "kserve-sklearnserver"}
BESIDE = {"image": PINNED, "args": ["--predictor_protocol=v2"], "environment": {"SEED": "1"}}


def test_a_transformer_takes_the_requests_and_knows_what_the_model_is_called(tmp_path: Path) -> None:
    graph = deployed(tmp_path, transformer=BESIDE, platform={"gateway": GATEWAY})
    transformer = inputs(graph, SERVING)["spec"]["transformer"]
    (container,) = transformer["containers"]
    assert container["image"] == PINNED
    assert container["args"] == ["--predictor_protocol=v2", "--model_name=iris"]
    assert container["env"] == [{"name": "SEED", "value": "1"}]
    (rule,) = inputs(graph, ROUTE)["spec"]["rules"]
    assert rule["backendRefs"][0]["name"] == "iris-transformer"
    outputs = graph.one("modelinfra:index:ModelEndpoint").outputs
    assert plain(outputs["predict_url"]) == "https://models.acme.ai/iris/v2/models/iris/infer"
    assert plain(outputs["health_url"]) == "https://models.acme.ai/iris/v2/health/ready"
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_it_is_moved_reached_and_scaled_as_the_server_is(tmp_path: Path) -> None:
    graph = deployed(tmp_path, transformer={**BESIDE, "scaling": {"min": 2, "max": 4}}, scaling={"min": 3})
    made = {node.name for token in (POLICY, BUDGET, AUTOSCALER) for node in graph.all(token)}
    assert {"iris-transformer-network-policy", "iris-transformer-disruption-budget"} <= made
    # KServe writes all numbers or none, so that the one that does not change is an autoscaler's, too.
    spec = {node.name: plain(node.inputs)["spec"] for node in graph.all(AUTOSCALER)}
    assert {name: (each["minReplicas"], each["maxReplicas"]) for name, each in spec.items()} == {
        "iris-autoscaler": (3, 3),
        "iris-transformer-autoscaler": (2, 4),
    }
    assert spec["iris-transformer-autoscaler"]["scaleTargetRef"]["name"] == "iris-transformer"
    assert inputs(graph, SERVING)["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "external"
    assert "minReplicas" not in inputs(graph, SERVING)["spec"]["transformer"]


def test_an_explainer_answers_at_a_path_of_its_own(tmp_path: Path) -> None:
    graph = deployed(tmp_path, explainer=BESIDE, platform={"gateway": GATEWAY})
    rule, rest = inputs(graph, ROUTE)["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "Exact", "value": "/iris/v1/models/iris:explain"}}]
    assert rule["filters"][0]["urlRewrite"]["path"] == {
        "type": "ReplaceFullPath",
        "replaceFullPath": "/v1/models/iris:explain",
    }
    assert rule["backendRefs"][0]["name"] == "iris-explainer"
    assert rest["backendRefs"][0]["name"] == "iris-predictor"
    outputs = graph.one("modelinfra:index:ModelEndpoint").outputs
    assert plain(outputs["explain_url"]) == "https://models.acme.ai/iris/v1/models/iris:explain"
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_without_a_gateway_the_explainer_has_an_address_in_the_cluster(tmp_path: Path) -> None:
    outputs = deployed(tmp_path, explainer=BESIDE).one("modelinfra:index:ModelEndpoint").outputs
    assert plain(outputs["explain_url"]) == "http://iris-explainer.k8s.svc.cluster.local/v1/models/iris:explain"


def test_long_names_fit_with_a_transformer_and_stay_what_they_were_without(tmp_path: Path) -> None:
    graph = deployed(tmp_path, {LONG: {"transformer": BESIDE}}, platform={"namespace": "models"})
    name = inputs(graph, SERVING)["metadata"]["name"]
    assert len(f"isvc.{name}-transformer") <= 63


def test_requests_are_put_together_by_the_agent_which_is_reached_at_its_port(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **SKLEARN, batching={"max_batch_size": 8})
    assert predictor(graph)["batcher"] == {"maxBatchSize": 8, "maxLatency": 50}
    ports = [each["port"] for each in inputs(graph, POLICY)["spec"]["ingress"][0]["ports"]]
    assert ports == [8080, 8081, 9081]
    assert [found for each in manifests(graph) for found in complaints(each)] == []


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (
            {"server": "mlserver"},
            "batching: MLServer puts requests together itself, and KServe's agent knows protocol V1 alone. Write max_batch_size and max_batch_time in model-settings.json.",
        ),
        (
            {"server": "kserve-huggingfaceserver", "model": {"uri": f"hf://a/b@{'a' * 40}", "size": "1GiB"}},
            "batching: KServe's agent puts requests of protocol V1 together, and KServe Hugging Face server is asked at /openai/v1/chat/completions. Remove it.",
        ),
    ],
    ids=["batches itself", "another protocol"],
)
def test_batches_are_refused_where_the_agent_makes_none(server: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, **server, batching={})


def test_payloads_are_copied_with_a_mode_and_headers_as_the_agent_compares_them(tmp_path: Path) -> None:
    graph = deployed(tmp_path, payload_logging={"url": "http://sink.logging", "metadata_headers": ["x-request-id"]})
    assert predictor(graph)["logger"] == {
        "url": "http://sink.logging",
        "mode": "all",
        "metadataHeaders": ["X-Request-Id"],
    }
    ports = [each["port"] for each in inputs(graph, POLICY)["spec"]["ingress"][0]["ports"]]
    assert 9081 in ports
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_an_image_that_can_move_and_arguments_that_kserve_writes_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, transformer={"image": "r.example/beside:1", "args": ["--http_port=9"]}) == [
        "transformer.image (given: 'r.example/beside:1'): a tag can move, so that two replicas of one revision may differ. Write repository@sha256:digest.",
        "transformer.args[0] (given: '--http_port=9'): the library or KServe writes this argument. Remove it.",
    ]


def test_what_a_transformer_takes_and_answers_is_its_own(tmp_path: Path) -> None:
    nodes = {"root": node("Sequence", {"endpoint": "open"}, {"endpoint": "shaped"})}
    shaped = {**V1, "transformer": {"image": PINNED}}
    assert refused_graph(nodes, endpoints={"open": V1, "shaped": shaped}) == []
    assert refused_graph(nodes, endpoints={"open": V1, "shaped": V1}) != []


@pytest.mark.parametrize(
    "said",
    [
        {"transformer": {"image": PINNED}},
        {"explainer": {"image": PINNED}},
        {"batching": {}},
        {"payloadLogging": {"url": "http://sink"}},
    ],
    ids=lambda said: next(iter(said)),
)
def test_on_ecs_there_is_none_of_it_and_what_to_write_is_told(said: dict[str, Any]) -> None:
    endpoint = {"server": "tensorflow-serving", "model": "s3://acme-models/a/1", **said}
    with pytest.raises(InvalidOptionsError) as told:
        plan_environment({"platforms": {"web": {"type": "ecs"}}, "endpoints": {"a": endpoint}}, "camel", Path("/"))
    (problem,) = told.value.problems
    assert problem.path == f"endpoints.a.{next(iter(said))}"
    assert problem.reason.startswith("this is KServe's: ")


def test_a_server_of_ones_own_is_batched_where_it_is_asked_in_v1(tmp_path: Path) -> None:
    own = {**OWN, "server": {"image": OWN["image"], "port": 8080, "health_path": "/health"}}
    v1 = {**own, "server": {**own["server"], "predict_path": "/v1/models/{model}:predict"}}
    assert predictor(deployed(tmp_path / "a", **v1, batching={}))["batcher"]["maxBatchSize"] == 32
    other = {**own, "server": {**own["server"], "predict_path": "/clean"}}
    (said,) = refusal(tmp_path / "b", **other, batching={})
    assert said.startswith("batching: KServe's agent puts requests of protocol V1 together")


def test_a_model_on_a_volume_is_read_where_the_server_looks_and_not_fetched(tmp_path: Path) -> None:
    volume = {"claim": "weights", "path": "iris/7"}
    graph = deployed(tmp_path, model_volume=volume)
    found = predictor(graph)
    assert "storageUris" not in found
    assert found["volumes"] == [{"name": "model", "persistentVolumeClaim": {"claimName": "weights", "readOnly": True}}]
    (mount,) = server(graph)["volumeMounts"]
    assert mount == {
        "name": "model",
        "mountPath": SERVERS["mlserver"].model_directory,
        "readOnly": True,
        "subPath": "iris/7",
    }
    # A group would be given to all files of a volume that others read, too.
    assert "fsGroup" not in found["securityContext"]
    assert [each for every in manifests(graph) for each in complaints(every)] == []


def test_a_revision_with_a_model_of_its_own_fetches_it(tmp_path: Path) -> None:
    revisions = {"candidate": {"model": {"uri": "s3://acme-models/iris/8", "name": "iris"}}}
    graph = deployed(tmp_path, model_volume={"claim": "weights"}, revisions=revisions, platform={"gateway": GATEWAY})
    own, candidate = (
        plain(node.inputs)["spec"]["predictor"] for node in sorted(graph.all(SERVING), key=lambda each: len(each.name))
    )
    assert "storageUris" not in own
    assert candidate["storageUris"][0]["uri"] == "s3://acme-models/iris/8"
    assert "volumes" not in candidate


def test_a_volume_needs_an_address_whose_copy_it_has(tmp_path: Path) -> None:
    ready = {"image": PINNED, "model": {"name": "iris"}}
    assert refusal(tmp_path, **ready, model_volume={"claim": "weights"}) == [
        "model_volume: the model lies at no address, whose copy the volume could have. Remove it, or write the address of the model."
    ]

"""An endpoint as LLMInferenceServices of KServe: vLLM behind a scheduler, its route, and what scales it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.values import plain
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import (
    ACCOUNT,
    BUDGET,
    GATEWAY,
    HUB,
    LLM_SERVICE,
    ROUTE,
    SCALED_OBJECT,
    SERVING,
    VLLM,
    deployed,
    manifests,
    refusal,
)
from tests.making import LONG, inputs

LLM: dict[str, Any] = {"serving": "kserve-llm", "gateway": GATEWAY}
CANDIDATE: dict[str, Any] = {
    "revisions": {"candidate": {"environment": {"VLLM_ADDITIONAL_ARGS": "--enforce-eager"}}},
    "traffic": {"stable": 90, "candidate": 10},
}


def main(spec: dict[str, Any]) -> dict[str, Any]:
    (found,) = spec["template"]["containers"]
    container: dict[str, Any] = found
    return container


def backends(rule: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(each["kind"], each["name"], each["weight"]) for each in rule["backendRefs"]]


def test_kserve_starts_the_catalogues_vllm_with_the_model_of_the_hub(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=LLM, **VLLM)
    spec = inputs(graph, LLM_SERVICE)["spec"]
    assert spec["model"] == {"uri": f"hf://acme/chat:{'a' * 40}", "name": "iris"}
    assert main(spec)["name"] == "main"
    assert main(spec)["image"].startswith("docker.io/vllm/vllm-openai:")
    assert main(spec)["securityContext"] == {"runAsNonRoot": False}
    assert main(spec)["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert "lifecycle" not in main(spec)
    assert spec["template"]["serviceAccountName"] == "iris"
    assert spec["template"]["nodeSelector"]["nvidia.com/gpu.product"] == "NVIDIA-A10G"
    assert "parallelism" not in spec
    assert graph.all(SERVING) == graph.all(ROUTE) == []
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_several_accelerators_of_a_replica_divide_the_model(tmp_path: Path) -> None:
    several = VLLM | {"accelerator": {"name": "A10G", "count": 4}}
    assert inputs(deployed(tmp_path, platform=LLM, **several), LLM_SERVICE)["spec"]["parallelism"] == {"tensor": 4}


def test_keda_has_the_number_and_asks_what_waits_at_vllm(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=LLM, **VLLM)
    assert "replicas" not in inputs(graph, LLM_SERVICE)["spec"]
    spec = inputs(graph, SCALED_OBJECT)["spec"]
    assert spec["scaleTargetRef"]["name"] == "iris-kserve"
    assert (
        'vllm:num_requests_waiting{namespace="k8s",pod=~"iris-kserve-.*"}' in spec["triggers"][0]["metadata"]["query"]
    )
    annotations = inputs(graph, LLM_SERVICE)["metadata"]["annotations"]
    assert (annotations["prometheus.io/port"], annotations["prometheus.io/path"]) == ("8000", "/metrics")


def test_a_fixed_number_is_kserves(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=LLM, **(VLLM | {"scaling": {"min": 3}}))
    assert inputs(graph, LLM_SERVICE)["spec"]["replicas"] == 3
    assert graph.all(SCALED_OBJECT) == []
    labels = inputs(graph, BUDGET)["spec"]["selector"]["matchLabels"]
    assert labels["app.kubernetes.io/name"] == "iris"
    assert labels["kserve.io/component"] == "workload"


def test_predictions_pass_the_scheduler_and_all_else_goes_to_any_replica(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=LLM, path="/chat", **VLLM)
    route = inputs(graph, LLM_SERVICE)["spec"]["router"]["route"]["http"]["spec"]
    assert [(each["name"], each["namespace"]) for each in route["parentRefs"]] == [("inference", "gateways")]
    led = {rule["matches"][0]["path"]["value"]: backends(rule) for rule in route["rules"]}
    assert led["/chat/v1/chat/completions"] == [("InferencePool", "iris-inference-pool", 100)]
    assert led["/chat"] == [("Service", "iris-kserve-workload-svc", 100)]
    cut = {
        rule["matches"][0]["path"]["value"]: rule["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"]
        for rule in route["rules"]
    }
    assert (cut["/chat/v1/completions"], cut["/chat"]) == ("/v1/completions", "/")
    assert {rule["timeouts"]["request"] for rule in route["rules"]} == {"300s"}
    outputs = graph.one("modelinfra:index:ModelEndpoint").outputs
    assert plain(outputs["predict_url"]) == "https://models.acme.ai/chat/v1/chat/completions"
    assert plain(outputs["health_url"]) == "https://models.acme.ai/chat/v1/models"


def test_the_stable_revisions_route_divides_traffic_between_pools_and_waits_for_the_other(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=LLM, **VLLM, **CANDIDATE)
    stable = graph.one(LLM_SERVICE, "iris-llm-inference-service")
    other = graph.one(LLM_SERVICE, "iris--candidate-llm-inference-service")
    of_stable = plain(stable.inputs)["spec"]["router"]["route"]["http"]["spec"]["rules"]
    assert backends(of_stable[0]) == [
        ("InferencePool", "iris-inference-pool", 90),
        ("InferencePool", "iris--candidate-inference-pool", 10),
    ]
    of_other = plain(other.inputs)["spec"]["router"]["route"]["http"]["spec"]["rules"]
    assert backends(of_other[0]) == [("InferencePool", "iris--candidate-inference-pool", 1)]
    assert of_other[0]["matches"][0]["headers"] == [
        {"type": "Exact", "name": "x-modelinfra-revision", "value": "candidate"}
    ]
    assert other.urn in stable.depends_on
    assert len(graph.all(ACCOUNT)) == 1
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_pulumi_waits_until_it_is_ready(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=LLM, **VLLM, startup_budget="20m")
    assert inputs(graph, LLM_SERVICE)["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"
    timeouts = graph.one(LLM_SERVICE).custom_timeouts
    assert timeouts is not None
    assert timeouts["create"] == "55m"


def test_long_names_stay_as_they_are_below(tmp_path: Path) -> None:
    graph = deployed(tmp_path, {LONG: {**VLLM, "path": "/chat"}}, platform={**LLM, "namespace": "models"})
    assert len(inputs(graph, LLM_SERVICE)["metadata"]["name"] + "-kserve-workload-svc") <= 63


@pytest.mark.parametrize(
    ("platform", "options", "said"),
    [
        (LLM, {}, "server (given: 'mlserver'): an LLMInferenceService runs vLLM."),
        (LLM | {"gateway": None}, VLLM, "platform: its scheduler works at a gateway, and the platform names none."),
        (
            LLM,
            VLLM | {"environment": {"TEMPLATE": "{{ content }}"}},
            "environment.TEMPLATE (given: '{{ content }}'): KServe takes the whole service for a template",
        ),
        (LLM, VLLM | {"scaling": {"min": 0}}, "scaling.min (given: 0): a Deployment without replicas answers nothing"),
        (
            LLM,
            VLLM | {"revisions": {"candidate": {"cpu": 2}}, "mirror": {"revision": "candidate"}},
            "mirror: its scheduler picks a replica for a request, and none for a copy.",
        ),
        (
            LLM,
            VLLM | {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "iris"}},
            "image: KServe fetches the model, and mounts it into the catalogue's image.",
        ),
        (
            LLM,
            VLLM | {"model": {"uri": HUB, "size": "1GiB", "sha256": "0" * 64}},
            "model.sha256",
        ),
        (
            LLM | {"prometheus": None},
            VLLM,
            "scaling.concurrency (given: 20): KEDA would ask a Prometheus for it, and the platform names none.",
        ),
    ],
)
def test_what_it_cannot_do_is_refused(
    platform: dict[str, Any], options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    told = refusal(tmp_path, platform=platform, **options)
    assert [each for each in told if each.startswith(said)], told

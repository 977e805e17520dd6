"""One endpoint on one Kubernetes cluster, captured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi

from modelinfra import KubernetesPlatform, ModelEndpoint
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.making import captured

GATEWAY = {"name": "inference", "namespace": "gateways", "url": "https://models.acme.ai"}
CLUSTER: dict[str, Any] = {
    "cluster": {"context": "models"},
    "accelerators": {"A10G": {"node_selector": {"nvidia.com/gpu.product": "NVIDIA-A10G"}}},
    "prometheus": {"url": "http://prometheus.monitoring:9090"},
}
HUB = f"hf://acme/chat@{'a' * 40}"
LLAMA: dict[str, Any] = {"server": "llama-cpp", "model": {"uri": HUB, "file": "chat.gguf", "size": "2GiB"}}
VLLM: dict[str, Any] = {
    "server": "vllm",
    "model": {"uri": HUB, "size": "15GiB"},
    "accelerator": {"name": "A10G"},
    "scaling": {"min": 1, "max": 4, "concurrency": 20},
}

KNATIVE: dict[str, Any] = {"serving": "kserve-knative", "prometheus": None}
"""A platform on which Knative runs the replicas."""

SELDON: dict[str, Any] = {
    "serving": "seldon",
    "create_namespace": False,
    "namespace": "seldon-models",
    "prometheus": None,
}
"""A platform on which Seldon Core v2 runs the replicas."""

SELDON_SERVER, SELDON_MODEL, SELDON_EXPERIMENT = (
    f"kubernetes:mlops.seldon.io/v1alpha1:{kind}" for kind in ("Server", "Model", "Experiment")
)
LLM_SERVICE = "kubernetes:serving.kserve.io/v1alpha2:LLMInferenceService"
KNATIVE_ROUTE = "kubernetes:serving.knative.dev/v1:Route"
GRANT = "kubernetes:gateway.networking.k8s.io/v1beta1:ReferenceGrant"
SERVING = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
NAMESPACE = "kubernetes:core/v1:Namespace"


def deployed(
    root: Path,
    endpoints: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    platform: Mapping[str, Any] | None = None,
    **options: Any,
) -> Graph:
    """A platform with an endpoint `iris` of these options, or with the endpoints that are given."""

    def program() -> None:
        asked = {key: value for key, value in {**CLUSTER, **(platform or {})}.items() if value is not None}
        cluster = KubernetesPlatform("k8s", asked)
        for name, each in (endpoints or {"iris": options}).items():
            model = {} if "models" in each else {"model": "s3://acme-models/iris/7"}
            given = {"server": "mlserver", **model, **each}
            ModelEndpoint(name, {**given, "platform": cluster})

    return captured(program, root)


def refusal(root: Path, *, platform: Mapping[str, Any] | None = None, **options: Any) -> list[str]:
    """What is said of a wrong endpoint `iris`; that nothing of it was registered is checked on the way."""
    said: list[str] = []

    def program() -> None:
        asked = {key: value for key, value in {**CLUSTER, **(platform or {})}.items() if value is not None}
        cluster = KubernetesPlatform("k8s", asked)
        model = {} if "models" in options else {"model": "s3://acme-models/iris/7"}
        given = {"server": "mlserver", **model, **options}
        try:
            ModelEndpoint("iris", {**given, "platform": cluster})
        except pulumi.RunError as error:
            said.extend(str(error).splitlines()[1:])

    assert captured(program, root).all("modelinfra:index:ModelEndpoint") == []
    return [line.strip() for line in said]


def manifests(graph: Graph) -> Iterator[dict[str, Any]]:
    """What the API server would be given."""
    for node in graph:
        if node.type.startswith("kubernetes:"):
            yield {key: value for key, value in plain(node.inputs).items() if not key.startswith("__")}


def predictor(graph: Graph, name: str | None = None) -> dict[str, Any]:
    """The predictor of the endpoint's InferenceService."""
    found: dict[str, Any] = plain(graph.one(SERVING, name).inputs)["spec"]["predictor"]
    return found


def server(graph: Graph, name: str | None = None) -> dict[str, Any]:
    """The server's container in it."""
    (container,) = predictor(graph, name)["containers"]
    found: dict[str, Any] = container
    return found

"""A stack file makes a cluster on EKS, its nodes, KServe and endpoints, in an order in which each finds what it needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from modelinfra import EksCluster, Environment, KubernetesPlatform, ModelEndpoint, ServingNetwork
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.kubernetes.schemas import complaints
from tests.kubernetes.whole import CHAT, EKS, IRIS, POOL, environment, whole
from tests.kubernetes.worlds import HUB, NAMESPACE, ROUTE, SERVING, manifests, predictor
from tests.making import captured
from tests.platforms.eks import CI, CLUSTER, waits_for

PROVIDER = "pulumi:providers:kubernetes"
SUFFIX = r"[0-9A-Fa-f-]{6,}"
"""Ids, and what physical names end in, which differ with the parents."""

RELEASE = "kubernetes:helm.sh/v3:Release"


def aws(graph: Graph) -> list[str]:
    return [node.type for node in graph if node.type.startswith("aws:")]


def needed(graph: Graph, name: str, token: str = SERVING) -> set[str]:
    return {graph[urn].name for urn in waits_for(graph, graph.one(token, name).urn)}


def test_an_endpoint_waits_for_the_cluster_its_nodes_and_kserve_which_waits_for_the_nodes(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}, {"chat": CHAT}, {"a10g": POOL}))
    nodes = {"dev-k8s-eks-cluster", "dev-k8s-eks-system", "dev-k8s-eks-karpenter", "dev-k8s-eks-node-pool-a10g"}
    kserve = {
        "dev-k8s-kserve-controller",
        "dev-k8s-kserve-cert-manager",
        "dev-k8s-kserve-keda",
        "dev-k8s-kserve-gateway",
    }
    assert nodes | kserve | {"dev-k8s-namespace", "dev-network-nat-a"} <= needed(graph, "dev-chat-inference-service")
    # Pods of what is installed need nodes, and objects that own load balancers go while these still run.
    first = [
        node.name for node in graph if node.name.startswith("dev-k8s-kserve-") and node.type.startswith("kubernetes:")
    ]
    assert len(first) == 13
    for name in first:
        token = next(node.type for node in graph if node.name == name)
        assert nodes <= needed(graph, name, token), name
    # What others put into the namespace may have finalizers, which controllers must still be there to take away.
    assert kserve <= needed(graph, "dev-k8s-namespace", NAMESPACE)


def test_the_way_to_the_cluster_is_its_own_kubeconfig_and_the_cluster_is_known_by_its_arn(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}))
    given = graph.one(PROVIDER, "dev-k8s-cluster").inputs
    assert "get-token" in given["kubeconfig"]
    assert given["clusterIdentifier"].endswith("cluster/dev-k8s-eks-cluster") or "arn:" in given["clusterIdentifier"]
    assert given["enableServerSideApply"] in (True, "true")


def test_endpoints_hang_at_the_gateway_that_comes_with_kserve(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}, platform={"kserve": {"gateway": {"host": "models.acme.ai"}}}))
    (parent,) = plain(graph.one(ROUTE).inputs)["spec"]["parentRefs"]
    gateway = plain(graph.one("kubernetes:gateway.networking.k8s.io/v1:Gateway").inputs)["metadata"]
    assert (parent["namespace"], parent["name"]) == (gateway["namespace"], gateway["name"])
    found: dict[str, Any] = {}

    def program() -> None:
        platform = KubernetesPlatform(
            "k8s", cluster={"context": "models"}, kserve={"gateway": {"host": "models.acme.ai"}}
        )
        ModelEndpoint("iris", {**IRIS, "platform": platform}).url.apply(lambda url: found.setdefault("url", url))

    captured(program, tmp_path)
    assert found["url"] == "http://models.acme.ai/iris"


def test_a_gateway_that_the_platform_names_comes_before_that_of_kserve(tmp_path: Path) -> None:
    own = {"name": "edge", "namespace": "gateways", "url": "https://models.acme.ai"}
    graph = whole(tmp_path, environment({"eks": EKS}, platform={"gateway": own}))
    (parent,) = plain(graph.one(ROUTE).inputs)["spec"]["parentRefs"]
    assert (parent["namespace"], parent["name"]) == ("gateways", "edge")


INSTALLED = ["dev-k8s-kserve"]


@pytest.mark.parametrize(
    ("cluster", "kserve", "installed"),
    [
        ({"eks": EKS}, {}, INSTALLED),
        ({"eks": EKS}, {"kserve": True}, INSTALLED),
        ({"eks": EKS}, {"kserve": False}, []),
        ({"eks": {"cluster_name": "theirs"}}, {}, []),
        ({"eks": {"cluster_name": "theirs"}}, {"kserve": {"keda": False}}, INSTALLED),
        ({"context": "models"}, {}, []),
        ({"context": "models"}, {"kserve": True}, INSTALLED),
        ({"kubeconfig": "~/.kube/models"}, {"kserve": {}}, INSTALLED),
    ],
)
def test_kserve_is_installed_on_clusters_that_are_made_and_on_others_when_asked_for(
    cluster: dict[str, Any], kserve: dict[str, Any], installed: list[str], tmp_path: Path
) -> None:
    graph = whole(tmp_path, environment(cluster, platform=kserve))
    assert [node.name for node in graph.all("modelinfra:index:KServe")] == installed


@pytest.mark.parametrize(
    ("serving", "comes"),
    [
        ("kserve-knative", "dev-k8s-kserve-knative-operator"),
        ("kserve-llm", "dev-k8s-kserve-llm-controller"),
        ("seldon", None),
    ],
)
def test_what_another_way_of_serving_needs_is_installed_with_kserve(
    serving: str, comes: str | None, tmp_path: Path
) -> None:
    platform = {"serving": serving, **({"namespace": "s", "create_namespace": False} if serving == "seldon" else {})}
    graph = whole(tmp_path, environment({"eks": EKS}, {}, platform=platform))
    names = {node.name for node in graph.all(RELEASE)}
    assert comes in names if comes else not [name for name in names if name.startswith("dev-k8s-kserve")]


def test_an_existing_cluster_on_eks_is_looked_up_and_nothing_of_aws_is_made(tmp_path: Path) -> None:
    hub = {"iris": {**IRIS, "model": {"uri": HUB, "size": "20MiB"}}}
    graph = whole(tmp_path, environment({"eks": {"cluster_name": "theirs"}}, hub))
    assert aws(graph) == []
    assert "get-token" in graph.one(PROVIDER, "dev-k8s-cluster").inputs["kubeconfig"]
    assert graph.all("modelinfra:index:ServingNetwork") == []


def test_kserve_on_any_kubeconfig_makes_nothing_of_aws(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"context": "models"}, platform={"kserve": True}))
    assert aws(graph) == []
    assert len(graph.all(RELEASE)) == 5


def test_what_a_stack_file_says_of_a_cluster_is_what_the_component_is_told(tmp_path: Path) -> None:
    """Every resource of the component is there, with the same properties but for the beginnings of names."""
    said = {
        **EKS,
        "access": {"ci": CI},
        "karpenter": {"spot": True},
        "system_nodes": {"count": 3},
        "model_buckets": ["arn:aws:s3:::acme-models"],
        "container_insights": "enhanced",
    }
    graph = whole(tmp_path, environment({"eks": said}, {}, {"a10g": POOL}, production=True))

    def program() -> None:
        network = ServingNetwork("dev-network")
        EksCluster("dev-k8s-eks", {**said, "network": network, "gpu_node_pools": {"a10g": POOL}, "production": True})

    alone = captured(program, tmp_path)

    def of_cluster(found: Graph) -> dict[tuple[str, str], Any]:
        return {
            (node.type, node.name): re.sub(SUFFIX, "", json.dumps(plain(node.inputs), sort_keys=True))
            for node in found
            if node.name.startswith("dev-k8s-eks-") and not node.type.startswith("pulumi:")
        }

    assert len(of_cluster(alone)) > 50
    assert of_cluster(graph) == of_cluster(alone)


def test_the_environments_tags_and_boundary_reach_the_cluster_and_its_pools(tmp_path: Path) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    shared = {"tags": {"team": "ml"}, "permissions_boundary": boundary}
    graph = whole(tmp_path, environment({"eks": EKS}, {}, {"a10g": {**POOL, "tags": {"pool": "a10g"}}}, **shared))
    assert plain(graph.one(CLUSTER).inputs)["tags"]["team"] == "ml"
    roles = [plain(node.inputs) for node in graph.all("aws:iam/role:Role")]
    assert {each["permissionsBoundary"] for each in roles} == {boundary}
    node_class = plain(graph.one("kubernetes:karpenter.k8s.aws/v1:EC2NodeClass", "dev-k8s-eks-node-class-a10g").inputs)
    assert node_class["spec"]["tags"].items() >= {"team": "ml", "pool": "a10g"}.items()


def test_production_protects_the_cluster_kserve_and_the_namespace(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}, {}, production=True))
    held = {node.name for node in graph if node.protect}
    assert {"dev-k8s-eks-cluster", "dev-k8s-kserve-controller", "dev-k8s-namespace"} <= held
    assert plain(graph.one(CLUSTER).inputs)["deletionProtection"] is True


def test_every_object_in_the_namespace_of_the_endpoints_is_taken_by_the_api_server(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}, {"chat": CHAT, "iris": IRIS}, {"a10g": POOL}))
    objects = [each for each in manifests(graph) if each.get("metadata", {}).get("namespace") == "dev-k8s"]
    assert len(objects) >= 8
    assert [found for each in objects for found in complaints(each)] == []


def test_the_component_takes_network_and_pools_as_the_stack_file_does(tmp_path: Path) -> None:
    def program() -> None:
        platform = KubernetesPlatform(
            "k8s", cluster={"eks": EKS}, network=ServingNetwork("net"), gpu_node_pools={"a10g": POOL}
        )
        ModelEndpoint("chat", {**CHAT, "platform": platform})

    graph = captured(program, tmp_path)
    assert predictor(graph)["nodeSelector"]["modelinfra.dev/node-pool"] == "a10g"
    assert {"k8s-eks-node-pool-a10g", "k8s-kserve-controller"} <= needed(graph, "chat-inference-service")


def test_a_platform_on_ecs_and_one_on_eks_stand_in_one_network(tmp_path: Path) -> None:
    declared = environment({"eks": EKS}, {"iris": {**IRIS, "platform": "k8s"}})
    declared["platforms"]["web"] = {"type": "ecs"}
    graph = whole(tmp_path, declared)
    assert len(graph.all("modelinfra:index:ServingNetwork")) == 1
    assert len(graph.all("aws:ec2/vpc:Vpc")) == 1


def test_the_kubeconfig_is_an_output_of_the_environment(tmp_path: Path) -> None:
    found: dict[str, Any] = {}

    def program() -> None:
        made = Environment("dev", environment({"eks": EKS}, {}))  # type: ignore[call-overload]
        made.kubeconfigs.apply(lambda each: found.update(each))

    captured(program, tmp_path)
    assert list(found) == ["k8s"]
    assert "get-token" in found["k8s"]


def test_the_prometheus_that_comes_with_kserve_is_the_endpoints(tmp_path: Path) -> None:
    platform = {"type": "kubernetes", "cluster": {"context": "models"}, "kserve": {"prometheus": {"install": True}}}
    endpoint = {"server": "mlserver", "model": "s3://acme-models/iris/7", "slo": {"availability": 99.9}}

    def program() -> None:
        Environment("dev", platforms={"k8s": platform}, endpoints={"iris": endpoint})  # type: ignore[typeddict-item]

    graph = captured(program, tmp_path)
    assert graph.all("kubernetes:monitoring.coreos.com/v1:PrometheusRule")
    assert graph.all("kubernetes:monitoring.coreos.com/v1:PodMonitor")


def preview_of(tmp_path: Path, platform: dict[str, Any], **endpoint: Any) -> tuple[Graph | None, str]:
    """The graph and the warnings; without a graph what is said of mistakes."""
    given: dict[str, Any] = {"server": "mlserver", "model": "s3://acme-models/iris/7", **endpoint}

    def program() -> None:
        Environment("dev", platforms={"k8s": {"type": "kubernetes", **platform}}, endpoints={"iris": given})  # type: ignore[typeddict-item]

    try:
        graph = captured(program, tmp_path)
    except Exception as error:
        return None, str(error)
    return graph, " ".join(each["message"] for each in graph.logs if each["severity"] == "warning")


def test_what_serving_needs_is_not_left_out_of_the_installation(tmp_path: Path) -> None:
    platform = {
        "cluster": {"context": "models"},
        "serving": "kserve-knative",
        "kserve": {"gateway": {"host": "m.acme.ai"}},
    }
    _, said = preview_of(tmp_path, platform)
    assert "platforms.k8s.kserve.knative: `serving: kserve-knative` needs it." in said


def test_an_llm_at_a_gateway_that_serves_no_pools_is_told_of(tmp_path: Path) -> None:
    platform = {"cluster": {"context": "models"}, "serving": "kserve-llm", "kserve": True}
    chat = {
        "server": "vllm",
        "model": {"uri": HUB, "size": "15GiB"},
        "accelerator": {"name": "A10G"},
        "scaling": {"min": 1},
    }
    platform |= {"accelerators": {"A10G": {"node_selector": {"gpu": "a10g"}}}}
    _, said = preview_of(tmp_path, platform, **chat)
    assert "serves no InferencePools" in said


def test_grpc_does_not_go_past_a_transformer(tmp_path: Path) -> None:
    gateway = {
        "name": "g",
        "namespace": "gs",
        "url": "https://m.acme.ai",
        "implementation": "envoy-gateway",
        "listener": "https",
    }
    beside = {"transformer": {"image": f"r.example/t@sha256:{'0' * 64}"}}
    asked = {"exposure": {"domain": "iris.acme.ai", "grpc": {}}}
    _, said = preview_of(tmp_path, {"cluster": {"context": "models"}, "gateway": gateway}, **beside, **asked)
    assert "endpoints.iris.exposure.grpc" in said
    assert "the transformer, which speaks HTTP alone" in said


def test_kserve_is_not_installed_twice_in_one_cluster(tmp_path: Path) -> None:
    platform = {"type": "kubernetes", "cluster": {"context": "models"}, "kserve": True}

    def program() -> None:
        Environment("dev", platforms={"a": platform, "b": {**platform, "namespace": "others"}})  # type: ignore[typeddict-item]

    with pytest.raises(Exception, match=r"platforms\.b\.kserve: 'a' installs it in this cluster already"):
        captured(program, tmp_path)


def test_the_gateway_of_the_installation_may_be_named_and_asks_who_comes(tmp_path: Path) -> None:
    named = {"name": "kserve-ingress-gateway", "namespace": "kserve", "url": "https://models.internal"}
    asked = {"iris": {**IRIS, "exposure": {"domain": "iris.example.com", "cidrs": ["10.0.0.0/8"]}}}
    kserve = {"gateway": {"tls_secret": "models-tls"}}
    graph = whole(
        tmp_path,
        environment({"eks": EKS}, asked, platform={"gateway": {**named, "listener": "https"}, "kserve": kserve}),
    )
    assert graph.all("kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy")


def test_what_scales_by_keda_is_told_of_where_keda_is_left_out(tmp_path: Path) -> None:
    day = {"at": "cron(0 8 ? * MON-FRI *)", "min": 2}
    night = {"at": "cron(0 20 ? * MON-FRI *)"}
    scaled = {"iris": {**IRIS, "scaling": {"min": 1, "max": 4, "schedule": {"day": day, "night": night}}}}
    for kserve, told in ((True, 0), ({"keda": False}, 1)):
        graph = whole(tmp_path, environment({"eks": EKS}, scaled, platform={"kserve": kserve}))
        assert len([each for each in graph.logs if "KEDA scales it" in each["message"]]) == told


def test_a_tenant_whose_models_are_in_s3_is_told_that_it_needs_a_prefix(tmp_path: Path) -> None:
    of_tenant = {"iris": {**IRIS, "tenant": "bank"}}
    for tenant, told in (({"kubernetes": {}}, 1), ({"kubernetes": {}, "model_prefix": "s3://acme-models/"}, 0)):
        graph = whole(tmp_path, environment({"eks": EKS}, of_tenant, tenants={"bank": tenant}))
        said = "nothing lets replicas of the tenant bank read s3://acme-models/iris/7: write `model_prefix`"
        assert len([each for each in graph.logs if said in each["message"]]) == told

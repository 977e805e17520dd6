"""Tenants on one cluster: each has a namespace, and does not reach what the others have."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra import EksCluster, Environment, KubernetesPlatform
from modelinfra.graph.values import plain
from modelinfra.options.kubernetes import KubernetesOptions
from modelinfra.options.strict import validate
from modelinfra.options.tenants import TenantOptions
from modelinfra.platforms.kubernetes.plan import KubernetesPlan
from modelinfra.platforms.kubernetes.planner import KubernetesPlanner
from modelinfra.policies import RULES, check
from modelinfra.policies.readiness import READINESS
from tests.kubernetes.evaluated import Pod, may, reaches, replicas
from tests.kubernetes.schemas import complaints
from tests.kubernetes.tenancies import SERVED, TENANTS, environment, refused
from tests.kubernetes.worlds import ACCOUNT, CLUSTER, GATEWAY, NAMESPACE, SERVING, manifests, predictor
from tests.making import captured, document, inputs

QUOTA = "kubernetes:core/v1:ResourceQuota"
IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
PROXY = Pod("envoy-gateway-system")
PROMETHEUS = Pod("monitoring")
ELSEWHERE = Pod("", address="52.1.2.3")


def test_each_tenant_has_a_namespace_and_its_endpoints_run_there(tmp_path: Path) -> None:
    graph = environment(tmp_path, platform={"gateway": GATEWAY})
    named = {
        at["name"]: at["labels"].get("tenant")
        for each in graph.all(NAMESPACE)
        if (at := inputs(graph, NAMESPACE, each.name)["metadata"])
    }
    assert named == {"models": None, "models-bank": "bank", "models-studio": "studio"}
    placed = {
        (kind["kind"], kind["metadata"]["name"]): kind["metadata"]["namespace"]
        for kind in manifests(graph)
        if kind.get("kind") != "Namespace" and kind.get("metadata")
    }
    assert placed["InferenceService", "dev-fraud"] == placed["HTTPRoute", "dev-fraud"] == "models-bank"
    assert placed["NetworkPolicy", "dev-words"] == "models-studio"
    assert placed["InferenceService", "dev-common"] == "models"
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_the_pods_of_a_tenant_run_as_the_tenant_and_know_no_token_of_the_cluster(tmp_path: Path) -> None:
    annotated = {"iam.gke.io/gcp-service-account": "bank@acme.iam.gserviceaccount.com"}
    tenants = {**TENANTS, "bank": {"kubernetes": {"service_account_annotations": annotated}}}
    graph = environment(tmp_path, tenants=tenants)
    accounts = {
        at["namespace"]: at for each in graph.all(ACCOUNT) if (at := inputs(graph, ACCOUNT, each.name)["metadata"])
    }
    assert (
        predictor(graph, "dev-fraud-inference-service")["serviceAccountName"]
        == accounts["models-bank"]["name"]
        == "tenant"
    )
    assert accounts["models-bank"]["annotations"] == annotated
    assert predictor(graph, "dev-fraud-inference-service")["automountServiceAccountToken"] is False


OPEN = {"gateway": GATEWAY, "tenant_callers": {"namespaces": ["envoy-gateway-system"], "cidrs": ["130.211.0.0/22"]}}
PORTS = (53, 80, 443, 8080, 8081, 8082, 9000)


def test_no_pod_of_a_tenant_reaches_one_of_another_in_either_direction(tmp_path: Path) -> None:
    graph = environment(tmp_path, platform=OPEN)
    bank, studio, common = (replicas(graph, name) for name in ("fraud", "words", "common"))
    for one, other in permutations((bank, studio, common), 2):
        if other is not common:
            assert [port for port in PORTS if reaches(graph, one, other, port)] == []
    # What is nobody's is reached as ever from the cluster, but servers of tenants reach nothing there of themselves.
    assert reaches(graph, Pod("batch"), common, 8080)
    assert [port for port in PORTS if reaches(graph, bank, common, port)] == []


def test_what_serves_a_tenant_is_reached_by_those_who_should(tmp_path: Path) -> None:
    graph = environment(tmp_path, platform=OPEN)
    bank = replicas(graph, "fraud")
    for caller in (Pod(GATEWAY["namespace"]), PROXY, PROMETHEUS, Pod("models-bank", {"app": "batch"})):
        assert reaches(graph, caller, bank, 8080), caller
        assert not reaches(graph, caller, bank, 9999), caller
    assert reaches(graph, Pod("", address="130.211.1.1"), bank, 8080)
    assert not reaches(graph, ELSEWHERE, bank, 8080)
    assert not reaches(graph, Pod("default"), bank, 8080)


def test_a_tenant_reaches_names_stores_its_own_and_what_it_says_itself(tmp_path: Path) -> None:
    reached = {"egress": [{"cidr": "10.20.0.0/16", "ports": [9000]}]}
    graph = environment(tmp_path, tenants={**TENANTS, "bank": {"kubernetes": reached}})
    bank = replicas(graph, "fraud")
    assert reaches(graph, bank, Pod("kube-system", {"k8s-app": "kube-dns"}), 53, "UDP")
    assert reaches(graph, bank, ELSEWHERE, 443)
    assert reaches(graph, bank, Pod("", address="169.254.170.23"), 80)
    assert reaches(graph, bank, Pod("", address="10.20.3.4"), 9000)
    # The metadata of the node, by which a pod would take the node's identity.
    assert not reaches(graph, bank, Pod("", address="169.254.169.254"), 80)
    assert not reaches(graph, bank, Pod("", address="10.30.0.1"), 9000)
    assert not reaches(graph, replicas(graph, "words"), Pod("", address="10.20.3.4"), 9000)


def test_the_evaluation_sees_a_namespace_that_is_open(tmp_path: Path) -> None:
    graph = environment(tmp_path, tenants={"bank": {"kubernetes": {}}}, endpoints={"fraud": {"tenant": "bank"}})
    assert reaches(graph, Pod("default"), Pod("elsewhere"), 8080)
    assert reaches(graph, Pod("default"), replicas(graph, "fraud"), 8080) is False


@settings(max_examples=8)
@given(
    owners=st.lists(st.sampled_from(["a", "b", "c-b", None]), min_size=2, max_size=5),
    gateway=st.booleans(),
    callers=st.lists(st.sampled_from(["envoy-gateway-system", "batch"]), max_size=2),
    egress=st.lists(st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "::/0"]), max_size=2),
    port=st.sampled_from(PORTS),
)
def test_however_tenants_are_declared_they_are_apart(
    owners: list[str | None], gateway: bool, callers: list[str], egress: list[str], port: int, tmp_path_factory: Any
) -> None:
    tenants = {
        name: {"kubernetes": {"egress": [{"cidr": each, "ports": [port]} for each in egress]}}
        for name in ("a", "b", "c-b")
    }
    endpoints = {f"e{index}": {"tenant": owner} if owner else {} for index, owner in enumerate(owners)}
    platform = {**({"gateway": GATEWAY} if gateway else {}), "tenant_callers": {"namespaces": callers}}
    graph = environment(tmp_path_factory.mktemp("any"), tenants=tenants, endpoints=endpoints, platform=platform)
    for (one, first), (other, second) in permutations(enumerate(owners), 2):
        source, target = replicas(graph, f"e{one}"), replicas(graph, f"e{other}")
        if second is not None:
            assert (source.namespace == target.namespace) == (first == second)
            assert reaches(graph, source, target, 8080) == (first == second)


def test_people_of_a_tenant_see_what_is_theirs_and_read_no_secret(tmp_path: Path) -> None:
    graph = environment(tmp_path)
    for kind, who in (("Group", "bank-ml"), ("User", "ada")):
        assert may(graph, kind, who, "get", "pods/log", "models-bank")
        assert may(graph, kind, who, "list", "inferenceservices", "models-bank", "serving.kserve.io")
        assert may(graph, kind, who, "delete", "pods", "models-bank")
        assert may(graph, kind, who, "create", "secrets", "models-bank")
        for verb in ("get", "list", "watch", "patch"):
            assert not may(graph, kind, who, verb, "secrets", "models-bank")
        for verb, resource in (
            ("create", "pods"),
            ("create", "pods/exec"),
            ("update", "networkpolicies"),
            ("update", "resourcequotas"),
            ("create", "rolebindings"),
        ):
            assert not any(
                may(graph, kind, who, verb, resource, "models-bank", group)
                for group in ("", "networking.k8s.io", "rbac.authorization.k8s.io")
            )
        for elsewhere in ("models", "models-studio"):
            assert not may(graph, kind, who, "get", "pods", elsewhere)
    assert not may(graph, "Group", "studio-ml", "get", "pods", "models-bank")
    assert not may(graph, "User", "bank-ml", "get", "pods", "models-bank")


def test_in_production_a_tenants_namespace_is_not_deleted_with_what_is_in_it(tmp_path: Path) -> None:
    for production in (True, False):
        graph = environment(tmp_path, production=production)
        assert {bool(node.protect) for node in graph.all(NAMESPACE)} == {production}


def test_what_is_in_a_namespace_goes_before_it_and_comes_after_what_closes_it(tmp_path: Path) -> None:
    graph = environment(tmp_path)
    (serving,) = (node for node in graph.all(SERVING) if node.name.startswith("dev-fraud"))
    before = {graph[urn].name for urn in serving.depends_on}
    assert {"dev-k8s-tenant-bank", "dev-k8s-tenant-bank-policy", "dev-k8s-tenant-bank-quota"} <= before
    assert not any("studio" in name for name in before)


def test_on_a_platform_of_its_own_the_namespace_is_the_platforms(tmp_path: Path) -> None:
    graph = environment(
        tmp_path,
        tenants={"bank": TENANTS["bank"]},
        endpoints={"fraud": {"tenant": "bank"}},
        platform={"tenant": "bank"},
    )
    assert [inputs(graph, NAMESPACE)["metadata"]["name"]] == ["models"]
    assert inputs(graph, QUOTA)["metadata"]["namespace"] == "models"
    assert not reaches(graph, Pod("default"), replicas(graph, "fraud"), 8080)


def test_a_tenant_without_a_namespace_has_no_endpoint_on_what_is_shared(tmp_path: Path) -> None:
    endpoints = {"fraud": {**SERVED, "tenant": "bank"}}
    (said,) = refused(tmp_path, tenants={"bank": {}}, endpoints=endpoints)
    assert said.startswith("endpoints.fraud.tenant (given: 'bank'): endpoints of one namespace are not kept apart")
    assert "Write `kubernetes: {}` below `tenants.bank`" in said


def test_a_model_of_a_tenant_among_those_of_others_is_refused(tmp_path: Path) -> None:
    models = {"a": {"uri": "s3://models/bank/1", "tenant": "bank"}, "b": {"uri": "s3://models/b/1"}}
    keys = {"domain": "a.acme.ai", "hosted_zone_id": "Z0123456789ABCDEFGHIJ", "auth": {"api_keys": {"bank": {}}}}
    said = refused(tmp_path, endpoints={"shared": {"server": "mlserver", "models": models, "exposure": keys}})
    path = "endpoints.shared.models.a.tenant (given: 'bank')"
    assert [line for line in said if line.startswith(f"{path}: no gateway here opens a route")]


def test_what_is_said_of_namespaces_that_there_are_not_is_refused(tmp_path: Path) -> None:
    ecs = {"web": {"type": "ecs"}}
    (said,) = refused(tmp_path, platforms=ecs, tenants={"bank": {"kubernetes": {}}}, endpoints={})
    assert said.startswith("tenants.bank.kubernetes: no platform of type kubernetes is the tenant's or shared")
    cluster = {"k8s": {"type": "kubernetes", **CLUSTER, "tenant_callers": {"namespaces": ["batch"]}}}
    (said,) = refused(tmp_path, platforms=cluster, tenants={})
    assert said.startswith("platforms.k8s.tenant_callers: no tenant has a namespace here")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"egress": [{"cidr": "10.20.0.1/16", "ports": [1]}]},
            "egress[0].cidr (given: '10.20.0.1/16'): this is no range of addresses",
        ),
        (
            {"egress": [{"cidr": "10.20.0.0/16", "ports": [0]}]},
            "egress[0].ports (given: 0): a port is between 1 and 65535",
        ),
        ({"quota": {"pods": 0}}, "quota.pods (given: 0): the least is 1"),
    ],
)
def test_what_no_cluster_takes_is_refused(options: Any, said: str, tmp_path: Path) -> None:
    found = refused(tmp_path, tenants={"bank": {"kubernetes": options}})
    assert [line for line in found if line.startswith(f"tenants.bank.kubernetes.{said}")] == found
    assert found


def test_secrets_of_the_same_name_in_two_namespaces_are_two_secrets(tmp_path: Path) -> None:
    endpoints = {
        name: {"tenant": tenant, "secrets": {"TOKEN": "hub/token"}}
        for name, tenant in (("fraud", "bank"), ("words", "studio"))
    }
    assert len(environment(tmp_path, endpoints=endpoints).all(SERVING)) == 2


def test_the_label_by_which_a_tenants_namespace_is_known_is_on_it(tmp_path: Path) -> None:
    assert (
        plain(environment(tmp_path).one(NAMESPACE, "dev-k8s-tenant-bank").inputs)["metadata"]["labels"][
            "pod-security.kubernetes.io/enforce"
        ]
        == "baseline"
    )


def test_on_eks_each_tenant_reads_its_own_models_and_no_others(tmp_path: Path) -> None:
    tenants = {
        name: validate(TenantOptions, {"kubernetes": {}, "model_prefix": prefix}, style="snake")
        for name, prefix in (("bank", "s3://acme-models/bank/"), ("studio", "s3://studio/"))
    }
    options = validate(KubernetesOptions, {**CLUSTER, "namespace": "models"}, style="snake")
    said: list[Any] = []

    def program() -> None:
        cluster = EksCluster("eks", cluster_name="theirs")
        plan = KubernetesPlan(options, KubernetesPlanner(options, tenants=tenants))
        platform: Any = KubernetesPlatform("k8s", plan, production=False)  # type: ignore[call-overload]
        platform.give_roles(cluster)
        said.extend(each.pulumi_resource_name for each in platform.places["bank"].ready)

    graph = captured(program, tmp_path)
    identity = inputs(graph, IDENTITY, "eks-pods-k8s-bank")
    assert (identity["namespace"], identity["serviceAccount"]) == ("models-bank", "tenant")
    (policy,) = (node for node in graph.all("aws:iam/rolePolicy:RolePolicy") if node.name == "eks-pods-k8s-bank")
    assert document(plain(policy.inputs)["policy"]) == [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-models/bank/*"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-models",
            "Condition": {"StringLike": {"s3:prefix": "bank/*"}},
        },
    ]
    assert inputs(graph, "aws:iam/role:Role", "eks-pods-k8s-bank")["tags"] == {"tenant": "bank"}
    # A pod that starts before it has its role does not look again.
    assert "eks-pods-k8s-bank" in said
    assert "eks-pods-k8s-studio" not in said


def judged(root: Path, rule: str, given: str, **declared: Any) -> list[str]:
    """What `modelinfra check` says of tenants, beside a role of the tenant studio with this right."""

    def program() -> None:
        Environment("dev", **declared)
        role = aws.iam.Role("studio", assume_role_policy="{}", tags={"tenant": "studio"})
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": given}
        aws.iam.RolePolicy("studio", role=role.name, policy=json.dumps({"Statement": [statement]}))

    return [found.message for found in check(captured(program, root), (*RULES, *READINESS)) if found.rule == rule]


def test_a_role_that_reads_the_models_of_another_tenants_namespace_is_told(tmp_path: Path) -> None:
    declared: dict[str, Any] = {
        "platforms": {"k8s": {"type": "kubernetes", **CLUSTER, "namespace": "models"}},
        "tenants": TENANTS,
        "endpoints": {
            "fraud": {"server": "mlserver", "model": "s3://acme-models/bank/fraud/7", "tenant": "bank"},
            "words": {"server": "mlserver", "model": "s3://acme-models/studio/words/3", "tenant": "studio"},
        },
    }
    own, all_of_it = "arn:aws:s3:::acme-models/studio/*", "arn:aws:s3:::acme-models/*"
    assert judged(tmp_path, "tenant-apart", own, **declared) == []
    assert judged(tmp_path, "tenant-apart", all_of_it, **declared) == [
        f"it may s3:GetObject on {all_of_it}, where s3://acme-models/bank/fraud/7 of the tenant bank is"
    ]
    # The namespaces are closed; the one without a quota is told of.
    assert judged(tmp_path, "ready-tenant-network", own, **declared) == []
    (said,) = judged(tmp_path, "ready-tenant-quota", own, **declared)
    assert said.startswith("the namespace models-studio has no quota")


BESIDE = {"image": "r.example/features@sha256:" + "0" * 64, "scaling": {"min": 1}}


def test_what_stands_before_a_tenants_server_is_closed_and_counted_as_the_server_is(tmp_path: Path) -> None:
    endpoint = {"tenant": "bank", "scaling": {"min": 1}, "cpu": 1, "transformer": {**BESIDE, "cpu": 2}}
    graph = environment(tmp_path, endpoints={"fraud": endpoint}, platform=OPEN)
    server = replicas(graph, "fraud")
    transformer = Pod("models-bank", {"app": server.labels["app"].replace("-predictor", "-transformer")})
    assert reaches(graph, PROXY, transformer, 8080)
    assert reaches(graph, transformer, server, 8080)
    for caller in (Pod("default"), Pod("models-studio"), ELSEWHERE):
        assert not reaches(graph, caller, transformer, 8080), caller
    # 1 and 2 vCPU, and 2 more while the larger one is renewed.
    tenants = {"bank": {"kubernetes": {"quota": {"cpu": 4}}}}
    (said,) = refused(tmp_path, tenants=tenants, endpoints={"fraud": {**SERVED, **endpoint}})
    assert "quota.cpu (given: '4'): its endpoints take 5 vCPU" in said


def test_a_graph_of_the_platform_names_no_endpoint_of_a_tenant_and_a_tenants_own_is_closed(tmp_path: Path) -> None:
    graphs = {"scores": {"nodes": {"root": {"router_type": "Ensemble", "steps": [{"endpoint": "fraud"}]}}}}
    endpoints = {"fraud": {**SERVED, "tenant": "bank"}}
    (said,) = refused(tmp_path, endpoints=endpoints, inference_graphs=graphs)
    assert said.startswith("inference_graphs.scores.nodes: 'fraud' is in the namespace of the tenant bank")
    graph = environment(
        tmp_path,
        tenants={"bank": {"kubernetes": {}}},
        endpoints={"fraud": {"tenant": "bank"}},
        platform={"tenant": "bank"},
        inference_graphs=graphs,
    )
    (policy,) = (
        found
        for each in manifests(graph)
        if each["kind"] == "NetworkPolicy" and (found := each)["metadata"]["name"] == "dev-scores"
    )
    router = Pod("models", policy["spec"]["podSelector"]["matchLabels"])
    assert reaches(graph, router, replicas(graph, "fraud"), 8080)
    assert reaches(graph, PROMETHEUS, router, 8080)
    assert not reaches(graph, Pod("default"), router, 8080)


def test_what_a_tenants_namespace_keeps_from_its_replicas_is_told(tmp_path: Path) -> None:
    sink = {"payload_logging": {"url": "http://payloads.logging:8080"}}
    endpoints = {"fraud": {"tenant": "bank", **sink}}
    shut = "the network of the tenant bank lets nothing out to http://payloads.logging:8080"

    def told(egress: list[Any]) -> list[str]:
        tenants = {"bank": {"kubernetes": {"egress": egress}}}
        graph = environment(tmp_path, tenants=tenants, endpoints=endpoints)
        return [each["message"] for each in graph.logs if shut in each["message"]]

    assert len(told([])) == 1
    assert told([{"cidr": "10.0.0.0/16", "ports": [8080]}]) == []

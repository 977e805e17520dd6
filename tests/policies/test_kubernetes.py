"""What rules about Kubernetes read is what pulumi_kubernetes registers, and what is right in another way is no finding."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from modelinfra.catalog.eks_versions import AS_OF, eks_versions
from modelinfra.graph.model import Graph
from modelinfra.graph.sdk import type_info
from modelinfra.graph.values import Unknown
from modelinfra.policies import READINESS, check
from modelinfra.policies.readiness.kubernetes import quantity, selects, tolerates
from modelinfra.policies.readiness.nodes import NODES
from tests.policies import mistakes_kubernetes as m
from tests.policies.editing import Edit, Mistake, drop, find, lose, put, twice
from tests.policies.ready_kubernetes import ready_kubernetes
from tests.policies.test_readiness import TODAY

_POD = "spec.template.spec"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return ready_kubernetes()


def _found(edit: Edit, graph: Graph, today: date = TODAY) -> list[str]:
    found = check(Mistake("edited", edit).planted(graph), READINESS, today=today)
    return [f"{each.rule}: {each.urn.rpartition('::')[2]}: {each.message}" for each in found]


def test_tokens_and_properties_are_those_of_the_sdk(graph: Graph) -> None:
    assert {node.type for node in graph.resources if node.type.startswith("kubernetes:")} == {
        m.BUDGET, m.CONFIG, m.DEPLOYMENT, m.HPA, m.NAMESPACE, m.POLICY, m.POOL, m.QUOTA, m.RELEASE, m.SCALED, m.SERVICE,
        m.ROUTE, m.GATEWAY, m.PROXY, m.SECURITY,
        "kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:Ingress",
    }  # fmt: skip
    pod = find(graph, m.DEPLOYMENT, "llm-team-a").inputs["spec"]["template"]["spec"]
    assert {"terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints", "containers"} == set(pod)
    server = pod["containers"][0]
    assert server["lifecycle"]["preStop"]["exec"]["command"] == ["sh", "-c", "sleep 15"]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(server)
    assert server["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert find(graph, m.BUDGET, "llm-team-a").inputs["spec"]["maxUnavailable"] == 1
    assert find(graph, m.POLICY, "web").inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert find(graph, m.HPA).inputs["spec"]["metrics"][0]["resource"]["name"] == "cpu"


def test_properties_of_kubernetes_types_are_known_once_the_sdk_is_loaded(graph: Graph) -> None:
    assert {"metadata", "spec"} <= set(type_info(graph.one(m.DEPLOYMENT, "small").type).inputs or ())


@pytest.mark.parametrize("preview", [False, True])
def test_a_capture_names_objects_before_the_cluster_is_asked(preview: bool) -> None:
    graph = ready_kubernetes(preview=preview)
    server = find(graph, m.DEPLOYMENT, "small")
    name = server.outputs["metadata"]["name"]
    assert name.startswith("small-")
    assert "name" not in server.inputs["metadata"]
    assert find(graph, m.HPA).inputs["spec"]["scaleTargetRef"]["name"] == name
    assert find(graph, m.NAMESPACE, "team-a").outputs["metadata"]["name"] == "team-a"
    assert server.id == (Unknown if preview else f"web/{name}")


def _annotated(**annotations: str) -> Edit:
    return put(
        m.SERVICE, "metadata.annotations", {f"serving.kserve.io/{key}": each for key, each in annotations.items()}
    )


def _each(*edits: Edit) -> Edit:
    def edit(graph: Graph) -> None:
        for each in edits:
            each(graph)

    return edit


def _owned(graph: Graph) -> None:
    node = find(graph, m.DEPLOYMENT, "llm-team-a")
    node.inputs["spec"]["replicas"] = 3
    node.ignore_changes = ["spec.replicas"]


def _named_taint(graph: Graph) -> None:
    taint = {"key": "nvidia.com/gpu", "value": "x", "effect": "NO_SCHEDULE"}
    find(graph, NODES).inputs["taints"] = [taint]
    find(graph, m.POOL).inputs["spec"]["template"]["spec"]["taints"] = [{**taint, "effect": "NoSchedule"}]
    del find(graph, m.DEPLOYMENT, "llm-team-a").inputs["spec"]["template"]["spec"]["tolerations"]


def _replicas(graph: Graph) -> None:
    lose(m.HPA)(graph)
    find(graph, m.DEPLOYMENT, "small").inputs["spec"]["replicas"] = 3


_APART = {
    "podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}
        ]
    }
}
_GATEWAYS = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front"}]
_SCHEME = "spec.provider.kubernetes.envoyService.annotations"
_INTERNAL = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}
RIGHT: dict[str, Edit] = {
    "a policy of the whole gateway": _each(
        put(m.SECURITY, "spec.targetRefs", _GATEWAYS), put(m.SECURITY, "metadata.namespace", "gateways")
    ),
    "a policy by labels": _each(
        put(m.ROUTE, "metadata.labels", {"asks": "yes"}),
        drop(m.SECURITY, "spec.targetRefs"),
        put(m.SECURITY, "spec.targetSelectors", [{"kind": "HTTPRoute", "matchLabels": {"asks": "yes"}}]),
    ),
    "a gateway that is internal": _each(lose(m.SECURITY), put(m.PROXY, _SCHEME, _INTERNAL)),
    "a gateway for the cluster": _each(
        lose(m.SECURITY), put(m.PROXY, "spec.provider.kubernetes.envoyService", {"type": "ClusterIP"})
    ),
    "a gateway of which nothing is known": _each(lose(m.SECURITY), lose(m.GATEWAY)),
    "addresses in place of proofs": _each(
        drop(m.SECURITY, "spec.jwt"),
        put(m.SECURITY, "spec.authorization", {"defaultAction": "Deny", "rules": []}),
    ),
    "replicas without a scaler": _replicas,
    "replicas that are ignored": _owned,
    "a taint named like the resource": _named_taint,
    "a canary by Knative": _each(
        _annotated(deploymentMode="Knative"), put(m.SERVICE, "spec.predictor.canaryTrafficPercent", 10)
    ),
    "replicas kept apart": _each(
        drop(m.DEPLOYMENT, f"{_POD}.topologySpreadConstraints", "llm-team-a"),
        put(m.DEPLOYMENT, f"{_POD}.affinity", _APART, "llm-team-a"),
    ),
    "a budget by expressions": put(
        m.BUDGET,
        "spec.selector",
        {"matchExpressions": [{"key": "app", "operator": "In", "values": ["llm", "x"]}]},
        "llm-team-a",
    ),
    "requests that are not written": drop(m.DEPLOYMENT, f"{_POD}.containers[0].resources.requests", "llm-team-a"),
    "Bottlerocket without a plugin": _each(
        lose(m.RELEASE, "plugin"), put(NODES, "amiType", "BOTTLEROCKET_x86_64_NVIDIA")
    ),
    "an add-on that may be a plugin": _each(
        lose(m.RELEASE, "plugin"), twice(m.ADDON, addonName="nvidia-something")
    ),
    "an operator without its plugin": twice(
        m.RELEASE, "plugin", chart="gpu-operator", values={"devicePlugin": {"enabled": False}}
    ),
    "a plugin within the operator": put(m.RELEASE, "chart", "gpu-operator", "plugin"),
    "Cilium enforces": _each(
        drop(m.ADDON, "configurationValues"), twice(m.RELEASE, "plugin", chart="cilium", values={})
    ),
    "configuration in YAML": put(m.ADDON, "configurationValues", "enableNetworkPolicy: 'true'"),
    "two triggers, one of them CPU": put(
        m.SCALED, "spec.triggers", [{"type": "cpu"}, {"type": "prometheus"}], "llm-team-a"
    ),
    "GPU metrics of pods": put(m.SCALED, "spec.triggers", [{"type": "aws-sqs-queue"}], "llm-team-a"),
    "time-slicing for one": _each(
        put(m.CONFIG, "data", {"x": "timeSlicing: {}"}),
        put(m.NAMESPACE, "metadata.labels.tenant", "a", "team-b"),
    ),
    "a version that is newer than the table": put(NODES, "version", "1.99"),
    "a static pool": _each(drop(m.POOL, "spec.limits"), put(m.POOL, "spec.replicas", 2)),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_in_another_way_is_no_finding(case: str, graph: Graph) -> None:
    assert _found(RIGHT[case], graph) == []


def test_a_model_that_sleeps_by_knative_wakes_up(graph: Graph) -> None:
    asleep = _each(_annotated(deploymentMode="Knative"), put(m.SERVICE, "spec.predictor.minReplicas", 0))
    assert {each.split(":")[0] for each in _found(asleep, graph)} == {"ready-pod-replicas"}


def test_a_mode_that_nothing_says_is_not_judged(graph: Graph) -> None:
    silent = _each(lose(m.RELEASE, "kserve"), put(m.SERVICE, "spec.predictor.canaryTrafficPercent", 10))
    assert _found(silent, graph) == []


@pytest.mark.parametrize(
    ("today", "message"),
    [
        (date(2026, 7, 28), None),
        (date(2026, 7, 29), "standard support of 1.33 ended on 2026-07-29: extended support costs more by the hour"),
        (date(2027, 7, 29), "support of 1.33 ended on 2027-07-29: AWS upgrades the cluster on a day of its own"),
    ],
)
def test_the_version_of_eks_is_judged_for_the_day(today: date, message: str | None, graph: Graph) -> None:
    wanted = [f"ready-eks-version: gpus: {message}"] if message else []
    assert _found(put(NODES, "version", "1.33"), graph, today) == wanted


def test_the_calendar_of_eks_goes_forward_and_gives_a_year_of_extended_support() -> None:
    versions = list(eks_versions().values())
    assert [each.standard for each in versions] == sorted(each.standard for each in versions)
    for each in versions:
        assert each.extended == each.standard.replace(year=each.standard.year + 1)
    assert versions[-1].standard > AS_OF


def test_what_a_finding_says_names_the_numbers(graph: Graph) -> None:
    assert _found(drop(m.DEPLOYMENT, f"{_POD}.terminationGracePeriodSeconds", "llm-team-a"), graph) == [
        "ready-pod-drain: llm-team-a: server is killed after 30 s, of which preStop 15 s and --shutdown-timeout 60 s are spent waiting"
    ]
    assert _found(put(m.BUDGET, "spec.minAvailable", "51%", "small"), graph) == [
        "ready-pod-budget-blocks: small: 2 of the 2 replicas of small must be there: its nodes are never replaced"
    ]
    assert _found(drop(m.DEPLOYMENT, f"{_POD}.containers[0].startupProbe", "small"), graph) == [
        "ready-pod-startup: small: server has no startupProbe: it is killed when its model is not loaded after about 30 s"
    ]


@pytest.mark.parametrize(
    ("selector", "labels", "answer"),
    [
        ({}, {"app": "x"}, True),
        (None, {"app": "x"}, False),
        ({"matchLabels": {"app": "x"}}, {"app": "x", "b": "c"}, True),
        ({"matchLabels": {"app": "x"}}, {}, False),
        ({"matchLabels": {"app": Unknown}}, {"app": "x"}, None),
        ({"matchLabels": {"app": "x"}}, Unknown, None),
        (Unknown, {}, None),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, {"app": "x"}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, {"app": "x"}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}, {}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [Unknown]}]}, {"app": "x"}, None),
        ({"matchLabels": {"app": "y"}, "matchExpressions": Unknown}, {"app": "x"}, False),
        ({"matchLabels": {"app": "x"}, "matchExpressions": Unknown}, {"app": "x"}, None),
    ],
)
def test_a_selector_selects_as_kubernetes_does(selector: Any, labels: Any, answer: bool | None) -> None:
    assert selects(selector, labels) is answer


@pytest.mark.parametrize(
    ("toleration", "answer"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "operator": "Equal", "value": "w"}, False),
        ({"key": "k", "value": "v", "effect": "NoExecute"}, False),
        ({"key": "k", "value": "v", "effect": "NoSchedule"}, True),
        ({"key": Unknown, "operator": "Exists"}, None),
    ],
)
def test_a_toleration_bears_a_taint_as_kubernetes_does(toleration: dict[str, Any], answer: bool | None) -> None:
    for effect in ("NoSchedule", "NO_SCHEDULE"):
        assert tolerates({"tolerations": [toleration]}, {"key": "k", "value": "v", "effect": effect}) is answer


def test_quantities_are_compared_as_amounts() -> None:
    assert quantity("1Gi") == quantity("1024Mi") == quantity(2**30)
    assert quantity("1G") != quantity("1Gi")
    assert quantity("500m") == 0.5
    assert quantity("much") == "much"

"""Karpenter on EKS: what it may do, what it is told, what it may start, and in which order everything comes and goes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pulumi_kubernetes as kubernetes
import pytest

from modelinfra import EksCluster
from modelinfra.catalog.eks_charts import CHARTS
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.kubernetes.schemas import complaints, karpenter_values, unknown_values
from tests.making import captured, document, inputs, names
from tests.platforms.eks import (
    ADDON,
    CLUSTER,
    ENTRY,
    IDENTITY,
    NODE_CLASS,
    NODE_POOL,
    NODES,
    RELEASE,
    eks,
    eks_refusal,
    waits_for,
)
from tests.platforms.worlds import NETWORK, POLICY, ROLE

QUEUE = "aws:sqs/queue:Queue"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
A10G: dict[str, Any] = {"accelerator": {"name": "A10G"}, "max_nodes": 4}
OPTIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "spot": {"spot": True, "max_cpu": 16},
    "bottlerocket": {"ami_alias": "bottlerocket@v1.60.0", "disk": "200GiB"},
}


def karpenter(root: Path, **options: Any) -> Graph:
    return eks(root, nodes="karpenter", karpenter=options)


def test_without_it_nothing_of_it_is_made(tmp_path: Path) -> None:
    graph = eks(tmp_path)
    assert [graph.all(each) for each in (QUEUE, RULE, PROFILE, RELEASE, NODE_POOL, NODE_CLASS)] == [[]] * 6


def test_everything_of_it_goes_before_what_it_needs(tmp_path: Path) -> None:
    graph = karpenter(tmp_path)
    pool, looks = graph.one(NODE_POOL), graph.one(NODE_CLASS)
    crds, controller = graph.one(RELEASE, "k8s-karpenter-crds"), graph.one(RELEASE, "k8s-karpenter")
    order = [pool.urn, looks.urn, controller.urn, crds.urn, graph.one(NODES).urn, graph.one(CLUSTER).urn]
    for later, earlier in itertools.pairwise(order):
        assert earlier in waits_for(graph, later), f"{later} would go after {earlier}"
    needed = waits_for(graph, controller.urn)
    assert graph.one(IDENTITY, "k8s-karpenter").urn in needed
    assert graph.one(POLICY, "k8s-karpenter").urn in needed
    assert {each.urn for each in graph.all(TARGET)} <= needed
    assert {each.urn for each in graph.all(ADDON)} <= needed
    assert graph.one(ENTRY, "k8s-karpenter-node").urn in waits_for(graph, pool.urn)


def test_its_nodes_have_a_role_of_their_own_since_eks_makes_the_entry_of_a_node_groups_role_itself(
    tmp_path: Path,
) -> None:
    graph = karpenter(tmp_path)
    role = graph.one(ROLE, "k8s-karpenter-node")
    entry = inputs(graph, ENTRY, "k8s-karpenter-node")
    assert (entry["principalArn"], entry["type"]) == (role.outputs["arn"], "EC2_LINUX")
    assert inputs(graph, NODES)["nodeRoleArn"] != role.outputs["arn"]
    assert inputs(graph, PROFILE)["role"] == role.outputs["name"]


def test_it_hears_of_every_kind_of_interruption(tmp_path: Path) -> None:
    graph = karpenter(tmp_path)
    heard = {json.loads(each.inputs["eventPattern"])["detail-type"][0] for each in graph.all(RULE)}
    assert heard == {
        "AWS Health Event",
        "EC2 Spot Instance Interruption Warning",
        "EC2 Instance Rebalance Recommendation",
        "EC2 Instance State-change Notification",
        "EC2 Capacity Reservation Instance Interruption Warning",
    }
    queue = graph.one(QUEUE)
    assert {each.inputs["arn"] for each in graph.all(TARGET)} == {queue.outputs["arn"]}
    allow, deny = document(inputs(graph, "aws:sqs/queuePolicy:QueuePolicy")["policy"])
    assert allow["Principal"] == {"Service": "events.amazonaws.com"}
    assert sorted(allow["Condition"]["ArnEquals"]["aws:SourceArn"]) == sorted(
        each.outputs["arn"] for each in graph.all(RULE)
    )
    assert deny["Effect"] == "Deny"
    release = plain(graph.one(RELEASE, "k8s-karpenter").inputs)
    assert release["values"]["settings"] == {
        "clusterName": graph.one(CLUSTER).inputs["name"],
        "clusterEndpoint": graph.one(CLUSTER).outputs["endpoint"],
        "interruptionQueue": queue.outputs["name"],
    }


def test_it_ends_only_what_carries_the_tag_of_its_cluster(tmp_path: Path) -> None:
    graph = karpenter(tmp_path)
    name = graph.one(CLUSTER).inputs["name"]
    statements = document(inputs(graph, POLICY, "k8s-karpenter")["policy"])
    ending = [each for each in statements if "ec2:TerminateInstances" in each["Action"]]
    assert [each["Condition"]["StringEquals"] for each in ending] == [
        {f"aws:ResourceTag/kubernetes.io/cluster/{name}": "owned"}
    ]
    writing = [each for each in statements if each["Resource"] == "*" and "Condition" not in each]
    assert [each["Action"] for each in writing] == [["iam:ListInstanceProfiles", "pricing:GetProducts"]]
    passing = next(each for each in statements if each["Action"] == "iam:PassRole")
    assert passing["Resource"] == graph.one(ROLE, "k8s-karpenter-node").outputs["arn"]
    # AWS takes 10,240 characters of policies within one role, without white space.
    assert len(json.dumps(statements, separators=(",", ":"))) < 10_240


def test_its_nodes_stand_where_tasks_do_and_are_as_closed_as_the_others(tmp_path: Path) -> None:
    graph = karpenter(tmp_path)
    spec = plain(graph.one(NODE_CLASS).inputs)["spec"]
    assert spec["subnetSelectorTerms"] == [{"id": each} for each in NETWORK.task_subnet_ids]
    assert spec["securityGroupSelectorTerms"] == [
        {"id": graph.one(CLUSTER).outputs["vpcConfig"]["clusterSecurityGroupId"]}
    ]
    assert spec["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert spec["metadataOptions"]["httpTokens"] == "required"


def test_what_it_may_start_has_an_end(tmp_path: Path) -> None:
    spec = plain(karpenter(tmp_path, max_cpu=64).one(NODE_POOL).inputs)["spec"]
    assert spec["limits"] == {"cpu": "64"}


def test_a_pool_with_gpus_starts_the_types_that_have_it_for_those_alone_that_ask_for_one(tmp_path: Path) -> None:
    given = {"accelerator": {"name": "A10G"}, "max_nodes": 3, "spot": True}
    graph = eks(tmp_path, nodes="karpenter", gpu_node_pools={"a10g": given})
    spec = plain(graph.one(NODE_POOL, "k8s-node-pool-a10g").inputs)["spec"]
    template = spec["template"]["spec"]
    wanted = {each["key"]: each["values"] for each in template["requirements"]}
    assert wanted["node.kubernetes.io/instance-type"][0] == "g5.xlarge"
    assert wanted["karpenter.sh/capacity-type"] == ["spot", "on-demand"]
    assert template["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    assert template["expireAfter"] == "Never"
    assert spec["limits"] == {"nvidia.com/gpu": "3"}
    assert spec["disruption"]["consolidationPolicy"] == "WhenEmpty"


def test_a_pod_gets_onto_the_nodes_of_a_pool_with_what_the_cluster_says(tmp_path: Path) -> None:
    def program() -> None:
        cluster = EksCluster("k8s", network=NETWORK, version="1.34", nodes="karpenter", gpu_node_pools={"a10g": A10G})
        way = cluster.gpu_node_pools["a10g"]
        kubernetes.core.v1.Pod(
            "p",
            spec={
                "node_selector": way.node_selector,
                "tolerations": way.tolerations,
                "containers": [{"name": "c", "image": "i", "resources": {"limits": {way.resource: "1"}}}],
            },
        )

    graph = captured(program, tmp_path)
    template = plain(graph.one(NODE_POOL, "k8s-node-pool-a10g").inputs)["spec"]["template"]
    pod = plain(graph.one("kubernetes:core/v1:Pod").inputs)["spec"]
    assert pod["nodeSelector"].items() <= template["metadata"]["labels"].items()
    (taint,) = template["spec"]["taints"]
    assert (pod["tolerations"][0]["key"], pod["tolerations"][0]["effect"]) == (taint["key"], taint["effect"])


def test_an_image_of_the_users_own_is_taken_in_place_of_the_newest(tmp_path: Path) -> None:
    given = {"accelerator": {"name": "L4"}, "max_nodes": 3, "ami_id": "ami-0123456789abcdef0"}
    graph = eks(tmp_path, nodes="karpenter", gpu_node_pools={"l4": given})
    spec = plain(graph.one(NODE_CLASS, "k8s-node-class-l4").inputs)["spec"]
    assert (spec["amiSelectorTerms"], spec["amiFamily"]) == ([{"id": "ami-0123456789abcdef0"}], "Bottlerocket")
    assert [each["deviceName"] for each in spec["blockDeviceMappings"]] == ["/dev/xvdb"]


def test_a_pool_is_added_and_taken_away_without_a_change_to_others(tmp_path: Path) -> None:
    def made(names: list[str]) -> dict[str, Any]:
        graph = eks(tmp_path, nodes="karpenter", gpu_node_pools=dict.fromkeys(names, A10G))
        return {node.urn: plain(node.inputs) for node in graph.resources}

    alone, both = made(["b"]), made(["a", "b"])
    assert {urn: both[urn] for urn in alone} == alone


REFUSED = [
    ({**A10G, "warm_nodes": 1}, "gpu_node_pools.a.warm_nodes: no stopped nodes are kept on EKS. Remove it."),
    ({**A10G, "spot": True, "on_demand_base": 1}, "gpu_node_pools.a.on_demand_base: spare capacity is taken"),
    ({**A10G, "transforms": {"node-role": {}}}, "gpu_node_pools.a.transforms: the cluster's own `transforms`"),
    (
        {**A10G, "permissions_boundary": "arn:aws:iam::123456789012:policy/b"},
        "gpu_node_pools.a.permissions_boundary: the nodes of all pools have one role",
    ),
    (
        {"accelerator": {"name": "A10"}, "max_nodes": 1},
        "gpu_node_pools.a.accelerator.name (given: 'A10'): EC2 has no accelerator of this name",
    ),
]


@pytest.mark.parametrize(("given", "said"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_a_pool_on_eks_cannot_be_is_refused(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    found = eks_refusal(tmp_path, network=NETWORK, version="1.34", nodes="karpenter", gpu_node_pools={"a": given})
    assert len(found) == 1, found
    assert found[0].startswith(said), found


def test_no_pool_takes_the_name_of_the_one_without_gpus(tmp_path: Path) -> None:
    given = {"network": NETWORK, "version": "1.34", "nodes": "karpenter", "gpu_node_pools": {"general": A10G}}
    assert eks_refusal(tmp_path, **given) == [
        "gpu_node_pools.general: Karpenter's pool for pods without GPUs has this name. Write another."
    ]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_its_objects_are_ones_that_the_definitions_of_the_pinned_chart_take(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    pools = {"a10g": A10G, "l4": {"accelerator": {"name": "L4"}, "max_nodes": 2, "ami_id": "ami-0123456789abcdef0"}}
    graph = eks(tmp_path, nodes="karpenter", karpenter=options, tags={"team": "f"}, gpu_node_pools=pools)
    objects = [plain(node.inputs) for token in (NODE_POOL, NODE_CLASS) for node in graph.all(token)]
    assert len(objects) == 6
    for given in objects:
        assert complaints(given) == []
        # The check finds what it is for.
        assert complaints({**given, "spec": {**given["spec"], "surprise": 1}}) != []


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_a_chart_is_pinned_with_the_versions_of_kubernetes_that_it_is_for(chart: Any) -> None:
    assert chart.version.count(".") == 2
    assert chart.supports(chart.kubernetes[0])
    assert chart.supports(chart.kubernetes[1])
    assert not chart.supports("1.29")
    assert not chart.supports("1.99")
    assert "@" in chart.kubernetes_source
    assert len(chart.git[1]) == 40


def test_its_controller_is_told_only_what_the_pinned_chart_knows(tmp_path: Path) -> None:
    given = plain(karpenter(tmp_path).one(RELEASE, "k8s-karpenter").inputs)["values"]
    known = karpenter_values()
    assert list(unknown_values(given, known)) == []
    # The check finds what it is for.
    assert list(unknown_values({"settings": {"clusterNam": "x"}, "replicas": "2"}, known)) == [
        "values.settings.clusterNam: the chart knows no such value",
        "values.replicas: '2' where the chart has 2",
    ]


def test_charts_are_installed_at_their_pinned_version(tmp_path: Path) -> None:
    graph = karpenter(tmp_path)
    assert names(graph.all(RELEASE)) == ["k8s-karpenter", "k8s-karpenter-crds"]
    for each in graph.all(RELEASE):
        chart = next(chart for chart in CHARTS.values() if chart.where == {"chart": each.inputs["chart"]})
        assert each.inputs["version"] == chart.version

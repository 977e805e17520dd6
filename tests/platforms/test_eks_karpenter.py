"""Karpenter on EKS: what it may do, what it is told, what it may start, and in which order everything comes and goes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.charts import CHARTS
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.making import document, inputs, names
from tests.platforms.crd import DATA, mistakes, schema_of
from tests.platforms.eks import ADDON, CLUSTER, ENTRY, IDENTITY, NODE_CLASS, NODE_POOL, NODES, RELEASE, eks, waits_for
from tests.platforms.worlds import NETWORK, POLICY, ROLE

QUEUE = "aws:sqs/queue:Queue"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
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


@pytest.mark.skipif(
    not DATA.exists(), reason="NOT PROVEN: the definitions of Karpenter's kinds are not on this machine"
)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_its_objects_are_ones_that_their_definitions_take(tmp_path: Path, options: dict[str, Any]) -> None:
    graph = eks(tmp_path, nodes="karpenter", karpenter=options, tags={"team": "f"})
    for token, file in (
        (NODE_POOL, "karpenter-crds/karpenter.sh_nodepools.yaml"),
        (NODE_CLASS, "karpenter-crds/karpenter.k8s.aws_ec2nodeclasses.yaml"),
    ):
        given = plain(graph.one(token).inputs)
        spec = schema_of(file, "v1")["properties"]["spec"]
        assert list(mistakes(spec, given["spec"], "spec")) == []
        # The check finds what it is for.
        assert list(mistakes(spec, {**given["spec"], "surprise": 1}, "spec")) == ["spec.surprise: unknown"]


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_a_chart_is_pinned_with_the_versions_of_kubernetes_that_it_is_for(chart: Any) -> None:
    assert chart.version.count(".") == 2
    assert chart.supports(chart.kubernetes[0])
    assert chart.supports(chart.kubernetes[1])
    assert not chart.supports("1.29")
    assert not chart.supports("1.99")
    assert "@" in chart.source


def test_charts_are_installed_at_their_pinned_version(tmp_path: Path) -> None:
    graph = karpenter(tmp_path)
    assert names(graph.all(RELEASE)) == ["k8s-karpenter", "k8s-karpenter-crds"]
    for each in graph.all(RELEASE):
        chart = next(chart for chart in CHARTS.values() if chart.chart == each.inputs["chart"])
        assert each.inputs["version"] == chart.version

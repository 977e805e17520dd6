"""`EksCluster`: a control plane that is closed and kept, nodes and add-ons in an order that works, and how it is adopted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest

from modelinfra import EksCluster, NetworkReference
from modelinfra.catalog.eks_addons import ADDONS, MADE_BY_AUTO_MODE
from modelinfra.catalog.eks_roles import (
    EKS_AUTO_MODE_ROLES,
    EKS_GPU_ROLES,
    EKS_KARPENTER_ROLES,
    EKS_NODE_ROLES,
    EKS_ROLES,
)
from modelinfra.children import properties
from modelinfra.graph.cost import estimate
from modelinfra.policies import READINESS, RULES, check
from tests.making import LONG, captured, document, inputs, names
from tests.platforms.eks import (
    ADDON,
    ATTACHMENT,
    CI,
    CLUSTER,
    ENTRY,
    IDENTITY,
    KEY,
    LOG_GROUP,
    NODES,
    SHAPES,
    TEMPLATE,
    eks,
    eks_outputs,
    eks_refusal,
    kubernetes,
    waits_for,
)
from tests.platforms.worlds import NETWORK, POLICY, ROLE

GRANT = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_cluster_passes_every_check_of_any_program(tmp_path: Path, shape: str) -> None:
    assert [str(each) for each in check(kubernetes(shape, tmp_path), (*RULES, *READINESS))] == []


def test_the_api_is_reached_from_the_network_alone_unless_ranges_are_named(tmp_path: Path) -> None:
    closed = inputs(eks(tmp_path), CLUSTER)["vpcConfig"]
    assert (closed["endpointPrivateAccess"], closed["endpointPublicAccess"]) == (True, False)
    open_ = inputs(eks(tmp_path, public_access_cidrs=["198.51.100.0/24"]), CLUSTER)["vpcConfig"]
    assert (open_["endpointPublicAccess"], open_["publicAccessCidrs"]) == (True, ["198.51.100.0/24"])


def test_the_control_plane_stands_where_load_balancers_do_and_nodes_where_tasks_do(tmp_path: Path) -> None:
    graph = eks(tmp_path)
    assert inputs(graph, CLUSTER)["vpcConfig"]["subnetIds"] == NETWORK.load_balancer_subnet_ids
    assert inputs(graph, NODES)["subnetIds"] == NETWORK.task_subnet_ids


def test_the_log_of_all_kinds_is_made_before_the_cluster_would_make_one_that_is_kept_for_ever(tmp_path: Path) -> None:
    graph = eks(tmp_path, log_retention_days=30)
    cluster, log = graph.one(CLUSTER), graph.one(LOG_GROUP)
    assert log.inputs["name"] == f"/aws/eks/{cluster.inputs['name']}/cluster"
    assert log.inputs["retentionInDays"] == 30
    assert log.urn in waits_for(graph, cluster.urn)
    assert len(cluster.inputs["enabledClusterLogTypes"]) == 5


def test_what_the_cluster_stores_is_encrypted_with_a_key_that_is_made_or_handed_in(tmp_path: Path) -> None:
    graph = eks(tmp_path)
    made = graph.one(KEY)
    assert made.inputs["enableKeyRotation"] is True
    assert inputs(graph, CLUSTER)["encryptionConfig"] == {
        "provider": {"keyArn": made.outputs["arn"]},
        "resources": ["secrets"],
    }
    arn = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    handed = eks(tmp_path, secrets_key_arn=arn)
    assert handed.all(KEY) == []
    assert inputs(handed, CLUSTER)["encryptionConfig"]["provider"] == {"keyArn": arn}
    assert document(inputs(handed, POLICY, "k8s-cluster")["policy"])[0]["Resource"] == arn


@pytest.mark.parametrize("production", [True, False])
def test_in_production_cluster_and_key_are_kept_and_elsewhere_they_go(tmp_path: Path, production: bool) -> None:
    graph = eks(tmp_path, production=production)
    assert inputs(graph, CLUSTER)["deletionProtection"] is production
    assert [bool(graph.one(each).protect) for each in (CLUSTER, KEY)] == [production, production]


def test_what_means_something_at_creation_only_is_never_a_reason_to_replace_the_cluster(tmp_path: Path) -> None:
    graph = eks(tmp_path)
    cluster = graph.one(CLUSTER)
    assert cluster.inputs["bootstrapSelfManagedAddons"] is False
    assert set(cluster.ignore_changes) == {
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "bootstrapSelfManagedAddons",
    }


def test_whoever_makes_the_cluster_administers_it_until_somebody_is_named(tmp_path: Path) -> None:
    alone = eks(tmp_path)
    assert inputs(alone, CLUSTER)["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": True,
    }
    team = {"principal_arn": "arn:aws:iam::123456789012:role/t", "permissions": "edit", "namespaces": ["models"]}
    named = eks(tmp_path, access={"ci": CI, "team": team})
    assert inputs(named, CLUSTER)["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is False
    assert names(named.all(ENTRY)) == ["k8s-access-ci", "k8s-access-team"]
    assert inputs(named, GRANT, "k8s-access-ci")["accessScope"] == {"type": "cluster"}
    grant = inputs(named, GRANT, "k8s-access-team")
    assert grant["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
    assert grant["accessScope"] == {"type": "namespace", "namespaces": ["models"]}


def test_what_makes_a_node_ready_comes_before_nodes_and_the_rest_after(tmp_path: Path) -> None:
    graph = eks(tmp_path, model_buckets=["arn:aws:s3:::acme"], container_insights="enhanced")
    nodes = graph.one(NODES)
    before = {graph[urn].inputs["addonName"] for urn in waits_for(graph, nodes.urn) if graph[urn].type == ADDON}
    assert before == {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"}
    after = {each.inputs["addonName"] for each in graph.all(ADDON) if nodes.urn in waits_for(graph, each.urn)}
    assert after == set(ADDONS) - before


def test_pods_have_their_role_before_they_start_and_no_other_service_account_may_take_it(tmp_path: Path) -> None:
    graph = eks(tmp_path, model_buckets=["arn:aws:s3:::acme"], container_insights="enhanced")
    for addon in (each for each in graph.all(ADDON) if ADDONS[each.inputs["addonName"]].service_account):
        name = addon.inputs["addonName"]
        identity = graph.one(IDENTITY, f"k8s-{name}")
        assert identity.urn in waits_for(graph, addon.urn)
        assert identity.inputs["serviceAccount"] == ADDONS[name].service_account
        condition = document(inputs(graph, ROLE, f"k8s-{name}")["assumeRolePolicy"])[0]["Condition"]["StringEquals"]
        assert condition == {
            "aws:RequestTag/eks-cluster-arn": graph.one(CLUSTER).outputs["arn"],
            "aws:RequestTag/kubernetes-namespace": ADDONS[name].namespace,
            "aws:RequestTag/kubernetes-service-account": ADDONS[name].service_account,
        }
    assert len(graph.all(IDENTITY)) == 4


def test_the_driver_of_s3_is_installed_for_buckets_and_reads_those_alone(tmp_path: Path) -> None:
    assert "k8s-aws-mountpoint-s3-csi-driver" not in names(eks(tmp_path).all(ADDON))
    graph = eks(tmp_path, model_buckets=["arn:aws:s3:::acme"])
    allowed = document(inputs(graph, POLICY, "k8s-aws-mountpoint-s3-csi-driver")["policy"])
    assert {(each["Action"], str(each["Resource"])) for each in allowed} == {
        ("s3:ListBucket", "['arn:aws:s3:::acme']"),
        ("s3:GetObject", "['arn:aws:s3:::acme/*']"),
    }


def test_nodes_give_pods_nothing_of_their_own_role(tmp_path: Path) -> None:
    graph = eks(tmp_path)
    assert inputs(graph, TEMPLATE)["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    of_nodes = {each.inputs["policyArn"].rpartition("/")[2] for each in graph.all(ATTACHMENT) if "-node-" in each.name}
    assert of_nodes == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_system_nodes_are_of_a_fixed_number_and_replaced_one_by_one(tmp_path: Path) -> None:
    found = inputs(eks(tmp_path, system_nodes={"count": 3}), NODES)
    assert found["scalingConfig"] == {"minSize": 3, "desiredSize": 3, "maxSize": 3}
    assert found["updateConfig"] == {"maxUnavailable": 1}
    assert found["nodeRepairConfig"] == {"enabled": True}
    assert found["amiType"] == "AL2023_x86_64_STANDARD"


def test_nodes_with_graviton_have_an_image_for_it(tmp_path: Path) -> None:
    found = inputs(eks(tmp_path, system_nodes={"instance_types": ["m7g.large"]}), NODES)
    assert (found["amiType"], found["instanceTypes"]) == ("AL2023_ARM_64_STANDARD", ["m7g.large"])


def test_nodes_have_the_version_of_their_cluster_so_that_they_follow_it(tmp_path: Path) -> None:
    graph = eks(tmp_path)
    assert graph.one(NODES).property_deps["version"] == [graph.one(CLUSTER).urn]


def test_addons_have_the_version_that_eks_recommends_or_the_one_that_is_held(tmp_path: Path) -> None:
    graph = eks(tmp_path, addon_versions={"coredns": "v1.11.4-eksbuild.2"})
    found = {each.inputs["addonName"]: each.inputs["addonVersion"] for each in graph.all(ADDON)}
    assert found["coredns"] == "v1.11.4-eksbuild.2"
    assert found["vpc-cni"] == "v1.34.0-eksbuild.1"


def test_a_version_for_which_eks_has_no_addon_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    class NoneError(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.UNKNOWN

        def details(self) -> str:
            return "empty result"

    def nothing(_call: Any) -> Any:
        raise NoneError

    said = eks_refusal(
        tmp_path,
        {"aws:eks/getAddonVersion:getAddonVersion": nothing},
        network=NETWORK,
        version="1.36",
        nodes="auto-mode",
    )
    assert len(said) == 1
    assert said[0].startswith("version (given: '1.36'): EKS has no version of metrics-server for Kubernetes 1.36 here")


def test_auto_mode_has_neither_nodes_of_ours_nor_what_it_brings_itself(tmp_path: Path) -> None:
    graph = eks(tmp_path, nodes="auto-mode")
    assert [graph.all(each) for each in (NODES, TEMPLATE, IDENTITY)] == [[], [], []]
    assert {each.inputs["addonName"] for each in graph.all(ADDON)} & MADE_BY_AUTO_MODE == set()
    found = inputs(graph, CLUSTER)
    role = graph.one(ROLE, "k8s-auto-node")
    assert found["computeConfig"] == {
        "enabled": True,
        "nodePools": ["general-purpose", "system"],
        "nodeRoleArn": role.outputs["arn"],
    }
    # Its nodes start when the cluster is there: by then the role may what it must.
    attached = {each.urn for each in graph.all(ATTACHMENT) if "auto-node" in each.name}
    assert len(attached) == 2
    assert attached <= waits_for(graph, graph.one(CLUSTER).urn)
    assert document(inputs(graph, ROLE, "k8s-cluster")["assumeRolePolicy"])[0]["Action"] == [
        "sts:AssumeRole",
        "sts:TagSession",
    ]


@pytest.mark.parametrize("nodes", ["managed", "karpenter", "auto-mode"])
def test_the_three_parts_of_auto_mode_are_on_or_off_together(tmp_path: Path, nodes: str) -> None:
    found = inputs(eks(tmp_path, nodes=nodes), CLUSTER)
    switches = (
        found["computeConfig"]["enabled"],
        found["kubernetesNetworkConfig"]["elasticLoadBalancing"]["enabled"],
        found["storageConfig"]["blockStorage"]["enabled"],
    )
    assert set(switches) == {nodes == "auto-mode"}


def test_the_kubeconfig_asks_for_a_token_and_holds_none(tmp_path: Path) -> None:
    found = eks_outputs(tmp_path, kubeconfig_role_arn="arn:aws:iam::123456789012:role/deploy")
    config = json.loads(found["kubeconfig"])
    assert config["clusters"][0]["cluster"]["server"] == found["endpoint"]
    user = config["users"][0]["user"]
    assert list(user) == ["exec"]
    assert [user["exec"]["command"], *user["exec"]["args"]] == [
        *("aws", "--region", "us-west-2", "eks", "get-token", "--cluster-name", found["cluster_name"]),
        *("--output", "json", "--role-arn", "arn:aws:iam::123456789012:role/deploy"),
    ]


def test_an_existing_cluster_is_looked_up_and_nothing_is_made(tmp_path: Path) -> None:
    graph = captured(lambda: EksCluster("k8s", cluster_name="theirs"), tmp_path)
    assert [node.type for node in graph.resources] == ["modelinfra:index:EksCluster"]
    found = eks_outputs(tmp_path, network=None, version=None, cluster_name="theirs")
    assert found["arn"] == "arn:aws:eks:us-west-2:123456789012:cluster/theirs"
    assert found["security_group_id"].startswith("sg-")
    assert json.loads(found["kubeconfig"])["users"][0]["user"]["exec"]["args"][5] == "theirs"


def test_a_network_without_a_way_out_is_refused(tmp_path: Path) -> None:
    private = NetworkReference("vpc-1", "10.0.0.0/16", ["subnet-1"], ["subnet-2"], internet=False)
    said = eks_refusal(tmp_path, network=private, version="1.34")
    assert len(said) == 1
    assert said[0].startswith("network: nodes ask EKS, EC2 and registries over the internet, and from this network")
    assert said[0].endswith("Pass a network with NAT, such as ServingNetwork(..., nat='single').")


def test_a_cluster_with_a_long_name_fits_what_aws_takes(tmp_path: Path) -> None:
    graph = eks(tmp_path, name=LONG, nodes="karpenter")
    assert len(graph.one(CLUSTER).inputs["name"]) <= 100
    assert all(len(each.outputs["name"]) <= 64 for each in graph.all(ROLE))
    assert len(graph.one(NODES).outputs["nodeGroupName"]) <= 63


def test_tags_and_boundary_reach_what_is_made_and_the_nodes(tmp_path: Path) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    graph = eks(tmp_path, nodes="karpenter", tags={"team": "f"}, permissions_boundary=boundary)
    assert {each.inputs.get("permissionsBoundary") for each in graph.all(ROLE)} == {boundary}
    assert graph.one(CLUSTER).inputs["tags"] == {"team": "f"}
    assert inputs(graph, TEMPLATE)["tagSpecifications"][0]["tags"]["team"] == "f"


def _without_add_on(shape: dict[str, Any]) -> dict[str, Any]:
    """With an exporter of a pool's own in place of the add-on's."""
    pools = {**shape["gpu_node_pools"], "a10g": {**shape["gpu_node_pools"]["a10g"], "gpu_metrics": {}}}
    return {**shape, "container_insights": "disabled", "gpu_node_pools": pools}


@pytest.mark.parametrize("shape", ["karpenter", "auto-mode"])
def test_a_transform_has_the_last_word_on_a_child_of_every_role(tmp_path: Path, shape: str) -> None:
    options = _without_add_on(SHAPES["rich"]) if shape == "karpenter" else {**SHAPES[shape], "access": {"ci": CI}}
    met: set[str] = set()

    def seen(role: str) -> Any:
        def transform(args: pulumi.ResourceTransformationArgs) -> None:
            met.add(role)
            assert args.type_.rpartition(":")[2] == EKS_ROLES[role].sdk_class.rpartition(".")[2] or (
                EKS_ROLES[role].sdk_class.endswith(("CustomResource", "Provider"))
            )

        return transform

    elsewhere = {"gpu-node-group", "gpu-launch-template"}
    absent = (
        {*EKS_AUTO_MODE_ROLES, *elsewhere}
        if shape == "karpenter"
        else {*EKS_NODE_ROLES, *EKS_KARPENTER_ROLES, *EKS_GPU_ROLES}
    )
    roles = [each for each in EKS_ROLES if each not in absent]
    if shape == "auto-mode":
        roles = [each for each in roles if not each.startswith("pod-")]
    eks(tmp_path, **options, transforms={each: seen(each) for each in roles})
    assert met == set(roles)


def test_a_transform_may_name_every_property_of_its_resource() -> None:
    assert all(properties(role) for role in EKS_ROLES.values())


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("managed", set()),
        ("karpenter", {"nodes that Karpenter starts"}),
        ("auto-mode", {"nodes that EKS Auto Mode starts"}),
    ],
)
def test_an_estimate_says_which_nodes_it_cannot_count(tmp_path: Path, shape: str, said: set[str]) -> None:
    found = estimate(kubernetes(shape, tmp_path), default_region="us-west-2").not_counted
    assert {each for each in found if each.startswith("nodes that")} == said


@pytest.mark.parametrize(
    "given", [{"network": NETWORK, "version": "1.34", "nodes": "auto-mode"}, {"cluster_name": "theirs"}]
)
def test_pods_of_a_service_account_are_given_a_role_that_no_others_may_take(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    reading = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]})

    def program() -> None:
        cluster = EksCluster("k8s", given)
        made = cluster.give_role("models", namespace="models", service_account="chat", policy=reading)
        pulumi.export("role", made.role_arn)
        (identity,) = made.ready
        assert identity.pulumi_resource_name == "k8s-pods-models"

    graph = captured(program, tmp_path)
    role, identity = graph.one(ROLE, "k8s-pods-models"), graph.one(IDENTITY, "k8s-pods-models")
    arn = (
        graph.one(CLUSTER).outputs["arn"] if "version" in given else "arn:aws:eks:us-west-2:123456789012:cluster/theirs"
    )
    assert document(role.inputs["assumeRolePolicy"])[0]["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": arn,
        "aws:RequestTag/kubernetes-namespace": "models",
        "aws:RequestTag/kubernetes-service-account": "chat",
    }
    assert (identity.inputs["namespace"], identity.inputs["serviceAccount"]) == ("models", "chat")
    # Rights first: a pod that starts with the role alone would be refused.
    assert graph.one(POLICY, "k8s-pods-models").urn in waits_for(graph, identity.urn)


def test_a_role_has_a_name_that_is_one(tmp_path: Path) -> None:
    def program() -> None:
        cluster = EksCluster("k8s", cluster_name="theirs")
        with pytest.raises(pulumi.RunError, match="a role of EksCluster 'k8s': 1 mistake"):
            cluster.give_role("My Role", namespace="a", service_account="b", policy="{}")

    captured(program, tmp_path)

"""One cluster on EKS, captured, and what is refused of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi

from modelinfra import EksCluster, ServingNetwork
from modelinfra.graph.model import Graph
from tests.making import captured
from tests.platforms.worlds import NETWORK

VERSION = "1.34"
CI = {"principal_arn": "arn:aws:iam::123456789012:role/ci", "permissions": "cluster-admin"}

CLUSTER = "aws:eks/cluster:Cluster"
ADDON = "aws:eks/addon:Addon"
NODES = "aws:eks/nodeGroup:NodeGroup"
ENTRY = "aws:eks/accessEntry:AccessEntry"
IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
RELEASE = "kubernetes:helm.sh/v3:Release"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"

SHAPES: dict[str, dict[str, Any]] = {
    "managed": {},
    "karpenter": {"nodes": "karpenter"},
    "auto-mode": {"nodes": "auto-mode"},
    "groups": {
        "gpu_node_pools": {
            "a10g": {"accelerator": {"name": "A10G"}, "max_nodes": 4, "min_nodes": 1, "spot": True},
            "a100": {"accelerator": {"name": "A100-40GB", "count": 8}, "max_nodes": 2, "min_nodes": 2, "efa": {}},
            "block": {
                "accelerator": {"name": "H100", "count": 8},
                "max_nodes": 2,
                "min_nodes": 2,
                "instance_store": True,
                "reservation": {"ids": ["cr-0123456789abcdef0"], "kind": "capacity-block"},
            },
        },
    },
    "rich": {
        "nodes": "karpenter",
        "karpenter": {"spot": True, "ami_alias": "bottlerocket@v1.60.0"},
        "system_nodes": {"instance_types": ["m7g.large"], "count": 3},
        "access": {
            "ci": CI,
            "team": {**CI, "principal_arn": "arn:aws:iam::123456789012:user/t", "permissions": "view"},
        },
        "public_access_cidrs": ["198.51.100.0/24"],
        "gpu_node_pools": {
            "a10g": {"accelerator": {"name": "A10G"}, "max_nodes": 4, "spot": True},
            "l4": {"accelerator": {"name": "L4"}, "max_nodes": 2, "disk": "1TiB"},
            "h100": {
                "accelerator": {"name": "H100", "count": 8},
                "max_nodes": 2,
                "efa": {},
                "machine_image": "al2023",
                "sharing": {"way": "time-slicing", "replicas": 2},
                "reservation": {"ids": ["cr-0123456789abcdef0"]},
            },
        },
        "container_insights": "enhanced",
        "model_buckets": ["arn:aws:s3:::acme-models"],
        "tags": {"team": "forecasting"},
    },
}
"""Clusters of every kind, and one that says all that goes together."""


def kubernetes(shape: str, root: Path) -> Graph:
    """A program with a cluster of that shape in production, in a network of its own."""

    def program() -> None:
        import pulumi_aws as aws

        aws.budgets.Budget("month", budget_type="COST", time_unit="MONTHLY", limit_amount="5000", limit_unit="USD")
        network = ServingNetwork("net", flow_logs={}, nat="per-zone")
        EksCluster("k8s", {"network": network, "version": "1.35", "production": True, **SHAPES[shape]})

    return captured(program, root)


def eks(root: Path, name: str = "k8s", invokes: Any = None, preview: bool = False, **options: Any) -> Graph:
    """The graph of a cluster; of 1.34 in a network unless the options say otherwise."""
    given = {"network": NETWORK, "version": VERSION, **options}
    return captured(lambda: EksCluster(name, given), root, invokes=invokes, preview=preview)


def eks_outputs(root: Path, **options: Any) -> dict[str, Any]:
    """The outputs of a cluster."""
    found: dict[str, Any] = {}
    given = {"network": NETWORK, "version": VERSION, **options}

    def program() -> None:
        cluster = EksCluster("k8s", {key: value for key, value in given.items() if value is not None})
        for key in ("arn", "cluster_name", "endpoint", "kubeconfig", "security_group_id", "oidc_issuer"):
            getattr(cluster, key).apply(lambda value, key=key: found.update({key: value}))

    captured(program, root)
    return found


def eks_refusal(root: Path, invokes: Any = None, **options: Any) -> list[str]:
    """What is said of a cluster that is refused; nothing may have been registered."""
    said: list[str] = []

    def program() -> None:
        try:
            EksCluster("k8s", {key: value for key, value in options.items() if value is not None})
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    assert captured(program, root, invokes=invokes).resources == []
    return said


def waits_for(graph: Graph, urn: str) -> set[str]:
    """Every resource that must be there before this one, and that therefore goes after it."""
    found: set[str] = set()
    open_ = [urn]
    while open_:
        node = graph[open_.pop()]
        for each in {*node.depends_on, *(u for urns in node.property_deps.values() for u in urns)} - found:
            found.add(each)
            open_.append(each)
    return found

"""Whether EKS clusters, node groups and instances are closed, mended and spread."""

from __future__ import annotations

from typing import Any

from modelinfra.catalog.instance_types import instance_type
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number

EKS = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE = "aws:ec2/instance:Instance"
_LOGS = {"api", "audit", "authenticator", "controllerManager", "scheduler"}


def _open_api(view: View) -> Found:
    for node, cluster in view.each(EKS):
        vpc = mapping(cluster.get("vpcConfig"))
        ranges = vpc.get("publicAccessCidrs")
        if cluster.get("vpcConfig") is Unknown or ranges is Unknown or vpc.get("endpointPublicAccess") is False:
            continue
        if not listed(ranges) or {"0.0.0.0/0", "::/0"} & set(map(str, listed(ranges))):
            yield node, "the whole internet may ask its API"


def _logs(view: View) -> Found:
    for node, cluster in view.each(EKS):
        given = cluster.get("enabledClusterLogTypes")
        missing = sorted(_LOGS - set(map(str, listed(given))))
        if given is not Unknown and missing:
            yield node, f"it does not log {', '.join(missing)}"


def _secrets(view: View) -> Found:
    for node, cluster in view.each(EKS):
        given = cluster.get("encryptionConfig")
        if given is not Unknown and "secrets" not in listed(mapping(given).get("resources")):
            yield node, "its secrets are not encrypted with a key of yours"


def _deletable(view: View) -> Found:
    for node, cluster in view.each(EKS):
        if cluster.get("deletionProtection") in (None, False) and not node.protect:
            yield node, "nothing keeps it from being deleted"


def _groups_of(view: View, cluster: Node) -> list[tuple[Node, dict[str, Any]]]:
    return [(node, group) for node, group in view.each(NODES) if view.target(node, "clusterName", EKS) is cluster]


def _node_zones(view: View) -> Found:
    for cluster in view.all(EKS):
        groups = _groups_of(view, cluster)
        given = [group.get("subnetIds") for _, group in groups]
        if not groups or any(not isinstance(each, list) or Unknown in each for each in given):
            continue
        places = [
            place
            for (node, group) in groups
            for place in view.targets(node, "subnetIds", tokens.SUBNET, group["subnetIds"])
        ]
        zones = {view.inputs(each).get("availabilityZone", each.urn) for each in places}
        named = {subnet for each in given for subnet in listed(each)}
        if len(named) < 2 or (len(places) >= len(named) and len(zones) < 2):
            yield cluster, "all of its nodes are in one zone"


def _one_type(view: View) -> Found:
    for node, group in view.each(NODES):
        types = group.get("instanceTypes")
        if group.get("capacityType") == "SPOT" and isinstance(types, list) and len(types) < 2:
            yield node, f"spot capacity of {types[0] if types else 'one type'} alone runs out together"


def _untainted(view: View) -> Found:
    for node, group in view.each(NODES):
        types = [instance_type(each) for each in listed(group.get("instanceTypes")) if isinstance(each, str)]
        accelerated = any(each is not None and each.accelerator for each in types)
        if accelerated and group.get("taints") is not Unknown and not listed(group.get("taints")):
            yield node, "pods that need no accelerator may fill its nodes"


def _unlimited(view: View) -> Found:
    for node, group in view.each(NODES):
        sizes = mapping(group.get("scalingConfig"))
        least, most = number(sizes.get("minSize")), number(sizes.get("maxSize"))
        if least is not None and most is not None and most > max(_MOST_NODES, least):
            yield node, f"it may grow to {most:g} nodes"


def _unmended(view: View) -> Found:
    for node, group in view.each(NODES):
        given = group.get("nodeRepairConfig")
        if given is not Unknown and mapping(given).get("enabled") in (None, False):
            yield node, "a node whose accelerator fails stays in it"


def _metadata(view: View) -> Found:
    for token in (_TEMPLATE, _INSTANCE):
        for node, given in view.each(token):
            options = given.get("metadataOptions")
            if options is Unknown:
                continue
            tokens_, hops = mapping(options).get("httpTokens"), number(mapping(options).get("httpPutResponseHopLimit"))
            if tokens_ not in ("required", Unknown):
                yield node, "its metadata, and the rights of its role, can be read without a token"
            elif hops is not None and hops > 2:
                yield node, f"its metadata can be read {hops:g} hops away"


_MOST_NODES = 100
_FACTS = "facts readiness.md section 1 row"

RULES = (
    Rule(
        "ready-eks-api",
        "The API of a cluster is private or open to named ranges",
        f"{_FACTS} 25 (prowler eks_cluster_not_publicly_accessible)",
        "Write endpointPublicAccess false, or publicAccessCidrs.",
        _open_api,
    ),
    Rule(
        "ready-eks-logs",
        "A cluster logs all that it can",
        f"{_FACTS} 24",
        "Write all five of enabledClusterLogTypes.",
        _logs,
        "low",
    ),
    Rule(
        "ready-eks-secrets",
        "Secrets of a cluster are encrypted with a key",
        f"{_FACTS} 24",
        "Write encryptionConfig with a key and the resource secrets.",
        _secrets,
        "medium",
    ),
    Rule(
        "ready-eks-kept",
        "In production a cluster is not deleted by accident",
        f"{_FACTS} 24",
        "Write deletionProtection true, or protect it.",
        _deletable,
        "medium",
        production=True,
    ),
    Rule(
        "ready-node-zones",
        "The nodes of a cluster are in two zones at least",
        f"{_FACTS} 27",
        "Add subnets, or a node group, of another zone.",
        _node_zones,
        "medium",
    ),
    Rule(
        "ready-node-types",
        "Spot nodes are of several instance types",
        f"{_FACTS} 27",
        "Name more instance types that fit.",
        _one_type,
        "medium",
    ),
    Rule(
        "ready-gpu-taint",
        "Nodes with accelerators take only what asks for one",
        f"{_FACTS} 28",
        "Write a taint such as nvidia.com/gpu=present:NO_SCHEDULE.",
        _untainted,
        "medium",
    ),
    Rule(
        "ready-node-limit",
        "A node group has a limit that somebody could pay: 100 nodes, a judgement of this project",
        "issue 4 of this project: GPU node pool without a limit",
        "Write a smaller maxSize.",
        _unlimited,
        "low",
    ),
    Rule(
        "ready-node-repair",
        "A node that fails is replaced by itself",
        f"{_FACTS} 30",
        "Write nodeRepairConfig with enabled, and add the monitoring agent.",
        _unmended,
        "low",
    ),
    Rule(
        "ready-metadata-token",
        "Instance metadata is read with a token, on the instance",
        f"{_FACTS} 37; design.md section 4 rule 10",
        'Write metadataOptions with httpTokens "required" and a hop limit of 1, or 2 for containers.',
        _metadata,
    ),
)

"""Karpenter: what it may do in AWS, its controller on the system nodes, and the nodes that it may start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra.catalog.eks_charts import CHARTS
from modelinfra.children import Children
from modelinfra.platforms.eks.custom_pools import KARPENTER_CLASS, CustomPools
from modelinfra.platforms.eks.gpu_specs import needs_overlay
from modelinfra.platforms.eks.gpu_way import way_of
from modelinfra.platforms.eks.interruptions import register_interruptions
from modelinfra.platforms.eks.karpenter_policy import controller_policy
from modelinfra.platforms.eks.node_pool import POOL, node_class, node_pool
from modelinfra.platforms.eks.place import Place
from modelinfra.platforms.eks.pod_identity import associate, register_pod_role
from modelinfra.platforms.eks.system_nodes import register_node_role

_NAMESPACE, _SERVICE_ACCOUNT = "kube-system", "karpenter"


def register_karpenter(
    children: Children,
    place: Place,
    cluster: aws.eks.Cluster,
    options: Any,
    gpu_pools: Mapping[str, Any],
    *,
    subnet_ids: Sequence[Input[str]],
    provider: kubernetes.Provider,
    after: Sequence[pulumi.Resource],
) -> tuple[list[pulumi.Resource], CustomPools]:
    """Everything of Karpenter: what pods wait for that find no node, and what registers further pools. gpu_pools: those, by name.

    Each waits for what it needs to work, which is also the order of `destroy` from behind: pool (with its nodes and instances), class,
    controller, its rights and its queue, system nodes. A controller that went first would leave its instances behind.
    """
    node_role = register_node_role(children, place, "karpenter-node", "karpenter-node-role")
    profile = aws.iam.InstanceProfile(
        children.named("karpenter-node", "instance profile"),
        role=node_role.role.name,
        opts=children.opts("karpenter-profile", depends_on=list(node_role.rights)),
    )
    entry = aws.eks.AccessEntry(
        children.named("karpenter-node"),
        cluster_name=cluster.name,
        principal_arn=node_role.role.arn,
        type="EC2_LINUX",
        opts=children.opts("karpenter-entry"),
    )
    queue, told = register_interruptions(children)
    identity = _identity(children, place, cluster, node_role.role, queue)
    release = _releases(
        children, place, provider, cluster, queue, _gates(options, gpu_pools), after=[*after, *told, identity]
    )
    pools = CustomPools(
        children,
        provider,
        KARPENTER_CLASS,
        place_of_nodes={
            "subnet_ids": Output.all(*subnet_ids),
            "security_group_id": cluster.vpc_config.cluster_security_group_id,
            "profile": profile.name,
        },
        after=[release, entry],
    )
    general = pools.register(
        POOL,
        "",
        partial(node_class, options.disk, options.ami_alias),
        node_pool(options, POOL),
        dict(children.adjustments.tags),
    )
    return [release, general], pools


def _gates(options: Any, gpu_pools: Mapping[str, Any]) -> dict[str, bool]:
    """What of Karpenter is switched on that is off by default. Both are in alpha at the pinned version."""
    overlays = any(needs_overlay(way_of(name, pool)) for name, pool in gpu_pools.items())
    return {
        **({"nodeRepair": True} if options.node_repair else {}),
        **({"nodeOverlay": True} if overlays else {}),
    }


def _identity(
    children: Children, place: Place, cluster: aws.eks.Cluster, node_role: aws.iam.Role, queue: aws.sqs.Queue
) -> aws.eks.PodIdentityAssociation:
    role = register_pod_role(children, place.cluster_arn, "karpenter", _NAMESPACE, _SERVICE_ACCOUNT)
    found: Output[Mapping[str, str]] = Output.all(
        partition=place.partition,
        region=place.region,
        account=place.account,
        cluster=place.cluster_name,
        cluster_arn=place.cluster_arn,
        node_role=node_role.arn,
        queue=queue.arn,
    )
    policy = aws.iam.RolePolicy(
        children.named("karpenter", "role policy"),
        role=role.name,
        policy=found.apply(lambda known: controller_policy(**known)),
        opts=children.opts("karpenter-policy"),
    )
    return associate(children, cluster.name, "karpenter", _NAMESPACE, _SERVICE_ACCOUNT, role, [policy])


def _releases(
    children: Children,
    place: Place,
    provider: kubernetes.Provider,
    cluster: aws.eks.Cluster,
    queue: aws.sqs.Queue,
    gates: Mapping[str, bool],
    after: list[pulumi.Resource],
) -> kubernetes.helm.v3.Release:
    """The kinds of objects in a release of their own, since Helm never upgrades those that come with a chart, and then the controller."""
    crds = CHARTS["karpenter-crd"]
    kinds = kubernetes.helm.v3.Release(
        children.named("karpenter-crds"),
        name="karpenter-crd",
        namespace=_NAMESPACE,
        version=crds.version,
        opts=children.opts("karpenter-crds", provider=provider, depends_on=after),
        **crds.where,
    )
    chart = CHARTS["karpenter"]
    return kubernetes.helm.v3.Release(
        children.named("karpenter"),
        name="karpenter",
        namespace=_NAMESPACE,
        version=chart.version,
        skip_crds=True,
        # A release that fails is taken back whole, and the next `up` installs it again.
        atomic=True,
        timeout=600,
        values={
            "replicas": 2,
            "serviceAccount": {"create": True, "name": _SERVICE_ACCOUNT},
            "priorityClassName": "system-cluster-critical",
            "settings": {
                "clusterName": cluster.name,
                "clusterEndpoint": cluster.endpoint,
                "interruptionQueue": queue.name,
                **({"featureGates": dict(gates)} if gates else {}),
            },
            "controller": {
                # Pods cannot ask the instance where they are.
                "env": [{"name": "AWS_REGION", "value": place.region}],
                "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
            },
        },
        opts=children.opts("karpenter-release", provider=provider, depends_on=[kinds]),
        **chart.where,
    )

"""Karpenter: what it may do in AWS, its controller on the system nodes, and the nodes that it may start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra.catalog.charts import CHARTS
from modelinfra.children import Children
from modelinfra.platforms.eks.gpu_pools import gpu_node_class, gpu_node_pool
from modelinfra.platforms.eks.interruptions import register_interruptions
from modelinfra.platforms.eks.karpenter_policy import controller_policy
from modelinfra.platforms.eks.node_pool import node_class, node_pool
from modelinfra.platforms.eks.place import Place
from modelinfra.platforms.eks.pod_identity import associate, register_pod_role
from modelinfra.platforms.eks.system_nodes import register_node_role

_NAMESPACE, _SERVICE_ACCOUNT = "kube-system", "karpenter"
POOL = "general"

# Nodes drain, which pods may delay, and instances end: until then their pool is there.
_POOL_DELETE = "45m"


def register_karpenter(
    children: Children,
    place: Place,
    cluster: aws.eks.Cluster,
    options: Any,
    gpu_pools: Mapping[str, Any],
    *,
    subnet_ids: Sequence[Input[str]],
    kubeconfig: Output[str],
    after: Sequence[pulumi.Resource],
) -> list[pulumi.Resource]:
    """Everything of Karpenter; what is returned is what pods wait for that find no node.

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
    provider = kubernetes.Provider(
        children.named("kubernetes"),
        kubeconfig=kubeconfig,
        # The cluster is the same whatever its address or certificate: what is in it is not made anew.
        cluster_identifier=cluster.arn,
        enable_server_side_apply=True,
        opts=children.opts("kubernetes-provider"),
    )
    release = _releases(children, place, provider, cluster, queue, after=[*after, *told, identity])
    pools = _NodePools(
        children,
        provider,
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
    of_gpus = [
        pools.register(
            name,
            "gpu-",
            partial(gpu_node_class, pool),
            gpu_node_pool(name, pool, name),
            {**children.adjustments.tags, **(pool.tags or {})},
        )
        for name, pool in gpu_pools.items()
    ]
    return [release, general, *of_gpus]


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
    after: list[pulumi.Resource],
) -> kubernetes.helm.v3.Release:
    """The kinds of objects in a release of their own, since Helm never upgrades those that come with a chart, and then the controller."""
    crds = CHARTS["karpenter-crd"]
    kinds = kubernetes.helm.v3.Release(
        children.named("karpenter-crds"),
        name="karpenter-crd",
        namespace=_NAMESPACE,
        chart=crds.chart,
        version=crds.version,
        opts=children.opts("karpenter-crds", provider=provider, depends_on=after),
    )
    chart = CHARTS["karpenter"]
    return kubernetes.helm.v3.Release(
        children.named("karpenter"),
        name="karpenter",
        namespace=_NAMESPACE,
        chart=chart.chart,
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
            },
            "controller": {
                # Pods cannot ask the instance where they are.
                "env": [{"name": "AWS_REGION", "value": place.region}],
                "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
            },
        },
        opts=children.opts("karpenter-release", provider=provider, depends_on=[kinds]),
    )


@dataclass(frozen=True)
class _NodePools:
    """Registers pools. place_of_nodes: what every class of nodes says of where they stand; after: what must be there before."""

    children: Children
    provider: kubernetes.Provider
    place_of_nodes: Mapping[str, Input[Any]]
    after: Sequence[pulumi.Resource]

    def register(
        self,
        name: str,
        kind: str,
        looks: Callable[..., Mapping[str, Any]],
        spec: Mapping[str, Any],
        tags: Mapping[str, Input[str]],
    ) -> pulumi.Resource:
        """A pool and the class of its nodes. kind: what their roles begin with."""
        suffix = "" if name == POOL and not kind else f"-{name}"
        of_class = self._custom(
            f"{kind}node-class",
            f"node-class{suffix}",
            ("karpenter.k8s.aws/v1", "EC2NodeClass", name),
            Output.all(**self.place_of_nodes, tags=tags).apply(lambda found: looks(**found)),
            self.after,
        )
        return self._custom(
            f"{kind}node-pool", f"node-pool{suffix}", ("karpenter.sh/v1", "NodePool", name), spec, [of_class]
        )

    def _custom(
        self, role: str, suffix: str, what: tuple[str, str, str], spec: Any, after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        api_version, kind, name = what
        return kubernetes.apiextensions.CustomResource(
            self.children.named(suffix),
            api_version=api_version,
            kind=kind,
            metadata={"name": name},
            spec=spec,
            opts=self.children.opts(
                role,
                provider=self.provider,
                depends_on=list(after),
                custom_timeouts=pulumi.CustomTimeouts(delete=_POOL_DELETE),
            ),
        )

"""`EksCluster`: a Kubernetes cluster on EKS with its nodes and add-ons, or one that exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack, overload

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Adjustments, Children
from modelinfra.options.arguments import checked, mapping_of, run_error
from modelinfra.options.eks import EksClusterOptions
from modelinfra.options.gpu_node_pool import GpuNodePoolOptions
from modelinfra.options.names import name_problems
from modelinfra.options.problems import InvalidOptionsError
from modelinfra.platforms.base import Networked, NetworkReference, reference_of
from modelinfra.platforms.ecs.node_pools import read_pools
from modelinfra.platforms.eks.access import register_access
from modelinfra.platforms.eks.addons import AddonInstaller
from modelinfra.platforms.eks.control_plane import register_control_plane
from modelinfra.platforms.eks.device_plugins import charts
from modelinfra.platforms.eks.gpu_nodes import GpuNodes, in_cluster
from modelinfra.platforms.eks.gpu_way import EksGpuNodes, way_of
from modelinfra.platforms.eks.karpenter import register_karpenter
from modelinfra.platforms.eks.kubeconfig import kubeconfig
from modelinfra.platforms.eks.place import Place, look_up_place
from modelinfra.platforms.eks.plan import EksPlan, plan_eks
from modelinfra.platforms.eks.pod_identity import PodIdentity, associate, register_pod_role
from modelinfra.platforms.eks.system_nodes import register_node_role, register_system_nodes


class EksClusterArgs(EksClusterOptions, total=False):
    """Arguments of EksCluster."""

    network: Networked | NetworkReference
    """The network, with NAT: a `ServingNetwork`, or a `NetworkReference` to one made elsewhere. Required unless `cluster_name` is given."""

    gpu_node_pools: Mapping[str, GpuNodePoolOptions]
    """Nodes with GPUs or Neuron devices, by name, started the way that `nodes` says. None otherwise."""

    production: bool
    """Protect the cluster and its key against deletion. Default: false."""


class EksCluster(pulumi.ComponentResource):
    """A Kubernetes cluster on EKS.

    What runs in it depends on `ready`: so it comes after nodes, add-ons and access, and at `destroy` it goes before them.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    arn: Output[str]
    """ARN of the cluster."""

    cluster_name: Output[str]
    """Name of the cluster."""

    endpoint: Output[str]
    """Address of its API."""

    certificate_authority: Output[str]
    """Certificate of the API, in base64."""

    kubeconfig: Output[str]
    """A kubeconfig for a Kubernetes provider; it asks `aws eks get-token` each time and holds no token."""

    security_group_id: Output[str]
    """Id of the security group that EKS makes: control plane and nodes are in it, and talk to each other."""

    oidc_issuer: Output[str]
    """Address of the issuer of the pods' tokens, for roles of pods where Pod Identity cannot go."""

    node_role_arn: Output[str] | None
    """ARN of the role of the system nodes; None for an existing cluster, and for Auto Mode, whose nodes are EKS's."""

    gpu_node_pools: Mapping[str, EksGpuNodes]
    """How pods get onto the nodes of each of `gpu_node_pools`."""

    ready: Sequence[pulumi.Resource]
    """What there must be before something can run in the cluster, and as long as it does."""

    @overload
    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        name: str,
        args: EksPlan,
        opts: pulumi.ResourceOptions | None = None,
        *,
        network: Networked | NetworkReference | None,
        production: bool,
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[EksClusterArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        # A platform checks its cluster before it registers anything.
        planned = args if isinstance(args, EksPlan) else None
        given = dict(kwargs) if planned else mapping_of(args, kwargs, f"EksCluster '{name}'")
        network = reference_of(given.pop("network", None))
        pools = given.pop("gpu_node_pools", None)
        self.production: bool = given.pop("production", False)
        plan = planned or _planned(name, given, network, pools, opts)
        super().__init__("modelinfra:index:EksCluster", name, None, opts)
        children = self._children = Children(self, name, Adjustments.of(plan.options))
        self.node_role_arn = None
        self.ready = ()
        self.gpu_node_pools = {name: way_of(name, pool) for name, pool in plan.gpu_pools.items()}
        if plan.options.cluster_name is not None:
            self._adopt(children, plan.options)
        else:
            assert network is not None
            self._make(children, plan, network)
        children.tell_unmet()
        self.register_outputs(
            {
                "arn": self.arn,
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "kubeconfig": self.kubeconfig,
                "security_group_id": self.security_group_id,
            }
        )

    def give_role(
        self,
        name: str,
        *,
        namespace: str,
        service_account: Input[str],
        policy: Input[str],
        tags: Mapping[str, str] | None = None,
    ) -> PodIdentity:
        """Let the pods of a service account do what a policy document says, by EKS Pod Identity.

        name: what the role is called beside the others of the cluster; policy: the document, in JSON; tags: of the role, beside the cluster's. The role is for this service
        account of this cluster alone. Pods must start after `ready`. An existing cluster must have the add-on eks-pod-identity-agent.
        Raises pulumi.RunError when the name is not one.
        """
        problems = list(name_problems(name))
        if problems:
            raise run_error(InvalidOptionsError(problems, f"a role of EksCluster '{self._children.name}'"))
        suffix = f"pods-{name}"
        role = register_pod_role(self._children, self.arn, suffix, namespace, service_account, tags)
        rights = aws.iam.RolePolicy(
            self._children.named(suffix, "role policy"),
            role=role.name,
            policy=policy,
            opts=self._children.opts("pod-policy"),
        )
        identity = associate(self._children, self.cluster_name, suffix, namespace, service_account, role, [rights])
        return PodIdentity(role.arn, (identity,))

    def _adopt(self, children: Children, options: Any) -> None:
        found = aws.eks.get_cluster_output(name=options.cluster_name, opts=children.invoke)
        region = aws.get_region_output(opts=children.invoke).region
        self.arn, self.cluster_name, self.endpoint = found.arn, found.name, found.endpoint
        self.certificate_authority = found.certificate_authorities[0].data
        self.security_group_id = found.vpc_config.cluster_security_group_id
        self.oidc_issuer = found.identities[0].oidcs[0].issuer
        self.kubeconfig = self._kubeconfig(region, options.kubeconfig_role_arn)

    def _make(self, children: Children, plan: EksPlan, network: NetworkReference) -> None:
        options = plan.options
        place = look_up_place(children, children.unique("cluster", "eks cluster"))
        cluster = register_control_plane(children, place, options, network, production=self.production)
        self.arn, self.cluster_name, self.endpoint = cluster.arn, cluster.name, cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.data
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        self.oidc_issuer = cluster.identities[0].oidcs[0].issuer
        self.kubeconfig = self._kubeconfig(place.region, options.kubeconfig_role_arn)
        access = register_access(children, place, cluster, options.access or {})
        installer = AddonInstaller(children, place, options, plan.addon_versions)
        if options.nodes == "auto-mode":
            # Its nodes start for the first pods, and these need a way out.
            addons = installer.install(cluster, before_nodes=False, after=network.ways_out)
            self.ready = [cluster, *network.ways_out, *access, *addons]
            if plan.gpu_pools:
                self.ready = [*self.ready, *self._gpu_nodes(children, plan, network, cluster).of_auto_mode(self.ready)]
            return
        role = register_node_role(children, place)
        self.node_role_arn = role.role.arn
        before = installer.install(cluster, before_nodes=True)
        nodes = register_system_nodes(children, cluster, plan.system_nodes, network, role, before)
        after = installer.install(cluster, before_nodes=False, after=[nodes])
        self.ready = [*access, nodes, *after]
        if options.nodes == "karpenter":
            self.ready = [*self.ready, *self._start_karpenter(children, plan, network, place, cluster)]
        elif plan.gpu_pools:
            gpus = self._gpu_nodes(children, plan, network, cluster)
            self.ready = [*self.ready, *gpus.in_groups(role, self.ready)]

    def _start_karpenter(
        self,
        children: Children,
        plan: EksPlan,
        network: NetworkReference,
        place: Place,
        cluster: aws.eks.Cluster,
    ) -> list[pulumi.Resource]:
        gpus = self._gpu_nodes(children, plan, network, cluster)
        assert gpus.provider is not None, "Karpenter is installed by one"
        made, pools = register_karpenter(
            children,
            place,
            cluster,
            plan.karpenter,
            plan.gpu_pools,
            subnet_ids=network.task_subnet_ids,
            provider=gpus.provider,
            after=self.ready,
        )
        return [*made, *gpus.of_karpenter(pools, self.ready)]

    def _gpu_nodes(
        self, children: Children, plan: EksPlan, network: NetworkReference, cluster: aws.eks.Cluster
    ) -> GpuNodes:
        pools, ways = plan.gpu_pools, self.gpu_node_pools
        provider = None
        if plan.options.nodes != "managed" or any(charts(pools, ways, auto_mode=False)):
            if plan.options.public_access_cidrs is None:
                place_to_run = "run `pulumi up` there, or name `public_access_cidrs`"
                pulumi.log.info(
                    f"what runs in the cluster is installed from within the network alone: {place_to_run}", self
                )
            provider = in_cluster(children, cluster, self.kubeconfig)
        return GpuNodes(children, cluster, network, pools, ways, provider)

    def _kubeconfig(self, region: Input[str], role_arn: Input[str] | None) -> Output[str]:
        return Output.all(
            self.cluster_name, self.arn, region, self.endpoint, self.certificate_authority, role_arn
        ).apply(lambda found: kubeconfig(*found))


def _planned(
    name: str,
    given: Mapping[str, Any],
    network: NetworkReference | None,
    pools: Any,
    opts: pulumi.ResourceOptions | None,
) -> EksPlan:
    subject = f"EksCluster '{name}'"
    read, wrong = read_pools(pools)
    options = checked(EksClusterOptions, None, given, subject, also=[*name_problems(name), *wrong])
    try:
        return plan_eks(options, read, network, opts)
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None

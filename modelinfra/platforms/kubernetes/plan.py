"""A platform on Kubernetes that was found to work: what must be looked up of its cluster is looked up, nothing is registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from modelinfra.options.problems import InvalidOptionsError
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.kubernetes.parts import kserve_of
from modelinfra.platforms.kubernetes.planner import KubernetesPlanner

if TYPE_CHECKING:
    from modelinfra.platforms.eks.plan import EksPlan


@dataclass(frozen=True)
class KubernetesPlan:
    """What a platform registers. eks: the cluster that is made, or looked up; None where a kubeconfig leads to one.

    kserve: options of its installation; None where it is there already.
    """

    options: Any
    planner: KubernetesPlanner
    eks: EksPlan | None = None
    kserve: Any | None = None


def plan_kubernetes(
    planner: KubernetesPlanner, network: NetworkReference | None, opts: pulumi.ResourceOptions | None
) -> KubernetesPlan:
    """Look up what a cluster on EKS needs, with the provider that a component with `opts` has.

    planner: what plans its endpoints. network: where a cluster is made; None without one.

    Raises InvalidOptionsError with paths relative to the platform.
    """
    options = planner.options
    eks = None
    if options.cluster.eks is not None:
        from modelinfra.platforms.eks.plan import plan_eks

        made = options.cluster.eks.cluster_name is None
        pools = {name: pool.options for name, pool in planner.pools.items()}
        try:
            eks = plan_eks(options.cluster.eks, pools, network if made else None, opts)
        except InvalidOptionsError as error:
            # The network is the platform's own argument.
            at = [
                each if each.path.split(".")[0] in ("network", "gpu_node_pools") else each.below("cluster.eks")
                for each in error.problems
            ]
            raise InvalidOptionsError(at) from None
    return KubernetesPlan(options, planner, eks, kserve_of(options))

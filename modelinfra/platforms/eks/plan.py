"""A cluster that was found to work: what must be looked up is looked up, nothing is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from modelinfra.catalog.eks_charts import CHARTS
from modelinfra.catalog.eks_roles import EKS_ROLES
from modelinfra.children import look_up_options, transform_problems
from modelinfra.options.eks_nodes import EksKarpenterOptions, EksSystemNodesOptions
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.eks.addons import look_up_versions
from modelinfra.platforms.eks.gpu_pools import pool_problems
from modelinfra.platforms.places import misplaced_in_eks_cluster


@dataclass(frozen=True)
class EksPlan:
    """Checked options of a cluster. addon_versions: add-on -> version; system_nodes, karpenter: with every default.
    gpu_pools: name -> validated options."""

    options: Any
    addon_versions: Mapping[str, str]
    system_nodes: Any
    karpenter: Any
    gpu_pools: Mapping[str, Any]


def plan_eks(
    options: Any, gpu_pools: Mapping[str, Any], network: NetworkReference | None, opts: pulumi.ResourceOptions | None
) -> EksPlan:
    """Look up the versions of add-ons, with the provider that a component with `opts` has.

    Raises InvalidOptionsError with paths relative to the cluster.
    """
    # Imported here so that pydantic loads with the first component, not with the package.
    from modelinfra.options.strict import validate

    problems = [
        *transform_problems(options, EKS_ROLES),
        *_unfit(options, network),
        *pool_problems(gpu_pools, options, network),
        *misplaced_in_eks_cluster(options, opts),
    ]
    if problems:
        raise InvalidOptionsError(problems)
    return EksPlan(
        options,
        {} if options.cluster_name is not None else look_up_versions(options, look_up_options(opts)),
        options.system_nodes or validate(EksSystemNodesOptions, {}),
        options.karpenter or validate(EksKarpenterOptions, {}),
        gpu_pools,
    )


def _unfit(options: Any, network: NetworkReference | None) -> Iterator[Problem]:
    if options.cluster_name is not None:
        if network is not None:
            reason = "an existing cluster (`cluster_name`) has one already"
            yield Problem("network", reason, "Remove it, or remove `cluster_name` to have a cluster made.")
        return
    if network is None:
        yield Problem("network", "this is required", "Pass a ServingNetwork or a NetworkReference.")
    elif not network.internet:
        reason = "nodes ask EKS, EC2 and registries over the internet, and from this network nothing leads there"
        yield Problem("network", reason, "Pass a network with NAT, such as ServingNetwork(..., nat='single').")
    yield from version_problems(options)


def version_problems(options: Any) -> Iterator[Problem]:
    """Why what is installed in the cluster is not made for its version; nothing of an existing one, whose version is not known."""
    chart = CHARTS["karpenter"]
    if options.version is not None and options.nodes == "karpenter" and not chart.supports(options.version):
        reason = f"Karpenter {chart.version}, which is installed, is not for it ({chart.kubernetes_text})"
        yield Problem("version", reason, "Write another version, or nodes: managed or auto-mode.", options.version)

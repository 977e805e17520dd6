"""What is made together with a platform on Kubernetes (cluster, pools of nodes, KServe), and what follows from it for endpoints. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.catalog.child_roles import KUBERNETES_ROLES
from modelinfra.catalog.eks_roles import EKS_ROLES
from modelinfra.children import transform_problems
from modelinfra.options.kserve import KServeOptions, installs_envoy_gateway
from modelinfra.options.kubernetes import makes_eks
from modelinfra.options.kubernetes_gateway import GatewayOptions
from modelinfra.options.problems import Problem
from modelinfra.options.prometheus import ClusterPrometheusOptions
from modelinfra.platforms.eks.gpu_pools import pool_problems
from modelinfra.platforms.eks.plan import version_problems
from modelinfra.platforms.kserve.plan import charts_not_for, has_gateway, installation_problems, makes_gateway
from modelinfra.platforms.kserve.prometheus import reference
from modelinfra.platforms.kserve.values import gateway_of, url_of_gateway
from modelinfra.platforms.kubernetes.own_gateway import as_made, own_gateway_problems
from modelinfra.platforms.kubernetes.servings import KNATIVE, LLM, SELDON

_NEEDED_BY = {KNATIVE: {"knative": True}, LLM: {"llm_inference_services": True}}
"""`serving` -> what is installed for it beside KServe, where nobody says how."""


def kserve_of(options: Any) -> Any | None:
    """The validated options of the installation of KServe; None where it is there already.

    A cluster that is made has nothing, so that without a word KServe is installed there; one that there is may have it.
    """
    given = options.kserve if options.kserve is not None else makes_eks(options) and options.serving != SELDON
    if given is False:
        return None
    if given is not True:
        return given
    # Imported here so that pydantic loads with the first component, not with the package.
    from modelinfra.options.strict import validate

    return validate(KServeOptions, _NEEDED_BY.get(options.serving, {}))


def as_installed(options: Any) -> Any:
    """The platform's options, with the gateway and the Prometheus that come with KServe where they name none."""
    kserve = kserve_of(options)
    if kserve is None:
        return options
    from modelinfra.options.strict import validate

    there: dict[str, Any] = {}
    url = _url(kserve)
    if options.gateway is None and url is not None:
        namespace, name = gateway_of(kserve)
        given: dict[str, Any] = {"name": name, "namespace": namespace, "url": url}
        if installs_envoy_gateway(kserve):
            given["implementation"] = "envoy-gateway"
        there["gateway"] = validate(GatewayOptions, given)
    elif options.gateway is not None:
        there["gateway"] = as_made(options, kserve)
    prometheus = reference(kserve)
    if options.prometheus is None and prometheus is not None:
        there["prometheus"] = validate(ClusterPrometheusOptions, prometheus)
    return options.model_copy(update=there)


def platform_problems(options: Any) -> Iterator[Problem]:
    """What is wrong with a platform's validated options beyond their own rules, with paths relative to the platform."""
    yield from transform_problems(options, KUBERNETES_ROLES)
    eks = options.cluster.eks
    for problem in [*transform_problems(eks, EKS_ROLES), *version_problems(eks)] if eks is not None else ():
        yield problem.below("cluster.eks")
    kserve = kserve_of(options)
    if kserve is None:
        return
    for problem in installation_problems(kserve):
        yield problem.below("kserve")
    for key in _NEEDED_BY.get(options.serving, {}):
        if not getattr(kserve, key):
            reason = f"`serving: {options.serving}` needs it"
            yield Problem(f"kserve.{key}", reason, "Write true, or `kserve: true` to have what is needed.")
    yield from own_gateway_problems(options, kserve)
    version = eks.version if eks is not None else None
    unfit = charts_not_for(version, kserve) if version is not None else []
    if unfit:
        reason = f"what is installed with KServe is not for it: {', '.join(unfit)}"
        remedy = "Write another version, or `false` below `kserve` for what you install yourself."
        yield Problem("cluster.eks.version", reason, remedy, version)
    if options.gateway is None and has_gateway(kserve) and _url(kserve) is None:
        reason = "nobody knows under which address clients reach the gateway that `kserve` uses"
        namespace, name = gateway_of(kserve)
        remedy = f"Write {{name: {name}, namespace: {namespace}, url: https://...}}, or a whole name as `kserve.gateway.host`."
        yield Problem("gateway", reason, remedy)


def pools_problems(pools: Mapping[str, Any], options: Any) -> Iterator[Problem]:
    """What is wrong with validated pools on a platform of these options, with paths from `gpu_node_pools` on."""
    eks = options.cluster.eks
    if makes_eks(options):
        yield from pool_problems(pools, eks)
        return
    reason = "nodes are added to clusters that are made here, and this one is its owner's"
    for name in pools:
        remedy = "Remove it, and say with `accelerators` of the platform which nodes replicas take."
        yield Problem(f"gpu_node_pools.{name}", reason, remedy)


def _url(kserve: Any) -> str | None:
    """Where clients reach the gateway of an installation; None where nobody knows, or there is none."""
    return url_of_gateway(kserve, envoy=installs_envoy_gateway(kserve)) if makes_gateway(kserve) else None

"""A platform's `gateway` that is the one of its own `kserve`: what follows for it, and what about it is wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.options.kserve import installs_envoy_gateway
from modelinfra.options.problems import Problem
from modelinfra.platforms.kserve.objects import listener_name
from modelinfra.platforms.kserve.plan import makes_gateway
from modelinfra.platforms.kserve.values import ENVOY_NAMESPACE, gateway_of


def is_made(options: Any, kserve: Any) -> bool:
    """Whether the gateway that a platform names is made by this installation."""
    named = options.gateway
    return named is not None and makes_gateway(kserve) and (named.namespace, named.name) == gateway_of(kserve)


def as_made(options: Any, kserve: Any) -> Any:
    """The gateway's options, with what serves it."""
    gateway = options.gateway
    if not is_made(options, kserve) or gateway.implementation is not None or not installs_envoy_gateway(kserve):
        return gateway
    return gateway.model_copy(update={"implementation": "envoy-gateway"})


def own_gateway_problems(options: Any, kserve: Any) -> Iterator[Problem]:
    """What the gateway has not that is said of it, with paths relative to the platform."""
    if not is_made(options, kserve):
        return
    gateway, there = options.gateway, listener_name(kserve)
    if gateway.listener not in (None, there):
        reason = f"the gateway that `kserve` makes has one listener, `{there}`"
        yield Problem("gateway.listener", reason, "Remove it.", gateway.listener)
    if gateway.cluster_issuer is not None and not (kserve.gateway is not None and kserve.gateway.listener_sets):
        reason = "each domain gets a listener of its own, and the gateway that `kserve` makes lets none in"
        remedy = "Write `kserve.gateway.listener_sets: true`."
        yield Problem("gateway.cluster_issuer", reason, remedy, gateway.cluster_issuer)
    admitted = gateway.admitted_namespaces
    if admitted is not None and installs_envoy_gateway(kserve) and ENVOY_NAMESPACE not in admitted:
        reason = f"the proxies of the gateway that `kserve` makes are in {ENVOY_NAMESPACE}, and would reach no replica"
        yield Problem("gateway.admitted_namespaces", reason, f"Add {ENVOY_NAMESPACE}.", list(admitted))

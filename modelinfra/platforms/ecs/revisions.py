"""Other revisions of an endpoint: replicas of their own, and a rule that leads to them whatever share of the traffic they have."""

from __future__ import annotations

from collections.abc import Mapping

from modelinfra.options.revisions import headers
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.planner import EcsEndpointPlan, EcsReplicas
from modelinfra.platforms.ecs.replicas import Ground, register_replicas
from modelinfra.platforms.ecs.traffic import Reached, Way, register_other


def register_revisions(
    request: EndpointRequest, way: Way, ground: Ground, plan: EcsEndpointPlan
) -> Mapping[str, Reached]:
    """Each revision serves before the endpoint's own rule gives it traffic, and is left by that rule before it goes."""
    return {
        name: _register(name, request, each, way, ground, plan.revisions[name])
        for name, each in request.revisions.items()
    }


def _register(
    name: str, endpoint: EndpointRequest, request: EndpointRequest, way: Way, ground: Ground, replicas: EcsReplicas
) -> Reached:
    asked = headers(name, endpoint.options.revisions[name])
    return register_replicas(request, ground, replicas, register_other(request, way, replicas, asked))

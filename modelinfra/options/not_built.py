"""Keys that the design names and that nothing stands behind yet: they are refused like any unknown key, but with the reason."""

from __future__ import annotations

_INTERNAL_HTTP = "an endpoint is reached over HTTP from inside its network only"
_ECS_FARGATE = "endpoints run on ECS with Fargate, which has no accelerators"

NOT_BUILT: dict[str, str] = {
    "exposure": _INTERNAL_HTTP,
    "public": _INTERNAL_HTTP,
    "domain": _INTERNAL_HTTP,
    "tls": _INTERNAL_HTTP,
    "certificate_arn": _INTERNAL_HTTP,
    "auth": _INTERNAL_HTTP,
    "grpc": "the load balancer forwards HTTP/1.1 only; the container listens on its gRPC port, but nothing leads there",
    "accelerator": _ECS_FARGATE,
    "gpu_node_pools": _ECS_FARGATE,
    "traffic": "an endpoint serves one revision",
    "revisions": "an endpoint serves one revision",
    "rollout": "a new revision rolls out as ECS's rolling deployment with circuit breaker",
    "slo": "alarms guard deployments only",
    "edge_fleets": "there is no edge fleet",
    "tenants": "an environment has no tenants",
    "budget": "there is no budget alarm",
    "serving": "endpoints run on ECS",
}
"""Key (in snake_case) -> why it is refused."""

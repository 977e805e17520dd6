"""Keys that are refused like any unknown key, but with the reason: what nothing stands behind yet, and what stands elsewhere."""

from __future__ import annotations

_NO_KEYS = "the load balancer checks JWT, OIDC, Cognito and client certificates"

NOT_BUILT: dict[str, str] = {
    "api_keys": _NO_KEYS,
    "iam": _NO_KEYS,
    "private_link": "consumers in other accounts reach an endpoint through a peered network only",
    "grpc": "the load balancer forwards HTTP/1.1 only; the container listens on its gRPC port, but nothing leads there",
    "capacity": "node pools are instances in an auto scaling group; ECS Managed Instances are not used",
    "traffic": "an endpoint serves one revision",
    "revisions": "an endpoint serves one revision",
    "capture": "nothing beside a server sees its requests, so none are kept",
    "edge_fleets": "there is no edge fleet",
    "tenants": "an environment has no tenants",
    "serving": "endpoints run on ECS",
}
"""Key (in snake_case) -> why it is refused."""

ELSEWHERE: dict[str, str] = {
    "public": "exposure.public",
    "domain": "exposure.domain",
    "tls": "exposure.domain",
    "certificate_arn": "exposure.certificate_arn",
    "auth": "exposure.auth",
    "waf": "exposure.waf",
    "access_logs": "exposure.access_logs",
}
"""Key (in snake_case) that users look for on an endpoint itself -> where it stands."""

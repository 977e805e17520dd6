"""Keys that are refused like any unknown key, but with the reason: what nothing stands behind yet, and what stands elsewhere."""

from __future__ import annotations

NOT_BUILT: dict[str, str] = {
    "prefill": "each replica reads prompts and writes answers; none does one of them alone",
}
"""Key (in snake_case) -> why it is refused."""

ELSEWHERE: dict[str, str] = {
    "grpc": "exposure.grpc",
    "public": "exposure.public",
    "domain": "exposure.domain",
    "tls": "exposure.domain",
    "certificate_arn": "exposure.certificate_arn",
    "auth": "exposure.auth",
    "api_keys": "exposure.auth.api_keys",
    "waf": "exposure.waf",
    "gateway": "exposure.gateway",
    "iam": "exposure.gateway.auth.iam",
    "private_link": "exposure.private_link",
    "access_logs": "exposure.access_logs",
}
"""Key (in snake_case) that users look for on an endpoint itself -> where it stands."""

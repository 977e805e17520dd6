"""Who may come by a route: a SecurityPolicy of Envoy Gateway. Pure data.

It is of one route and the most specific there is, so one that a platform team has on the whole gateway does not hold for the endpoint. Where a
part of it cannot be had (a Secret that is missing), Envoy Gateway answers 500 and lets nobody in (1.9.0, translateSecurityPolicyForRoute).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

HEADER: Final = "x-api-key"
"""In which clients send their key, as on ECS."""

SCOPES: Final = ("scope", "scp")
"""Claims that Envoy Gateway reads as words with spaces between them, both at once (1.9.0, buildJWTPredicate)."""

_PROVIDER: Final = "issuer"


def asked(exposure: Any) -> bool:
    """Whether validated options say who may come."""
    auth = exposure.auth
    return bool(exposure.cidrs) or (auth is not None and (auth.jwt is not None or auth.api_keys is not None))


def security_policy(route: str, exposure: Any, secrets: Sequence[str]) -> dict[str, Any]:
    """route: name of the HTTPRoute. secrets: names of those that hold the valid API keys."""
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route}
    spec: dict[str, Any] = {"targetRefs": [target]}
    jwt = exposure.auth.jwt if exposure.auth is not None else None
    if jwt is not None:
        spec["jwt"] = {"providers": [_provider(jwt)]}
    if secrets:
        spec["apiKeyAuth"] = {
            "credentialRefs": [{"group": "", "kind": "Secret", "name": each} for each in secrets],
            "extractFrom": [{"headers": [HEADER]}],
            # The server, and what it logs, never see a key.
            "sanitize": True,
        }
    principals = list(_principals(exposure.cidrs, jwt))
    if principals:
        rules = [{"name": f"clients-{at}", "action": "Allow", "principal": each} for at, each in enumerate(principals)]
        spec["authorization"] = {"defaultAction": "Deny", "rules": rules}
    return spec


def _provider(jwt: Any) -> dict[str, Any]:
    return {
        "name": _PROVIDER,
        "issuer": jwt.issuer,
        "remoteJWKS": {"uri": jwt.jwks_url},
        # Left out, a token would also be taken from the address, which is logged on the way.
        "extractFrom": {"headers": [{"name": "Authorization", "valuePrefix": "Bearer "}]},
    }


def _principals(cidrs: Sequence[str] | None, jwt: Any) -> Iterator[dict[str, Any]]:
    """Each is let in; within one everything must hold. None where whoever has passed so far is let in."""
    addresses = {"clientCIDRs": list(cidrs)} if cidrs else {}
    claims = list(jwt.claims or ()) if jwt is not None else []
    if not claims:
        yield from [addresses] if addresses else []
        return
    fixed = [_claim(each) for each in claims if each.format != "space-separated-values"]
    # Of several scopes Envoy Gateway wants all, and here one is enough: a rule for each.
    scopes = [each.values for each in claims if each.format == "space-separated-values"]
    for chosen in itertools.product(*scopes):
        of_token = {"provider": _PROVIDER, **({"claims": fixed} if fixed else {})}
        yield {**addresses, "jwt": {**of_token, **({"scopes": list(chosen)} if chosen else {})}}


def _claim(claim: Any) -> Mapping[str, Any]:
    kind = "StringArray" if claim.format == "string-array" else "String"
    return {"name": claim.name, "valueType": kind, "values": list(claim.values)}

"""What of an endpoint's `exposure` a gateway in a cluster can do; of the rest, why not and what to write instead."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.options.exposure import exposed
from modelinfra.options.problems import Problem
from modelinfra.platforms.kubernetes import policy
from modelinfra.platforms.served_model import ServedModel

TAKEN: Final = frozenset({"public", "cidrs", "domain", "auth", "paths", "grpc"})
TAKEN_OF_AUTH: Final = frozenset({"jwt", "api_keys", "none"})
TAKEN_OF_KEYS: Final = frozenset({"generation", "keep_previous"})

_REMOVE: Final = "Remove it."
_PLATFORM: Final = "`gateway` of the platform"

REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "security_groups": ("who reaches a gateway is said in address ranges", "Write `cidrs`."),
    "hosted_zone_id": (
        "no record is written into a zone of AWS",
        "Remove it, and point the domain at the gateway (or let external-dns read the route).",
    ),
    "certificate_arn": (
        "certificates of ACM cannot be read by a gateway of the cluster",
        f"Remove it, and write `cluster_issuer` or `listener` below {_PLATFORM}.",
    ),
    "tls_policy": ("the gateway's listeners say which versions of TLS they take", _REMOVE),
    "gateway": ("it is an API gateway of AWS before a load balancer of AWS", _REMOVE),
    "private_link": ("it is an endpoint service of AWS before a load balancer of AWS", _REMOVE),
    "waf": ("the gateway has no firewall", "Write `cidrs`, or `auth`; what counts requests stands before the gateway."),
    "access_logs": ("the gateway's proxies write them, for all routes", "Switch them on in the gateway's EnvoyProxy."),
}
"""Key of `exposure` -> why it is refused here, and what to write instead."""

REFUSED_OF_AUTH: Final[Mapping[str, tuple[str, str]]] = {
    "oidc": (
        "a log-in needs a secret of the provider's client, which is in Secrets Manager here and out of a gateway's reach",
        "Write `jwt`, or `api_keys`.",
    ),
    "cognito": ("it is a log-in at a load balancer of AWS", "Write `jwt` with the pool as `issuer`."),
    "mtls": (
        "its authorities lie in S3 or in a trust store of AWS, out of a gateway's reach",
        "Write `jwt` or `api_keys`.",
    ),
}
"""Key of `exposure.auth` -> likewise."""

REFUSED_OF_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "tags": ("nothing of AWS is made that could have tags", _REMOVE),
    "requests_per_five_minutes": (
        "each proxy of the gateway would count for itself, so that the limit would grow with their number",
        _REMOVE,
    ),
}
"""Key of a client's key -> likewise."""

_LONGEST_ADDRESS: Final = 253
"""Envoy Gateway, JWTProvider.issuer and RemoteJWKS.uri."""

_MOST_COMBINATIONS: Final = 64
"""Rules that values of scopes are multiplied out to: ours, so that a policy stays readable."""


def on_gateway(options: Any, gateway: Any) -> bool:
    """Whether an endpoint has a route: on a gateway that faces the internet only what is meant for it."""
    return gateway is not None and (not gateway.public or bool(options.exposure.public))


def problems(options: Any, gateway: Any) -> Iterator[Problem]:
    """What the cluster cannot do, with paths relative to the endpoint. gateway: of the platform; None without one."""
    exposure = options.exposure
    yield from _not_here(exposure)
    if exposure.grpc is not None and options.transformer is not None:
        reason = "requests go to the transformer, which speaks HTTP alone"
        yield Problem("exposure.grpc", reason, "Remove it, or the transformer.")
    if gateway is None:
        if exposed(exposure):
            reason = "the platform names no `gateway` at which the endpoint could be reached"
            yield Problem("exposure", reason, "Write `gateway` there, or remove it.")
        return
    if exposure.public and not gateway.public:
        reason = "nothing says that the platform's gateway faces the internet"
        yield Problem("exposure.public", reason, "Write `gateway.public: true` there if it does, or remove it.", True)
    if gateway.public and not exposure.public:
        yield from _closed(options)
    if not exposed(exposure):
        return
    if exposure.domain is None:
        reason = "what `exposure` says holds for a host of the endpoint's own at the platform's gateway"
        yield Problem("exposure.domain", reason, "Write it.")
        return
    yield from _encrypted(exposure.domain, gateway)
    yield from _asking(exposure, gateway)


def _not_here(exposure: Any) -> Iterator[Problem]:
    yield from _refused("exposure", exposure, REFUSED)
    if exposure.auth is None:
        return
    yield from _refused("exposure.auth", exposure.auth, REFUSED_OF_AUTH)
    for client, key in sorted((exposure.auth.api_keys or {}).items()):
        yield from _refused(f"exposure.auth.api_keys.{client}", key, REFUSED_OF_KEYS)


def _refused(where: str, given: Any, table: Mapping[str, tuple[str, str]]) -> Iterator[Problem]:
    for key in sorted(given.model_fields_set & set(table)):
        if getattr(given, key) not in (None, {}):
            reason, remedy = table[key]
            yield Problem(f"{where}.{key}", f"this means nothing on Kubernetes: {reason}", remedy)


def _closed(options: Any) -> Iterator[Problem]:
    """What an endpoint without a route says of one."""
    reason = "the platform's gateway faces the internet, and only endpoints with `exposure.public` are reached by it"
    remedy = "Write `exposure` with `public: true`, `domain` and `auth`, or remove it."
    if options.path is not None:
        yield Problem("path", reason, remedy, options.path)
    for key, said in (("revisions", bool(options.revisions)), ("exposure", exposed(options.exposure))):
        if said:
            yield Problem(key, reason, remedy)


def _encrypted(domain: str, gateway: Any) -> Iterator[Problem]:
    if gateway.cluster_issuer is not None:
        return
    if gateway.listener is None:
        reason = "nothing says which listener of the platform's gateway speaks HTTPS for it"
        remedy = (
            "Write `gateway.cluster_issuer` there to have a certificate and a listener made, or `gateway.listener`."
        )
        yield Problem("exposure.domain", reason, remedy, domain)
    elif isinstance(gateway.url, str) and gateway.url.startswith("http://"):
        reason = f"the listener '{gateway.listener}' of the platform's gateway speaks HTTP ({gateway.url})"
        remedy = (
            "Name one with a certificate in `gateway.listener` and `gateway.url`, or write `gateway.cluster_issuer`."
        )
        yield Problem("exposure.domain", reason, remedy, domain)


def _asking(exposure: Any, gateway: Any) -> Iterator[Problem]:
    auth = exposure.auth
    if policy.asked(exposure) and gateway.implementation is None:
        key = "exposure.cidrs" if exposure.cidrs else "exposure.auth"
        reason = "the Gateway API has no word for who may come, and nothing says what serves the platform's gateway"
        yield Problem(key, reason, "Write `gateway.implementation: envoy-gateway` there if it is that one.")
    if auth is not None and auth.jwt is not None:
        yield from (each.below("exposure.auth.jwt") for each in _token(auth.jwt))


def _token(jwt: Any) -> Iterator[Problem]:
    for key in ("issuer", "jwks_url"):
        if len(getattr(jwt, key)) > _LONGEST_ADDRESS:
            reason = f"Envoy Gateway takes {_LONGEST_ADDRESS} characters"
            yield Problem(key, reason, "Write a shorter address.", getattr(jwt, key))
    claims = list(jwt.claims or ())
    for index, claim in enumerate(claims):
        words = claim.format == "space-separated-values"
        if words and claim.name not in policy.SCOPES:
            reason = f"Envoy Gateway reads words in {' and '.join(policy.SCOPES)} alone"
            remedy = "Write another `format`, or let the issuer make it an array."
            yield Problem(f"claims[{index}].format", reason, remedy, claim.format)
        elif "." in claim.name:
            reason = "Envoy Gateway takes a dot for a way into a claim"
            yield Problem(f"claims[{index}].name", reason, "Let the issuer write a name without one.", claim.name)
    combined = math.prod(len(each.values) for each in claims if each.format == "space-separated-values")
    if combined > _MOST_COMBINATIONS:
        reason = f"their values make {combined} combinations, and a policy here has {_MOST_COMBINATIONS} rules at most"
        yield Problem("claims", reason, "Ask for fewer scopes.")


def notes(options: Any, served: ServedModel, gateway: Any) -> Iterator[str]:
    """In words for the preview."""
    exposure = options.exposure
    if gateway is not None and gateway.public and not exposure.public:
        yield "the gateway faces the internet, so the endpoint has no route there and is reached from inside the cluster (`exposure.public`)"
    if gateway is None or exposure.domain is None:
        return
    yield f"nobody points {exposure.domain} at the gateway: do so, or let external-dns read the route"
    if exposure.paths is None:
        yield f"clients can ask for {' and '.join(served.open_paths)} alone (`exposure.paths` names others)"
    auth = exposure.auth
    if auth is not None and auth.none is not None:
        yield f"nobody is asked who comes from the internet: {auth.none}"
    if auth is not None and auth.jwt is not None and not auth.jwt.claims:
        yield f"every token of {auth.jwt.issuer} is let in, whomever it was made for (`claims` would say)"
    if auth is not None and auth.api_keys is not None:
        yield f"clients send their key in the header {policy.HEADER}, which the gateway takes away before the server"
    if policy.asked(exposure) and gateway.admitted_namespaces is None:
        yield "whoever is in the cluster reaches the replicas past the gateway, and is not asked (`gateway.admitted_namespaces` of the platform)"

"""How a gateway and PrivateLink go together with the rest of an exposure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.options.problems import Problem


def behind_other_doors(exposure: Any) -> bool:
    """Whether the load balancer of validated options stands behind another door, and so lets in nobody else who is not named."""
    return exposure.gateway is not None or exposure.private_link is not None


def doors_go_together(endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    """What two doors of one endpoint would do to each other."""
    exposure = endpoint["exposure"]
    if exposure.gateway is not None:
        yield from _gateway(exposure)
    if exposure.private_link is not None:
        yield from _private_link(exposure)


def _gateway(exposure: Any) -> Iterator[Problem]:
    if exposure.public:
        reason = "the internet comes by the gateway, and the load balancer behind it stays internal"
        yield Problem("exposure.public", reason, "Remove it, or remove `gateway` and ask callers by `auth`.", True)
    if exposure.auth is not None:
        reason = "the load balancer would ask once more, and sees the gateway in place of its callers"
        yield Problem("exposure.auth", reason, "Say it in `gateway.auth`, or remove `gateway`.")
    if _shaped(exposure.waf):
        reason = "the firewall would count all callers as one, by the gateway's addresses"
        remedy = (
            "Remove it (`gateway.requests_per_second` limits callers), or let a `public` load balancer answer them."
        )
        yield Problem("exposure.waf", reason, remedy)
    if exposure.grpc is not None and not (exposure.cidrs or exposure.security_groups or exposure.private_link):
        reason = "the gateway does not speak gRPC, and nobody else is let in"
        remedy = "Name `cidrs` or `security_groups`, or add `private_link`, or write `public` and `auth` in place of `gateway`."
        yield Problem("exposure.grpc", reason, remedy)
    if exposure.gateway.domain is not None and exposure.gateway.domain == exposure.domain:
        reason = "this is the load balancer's own name (`domain`), and a name leads to one of the two"
        remedy = "Write another one, or remove `domain` where nobody but the gateway calls the load balancer."
        yield Problem("exposure.gateway.domain", reason, remedy, exposure.gateway.domain)


def _private_link(exposure: Any) -> Iterator[Problem]:
    link = exposure.private_link
    if exposure.public:
        reason = "clients of a load balancer that faces the internet need no endpoint service"
        remedy = "Remove it; who comes from the internet, too, can be let in by `gateway`."
        yield Problem("exposure.public", reason, remedy, True)
    if link.private_dns and (exposure.domain is None or exposure.hosted_zone_id is None):
        reason = "there is no domain of which AWS could be shown that it is yours"
        yield Problem("exposure.private_link.private_dns", reason, "Add `domain` and `hosted_zone_id`.", True)


def _shaped(waf: Any) -> bool:
    """Whether a firewall is asked for."""
    if waf.enabled is not None:
        return bool(waf.enabled)
    return any(getattr(waf, key) is not None for key in type(waf).model_fields)

"""Whether routes in a cluster ask who comes, where the internet reaches them, and whether what they ask for is encrypted on its way."""

from __future__ import annotations

from modelinfra.graph.values import Unknown
from modelinfra.policies.routes import PROOFS, plain_listeners, routes
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View

_FACTS = "facts readiness.md section 1 row"


def _unasked(view: View) -> Found:
    for route in routes(view):
        if route.public and route.policy is not Unknown and not route.proofs and not route.narrowed:
            yield route.node, f"everybody may ask it at {route.where}: no SecurityPolicy asks who comes"


def _unencrypted(view: View) -> Found:
    for route in routes(view):
        listeners = sorted(set(plain_listeners(view, route)))
        if route.proofs and listeners:
            asked = " and ".join(PROOFS[each] for each in sorted(route.proofs))
            yield route.node, f"it asks for {asked}, and the listener {listeners[0]} takes it over HTTP"


RULES = (
    Rule(
        "ready-public-route",
        "What faces the internet in a cluster asks who comes",
        f"{_FACTS} 22 (prowler elbv2_waf_acl_attached, of gateways)",
        "Write `auth` (a SecurityPolicy of the route), or an annotation that makes the gateway's load balancer internal.",
        _unasked,
    ),
    Rule(
        "ready-encrypted-route",
        "Tokens, keys and cookies come over TLS",
        f"{_FACTS} 20",
        "Name in parentRefs the listener that speaks HTTPS (sectionName).",
        _unencrypted,
    ),
)

"""Whom API gateways and endpoint services let in newly, and whom they turn away. A route that asks nobody is told by `exposure`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import has_unknown, listed, mapping, plain
from modelinfra.policies.tokens import API_DOMAIN, API_ROUTE, ENDPOINT_SERVICE
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import called, listing

_AUTHORIZER: Final = "aws:apigatewayv2/authorizer:Authorizer"
_OPEN: Final = "NONE"
_PROOFS: Final = {
    "AWS_IAM": "credentials of AWS",
    "JWT": "tokens",
    "CUSTOM": "what its own function wants to see",
    _OPEN: "nothing",
}


def findings(changes: Changes) -> Iterator[Finding]:
    """Of what was there before and stays."""
    for change in changes.resources:
        old, new = change.before, change.after
        if old is None or new is None:
            continue
        name, before, after = called(changes.after, new), plain(old.inputs), plain(new.inputs)
        if change.type == API_ROUTE:
            yield from _route(name, new, before, after)
        if change.type == _AUTHORIZER:
            yield from _tokens(
                name, new, mapping(before.get("jwtConfiguration")), mapping(after.get("jwtConfiguration"))
            )
        if change.type == API_DOMAIN:
            yield from _certificates(name, new, before, after)
        if change.type == ENDPOINT_SERVICE:
            yield from _consumers(name, new, before, after)


def _route(name: str, node: Node, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Finding]:
    was, will = before.get("authorizationType", _OPEN), after.get("authorizationType", _OPEN)
    if was != will and will != _OPEN and not has_unknown(will):
        yield Finding(
            "exposure", "medium", node.urn, f"{name} asks callers for {_PROOFS.get(will, will)} in place of {_PROOFS.get(was, was)}",
            "Callers who have what was asked for before, or nothing, are turned away at once.",
            "Let callers be ready first; two ways at a time need two gateways.",
        )  # fmt: skip
    scopes = [set(map(str, listed(each.get("authorizationScopes")))) for each in (before, after)]
    if was == will == "JWT" and not has_unknown(after.get("authorizationScopes")):
        if scopes[0] and not scopes[1]:
            yield Finding(
                "exposure", "high", node.urn, f"{name} no longer asks tokens for a scope",
                "Every token of the issuer for this audience is let in.", "Keep authorizationScopes.",
            )  # fmt: skip
        elif scopes[0] and (wider := scopes[1] - scopes[0]):
            yield _wider(name, node, "the scope", wider)


def _tokens(name: str, node: Node, before: Any, after: Any) -> Iterator[Finding]:
    if before.get("issuer") != after.get("issuer") and not has_unknown(after.get("issuer")):
        yield Finding(
            "exposure", "medium", node.urn, f"{name} believes somebody else",
            "Another issuer vouches for callers: whoever it vouches for is let in, and callers of the former are turned away.",
            "Check that the new one is yours, and that callers have their tokens from it.",
        )  # fmt: skip
    elif not has_unknown(after.get("audiences")):
        wider = set(map(str, listed(after.get("audiences")))) - set(map(str, listed(before.get("audiences"))))
        if wider:
            yield _wider(name, node, "the audience", wider)


def _wider(name: str, node: Node, what: str, values: set[str]) -> Finding:
    return Finding(
        "exposure", "medium", node.urn, f"{name} takes tokens with {what} {listing(sorted(values))}, too",
        "Whoever has such a token is let in.", "Check whom the issuer gives them to.",
    )  # fmt: skip


def _certificates(name: str, node: Node, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Finding]:
    was, will = before.get("mutualTlsAuthentication"), after.get("mutualTlsAuthentication")
    if not was or has_unknown(will):
        return
    if not will:
        yield Finding(
            "exposure", "high", node.urn, f"{name} no longer asks for certificates of clients",
            "Whoever the routes behind let in needs none.", "Keep mutualTlsAuthentication until callers prove themselves otherwise.",
        )  # fmt: skip
    elif mapping(was) != mapping(will):
        yield Finding(
            "exposure", "medium", node.urn, f"{name} believes other authorities",
            "Whoever they vouch for is let in, and clients of those that are gone are turned away.",
            "Check that the bundle is yours, and that clients have their certificates from it.",
        )  # fmt: skip


def _consumers(name: str, node: Node, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Finding]:
    if has_unknown(after.get("allowedPrincipals")):
        return
    more = set(map(str, listed(after.get("allowedPrincipals")))) - set(
        map(str, listed(before.get("allowedPrincipals")))
    )
    unasked = after.get("acceptanceRequired") is False
    if more and "*" not in more:
        how = "They are connected at once." if unasked else "Each connection waits until somebody accepts it."
        yield Finding(
            "exposure", "medium" if unasked else "note", node.urn, f"{name} takes connections of {listing(sorted(more))}", how
        )  # fmt: skip
    if unasked and before.get("acceptanceRequired") is True:
        yield Finding(
            "exposure", "medium", node.urn, f"{name} accepts connections unasked",
            "Those that wait for somebody stay so; new ones of allowed principals are connected at once.", "Keep acceptanceRequired true.",
        )  # fmt: skip

"""Who is believed when clients prove who they are: issuers, claims of tokens, certificate authorities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import has_unknown, listed, mapping, plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings.front_doors import LISTENERS, RULES, actions
from modelinfra.review.findings.words import called, listing

_STORE = "aws:lb/trustStore:TrustStore"

# What an action believes: type of the action -> its part, and the keys in it.
_BELIEVED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "jwt-validation": ("jwtValidation", ("issuer", "jwksEndpoint")),
    "authenticate-oidc": ("authenticateOidc", ("issuer", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint")),
    "authenticate-cognito": ("authenticateCognito", ("userPoolArn",)),
}
_BUNDLE = (
    "caCertificatesBundleS3Bucket",
    "caCertificatesBundleS3Key",
    "caCertificatesBundleS3ObjectVersion",
)


def findings(changes: Changes) -> Iterator[Finding]:
    """Proofs that are weaker, and others who vouch for clients. Authentication that goes altogether is told by `front_doors`."""
    for change in changes.resources:
        old, new = change.before, change.after
        if old is None or new is None:
            continue
        name = called(changes.after, new)
        if change.type in (*LISTENERS, *RULES):
            yield from _actions(name, old, new)
        if change.type in LISTENERS:
            yield from _certificates(name, old, new)
        if change.type == _STORE and _differ(plain(old.inputs), plain(new.inputs), _BUNDLE):
            yield _another(name, new)


def _actions(name: str, old: Node, new: Node) -> Iterator[Finding]:
    before = {each.get("type"): each for each in actions(old)}
    for action in actions(new):
        kind = str(action.get("type"))
        if kind not in _BELIEVED or kind not in before:
            continue
        part, keys = _BELIEVED[kind]
        was, will = mapping(before[kind].get(part)), mapping(action.get(part))
        if _differ(was, will, keys):
            yield _another(name, new)
        yield from _claims(name, new, was, will)
        if will.get("onUnauthenticatedRequest") == "allow" != was.get("onUnauthenticatedRequest"):
            yield Finding(
                "exposure", "high", new.urn, f"{name} lets in whoever does not log in",
                "Requests without a session reach the endpoint.", "Keep `authenticate` or `deny`.",
            )  # fmt: skip


def _claims(name: str, node: Node, was: Mapping[str, Any], will: Mapping[str, Any]) -> Iterator[Finding]:
    before, after = _asked(was), _asked(will)
    if gone := [each for each in before if each not in after]:
        yield Finding(
            "exposure", "high", node.urn, f"{name} no longer asks tokens for {listing(gone)}",
            "Every token of the issuer is let in that the other claims allow, whomever it was made for.", "Keep the claim.",
        )  # fmt: skip
    if wider := [each for each in before if each in after and after[each] - before[each]]:
        yield Finding(
            "exposure", "medium", node.urn, f"{name} takes tokens with other values of {listing(wider)}",
            "Whoever has such a token is let in.", "Check whom the issuer gives them to.",
        )  # fmt: skip


def _asked(jwt: Mapping[str, Any]) -> dict[str, set[str]]:
    claims = [mapping(each) for each in listed(jwt.get("additionalClaims"))]
    return {str(each.get("name")): {str(value) for value in listed(each.get("values"))} for each in claims}


def _certificates(name: str, old: Node, new: Node) -> Iterator[Finding]:
    before, after = (mapping(plain(each.inputs).get("mutualAuthentication")) for each in (old, new))
    if before.get("mode") != "verify" or has_unknown(after.get("mode")):
        return
    if after.get("mode") != "verify":
        yield Finding(
            "exposure", "high", new.urn, f"{name} no longer verifies certificates of clients",
            "Clients without one are let in, as far as no token is asked for.", "Keep `mode: verify` until clients prove themselves otherwise.",
        )  # fmt: skip
    elif _differ(before, after, ("trustStoreArn",)):
        yield _another(name, new)


def _differ(before: Mapping[str, Any], after: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    return any(before.get(key) != after.get(key) and not has_unknown(after.get(key)) for key in keys)


def _another(name: str, node: Node) -> Finding:
    return Finding(
        "exposure", "medium", node.urn, f"{name} believes somebody else",
        "Others vouch for clients: whoever they vouch for is let in, and clients of the former are turned away.",
        "Check that the new one is yours, and that clients have their proof from it.",
    )  # fmt: skip

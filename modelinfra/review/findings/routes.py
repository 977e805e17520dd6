"""Routes of gateways in a cluster: what becomes open to whom, what clients are no longer asked for, and who is turned away."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.graph.model import Graph
from modelinfra.graph.values import Unknown, has_unknown, listed, mapping
from modelinfra.policies.routes import PROOFS, Route, routes
from modelinfra.policies.view import View
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.words import called, listing

_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


def findings(changes: Changes) -> Iterator[Finding]:
    """By what each route was and will be; what is known after the deployment only is no finding."""
    before = {each.node.urn: each for each in routes(View(changes.before))}
    after = {each.node.urn: each for each in routes(View(changes.after))}
    for urn, new in after.items():
        old, name = before.get(urn), called(changes.after, new.node)
        yield from _opened(name, old, new)
        if old is not None and Unknown not in (old.policy, new.policy):
            yield from _weaker(name, old, new)
            yield from _turned_away(name, old, new)
    for urn, old in before.items():
        gone = [host for host in old.hosts if urn not in after or host not in after[urn].hosts]
        served = {host for each in after.values() for host in each.hosts}
        if lost := [host for host in gone if host not in served]:
            node = after.get(urn, old).node
            graph: Graph = changes.after if urn in after else changes.before
            yield Finding(
                "traffic", "high", urn, f"{called(graph, node)} no longer answers at {listing(lost)}",
                "Clients that ask there get 404, or a certificate that does not fit.", "Serve the model at both hosts while clients move.",
            )  # fmt: skip


def _opened(name: str, old: Route | None, new: Route) -> Iterator[Finding]:
    """Whom a route lets in who could not come before."""
    if new.policy is Unknown or (old is not None and old.policy is Unknown):
        return
    asked = _asked(new)
    if new.public and (old is None or not old.public):
        severity: Severity = "medium" if asked else "high"
        how = f"Clients are asked for {listing(asked)}." if asked else "Nobody is asked who comes."
        yield Finding(
            "exposure", severity, new.node.urn, f"{name} answers the internet at {new.where}",
            f"{how} {'It is new.' if old is None else 'It did not before.'}", "" if asked else "Write `auth`, or keep it from the internet.",
        )  # fmt: skip
    elif old is None and not new.public:
        whom = f"who reaches the gateway {listing(new.gateways)}" if new.gateways else "who reaches its gateway"
        yield Finding(
            "exposure", "note", new.node.urn, f"{name} answers {whom} at {new.where}",
            f"Clients are asked for {listing(asked)}." if asked else "Nobody is asked who comes.",
        )  # fmt: skip
    elif old is not None and (more := [each for each in new.hosts if each not in old.hosts]) and old.hosts:
        yield Finding("exposure", "note", new.node.urn, f"{name} now answers at {listing(more)}", "")


def _asked(route: Route) -> list[str]:
    found = [PROOFS[each] for each in PROOFS if each in route.proofs]
    return [*found, *(["their addresses"] if _addresses(route) else [])]


def _weaker(name: str, old: Route, new: Route) -> Iterator[Finding]:
    severity: Severity = "high" if new.public else "medium"
    urn = new.node.urn
    if gone := [PROOFS[each] for each in PROOFS if each in old.proofs - new.proofs]:
        instead = [PROOFS[each] for each in PROOFS if each in new.proofs - old.proofs]
        if not new.proofs:
            yield Finding(
                "exposure", severity, urn, f"{name} no longer asks for {listing(gone)}",
                f"Whoever reaches {new.where} may ask it.", "Keep the SecurityPolicy.",
            )  # fmt: skip
        elif instead:
            yield Finding(
                "exposure", "medium", urn, f"{name} asks for {listing(instead)} in place of {listing(gone)}",
                "Clients that are not ready are turned away from this deployment on.", "Serve the model by a second endpoint while clients move.",
            )  # fmt: skip
    if "jwt" in old.proofs & new.proofs:
        yield from _tokens(name, urn, old.policy, new.policy)
    was, will = _addresses(old), _addresses(new)
    if was and (not will or _wider(was, will)):
        said = listing(sorted(set(will) - set(was))) if will else "every address"
        open_to_all = not will or set(will) & set(_EVERYWHERE)
        yield Finding(
            "exposure", severity if open_to_all and not new.proofs else "low", urn, f"{name} lets {said} in",
            "They may come in and could not before.", "Name the ranges that may come in.",
        )  # fmt: skip


def _tokens(name: str, urn: str, before: Any, after: Any) -> Iterator[Finding]:
    was, will = _believed(before), _believed(after)
    if was != will and not has_unknown(mapping(after).get("jwt")):
        yield Finding(
            "exposure", "medium", urn, f"{name} believes somebody else",
            "Others vouch for clients: whoever they vouch for is let in, and clients of the former are turned away.",
            "Check that the new one is yours, and that clients have their proof from it.",
        )  # fmt: skip
    held, asked = _claims(before), _claims(after)
    if gone := [each for each in held if each not in asked]:
        yield Finding(
            "exposure", "high", urn, f"{name} no longer asks tokens for {listing(gone)}",
            "Every token of the issuer is let in that the other claims allow, whomever it was made for.", "Keep the claim.",
        )  # fmt: skip
    if wider := [each for each in held if each in asked and asked[each] - held[each]]:
        yield Finding(
            "exposure", "medium", urn, f"{name} takes tokens with other values of {listing(wider)}",
            "Whoever has such a token is let in.", "Check whom the issuer gives them to.",
        )  # fmt: skip


def _believed(policy: Any) -> list[tuple[Any, Any]]:
    providers = [mapping(each) for each in listed(mapping(mapping(policy).get("jwt")).get("providers"))]
    return [(each.get("issuer"), mapping(each.get("remoteJWKS")).get("uri")) for each in providers]


def _principals(policy: Any) -> list[Mapping[str, Any]]:
    rules = [mapping(each) for each in listed(mapping(mapping(policy).get("authorization")).get("rules"))]
    return [mapping(each.get("principal")) for each in rules if each.get("action") == "Allow"]


def _claims(policy: Any) -> dict[str, set[str]]:
    """Claim -> values that are let in, by any rule; scopes stand as one."""
    found: dict[str, set[str]] = {}
    for principal in _principals(policy):
        token = mapping(principal.get("jwt"))
        for claim in map(mapping, listed(token.get("claims"))):
            found.setdefault(str(claim.get("name")), set()).update(map(str, listed(claim.get("values"))))
        if scopes := listed(token.get("scopes")):
            found.setdefault("scope", set()).update(map(str, scopes))
    return found


def _addresses(route: Route) -> list[str]:
    """Ranges that are let in; none where any address is."""
    each = [listed(principal.get("clientCIDRs")) for principal in _principals(route.policy)]
    return [str(cidr) for ranges in each for cidr in ranges] if all(each) else []


def _wider(before: list[str], after: list[str]) -> bool:
    known = [ipaddress.ip_network(each, strict=False) for each in before]
    return any(
        not any(one.version == other.version and one.subnet_of(other) for other in known)  # type: ignore[arg-type]
        for one in (ipaddress.ip_network(each, strict=False) for each in after)
    )


def _turned_away(name: str, old: Route, new: Route) -> Iterator[Finding]:
    """Keys that a policy no longer knows."""
    if "apiKeyAuth" not in old.proofs & new.proofs:
        return
    before, after = _secrets(old.policy), _secrets(new.policy)
    if has_unknown(mapping(new.policy).get("apiKeyAuth")) or not (
        gone := [each for each in before if each not in after]
    ):
        return
    yield Finding(
        "exposure", "medium", new.node.urn, f"{name} no longer knows the keys in {listing(gone)}",
        "Whoever sends one of those is turned away with 401 from this deployment on.", "Check that its clients send the newer key.",
    )  # fmt: skip


def _secrets(policy: Any) -> list[str]:
    references = listed(mapping(mapping(policy).get("apiKeyAuth")).get("credentialRefs"))
    return [str(mapping(each).get("name")) for each in references]

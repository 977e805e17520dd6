"""Listeners and their rules: who is asked to prove who they are, and what is encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import has_unknown, listed, mapping, plain
from modelinfra.policies.asking import keyed_balancers
from modelinfra.policies.view import View
from modelinfra.review.changes import Changes, ResourceChange
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import called, place, shown

BALANCERS = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
RULES = ("aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule")
_ENCRYPTED = ("HTTPS", "TLS")
_ASKS = ("authenticate-oidc", "authenticate-cognito", "jwt-validation")

# Policies that still speak TLS 1.0 or 1.1 (Elastic Load Balancing, security policies of application load balancers).
_OLD_TLS = ("ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-TLS-1-0", "ELBSecurityPolicy-TLS-1-1",
            "ELBSecurityPolicy-FS-2018-06", "ELBSecurityPolicy-TLS13-1-0", "ELBSecurityPolicy-TLS13-1-1", "ELBSecurityPolicy-FS-1-1")  # fmt: skip


def listeners(graph: Graph, balancer: Node) -> list[Node]:
    """The listeners of a load balancer."""
    return [
        node
        for token in LISTENERS
        for node in graph.all(token)
        if balancer.urn in node.property_deps.get("loadBalancerArn", ()) or _names(node, "loadBalancerArn", balancer)
    ]


def asks_who(graph: Graph, listener: Node) -> bool:
    """Whether nothing is forwarded from the listener before somebody proves who they are, by a rule, a certificate or an API key."""
    if mapping(plain(listener.inputs).get("mutualAuthentication")).get("mode") == "verify" or _keyed(graph, listener):
        return True
    rules = [
        rule
        for token in RULES
        for rule in graph.all(token)
        if listener.urn in rule.property_deps.get("listenerArn", ()) or _names(rule, "listenerArn", listener)
    ]
    return all(not forwards(each) or authenticates(each) for each in (listener, *rules))


def _keyed(graph: Graph, node: Node) -> bool:
    """Whether the firewall before a listener, or before that of a rule, lets in nobody without a key that it knows."""
    listener = node if node.type in LISTENERS else _above(graph, node, "listenerArn", LISTENERS)
    balancer = _above(graph, listener, "loadBalancerArn", BALANCERS) if listener is not None else None
    return balancer is not None and balancer.urn in keyed_balancers(View(graph))


def protocol(node: Node) -> str:
    """`HTTPS`, `HTTP` ...; by the port where the listener does not say."""
    inputs = plain(node.inputs)
    given = inputs.get("protocol")
    if has_unknown(given):
        return ""
    return given if isinstance(given, str) else "HTTPS" if inputs.get("certificateArn") else "HTTP"


def authenticates(node: Node) -> bool:
    """Whether its actions ask who somebody is."""
    return any(each.get("type") in _ASKS for each in actions(node))


def forwards(node: Node) -> bool:
    """Whether its actions pass requests on to targets."""
    return any(each.get("type") == "forward" for each in actions(node))


def findings(changes: Changes) -> Iterator[Finding]:
    """Authentication lost, encryption lost, redirects lost; routes that come to the internet without authentication."""
    for change in changes.resources:
        if change.type in (*LISTENERS, *RULES):
            yield from _of_one(changes, change)
    yield from _new_routes(changes)


def _of_one(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    old, new = change.before, change.after
    if old is None or new is None:
        return
    name = called(changes.after, new)
    if authenticates(old) and not authenticates(new) and forwards(new) and not _keyed(changes.after, new):
        yield Finding(
            "exposure", "high", new.urn, f"{name} no longer asks who somebody is",
            "Its authentication action is gone: requests reach the endpoint unproven.", "Keep the authentication action before the forward.",
        )  # fmt: skip
    if change.type not in LISTENERS:
        return
    if protocol(old) in _ENCRYPTED and protocol(new) not in (*_ENCRYPTED, ""):
        yield Finding(
            "exposure", "high", new.urn, f"{name} drops encryption: {protocol(old)} becomes {protocol(new)}",
            "Requests and answers can be read and changed on their way.", "Keep HTTPS and its certificate.",
        )  # fmt: skip
    if _redirects(old) and not _redirects(new) and protocol(new) not in _ENCRYPTED:
        yield Finding(
            "exposure", "medium", new.urn, f"{name} no longer sends clients to HTTPS", "It serves requests without encryption.", "Keep the redirect.",
        )  # fmt: skip
    before, after = plain(old.inputs).get("sslPolicy"), plain(new.inputs).get("sslPolicy")
    if _is_old(after) and not _is_old(before) and protocol(new) in _ENCRYPTED and before != after:
        yield Finding(
            "exposure", "medium", new.urn, f"{name} speaks TLS 1.0 or 1.1 again",
            f"{place(changes.after, new, 'sslPolicy')} from {shown(old, 'sslPolicy', before)} to {shown(new, 'sslPolicy', after)}.",
            "Name a policy of TLS 1.2 and newer.",
        )  # fmt: skip


def _new_routes(changes: Changes) -> Iterator[Finding]:
    """New forwards without authentication at a load balancer that faced the internet before, beside routes that ask."""
    graph = changes.after
    for change in changes.of("create"):
        node = change.after
        if node is None or change.type not in (*LISTENERS, *RULES) or not forwards(node) or authenticates(node):
            continue
        if _keyed(graph, node):
            continue
        listener = node if change.type in LISTENERS else _above(graph, node, "listenerArn", LISTENERS)
        balancer = _above(graph, listener, "loadBalancerArn", BALANCERS) if listener else None
        old = changes.before.nodes.get(balancer.urn) if balancer is not None else None
        if (
            balancer is None
            or old is None
            or plain(balancer.inputs).get("internal")
            or plain(old.inputs).get("internal")
        ):
            continue
        yield Finding(
            "exposure", "high", node.urn, f"{called(graph, node)} opens a route to the internet without authentication",
            f"{called(graph, balancer)[:1].upper()}{called(graph, balancer)[1:]} faces the internet.", "Put an authentication action before the forward.",
        )  # fmt: skip


def _above(graph: Graph, node: Node, key: str, tokens: tuple[str, ...]) -> Node | None:
    found = [graph[urn] for urn in node.property_deps.get(key, ()) if urn in graph and graph[urn].type in tokens]
    return found[0] if found else None


def actions(node: Node) -> list[Mapping[str, Any]]:
    """Of a listener or a rule."""
    inputs = plain(node.inputs)
    return [mapping(each) for each in (*listed(inputs.get("defaultActions")), *listed(inputs.get("actions")))]


def _redirects(node: Node) -> bool:
    return any(
        each.get("type") == "redirect" and mapping(each.get("redirect")).get("protocol") == "HTTPS"
        for each in actions(node)
    )


def _is_old(policy: Any) -> bool:
    # Without a policy the provider takes ELBSecurityPolicy-2016-08.
    return policy is None or (isinstance(policy, str) and policy.startswith(_OLD_TLS))


def _names(node: Node, key: str, other: Node) -> bool:
    given = plain(node.inputs).get(key)
    return isinstance(given, str) and given in (other.id, other.outputs.get("arn"))

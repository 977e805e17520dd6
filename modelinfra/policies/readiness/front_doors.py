"""Whether load balancers encrypt, ask who comes, and cannot be lost by accident."""

from __future__ import annotations

from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.asking import asking_balancers
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping

_MODERN = ("ELBSecurityPolicy-TLS13-1-2", "ELBSecurityPolicy-TLS13-1-3")


def _application(view: View) -> list[tuple[Node, dict[str, Any]]]:
    return [
        (node, given)
        for node, given in view.each(tokens.LOAD_BALANCER)
        if given.get("loadBalancerType", "application") == "application"
    ]


def _plain(view: View) -> Found:
    for node, listener in view.each(tokens.LISTENER):
        if listener.get("protocol", "HTTP") != "HTTP":
            continue
        actions = [mapping(each) for each in listed(listener.get("defaultActions"))]
        to_tls = any(mapping(each.get("redirect")).get("protocol") == "HTTPS" for each in actions)
        if actions and not to_tls and view.target(node, "loadBalancerArn", tokens.LOAD_BALANCER) is not None:
            yield node, "it takes HTTP and does not redirect to HTTPS"


def _old_tls(view: View) -> Found:
    for node, listener in view.each(tokens.LISTENER):
        policy = listener.get("sslPolicy")
        if listener.get("protocol") not in ("HTTPS", "TLS") or policy is Unknown:
            continue
        # The default, ELBSecurityPolicy-2016-08, takes TLS 1.0.
        if not (isinstance(policy, str) and policy.startswith(_MODERN)):
            yield node, f"its policy is {policy or 'the default, which takes TLS 1.0'}"


def _headers(view: View) -> Found:
    for node, given in _application(view):
        if given.get("dropInvalidHeaderFields") in (None, False):
            yield node, "it hands invalid header fields on"


def _deletion(view: View) -> Found:
    for node, given in view.each(tokens.LOAD_BALANCER):
        if given.get("enableDeletionProtection") in (None, False) and not node.protect:
            yield node, "nothing keeps it from being deleted, and its address with it"


def _access_log(view: View) -> Found:
    for node, given in view.each(tokens.LOAD_BALANCER):
        if given.get("loadBalancerType") == "network" and not _ends_tls(view, node):
            continue  # it sees connections and no requests, and writes logs of TLS listeners alone
        if given.get("accessLogs") is not Unknown and mapping(given.get("accessLogs")).get("enabled") in (None, False):
            yield node, "nobody can say afterwards who asked what"


def _ends_tls(view: View, balancer: Node) -> bool:
    return any(
        listener.get("protocol") == "TLS" and view.target(node, "loadBalancerArn", tokens.LOAD_BALANCER) is balancer
        for node, listener in view.each(tokens.LISTENER)
    )


def guarded_balancers(view: View) -> set[str]:
    """The URNs of the load balancers that have a web ACL."""
    guarded = [view.target(node, "resourceArn", tokens.LOAD_BALANCER) for node in view.all(tokens.WEB_ACL_ASSOCIATION)]
    return {each.urn for each in guarded if each is not None}


def _unasked(view: View) -> Found:
    guarded = guarded_balancers(view)
    asked = asking_balancers(view)
    for node, given in _application(view):
        if given.get("internal") in (None, False) and node.urn not in guarded and node.urn not in asked:
            yield node, "everybody may ask it: there is neither a firewall nor a question who comes"


_FACTS = "facts readiness.md section 1 row"

RULES = (
    Rule(
        "ready-tls",
        "Requests are encrypted, also within the network",
        f"{_FACTS} 20",
        "Add an HTTPS listener with a certificate, and let this one redirect to it.",
        _plain,
        "medium",
    ),
    Rule(
        "ready-tls-policy",
        "A listener takes TLS 1.2 and 1.3 only",
        f"{_FACTS} 20",
        'Write sslPolicy "ELBSecurityPolicy-TLS13-1-2-2021-06".',
        _old_tls,
        "medium",
    ),
    Rule(
        "ready-invalid-headers",
        "A load balancer drops header fields that servers read differently",
        f"{_FACTS} 20 (prowler elbv2_*)",
        "Write dropInvalidHeaderFields true.",
        _headers,
        "low",
    ),
    Rule(
        "ready-deletion-protection",
        "In production a load balancer is not deleted by accident",
        f"{_FACTS} 21 (prowler elbv2_deletion_protection)",
        "Write enableDeletionProtection true, or protect it.",
        _deletion,
        "medium",
        production=True,
    ),
    Rule(
        "ready-access-logs",
        "In production a load balancer writes access logs",
        f"{_FACTS} 21 (prowler elbv2_logging_enabled)",
        "Write accessLogs with a bucket.",
        _access_log,
        "low",
        production=True,
    ),
    Rule(
        "ready-public-guarded",
        "What faces the internet has a firewall or asks who comes",
        f"{_FACTS} 22 (prowler elbv2_waf_acl_attached)",
        "Authenticate in the listener's rules, associate a web ACL, or write internal true.",
        _unasked,
    ),
)

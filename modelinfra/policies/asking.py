"""Load balancers that ask their clients who they are."""

from __future__ import annotations

from typing import Final

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.view import View, listed, mapping
from modelinfra.policies.web_acl import lets_in_only_known_keys

AUTHENTICATING: Final = {"authenticate-oidc", "authenticate-cognito", "jwt-validation"}
"""Actions of a listener or of its rules that ask."""


def asking_balancers(view: View) -> dict[str, Node]:
    """URN -> load balancer, of those where a rule authenticates, a listener verifies certificates of clients, or a web ACL asks for a key."""
    found = {}
    for token, key in ((tokens.LISTENER, "defaultActions"), (tokens.LISTENER_RULE, "actions")):
        for node, given in view.each(token):
            kinds = {mapping(each).get("type") for each in listed(given.get(key))}
            verified = mapping(given.get("mutualAuthentication")).get("mode") == "verify"
            listener = node if token == tokens.LISTENER else view.target(node, "listenerArn", tokens.LISTENER)
            balancer = view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER) if listener else None
            if balancer is not None and (kinds & AUTHENTICATING or verified):
                found[balancer.urn] = balancer
    return found | keyed_balancers(view)


def keyed_balancers(view: View) -> dict[str, Node]:
    """URN -> load balancer, of those whose web ACL lets in nobody without a key that it knows."""
    found = {}
    for node in view.all(tokens.WEB_ACL_ASSOCIATION):
        acl = view.target(node, "webAclArn", tokens.WEB_ACL)
        balancer = view.target(node, "resourceArn", tokens.LOAD_BALANCER)
        if acl is not None and balancer is not None and lets_in_only_known_keys(view.inputs(acl)):
            found[balancer.urn] = balancer
    return found

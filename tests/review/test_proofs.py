"""Who is believed before an endpoint, and what its firewall lets through: what a change takes away is told, what it adds is not."""

from __future__ import annotations

from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.findings import firewalls, proofs
from tests.review.making import node, told

BALANCER, LISTENER, RULE = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
)
STORE, ACL = "aws:lb/trustStore:TrustStore", "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
FORWARD = {"type": "forward", "targetGroupArn": "arn:group"}
ISSUER = {"issuer": "https://id.example.com", "jwksEndpoint": "https://id.example.com/keys"}


def claim(name: str, *values: str) -> dict[str, Any]:
    return {"name": name, "format": "single-string", "values": list(values)}


def tokens(*claims: dict[str, Any], **given: Any) -> list[Node]:
    jwt = {"type": "jwt-validation", "jwtValidation": {**ISSUER, "additionalClaims": list(claims), **given}}
    return [node(RULE, "rule", actions=[jwt, FORWARD])]


AUDIENCE = claim("aud", "scoring")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (tokens(AUDIENCE), tokens(), [("high", "the listener rule rule no longer asks tokens for aud")]),
        (tokens(AUDIENCE), tokens(claim("aud", "scoring", "admin")), [("medium", "the listener rule rule takes tokens with other values of aud")]),
        (tokens(AUDIENCE), tokens(AUDIENCE, claim("scope", "predict")), []),
        (tokens(claim("aud", "a", "b")), tokens(claim("aud", "a")), []),
        (tokens(AUDIENCE), tokens(AUDIENCE, issuer="https://other.example.com"), [("medium", "the listener rule rule believes somebody else")]),
        (tokens(AUDIENCE), tokens(AUDIENCE, jwksEndpoint="https://other.example.com"), [("medium", "the listener rule rule believes somebody else")]),
        (tokens(AUDIENCE), tokens(AUDIENCE, jwksEndpoint=Unknown), []),
        (tokens(AUDIENCE), [node(RULE, "rule", actions=[FORWARD])], []),  # told as authentication lost
    ],
)  # fmt: skip
def test_tokens_that_are_taken_more_easily_are_told(
    before: list[Node], after: list[Node], expected: list[tuple[str, str]]
) -> None:
    assert told(proofs.findings, before, after) == expected


def users(**given: Any) -> list[Node]:
    action = {"type": "authenticate-oidc", "authenticateOidc": {"issuer": "https://id.example.com", **given}}
    return [node(RULE, "rule", actions=[action, FORWARD])]


def test_a_log_in_elsewhere_and_one_that_may_be_left_out_are_told() -> None:
    assert told(proofs.findings, users(), users(tokenEndpoint="https://other.example.com")) == [
        ("medium", "the listener rule rule believes somebody else")
    ]
    assert told(
        proofs.findings, users(onUnauthenticatedRequest="authenticate"), users(onUnauthenticatedRequest="allow")
    ) == [("high", "the listener rule rule lets in whoever does not log in")]
    assert told(proofs.findings, users(scope="openid"), users(scope="openid profile")) == []


def test_a_user_pool_that_is_another_one_is_told() -> None:
    def pool(arn: str) -> list[Node]:
        action = {"type": "authenticate-cognito", "authenticateCognito": {"userPoolArn": arn}}
        return [node(RULE, "rule", actions=[action, FORWARD])]

    assert told(proofs.findings, pool("arn:a"), pool("arn:b")) == [
        ("medium", "the listener rule rule believes somebody else")
    ]


def certified(mode: str, store: str = "arn:store") -> list[Node]:
    return [node(LISTENER, "https", protocol="HTTPS", mutualAuthentication={"mode": mode, "trustStoreArn": store})]


def test_certificates_that_are_no_longer_verified_are_told_also_beside_tokens() -> None:
    title = "the listener https no longer verifies certificates of clients"
    assert told(proofs.findings, certified("verify"), certified("off")) == [("high", title)]
    assert told(proofs.findings, certified("verify"), certified("passthrough")) == [("high", title)]
    assert told(proofs.findings, certified("verify"), [node(LISTENER, "https", protocol="HTTPS")]) == [("high", title)]
    assert told(proofs.findings, certified("off"), certified("verify")) == []


def test_other_authorities_that_vouch_for_clients_are_told() -> None:
    assert told(proofs.findings, certified("verify"), certified("verify", "arn:other")) == [
        ("medium", "the listener https believes somebody else")
    ]

    def store(**given: Any) -> list[Node]:
        return [node(STORE, "clients", caCertificatesBundleS3Bucket="acme", **given)]

    assert told(
        proofs.findings, store(caCertificatesBundleS3Key="ca.pem"), store(caCertificatesBundleS3Key="b.pem")
    ) == [("medium", "the trust store clients believes somebody else")]


def rule(name: str, action: str = "block", **statement: Any) -> dict[str, Any]:
    return {"name": name, "priority": 0, "action": {action: {}}, "statement": statement or {"geoMatchStatement": {}}}


def group(name: str, *counted: str, action: str = "none") -> dict[str, Any]:
    overrides = [{"name": each, "actionToUse": {"count": {}}} for each in counted]
    statement = {"managedRuleGroupStatement": {"name": name, "ruleActionOverrides": overrides}}
    return {"name": name, "priority": 1, "overrideAction": {action: {}}, "statement": statement}


def rate(limit: int) -> dict[str, Any]:
    return rule("rate", rateBasedStatement={"limit": limit, "aggregateKeyType": "IP"})


def acl(*rules: dict[str, Any], default: str = "allow") -> list[Node]:
    return [node(ACL, "firewall", rules=list(rules), defaultAction={default: {}})]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (acl(rule("a"), rule("b")), acl(rule("a")), [("medium", "the firewall firewall loses the rule b")]),
        (acl(rule("a"), rule("b")), acl(), [("medium", "the firewall firewall loses the rules a and b")]),
        (acl(rule("a")), acl(rule("a", "count")), [("medium", "the firewall firewall only counts what it blocked by the rule a")]),
        (acl(group("G")), acl(group("G", action="count")), [("medium", "the firewall firewall only counts what it blocked by the rule G")]),
        (acl(group("G")), acl(group("G", "X_BODY")), [("medium", "the firewall firewall only counts what it blocked by the rule G")]),
        (acl(group("G", "X_BODY")), acl(group("G")), []),
        (acl(rate(500)), acl(rate(2000)), [("medium", "the firewall firewall lets 2,000 requests of a client through where it let 500")]),
        (acl(rate(2000)), acl(rate(500)), []),
        (acl(default="block"), acl(default="allow"), [("high", "the firewall firewall lets through what no rule names")]),
        (acl(rule("a")), acl(rule("a"), rule("b")), []),
    ],
)  # fmt: skip
def test_a_firewall_that_holds_less_is_told(
    before: list[Node], after: list[Node], expected: list[tuple[str, str]]
) -> None:
    assert told(firewalls.findings, before, after) == expected


def guarded(internal: bool, *names: str) -> list[Node]:
    balancer, (wall,) = node(BALANCER, "web", internal=internal), acl(rule("a"))
    links = [node(ASSOCIATION, each, deps={"resourceArn": [balancer], "webAclArn": [wall]}) for each in names]
    return [balancer, wall, *links]


def test_a_load_balancer_without_its_firewall_is_told_by_whether_it_faces_the_internet() -> None:
    title = "the load balancer web loses its firewall"
    assert told(firewalls.findings, guarded(False, "wall"), guarded(False)) == [("high", title)]
    assert told(firewalls.findings, guarded(True, "wall"), guarded(True)) == [("medium", title)]
    assert told(firewalls.findings, guarded(False, "wall"), guarded(False, "other")) == []
    assert told(firewalls.findings, guarded(False, "wall"), []) == []

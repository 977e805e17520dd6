"""API gateways and endpoint services: who is let in newly, and who is turned away."""

from __future__ import annotations

from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies.tokens import API, API_DOMAIN, API_MAPPING, API_ROUTE, ENDPOINT_SERVICE
from modelinfra.review.findings import exposure, gateways
from tests.review.making import node, told

AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
CONSUMER, OTHER = "arn:aws:iam::210987654321:root", "arn:aws:iam::109876543210:root"


def route(kind: str, *scopes: str) -> list[Node]:
    return [node(API_ROUTE, "predict", routeKey="ANY /predict", authorizationType=kind, authorizationScopes=[*scopes])]


def test_callers_who_are_asked_for_something_else_are_told() -> None:
    title = "the route predict asks callers for tokens in place of credentials of AWS"
    assert told(gateways.findings, route("AWS_IAM"), route("JWT")) == [("medium", title)]
    title = "the route predict asks callers for tokens in place of nothing"
    assert told(gateways.findings, route("NONE"), route("JWT")) == [("medium", title)]
    assert told(gateways.findings, route("JWT"), route("JWT")) == []


def test_a_scope_that_is_no_longer_asked_for_is_told() -> None:
    assert told(gateways.findings, route("JWT", "predict"), route("JWT")) == [
        ("high", "the route predict no longer asks tokens for a scope")
    ]
    assert told(gateways.findings, route("JWT", "predict"), route("JWT", "predict", "read")) == [
        ("medium", "the route predict takes tokens with the scope read, too")
    ]
    assert told(gateways.findings, route("JWT"), route("JWT", "predict")) == []


def authorizer(issuer: str, *audiences: str) -> list[Node]:
    return [node(AUTHORIZER, "gateway", jwtConfiguration={"issuer": issuer, "audiences": [*audiences]})]


def test_another_issuer_and_a_further_audience_are_told() -> None:
    assert told(gateways.findings, authorizer("a", "x"), authorizer("b", "x")) == [
        ("medium", "the authorizer gateway believes somebody else")
    ]
    assert told(gateways.findings, authorizer("a", "x"), authorizer("a", "x", "y")) == [
        ("medium", "the authorizer gateway takes tokens with the audience y, too")
    ]
    assert told(gateways.findings, authorizer("a", "x", "y"), authorizer("a", "x")) == []


def domain(**mtls: Any) -> list[Node]:
    return [node(API_DOMAIN, "gateway", domainName="api.example.com", mutualTlsAuthentication=mtls or None)]


def test_certificates_that_are_no_longer_asked_for_are_told() -> None:
    title = "the domain of the API gateway gateway no longer asks for certificates of clients"
    assert told(gateways.findings, domain(truststoreUri="s3://a/b"), domain()) == [("high", title)]
    title = "the domain of the API gateway gateway believes other authorities"
    assert told(gateways.findings, domain(truststoreUri="s3://a/b"), domain(truststoreUri="s3://a/c")) == [
        ("medium", title)
    ]
    assert told(gateways.findings, domain(), domain(truststoreUri="s3://a/b")) == []


def service(*principals: Any, accept: bool = True) -> list[Node]:
    return [node(ENDPOINT_SERVICE, "link", allowedPrincipals=[*principals], acceptanceRequired=accept)]


def test_consumers_who_may_newly_connect_are_told() -> None:
    title = f"the endpoint service link takes connections of {OTHER}"
    assert told(gateways.findings, service(CONSUMER), service(CONSUMER, OTHER)) == [("note", title)]
    open_, wider = service(CONSUMER, accept=False), service(CONSUMER, OTHER, accept=False)
    assert told(gateways.findings, open_, wider) == [("medium", title)]
    assert told(gateways.findings, service(CONSUMER, OTHER), service(CONSUMER)) == []
    assert told(gateways.findings, service(CONSUMER), service(Unknown)) == []


def test_connections_that_nobody_accepts_are_told() -> None:
    assert told(gateways.findings, service(CONSUMER), service(CONSUMER, accept=False)) == [
        ("medium", "the endpoint service link accepts connections unasked")
    ]
    everybody = service("*", accept=False)
    assert [severity for severity, _ in told(exposure.findings, service(CONSUMER, accept=False), everybody)] == ["high"]


@pytest.mark.parametrize(("nameless", "expected"), [(True, 0), (False, 1)])
def test_a_route_behind_certificates_alone_is_not_open(nameless: bool, expected: int) -> None:
    api = node(API, "gateway", protocolType="HTTP", disableExecuteApiEndpoint=nameless)
    name = node(API_DOMAIN, "gateway", mutualTlsAuthentication={"truststoreUri": "s3://a/b"})
    mapping = node(
        API_MAPPING, "gateway", deps={"apiId": [api], "domainName": [name]}, apiId=Unknown, domainName=Unknown
    )
    asked = node(API_ROUTE, "predict", deps={"apiId": [api]}, apiId=Unknown, authorizationType="NONE", routeKey="ANY /")
    assert len(told(exposure.findings, [], [api, name, mapping, asked])) == expected

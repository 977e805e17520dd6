"""What a change opens, weakens and closes at the gateway of a cluster, and only that."""

from __future__ import annotations

from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.findings import routes
from tests.review.making import node, only, told

HTTP_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
SECURITY = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
PARENT = {"kind": "Gateway", "name": "front", "namespace": "gateways"}
LOGIN = "https://login.acme.ai"


def route(*hosts: str, public: bool = False) -> Node:
    labels = {"labels": {"modelinfra/public": "true"}} if public else {}
    metadata = {"name": "iris", "namespace": "models", **labels}
    return node(HTTP_ROUTE, "iris", metadata=metadata, spec={"parentRefs": [PARENT], "hostnames": list(hosts)})


def asking(**spec: Any) -> Node:
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "iris"}
    return node(
        SECURITY, "iris", metadata={"name": "iris", "namespace": "models"}, spec={"targetRefs": [target], **spec}
    )


def tokens(issuer: str = LOGIN) -> dict[str, Any]:
    return {"providers": [{"name": "issuer", "issuer": issuer, "remoteJWKS": {"uri": f"{issuer}/keys"}}]}


def allowed(*principals: dict[str, Any]) -> dict[str, Any]:
    rules = [{"action": "Allow", "principal": each} for each in principals]
    return {"authorization": {"defaultAction": "Deny", "rules": rules}}


def claiming(*scopes: str, **claims: list[str]) -> dict[str, Any]:
    said = [{"name": name, "values": values} for name, values in claims.items()]
    token = {"provider": "issuer", **({"claims": said} if said else {})}
    return allowed(*({"jwt": {**token, **({"scopes": [each]} if each else {})}} for each in scopes or ("",)))


def keys(*secrets: str) -> dict[str, Any]:
    return {"apiKeyAuth": {"credentialRefs": [{"name": each} for each in secrets]}}


HOST = "iris.acme.ai"
PUBLIC, INSIDE = route(HOST, public=True), route(HOST)
ASKS = asking(jwt=tokens())


def test_a_route_that_the_internet_reaches_and_that_asks_nobody_is_told_first_of_all() -> None:
    assert told(routes.findings, [], [PUBLIC]) == [("high", "the route iris answers the internet at iris.acme.ai")]
    found = only(routes.findings, [], [PUBLIC, ASKS])
    assert (found.severity, found.text) == ("medium", "Clients are asked for tokens. It is new.")


def test_a_route_that_becomes_public_is_told_and_one_that_was_is_not() -> None:
    assert told(routes.findings, [INSIDE, ASKS], [PUBLIC, ASKS]) == [
        ("medium", "the route iris answers the internet at iris.acme.ai")
    ]
    assert told(routes.findings, [PUBLIC, ASKS], [PUBLIC, ASKS]) == []


def test_a_new_route_inside_is_a_note_that_says_who_reaches_it() -> None:
    found = only(routes.findings, [], [INSIDE])
    assert found.title == "the route iris answers who reaches the gateway gateways/front at iris.acme.ai"
    assert (found.severity, found.text) == ("note", "Nobody is asked who comes.")


def test_a_policy_that_goes_is_told_worse_where_the_internet_comes() -> None:
    for before, severity in [(PUBLIC, "high"), (INSIDE, "medium")]:
        assert told(routes.findings, [before, ASKS], [before]) == [
            (severity, "the route iris no longer asks for tokens")
        ]


def test_another_proof_turns_clients_away() -> None:
    found = told(routes.findings, [PUBLIC, ASKS], [PUBLIC, asking(**keys("a"))])
    assert found == [("medium", "the route iris asks for API keys in place of tokens")]


def test_another_issuer_is_believed() -> None:
    found = told(routes.findings, [PUBLIC, ASKS], [PUBLIC, asking(jwt=tokens("https://elsewhere.example"))])
    assert found == [("medium", "the route iris believes somebody else")]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (claiming(team=["a"]), {}, [("high", "the route iris no longer asks tokens for team")]),
        (
            claiming(team=["a"]),
            claiming(team=["a", "b"]),
            [("medium", "the route iris takes tokens with other values of team")],
        ),
        (claiming(team=["a", "b"]), claiming(team=["a"]), []),
        (
            claiming("predict"),
            claiming("predict", "admin"),
            [("medium", "the route iris takes tokens with other values of scope")],
        ),
        ({}, claiming(team=["a"]), []),
    ],
)
def test_claims_that_go_or_widen_are_told(
    before: dict[str, Any], after: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    old, new = asking(jwt=tokens(), **before), asking(jwt=tokens(), **after)
    assert told(routes.findings, [PUBLIC, old], [PUBLIC, new]) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (["10.0.0.0/8"], ["10.0.0.0/8", "192.0.2.0/24"], [("low", "the route iris lets 192.0.2.0/24 in")]),
        (["10.0.0.0/8"], ["10.1.0.0/16"], []),
        (["10.0.0.0/8"], ["0.0.0.0/0"], [("high", "the route iris lets 0.0.0.0/0 in")]),
        (["10.0.0.0/8"], [], [("high", "the route iris lets every address in")]),
    ],
)
def test_addresses_that_widen_are_told(before: list[str], after: list[str], said: list[tuple[str, str]]) -> None:
    old = asking(**allowed({"clientCIDRs": before}))
    new = asking(**allowed({"clientCIDRs": after})) if after else asking()
    assert told(routes.findings, [PUBLIC, old], [PUBLIC, new]) == said


def test_clients_whose_key_is_no_longer_known_are_turned_away() -> None:
    old, new = asking(**keys("iris-key-orders-1", "iris-key-orders-2")), asking(**keys("iris-key-orders-2"))
    assert told(routes.findings, [PUBLIC, old], [PUBLIC, new]) == [
        ("medium", "the route iris no longer knows the keys in iris-key-orders-1")
    ]
    assert told(routes.findings, [PUBLIC, new], [PUBLIC, old]) == []


def test_a_host_that_nobody_answers_any_more_is_told() -> None:
    assert told(routes.findings, [route("a.acme.ai")], [route("b.acme.ai")]) == [
        ("note", "the route iris now answers at b.acme.ai"),
        ("high", "the route iris no longer answers at a.acme.ai"),
    ]
    assert told(routes.findings, [route("a.acme.ai")], []) == [
        ("high", "the route iris no longer answers at a.acme.ai")
    ]


def test_of_what_is_known_later_nothing_is_claimed() -> None:
    hidden = asking()
    hidden.inputs["spec"] = Unknown
    assert told(routes.findings, [PUBLIC, ASKS], [PUBLIC, hidden]) == []

"""API keys: who is let in by the firewall, how a key is rotated, and that no key can be read anywhere but in its secret."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from modelinfra.graph.values import Secret, plain
from modelinfra.platforms.ecs.api_keys import digest_of, key_of
from modelinfra.policies.view import View
from modelinfra.policies.web_acl import Request, Verdict, verdict
from modelinfra.review.changes import between
from modelinfra.review.findings import exposure as opened
from modelinfra.review.findings import firewalls, front_doors
from tests.making import inputs
from tests.platforms.test_exposure import DOMAIN, WEB_ACL, exposed
from tests.platforms.worlds import LOAD_BALANCER, refusal

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"


def keyed(root: Path, waf: dict[str, Any] | None = None, public: bool = False, **clients: dict[str, Any]) -> Graph:
    return exposed(root, **DOMAIN, public=public, auth={"api_keys": clients or {"orders": {}}}, waf=waf or {})


def key(graph: Graph, client: str, generation: int = 1) -> str:
    node = next(each for each in graph.all(VERSION) if each.name == f"digits-key-{client}-{generation}")
    found: str = plain(node.inputs)["secretString"]
    return found


def asked(graph: Graph, over: str = "", **headers: str) -> Verdict:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return verdict(inputs(graph, WEB_ACL), Request(sent, frozenset({over})))


def test_a_client_with_its_key_is_let_in_and_named_to_the_server(tmp_path: Path) -> None:
    graph = keyed(tmp_path, orders={}, fraud={})
    for client in ("orders", "fraud"):
        said = asked(graph, x_api_key=key(graph, client))
        assert (said.allowed, said.rule) == (True, "let-in")
        assert said.inserted == {"x-amzn-waf-client": client}


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_nobody_else_is(tmp_path: Path, public: bool) -> None:
    graph = keyed(tmp_path, public=public)
    right = key(graph, "orders")
    wrong = [{}, {"x_api_key": ""}, {"x_api_key": "a"}, {"x_api_key": right + " "}, {"x_api_key": right[:-1]}]
    wrong += [{"x_api_key": right.upper()}, {"authorization": f"Bearer {right}"}, {"x_amzn_waf_client": "orders"}]
    # Not even who has read the web ACL and sends what stands there.
    wrong += [{"x_api_key": digest_of(right)}, {"x_api_key": hashlib.md5(right.encode()).hexdigest()}]
    for headers in wrong:
        said = asked(graph, **headers)
        assert (said.allowed, said.rule, said.status) == (False, None, 401), headers
        assert said.inserted == {}


@settings(max_examples=20)
@given(st.text("ABCXYZabcxyz0189", min_size=43, max_size=43))
def test_a_key_is_its_random_text_and_a_number_and_its_digest_is_text(random: str) -> None:
    made = key_of(random)
    assert re.fullmatch(f"{random}-[0-9a-f]+", made)
    assert digest_of(made).encode() == hashlib.md5(made.encode()).digest()
    assert digest_of(made).isascii()


def test_a_key_of_somebody_elses_is_not_taken_for_one() -> None:
    with pytest.raises(ValueError, match="this is no key that was made here"):
        digest_of("changed by hand")


def test_a_rotation_keeps_the_key_before_until_the_next_one(tmp_path: Path) -> None:
    graphs = [keyed(tmp_path, orders={"generation": generation}) for generation in (1, 2, 3)]
    keys = [key(graph, "orders", generation) for generation, graph in enumerate(graphs, 1)]
    let_in = [[asked(graph, x_api_key=each).allowed for each in keys] for graph in graphs]
    assert let_in == [[True, False, False], [True, True, False], [False, True, True]]
    # Either of the two tells the server the same.
    assert asked(graphs[1], x_api_key=keys[0]).inserted == asked(graphs[1], x_api_key=keys[1]).inserted
    first, second = graphs[:2]
    assert {node.urn for node in first.all(SECRET)} < {node.urn for node in second.all(SECRET)}
    touched = {each.urn.rpartition("::")[0].rpartition("$")[2] for each in changes(first, second)}
    assert touched == {SECRET, VERSION, WEB_ACL}


def test_a_key_before_that_is_not_kept_is_gone(tmp_path: Path) -> None:
    before = keyed(tmp_path, orders={"generation": 2})
    graph = keyed(tmp_path, orders={"generation": 2, "keep_previous": False})
    assert [node.name for node in graph.all(SECRET)] == ["digits-key-orders-2"]
    assert not asked(graph, x_api_key=key(before, "orders", 1)).allowed
    assert asked(graph, x_api_key=key(before, "orders", 2)).allowed


def test_each_client_has_a_limit_of_its_own_and_addresses_count_without_a_key(tmp_path: Path) -> None:
    graph = keyed(tmp_path, {"requests_per_five_minutes": 300}, orders={"requests_per_five_minutes": 5000}, fraud={})
    rules = {each["name"]: each["statement"] for each in inputs(graph, WEB_ACL)["rules"]}
    limits = {name: each["rateBasedStatement"]["limit"] for name, each in rules.items() if "rateBasedStatement" in each}
    assert limits == {"limit-orders": 5000, "limit-fraud": 300, "rate": 300}
    orders, fraud = key(graph, "orders"), key(graph, "fraud")
    assert asked(graph, over="limit-orders", x_api_key=orders).status == 429
    assert asked(graph, over="limit-orders", x_api_key=fraud).allowed
    assert asked(graph, over="rate", x_api_key=orders).allowed
    assert asked(graph, over="rate").status == 429


def test_bodies_and_managed_groups_are_looked_at_with_a_key_too(tmp_path: Path) -> None:
    graph = keyed(tmp_path, {"max_body": "1MiB"})
    right = key(graph, "orders")
    too_long = asked(graph, x_api_key=right, content_length=str(2**20 + 1))
    assert (too_long.rule, too_long.status) == ("body", 413)
    # What a group blocks is not known here, and it comes before the rule that lets in.
    assert not asked(graph, x_api_key=right).certain
    order = [each["name"] for each in sorted(inputs(graph, WEB_ACL)["rules"], key=lambda each: each["priority"])]
    assert order[0] == "key-orders"
    assert order[-1] == "let-in"
    assert len({each["priority"] for each in inputs(graph, WEB_ACL)["rules"]}) == len(order)


def test_a_key_is_secret_everywhere_and_its_hash_nowhere(tmp_path: Path) -> None:
    graph = keyed(tmp_path)
    version = graph.all(VERSION)[0]
    assert isinstance(version.inputs["secretString"], Secret)
    assert version.ignore_changes == ["secretString"]
    right = key(graph, "orders")
    for node in graph:
        if node.type != VERSION:
            assert right not in json.dumps(plain(node.inputs), default=str)
    match = graph.one(WEB_ACL).inputs["rules"][0]["statement"]["byteMatchStatement"]
    assert match["searchString"] == digest_of(right)


def test_requests_that_the_firewall_samples_show_no_key(tmp_path: Path) -> None:
    hidden = inputs(keyed(tmp_path), WEB_ACL)["dataProtectionConfig"]["dataProtections"]
    assert hidden == [{"action": "SUBSTITUTION", "field": {"fieldType": "SINGLE_HEADER", "fieldKeys": ["x-api-key"]}}]
    assert "dataProtectionConfig" not in inputs(exposed(tmp_path, **DOMAIN, waf={"enabled": True}), WEB_ACL)


def test_a_private_endpoint_gets_a_firewall_for_its_keys(tmp_path: Path) -> None:
    assert len(keyed(tmp_path).all(WEB_ACL)) == 1


def test_keys_stay_when_an_endpoint_goes_to_the_internet(tmp_path: Path) -> None:
    private, public = keyed(tmp_path), keyed(tmp_path, public=True)
    for token in (SECRET, VERSION):
        assert {node.urn for node in private.all(token)} == {node.urn for node in public.all(token)}


def test_a_load_balancer_that_asks_for_keys_counts_as_one_that_asks(tmp_path: Path) -> None:
    from modelinfra.policies.asking import asking_balancers

    graph = keyed(tmp_path, public=True)
    assert list(asking_balancers(View(graph))) == [graph.one(LOAD_BALANCER).urn]
    reason = {"none": "a demonstration with made-up data"}
    assert asking_balancers(View(exposed(tmp_path, **DOMAIN, public=True, auth=reason))) == {}


def test_a_review_tells_when_keys_are_no_longer_asked_for_and_not_when_tokens_become_keys(tmp_path: Path) -> None:
    none = exposed(tmp_path, **DOMAIN, public=True, auth={"none": "a demonstration with made-up data"})
    keys = keyed(tmp_path, public=True)
    said = [each.title for each in firewalls.findings(between(keys, none))]
    assert any("lets through what no rule names" in each for each in said), said
    fewer = between(keyed(tmp_path, orders={}, fraud={}), keyed(tmp_path, orders={}))
    assert list(firewalls.findings(fewer)) == []
    jwt = {"issuer": "https://a.example.com", "jwks_url": "https://a.example.com/jwks"}
    tokens = exposed(tmp_path, **DOMAIN, public=True, auth={"jwt": jwt})
    assert list(front_doors.findings(between(tokens, keys))) == []
    new = [
        each for each in opened.findings(between(Graph("shop", "prod", {}), keys)) if "faces the internet" in each.title
    ]
    assert [each.severity for each in new] == ["medium"]


def test_a_review_tells_which_clients_a_rotation_turns_away(tmp_path: Path) -> None:
    def told(before: int, after: int, **more: Any) -> list[tuple[str, str]]:
        old = keyed(tmp_path, orders={"generation": before})
        new = keyed(tmp_path, orders={"generation": after, **more})
        return [
            (each.severity, each.title.partition("no longer ")[2]) for each in firewalls.findings(between(old, new))
        ]

    assert told(1, 2) == []
    assert told(2, 3) == told(2, 2, keep_previous=False) == [("medium", "knows a key that orders has")]
    assert told(1, 3) == [("high", "knows any key that orders has")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"exposure": {**DOMAIN, "auth": {"api_keys": {"orders": {"keep_previous": False}}}}},
            "exposure.auth.api_keys.orders.keep_previous (given: False): there is no key before the first",
        ),
        (
            {"exposure": {**DOMAIN, "auth": {"api_keys": {"orders": {}}, "cognito": {}}}},
            "exposure.auth.api_keys: an endpoint asks in one way, and `cognito` is given, too",
        ),
        (
            {"exposure": {**DOMAIN, "auth": {"api_keys": {"orders": {}}}, "waf": {"enabled": False}}},
            "exposure.waf.enabled (given: False): `auth.api_keys` is asked for by the firewall",
        ),
        ({"exposure": {"auth": {"api_keys": {"orders": {}}}}}, "keys, tokens, cookies and certificates need HTTPS"),
        (
            {"exposure": {**DOMAIN, "auth": {"api_keys": {}}}},
            "exposure.auth.api_keys (given: {}): the least is 1. Write 1 or more.",
        ),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_made(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert any(said in line for line in refusal(tmp_path, **options)), refusal(tmp_path, **options)

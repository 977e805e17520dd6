"""Several tenants' models on one container: whose key may ask which, asked of the web ACL rule by rule; and what is said of whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.policies.web_acl import Request, Verdict, lets_in_only_known_keys, verdict
from tests.making import inputs
from tests.platforms.test_api_keys import key
from tests.platforms.test_exposure import DOMAIN, WEB_ACL, with_public_subnets
from tests.platforms.worlds import IMAGE, POLICY, ROLE, RULE, SERVICE, TASK, deployed, refusal

OWNERS = {"fraud": "bank", "limits": "bank", "words": "studio"}
MODELS = ("fraud", "limits", "spam", "words")
CLIENTS = ("bank", "orders", "studio")
PREDICT = "/v2/models/{}/infer"
READY = "/v2/health/ready"
KEYED = {**DOMAIN, "auth": {"api_keys": {client: {} for client in CLIENTS}}}


def shared(root: Path, server: str = "mlserver", **owners: str) -> Graph:
    """Four models, some of them tenants', behind the keys of two tenants and of a client that is none."""
    models = {
        name: {"uri": f"s3://acme-models/{name}/7", **({"tenant": owners[name]} if name in owners else {})}
        for name in MODELS
    }
    cluster = {"shared_load_balancer": False}
    return deployed(root, network=with_public_subnets(), cluster=cluster, server=server, models=models, exposure=KEYED)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return shared(tmp_path_factory.mktemp("shared"), **OWNERS)


def asked(graph: Graph, client: str, path: str) -> Verdict:
    return verdict(inputs(graph, WEB_ACL), Request({"x-api-key": key(graph, client)}, path=path))


def test_a_tenants_key_is_let_in_to_its_own_models_and_to_no_others(graph: Graph) -> None:
    let_in = {
        client: {name for name in MODELS if asked(graph, client, PREDICT.format(name)).allowed} for client in CLIENTS
    }
    assert let_in == {"bank": {"fraud", "limits"}, "studio": {"words"}, "orders": {"spam"}}


def test_who_asks_for_anothers_model_is_told_so_and_named_to_nobody(graph: Graph) -> None:
    said = asked(graph, "studio", PREDICT.format("fraud"))
    assert (said.rule, said.status) == ("elsewhere", 403)
    assert verdict(inputs(graph, WEB_ACL), Request(path=PREDICT.format("fraud"))).status == 401


def test_everybody_with_a_key_may_ask_whether_the_endpoint_is_ready(graph: Graph) -> None:
    assert all(asked(graph, client, READY).allowed for client in CLIENTS)


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/%66raud/infer",
        "/v2//models/fraud/infer",
        "/v2/models/words/../fraud/infer",
        "/v2/models/fraud/infer/",
        "/V2/models/fraud/infer",
        "/v2/models/fraud/versions/1/infer",
        "/v2/models/words/infer#/v2/models/fraud/infer",
        "/",
        "",
    ],
)
def test_no_other_way_to_write_a_path_leads_there(graph: Graph, path: str) -> None:
    """A rule that shut another's paths would have to know all of them; those that open one's own are compared letter by letter."""
    assert not asked(graph, "studio", path).allowed
    assert not asked(graph, "bank", path).allowed


_PIECES = st.sampled_from(["/", "v2", "models", "fraud", "words", "infer", "%2e", "..", "%66raud", "?", ";", "//"])


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, max_size=9).map("".join))
def test_the_studio_reaches_its_model_and_the_readiness_whatever_it_asks_for(graph: Graph, path: str) -> None:
    assert asked(graph, "studio", path).allowed == (path in (PREDICT.format("words"), READY))


def test_nobody_comes_in_without_a_key(graph: Graph) -> None:
    assert lets_in_only_known_keys(inputs(graph, WEB_ACL))


def test_a_limit_and_the_rules_for_everybody_come_before_the_door(graph: Graph) -> None:
    over = Request({"x-api-key": key(graph, "bank")}, frozenset({"limit-bank"}), PREDICT.format("fraud"))
    assert verdict(inputs(graph, WEB_ACL), over).status == 429
    large = Request({"x-api-key": key(graph, "bank"), "content-length": str(2**40)}, path=PREDICT.format("fraud"))
    assert verdict(inputs(graph, WEB_ACL), large).status == 413


def test_without_tenants_every_client_may_ask_every_model(tmp_path: Path) -> None:
    graph = shared(tmp_path)
    assert all(asked(graph, client, PREDICT.format(name)).rule == "let-in" for client in CLIENTS for name in MODELS)


def test_what_tells_of_one_tenants_model_is_not_told_to_the_others(tmp_path: Path) -> None:
    """TensorFlow Serving tells clients of one model at a time: of the first, which may be another tenant's."""
    graph = shared(tmp_path, "tensorflow-serving", **OWNERS)
    assert not any(asked(graph, client, "/v1/models/fraud").allowed for client in CLIENTS)
    assert asked(graph, "bank", "/v1/models/limits:predict").allowed
    assert not asked(graph, "studio", "/v1/models/limits:predict").allowed


def test_to_give_a_model_to_a_tenant_tags_in_place_and_changes_the_firewall(tmp_path: Path) -> None:
    before, after = shared(tmp_path, **OWNERS), shared(tmp_path, **OWNERS, spam="studio")
    # Neither what the replicas run nor the way to them: nothing is rolled out.
    for type_token in (TASK, IMAGE, RULE, POLICY):
        for old, new in zip(before.all(type_token), after.all(type_token), strict=True):
            assert {**plain(old.inputs), "tags": None} == {**plain(new.inputs), "tags": None}, old.urn
    assert inputs(before, WEB_ACL) != inputs(after, WEB_ACL)
    assert plain(after.one(SERVICE).inputs)["tags"]["tenant:studio"] == "spam words"


def test_everything_of_the_shared_endpoint_says_whose_models_it_serves(graph: Graph) -> None:
    for node in graph.all(ROLE):
        tags = plain(node.inputs)["tags"]
        assert (tags["tenant:bank"], tags["tenant:studio"]) == ("fraud limits", "words")
        assert "tenant" not in tags


def test_paths_of_ones_own_and_grpc_do_not_go_with_tenants_models(tmp_path: Path) -> None:
    models = {"fraud": {"uri": "s3://acme-models/fraud/7", "tenant": "bank"}}
    said = refusal(tmp_path, models=models, exposure={**KEYED, "paths": [PREDICT.format("fraud")], "grpc": {}})
    assert any(re.match(r"exposure\.paths .*the `tenant` of each model says\. Remove it\.", line) for line in said)
    assert any(line.startswith("exposure.grpc: a request over gRPC names its model in its body") for line in said)


def test_a_preview_says_who_may_ask_what_and_what_is_not_apart(graph: Graph) -> None:
    said = [each["message"].removeprefix("endpoint 'digits': ") for each in graph.logs]
    assert [each for each in said if each.startswith("client ")] == [
        "client bank may ask for fraud and limits, and for no other",
        "client orders may ask for spam, and for no other",
        "client studio may ask for words, and for no other",
    ]
    assert "clients can ask for /v2/models/*/infer and /v2/health/ready alone" in said
    assert any(each.startswith("tenants share what is behind the routes: one process") for each in said)

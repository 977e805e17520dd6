"""Several revisions of one endpoint: who answers which requests, what they share, and in which order they come and go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import plain
from tests.making import inputs, write_model
from tests.platforms.worlds import (
    ALARM,
    GROUP,
    IMAGE,
    INGRESS,
    POLICY,
    READY,
    REPOSITORY,
    ROLE,
    RULE,
    SCALING_TARGET,
    SERVICE,
    TARGET_GROUP,
    TASK,
    deployed,
    refusal,
)

REMOTE = {"uri": "s3://acme-models/digits/1/", "size": "1GiB"}
NEXT = {"uri": "s3://acme-models/digits/2/", "size": "1GiB"}
CANDIDATE = {"candidate": {"model": NEXT}}
OTHER = "a.example/served@sha256:" + "1" * 64


def divided(root: Path, **options: Any) -> Graph:
    given = {"model": REMOTE, "revisions": CANDIDATE, "traffic": {"stable": 90, "candidate": 10}, **options}
    return deployed(root, **{key: value for key, value in given.items() if value is not None})


def shares(graph: Graph, name: str = "digits-rule") -> dict[str, int]:
    """Target group -> its weight in the endpoint's own rule."""
    by_arn = {node.outputs["arn"]: node.name for node in graph.all(TARGET_GROUP)}
    forward = inputs(graph, RULE, name)["actions"][-1]["forward"]
    return {by_arn[each["arn"]]: each["weight"] for each in forward["targetGroups"]}


def named(graph: Graph, token: str) -> set[str]:
    return {node.name for node in graph.all(token)}


def reached(graph: Graph, node: Node) -> set[str]:
    """URNs that must be there before the resource."""
    seen: set[str] = set()
    queue = [node]
    while queue:
        each = queue.pop()
        new = {*each.depends_on, *(urn for urns in each.property_deps.values() for urn in urns)} - seen
        seen |= new
        queue += [graph[urn] for urn in new]
    return seen


def test_traffic_is_divided_as_it_says(tmp_path: Path) -> None:
    assert shares(divided(tmp_path)) == {"digits-to": 90, "digits--candidate-to": 10}


def test_without_traffic_another_revision_has_none(tmp_path: Path) -> None:
    assert shares(divided(tmp_path, traffic=None)) == {"digits-to": 100, "digits--candidate-to": 0}


def test_a_revision_is_promoted_by_one_line(tmp_path: Path) -> None:
    before, after = divided(tmp_path), divided(tmp_path, traffic={"candidate": 100})
    assert {each.name for each in changes(before, after)} == {"digits-rule"}
    assert shares(after) == {"digits-to": 0, "digits--candidate-to": 100}


def test_its_own_header_leads_to_a_revision_before_the_shares_are_asked(tmp_path: Path) -> None:
    graph = divided(tmp_path)
    own, candidate = inputs(graph, RULE, "digits-rule"), inputs(graph, RULE, "digits--candidate-rule")
    assert candidate["priority"] < own["priority"]
    assert candidate["conditions"] == [
        {"pathPattern": {"values": ["/digits/*"]}},
        {"httpHeader": {"httpHeaderName": "x-modelinfra-revision", "values": ["candidate"]}},
    ]
    assert candidate["transforms"] == own["transforms"]


def test_headers_of_ones_own_take_its_place(tmp_path: Path) -> None:
    graph = divided(
        tmp_path, revisions={"candidate": {"model": NEXT, "headers": {"x-tester": "yes", "x-app": "beta*"}}}
    )
    conditions = inputs(graph, RULE, "digits--candidate-rule")["conditions"]
    assert [each["httpHeader"] for each in conditions[1:]] == [
        {"httpHeaderName": "x-app", "values": ["beta*"]},
        {"httpHeaderName": "x-tester", "values": ["yes"]},
    ]


def test_clients_that_keep_cookies_stay_with_a_revision(tmp_path: Path) -> None:
    forward = inputs(divided(tmp_path, stickiness="24h"), RULE, "digits-rule")["actions"][0]["forward"]
    assert forward["stickiness"] == {"enabled": True, "duration": 86400}


def test_revisions_share_log_roles_repository_and_security_group_and_have_the_rest_to_themselves(
    tmp_path: Path,
) -> None:
    one, two = deployed(tmp_path, model=REMOTE), divided(tmp_path)
    for token in (ROLE, REPOSITORY, GROUP, INGRESS, "aws:cloudwatch/logGroup:LogGroup"):
        assert named(one, token) == named(two, token)
    for token in (TARGET_GROUP, TASK, SERVICE, SCALING_TARGET, RULE):
        assert len(two.all(token)) == len(one.all(token)) + 1
    assert {each.name for each in two.all(ALARM)} > {each.name for each in one.all(ALARM)}


def test_the_shared_role_reads_the_models_of_all_revisions(tmp_path: Path) -> None:
    graph = divided(tmp_path, revisions={"candidate": {"model": {"uri": "s3://acme-trials/7/", "size": "1GiB"}}})
    policies = {node.name: plain(node.inputs)["policy"] for node in graph.all(POLICY)}
    assert "acme-models" in policies["digits-fetch"]
    assert "acme-trials" in policies["digits--candidate-fetch"]
    roles = {plain(node.inputs)["role"] for node in graph.all(POLICY) if node.name.endswith("-fetch")}
    assert len(roles) == 1


def test_the_execution_role_pulls_the_images_of_all_revisions(tmp_path: Path) -> None:
    def ready(account: str, digit: str) -> str:
        return f"{account}.dkr.ecr.us-west-2.amazonaws.com/served@sha256:{digit * 64}"

    graph = deployed(
        tmp_path,
        image=ready("123456789012", "0"),
        model={"name": "digits"},
        revisions={"candidate": {"image": ready("210987654321", "1"), "model": {"name": "digits"}}},
    )
    policy = json.loads(inputs(graph, POLICY, "digits-execution")["policy"])
    pulled = next(each["Resource"] for each in policy["Statement"] if "ecr:BatchGetImage" in each["Action"])
    assert [arn.split(":")[4] for arn in pulled] == ["123456789012", "210987654321"]


def test_what_a_revision_leaves_out_is_the_endpoints(tmp_path: Path) -> None:
    graph = divided(
        tmp_path,
        environment={"LOG_LEVEL": "info", "SEED": "1"},
        cpu=2,
        scaling={"min": 3},
        revisions={"candidate": {"environment": {"LOG_LEVEL": "debug"}, "scaling": {"min": 1}}},
    )
    own, candidate = inputs(graph, TASK, "digits-task"), inputs(graph, TASK, "digits--candidate-task")
    assert own["cpu"] == candidate["cpu"] == "2048"

    def variables(task: dict[str, Any]) -> dict[str, str]:
        container = json.loads(task["containerDefinitions"])[0]
        return {each["name"]: each["value"] for each in container["environment"]}

    assert variables(candidate) == {**variables(own), "LOG_LEVEL": "debug"}
    assert inputs(graph, SCALING_TARGET, "digits-replicas")["minCapacity"] == 3
    assert inputs(graph, SCALING_TARGET, "digits--candidate-replicas")["minCapacity"] == 1


def test_models_in_images_lie_in_one_repository_under_tags_of_their_own(tmp_path: Path) -> None:
    write_model(tmp_path / "next", weights="other weights")
    graph = deployed(tmp_path, revisions={"candidate": {"model": "next"}})
    assert named(graph, IMAGE) == {"digits-build", "digits--candidate-build"}
    tags = [plain(node.inputs)["tags"][0] for node in graph.all(IMAGE)]
    assert len({tag.rpartition(":")[0] for tag in tags}) == 1
    assert len(set(tags)) == 2


def test_revisions_whose_images_hold_the_same_share_one(tmp_path: Path) -> None:
    graph = divided(tmp_path)
    assert named(graph, IMAGE) == {"digits-build", "digits-fetcher"}
    images = {json.loads(plain(node.inputs)["containerDefinitions"])[0]["image"] for node in graph.all(TASK)}
    assert len(images) == 1


def test_a_revision_serves_before_it_gets_traffic_and_its_target_group_has_a_load_balancer_before_it_serves(
    tmp_path: Path,
) -> None:
    graph = divided(tmp_path)
    service, rule = graph.one(SERVICE, "digits--candidate-service"), graph.one(RULE, "digits-rule")
    assert service.urn in reached(graph, rule)
    assert graph.one(RULE, "digits--candidate-rule").urn in reached(graph, service)
    assert rule.urn not in reached(graph, service)


@pytest.mark.parametrize("own", [True, False])
def test_a_revision_that_comes_or_goes_leaves_the_others_alone(tmp_path: Path, own: bool) -> None:
    given: dict[str, Any] = {"load_balancer": "own", "cluster": {"shared_load_balancer": False}} if own else {}
    one, two = deployed(tmp_path, model=REMOTE, **given), divided(tmp_path, **given)
    changed = {each.name for each in changes(one, two) if "--candidate" not in each.name}
    assert changed == {"digits-own-rule" if own else "digits-rule", "digits-dashboard"}


def test_the_dashboard_shows_each_revision_by_name(tmp_path: Path) -> None:
    text = inputs(divided(tmp_path), "aws:cloudwatch/dashboard:Dashboard")["dashboardBody"]
    for label in ("requests, stable", "requests, candidate", "processor, average, candidate", "running, stable"):
        assert f'"{label}"' in text


def test_an_endpoint_called_like_a_revision_has_names_of_its_own(tmp_path: Path) -> None:
    graph = deployed(tmp_path, {"digits": {"revisions": {"b": {"cpu": 2}}}, "digits-b": {}})
    assert named(graph, SERVICE) == {"digits-service", "digits--b-service", "digits-b-service"}


def test_who_asks_for_a_revision_proves_who_they_are_all_the_same(tmp_path: Path) -> None:
    domain = {"domain": "digits.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
    jwt = {"issuer": "https://id.example.com", "jwks_url": "https://id.example.com/keys"}
    graph = divided(tmp_path, exposure={**domain, "auth": {"jwt": jwt}}, cluster={"shared_load_balancer": False})
    for name in ("digits-own-rule", "digits--candidate-own-rule"):
        assert [each["type"] for each in inputs(graph, RULE, name)["actions"]] == ["jwt-validation", "forward"]


STRANGE = {"candidate": {"model": NEXT}, "trial": {"model": NEXT}}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"traffic": {"stable": 100}}, "traffic: there is one revision, which has all the traffic"),
        ({"stickiness": "1h"}, "stickiness: there is one revision, which has all the traffic"),
        ({"revisions": {"stable": {"cpu": 2}}}, "revisions.stable: this is what `traffic` calls the revision of the endpoint's own keys"),
        ({"revisions": {"candidate": {}}}, "revisions.candidate: nothing in it differs from the endpoint's own revision"),
        ({"revisions": {"candidate": {"cpu": 2}}, "traffic": {"canditate": 10}}, "traffic.canditate (given: 10): there is no such revision. Did you mean 'candidate'?"),
        ({"revisions": {"candidate": {"cpu": 2}}, "traffic": {"stable": 90, "candidate": 5}}, "traffic: the shares are percent, and these are 95 together (stable 90, candidate 5)"),
        ({"revisions": {"candidate": {"cpu": 2}}, "rollout": {"strategy": "canary"}}, "rollout.strategy (given: 'canary'): ECS would write the weights that `traffic` states"),
        ({"revisions": {each: {"cpu": 2} for each in "abcde"}}, "a load balancer divides traffic between 5 revisions at most"),
        ({"revisions": {each: {"cpu": 2, "headers": {"x-b": "1"}} for each in ("one", "two")}}, "revisions.two.headers (given: {'x-b': '1'}): requests with these go to 'one' already"),
        ({"revisions": {"one": {"cpu": 2, "headers": {"X-B": "1"}}, "two": {"cpu": 2, "headers": {"x-b": "1"}}}}, "revisions.two.headers (given: {'x-b': '1'}): requests with these go to 'one' already"),
        ({"revisions": {"candidate": {"cpu": 2, "headers": {"X-Api-Key": "*"}}}}, "revisions.candidate.headers.X-Api-Key (given: '*'): this header says who a client is, and is no choice of a revision"),
        ({"revisions": {"candidate": {"image": "a.example/served:1", "model": {"name": "digits"}}}}, "revisions.candidate.image (given: 'a.example/served:1'): a tag can move"),
        ({"revisions": {"candidate": {"image": OTHER}}}, "revisions.candidate.model.name: this is required with a ready image"),
        ({"revisions": {"candidate": {"model": "nowhere"}}}, "revisions.candidate.model (given: 'nowhere')"),
        ({**READY, "revisions": {"candidate": {"image": OTHER, "model": {"name": "letters"}}}}, "revisions.candidate.model: it answers at /v2/models/letters/infer, and clients of the endpoint ask for /v2/models/digits/infer"),
        ({"revisions": {"candidate": {"environment": {"A B=": "x"}}}}, "revisions.candidate.environment"),
        ({"rule_priority": 1, "revisions": {"candidate": {"cpu": 2}}}, "rule_priority (given: 1): rules of `revisions` are asked before the endpoint's own"),
        ({"revisions": {"candidate": {"cpu": 100}}}, "revisions.candidate.model (given: '76 bytes'): no Fargate"),
        (
            {
                "exposure": {"domain": "a.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ", "paths": ["/a", "/b", "/c", "/d", "/e"]},
                "revisions": {"candidate": {"cpu": 2}},
            },
            "revisions.candidate: with the 5 paths of `exposure` its rule asks for 6 things",
        ),
        (
            {
                "exposure": {"domain": "a.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"},
                "revisions": {"candidate": {"cpu": 2, "headers": {"x-a": "1", "x-b": "1", "x-c": "1", "x-d": "1"}}},
            },
            "revisions.candidate: with the 2 paths of `exposure` its rule asks for 6 things, and one of a load balancer for 5. Write 3 headers at most",
        ),
        ({"mirror": {"revision": "candidate"}, "revisions": {"candidate": {"cpu": 2}}}, "mirror: a load balancer of AWS forwards each request once"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_before_anything_is_made(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert any(said in line for line in refusal(tmp_path, **options)), refusal(tmp_path, **options)


def test_what_the_endpoint_says_wrong_is_told_once(tmp_path: Path) -> None:
    given = {"image": "a.example/served:1", "model": {"name": "digits"}, "revisions": {"candidate": {"cpu": 2}}}
    assert len([line for line in refusal(tmp_path, **given) if "a tag can move" in line]) == 1

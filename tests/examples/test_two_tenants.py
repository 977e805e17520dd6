"""The example of two tenants: who is let in where, who may open what, and that it is deployed, changed and destroyed."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from modelinfra.graph.model import Graph
from modelinfra.graph.project import capture_project
from modelinfra.graph.values import mapping, plain
from modelinfra.policies import RULES, check, tokens
from modelinfra.policies.tenants import belongings, grants, members, trespasses
from modelinfra.policies.view import View
from modelinfra.policies.web_acl import Request, verdict
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, EXAMPLES, declared, touched

EXAMPLE = EXAMPLES / "two-tenants"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
TENANTS = ("bank", "studio")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return capture_project(EXAMPLE, "dev", preview=False)


def keys(graph: Graph) -> dict[str, str]:
    """Name of a secret -> the key in it."""
    return {node.name: plain(node.inputs)["secretString"] for node in graph.all(VERSION)}


@pytest.mark.parametrize("preview", [True, False])
def test_the_example_warns_of_nothing(preview: bool) -> None:
    found = capture_project(EXAMPLE, "dev", preview=preview)
    assert [each["message"] for each in found.logs if each["severity"] == "warning"] == []


def test_no_rule_has_anything_against_it(graph: Graph) -> None:
    assert check(graph, RULES, production=False) == []


def test_each_firewall_lets_in_the_clients_of_its_endpoint_and_nobody_elses(graph: Graph) -> None:
    let_in = {}
    for acl in graph.all(WEB_ACL):
        answers = {name: verdict(plain(acl.inputs), Request({"x-api-key": key})) for name, key in keys(graph).items()}
        endpoint = acl.name.removeprefix("dev-").removesuffix("-own-firewall")
        let_in[endpoint] = {
            (name, said.inserted["x-amzn-waf-client"]) for name, said in answers.items() if said.allowed
        }
    assert let_in == {
        "moderation": {("dev-moderation-key-bank-1", "bank"), ("dev-moderation-key-studio-1", "studio")},
        "matchmaking": {
            ("dev-matchmaking-key-game-servers-1", "game-servers"),
            ("dev-matchmaking-key-tools-1", "tools"),
        },
        "fraud": {("dev-fraud-key-bank-1", "bank"), ("dev-fraud-key-bank-2", "bank")},
    }


def test_each_tenant_has_its_quota_of_each_endpoint(graph: Graph) -> None:
    limits = {
        (acl.name.removeprefix("dev-").removesuffix("-own-firewall"), rule["name"]): rule["statement"]["rateBasedStatement"]["limit"]
        for acl in graph.all(WEB_ACL)
        for rule in plain(acl.inputs)["rules"]
        if rule["name"].startswith("limit-")
    }  # fmt: skip
    assert limits == {
        ("moderation", "limit-bank"): 20000,
        ("moderation", "limit-studio"): 3000,
        ("matchmaking", "limit-game-servers"): 3000,
        ("matchmaking", "limit-tools"): 100,
        ("fraud", "limit-bank"): 20000,
    }


@pytest.mark.parametrize(("tenant", "other"), itertools.permutations((*TENANTS, None), 2))
def test_no_role_opens_what_is_another_tenants(graph: Graph, tenant: str | None, other: str | None) -> None:
    view = View(graph)
    roles = [node for node in members(view).get(tenant, ()) if node.type == tokens.ROLE]
    assert len(roles) >= 2
    if other is not None:
        theirs = belongings(view, other)
        kinds = {pattern.split(":")[2] for pattern in theirs}
        assert {"s3", "logs", "ecr", "secretsmanager"} <= kinds
        # Each role opens something, so that none passes for want of rights.
        assert all(grants(view, role) for role in roles)
        assert list(trespasses(view, tenant, other)) == []


def test_each_tenants_role_reads_its_own_prefix_alone(graph: Graph) -> None:
    view = View(graph)
    read = {
        tenant: {
            each.pattern
            for role in members(view)[tenant]
            if role.type == tokens.ROLE
            for each in grants(view, role)
            if each.action == "s3:GetObject"
        }
        for tenant in TENANTS
    }
    assert read == {
        "bank": {"arn:aws:s3:::acme-models/bank/fraud/*"},
        "studio": {"arn:aws:s3:::acme-models/studio/matchmaking/*"},
    }


def test_everything_of_a_tenants_endpoints_and_capacity_has_its_tag(graph: Graph) -> None:
    whose = {"fraud": "bank", "vault": "bank", "matchmaking": "studio"}
    for node in graph:
        part = node.name.removeprefix("dev-").partition("-")[0]
        tags = mapping(plain(node.inputs).get("tags"))
        if "tags" in node.inputs and node.type.startswith("aws:"):
            assert tags.get("tenant") == (
                tags.get("client") if node.type == SECRET and part == "moderation" else whose.get(part)
            ), node.urn
        if tags.get("tenant") == "bank":
            assert tags["cost-center"] == "4711"
    tagged = {tenant: {node.type for node in nodes} for tenant, nodes in members(View(graph)).items()}
    for tenant in TENANTS:
        assert {tokens.SERVICE, tokens.LOG_GROUP, tokens.ROLE, tokens.LOAD_BALANCER, SECRET} <= tagged[tenant]
    assert tokens.CLUSTER in tagged["bank"]
    assert tokens.CLUSTER not in tagged["studio"]


@pytest.mark.slow_judge
@pytest.mark.engine
def test_it_is_deployed_left_alone_changed_and_destroyed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    require_engine(request)
    environment = declared(EXAMPLE)
    config = {"aws:region": "us-west-2", ENVIRONMENT: environment}
    with Sandbox(EXAMPLE, home=tmp_path / "home", stack="dev", config=config) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        arns = sandbox.outputs["apiKeySecretArns"]
        assert {endpoint: set(clients) for endpoint, clients in arns.items()} == {
            "moderation": {"bank", "studio"},
            "matchmaking": {"game-servers", "tools"},
            "fraud": {"bank"},
        }

        # A quota: the firewalls that count it, and nothing of anybody else.
        environment["tenants"]["studio"]["requestsPerFiveMinutes"] = 6000
        assert touched(sandbox.up(check=True).steps) == {("update", WEB_ACL)}

        # A rotation: another secret, and the firewall knows both keys.
        environment["endpoints"]["moderation"]["exposure"]["auth"]["apiKeys"]["studio"] = {"generation": 2}
        assert touched(sandbox.up(check=True).steps) == {("create", SECRET), ("create", VERSION), ("update", WEB_ACL)}
        assert list(sandbox.outputs["apiKeySecretArns"]["moderation"]["studio"]) == ["1", "2"]

        # Another tenant, with a share of what is shared: nobody's service moves.
        environment["tenants"]["press"] = {}
        environment["endpoints"]["moderation"]["exposure"]["auth"]["apiKeys"]["press"] = {}
        assert touched(sandbox.up(check=True).steps) == {("create", SECRET), ("create", VERSION), ("update", WEB_ACL)}

        # A tenant leaves: what is its own goes, and the others keep what they have.
        kept = {
            thing.urn for thing in sandbox.cloud.things if "fraud" in thing.urn or "moderation-service" in thing.urn
        }
        environment["tenants"].pop("studio")
        environment["endpoints"].pop("matchmaking")
        environment["endpoints"]["moderation"]["exposure"]["auth"]["apiKeys"].pop("studio")
        steps = touched(sandbox.up(check=True).steps)
        assert {token for operation, token in steps if operation == "update"} == {WEB_ACL, DASHBOARD}
        assert {operation for operation, _ in steps} == {"update", "delete"}
        assert kept <= {thing.urn for thing in sandbox.cloud.things}
        assert "studio" not in json.dumps([thing.actual for thing in sandbox.cloud.things], default=str)
        assert sandbox.up(check=True).changes == {}

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []

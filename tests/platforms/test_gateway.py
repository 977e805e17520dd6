"""Who calls an endpoint by its API gateway, how they prove who they are, and what is let through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from modelinfra.platforms.ecs.gateway import route_of
from tests.making import document, inputs, names
from tests.platforms.test_exposure import DOMAIN, clients
from tests.platforms.worlds import ALARM, EGRESS, GROUP, INGRESS, LOAD_BALANCER, READY, ROLE, SERVICE, deployed

API = "aws:apigatewayv2/api:Api"
AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
GATEWAY_DOMAIN = "aws:apigatewayv2/domainName:DomainName"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
LINK = "aws:apigatewayv2/vpcLink:VpcLink"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
MANAGED = "aws:iam/policy:Policy"
RECORD = "aws:route53/record:Record"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
LISTENER = "aws:lb/listener:Listener"

OWN_DOMAIN = {"domain": "api.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
TOKENS = {"jwt": {"issuer": "https://login.example.com", "audiences": ["digits"], "scopes": ["predict"]}}


def gated(root: Path, *, beside: dict[str, Any] | None = None, **gateway: Any) -> Graph:
    exposure = {"gateway": {"auth": {"iam": {}}, **gateway}, **(beside or {})}
    return deployed(root, exposure=exposure, longest_request="30s", cluster={"shared_load_balancer": False})


def routes(graph: Graph) -> dict[str, dict[str, Any]]:
    return {node.inputs["routeKey"]: node.inputs for node in graph.all(ROUTE)}


def test_only_predictions_and_readiness_are_handed_on(tmp_path: Path) -> None:
    graph = gated(tmp_path)
    assert set(routes(graph)) == {"ANY /v2/models/digits/infer", "ANY /v2/models/digits/ready"}
    assert {each["authorizationType"] for each in routes(graph).values()} == {"AWS_IAM"}


@pytest.mark.parametrize(
    ("pattern", "route"),
    [
        ("/predict", "/predict"),
        ("/v1/models/digits:predict", "/v1/models/{p3}"),
        ("/v2/models/*/infer", "/v2/models/{rest+}"),
        ("/v?/models", "/{p1}/models"),
        ("/*", "/{rest+}"),
        ("/", "/"),
    ],
)
def test_a_route_takes_what_the_rule_of_the_load_balancer_takes(pattern: str, route: str) -> None:
    assert route_of(pattern) == route


def test_paths_that_become_one_route_are_one_route(tmp_path: Path) -> None:
    graph = gated(tmp_path, beside={"paths": ["/v2/models/*/infer", "/v2/models/*/ready"]})
    assert set(routes(graph)) == {"ANY /v2/models/{rest+}"}


def test_the_load_balancer_is_internal_and_lets_the_gateway_in_alone(tmp_path: Path) -> None:
    graph = gated(tmp_path)
    link = inputs(graph, LINK)
    (group,) = link["securityGroupIds"]
    assert link["subnetIds"] == ["subnet-1", "subnet-2"]
    assert inputs(graph, LOAD_BALANCER)["internal"] is True
    assert clients(graph) == {(group, 80)}
    out = [node.inputs for node in graph.all(EGRESS) if node.inputs["securityGroupId"] == group]
    assert [(each["fromPort"], each["toPort"]) for each in out] == [(80, 80)]
    assert all(node.inputs["securityGroupId"] != group for node in graph.all(INGRESS))


def test_others_are_let_in_beside_it_when_they_are_named(tmp_path: Path) -> None:
    graph = gated(tmp_path, beside={"cidrs": ["10.1.0.0/16"]})
    assert ("10.1.0.0/16", 80) in clients(graph)
    assert len(clients(graph)) == 2


def test_behind_a_domain_the_gateway_speaks_https_and_knows_whom_it_expects(tmp_path: Path) -> None:
    graph = gated(tmp_path, beside=DOMAIN)
    given = inputs(graph, INTEGRATION)
    https = next(node for node in graph.all(LISTENER) if node.inputs["port"] == 443)
    assert given["integrationUri"] == https.outputs["arn"]
    assert given["tlsConfig"] == {"serverNameToVerify": "digits.example.com"}
    assert {port for _, port in clients(graph)} == {443}


def test_it_waits_as_long_as_it_can(tmp_path: Path) -> None:
    assert inputs(gated(tmp_path), INTEGRATION)["timeoutMilliseconds"] == 30_000


def test_callers_of_this_account_get_a_policy_and_no_role(tmp_path: Path) -> None:
    graph = gated(tmp_path)
    (statement,) = document(inputs(graph, MANAGED)["policy"])
    api = graph.one(API).outputs
    assert statement == {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"{api['executionArn']}/*",
    }
    assert not [node for node in graph.all(ROLE) if "gateway" in node.name]


def test_callers_of_other_accounts_take_a_role(tmp_path: Path) -> None:
    devices = "arn:aws:iam::210987654321:role/devices"
    graph = gated(tmp_path, auth={"iam": {"principals": ["109876543210", devices]}})
    (statement,) = document(inputs(graph, ROLE, "digits-gateway-callers")["assumeRolePolicy"])
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::109876543210:root", devices]}


def test_tokens_are_asked_for_by_issuer_audience_and_scope(tmp_path: Path) -> None:
    graph = gated(tmp_path, auth=TOKENS)
    authorizer = graph.one(AUTHORIZER)
    assert authorizer.inputs["jwtConfiguration"] == {"issuer": "https://login.example.com", "audiences": ["digits"]}
    for each in routes(graph).values():
        assert (each["authorizationType"], each["authorizationScopes"]) == ("JWT", ["predict"])
        assert each["authorizerId"] == authorizer.id
    assert graph.all(MANAGED) == []


def test_who_asks_for_certificates_has_no_other_name(tmp_path: Path) -> None:
    graph = gated(tmp_path, auth={"mtls": {"ca_bundle": "s3://acme-pki/devices.pem"}}, **OWN_DOMAIN)
    assert inputs(graph, GATEWAY_DOMAIN)["mutualTlsAuthentication"] == {"truststoreUri": "s3://acme-pki/devices.pem"}
    assert inputs(graph, API)["disableExecuteApiEndpoint"] is True
    assert {each["authorizationType"] for each in routes(graph).values()} == {"NONE"}


def test_without_a_domain_callers_use_the_name_that_aws_gives(tmp_path: Path) -> None:
    graph = gated(tmp_path)
    assert inputs(graph, API)["disableExecuteApiEndpoint"] is False
    assert graph.all(GATEWAY_DOMAIN) == graph.all(RECORD) == []


def test_its_domain_leads_there_when_replicas_serve(tmp_path: Path) -> None:
    graph = gated(tmp_path, **OWN_DOMAIN)
    record = next(node for node in graph.all(RECORD) if node.inputs["type"] == "A")
    assert (record.name, record.inputs["name"]) == ("digits-gateway", "api.example.com")
    assert any(SERVICE in urn for urn in record.depends_on)


def test_a_stage_always_says_how_much_it_lets_through(tmp_path: Path) -> None:
    def limits(**gateway: Any) -> tuple[int, int]:
        given = inputs(gated(tmp_path, **gateway), STAGE)["defaultRouteSettings"]
        return given["throttlingRateLimit"], given["throttlingBurstLimit"]

    assert limits() == (1000, 1000)
    assert limits(requests_per_second=20_000) == (20_000, 5000)
    assert limits(requests_per_second=20, burst=100) == (20, 100)


def test_who_called_is_kept_and_no_body_or_header_is(tmp_path: Path) -> None:
    graph = gated(tmp_path, retention_days=30)
    log = graph.one("aws:cloudwatch/logGroup:LogGroup", "digits-gateway-calls")
    assert log.inputs["name"].startswith("/aws/vendedlogs/digits-gateway-calls-")
    assert log.inputs["retentionInDays"] == 30
    format_ = json.loads(inputs(graph, STAGE)["accessLogSettings"]["format"])
    assert {"$context.identity.userArn", "$context.status", "$context.routeKey"} <= set(format_.values())
    assert all(each.startswith("$context.") and "header" not in each for each in format_.values())


def test_its_errors_are_told_and_take_no_deployment_back(tmp_path: Path) -> None:
    graph = gated(tmp_path)
    alarm = graph.one(ALARM, "digits-gateway-5xx")
    assert {each["metric"]["metricName"] for each in alarm.inputs["metricQueries"] if "metric" in each} == {
        "5xx",
        "Count",
    }
    assert alarm.outputs["name"] not in inputs(graph, SERVICE)["alarms"]["alarmNames"]
    shown = inputs(graph, DASHBOARD)["dashboardBody"]
    assert alarm.outputs["arn"] in shown
    assert '"AWS/ApiGateway", "4xx"' in shown


def test_names_of_routes_do_not_follow_from_their_place(tmp_path: Path) -> None:
    few = gated(tmp_path, beside={"paths": ["/v2/models/digits/ready"]})
    many = gated(tmp_path, beside={"paths": ["/v2/models/digits/infer", "/v2/models/digits/ready"]})
    assert set(names(few.all(ROUTE))) < set(names(many.all(ROUTE)))


def test_without_a_gateway_there_is_nothing_of_it(tmp_path: Path) -> None:
    graph = deployed(tmp_path, exposure=DOMAIN, cluster={"shared_load_balancer": False})
    assert not [node for node in graph.nodes.values() if "apigatewayv2" in node.type]
    assert len(graph.all(GROUP)) == 2


def test_the_preview_tells_what_it_cannot_do_and_whom_it_shuts_out(tmp_path: Path) -> None:
    def told(graph: Graph) -> str:
        return " ".join(each["message"] for each in graph.logs)

    said = told(gated(tmp_path, auth={"none": "a demonstration until June"}))
    assert "requests of 10 MB at most" in said
    assert "nobody is asked who comes from the internet: a demonstration until June" in said
    assert "the load balancer itself lets in nobody from the network" in said
    assert "travel over HTTP" in said
    assert "lets in nobody from the network" not in told(gated(tmp_path, beside={"cidrs": ["10.0.0.0/8"], **DOMAIN}))


def test_that_streams_come_whole_is_told_of_servers_that_stream(tmp_path: Path) -> None:
    chat = {"server": "llama-cpp", "image": READY["image"], "model": {"name": "chat", "size": "2GiB"}}
    gateway = {"exposure": {"gateway": {"auth": {"iam": {}}}}, "longest_request": "30s"}
    graph = deployed(tmp_path, {"chat": {**chat, **gateway}}, cluster={"shared_load_balancer": False})
    assert any("when it is whole" in each["message"] for each in graph.logs)

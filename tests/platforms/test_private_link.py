"""Consumers in other accounts: how they come to an endpoint, and what stays in their way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelinfra.graph.model import Graph
from tests.making import inputs
from tests.platforms.test_exposure import DOMAIN, clients
from tests.platforms.worlds import ALARM, EGRESS, INGRESS, LOAD_BALANCER, SERVICE, TARGET_GROUP, deployed

ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
ENDPOINT_SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
LISTENER = "aws:lb/listener:Listener"
RECORD = "aws:route53/record:Record"
VERIFICATION = "aws:vpc/endpointServicePrivateDnsVerification:EndpointServicePrivateDnsVerification"
FRONT, OWN = "digits-link", "digits-own-lb"


def linked(root: Path, *, production: bool = False, longest: str = "60s", **exposure: Any) -> Graph:
    link = {"principals": ["210987654321"], **exposure.pop("private_link", {})}
    cluster = {"shared_load_balancer": False, "production": production}
    return deployed(root, exposure={"private_link": link, **exposure}, longest_request=longest, cluster=cluster)


def test_consumers_are_named_and_wait_to_be_accepted(tmp_path: Path) -> None:
    offered = inputs(linked(tmp_path), ENDPOINT_SERVICE)
    assert offered["allowedPrincipals"] == ["arn:aws:iam::210987654321:root"]
    assert offered["acceptanceRequired"] is True


def test_a_network_load_balancer_hands_connections_on_as_they_are(tmp_path: Path) -> None:
    graph = linked(tmp_path, **DOMAIN)
    front, own = graph.one(LOAD_BALANCER, FRONT), graph.one(LOAD_BALANCER, OWN)
    assert (front.inputs["loadBalancerType"], front.inputs["internal"]) == ("network", True)
    target = inputs(graph, TARGET_GROUP, FRONT)
    assert (target["targetType"], target["protocol"], target["port"]) == ("alb", "TCP", 443)
    assert inputs(graph, ATTACHMENT)["targetId"] == own.outputs["arn"]
    listener = inputs(graph, LISTENER, FRONT)
    assert (listener["protocol"], listener["port"]) == ("TCP", 443)


def test_it_is_asked_whether_the_load_balancer_answers_and_not_how(tmp_path: Path) -> None:
    check = inputs(linked(tmp_path, **DOMAIN), TARGET_GROUP, FRONT)["healthCheck"]
    # A redirect, a 404, a missing key: all of them come from a load balancer that is there.
    assert (check["protocol"], check["port"], check["matcher"]) == ("HTTP", "80", "200-499")


def test_nobody_comes_to_it_but_by_the_endpoint_service(tmp_path: Path) -> None:
    graph = linked(tmp_path, **DOMAIN)
    front = inputs(graph, LOAD_BALANCER, FRONT)
    (group,) = front["securityGroups"]
    assert all(node.inputs["securityGroupId"] != group for node in graph.all(INGRESS))
    assert front["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    out = {node.inputs["toPort"] for node in graph.all(EGRESS) if node.inputs["securityGroupId"] == group}
    assert out == {80, 443}
    assert clients(graph) == {(group, 80), (group, 443)}


def test_a_consumer_is_served_from_every_zone(tmp_path: Path) -> None:
    front = inputs(linked(tmp_path), LOAD_BALANCER, FRONT)
    assert front["enableCrossZoneLoadBalancing"] is True
    assert front["subnets"] == ["subnet-1", "subnet-2"]


def test_in_production_it_is_not_deleted_by_accident(tmp_path: Path) -> None:
    assert inputs(linked(tmp_path, production=True), LOAD_BALANCER, FRONT)["enableDeletionProtection"] is True
    assert inputs(linked(tmp_path), LOAD_BALANCER, FRONT)["enableDeletionProtection"] is False


def test_consumers_call_it_by_its_domain_when_that_is_proven(tmp_path: Path) -> None:
    graph = linked(tmp_path, **DOMAIN)
    offered = graph.one(ENDPOINT_SERVICE)
    assert offered.inputs["privateDnsName"] == "digits.example.com"
    proof = graph.one(RECORD, "digits-link-proof").inputs
    given = offered.outputs["privateDnsNameConfigurations"][0]
    assert (proof["name"], proof["records"]) == (f"{given['name']}.digits.example.com", [given["value"]])
    assert any(RECORD in urn for urn in graph.one(VERIFICATION).depends_on)


def test_without_a_zone_or_on_demand_there_is_no_private_name(tmp_path: Path) -> None:
    for graph in (linked(tmp_path), linked(tmp_path, **DOMAIN, private_link={"private_dns": False})):
        assert "privateDnsName" not in inputs(graph, ENDPOINT_SERVICE)
        assert graph.all(VERIFICATION) == []


def test_what_serves_is_there_before_and_goes_after_the_endpoint_service(tmp_path: Path) -> None:
    offered = linked(tmp_path).one(ENDPOINT_SERVICE)
    behind = "".join(offered.depends_on)
    assert SERVICE in behind
    assert LISTENER in behind


def test_a_silent_connection_is_kept_as_long_as_a_request_may_take(tmp_path: Path) -> None:
    def idle(longest: str) -> int:
        seconds: int = inputs(linked(tmp_path, longest=longest), LISTENER, FRONT)["tcpIdleTimeoutSeconds"]
        return seconds

    assert idle("60s") == 350
    assert idle("10m") == 600


def test_that_it_does_not_answer_is_told(tmp_path: Path) -> None:
    graph = linked(tmp_path)
    alarm = graph.one(ALARM, "digits-link-unhealthy").inputs
    front = graph.one(LOAD_BALANCER, FRONT)
    assert alarm["dimensions"]["LoadBalancer"] == front.outputs["arnSuffix"]
    assert '"AWS/PrivateLinkServices"' in inputs(graph, "aws:cloudwatch/dashboard:Dashboard")["dashboardBody"]


def test_the_preview_tells_what_consumers_must_know(tmp_path: Path) -> None:
    def told(graph: Graph) -> str:
        return " ".join(each["message"] for each in graph.logs)

    plain = told(linked(tmp_path, longest="10m"))
    assert "when somebody of this account accepts them" in plain
    assert "consumers of PrivateLink speak HTTP" in plain
    assert "forgets a connection on which nothing is said for 5m50s" in plain
    named = told(linked(tmp_path, **DOMAIN, waf={"enabled": True}, private_link={"private_dns": False}))
    assert "point digits.example.com at their interface endpoint themselves" in named
    assert "counts all consumers of PrivateLink as one client" in named
    keyed = {"auth": {"api_keys": {"orders": {}}}}
    assert "as one client" not in told(linked(tmp_path, **DOMAIN, **keyed))

"""The way of a request to an endpoint on ECS: security groups, target group, listener rule."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import ModelEndpoint
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from tests.making import captured, inputs
from tests.platforms.worlds import (
    EGRESS,
    GROUP,
    INGRESS,
    LOAD_BALANCER,
    NETWORK,
    RULE,
    TARGET_GROUP,
    deployed,
    refusal,
)

TWO = {"digits": {}, "faces": {}}


def hops(graph: Graph) -> set[tuple[str, str, str, int]]:
    """Every rule of every security group: (direction, whose, with whom, port)."""
    groups = {node.id: node.name for node in graph.all(GROUP)}
    found = set()
    for direction, token in (("in", INGRESS), ("out", EGRESS)):
        for node in graph.all(token):
            rule = node.inputs
            assert rule["fromPort"] == rule["toPort"]
            assert rule["ipProtocol"] == "tcp"
            peer = rule.get("cidrIpv4") or rule.get("prefixListId") or groups[rule["referencedSecurityGroupId"]]
            found.add((direction, groups[rule["securityGroupId"]], peer, rule["toPort"]))
    return found


def test_security_groups_open_one_hop_each_and_nothing_else(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    assert hops(graph) == {
        ("in", "web-shared-front", "10.0.0.0/16", 80),
        ("out", "web-shared-front", "digits-tasks", 8080),
        ("in", "digits-tasks", "web-shared-front", 8080),
        ("out", "digits-tasks", "0.0.0.0/0", 443),
    }
    assert [key for node in graph.all(GROUP) for key in node.inputs if key in ("ingress", "egress")] == []


def test_without_nat_tasks_reach_the_network_and_s3_alone(tmp_path: Path) -> None:
    closed = dataclasses.replace(NETWORK, internet=False, s3_prefix_list_id="pl-s3")
    out = {
        (peer, port)
        for way, whose, peer, port in hops(deployed(tmp_path, network=closed))
        if (way, whose) == ("out", "digits-tasks")
    }
    assert out == {("10.0.0.0/16", 443), ("pl-s3", 443)}


def test_two_endpoints_cannot_reach_each_other(tmp_path: Path) -> None:
    rules = hops(deployed(tmp_path, TWO))
    assert {(peer, port) for way, whose, peer, port in rules if (way, whose) == ("in", "faces-tasks")} == {
        ("web-shared-front", 8080)
    }
    assert len(rules) == 7


def test_the_target_group_waits_for_ready_replicas_and_drains_the_longest_request(tmp_path: Path) -> None:
    group = inputs(deployed(tmp_path, longest_request="45s"), TARGET_GROUP)
    assert {key: value for key, value in group.items() if key != "vpcId"} == {
        "targetType": "ip",
        "protocol": "HTTP",
        "port": 8080,
        "loadBalancingAlgorithmType": "least_outstanding_requests",
        "deregistrationDelay": 45,
        "healthCheck": {
            "path": "/v2/models/digits/ready",
            "protocol": "HTTP",
            "port": "traffic-port",
            "matcher": "200",
            "interval": 15,
            "timeout": 5,
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
        },
    }


def test_the_target_group_is_named_by_pulumi_so_that_a_new_one_stands_before_the_old_one_goes(tmp_path: Path) -> None:
    group = deployed(tmp_path).one(TARGET_GROUP)
    assert "name" not in group.inputs
    assert not group.delete_before_replace


def test_a_request_below_the_endpoints_path_reaches_the_server_without_it(tmp_path: Path) -> None:
    rule = inputs(deployed(tmp_path, path="/acme.ai/digits"), RULE)
    assert rule["conditions"] == [{"pathPattern": {"values": ["/acme.ai/digits/*"]}}]
    rewrite = {"regex": r"^/acme\.ai/digits/(.*)$", "replace": "/$1"}
    assert rule["transforms"] == [{"type": "url-rewrite", "urlRewriteConfig": {"rewrite": rewrite}}]


def test_the_addresses_are_those_of_the_rule(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    outputs: dict[str, Any] = graph.one("modelinfra:index:ModelEndpoint").outputs
    host = graph.one(LOAD_BALANCER).outputs["dnsName"]
    assert outputs["url"] == f"http://{host}/digits"
    assert outputs["predict_url"] == f"http://{host}/digits/v2/models/digits/infer"
    assert outputs["health_url"] == f"http://{host}/digits/v2/models/digits/ready"


def test_the_model_may_be_called_otherwise_than_the_endpoint(tmp_path: Path) -> None:
    image = "a.example/served@sha256:" + "0" * 64
    graph = deployed(tmp_path, {"digits": {"image": image, "model": {"name": "mnist"}}})
    assert graph.one("modelinfra:index:ModelEndpoint").outputs["predict_url"].endswith("/digits/v2/models/mnist/infer")


def test_an_endpoint_that_comes_or_goes_changes_nothing_of_the_others(tmp_path: Path) -> None:
    one, two = deployed(tmp_path, {"digits": {}}), deployed(tmp_path, TWO)
    assert {change.kind for change in changes(one, two)} == {"added"}
    assert {change.kind for change in changes(two, one)} == {"removed"}


def test_a_priority_does_not_depend_on_the_order_of_endpoints(tmp_path: Path) -> None:
    turned = deployed(tmp_path, dict(reversed(TWO.items())))
    for name in TWO:
        assert (
            inputs(turned, RULE, f"{name}-rule")["priority"]
            == inputs(deployed(tmp_path, TWO), RULE, f"{name}-rule")["priority"]
        )


def test_a_priority_can_be_given(tmp_path: Path) -> None:
    assert inputs(deployed(tmp_path, rule_priority=4711), RULE)["priority"] == 4711


def test_two_endpoints_at_one_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"ModelEndpoint 'faces': 1 mistake.*\n.*'digits' is already at /x"):
        deployed(tmp_path, {"digits": {"path": "/x"}, "faces": {"path": "/x"}})


def test_one_path_on_two_load_balancers_is_no_collision(tmp_path: Path) -> None:
    graph = deployed(tmp_path, {"digits": {}, "faces": {"load_balancer": "own"}})
    assert len(graph.all(LOAD_BALANCER)) == 2


def test_a_load_balancer_of_its_own_serves_one_endpoint_at_its_root(tmp_path: Path) -> None:
    graph = deployed(tmp_path, load_balancer="own", longest_request="10m", cluster={"shared_load_balancer": False})
    balancer = graph.one(LOAD_BALANCER)
    assert balancer.name == "digits-own-lb"
    assert balancer.inputs["idleTimeout"] == 600
    rule = inputs(graph, RULE)
    assert (rule["conditions"], rule["priority"]) == ([{"pathPattern": {"values": ["/*"]}}], 50_000)
    assert "transforms" not in rule
    url = graph.one("modelinfra:index:ModelEndpoint").outputs["url"]
    assert url == f"http://{balancer.outputs['dnsName']}"


def test_a_load_balancer_is_internal_and_answers_404_where_no_endpoint_is(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    balancer = inputs(graph, LOAD_BALANCER)
    assert (balancer["internal"], balancer["dropInvalidHeaderFields"]) == (True, True)
    assert balancer["subnets"] == ["subnet-1", "subnet-2"]
    (action,) = inputs(graph, "aws:lb/listener:Listener")["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "404")


def test_every_mistake_of_an_endpoint_is_told_before_anything_of_it_is_registered(tmp_path: Path) -> None:
    assert refusal(tmp_path, memory="4GB", scaling={"min": 2, "max": 1}, grpc=True) == [
        "ModelEndpoint 'digits': 3 mistakes, nothing was created",
        ("memory (given: '4GB'): 'GB' is read as powers of 1000 by some tools and of 1024 by others. Write 4GiB."),
        "scaling.max (given: 1): this is less than `min`, which is 2. Write 2 or more.",
        "grpc (given: True): it stands below another key. Write `exposure.grpc`.",
    ]


def test_an_endpoint_without_a_platform_and_with_a_wrong_name_hears_of_both(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        captured(lambda: ModelEndpoint("Digits", server="mlserver", model="model"), tmp_path)  # type: ignore[call-overload]
    assert [line.split(":")[0].split(" (")[0] for line in str(refused.value).splitlines()[1:]] == [
        "  name",
        "  platform",
    ]

"""What a replacement means, and what belongs to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.findings import replacement, stuck, unknown
from modelinfra.review.findings.consequences import CONSEQUENCES, UNKNOWN_TYPE, consequence
from modelinfra.review.findings.words import listing, noun, plural
from tests.review.making import ENDPOINT, ENVIRONMENT, node, only, task, told

BALANCER, LISTENER, VPC, SUBNET = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/listener:Listener",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
)


def test_a_load_balancer_that_is_replaced_says_what_happens_to_its_address_and_to_whom() -> None:
    def world(internal: bool) -> list[Node]:
        environment = node(ENVIRONMENT, "prod")
        web = node("modelinfra:index:EcsCluster", "prod-web", parent=environment.urn)
        endpoint = node(ENDPOINT, "prod-sentiment", parent=environment.urn)
        balancer = node(BALANCER, "prod-web-lb", parent=web.urn, internal=internal)
        listener = node(
            LISTENER,
            "prod-web-http",
            parent=web.urn,
            loadBalancerArn=balancer.outputs["arn"],
            deps={"loadBalancerArn": [balancer]},
        )
        rule = node(
            "aws:lb/listenerRule:ListenerRule",
            "prod-sentiment-rule",
            parent=endpoint.urn,
            deps={"listenerArn": [listener]},
            listenerArn=listener.outputs["arn"],
        )
        return [environment, web, endpoint, balancer, listener, rule]

    found = only(replacement.findings, world(True), world(False))
    assert found.severity == "high"
    assert found.title == "replaces the load balancer of web and 2 resources that stand on it: its DNS name changes"
    assert "Because of web: internal (from true to false)." in found.text
    assert "It touches sentiment." in found.text
    assert "Route 53" in found.remedy


def test_what_stands_on_it_is_told_with_its_root() -> None:
    def world(cidr: str) -> list[Node]:
        vpc = node(VPC, "main", cidrBlock=cidr)
        return [vpc, *(node(SUBNET, f"s{zone}", vpcId=vpc.id, cidrBlock=cidr, deps={"vpcId": [vpc]}) for zone in "abc")]

    found = only(replacement.findings, world("10.0.0.0/16"), world("10.1.0.0/16"))
    assert found.title == "replaces the VPC main and 3 resources that stand on it: the whole network is made anew"
    assert "3 subnets" in found.text


def test_a_chosen_name_makes_the_old_one_go_first() -> None:
    def world(port: int, **given: str) -> list[Node]:
        return [node("aws:lb/targetGroup:TargetGroup", "to", port=port, **given)]

    assert "fixed name mine" in only(replacement.findings, world(80, name="mine"), world(81, name="mine")).text
    assert "goes before" not in only(replacement.findings, world(80), world(81)).text


def test_a_new_revision_is_no_finding() -> None:
    assert told(replacement.findings, [task({"name": "a", "image": "x"})], [task({"name": "a", "image": "y"})]) == []


def test_a_type_that_the_table_does_not_know_gets_a_plain_sentence() -> None:
    before = replace(node("acme:index:Thing", "t", size=1), replace_on_changes=["size"])
    after = replace(node("acme:index:Thing", "t", size=2), replace_on_changes=["size"])
    found = only(replacement.findings, [before], [after])
    assert (found.severity, found.text.partition(". ")[2]) == ("medium", UNKNOWN_TYPE.meaning)


def test_a_load_balancer_does_not_move_to_another_vpc_by_an_update() -> None:
    def world(vpc: str) -> list[Node]:
        network = node(VPC, vpc, cidrBlock="10.0.0.0/16")
        subnet = node(SUBNET, f"{vpc}-a", vpcId=network.id, deps={"vpcId": [network]})
        return [network, subnet, node(BALANCER, "lb", internal=True, subnets=[subnet.id], deps={"subnets": [subnet]})]

    assert told(stuck.findings, world("one"), world("two")) == [
        ("high", "the load balancer lb cannot move to another VPC: the update fails")
    ]
    assert told(stuck.findings, world("one"), world("one")) == []


def test_a_replacement_that_hangs_on_an_unknown_value_is_said_to() -> None:
    before, after = node(VPC, "main", cidrBlock="10.0.0.0/16"), node(VPC, "main", cidrBlock=Unknown)
    assert told(unknown.findings, [before], [after]) == [
        ("low", "the VPC main is replaced only if a value changes that is not known yet")
    ]


@pytest.mark.parametrize("token", sorted(CONSEQUENCES))
def test_every_row_of_the_table_is_words(token: str) -> None:
    row = consequence(token)
    assert row.meaning.endswith(".")
    assert not row.brief.endswith(".")
    assert row.brief[0].islower()


def test_words() -> None:
    assert [noun(each) for each in ("aws:lb/targetGroup:TargetGroup", "aws:ec2/vpc:Vpc", "x:y:Z")] == [
        "target group",
        "VPC",
        "z",
    ]
    assert [plural(2, each) for each in ("policy", "key", "subnet")] == ["2 policies", "2 keys", "2 subnets"]
    assert [listing(each) for each in ([], ["a"], ["a", "b"], list("abcdef"))] == [
        "",
        "a",
        "a and b",
        "a, b, c and 3 more",
    ]

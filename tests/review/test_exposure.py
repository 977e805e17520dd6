"""What a change opens to the internet, and only that."""

from __future__ import annotations

import ipaddress

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.findings import exposure, unknown
from modelinfra.review.findings.openings import collapsed
from tests.review.making import node, only, policy, told

GROUP, RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
FORWARD = {"type": "forward", "targetGroupArn": "arn:group"}
OIDC = {"type": "authenticate-oidc"}


def group(*cidrs: str, port: int = 443, last: int | None = None, protocol: str = "tcp") -> Node:
    ingress = [{"protocol": protocol, "fromPort": port, "toPort": last or port, "cidrBlocks": list(cidrs)}]
    return node(GROUP, "front", ingress=ingress if cidrs else [])


def test_a_door_to_everywhere_is_told_and_one_that_was_open_is_not() -> None:
    assert told(exposure.findings, [group("10.0.0.0/8")], [group("10.0.0.0/8", "0.0.0.0/0")]) == [
        ("high", "lets the whole internet in to the security group front on port 443")
    ]
    assert told(exposure.findings, [group("0.0.0.0/0")], [group("0.0.0.0/0", "10.0.0.0/8")]) == []


def test_two_halves_are_the_whole() -> None:
    found = told(exposure.findings, [group("10.0.0.0/8")], [group("0.0.0.0/1", "128.0.0.0/1")])
    assert found == [("high", "lets the whole internet in to the security group front on port 443")]


def test_a_half_that_completes_another_makes_the_whole() -> None:
    assert told(exposure.findings, [group("0.0.0.0/1")], [group("0.0.0.0/1", "128.0.0.0/1")])[0][0] == "high"


def test_all_but_private_addresses_is_the_whole_internet() -> None:
    whole = list(ipaddress.ip_network("0.0.0.0/0").address_exclude(ipaddress.ip_network("10.0.0.0/8")))
    assert told(exposure.findings, [group()], [group(*map(str, whole))])[0] == (
        "high", "lets the whole internet in to the security group front on port 443",
    )  # fmt: skip


def test_everybody_by_ipv6_is_everybody() -> None:
    before = node(GROUP, "front", ingress=[])
    after = node(
        GROUP, "front", ingress=[{"protocol": "tcp", "fromPort": 22, "toPort": 22, "ipv6CidrBlocks": ["::/0"]}]
    )
    assert told(exposure.findings, [before], [after]) == [
        ("high", "lets the whole internet in to the security group front on port 22")
    ]


def test_a_few_public_addresses_are_counted() -> None:
    found = only(exposure.findings, [group("203.0.113.0/32")], [group("203.0.113.0/32", "8.8.8.0/24")])
    assert (found.severity, found.title) == (
        "low",
        "lets 256 public addresses in to the security group front on port 443",
    )
    assert "8.8.8.0/24" in found.text


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "100.64.0.0/10", "fd00::/8"])
def test_private_addresses_are_a_note(cidr: str) -> None:
    rule = node(RULE, "new", cidrIpv4=cidr, ipProtocol="tcp", fromPort=80, toPort=80, securityGroupId="sg-1")
    assert told(exposure.findings, [], [rule])[0][0] == "note"


def test_only_the_ports_that_are_new_are_told() -> None:
    found = told(exposure.findings, [group("0.0.0.0/0", port=443)], [group("0.0.0.0/0", port=400, last=500)])
    assert [title.partition(" on ")[2] for _, title in found] == ["the ports 400 to 442", "the ports 444 to 500"]


def test_every_protocol_before_covers_one_protocol_after() -> None:
    assert told(exposure.findings, [group("0.0.0.0/0", protocol="-1")], [group("0.0.0.0/0")]) == []


def test_a_door_of_what_is_internal_says_so() -> None:
    guarded = node(BALANCER, "web", internal=True, securityGroups=["front-id"], deps={"securityGroups": [group()]})
    found = only(exposure.findings, [group(), guarded], [group("0.0.0.0/0"), guarded])
    assert found.severity == "medium"
    assert "internal" in found.text


def test_the_old_kind_of_rule_counts_too() -> None:
    rule = node(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "all",
        type="ingress",
        protocol="all",
        cidrBlocks=["0.0.0.0/0"],
        securityGroupId="sg-1",
    )
    assert told(exposure.findings, [], [rule]) == [
        ("high", "lets the whole internet in to the security group sg-1 on every port")
    ]


def test_a_load_balancer_that_turns_to_the_internet_asks_for_authentication() -> None:
    def world(internal: bool, *actions: dict[str, str]) -> list[Node]:
        balancer = node(BALANCER, "web", internal=internal)
        listener = node(
            LISTENER, "https", protocol="HTTPS", defaultActions=list(actions), deps={"loadBalancerArn": [balancer]}
        )
        return [balancer, listener]

    found = only(exposure.findings, world(True, FORWARD), world(False, FORWARD))
    assert (found.severity, found.title) == ("high", "the load balancer web faces the internet")
    assert "The listener https asks nobody who they are" in found.text
    assert told(exposure.findings, world(False, FORWARD), world(False, FORWARD)) == []
    assert "asks nobody" not in only(exposure.findings, world(True, OIDC, FORWARD), world(False, OIDC, FORWARD)).text


def test_authentication_that_goes_is_told() -> None:
    before = node(LISTENER, "https", protocol="HTTPS", defaultActions=[OIDC, FORWARD])
    after = node(LISTENER, "https", protocol="HTTPS", defaultActions=[FORWARD])
    assert told(exposure.findings, [before], [after]) == [("high", "the listener https no longer asks who somebody is")]


def test_encryption_that_goes_is_told_and_so_is_a_policy_of_old() -> None:
    def listener(protocol: str, policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06") -> Node:
        return node(LISTENER, "web", protocol=protocol, sslPolicy=policy, defaultActions=[FORWARD])

    assert told(exposure.findings, [listener("HTTPS")], [listener("HTTP")]) == [
        ("high", "the listener web drops encryption: HTTPS becomes HTTP")
    ]
    assert told(exposure.findings, [listener("HTTPS")], [listener("HTTPS", "ELBSecurityPolicy-2016-08")]) == [
        ("medium", "the listener web speaks TLS 1.0 or 1.1 again")
    ]
    assert told(exposure.findings, [listener("HTTP")], [listener("HTTPS")]) == []


def test_a_redirect_to_https_that_goes_is_told() -> None:
    redirect = {"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}
    before = node(LISTENER, "http", protocol="HTTP", defaultActions=[redirect])
    after = node(LISTENER, "http", protocol="HTTP", defaultActions=[FORWARD])
    assert told(exposure.findings, [before], [after]) == [
        ("medium", "the listener http no longer sends clients to HTTPS")
    ]


def test_a_new_route_without_authentication_on_a_public_load_balancer() -> None:
    balancer = node(BALANCER, "web", internal=False)
    listener = node(
        LISTENER,
        "https",
        protocol="HTTPS",
        defaultActions=[{"type": "fixed-response"}],
        deps={"loadBalancerArn": [balancer]},
    )
    rule = node("aws:lb/listenerRule:ListenerRule", "new", actions=[FORWARD], deps={"listenerArn": [listener]})
    assert told(exposure.findings, [balancer, listener], [balancer, listener, rule]) == [
        ("high", "the listener rule new opens a route to the internet without authentication")
    ]
    asked = node("aws:lb/listenerRule:ListenerRule", "new", actions=[OIDC, FORWARD], deps={"listenerArn": [listener]})
    assert told(exposure.findings, [balancer, listener], [balancer, listener, asked]) == []


BLOCKED = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)


def test_a_public_access_block_that_opens_or_goes() -> None:
    bucket = node(BUCKET, "models")
    block = node(BLOCK, "models", **BLOCKED, deps={"bucket": [bucket]})
    opened = node(BLOCK, "models", **{**BLOCKED, "blockPublicPolicy": False}, deps={"bucket": [bucket]})
    assert told(exposure.findings, [bucket, block], [bucket, opened])[0][0] == "high"
    assert told(exposure.findings, [bucket, block], [bucket])[0][0] == "high"
    assert told(exposure.findings, [bucket, block], []) == []


@pytest.mark.parametrize(
    ("token", "closed", "opened"),
    [
        ("aws:lambda/functionUrl:FunctionUrl", {"authorizationType": "AWS_IAM"}, {"authorizationType": "NONE"}),
        ("aws:rds/instance:Instance", {"publiclyAccessible": False}, {"publiclyAccessible": True}),
        ("aws:ec2/subnet:Subnet", {"mapPublicIpOnLaunch": False}, {"mapPublicIpOnLaunch": True}),
        ("aws:eks/cluster:Cluster", {"vpcConfig": {"endpointPublicAccess": False}}, {"vpcConfig": {"endpointPublicAccess": True}}),
        ("aws:eks/cluster:Cluster", {"vpcConfig": {"publicAccessCidrs": ["8.8.8.0/24"]}}, {"vpcConfig": {}}),
        ("aws:ecs/service:Service", {"networkConfiguration": {"assignPublicIp": False}}, {"networkConfiguration": {"assignPublicIp": True}}),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"networkInterfaces": []}, {"networkInterfaces": [{"associatePublicIpAddress": "true"}]}),
        ("aws:s3/bucketAcl:BucketAcl", {"acl": "private"}, {"acl": "public-read"}),
    ],
)  # fmt: skip
def test_what_opens_by_its_own_inputs(token: str, closed: dict[str, object], opened: dict[str, object]) -> None:
    before, after = node(token, "it", **closed), node(token, "it", **opened)
    assert len(told(exposure.findings, [before], [after])) == 1
    assert told(exposure.findings, [after], [before]) == []
    # What was open before and changes otherwise is no news.
    assert told(exposure.findings, [after], [node(token, "it", **opened, tags={"a": "b"})]) == []


def test_a_policy_for_anybody_is_told_once() -> None:
    token = "aws:sqs/queue:Queue"
    anyone = policy({"Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"})
    bound = policy(
        {
            "Principal": {"AWS": "*"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
        }
    )
    assert told(exposure.findings, [node(token, "jobs", policy=bound)], [node(token, "jobs", policy=anyone)]) == [
        ("high", "the queue jobs lets anybody sqs:SendMessage")
    ]
    assert told(exposure.findings, [node(token, "jobs", policy=anyone)], [node(token, "jobs", policy=anyone)]) == []
    assert told(exposure.findings, [], [node(token, "jobs", policy=bound)]) == []


def test_a_range_that_nobody_knows_yet_is_never_called_closed() -> None:
    rule = node(RULE, "office", cidrIpv4=Unknown, ipProtocol="tcp", fromPort=443, toPort=443, securityGroupId="sg-1")
    assert told(exposure.findings, [], [rule]) == []
    assert told(unknown.findings, [], [rule]) == [("low", "who can reach the ingress rule office is known after apply")]


def test_a_security_group_of_another_stack_is_not_judged_but_named() -> None:
    before = node(BALANCER, "web", internal=True, securityGroups=["sg-1"])
    after = node(BALANCER, "web", internal=True, securityGroups=["sg-2"])
    assert told(unknown.findings, [before], [after]) == [
        ("low", "who can reach the load balancer web is decided elsewhere")
    ]


def test_ranges_are_put_together() -> None:
    halves = [ipaddress.ip_network("0.0.0.0/1"), ipaddress.ip_network("128.0.0.0/1")]
    assert collapsed(halves) == [ipaddress.ip_network("0.0.0.0/0")]

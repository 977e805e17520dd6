"""Kinds of dangerous change that other tools' published rules name (pyrrho 0.2.1, MIT: its tables of rules), as programs of Pulumi: each is found, and harmless twins are not."""

from __future__ import annotations

from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Secret, Unknown
from modelinfra.review.findings import all_findings
from modelinfra.review.report import report
from tests.review.making import changes, node, policy

GROUP, RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DEFAULT_GROUP, OLD_RULE = (
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
)
OUTGOING = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ACL_RULE, ACL = "aws:ec2/networkAclRule:NetworkAclRule", "aws:ec2/networkAcl:NetworkAcl"
PREFIXES = "aws:ec2/managedPrefixList:ManagedPrefixList"
ROUTE, ROUTES = "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable"
PEERING, ATTACHMENT = (
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment",
)
DATABASE, BUCKET = "aws:rds/instance:Instance", "aws:s3/bucket:Bucket"
BLOCK, BUCKET_POLICY = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketPolicy:BucketPolicy"
BALANCER, CLUSTER, INSTANCE = "aws:lb/loadBalancer:LoadBalancer", "aws:eks/cluster:Cluster", "aws:ec2/instance:Instance"
ROLE, INLINE = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ATTACHED = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
TRAIL, FLOW_LOG, DETECTOR = "aws:cloudtrail/trail:Trail", "aws:ec2/flowLog:FlowLog", "aws:guardduty/detector:Detector"

Side = list[Node]


def ingress(*cidrs: str, port: Any = 22, last: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "protocol": "tcp",
        "fromPort": port,
        "toPort": port if last is None else last,
        "cidrBlocks": list(cidrs),
        **more,
    }


def group(*rules: dict[str, Any], token: str = GROUP, name: str = "front") -> Side:
    return [node(token, name, ingress=list(rules))]


def rights(*statements: dict[str, Any], document: Any = None) -> Side:
    role = node(ROLE, "task")
    text = policy(*statements) if document is None else document
    return [role, node(INLINE, "task", role="task", policy=text, deps={"role": [role]})]


def trust(principal: Any, **more: Any) -> Side:
    return [node(ROLE, "task", assumeRolePolicy=policy({"Action": "sts:AssumeRole", "Principal": principal, **more}))]


def followed(source: Side) -> Side:
    """A group that lets in whoever is in another one."""
    rule = node(RULE, "data", ipProtocol="tcp", fromPort=5432, toPort=5432, securityGroupId="data-id",
                referencedSecurityGroupId="open-id", deps={"securityGroupId": [node(GROUP, "data")], "referencedSecurityGroupId": source})  # fmt: skip
    return [*source, node(GROUP, "data"), rule]


OPEN = group(ingress("0.0.0.0/0", port=0, last=65535), name="open")
MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
READ = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def one(token: str, name: str = "it", /, **inputs: Any) -> Side:
    return [node(token, name, **inputs)]


# Name, before, after, kind of the finding, words of its title.
DANGERS: list[tuple[str, Side, Side, str, str]] = [
    ("RD001 a database is destroyed", one(DATABASE), [], "data loss", "loses its data"),
    ("RD001 a volume is destroyed", one("aws:ebs/volume:Volume"), [], "data loss", "loses its data"),
    ("RD002 a database is replaced", one(DATABASE, storageEncrypted=True), one(DATABASE, storageEncrypted=False), "data loss", "replaces the database"),
    ("RD003 a replacement deletes first", one(BALANCER, name="a", internal=False), one(BALANCER, name="a", internal=True), "replacement", "replaces"),
    ("RD004 deletion protection goes", one(DATABASE, deletionProtection=True), one(DATABASE, deletionProtection=False), "data loss", "guards"),
    ("RD004 no final snapshot any more", one(DATABASE, skipFinalSnapshot=False), one(DATABASE, skipFinalSnapshot=True), "data loss", "snapshot"),
    ("NE012 a range that nobody knows", group(ingress("10.0.0.0/8")), [node(GROUP, "front", ingress=Unknown)], "unknown", "front"),
    ("RD006 a secret changes without showing how", one(DATABASE, password=Secret("a")), one(DATABASE, password=Secret("b")), "secrets", "password"),
    ("RD008 whether it is public is not known", one(DATABASE, publiclyAccessible=False), one(DATABASE, publiclyAccessible=Unknown), "unknown", "it"),
    ("RD009 a trail is removed", one(TRAIL, name="audit"), [], "watching", "trail"),
    ("RD009 a trail is switched off", one(TRAIL, enableLogging=True), one(TRAIL, enableLogging=False), "watching", "trail"),
    ("RD009 flow logs are removed", one(FLOW_LOG), [], "watching", "flow log"),
    ("RD009 rules of Prometheus are removed", one("kubernetes:monitoring.coreos.com/v1:PrometheusRule"), [], "watching", "rules of Prometheus"),
    ("RD009 whom Alertmanager tells is removed", one("kubernetes:monitoring.coreos.com/v1alpha1:AlertmanagerConfig"), [], "watching", "alertmanager config"),
    ("RD009 the log's mask is removed", one("aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"), [], "watching", "log data protection"),
    ("RD009 the channel is removed", one("aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"), [], "watching", "channel"),
    ("RD009 the threat detector is removed", one(DETECTOR, enable=True), [], "watching", "detector"),
    ("RD010 backups are no longer kept", one(DATABASE, backupRetentionPeriod=7), one(DATABASE, backupRetentionPeriod=0), "data loss", "backup"),
    ("RD010 versions are no longer kept", one("aws:s3/bucketVersioning:BucketVersioning", versioningConfiguration={"status": "Enabled"}), one("aws:s3/bucketVersioning:BucketVersioning", versioningConfiguration={"status": "Suspended"}), "data loss", "gone"),
    ("NE001 SSH to the internet", group(ingress("10.0.0.0/8")), group(ingress("0.0.0.0/0")), "exposure", "whole internet"),
    ("NE001 a range of ports swallows a database", group(ingress("10.0.0.0/8", port=1024, last=65535)), group(ingress("0.0.0.0/0", port=1024, last=65535)), "exposure", "whole internet"),
    ("NE001 the default group, too", group(token=DEFAULT_GROUP), group(ingress("0.0.0.0/0"), token=DEFAULT_GROUP), "exposure", "whole internet"),
    ("NE002 every port", group(), group(ingress("0.0.0.0/0", port=0, last=65535)), "exposure", "whole internet"),
    ("NE002 every protocol by four quarters", group(), group({"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]}), "exposure", "whole internet"),
    ("NE003 ports that nobody knows", group(), group(ingress("0.0.0.0/0", port=Unknown, last=Unknown)), "exposure", "whole internet"),
    ("NE003 the old kind of rule", [], one(OLD_RULE, type="ingress", protocol="tcp", fromPort=443, toPort=443, cidrBlocks=["0.0.0.0/0"], securityGroupId="sg-1"), "exposure", "whole internet"),
    ("NE004 a range is widened", group(ingress("198.51.100.0/24")), group(ingress("198.0.0.0/8")), "exposure", "public addresses"),
    ("NE005 the public access block goes", one(BLOCK, bucket="b", blockPublicAcls=True, blockPublicPolicy=True, ignorePublicAcls=True, restrictPublicBuckets=True), [], "exposure", "public access"),
    ("NE006 a database becomes public", one(DATABASE, publiclyAccessible=False), one(DATABASE, publiclyAccessible=True), "exposure", "public address"),
    ("NE007 a load balancer turns to the internet", one(BALANCER, internal=True), one(BALANCER, internal=False), "exposure", "faces the internet"),
    ("NE008 a network ACL lets the internet in", [], one(ACL_RULE, egress=False, protocol="-1", ruleAction="allow", ruleNumber=100, cidrBlock="0.0.0.0/0"), "exposure", "whole internet"),
    ("NE009 everything may go out", [], one(OUTGOING, ipProtocol="-1", cidrIpv4="0.0.0.0/0", securityGroupId="sg-1"), "exposure", "go out"),
    ("NE010 the Kubernetes API is public", one(CLUSTER, vpcConfig={"endpointPublicAccess": False}), one(CLUSTER, vpcConfig={"endpointPublicAccess": True}), "exposure", "internet"),
    ("NE011 a machine gets a public address", one(INSTANCE, associatePublicIpAddress=False), one(INSTANCE, associatePublicIpAddress=True), "exposure", "public address"),
    ("NE011 an address is tied to a machine", [], one("aws:ec2/eipAssociation:EipAssociation", instanceId="i-1", allocationId="eip-1"), "exposure", "public address"),
    ("NE013 a subnet is routed to the internet", one(ROUTES, routes=[]), one(ROUTES, routes=[{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}]), "exposure", "internet"),
    ("NE013 a route of its own", [], one(ROUTE, routeTableId="rtb-1", destinationCidrBlock="0.0.0.0/0", gatewayId="igw-1"), "exposure", "internet"),
    ("NE014 a group that is itself open may come in", [*OPEN, node(GROUP, "data")], followed(OPEN), "exposure", "open"),
    ("NE015 two networks are joined", [], one(PEERING, vpcId="vpc-1", peerVpcId="vpc-2"), "exposure", "joins"),
    ("NE015 by a transit gateway", [], one(ATTACHMENT, vpcId="vpc-1", transitGatewayId="tgw-1"), "exposure", "joins"),
    ("NE016 a deny is deleted", one(ACL_RULE, egress=False, protocol="-1", ruleAction="deny", ruleNumber=90, cidrBlock="203.0.113.0/24"), [], "exposure", "denies"),
    ("NE017 anybody by a resource's policy", one(BUCKET_POLICY, policy=policy({**READ, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}})), one(BUCKET_POLICY, policy=policy({**READ, "Principal": "*"})), "exposure", "anybody"),
    ("NE018 a prefix list is widened", one(PREFIXES, entries=[{"cidr": "10.0.0.0/8"}]), one(PREFIXES, entries=[{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}]), "exposure", "whole internet"),
    ("PE001 every action", rights(READ), rights(READ, {"Action": "*", "Resource": "*"}), "permissions", "on everything"),
    ("PE002 roles may be passed on", rights(READ), rights(READ, {"Action": "iam:PassRole", "Resource": "*"}), "permissions", "PassRole"),
    ("PE003 anybody may take the role", trust({"Service": "ecs-tasks.amazonaws.com"}), trust({"AWS": "*"}), "permissions", "anybody"),
    ("PE004 a right that leads to others", rights(READ), rights(READ, {"Action": "iam:CreatePolicyVersion", "Resource": "arn:aws:iam::123456789012:policy/p"}), "permissions", "CreatePolicyVersion"),
    ("PE005 a condition goes", rights({**READ, **MFA}), rights(READ), "permissions", "GetObject"),
    ("PE006 everything but", rights(READ), rights(READ, {"NotAction": "s3:DeleteBucket", "Resource": "*"}), "permissions", "on everything"),
    ("PE007 administrator", [node(ROLE, "task")], [node(ROLE, "task"), node(ATTACHED, "task", role="task", policyArn=ADMIN, deps={"role": [node(ROLE, "task")]})], "permissions", "AdministratorAccess"),
    ("PE008 a document that nobody knows", rights(READ), rights(document=Unknown), "unknown", "task"),
]  # fmt: skip

HARMLESS: list[tuple[str, Side, Side]] = [
    ("nothing", OPEN, OPEN),
    ("tags of an open group", OPEN, [node(GROUP, "open", ingress=OPEN[0].inputs["ingress"], tags={"team": "ml"})]),
    ("a range is narrowed", group(ingress("0.0.0.0/0")), group(ingress("10.20.0.0/16"))),
    ("a range is written in two halves", group(ingress("10.0.0.0/8")), group(ingress("10.0.0.0/9", "10.128.0.0/9"))),
    ("a condition is added", rights(READ), rights({**READ, **MFA})),
    ("a right is taken away", rights(READ, {"Action": "s3:PutObject", "Resource": "*"}), rights(READ)),
    ("a database leaves the internet", one(DATABASE, publiclyAccessible=True), one(DATABASE, publiclyAccessible=False)),
    ("backups are kept for longer", one(DATABASE, backupRetentionPeriod=7), one(DATABASE, backupRetentionPeriod=30)),
    ("a prefix list is narrowed", one(PREFIXES, entries=[{"cidr": "0.0.0.0/0"}]), one(PREFIXES, entries=[{"cidr": "10.0.0.0/8"}])),
    ("an allow of a network ACL goes", one(ACL_RULE, egress=False, protocol="-1", ruleAction="allow", ruleNumber=1, cidrBlock="0.0.0.0/0"), []),
    ("a route to a NAT gateway", [], one(ROUTE, routeTableId="rtb-1", destinationCidrBlock="0.0.0.0/0", natGatewayId="nat-1")),
    ("statements in another order", rights(READ, {"Action": "logs:PutLogEvents", "Resource": "*"}), rights({"Action": "logs:PutLogEvents", "Resource": "*"}, READ)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "kind", "words"), [each[1:] for each in DANGERS], ids=[each[0] for each in DANGERS]
)
def test_a_danger_is_found(before: Side, after: Side, kind: str, words: str) -> None:
    found = [each for each in all_findings(changes(before, after)) if each.kind == kind and words in each.title]
    assert found, [(each.kind, each.title) for each in all_findings(changes(before, after))]
    assert found[0].severity != "note" or kind == "unknown"


@pytest.mark.parametrize(("before", "after"), [each[1:] for each in HARMLESS], ids=[each[0] for each in HARMLESS])
def test_what_is_harmless_is_not_warned_of(before: Side, after: Side) -> None:
    assert [each.title for each in all_findings(changes(before, after)) if each.severity in ("high", "medium")] == []


@pytest.mark.parametrize("after", [each[2] for each in DANGERS], ids=[each[0] for each in DANGERS])
def test_a_danger_that_was_there_before_is_not_told(after: Side) -> None:
    assert all_findings(changes(after, after)) == []


@pytest.mark.parametrize("danger", DANGERS, ids=[each[0] for each in DANGERS])
def test_the_worst_stands_in_the_first_300_characters(danger: tuple[str, Side, Side, str, str]) -> None:
    _, before, after, _, _ = danger
    found = report(changes(before, after), region="us-west-2")
    assert found.findings[0].title in found.verdict[:300]

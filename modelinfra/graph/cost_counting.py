"""How much there is of what has a fixed price, type by type; what is paid by use; and what costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from modelinfra.graph.cost_view import CostView, Unclear, Use, number
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown, listed, mapping

Rule = Callable[[CostView, Node], Iterator[Use | Unclear]]

KNOWN_LATER: Final = "known only after the deployment"

_LOAD_BALANCERS: Final = {
    "application": ("alb", "application load balancer"),
    "network": ("nlb", "network load balancer"),
}


def _load_balancer(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    inputs = view.inputs(node)
    kind = inputs.get("loadBalancerType") or "application"
    if kind not in _LOAD_BALANCERS:
        yield Unclear(f"{kind} load balancer", "not in the table")
        return
    item, what = _LOAD_BALANCERS[kind]
    yield Use(what, f"{item}.load-balancer")
    if inputs.get("internal") is not True:
        # At least one address in each zone; a busy application load balancer takes more.
        zones = len(listed(inputs.get("subnets")) or listed(inputs.get("subnetMappings")))
        if zones:
            yield Use("public IPv4 address", "public-ipv4", Decimal(zones), Decimal(zones))
        else:
            yield Unclear("public IPv4 address", KNOWN_LATER)


def _nat_gateway(_view: CostView, _node: Node) -> Iterator[Use | Unclear]:
    yield Use("NAT gateway", "nat.gateway")


def _address(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    pool = view.inputs(node).get("publicIpv4Pool")
    if pool in (None, "", "amazon"):  # an address of one's own costs nothing
        yield Use("public IPv4 address", "public-ipv4")


def _endpoint(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    inputs = view.inputs(node)
    kind = inputs.get("vpcEndpointType") or "Gateway"
    if kind == "Gateway":
        return  # those of S3 and DynamoDB cost nothing
    if kind != "Interface":
        yield Unclear(f"{kind} endpoint", "not in the table")
        return
    subnets = inputs.get("subnetIds")
    zones = len(listed(subnets)) or len(listed(inputs.get("subnetConfigurations")))
    if subnets is Unknown or not zones:
        yield Unclear("interface endpoint", KNOWN_LATER)
    else:
        yield Use("interface endpoint in a zone", "endpoint.zone", Decimal(zones), Decimal(zones))


def _alarm(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """An alarm is paid by the metrics that it looks at."""
    inputs = view.inputs(node)
    queries = [mapping(query.get("metric")) for query in map(mapping, listed(inputs.get("metricQueries")))]
    looked_at = [metric for metric in queries if metric]
    periods = [number(metric.get("period")) for metric in looked_at] or [number(inputs.get("period"))]
    fast = any(period is not None and period < 60 for period in periods)
    item = "alarm.high-resolution" if fast else "alarm.standard"
    count = Decimal(max(len(looked_at), 1))
    yield Use("alarm metric", item, count, count)


def _scaling_policy(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """Target tracking has two alarms made for it, one with `disableScaleIn`; the alarms of steps are resources of their own."""
    tracking = view.inputs(node).get("targetTrackingScalingPolicyConfiguration")
    if tracking is Unknown:
        yield Unclear("alarms of autoscaling", KNOWN_LATER)
    elif tracking:
        custom = mapping(mapping(tracking).get("customizedMetricSpecification"))
        metrics = sum(1 for each in map(mapping, listed(custom.get("metrics"))) if each.get("metricStat")) or 1
        count = Decimal(metrics * (1 if mapping(tracking).get("disableScaleIn") is True else 2))
        yield Use("alarm metric of autoscaling", "alarm.standard", count, count)


def _devices(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """Of ECS Anywhere: as many as may be let in. Those that were let in before, by another activation, no declaration counts."""
    if any(view.inputs(service).get("launchType") == "EXTERNAL" for service in view.all(_SERVICE)):
        limit = number(view.inputs(node).get("registrationLimit"))
        if limit is None:
            yield Unclear("device of ECS Anywhere", KNOWN_LATER)
        else:
            yield Use("device of ECS Anywhere", "ecs-anywhere.device", Decimal(0), limit)


def _on_greengrass(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """In the ring of a deployment: as many as the claim of its fleet lets into each. AWS bills those that are connected in a month."""
    variables = [
        mapping(mapping(view.inputs(function).get("environment")).get("variables"))
        for function in view.all("aws:lambda/function:Function")
        if view.component(function) == view.component(node)
    ]
    limit = next((number(each["ADMIT_DEVICES"]) for each in variables if "ADMIT_DEVICES" in each), None)
    if limit is None:
        yield Unclear("device of Greengrass", "nothing here says how many there may be")
    else:
        yield Use("device of Greengrass", "greengrass.device", Decimal(0), limit)


_SERVICE: Final = "aws:ecs/service:Service"


def _one(what: str, item: str) -> Rule:
    def rule(_view: CostView, _node: Node) -> Iterator[Use | Unclear]:
        yield Use(what, item)

    return rule


_KEY: Final = _one("KMS key", "kms.key")

RULES: Final[dict[str, Rule]] = {
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:appautoscaling/policy:Policy": _scaling_policy,
    "aws:cloudwatch/dashboard:Dashboard": _one("dashboard", "dashboard"),
    "aws:kms/key:Key": _KEY,
    "aws:kms/replicaKey:ReplicaKey": _KEY,
    "aws:kms/externalKey:ExternalKey": _KEY,
    "aws:secretsmanager/secret:Secret": _one("secret", "secret"),
    "aws:ssm/activation:Activation": _devices,
    "aws:eks/cluster:Cluster": _one("EKS cluster", "eks.cluster"),
    "aws-native:greengrassv2:Deployment": _on_greengrass,
}
"""Resource type -> what of it has a price. Services on Fargate and instances have files of their own."""

_TRAFFIC: Final = "traffic"

BY_USE: Final[dict[str, tuple[str, ...]]] = {
    "aws:lb/loadBalancer:LoadBalancer": (_TRAFFIC, "load balancer capacity units"),
    "aws:ec2/natGateway:NatGateway": (_TRAFFIC,),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (_TRAFFIC,),
    "aws:ec2/internetGateway:InternetGateway": (_TRAFFIC,),
    "aws:ec2/flowLog:FlowLog": ("logs",),
    "aws:cloudwatch/logGroup:LogGroup": ("logs",),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": ("logs looked through for personal data",),
    "aws:ecr/repository:Repository": ("stored images",),
    "aws:s3/bucket:Bucket": ("stored objects",),
    "aws:s3/bucketV2:BucketV2": ("stored objects",),
    "aws:ecs/cluster:Cluster": ("Container Insights metrics",),
    "aws:autoscaling/policy:Policy": ("alarms that autoscaling makes",),
    "aws:kms/key:Key": ("requests to keys and secrets",),
    "aws:lambda/function:Function": ("calls of functions",),
    "aws:secretsmanager/secret:Secret": ("requests to keys and secrets",),
    "aws:sns/topic:Topic": ("notifications",),
    "aws:sqs/queue:Queue": ("requests to queues",),
    "aws:apigatewayv2/api:Api": ("requests to gateways", _TRAFFIC),
    "aws:ec2/instance:Instance": ("disks",),
    "aws:autoscaling/group:Group": ("disks",),
    "aws:ecs/capacityProvider:CapacityProvider": ("disks",),
    "aws:eks/nodeGroup:NodeGroup": ("disks",),
    "aws:ebs/volume:Volume": ("disks",),
}
"""Resource type -> what is paid by use, in words."""

_FREE_MODULES: Final = (
    "aws:iam/",
    # AWS IoT Core pricing: connections and messages, which those of devices are, and not what is declared.
    "aws:iot/",
    "aws:vpc/",
    "aws:appautoscaling/",
    "aws:lb/",
    "aws:ecs/",
    "aws:ecr/",
    "aws:autoscaling/",
)
_FREE: Final = frozenset(
    {
        # API Gateway pricing: HTTP APIs are paid by the request.
        "aws:apigatewayv2/apiMapping:ApiMapping",
        "aws:apigatewayv2/authorizer:Authorizer",
        "aws:apigatewayv2/domainName:DomainName",
        "aws:apigatewayv2/integration:Integration",
        "aws:apigatewayv2/route:Route",
        "aws:apigatewayv2/stage:Stage",
        "aws:acm/certificate:Certificate",
        "aws:lambda/permission:Permission",
        # AWS Budgets pricing: to watch and to tell is free, actions are not.
        "aws:budgets/budget:Budget",
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration",
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/networkAcl:NetworkAcl",
        "aws:ec2/placementGroup:PlacementGroup",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:kms/alias:Alias",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:secretsmanager/secretVersion:SecretVersion",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
    }
)


def is_free(token: str) -> bool:
    """Whether AWS charges nothing for the resource itself; what is not known to be free is named as not counted."""
    return token in _FREE or token.startswith(_FREE_MODULES)


def range_of(least: Any, most: Any) -> tuple[Decimal, Decimal] | None:
    """Two numbers, None when one of them is unknown."""
    low, high = number(least), number(most)
    return None if low is None or high is None else (low, high)

"""What others stand on and that goes: addresses, ways in and out."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.links import Links
from modelinfra.review.findings.words import called, endpoint_of, listing

GONE: dict[str, tuple[Severity, str, str]] = {
    "aws:lb/loadBalancer:LoadBalancer": ("medium", "its DNS name answers no more", "Clients that use its name lose what it served."),
    "aws:lb/listener:Listener": ("medium", "its port is closed", "Clients that use this port lose what it served."),
    "aws:apigatewayv2/api:Api": ("high", "its address answers no more", "Who calls the gateway finds nothing; a new one has another address of AWS's."),
    "aws:ec2/vpcEndpointService:VpcEndpointService": (
        "high", "its consumers are cut off", "AWS refuses while a consumer is connected: reject the connections first. A new one has another service name."
    ),
    "aws:ec2/eip:Eip": ("medium", "it goes back to AWS", "The address goes back to AWS, and another account may get it: take it out of allow-lists."),
    "aws:ec2/natGateway:NatGateway": ("medium", "its subnets lose this way out", "Where no other way leads out, nothing in its subnets reaches the internet."),
    "aws:ec2/internetGateway:InternetGateway": ("high", "its network loses the internet", "Nothing in the network reaches the internet, or is reached from it."),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("low", "calls to the service go another way", "They go by the NAT gateway, at its price, or fail where there is none."),
    "aws:ec2/vpc:Vpc": ("high", "a whole network goes", "Peers and other stacks that stand in it lose it; AWS refuses while something else is in it."),
    "aws:ecs/service:Service": ("high", "its tasks are ended", "What it served is no longer answered."),
    "aws:ecs/cluster:Cluster": ("medium", "services of other stacks in it lose it", "AWS refuses while other services run in it."),
    "aws:autoscaling/group:Group": ("high", "its machines are ended", "What ran on them ends."),
    "aws:eks/nodeGroup:NodeGroup": ("high", "its nodes are ended", "Pods that fit nowhere else wait."),
    "aws:lambda/function:Function": ("high", "it can no longer be called", ""),
    "aws:sagemaker/endpoint:Endpoint": ("high", "it no longer answers", ""),
    "kubernetes:serving.kserve.io/v1alpha1:InferenceGraph": ("high", "its address no longer answers", "The endpoints behind it still do, each at its own."),
    "aws:route53/record:Record": ("medium", "a name is no longer answered", "Clients that use the name find nothing."),
    "aws:acm/certificate:Certificate": ("low", "its names have no certificate here", "AWS refuses while a listener uses it."),
    "aws:iot/thingGroup:ThingGroup": (
        "high", "its devices end what they run", "They are in no group then, and end what the group gave them when they next ask: move them first."
    ),
    "aws-native:greengrassv2:Deployment": ("medium", "devices that come later get nothing", "Devices that run it go on; AWS cancels it for those that have not got it."),
    "aws:iot/provisioningTemplate:ProvisioningTemplate": ("low", "no device is let in any more", "Devices that are enrolled stay so."),
    "aws:iot/roleAlias:RoleAlias": ("high", "devices get no credentials", "They pull no images and reach no other service any more."),
}  # fmt: skip
"""Type -> severity, the consequence in a few words, and in a sentence."""

# Told with the load balancer where that goes, too.
_LISTENS_ON = {"aws:lb/listener:Listener": "loadBalancerArn"}


def findings(changes: Changes) -> Iterator[Finding]:
    """One finding for each, unless it goes with its endpoint, which is told as a whole, or is only called otherwise."""
    links, gone = Links(changes.before), {each.urn for each in changes.of("delete")}
    for change in changes.of("delete"):
        told = GONE.get(change.type.replace("aws:alb/", "aws:lb/"))
        node = change.node
        endpoint = endpoint_of(changes.before, node)
        with_endpoint = endpoint is not None and endpoint.urn not in changes.after
        if told is None or with_endpoint or node.retain_on_delete:
            continue
        if _LISTENS_ON.get(change.type) and any(
            urn in gone for urn in node.property_deps.get(_LISTENS_ON[change.type], ())
        ):
            continue
        if change.urn in changes.moved.values() and told[0] != "high":
            continue
        severity, brief, text = told
        touched = [name for name in links.endpoints([change.urn]) if name != node.name]
        touches = f"It touches {listing(touched, 6)}." if touched else ""
        yield Finding(
            "traffic", severity, change.urn, f"deletes {called(changes.before, node)}: {brief}", f"{text} {touches}".strip()
        )  # fmt: skip

"""An endpoint service of AWS PrivateLink: a network load balancer that hands connections on to the endpoint's own, as they are."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import Output

from modelinfra.options.private_link import IDLE_SECONDS, names_privately
from modelinfra.platforms.base import EndpointRequest, NetworkReference
from modelinfra.platforms.ecs.load_balancer import HTTP_PORT, LoadBalancerReference
from modelinfra.platforms.ecs.objectives import told
from modelinfra.platforms.ecs.security_hop import register_hop
from modelinfra.platforms.iam import principals_of

NAMESPACE = "AWS/PrivateLinkServices"

_MOST_IDLE_SECONDS = 6000
_RECORD_TTL = 300
_MINUTE, _MINUTES = 60, 3


@dataclass(frozen=True)
class PrivateLink:
    """service_id, service_name: as consumers and metrics name the endpoint service."""

    service_id: Output[str]
    service_name: Output[str]
    alarm: aws.cloudwatch.MetricAlarm


def register_private_link(
    request: EndpointRequest,
    network: NetworkReference,
    balancer: LoadBalancerReference,
    service: aws.ecs.Service,
    *,
    production: bool,
    longest_request: int,
) -> PrivateLink:
    """TLS is not touched, so the load balancer behind asks for certificates and tokens as ever; addresses of clients are lost on the way.

    service: serves before anybody can connect, and is still there when AWS refuses to take an endpoint service away from its consumers.
    """
    children = request.children
    group, rules = register_hop(request, network, balancer, "private-link", sorted({HTTP_PORT, balancer.port}))
    front = aws.lb.LoadBalancer(
        children.named("link", "load balancer"),
        internal=True,
        load_balancer_type="network",
        subnets=list(network.load_balancer_subnet_ids),
        security_groups=[group],
        # Nobody is let in to the group by address, and consumers come by the endpoint service alone.
        enforce_security_group_inbound_rules_on_private_link_traffic="off",
        # A consumer's zone is served also while this side of it has no healthy address.
        enable_cross_zone_load_balancing=True,
        enable_deletion_protection=production,
        opts=children.opts("private-link-load-balancer", replacement_trigger=network.vpc_id),
    )
    target = aws.lb.TargetGroup(
        children.named("link", "target group"),
        vpc_id=network.vpc_id,
        target_type="alb",
        protocol="TCP",
        port=balancer.port,
        # Whether the load balancer itself answers. What it answers (not found, over HTTPS, a key) tells of the path and not of it, and of
        # replicas it knows more than this one. Port 80 asks for no certificates of clients.
        health_check={
            "protocol": "HTTP",
            "port": str(HTTP_PORT),
            "path": "/",
            "matcher": "200-499",
            "interval": 10,
            "timeout": 6,
            "healthy_threshold": 2,
            "unhealthy_threshold": 2,
        },
        opts=children.opts("private-link-target-group"),
    )
    aws.lb.TargetGroupAttachment(
        children.named("link"),
        target_group_arn=target.arn,
        # Elastic Load Balancing takes a load balancer for a target when it listens on the port.
        target_id=Output.all(balancer.arn, balancer.listener_arn).apply(lambda found: str(found[0])),
        port=balancer.port,
        opts=children.opts("private-link-target", depends_on=rules),
    )
    listener = aws.lb.Listener(
        children.named("link"),
        load_balancer_arn=front.arn,
        port=balancer.port,
        protocol="TCP",
        tcp_idle_timeout_seconds=min(max(IDLE_SECONDS, longest_request), _MOST_IDLE_SECONDS),
        default_actions=[{"type": "forward", "target_group_arn": target.arn}],
        opts=children.opts("private-link-listener"),
    )
    offered = _endpoint_service(request, front, listener, service)
    alarm = aws.cloudwatch.MetricAlarm(
        children.named("link-unhealthy", "alarm"),
        alarm_description=f"Endpoint {request.name}: the load balancer does not answer the one of PrivateLink",
        namespace="AWS/NetworkELB",
        metric_name="HealthyHostCount",
        statistic="Minimum",
        dimensions={"LoadBalancer": front.arn_suffix, "TargetGroup": target.arn_suffix},
        period=_MINUTE,
        evaluation_periods=_MINUTES,
        comparison_operator="LessThanThreshold",
        threshold=1,
        treat_missing_data="notBreaching",
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=children.opts("private-link-alarm"),
    )
    return PrivateLink(offered.id, offered.service_name, alarm)


def _endpoint_service(
    request: EndpointRequest, front: aws.lb.LoadBalancer, listener: aws.lb.Listener, service: aws.ecs.Service
) -> aws.ec2.VpcEndpointService:
    children, exposure = request.children, request.options.exposure
    link, named = exposure.private_link, names_privately(exposure)
    offered = aws.ec2.VpcEndpointService(
        children.named("link"),
        network_load_balancer_arns=[front.arn],
        acceptance_required=link.acceptance_required,
        allowed_principals=front.arn.apply(lambda arn: principals_of(list(link.principals), arn.split(":")[1])),
        private_dns_name=exposure.domain if named else None,
        supported_ip_address_types=["ipv4"],
        # Taken away first: while somebody is connected AWS refuses, and then everything behind it must still be there.
        opts=children.opts("endpoint-service", depends_on=[listener, service]),
    )
    if named:
        proof = offered.private_dns_name_configurations
        record = aws.route53.Record(
            children.named("link-proof"),
            zone_id=exposure.hosted_zone_id,
            # AWS gives a name below the domain (`_abc123`) and the text that must stand there.
            name=proof.apply(lambda given: f"{given[0].name}.{exposure.domain}"),
            type=proof.apply(lambda given: str(given[0].type)),
            records=[proof.apply(lambda given: str(given[0].value))],
            ttl=_RECORD_TTL,
            opts=children.opts("private-dns-record"),
        )
        aws.vpc.EndpointServicePrivateDnsVerification(
            children.named("link-proof"),
            service_id=offered.id,
            wait_for_verification=True,
            opts=children.opts("private-dns-verification", depends_on=[record]),
        )
    return offered

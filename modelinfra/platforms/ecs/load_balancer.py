"""An application load balancer that answers 404 until endpoints add rules to it: internal over HTTP, or as an endpoint's exposure says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import NONE, Adjustments, Children
from modelinfra.options.doors import behind_other_doors
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.ecs.access_logs import access_logs
from modelinfra.platforms.ecs.api_keys import ApiKey
from modelinfra.platforms.ecs.authentication import client_certificates
from modelinfra.platforms.ecs.firewall import register_firewall

HTTP_PORT, HTTPS_PORT = 80, 443
DEFAULT_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_ANYWHERE = "0.0.0.0/0"

_NOTHING_HERE: aws.lb.ListenerDefaultActionArgsDict = {
    "type": "fixed-response",
    "fixed_response": {
        "content_type": "text/plain",
        "message_body": "There is no endpoint at this path.",
        "status_code": "404",
    },
}
_TO_HTTPS: aws.lb.ListenerDefaultActionArgsDict = {
    "type": "redirect",
    # 308 keeps method and body, 301 does not; the load balancer offers 301 and 302 alone.
    "redirect": {"protocol": "HTTPS", "port": str(HTTPS_PORT), "status_code": "HTTP_301"},
}


@dataclass(frozen=True)
class LoadBalancerReference:
    """A load balancer as endpoints see it. url: its address. dns_name, zone_id: what a domain is pointed at. owns_security_group: whether
    rules may be added to the security group. arn: of one that is made here. encrypted: whether its listener speaks HTTPS."""

    arn_suffix: Input[str]
    url: Output[str]
    dns_name: Output[str]
    zone_id: Output[str]
    listener_arn: Input[str]
    security_group_id: Input[str]
    owns_security_group: bool = True
    arn: Input[str] = ""
    encrypted: bool = False

    @property
    def port(self) -> int:
        """Of the listener."""
        return HTTPS_PORT if self.encrypted else HTTP_PORT


class ApplicationLoadBalancer(pulumi.ComponentResource):
    """Load balancer, security group and listeners; with an exposure also firewall and access logs.

    exposure: validated options of an endpoint; None for one that the network's own addresses reach on port 80. certificate_arn: of its
    domain, where it has one. api_keys: what the firewall asks for, where the exposure has keys.
    """

    reference: LoadBalancerReference
    """The load balancer as endpoints see it."""

    def __init__(
        self,
        name: str,
        network: NetworkReference,
        *,
        idle_timeout_seconds: int,
        production: bool,
        exposure: Any = None,
        certificate_arn: Input[str] | None = None,
        api_keys: Sequence[ApiKey] = (),
        security_group_id: Input[str] | None = None,
        adjustments: Adjustments = NONE,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        was = pulumi.Alias(type_="modelinfra:index:InternalLoadBalancer")
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=[was]))
        super().__init__("modelinfra:index:ApplicationLoadBalancer", name, None, opts)
        children = Children(self, name, adjustments)
        public = exposure is not None and exposure.public
        group_id = security_group_id if security_group_id is not None else _security_group(children, network, exposure)
        logs = access_logs(children, exposure, production) if exposure is not None else None
        balancer = aws.lb.LoadBalancer(
            children.named("lb", "load balancer"),
            internal=not public,
            load_balancer_type="application",
            subnets=list(network.public_subnet_ids if public else network.load_balancer_subnet_ids),
            security_groups=[group_id],
            idle_timeout=idle_timeout_seconds,
            drop_invalid_header_fields=True,
            enable_deletion_protection=production,
            access_logs={"bucket": logs.bucket, "enabled": True} if logs is not None else None,
            # It stays in its VPC for ever: AWS refuses subnets of another one (pulumi/pulumi-aws#1382), and the provider plans an update.
            opts=children.opts(
                "load-balancer",
                replacement_trigger=network.vpc_id,
                # Elastic Load Balancing writes a file to try the bucket, and a public one is found only along the route to it.
                depends_on=[*(logs.needs if logs is not None else ()), *(network.ways_in if public else ())],
            ),
        )
        listener = _listen(children, balancer, exposure, certificate_arn)
        if exposure is not None:
            register_firewall(children, balancer.arn, exposure, api_keys)
        domain = exposure.domain if exposure is not None else None
        self.reference = LoadBalancerReference(
            arn_suffix=balancer.arn_suffix,
            url=Output.from_input(f"https://{domain}") if domain else Output.concat("http://", balancer.dns_name),
            dns_name=balancer.dns_name,
            zone_id=balancer.zone_id,
            listener_arn=listener.arn,
            security_group_id=group_id,
            owns_security_group=security_group_id is None,
            arn=balancer.arn,
            encrypted=certificate_arn is not None,
        )
        self.register_outputs({"dns_name": balancer.dns_name, "listener_arn": listener.arn})


def _listen(
    children: Children, balancer: aws.lb.LoadBalancer, exposure: Any, certificate_arn: Input[str] | None
) -> aws.lb.Listener:
    """The listener to which endpoints add their rules."""
    encrypted = certificate_arn is not None
    http = aws.lb.Listener(
        children.named("http"),
        load_balancer_arn=balancer.arn,
        port=HTTP_PORT,
        protocol="HTTP",
        default_actions=[_TO_HTTPS if encrypted else _NOTHING_HERE],
        opts=children.opts("listener"),
    )
    if not encrypted:
        return http
    return aws.lb.Listener(
        children.named("https"),
        load_balancer_arn=balancer.arn,
        port=HTTPS_PORT,
        protocol="HTTPS",
        certificate_arn=certificate_arn,
        ssl_policy=exposure.tls_policy or DEFAULT_TLS_POLICY,
        mutual_authentication=client_certificates(children, exposure),
        default_actions=[_NOTHING_HERE],
        opts=children.opts("tls-listener"),
    )


def _security_group(children: Children, network: NetworkReference, exposure: Any) -> Output[str]:
    encrypted = exposure is not None and exposure.domain is not None
    group = aws.ec2.SecurityGroup(
        children.named("front", "security group"),
        vpc_id=network.vpc_id,
        # AWS replaces a group whose description changes: the sentence holds for every exposure.
        description="Load balancer: HTTP from the network, on to the tasks of the endpoints",
        opts=children.opts("load-balancer-security-group"),
    )
    for suffix, clients, who in _clients(network, exposure):
        for prefix, port, protocol in (("", HTTP_PORT, "HTTP"), ("tls-", HTTPS_PORT, "HTTPS"))[: 2 if encrypted else 1]:
            aws.vpc.SecurityGroupIngressRule(
                children.named(f"{prefix}from-{suffix}"),
                security_group_id=group.id,
                **clients,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=f"{protocol} from {who}",
                opts=children.opts("tls-ingress" if prefix else "load-balancer-ingress"),
            )
    return group.id


def _clients(network: NetworkReference, exposure: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Who may connect: the suffix of the rule's name, its side of the rule, and who that is in words."""
    cidrs = (exposure.cidrs if exposure is not None else None) or ()
    groups = (exposure.security_groups if exposure is not None else None) or {}
    for cidr in cidrs:
        yield cidr.replace(".", "-").replace("/", "-"), {"cidr_ipv4": cidr}, cidr
    for name, group_id in groups.items():
        yield f"group-{name}", {"referenced_security_group_id": group_id}, f"members of {name}"
    if cidrs or groups or (exposure is not None and behind_other_doors(exposure)):
        return
    if exposure is not None and exposure.public:
        yield "internet", {"cidr_ipv4": _ANYWHERE}, "everywhere"
        return
    yield "network", {"cidr_ipv4": network.cidr}, "inside the network"
    if network.secondary_cidr is not None:
        yield "secondary", {"cidr_ipv4": network.secondary_cidr}, "inside the network"

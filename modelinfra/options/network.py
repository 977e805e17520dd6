"""What a user can say about the network that an environment stands in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.address_ranges import refused_beside, special
from modelinfra.catalog.child_roles import NETWORK_ROLES
from modelinfra.options.adjustments import (
    BoundedOptions,
    TaggedOptions,
    TransformedOptions,
    childless,
    transforms_name,
)  # fmt: skip
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ADDRESS,
    EXECUTION_POLICY,
    FLOW_LOG,
    INGRESS,
    LOAD_BALANCER,
    LOG_GROUP,
    NAT_GATEWAY,
    ROLE,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    S3_ASSOCIATION,
    SECOND_RANGE,
    SERVICE,
    SUBNET,
    VPC,
    VPC_ENDPOINT,
)  # fmt: skip
from modelinfra.options.log_retention import retention_is_one_that_cloudwatch_knows
from modelinfra.options.problems import Problem, did_you_mean

INTERFACE_ENDPOINTS = (
    "ecr.api",
    "ecr.dkr",
    "logs",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "kms",
    "monitoring",
    "sts",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
)
"""The AWS services that a serving environment may call; gateways to them can be put into the network."""

# A /16 gives 8 zones a /20 each for tasks and 8 a /24 for load balancers. A /20 would leave load balancers a /28, and they need a /27.
LARGEST_VPC, SMALLEST_VPC = 16, 19


# Local and Wavelength zones, whose names are longer, lack what an endpoint stands on; so do zone ids (usw2-az1), which are no names.
_ZONE = r"[a-z]{2}(-[a-z]+)+-[0-9]+[a-h]"

_SHAPE = ("cidr", "zones", "nat", "interface_endpoints", "secondary_cidr", "flow_logs")


DEFAULT_CIDR = "10.0.0.0/16"
"""The address range of a VPC that is made."""


class VpcOptions(TypedDict):
    """An existing VPC."""

    id: Input[str]
    """Id of the VPC."""

    private_subnet_ids: Sequence[Input[str]]
    """Subnets for tasks and internal load balancers, in two zones at least."""

    public_subnet_ids: NotRequired[Annotated[Sequence[Input[str]], Option()]]
    """Subnets for load balancers that face the internet, in two zones at least, with a route to an internet gateway. None otherwise."""

    cidr: NotRequired[Annotated[Input[str], Option(default_text="looked up")]]
    """The VPC's address range. Give it when the VPC is made in the same program."""


class FlowLogOptions(TypedDict):
    """VPC flow logs in CloudWatch Logs."""

    retention_days: NotRequired[Annotated[int, Option(default=30, lands=(f"{LOG_GROUP}.retentionInDays",), example=90)]]
    """How long they are kept, in days."""


class NetworkOptions(TaggedOptions, BoundedOptions, TransformedOptions):
    """A network of private and public subnets, or one that exists."""

    cidr: NotRequired[
        Annotated[
            str,
            Option(
                default_text=DEFAULT_CIDR,
                lands=(f"{VPC}.cidrBlock", f"{SUBNET}.cidrBlock", f"{INGRESS}.cidrIpv4"),
                example="10.8.0.0/16",
            ),
        ]
    ]
    """Address range of the VPC, from /16 to /19. An edit replaces the network and all that stands in it."""

    zones: NotRequired[
        Annotated[
            int | Sequence[str],
            Option(
                default_text="2",
                lands=(
                    f"{ADDED}{SUBNET}",
                    f"{ADDED}{ROUTE}",
                    f"{ADDED}{ROUTE_TABLE}",
                    f"{ADDED}{ROUTE_TABLE_ASSOCIATION}",
                    f"{ADDED}{S3_ASSOCIATION}",
                    f"{LOAD_BALANCER}.subnets",
                    f"{SERVICE}.networkConfiguration.subnets",
                ),
                example=3,
            ),
        ]
    ]
    """How many availability zones (2 or 3), or which. A number takes the region's first ones by name."""

    nat: NotRequired[
        Annotated[
            Literal["none", "single", "per-zone"],
            Option(
                default_text="single",
                lands=(f"{ADDED}{NAT_GATEWAY}", f"{ADDED}{ADDRESS}", f"{ROUTE}.natGatewayId"),
                example="per-zone",
            ),
        ]
    ]
    """How private subnets reach the internet: not at all, through one gateway, or through one in each zone."""

    interface_endpoints: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                default_text="none with NAT; without NAT those that image, log, secrets and exec need",
                lands=(f"{ADDED}{VPC_ENDPOINT}",),
                example=["ecr.api", "ecr.dkr", "logs", "sts"],
            ),
        ]
    ]
    """AWS services that are reached through an interface endpoint in the network, by their short names."""

    secondary_cidr: NotRequired[
        Annotated[
            str,
            Option(
                lands=(
                    f"{ADDED}{INGRESS}",
                    f"{ADDED}{SECOND_RANGE}",
                    f"{ADDED}{SUBNET}",
                    f"{ADDED}{ROUTE_TABLE_ASSOCIATION}",
                    f"{SERVICE}.networkConfiguration.subnets",
                ),
                example="100.64.0.0/16",
            ),
        ]
    ]
    """A second address range for tasks, from /16 to /19: tasks then take their addresses from it, load balancers from `cidr`."""

    flow_logs: NotRequired[
        Annotated[
            FlowLogOptions,
            Option(
                lands=(f"{ADDED}{FLOW_LOG}", f"{ADDED}{LOG_GROUP}", f"{ADDED}{ROLE}", f"{ADDED}{EXECUTION_POLICY}"),
                example={"retention_days": 7},
            ),
        ]
    ]
    """Record accepted and rejected connections. Left out, none are recorded."""

    vpc: NotRequired[Annotated[VpcOptions, Option()]]
    """An existing VPC to stand in. Nothing of the network is made then."""


rule(NetworkOptions, "transforms")(transforms_name(NETWORK_ROLES))
rule(FlowLogOptions, "retention_days")(retention_is_one_that_cloudwatch_knows)


@rule(VpcOptions, "cidr")
def the_adopted_range_is_a_range(vpc: Mapping[str, Any]) -> Iterable[Problem]:
    if isinstance(vpc["cidr"], str):
        try:
            ipaddress.IPv4Network(vpc["cidr"])
        except ValueError:
            yield _no_range("cidr", vpc["cidr"])


@rule(NetworkOptions, "vpc", *_SHAPE)
def an_adopted_network_is_not_shaped(network: Mapping[str, Any]) -> Iterable[Problem]:
    if network["vpc"] is None:
        return
    for key in _SHAPE:
        if network[key] is not None:
            yield Problem(
                key,
                "an existing VPC (`vpc`) has this already",
                f"Remove `{key}` to stand in the VPC as it is, or remove `vpc` to have a network made.",
                network[key],
            )
    subnets = network["vpc"].private_subnet_ids
    plain = [each for each in subnets if isinstance(each, str)]
    if len(subnets) < 2 or len(set(plain)) < len(plain):
        yield Problem(
            "vpc.private_subnet_ids",
            "a load balancer needs two different subnets, in two zones",
            "Add a private subnet of another zone, or remove `vpc` to have a network made.",
            list(subnets),
        )


@rule(NetworkOptions, "vpc", "tags", "permissions_boundary", "transforms")
def an_adopted_network_is_not_adjusted(network: Mapping[str, Any]) -> Iterable[Problem]:
    for key in ("tags", "permissions_boundary", "transforms"):
        if network["vpc"] is not None and network[key] is not None:
            reason = "an existing VPC (`vpc`) is not changed, and nothing of the network is made"
            yield Problem(key, reason, f"Remove `{key}`, or remove `vpc` to have a network made.")


@rule(NetworkOptions, "transforms", "vpc", "nat", "secondary_cidr", "interface_endpoints", "flow_logs")
def transforms_find_what_is_made(network: Mapping[str, Any]) -> Iterable[Problem]:
    if network["vpc"] is not None:
        return  # it is told already that nothing is made
    absent: dict[str, str] = {}
    if network["nat"] == "none":
        roles = [role for role in NETWORK_ROLES if role.startswith(("public-", "nat-"))]
        absent |= dict.fromkeys([*roles, "internet-gateway", "private-route"], "with `nat: none` nothing leads outside")
    if network["secondary_cidr"] is None:
        absent |= dict.fromkeys(("secondary-range", "task-subnet"), "there is no `secondary_cidr`")
    if network["interface_endpoints"] == [] or (network["interface_endpoints"] is None and network["nat"] != "none"):
        roles = [role for role in NETWORK_ROLES if role.startswith("interface-")]
        absent |= dict.fromkeys(roles, "there are no `interface_endpoints`")
    if network["flow_logs"] is None:
        roles = [role for role in NETWORK_ROLES if role.startswith("flow-")]
        absent |= dict.fromkeys(roles, "there are no `flow_logs`")
    yield from childless(network["transforms"], absent)


@rule(NetworkOptions, "zones")
def zones_are_two_or_three(network: Mapping[str, Any]) -> Iterable[Problem]:
    zones = network["zones"]
    if zones is None:
        return
    if isinstance(zones, int):
        if not 2 <= zones <= 3:
            yield Problem(
                "zones", "a load balancer needs two zones, and more than three buy little", "Write 2 or 3.", zones
            )
    elif not 2 <= len(zones) <= 3:
        yield Problem(
            "zones",
            "a load balancer needs two zones, and more than three buy little",
            "Name 2 or 3 zones.",
            list(zones),
        )
    elif len(set(zones)) < len(zones):
        yield Problem("zones", "a zone is named twice", "Name each zone once.", list(zones))
    else:
        wrong = [index for index, zone in enumerate(zones) if not re.fullmatch(_ZONE, zone)]
        for index in wrong:
            yield Problem(
                f"zones[{index}]",
                "this is not the name of an availability zone",
                "Write for example us-west-2a.",
                zones[index],
            )
        if not wrong and len({zone[:-1] for zone in zones}) > 1:
            yield Problem("zones", "these are of different regions", "Name zones of one region.", list(zones))


@rule(NetworkOptions, "cidr", "secondary_cidr")
def address_ranges_are_usable(network: Mapping[str, Any]) -> Iterable[Problem]:
    ranges = {}
    for key in ("cidr", "secondary_cidr"):
        if network[key] is None:
            continue
        try:
            ranges[key] = ipaddress.IPv4Network(network[key])
        except ValueError:
            yield _no_range(key, network[key])
            continue
        if not LARGEST_VPC <= ranges[key].prefixlen <= SMALLEST_VPC:
            yield Problem(
                key,
                f"the range must be a /{LARGEST_VPC} to a /{SMALLEST_VPC}",
                f"Write {_of_size(ranges[key], LARGEST_VPC)}.",
                network[key],
            )
        elif (meaning := special(ranges[key])) is not None:
            yield Problem(key, f"addresses of {meaning} are special", "Write for example 10.0.0.0/16.", network[key])
    main = ranges.get("cidr", ipaddress.IPv4Network(DEFAULT_CIDR))
    if "secondary_cidr" in ranges and ranges["secondary_cidr"].overlaps(main):
        yield Problem(
            "secondary_cidr", f"this overlaps {main}", "Write for example 100.64.0.0/16.", network["secondary_cidr"]
        )
    elif "secondary_cidr" in ranges and (refused := refused_beside(main, ranges["secondary_cidr"])) is not None:
        yield Problem(
            "secondary_cidr",
            f"AWS adds no range of {refused} to a network with {main}",
            "Write for example 100.64.0.0/16.",
            network["secondary_cidr"],
        )


def _no_range(key: str, given: str) -> Problem:
    try:
        meant = str(ipaddress.IPv4Network(given, strict=False))
    except ValueError:
        return Problem(key, "this is not an IPv4 address range", "Write for example 10.0.0.0/16.", given)
    return Problem(key, "the address has bits beyond its prefix", f"Write {meant}.", given)


def _of_size(given: ipaddress.IPv4Network, prefix: int) -> ipaddress.IPv4Network:
    if given.prefixlen > prefix:
        return given.supernet(new_prefix=prefix)
    return next(given.subnets(new_prefix=prefix))


@rule(NetworkOptions, "interface_endpoints")
def interface_endpoints_are_known(network: Mapping[str, Any]) -> Iterable[Problem]:
    services = list(network["interface_endpoints"] or ())
    for index, service in enumerate(services):
        if service in services[:index]:
            yield Problem(f"interface_endpoints[{index}]", "this is named twice", "Remove it.", service)
        elif service not in INTERFACE_ENDPOINTS:
            yield Problem(
                f"interface_endpoints[{index}]",
                "there is no such service",
                did_you_mean(service, INTERFACE_ENDPOINTS),
                service,
            )

"""What a change newly opens to the internet, and what it takes from authentication and encryption. What was open before is no finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Unknown, has_unknown, listed, mapping, plain
from modelinfra.policies.gateways import certified_apis
from modelinfra.policies.tokens import API, API_ROUTE
from modelinfra.policies.view import View
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings import front_doors
from modelinfra.review.findings.openings import Admitted, admitted, openings, public, users
from modelinfra.review.findings.statements import open_to_anyone
from modelinfra.review.findings.words import called, listing

_LOAD_BALANCERS = (*front_doors.BALANCERS, "aws:elb/loadBalancer:LoadBalancer")


@dataclass(frozen=True)
class Open:
    """A way in that one resource's own inputs decide. words: follows its name."""

    is_open: Callable[[Mapping[str, Any]], bool]
    words: str
    remedy: str
    severity: Severity = "high"


def _first(value: Any) -> Mapping[str, Any]:
    return mapping(value[0]) if isinstance(value, list) and value else mapping(value)


def _public_api(inputs: Mapping[str, Any]) -> bool:
    network = mapping(inputs.get("vpcConfig"))
    ranges = network.get("publicAccessCidrs")
    if has_unknown(inputs.get("vpcConfig")) and (
        network.get("endpointPublicAccess") is not True or has_unknown(ranges)
    ):
        return False
    return network.get("endpointPublicAccess") is not False and (ranges is None or "0.0.0.0/0" in listed(ranges))


def _network_interface(inputs: Mapping[str, Any]) -> bool:
    return any(
        mapping(each).get("associatePublicIpAddress") in (True, "true")
        for each in listed(inputs.get("networkInterfaces"))
    )


_UNBLOCKED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

_OWN_ADDRESS = "Keep it private, and let requests in through a load balancer."

OPEN: dict[str, Open] = {
    "aws:ecs/service:Service": Open(
        lambda inputs: mapping(inputs.get("networkConfiguration")).get("assignPublicIp") is True, "gives its tasks public addresses",
        "Write assignPublicIp false, and use private subnets.", "medium",
    ),
    "aws:ec2/instance:Instance": Open(lambda inputs: inputs.get("associatePublicIpAddress") is True, "gets a public address", _OWN_ADDRESS, "medium"),
    "aws:ec2/eipAssociation:EipAssociation": Open(
        lambda inputs: bool(inputs.get("instanceId") or inputs.get("networkInterfaceId")), "gives a machine a public address", _OWN_ADDRESS, "medium"
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Open(_network_interface, "gives its machines public addresses", _OWN_ADDRESS, "medium"),
    "aws:ec2/subnet:Subnet": Open(
        lambda inputs: inputs.get("mapPublicIpOnLaunch") is True, "gives public addresses to what starts in it", "Write mapPublicIpOnLaunch false.", "low"
    ),
    "aws:rds/instance:Instance": Open(lambda inputs: inputs.get("publiclyAccessible") is True, "gets a public address", "Write publiclyAccessible false."),
    "aws:rds/clusterInstance:ClusterInstance": Open(
        lambda inputs: inputs.get("publiclyAccessible") is True, "gets a public address", "Write publiclyAccessible false."
    ),
    "aws:redshift/cluster:Cluster": Open(lambda inputs: inputs.get("publiclyAccessible") is True, "gets a public address", "Write publiclyAccessible false."),
    "aws:eks/cluster:Cluster": Open(
        _public_api, "lets the whole internet reach its API", "Write endpointPublicAccess false, or name the ranges in publicAccessCidrs.", "medium"
    ),
    "aws:lambda/functionUrl:FunctionUrl": Open(
        lambda inputs: inputs.get("authorizationType") == "NONE", "answers anybody, without authentication", "Write authorizationType AWS_IAM."
    ),
    "aws:lambda/permission:Permission": Open(
        lambda inputs: inputs.get("principal") == "*" and not inputs.get("principalOrgId") and not inputs.get("sourceArn"),
        "lets anybody call the function", "Name the principal.",
    ),
    "aws:apigateway/method:Method": Open(
        lambda inputs: inputs.get("authorization") == "NONE" and inputs.get("apiKeyRequired") is not True and inputs.get("httpMethod") != "OPTIONS",
        "answers without authentication", "Name an authorizer.", "medium",
    ),
    "aws:apigatewayv2/route:Route": Open(
        lambda inputs: inputs.get("authorizationType", "NONE") == "NONE", "answers without authentication", "Name an authorizer.", "medium"
    ),
    "aws:ec2/vpcEndpointService:VpcEndpointService": Open(
        lambda inputs: inputs.get("acceptanceRequired") is False and "*" in listed(inputs.get("allowedPrincipals")),
        "lets every account of AWS connect, and nobody accepts it first", "Name the accounts in allowedPrincipals, or write acceptanceRequired true.",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Open(
        lambda inputs: any(inputs.get(key) not in (True, Unknown) for key in _UNBLOCKED), "no longer blocks all public access to its bucket", "Write all four flags true."
    ),
    "aws:s3/bucketAcl:BucketAcl": Open(
        lambda inputs: str(inputs.get("acl")).startswith("public-"), "makes its bucket public", "Write acl private."
    ),
    "aws:s3/bucket:Bucket": Open(lambda inputs: str(inputs.get("acl")).startswith("public-"), "is public by its ACL", "Write acl private."),
}  # fmt: skip


def findings(changes: Changes) -> Iterator[Finding]:
    """Doors of security groups, load balancers and what stands at them, resources that are open by themselves, policies for anyone."""
    yield from _doors(changes)
    yield from _load_balancers(changes)
    yield from _own(changes)
    yield from _blocks(changes)
    yield from _anyone(changes)
    yield from front_doors.findings(changes)


def _doors(changes: Changes) -> Iterator[Finding]:
    for found in admitted(openings(changes.before), openings(changes.after)):
        outside = public(found.networks)
        graph = changes.after
        group = graph.nodes.get(found.group)
        name = called(graph, group) if group is not None else f"the security group {found.group}"
        ports, rule = _ports(found), found.rules[0]
        guarded = users(graph, found.group)
        behind = f" It guards {listing([called(graph, each) for each in guarded])}." if guarded else ""
        if found.whole:
            front = any(_faces_internet(graph, each) for each in guarded)
            hidden = bool(guarded) and not front and all(each.type in _LOAD_BALANCERS for each in guarded)
            reach = (
                " What it guards is internal, so only who is in the network reaches it, until that changes."
                if hidden
                else ""
            )
            yield Finding(
                "exposure", "medium" if hidden else "high", rule, f"lets the whole internet in to {name} on {ports}",
                f"{_ranges(found)} may come in and could not before.{behind}{reach}", "Name the ranges that may come in.",
            )  # fmt: skip
        elif outside:
            count = sum(each.num_addresses for each in outside)
            size = f"{count:,} public addresses" if count > 1 else "1 public address"
            yield Finding(
                "exposure", "medium" if any(each.prefixlen < 24 and each.version == 4 for each in outside) else "low", rule,
                f"lets {size} in to {name} on {ports}", f"{_ranges(found)} may come in and could not before.{behind}",
            )  # fmt: skip
        elif group is None or found.group in changes.before:
            yield Finding(
                "exposure", "note", rule, f"lets private addresses in to {name} on {ports}",
                f"{_ranges(found)} may come in and could not before.{behind}",
            )  # fmt: skip


def _ranges(found: Admitted) -> str:
    return listing([str(each) for each in found.networks], 5)


def _ports(found: Admitted) -> str:
    if found.protocol == "-1":
        return "every port"
    first, last = found.ports
    where = (
        "every port"
        if found.ports == (0, 65535)
        else f"port {first}"
        if first == last
        else f"the ports {first} to {last}"
    )
    return where if found.protocol == "tcp" else f"{where} ({found.protocol})"


def _faces_internet(graph: Graph, node: Node) -> bool:
    inputs = plain(node.inputs)
    if node.type in _LOAD_BALANCERS:
        return inputs.get("internal") in (None, False)
    return node.type in OPEN and OPEN[node.type].is_open(inputs)


def _load_balancers(changes: Changes) -> Iterator[Finding]:
    graph = changes.after
    for token in _LOAD_BALANCERS:
        for node in graph.all(token):
            old = changes.before.nodes.get(node.urn)
            if not _faces_internet(graph, node) or (old is not None and _faces_internet(changes.before, old)):
                continue
            bare = [each for each in front_doors.listeners(graph, node) if not front_doors.asks_who(graph, each)]
            plain_text = [each for each in bare if front_doors.protocol(each) in ("HTTP", "TCP")]
            how = [f"{called(graph, each)} asks nobody who they are" for each in bare]
            how += [f"{called(graph, each)} is not encrypted" for each in plain_text]
            yield Finding(
                "exposure", "high" if bare or old is not None else "medium", node.urn, f"{called(graph, node)} faces the internet",
                " ".join(["It was internal before." if old is not None else "It is new.", *([f"{_capital(listing(how, 6))}."] if how else [])]),
                "Write internal true, or authenticate at its listeners.",
            )  # fmt: skip


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _own(changes: Changes) -> Iterator[Finding]:
    for change in changes.resources:
        rule, new, old = OPEN.get(change.type), change.after, change.before
        if rule is None or new is None or not rule.is_open(plain(new.inputs)):
            continue
        if change.type == API_ROUTE and _certified(changes.after, new):
            continue
        if old is None or not rule.is_open(plain(old.inputs)):
            yield Finding(
                "exposure", rule.severity, new.urn, f"{called(changes.after, new)} {rule.words}", "", rule.remedy
            )


def _certified(graph: Graph, route: Node) -> bool:
    """Whether the API of a route is called by domains alone that ask for certificates."""
    view = View(graph)
    api = view.target(route, "apiId", API)
    return api is not None and api.urn in certified_apis(view)


def _blocks(changes: Changes) -> Iterator[Finding]:
    gone = {each.urn for each in changes.of("delete")}
    for change in changes.of("delete"):
        old = change.before
        if change.type != "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock" or old is None:
            continue
        if any(urn in gone for urn in old.property_deps.get("bucket", ())):
            continue
        yield Finding(
            "exposure", "high", old.urn, f"deletes {called(changes.before, old)}: its bucket can be made public",
            "Policies and ACLs decide alone who reads the bucket.", "Keep it.",
        )  # fmt: skip


def _anyone(changes: Changes) -> Iterator[Finding]:
    for change in changes.resources:
        new, old = change.after, change.before
        if new is None or new.type.startswith("aws:iam/"):
            continue
        for key in ("policy", "accessPolicy", "resourcePolicy"):
            before = set(open_to_anyone(plain(old.inputs).get(key))) if old is not None else set()
            fresh = [each for each in open_to_anyone(plain(new.inputs).get(key)) if each not in before]
            # The first statement of a key's policy names its account, never everybody: `*` with no condition is no habit.
            if fresh:
                yield Finding(
                    "exposure", "high", new.urn, f"{called(changes.after, new)} lets anybody {listing(fresh)}",
                    "Principal is *, without a condition.", "Name the principals, or add a condition.",
                )  # fmt: skip

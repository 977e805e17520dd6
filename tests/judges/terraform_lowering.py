"""Lowers Pulumi AWS resources to Terraform's, by the names in the Terraform provider's own schema.

pulumi-aws is bridged from that provider, so names differ by rule: snake case, plural for lists, blocks where Pulumi has objects.
References stay the literal values of the captured graph: a literal is validated, and resources can be judged one by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import AssetRef, Unknown, plain

# What names no rule gives.
_TYPES = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "aws_sqs_queue_redrive_allow_policy",
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": "aws_vpc_ipv4_cidr_block_association",
}
_PROPERTIES = {
    ("aws_cloudwatch_metric_alarm", "name"): "alarm_name",
    ("aws_sns_topic_subscription", "topic"): "topic_arn",
    ("aws_lambda_function", "name"): "function_name",
    ("aws_lambda_permission", "function"): "function_name",
}

# What provider 5.100.0 is too old to know: (type, input) -> what is written instead (None: nothing), and who judges it.
TOO_OLD: dict[tuple[str, str], tuple[Any, str]] = {
    ("aws_ecr_repository", "imageTagMutabilityExclusionFilters"): (
        None,
        "ECR tag exclusions came with provider 6.8; judged by cfn-lint and the rule registry-exclusion",
    ),
    ("aws_ecr_repository", "imageTagMutability=IMMUTABLE_WITH_EXCLUSION"): (
        "IMMUTABLE",
        "a value of the same feature",
    ),
    ("aws_lb_listener_rule", "transforms"): (None, "ALB rewrites came with provider 6.19; judged by cfn-lint"),
    ("aws_lb_listener_rule", "actions[type=jwt-validation]"): (None, "came with provider 6.22; judged by cfn-lint"),
    ("aws_ecs_service", "deploymentConfiguration"): (None, "came with provider 6.4 and 6.21; judged by cfn-lint"),
    ("aws_ecs_service", "loadBalancers.advancedConfiguration"): (None, "the same"),
    ("aws_ecs_task_definition", "requiresCompatibilities=['MANAGED_INSTANCES']"): (
        ["EC2"],
        "ECS Managed Instances came with a later provider; judged by cfn-lint",
    ),
    ("aws_eks_node_group", "updateConfig.updateStrategy"): (None, "came with a later provider; judged by cfn-lint"),
    ("aws_eks_cluster", "deletionProtection"): (None, "came with a later provider; judged by cfn-lint"),
    ("aws_sqs_queue", "maxMessageSize"): (262_144, "1 MiB came with a later provider; judged by cfn-lint"),
}


# What it is too old to know at all: (type, input) -> who judges such a resource.
TOO_OLD_WHOLE: dict[tuple[str, str], str] = {
    ("aws_ecs_capacity_provider", "managedInstancesProvider"): "came with a later provider; judged by cfn-lint",
}


class NotLoweredError(Exception):
    """A resource or input that has no counterpart and stands in no list."""


class Lowering:
    """Knows the provider's schema (`terraform providers schema -json`)."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        (provider,) = schema["provider_schemas"].values()
        self._schemas: dict[str, Any] = provider["resource_schemas"]
        self.left_out: set[tuple[str, str]] = set()

    def too_old(self, node: Node) -> bool:
        """Whether the provider knows no such resource at all, though it knows the type."""
        found = {place for place in TOO_OLD_WHOLE if place[1] in node.inputs and place[0] == self._type(node.type)}
        self.left_out |= found
        return bool(found)

    def resource(self, node: Node) -> tuple[str, dict[str, Any]]:
        """Terraform's type and arguments of a resource. Raises NotLoweredError."""
        type_ = self._type(node.type)
        block = self._schemas[type_]["block"]
        given = self._without_new(type_, plain(node.inputs))
        # The provider of Pulumi makes a name of the logical one; Terraform must be told the outcome.
        attribute = block["attributes"].get("name", {})
        nameable = attribute.get("optional") or attribute.get("required")
        if nameable and "name" not in given and isinstance(node.outputs.get("name"), str):
            given["name"] = node.outputs["name"]
        for (renamed, key), new in _PROPERTIES.items():
            if renamed == type_ and isinstance(node.outputs.get(key), str):
                given.pop(key, None)
                given[new] = node.inputs.get(key, node.outputs[key])
        return type_, self._block(given, block, type_)

    def attribute(self, type_: str, key: str) -> str | None:
        """What Terraform calls an output of a resource; None where it has none of the kind."""
        name = _PROPERTIES.get((type_, key), _snake(key))
        return name if name in self._schemas[type_]["block"]["attributes"] else None

    def _type(self, token: str) -> str:
        if token in _TYPES:
            return _TYPES[token]
        match = re.fullmatch(r"aws:([^/]+)/[^:]+:(.+)", token)
        if match:
            module, name = match[1].lower(), _snake(match[2])
            for type_ in (f"aws_{module}_{name}", f"aws_{name}", f"aws_{module}"):
                if type_ in self._schemas:
                    return type_
        raise NotLoweredError(f"{token}: there is no such resource in the Terraform provider")

    def _without_new(self, type_: str, given: dict[str, Any]) -> dict[str, Any]:
        kept = {}
        for key, value in given.items():
            place = (type_, key) if (type_, key) in TOO_OLD else (type_, f"{key}={value}")
            if place in TOO_OLD:
                self.left_out.add(place)
                value = TOO_OLD[place][0]
            kept[key] = self._without_new_items(type_, key, value)
        return kept

    def _without_new_items(self, type_: str, key: str, value: Any) -> Any:
        """A list without the items of a kind that is too new; a mapping without the keys that are."""
        if isinstance(value, dict):
            new = {inner for inner in value if (type_, f"{key}.{inner}") in TOO_OLD}
            self.left_out |= {(type_, f"{key}.{inner}") for inner in new}
            return {inner: each for inner, each in value.items() if inner not in new}
        if not isinstance(value, list):
            return value
        kept = []
        for item in value:
            for inner in list(item) if isinstance(item, dict) else ():
                if (type_, f"{key}.{inner}") in TOO_OLD:
                    self.left_out.add((type_, f"{key}.{inner}"))
                    item = {name: each for name, each in item.items() if name != inner}
            place = (type_, f"{key}[type={item.get('type')}]") if isinstance(item, Mapping) else None
            if place in TOO_OLD:
                self.left_out.add(place)
            else:
                kept.append(item)
        return kept

    def _block(self, given: Mapping[str, Any], block: Mapping[str, Any], path: str) -> dict[str, Any]:
        attributes, blocks = block.get("attributes", {}), block.get("block_types", {})
        lowered: dict[str, Any] = {}
        for key, value in given.items():
            if isinstance(value, AssetRef) and key == "code":
                # An archive that the bridge writes into a file, which is not looked at.
                lowered["filename"] = "code.zip"
            if value is None or value is Unknown or isinstance(value, AssetRef):
                continue
            for name in _spellings(key):
                if name in attributes:
                    lowered[name] = _typed(value, attributes[name].get("type"))
                    break
                if name in blocks:
                    items = value if isinstance(value, list) else [value]
                    inner = blocks[name]["block"]
                    lowered[name] = [self._block(each, inner, f"{path}.{name}") for each in items]
                    break
            else:
                raise NotLoweredError(f"{path}: the Terraform provider knows no {key}")
        return lowered


def literal(value: Any) -> Any:
    """Texts in which Terraform takes nothing for a template: a collector's configuration has `${env:NAME}` of its own."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, Mapping):
        return {key: literal(each) for key, each in value.items()}
    return [literal(each) for each in value] if isinstance(value, list) else value


def _typed(value: Any, type_: Any) -> Any:
    if isinstance(type_, list) and type_[0] in ("list", "set"):
        items = value if isinstance(value, list) else [value]
        if isinstance(type_[1], list) and type_[1][0] == "object":
            return [
                {name: next((item[key] for key in item if name in _spellings(key)), None) for name in type_[1][1]}
                for item in items
            ]
        return items
    return value


def _spellings(key: str) -> list[str]:
    """How Terraform may spell an input: as it is, in the singular, in the plural."""
    name = _snake(key)
    found = [name]
    if name.endswith("ies"):
        found.append(f"{name[:-3]}y")
    if name.endswith("es"):
        found.append(name[:-2])
    if name.endswith("s"):
        found.append(name[:-1])
    return [*found, f"{name}s"]


def _snake(name: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)).lower()

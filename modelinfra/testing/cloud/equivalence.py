"""Texts that mean the same: IAM policies, ECS container definitions, other JSON. AWS rewrites them, the provider forgives."""

from __future__ import annotations

import json
from typing import Any, Final

from modelinfra.testing.cloud.tables import CONTAINERS, POLICIES

# What DescribeTaskDefinition answers for keys that a container definition left out (terraform-provider-aws
# internal/service/ecs/task_definition_equivalency.go treats them as equal).
_CONTAINER_DEFAULTS: Final[dict[str, Any]] = {
    "cpu": 0,
    "environment": [],
    "essential": True,
    "mountPoints": [],
    "portMappings": [],
    "systemControls": [],
    "volumesFrom": [],
}
_PORT_DEFAULTS: Final[dict[str, Any]] = {"protocol": "tcp"}


def same_text(token: str, path: str, one: str, other: str) -> bool:
    """Whether two texts at a property are equivalent to the provider."""
    if one == other:
        return True
    left, right = _parsed(one), _parsed(other)
    if left is None or right is None:
        return False
    if path in POLICIES.get(token, ()):
        return bool(_policy_key(left) == _policy_key(right))
    if (token, path) == CONTAINERS:
        return bool(_container_key(left) == _container_key(right))
    return bool(left == right)


def rewritten(token: str, path: str, text: str) -> str:
    """The text as AWS gives it back: another key order, single-element lists as scalars, defaults filled in."""
    value = _parsed(text)
    if value is None:
        return text
    if path in POLICIES.get(token, ()):
        return json.dumps(_scalars(value), sort_keys=True, separators=(",", ":"))
    if (token, path) == CONTAINERS and isinstance(value, list):
        return json.dumps([_described(container) for container in value], sort_keys=True, separators=(",", ":"))
    return text


def _parsed(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _scalars(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _scalars(item, name) for name, item in value.items()}
    if isinstance(value, list):
        # AWS keeps the list of statements, and makes a scalar of any other list with one element.
        if len(value) == 1 and not isinstance(value[0], dict):
            return value[0]
        return [_scalars(item) for item in value]
    return value


def _policy_key(value: Any) -> Any:
    """Policies are equal when their statements are, in any order, with scalars as lists and lists as sets."""
    if isinstance(value, dict):
        normal = {name: _policy_key(item) for name, item in value.items()}
        statement = value.get("Statement")
        if isinstance(statement, dict):
            normal["Statement"] = [_policy_key(statement)]
        if normal.get("Principal") == {"AWS": ["*"]}:
            normal["Principal"] = ["*"]
        return normal
    if isinstance(value, list):
        flat = [_text(item) if _is_scalar(item) else _policy_key(item) for item in value]
        return sorted(flat, key=lambda item: json.dumps(item, sort_keys=True))
    return [_text(value)] if _is_scalar(value) else value


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bool, int, float))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _described(container: Any) -> Any:
    if not isinstance(container, dict):
        return container
    described = {**_CONTAINER_DEFAULTS, **container}
    for key, name in (("environment", "name"), ("secrets", "name")):
        if isinstance(described.get(key), list):
            described[key] = sorted(described[key], key=lambda item: str(item.get(name)))
    described["portMappings"] = [_port(mapping) for mapping in described["portMappings"] or []]
    return described


def _port(mapping: dict[str, Any]) -> dict[str, Any]:
    filled = {**_PORT_DEFAULTS, **mapping}
    # With awsvpc, which Fargate demands, both ports are the same and AWS answers with both.
    if "containerPort" in filled:
        filled.setdefault("hostPort", filled["containerPort"])
    return filled


def _container_key(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    containers = [_without_empty(_described(container)) for container in value]
    return sorted(containers, key=lambda item: str(item.get("name")) if isinstance(item, dict) else str(item))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in (None, [], {})}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value

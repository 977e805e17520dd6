"""Small graphs by hand, and what changes between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.review.changes import Changes, between
from modelinfra.review.finding import Finding

ENVIRONMENT, ENDPOINT = "modelinfra:index:Environment", "modelinfra:index:ModelEndpoint"
ACCOUNT = "123456789012"


def urn(token: str, name: str) -> str:
    """The URN of a resource of these graphs."""
    return f"urn:pulumi:prod::shop::{token}::{name}"


def node(
    token: str, name: str, /, *, parent: str = "", deps: dict[str, list[Node]] | None = None, **inputs: Any
) -> Node:
    """A resource with an id and an ARN; deps: property -> what it takes its value from."""
    custom = not token.startswith("modelinfra:")
    return Node(
        urn(token, name), name, token, parent, custom, inputs,
        {"arn": f"arn:aws:x:us-west-2:{ACCOUNT}:{token.rpartition(':')[2].lower()}/{name}", "name": name} if custom else {},
        f"{name}-id" if custom else "",
        property_deps={key: [each.urn for each in nodes] for key, nodes in (deps or {}).items()},
    )  # fmt: skip


def graph(*nodes: Node) -> Graph:
    """A stack `prod` of the project `shop`."""
    return Graph("shop", "prod", {each.urn: each for each in nodes})


def changes(before: list[Node], after: list[Node]) -> Changes:
    """What changes between the two."""
    return between(graph(*before), graph(*after))


def told(find: Callable[[Changes], Any], before: list[Node], after: list[Node]) -> list[tuple[str, str]]:
    """The findings of one concern: (severity, title)."""
    return [(each.severity, each.title) for each in find(changes(before, after))]


def only(find: Callable[[Changes], Any], before: list[Node], after: list[Node]) -> Finding:
    """The one finding of a concern."""
    found: list[Finding] = list(find(changes(before, after)))
    assert len(found) == 1, [each.title for each in found]
    return found[0]


def policy(*statements: dict[str, Any]) -> str:
    """An IAM document."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def task(*containers: dict[str, Any], name: str = "task", **inputs: Any) -> Node:
    """A task definition."""
    return node(
        "aws:ecs/taskDefinition:TaskDefinition", name, containerDefinitions=json.dumps(list(containers)), **inputs
    )

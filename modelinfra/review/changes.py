"""What changes between two states of a stack: resources created, updated, replaced, deleted, and by which properties."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from modelinfra.graph import compare
from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.replacement import forces_replacement, is_known, updated_in_place_after_all
from modelinfra.graph.values import plain

Operation = Literal["create", "update", "replace", "delete"]

Certainty = Literal["engine", "table", "unknown"]
"""Who says what happens: the engine itself, the table made from the real provider, or nobody."""

COMPONENT = "modelinfra:"

TRIGGER = "options.replacementTrigger"
"""The path of a resource option that replaces the resource whenever its value changes."""

# The registry hands out another password each time, and it is no part of what is deployed.
_QUIET = {("docker-build:index:Image", "registries.password")}

# What AWS gives a new one of: a value of a replaced resource that others hold.
_IDENTITY = ("id", "arn", "name", "arnSuffix", "dnsName", "url", "repositoryUrl", "digest", "ref", "certificatePem")

# An update of these gives them another identity: what was built anew is another image.
_RENEWED_BY_UPDATE = frozenset({"docker-build:index:Image"})


@dataclass(frozen=True)
class PropertyChange:
    """One property of one resource. before, after: None where there was or is nothing. replaces: whether it forces a replacement."""

    path: str
    before: Any
    after: Any
    replaces: bool = False


@dataclass(frozen=True)
class ResourceChange:
    """One resource. because: URNs of the replaced resources from which this follows. certainty: of the operation."""

    urn: str
    type: str
    name: str
    operation: Operation
    before: Node | None
    after: Node | None
    properties: tuple[PropertyChange, ...] = ()
    certainty: Certainty = "table"
    because: tuple[str, ...] = ()

    @property
    def node(self) -> Node:
        """The resource as it will be, or as it was when it goes away."""
        node = self.after or self.before
        assert node is not None, "a change has a side"
        return node

    @property
    def replacing(self) -> tuple[PropertyChange, ...]:
        """The properties that force the replacement."""
        return tuple(each for each in self.properties if each.replaces)


@dataclass(frozen=True)
class Changes:
    """Everything that changes, by URN. source: who says so."""

    before: Graph
    after: Graph
    resources: tuple[ResourceChange, ...]
    source: Literal["capture", "engine"]
    moved: Mapping[str, str] = field(default_factory=dict)
    """URN of a resource that is created -> URN of the one that is deleted and that is the same but for its name or place."""

    def of(self, operation: Operation) -> tuple[ResourceChange, ...]:
        """The changes of one kind."""
        return tuple(each for each in self.resources if each.operation == operation)

    def __bool__(self) -> bool:
        return bool(self.resources)


def between(before: Graph, after: Graph) -> Changes:
    """The changes between two captured graphs.

    What is replaced follows the table made from the real provider; a resource that holds the identity of a replaced one in a
    property that forces replacement is replaced, too, as the engine plans it.
    """
    by_urn: dict[str, list[compare.Change]] = defaultdict(list)
    for found in compare.changes(before, after):
        by_urn[found.urn].append(found)
    gone = {urn for urn in before.nodes if urn not in after.nodes}
    renewed: set[str] = set()
    resources = []
    for node in after:
        if _is_scaffolding(node):
            continue
        if node.urn not in before:
            resources.append(ResourceChange(node.urn, node.type, node.name, "create", None, node))
            continue
        change = _changed(before[node.urn], node, by_urn[node.urn], renewed, after)
        if change is not None:
            resources.append(change)
            if change.operation == "replace" or node.type in _RENEWED_BY_UPDATE:
                renewed.add(node.urn)
    resources += [
        ResourceChange(node.urn, node.type, node.name, "delete", node, None)
        for node in before
        if node.urn in gone and not _is_scaffolding(node)
    ]
    return Changes(before, after, in_order(resources), "capture", moved(resources))


def in_order(resources: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """By URN: siblings are registered in another order in every run."""
    return tuple(sorted(resources, key=lambda each: each.urn))


def moved(resources: Iterable[ResourceChange]) -> dict[str, str]:
    """Created resource -> the deleted one of which it is the same again under another name or parent; each is used once."""
    resources = list(resources)
    gone: dict[str, list[tuple[ResourceChange, Any]]] = defaultdict(list)
    for each in resources:
        if each.operation == "delete":
            gone[each.type].append((each, _but_for_names(each)))
    found: dict[str, str] = {}
    for made in resources:
        if made.operation != "create" or not gone[made.type]:
            continue
        wanted = _but_for_names(made)
        twins = [entry for entry in gone[made.type] if entry[1] == wanted]
        if len(twins) == 1:
            found[made.urn] = twins[0][0].urn
            gone[made.type].remove(twins[0])
    return found


def _changed(
    old: Node, new: Node, found: Iterable[compare.Change], renewed: set[str], after: Graph
) -> ResourceChange | None:
    direct = [
        PropertyChange(each.path, each.before, each.after, _replaces(old, new, each.path))
        for each in found
        if not _ignored(new, each.path)
    ]
    one, other = plain(old.replacement_trigger), plain(new.replacement_trigger)
    if None not in (one, other) and one != other:
        direct.append(PropertyChange(TRIGGER, one, other, True))
    following = list(_following(new, renewed, after))
    properties = (*direct, *(change for change, _ in following))
    if not properties:
        return None
    operation: Operation = "replace" if any(each.replaces for each in properties) else "update"
    because = tuple(dict.fromkeys(urn for _, urn in following))
    return ResourceChange(new.urn, new.type, new.name, operation, old, new, properties, _certainty(new), because)


def _certainty(node: Node) -> Certainty:
    return "table" if is_known(node.type) else "unknown"


def _following(node: Node, renewed: set[str], after: Graph) -> Iterator[tuple[PropertyChange, str]]:
    """The properties in which a resource holds the identity of one that is replaced, and its replacement trigger."""
    trigger = plain(node.replacement_trigger)
    for urn in sorted(renewed) if isinstance(trigger, str) else ():
        if trigger in _identities(after[urn]):
            yield PropertyChange(TRIGGER, None, None, True), urn
    inputs = plain(node.inputs)
    for key, sources in node.property_deps.items():
        for urn in sources:
            if urn not in renewed:
                continue
            # Also within JSON, where a certificate has its lines in one.
            names = {written for name in _identities(after[urn]) for written in (name, json.dumps(name)[1:-1])}
            places = [path for path, text in _texts(key, inputs.get(key)) if any(name in text for name in names)]
            for path in places:
                forces = _replaces(node, node, path)
                yield PropertyChange(path, None, None, forces), urn


def _identities(node: Node) -> set[str]:
    values = [node.id, *(plain(node.outputs).get(key) for key in _IDENTITY)]
    # A name that the program chose stays; one that is made up anew does not.
    chosen = node.inputs.get("name")
    kept = {value for value in values if isinstance(value, str) and value and value != chosen}
    # A record's full name is what DNS answers: of one that is replaced the engine does not know it, chosen or not.
    full = plain(node.outputs).get("fqdn")
    return kept | ({full} if isinstance(full, str) else set())


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(f"{path}.{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(f"{path}[{index}]", inner)


def _replaces(old: Node, new: Node, path: str) -> bool:
    if path.startswith("options."):
        return False
    bare = without_indices(path)
    if any(within(path, each) for each in new.replace_on_changes):
        return True
    if not forces_replacement(new.type, bare):
        return False
    return not updated_in_place_after_all(new.type, bare, plain(new.inputs), plain(old.inputs))


def _ignored(node: Node, path: str) -> bool:
    return any(within(path, each) for each in node.ignore_changes) or (node.type, without_indices(path)) in _QUIET


def within(inner: str, outer: str) -> bool:
    """Whether a path is another one or lies within it, indices aside."""
    one, other = without_indices(inner), without_indices(outer)
    return one == other or one.startswith(f"{other}.")


def without_indices(path: str) -> str:
    """`subnets[0].id` -> `subnets.id`: a path as tables name it."""
    return re.sub(r"\[[^\]]*\]", "", path)


def top_level(path: str) -> str:
    """`subnets[0].id` -> `subnets`: the input that a path is in."""
    return path.split(".")[0].split("[")[0]


def _but_for_names(change: ResourceChange) -> Any:
    # What names say, and what other resources are called, moves with the move.
    own = {key: value for key, value in plain(change.node.inputs).items() if key not in change.node.property_deps}
    return {key: value for key, value in own.items() if key not in ("name", "tags", "family")}


def _is_scaffolding(node: Node) -> bool:
    # What a provider builds itself (a Helm chart that it renders) has children that no capture sees: its inputs stand for them.
    inside = not node.custom and not node.remote
    return node.type == STACK_TYPE or node.type.startswith(("pulumi:providers:", COMPONENT)) or inside

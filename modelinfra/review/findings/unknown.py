"""What nobody can know before the deployment, where it decides something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown, has_unknown, listed, mapping, plain
from modelinfra.review.changes import Changes, ResourceChange, without_indices
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.containers import TASK
from modelinfra.review.findings.openings import GROUPS, unknown_sources
from modelinfra.review.findings.words import called, listing, place, plural

# Type -> properties that decide who may do or reach what.
DECIDING: dict[str, tuple[str, ...]] = {
    "aws:iam/role:Role": ("assumeRolePolicy", "inlinePolicies", "managedPolicyArns"),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("policyArn",),
    "aws:lb/loadBalancer:LoadBalancer": ("internal",),
    "aws:lb/listener:Listener": ("protocol",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:rds/instance:Instance": ("publiclyAccessible",),
    "aws:lambda/functionUrl:FunctionUrl": ("authorizationType",),
}
_RIGHTS = ("policy", "assumeRolePolicy", "inlinePolicies", "managedPolicyArns", "policyArn")


def findings(changes: Changes) -> Iterator[Finding]:
    """Replacements that hang on an unknown value; rights and doors that are not known yet, told together."""
    renewed = {each.urn for each in changes.resources if each.operation in ("create", "replace")}
    for change in changes.of("replace"):
        hanging = [each.path for each in change.replacing if has_unknown(each.after)]
        # What is taken from a new resource is surely another value.
        keys = {without_indices(path).split(".")[0] for path in hanging}
        if any(urn in renewed for key in keys for urn in change.node.property_deps.get(key, ())):
            continue
        surely = [each for each in change.replacing if not has_unknown(each.after)]
        if hanging and not surely and change.type != "aws:ecs/taskDefinition:TaskDefinition":
            where = listing([place(changes.after, change.node, path) for path in hanging])
            yield Finding(
                "unknown",
                "low",
                change.urn,
                f"{called(changes.after, change.node)} is replaced only if a value changes that is not known yet",
                f"{where} is known after apply.",
            )
    documents = [(_bearer(changes, node), key) for node, key in _undecided(changes, rights=True)]
    yield from _together(changes, "what {} may do is known after apply", "role", documents)
    tasks = list(_hidden_tasks(changes))
    yield from _together(
        changes, "what {} gets (variables, secrets) is known after apply", "task definition", tasks, "note"
    )
    yield from _groups_elsewhere(changes)
    doors = list(_undecided(changes, rights=False))
    changed = {each.urn for each in changes.resources}
    doors += [(node, "source") for node in unknown_sources(changes.after) if node.urn in changed]
    yield from _together(changes, "who can reach {} is known after apply", "resource", doors)


def _bearer(changes: Changes, node: Node) -> Node:
    """The role to which a document belongs; the document where that is not known."""
    for key in ("role", "roles"):
        for urn in node.property_deps.get(key, ()):
            if urn in changes.after:
                return changes.after[urn]
    return node


def _hidden_tasks(changes: Changes) -> Iterator[tuple[Node, str]]:
    """Containers are one text, and no part of it is known before every part is: a new image hides all."""
    for change in changes.resources:
        if change.type == TASK and change.after is not None and _is_news(change, "containerDefinitions"):
            yield change.after, "containerDefinitions"


def _groups_elsewhere(changes: Changes) -> Iterator[Finding]:
    """Security groups that the graph does not hold decide who reaches what names them."""
    ids = {node.id for token in GROUPS for node in changes.after.all(token)}
    for change in changes.resources:
        if change.after is None:
            continue
        before = set(_groups(change.before)) if change.before is not None else set()
        foreign = [each for each in _groups(change.after) if each not in before and each not in ids]
        if foreign and not _held(changes, change.after):
            yield Finding(
                "unknown", "low", change.urn, f"who can reach {called(changes.after, change.after)} is decided elsewhere",
                f"{listing(foreign)}: the rules of this security group are not in this stack.", "Read its rules.",
            )  # fmt: skip


def _groups(node: Node) -> list[str]:
    inputs = plain(node.inputs)
    network = mapping(inputs.get("networkConfiguration"))
    found = [
        *listed(inputs.get("securityGroups")),
        *listed(network.get("securityGroups")),
        *listed(inputs.get("vpcSecurityGroupIds")),
    ]
    return [each for each in found if isinstance(each, str)]


def _held(changes: Changes, node: Node) -> bool:
    keys = ("securityGroups", "networkConfiguration", "vpcSecurityGroupIds")
    return any(
        urn in changes.after and changes.after[urn].type in GROUPS
        for key in keys
        for urn in node.property_deps.get(key, ())
    )


def _undecided(changes: Changes, *, rights: bool) -> Iterator[tuple[Node, str]]:
    for change in changes.resources:
        for key in DECIDING.get(change.type, ()):
            if (key in _RIGHTS) is rights and change.after is not None and _is_news(change, key):
                yield change.after, key


def _is_news(change: ResourceChange, key: str) -> bool:
    assert change.after is not None
    value: Any = plain(change.after.inputs).get(key)
    if not has_unknown(value) and value is not Unknown:
        return False
    return change.before is None or plain(change.before.inputs).get(key) != value


def _together(
    changes: Changes, title: str, what: str, found: list[tuple[Node, str]], severity: Severity = "low"
) -> Iterator[Finding]:
    if not found:
        return
    nodes = list({node.urn: node for node, _ in found}.values())
    names = [f"{called(changes.after, node)} ({key})" for node, key in found]
    who = called(changes.after, nodes[0]) if len(nodes) == 1 else plural(len(nodes), what)
    yield Finding(
        "unknown",
        severity,
        nodes[0].urn,
        title.format(who),
        f"{listing(names, 8)}: nothing is said of them here.",
        "Read the engine's own output after the deployment.",
    )

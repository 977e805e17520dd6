"""What roles, users and groups may do now that they could not, and who may take a role: differences of sets of grants."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import has_unknown, listed, mapping, plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.statements import Grant, by_place, gained, grants, lost
from modelinfra.review.findings.words import called, listing, plural, shown, whose

_ROLE, _POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"

# Type -> (the property that names the principal, the property with the document or the policy's ARN).
_INLINE = {
    "aws:iam/rolePolicy:RolePolicy": "role",
    "aws:iam/userPolicy:UserPolicy": "user",
    "aws:iam/groupPolicy:GroupPolicy": "group",
}
_ATTACHED = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role",),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": ("user",),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": ("group",),
    "aws:iam/policyAttachment:PolicyAttachment": ("roles", "users", "groups"),
}
_ROLE_KEYS = {
    "aws:ecs/taskDefinition:TaskDefinition": ("taskRoleArn", "executionRoleArn"),
    "aws:lambda/function:Function": ("role",),
    "aws:sagemaker/model:Model": ("executionRoleArn",),
    "aws:ec2/instance:Instance": ("iamInstanceProfile",),
    "aws:eks/nodeGroup:NodeGroup": ("nodeRoleArn",),
    "aws:eks/cluster:Cluster": ("roleArn",),
}

_PRINCIPALS = (_ROLE, "aws:iam/user:User", "aws:iam/group:Group")

# With one of these on every resource, a principal can make itself anybody.
_ESCALATING = (
    "iam:passrole",
    "sts:assumerole",
    "iam:put",
    "iam:attach",
    "iam:create",
    "iam:update",
    "iam:add",
    "lambda:updatefunctioncode",
)
_WEIGHTS: tuple[Severity, ...] = ("high", "medium", "note")
_READING = ("get", "list", "describe", "batchget", "head", "lookup")

Rights = dict[str, set[Grant]]


def rights(graph: Graph) -> Rights:
    """Principal (URN, or its name where the graph does not hold it) -> all that policies of this graph allow it."""
    found: Rights = defaultdict(set)
    policies = {node.urn: grants(plain(node.inputs).get("policy")) for node in graph.all(_POLICY)}
    for node in graph:
        inputs = plain(node.inputs)
        if node.type in _INLINE:
            key = _INLINE[node.type]
            found[_principal(graph, node, key, inputs.get(key))] |= grants(inputs.get("policy"))
        for key in _ATTACHED.get(node.type, ()):
            given = inputs.get(key)
            for value in given if isinstance(given, list) else [given]:
                if value is not None:
                    found[_principal(graph, node, key, value)] |= _attached(
                        graph, node, inputs.get("policyArn"), policies
                    )
        if node.type == _ROLE:
            for each in listed(inputs.get("inlinePolicies")):
                found[node.urn] |= grants(mapping(each).get("policy"))
            for arn in listed(inputs.get("managedPolicyArns")):
                found[node.urn] |= _attached(graph, node, arn, policies)
    return found


def undecided(graph: Graph) -> set[str]:
    """The principals of which a document is known only after the deployment: what they lose or gain nobody can say."""
    found = set()
    for node in graph:
        inputs = plain(node.inputs)
        if node.type in _INLINE and has_unknown(inputs.get("policy")):
            found.add(_principal(graph, node, _INLINE[node.type], inputs.get(_INLINE[node.type])))
        for key in _ATTACHED.get(node.type, ()):
            given = inputs.get(key)
            behind = [graph[urn] for urn in node.property_deps.get("policyArn", ()) if urn in graph]
            if has_unknown(inputs.get("policyArn")) or any(has_unknown(each.inputs.get("policy")) for each in behind):
                values = given if isinstance(given, list) else [given]
                found |= {_principal(graph, node, key, value) for value in values if value is not None}
        if node.type == _ROLE and (
            has_unknown(inputs.get("inlinePolicies")) or has_unknown(inputs.get("managedPolicyArns"))
        ):
            found.add(node.urn)
    return found


def findings(changes: Changes) -> Iterator[Finding]:
    """Rights gained (of new principals as notes), rights lost, trust gained, boundaries dropped."""
    before, after = rights(changes.before), rights(changes.after)
    hidden, were_hidden = undecided(changes.after), undecided(changes.before)
    for principal in sorted({*before, *after}):
        if principal not in were_hidden:
            yield from _gained(changes, principal, before.get(principal, set()), after.get(principal, set()))
        if principal in hidden:
            continue
        if principal in changes.after or principal not in changes.before:
            yield from _lost(changes, principal, before.get(principal, set()), after.get(principal, set()))
    for node in changes.after.all(_ROLE):
        old = changes.before.nodes.get(node.urn)
        if old is not None:
            yield from _trust(changes, old, node)
            yield from _boundary(changes, old, node)
    yield from _other_role(changes)


def _gained(changes: Changes, principal: str, before: set[Grant], after: set[Grant]) -> Iterator[Finding]:
    found = gained(before, after)
    if not found:
        return
    is_new = principal not in changes.before and principal in changes.after
    who = _who(changes.after, principal)
    sentences = {}
    for first, actions in by_place(found):
        sentences[_sentence(changes.after, who, first, actions, before)] = max(
            (_weight(each) for each in found if (each.resource, each.condition) == (first.resource, first.condition)),
            key=("note", "medium", "high").index,
        )
    for severity in _WEIGHTS:
        told = [sentence for sentence, weight in sentences.items() if weight == severity]
        if not told:
            continue
        grave: Severity = severity if severity == "high" or not is_new else "note"
        more = f", and {plural(len(told) - 1, 'more grant')}" if len(told) > 1 else ""
        yield Finding(
            "permissions", grave, principal if principal in changes.after else _source(changes.after, principal),
            told[0] + more, "\n".join(told[1:]),
            "Name the actions and the resources." if severity == "high" else "",
        )  # fmt: skip


def _lost(changes: Changes, principal: str, before: set[Grant], after: set[Grant]) -> Iterator[Finding]:
    found = lost(before, after)
    who = _who(changes.after, principal)
    for effect in ("Deny", "Allow"):
        of_effect = [each for each in found if each.effect == effect]
        told = []
        for first, actions in by_place(of_effect):
            may = "is no longer denied" if effect == "Deny" else "may no longer"
            told.append(f"{who} {may} {listing(actions, 6)}{_on(changes.after, first)}")
        if told:
            severity: Severity = "medium" if effect == "Deny" else "note"
            where = principal if principal in changes.after else _source(changes.after, principal)
            yield Finding(
                "permissions",
                severity,
                where,
                told[0] + (f", and {plural(len(told) - 1, 'more grant')}" if told[1:] else ""),
                "\n".join(told[1:]),
            )


def _weight(grant: Grant) -> str:
    service, _, action = grant.action.lower().partition(":")
    if grant.action.startswith("not ") or grant.action == "*" or action == "*":
        return "high"
    if grant.resource in ("*", "") or grant.resource.startswith("not "):
        # An attached policy whose document the graph does not hold has no resource to judge.
        if grant.action.startswith("do all that "):
            wide = grant.action.endswith(("AdministratorAccess allows", "FullAccess allows", "PowerUserAccess allows"))
            return "high" if wide else "medium"
        if f"{service}:{action}".startswith(_ESCALATING) or f"{service}:{action}" == "kms:decrypt":
            return "high"
        return "note" if action.startswith(_READING) else "medium"
    return "medium"


def _sentence(graph: Graph, who: str, first: Grant, actions: list[str], before: set[Grant]) -> str:
    freed = [
        each
        for each in before
        if each.condition and each.effect == "Allow" and each.resource == first.resource and each.action in actions
    ]
    without = ", without the condition that held before" if freed and not first.condition else ""
    return f"{who} may now {listing(actions, 6)}{_on(graph, first)}{without}"


def _on(graph: Graph, grant: Grant) -> str:
    condition = f" if {_condition(grant.condition)}" if grant.condition else ""
    if not grant.resource:
        return condition
    if grant.resource == "*":
        return f" on everything{condition}"
    return f" on {_thing(graph, grant.resource)}{condition}"


def _thing(graph: Graph, arn: str) -> str:
    """A resource of the graph by its name, anything else by its ARN."""
    head = arn.removesuffix(":*").removesuffix("/*")
    for node in graph:
        known = node.outputs.get("arn")
        if isinstance(known, str) and known == head:
            return called(graph, node)
    return arn


def _condition(text: str) -> str:
    told = []
    for operator, pairs in sorted(mapping(json.loads(text)).items()):
        for key, value in sorted(mapping(pairs).items()):
            told.append(f"{key} {operator} {value if isinstance(value, str) else json.dumps(value)}")
    return " and ".join(told)


def _trust(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    if any(has_unknown(each.inputs.get("assumeRolePolicy")) for each in (old, new)):
        return
    before, after = (grants(plain(each.inputs).get("assumeRolePolicy")) for each in (old, new))
    name = called(changes.after, new)
    for each in gained(before, after):
        freed = [one for one in before if one.principal == each.principal and one.condition and not each.condition]
        how = (
            ", without the condition that held before"
            if freed
            else f" if {_condition(each.condition)}"
            if each.condition
            else ""
        )
        who = "anybody" if each.principal == "*" else each.principal
        wide = each.principal == "*" or bool(freed)
        yield Finding(
            "permissions", "high" if wide else "medium", new.urn, f"{who} may now take {name}{how}",
            f"By {each.action}.", "Name who may take it, under a condition.",
        )  # fmt: skip
    for each in lost(before, after):
        if not any(one.principal == each.principal for one in after):
            yield Finding("permissions", "note", new.urn, f"{each.principal} may no longer take {name}")


def _boundary(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    before, after = (plain(each.inputs).get("permissionsBoundary") for each in (old, new))
    if after and not before:
        yield Finding(
            "permissions",
            "note",
            new.urn,
            f"{called(changes.after, new)} has a permissions boundary now",
            f"It may do no more than {after} allows.",
        )
    if before and before != after:
        what = (
            f"has another boundary: {shown(new, 'permissionsBoundary', after)}"
            if after
            else "has no permissions boundary any more"
        )
        yield Finding(
            "permissions",
            "medium" if after else "high",
            new.urn,
            f"{called(changes.after, new)} {what}",
            f"It was {before}.",
            "Keep the boundary.",
        )


def _other_role(changes: Changes) -> Iterator[Finding]:
    """What takes another role that the graph does not hold: nobody here knows what that one may do."""
    for change in changes.resources:
        old, new = change.before, change.after
        for key in _ROLE_KEYS.get(change.type, ()) if old is not None and new is not None else ():
            assert old is not None
            assert new is not None
            before, after = plain(old.inputs).get(key), plain(new.inputs).get(key)
            held = any(urn in changes.after for urn in new.property_deps.get(key, ()))
            if isinstance(after, str) and before != after and not held:
                yield Finding(
                    "permissions", "medium", new.urn, f"{whose(changes.after, new)} takes another role: {after}",
                    f"{key} was {before}. What the new role may do is not in this stack, and so not known here.", "Read its policies.",
                )  # fmt: skip


def _principal(graph: Graph, node: Node, key: str, value: Any) -> str:
    behind = [urn for urn in node.property_deps.get(key, ()) if urn in graph and graph[urn].type in _PRINCIPALS]
    if isinstance(value, str):
        for urn in behind:
            if value in (graph[urn].id, graph[urn].outputs.get("name"), graph[urn].inputs.get("name")):
                return urn
        if not behind:
            known = [
                each.urn
                for token in _PRINCIPALS
                for each in graph.all(token)
                if value in (each.id, each.outputs.get("name"))
            ]
            return known[0] if known else value
    return behind[0] if behind else str(value)


def _attached(graph: Graph, node: Node, arn: Any, policies: dict[str, frozenset[Grant]]) -> frozenset[Grant]:
    """The grants of an attached policy; of one that AWS or somebody else keeps, its name."""
    for urn in (*node.property_deps.get("policyArn", ()), *node.property_deps.get("managedPolicyArns", ())):
        if urn in policies and (not isinstance(arn, str) or arn in (graph[urn].id, graph[urn].outputs.get("arn"))):
            return policies[urn]
    if not isinstance(arn, str):
        return frozenset()
    return frozenset({Grant("Allow", f"do all that the policy {arn.rpartition('/')[2]} allows", "")})


def _who(graph: Graph, principal: str) -> str:
    node = graph.nodes.get(principal)
    return called(graph, node) if node is not None else principal


def _source(graph: Graph, name: str) -> str:
    """A resource that gives rights to a principal which the graph does not hold."""
    for node in graph:
        if node.type in (*_INLINE, *_ATTACHED) and name in json.dumps(plain(node.inputs), default=str):
            return node.urn
    return name

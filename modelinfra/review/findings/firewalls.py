"""Web ACLs: rules that go, that only count from now on, and load balancers that lose theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import has_unknown, listed, mapping, plain
from modelinfra.policies.web_acl import lets_in_only_known_keys
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings.front_doors import BALANCERS
from modelinfra.review.findings.words import called, listing, plural

_ACL, _ASSOCIATION = "aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclAssociation:WebAclAssociation"


def findings(changes: Changes) -> Iterator[Finding]:
    """What a firewall no longer blocks."""
    for change in changes.resources:
        old, new = change.before, change.after
        if change.type == _ACL and old is not None and new is not None:
            yield from _weaker(called(changes.after, new).replace("web acl", "firewall"), old, new)
        if change.type == _ASSOCIATION and change.operation == "delete" and old is not None:
            yield from _unguarded(changes, old)


def _weaker(name: str, old: Node, new: Node) -> Iterator[Finding]:
    was, will = plain(old.inputs), plain(new.inputs)
    if "block" in mapping(was.get("defaultAction")) and "allow" in mapping(will.get("defaultAction")):
        yield Finding(
            "exposure", "high", new.urn, f"{name} lets through what no rule names", "It blocked it before.", "Keep `block` as its default action.",
        )  # fmt: skip
    elif lets_in_only_known_keys(was) and not lets_in_only_known_keys(will):
        yield Finding(
            "exposure", "high", new.urn, f"{name} no longer asks for API keys",
            "Requests without one reach the endpoint.", "Let in nobody but by the label of a key.",
        )  # fmt: skip
    if has_unknown(will.get("rules")):
        return
    before, after = _rules(was), _rules(will)
    if gone := [each for each in before if each not in after and _held(before[each], after)]:
        yield Finding(
            "exposure", "medium", new.urn, f"{name} loses the {plural(len(gone), 'rule').partition(' ')[2]} {listing(gone)}",
            "What they blocked reaches the endpoint.", "Check that something else holds it.",
        )  # fmt: skip
    kept = [each for each in before if each in after]
    if counting := [each for each in kept if _counted(after[each]) - _counted(before[each])]:
        yield Finding(
            "exposure", "medium", new.urn, f"{name} only counts what it blocked by the {plural(len(counting), 'rule').partition(' ')[2]} {listing(counting)}",
            "What is counted reaches the endpoint.", "Check what was blocked by it so far.",
        )  # fmt: skip
    for each in kept:
        yield from _turned_away(name, new, _known(before[each]), _known(after[each]))
        least, most = _limit(before[each]), _limit(after[each])
        if least is not None and most is not None and most > least:
            yield Finding(
                "exposure", "medium", new.urn, f"{name} lets {most:,} requests of a client through where it let {least:,}",
                f"The rule {each} has a higher limit.", "Check that the endpoint can answer as many.",
            )  # fmt: skip


def _turned_away(
    name: str, node: Node, before: Mapping[str, set[str]], after: Mapping[str, set[str]]
) -> Iterator[Finding]:
    """Clients of which a firewall no longer knows keys that it knew."""
    for label, keys in before.items():
        if label not in after or keys <= after[label]:
            continue
        client, all_of_them = label.rpartition(":")[2], not keys & after[label]
        yield Finding(
            "exposure", "high" if all_of_them else "medium", node.urn,
            f"{name} no longer knows {'any key' if all_of_them else 'a key'} that {client} has",
            "Whoever sends one of those is turned away with 401 from this deployment on.",
            "Raise `generation` by one, and once more when its clients have moved." if all_of_them else "Check that its clients send the newer key.",
        )  # fmt: skip


def _known(rule: Mapping[str, Any]) -> dict[str, set[str]]:
    """Label that a rule gives -> hashes of keys that it knows; those that are not known yet left out."""
    statement = mapping(rule.get("statement"))
    matches = [statement, *map(mapping, listed(mapping(statement.get("orStatement")).get("statements")))]
    hashes = [mapping(each.get("byteMatchStatement")).get("searchString") for each in matches]
    labels = [str(mapping(each).get("name")) for each in listed(rule.get("ruleLabels"))]
    return {label: {each for each in hashes if isinstance(each, str)} for label in labels}


def _rules(acl: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(mapping(each).get("name")): mapping(each) for each in listed(acl.get("rules"))}


def _held(rule: Mapping[str, Any], after: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a rule that goes held anything of what still comes: the limit of a client whose key goes, too, holds nobody."""
    if "count" in mapping(rule.get("action")):
        return False
    limit = mapping(mapping(rule.get("statement")).get("rateBasedStatement"))
    label = mapping(mapping(limit.get("scopeDownStatement")).get("labelMatchStatement")).get("key")
    given = {mapping(each).get("name") for other in after.values() for each in listed(other.get("ruleLabels"))}
    return label is None or label in given


def _counted(rule: Mapping[str, Any]) -> set[str]:
    """What of a rule only counts: itself (the empty name), or rules of its group."""
    group = mapping(mapping(rule.get("statement")).get("managedRuleGroupStatement"))
    whole = "count" in mapping(rule.get("action")) or "count" in mapping(rule.get("overrideAction"))
    overrides = [mapping(each) for each in listed(group.get("ruleActionOverrides"))]
    return ({""} if whole else set()) | {
        str(each.get("name")) for each in overrides if "count" in mapping(each.get("actionToUse"))
    }


def _limit(rule: Mapping[str, Any]) -> int | None:
    limit = mapping(mapping(rule.get("statement")).get("rateBasedStatement")).get("limit")
    return int(limit) if isinstance(limit, (int, float)) else None


def _unguarded(changes: Changes, association: Node) -> Iterator[Finding]:
    for urn in association.property_deps.get("resourceArn", ()):
        balancer = changes.after.nodes.get(urn)
        if balancer is None or balancer.type not in BALANCERS or _is_guarded(changes.after, balancer):
            continue
        internal = plain(balancer.inputs).get("internal") is True
        yield Finding(
            "exposure", "medium" if internal else "high", balancer.urn, f"{called(changes.after, balancer)} loses its firewall",
            "Nothing limits what a client may ask for, or how often.", "Keep the web ACL, or check that something before the load balancer does it.",
        )  # fmt: skip


def _is_guarded(graph: Graph, balancer: Node) -> bool:
    return any(balancer.urn in each.property_deps.get("resourceArn", ()) for each in graph.all(_ASSOCIATION))

"""What is replaced, what that means, and what follows from it: one finding for each root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from modelinfra.review.changes import Changes, PropertyChange, ResourceChange, without_indices
from modelinfra.review.finding import SEVERITIES, Finding
from modelinfra.review.findings.consequences import Consequence, consequence
from modelinfra.review.findings.links import Links
from modelinfra.review.findings.words import called, listing, noun, place, plural, shown

# Only says more than its type does when nothing else of its root is worse.
_MOST_BRIEFS = 3


def findings(changes: Changes) -> Iterator[Finding]:
    """One finding for each replacement that does not follow from another one."""
    replaced = {each.urn: each for each in changes.of("replace")}
    groups = grouped(replaced)
    links = Links(changes.before)
    for root, followers in groups.items():
        members = [replaced[root], *(replaced[urn] for urn in followers)]
        meanings = [consequence(each.type) for each in members]
        worst = min(meanings, key=lambda each: SEVERITIES.index(each.severity))
        if worst.severity != "note":
            yield _finding(changes, replaced[root], members[1:], worst, links)


def grouped(replaced: dict[str, ResourceChange]) -> dict[str, list[str]]:
    """URN of a root -> the URNs of what is replaced because of it, in order. What has two roots counts to the first."""
    roots = {urn: _root(urn, replaced) for urn in replaced}
    groups: dict[str, list[str]] = defaultdict(list)
    for urn, root in roots.items():
        groups[root].extend([] if urn == root else [urn])
    return dict(groups)


def _root(urn: str, replaced: dict[str, ResourceChange]) -> str:
    seen = {urn}
    while True:
        above = [each for each in causes(replaced[urn], replaced) if each not in seen]
        if not above:
            return urn
        urn = above[0]
        seen.add(urn)


def causes(change: ResourceChange, replaced: dict[str, ResourceChange]) -> list[str]:
    """The replaced resources whose identity a property that forces this replacement holds."""
    found = [urn for urn in change.because if urn in replaced]
    for each in change.replacing:
        key = without_indices(each.path).split(".")[0]
        found += [urn for urn in change.node.property_deps.get(key, ()) if urn in replaced and _of_identity(each)]
    # A task definition gives way to its next revision with every change: it is nobody's root.
    return [urn for urn in dict.fromkeys(found) if consequence(replaced[urn].type).severity != "note"]


def _of_identity(change: PropertyChange) -> bool:
    # A value that is known before and after, and differs, was changed by somebody.
    return not (isinstance(change.before, (int, float, bool)) and isinstance(change.after, (int, float, bool)))


def _finding(
    changes: Changes, root: ResourceChange, followers: list[ResourceChange], worst: Consequence, links: Links
) -> Finding:
    own = consequence(root.type)
    name = called(changes.after, root.node)
    others = [each for each in followers if consequence(each.type).severity != "note"]
    beside = (
        f" and {plural(len(others), 'resource')} that stand{'s' if len(others) == 1 else ''} on it" if others else ""
    )
    worse = SEVERITIES.index(worst.severity) < SEVERITIES.index(own.severity)
    brief = _briefs(followers) if worse else own.brief
    return Finding(
        "replacement",
        worst.severity,
        root.urn,
        f"replaces {name}{beside}: {brief}",
        " ".join(
            filter(
                None, (_cause(changes, root), _order(root), _meanings(root, others), _touched(root, followers, links))
            )
        ),
        own.remedy or worst.remedy,
    )


def _briefs(followers: list[ResourceChange]) -> str:
    ranked = sorted(followers, key=lambda each: SEVERITIES.index(consequence(each.type).severity))
    worst = [each for each in ranked if consequence(each.type).severity == consequence(ranked[0].type).severity]
    return listing([f"the {noun(each.type)}: {consequence(each.type).brief}" for each in worst], _MOST_BRIEFS)


def _cause(changes: Changes, root: ResourceChange) -> str:
    told = []
    for each in root.replacing:
        where = place(changes.after, root.node, each.path)
        before, after = shown(root.before, each.path, each.before), shown(root.after, each.path, each.after)
        told.append(where if before == after else f"{where} (from {before} to {after})")
    return f"Because of {listing(told)}." if told else "The preview does not say which property forces it."


def _order(root: ResourceChange) -> str:
    name = root.node.inputs.get("name")
    fixed = isinstance(name, str) and root.before is not None and root.before.inputs.get("name") == name
    if root.node.delete_before_replace or fixed:
        why = "deleteBeforeReplace is set" if root.node.delete_before_replace else f"it has the fixed name {name}"
        return f"The old one goes before the new one is there ({why}): until then there is none."
    return ""


def _meanings(root: ResourceChange, others: list[ResourceChange]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for each in others:
        counts[each.type] += 1
    ranked = sorted(counts, key=lambda token: (SEVERITIES.index(consequence(token).severity), token))
    told = [consequence(root.type).meaning]
    grave = [token for token in ranked if consequence(token).severity == "high" and token != root.type]
    told += [f"With it {_counted(token, counts[token])}: {consequence(token).meaning}" for token in grave]
    if ranked:
        told.append(f"Replaced with it: {listing([_counted(token, counts[token]) for token in ranked], len(ranked))}.")
    return " ".join(told)


def _counted(token: str, count: int) -> str:
    what = noun(token)
    return f"the {what}" if count == 1 else plural(count, what)


def _touched(root: ResourceChange, followers: list[ResourceChange], links: Links) -> str:
    endpoints = links.endpoints([root.urn, *(each.urn for each in followers)])
    return f"It touches {listing(endpoints, 6)}." if endpoints else ""

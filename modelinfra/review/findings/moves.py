"""What is only called something else: made anew and deleted, though an alias would keep it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from modelinfra.graph.model import Node
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import bare_name, called, listing, noun, owner, plural


def findings(changes: Changes) -> Iterator[Finding]:
    """One finding for each pair of components; one for each resource that stands alone."""
    groups: dict[tuple[str, str], list[tuple[Node, Node]]] = defaultdict(list)
    for made, gone in sorted(changes.moved.items()):
        new, old = changes.after[made], changes.before[gone]
        here, there = owner(changes.after, new), owner(changes.before, old)
        # A pair of components can be aliased where the old one goes as a whole; else each resource by itself.
        whole = (
            here is not None and there is not None and here.urn not in changes.before and there.urn not in changes.after
        )
        key = (here.urn, there.urn) if whole and here is not None and there is not None else (made, gone)
        groups[key].append((new, old))
    for (made, gone), pairs in groups.items():
        new, old = changes.after[made], changes.before[gone]
        if new.custom:
            yield _alone(changes, new, old)
        else:
            before, after = bare_name(changes.before, old), bare_name(changes.after, new)
            yield Finding(
                "move", "medium", made, f"{before} becomes {after}: {plural(len(pairs), 'resource')} made anew that could stay",
                f"The same but for their names: {listing([noun(each.type) for each, _ in pairs], 12)}. The old ones are deleted.",
                f"In a program give the component {_alias(changes, new, old)}; in a stack file keep the old name.",
            )  # fmt: skip


def _alone(changes: Changes, new: Node, old: Node) -> Finding:
    before, after = called(changes.before, old), called(changes.after, new)
    return Finding(
        "move", "medium", new.urn, f"{before} is made anew as {after if after != before else new.name}",
        "It is the same but for its name or place; the old one is deleted.", f"Give it {_alias(changes, new, old)}.",
    )  # fmt: skip


def _alias(changes: Changes, new: Node, old: Node) -> str:
    said = [f'name="{old.name}"'] if old.name != new.name else []
    if old.parent != new.parent:
        parent = changes.before.nodes.get(old.parent)
        top = parent is None or parent.type == "pulumi:pulumi:Stack"
        said.append("parent=pulumi.ROOT_STACK_RESOURCE" if top else f'parent="{old.parent}"')
    return f"opts=pulumi.ResourceOptions(aliases=[pulumi.Alias({', '.join(said)})])"

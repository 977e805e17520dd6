"""What other stacks feel: outputs of this one that go or change, and who reads them by a StackReference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelinfra.graph.model import STACK_TYPE, Graph
from modelinfra.graph.values import Secret, Unknown, has_unknown, plain
from modelinfra.review.changes import Changes
from modelinfra.review.context import Context
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import listing, plural

REFERENCE = "pulumi:pulumi:StackReference"


def other_stacks(changes: Changes, dependents: Iterable[Graph] = ()) -> Context:
    """Outputs that are removed or get another value. dependents: graphs of other stacks, of which those that refer to this one are named."""
    before, after = _outputs(changes.before), _outputs(changes.after)
    given = list(dependents)
    this = changes.after if len(changes.after) else changes.before
    readers = sorted({_name(each) for each in given if _refers(each, this)})
    who = f"{listing(readers)} {'reads' if len(readers) == 1 else 'read'} outputs of this stack." if readers else ""
    notes = (
        (f"{plural(len(given), 'other stack')} looked at; what refers to this one: {listing(readers) or 'none'}.",)
        if given
        else ()
    )
    # The engine's preview may leave the outputs of a stack out: nothing is said of what is not there on one side as a whole.
    if not before or (not after and changes.source == "engine"):
        return Context(notes=notes)
    return Context(tuple(_changed(this, before, after, who, bool(readers))), notes=notes)


def _changed(this: Graph, before: dict[str, Any], after: dict[str, Any], who: str, read: bool) -> Iterator[Finding]:
    stack = next((node.urn for node in this if node.type == STACK_TYPE), "")
    for key in sorted(before.keys() - after.keys()):
        yield Finding(
            "other stacks", "high" if read else "medium", stack, f"the output {key} is removed",
            who or "Stacks and scripts that read it fail.", "Keep the output, or change who reads it first.",
        )  # fmt: skip
    for key in sorted(before.keys() & after.keys()):
        old, new = before[key], after[key]
        if has_unknown(old) or has_unknown(new) or old is Unknown or new is Unknown or plain(old) == plain(new):
            continue
        hidden = isinstance(old, Secret) or isinstance(new, Secret)
        yield Finding(
            "other stacks", "medium" if read else "low", stack, f"the output {key} gets another {'secret ' if hidden else ''}value",
            who or "Whoever copied the old one holds it still.", "Deploy the stacks that read it after this one." if read else "",
        )  # fmt: skip


def _outputs(graph: Graph) -> dict[str, Any]:
    if graph.outputs:
        return graph.outputs
    return next((node.outputs for node in graph if node.type == STACK_TYPE), {})


def _refers(other: Graph, this: Graph) -> bool:
    for node in other.all(REFERENCE):
        # `organization/project/stack`, `project/stack` or `stack`: what is left out is the reader's own.
        name = plain(node.inputs).get("name") or node.name
        parts = str(name).split("/")
        project = parts[-2] if len(parts) > 1 else other.project
        if (project, parts[-1]) == (this.project, this.stack):
            return True
    return False


def _name(graph: Graph) -> str:
    return f"{graph.project}/{graph.stack}"

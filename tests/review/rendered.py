"""What the tests of renderers share: reports of the examples and of a change to each, and the golden files that they become.

Golden files and docs/review.schema.json are written anew by `.venv/bin/python -m tests.review.rendered`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modelinfra.graph.cost import Estimate, estimate
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.project import capture_project
from modelinfra.review.changes import Changes, between
from modelinfra.review.finding import Finding
from modelinfra.review.places import Place
from modelinfra.review.render import FORMATS, render, render_graph
from modelinfra.review.render.json import schema
from modelinfra.review.table import Table
from tests.making import REGION, write_model

PROJECT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
SUFFIX = {"tree": "txt", "markdown": "md", "json": "json", "html": "html", "mermaid": "mmd"}


@dataclass
class Report:
    """A report made by hand."""

    changes: Changes
    verdict: str = "replaces the network of digits: addresses change"
    findings: Sequence[Finding] = ()
    cost_before: Estimate | None = None
    cost_after: Estimate | None = None
    tables: Sequence[Table] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    unknowns: Sequence[str] = ()
    notes: Sequence[str] = ()
    roll_back: str = "Deploy the program of before."
    quiet: Sequence[str] = ()
    touched: Sequence[str] = ()
    blast_radius: int = 0
    stack: str = "sandbox"
    project: str = "modelinfra"


@dataclass
class Edit:
    """One example's file with other words in it: old text -> new text."""

    file: str
    words: dict[str, str] = field(default_factory=dict)


SANDBOX = Edit(
    "stacks/Pulumi.sandbox.yaml",
    {
        "    platforms:": "    network: {cidr: 10.8.0.0/16, zones: 3}\n    platforms:",
        "max: 6": "max: 12",
        "      digits:": "      words: {server: mlserver, model: stacks/models/digits}\n      digits:",
    },
)
OWN_PROGRAM = Edit(
    "__main__.py",
    {
        'doubts = aws.sqs.Queue("doubts", message_retention_seconds=14': 'doubts = aws.sqs.Queue("second-thoughts", message_retention_seconds=7',
        '"max": 4': '"max": 8',
        'memory="2GiB"': 'memory="4GiB"',
    },
)


def example(name: str, directory: Path, edit: Edit | None = None, *, preview: bool = False) -> Graph:
    """An example captured from a copy, changed by an edit where there is one."""
    source = PROJECT if name == "sandbox" else PROJECT / "examples" / name
    stack = "sandbox" if name == "sandbox" else "dev"
    copy = directory / name
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    shutil.copy(source / "Pulumi.yaml", copy)
    if name == "sandbox":
        shutil.copytree(source / "stacks", copy / "stacks", ignore=shutil.ignore_patterns("models"))
    else:
        shutil.copy(source / "__main__.py", copy)
        shutil.copy(source / f"Pulumi.{stack}.yaml", copy)
    write_model(copy / ("stacks/models/digits" if name == "sandbox" else "model"))
    if edit is not None:
        text = (copy / edit.file).read_text()
        for old, new in edit.words.items():
            assert old in text, f"{edit.file} no longer says {old!r}"
            text = text.replace(old, new)
        (copy / edit.file).write_text(text)
    return capture_project(copy, stack, preview=preview)


def report(name: str, directory: Path) -> Report:
    """The change of an example, with findings as a review would tell them."""
    before, after = example(name, directory), example(name, directory, SANDBOX if name == "sandbox" else OWN_PROGRAM)
    changes = between(before, after)
    first = changes.resources[0].urn
    return Report(
        changes,
        findings=[
            Finding("watching", "note", first, "No alarm changes"),
            Finding(
                "data loss",
                "high",
                changes.resources[-1].urn,
                "what waits in it is lost",
                "Messages that nobody has read yet are deleted with it.",
                "Empty it first.",
            ),
            Finding("traffic", "medium", first, "requests fail for 2 to 5 minutes", "", "Deploy at night."),
        ],
        cost_before=estimate(before, default_region=REGION),
        cost_after=estimate(after, default_region=REGION),
        tables=[
            Table(
                "What it needs of the account",
                ("Quota", "Before", "After"),
                (("vCPU of Fargate", "4", "12"),),
                ("A figure of the test.",),
            )
        ],
        places={first: Place("stacks/Pulumi.sandbox.yaml", 7)},
        unknowns=("the address of the load balancer",),
        notes=("2 hash-only changes are not listed",),
        touched=("digits",),
        blast_radius=3,
        stack=after.stack,
        project=after.project,
    )


def texts(name: str, directory: Path) -> dict[str, str]:
    """File name -> what stands in it, for one example: as it is, and its change."""
    changed, graph = report(name, directory), example(name, directory, preview=True)
    cost = estimate(graph, default_region=REGION)
    return {
        **{f"{name}.{SUFFIX[each]}": render_graph(graph, cost, each) for each in FORMATS},
        **{f"{name}-change.{SUFFIX[each]}": render(changed, each) for each in FORMATS},
    }


def graph_of(*nodes: Node) -> Graph:
    """A graph made by hand."""
    return Graph("project", "stack", {node.urn: node for node in nodes})


def node(name: str, token: str = "aws:sqs/queue:Queue", **inputs: object) -> Node:
    """One resource of it."""
    return Node(f"urn:pulumi:stack::project::{token}::{name}", name, token, inputs=dict(inputs))


if __name__ == "__main__":
    (PROJECT / "docs" / "review.schema.json").write_text(json.dumps(schema(), indent=2) + "\n")
    with tempfile.TemporaryDirectory() as scratch:
        for case in ("sandbox", "own-program"):
            for file, text in texts(case, Path(scratch)).items():
                (GOLDEN / file).write_text(text, encoding="utf-8")

"""However large a change is, what is shown of it stays within the limits of where it is shown, and says what it leaves out."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from modelinfra.graph.model import Graph, Node
from modelinfra.review.changes import between
from modelinfra.review.finding import Finding
from modelinfra.review.render import FORMATS, json, render
from modelinfra.review.render.markdown import LIMIT
from tests.review.rendered import Report, graph_of, node

LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def component(index: int) -> Node:
    token = "modelinfra:index:ModelEndpoint"
    return Node(f"urn:pulumi:stack::project::{token}::part-{index}", f"part-{index}", token, custom=False)


def member(index: int, value: str, *, token: str = "aws:sqs/queue:Queue", name: str = "") -> Node:
    name = name or f"queue-{index}"
    urn = f"urn:pulumi:stack::project::modelinfra:index:ModelEndpoint${token}::{name}"
    inputs = {f"property{number}": value for number in range(20)}
    return Node(urn, name, token, parent=component(index % 100).urn, inputs=inputs)


@pytest.fixture(scope="module")
def huge() -> Report:
    """2,000 resources change in 100 components: 500 are updated, 500 created, 500 deleted, 500 balancers renamed, with 2,000 findings."""
    parts = [component(index) for index in range(100)]
    ugly = "`|<@_*\\" * 40
    old = [member(index, f"{ugly}1") for index in range(1_000)]
    new = [member(index, f"{ugly}2") for index in range(500)] + [member(index, ugly) for index in range(1_000, 1_500)]
    balancers = [
        member(index, "", token=LOAD_BALANCER, name=f"{ugly}-{index}{suffix}")
        for suffix in ("-old", "-new")
        for index in range(250)
    ]
    changes = between(graph_of(*parts, *old, *balancers[:250]), graph_of(*parts, *new, *balancers[250:]))
    assert len(changes.resources) == 2_000
    findings = [
        Finding("exposure", "high" if index % 2 else "low", each.urn, f"{ugly} {index}", ugly * 5, ugly * 3)
        for index, each in enumerate(changes.resources)
    ]
    return Report(
        changes, verdict=ugly, findings=findings, unknowns=[ugly] * 2_000, notes=[ugly] * 2_000, stack="stack"
    )


def test_a_comment_on_2000_resources_is_within_the_limit_in_5_seconds(huge: Report) -> None:
    started = time.process_time()
    comment = render(huge, "markdown")
    assert time.process_time() - started < 5
    assert 20_000 < len(comment) <= LIMIT


def test_it_says_what_it_leaves_out_and_where_the_whole_is(huge: Report) -> None:
    comment = render(huge, "markdown")
    findings = re.search(r"\*\*([\d]+) more findings are left out here:\*\* (\d+) high, (\d+) low", comment)
    assert findings is not None
    assert int(findings[1]) == int(findings[2]) + int(findings[3])
    assert int(findings[1]) + comment.count("- **high** (exposure)") == 2_000
    lost = re.search(r"\*\*(\d+) more are left out here:\*\* (.*)\.", comment)
    assert lost is not None
    assert "Queue deleted" in lost[2]
    assert comment.rstrip().endswith("(`--format html`, `--format json`).")


def test_worse_findings_come_first_and_go_last(huge: Report) -> None:
    assert "- **low**" not in render(huge, "markdown")


def test_no_finding_is_hidden_by_a_worse_one_that_grows_by_escaping() -> None:
    empty = Graph("project", "stack")
    grown = Finding("data loss", "high", "urn:a", "@" * 3_000, "\n".join(["@" * 3_000] * 20), "@" * 3_000)
    comment = render(
        Report(between(empty, empty), findings=[grown, Finding("exposure", "high", "urn:b", "seen")]), "markdown"
    )
    assert "seen" in comment
    assert "and 20 more lines" in comment


def test_tables_of_the_comment_have_three_columns_at_most(huge: Report) -> None:
    rows = [line for line in render(huge, "markdown").splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) <= 4 for row in rows)


def test_the_flowchart_is_folded_until_github_draws_it(huge: Report) -> None:
    chart = render(huge, "mermaid")
    assert len(chart) < 50_000
    assert len(re.findall(r"^  n\d+ -", chart, re.MULTILINE)) <= 500
    assert re.search(r"and \d+ more, \d+ of them changed", chart)


def test_json_and_page_hold_all_of_it(huge: Report) -> None:
    outline = json.read(render(huge, "json"))
    assert (len(outline.resources), len(outline.findings), len(outline.notes)) == (2_000, 2_000, 2_000)
    page = render(huge, "html")
    assert page.count('<div class="resource ') == 2_000
    assert page.count('<article class="finding ') == 2_000


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_that_changes_is_said_in_every_format(name: str) -> None:
    empty = Graph("project", "stack")
    text = render(Report(between(empty, empty), verdict="changes nothing", stack="stack"), name)
    assert "changes nothing" in text or name == "mermaid"


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_in_which_findings_were_found_does_not_matter(huge: Report, name: str) -> None:
    few = replace(huge, findings=list(huge.findings)[:20])
    assert render(few, name) == render(replace(few, findings=list(few.findings)[::-1]), name)


@pytest.mark.parametrize("name", ["tree", "markdown", "json", "html"])
def test_a_renamed_resource_says_what_it_was(name: str) -> None:
    before = graph_of(node("old", messageRetentionSeconds=60), node("other", messageRetentionSeconds=70))
    after = graph_of(node("new", messageRetentionSeconds=60), node("fresh", messageRetentionSeconds=80))
    changes = between(before, after)
    assert [urn.rpartition("::")[2] for urn in (*changes.moved, *changes.moved.values())] == ["new", "old"]
    text = render(Report(changes), name)
    expected = {"tree": "new (create, was old)", "markdown": "`old`, which is made again as `new`", "html": "was old"}
    assert expected.get(name, "moved") in text

"""The report: one verdict, what it costs, how to undo it, and the same words each time."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from modelinfra.catalog.prices import Price, PriceTable
from modelinfra.graph.model import Node
from modelinfra.graph.values import Secret, Unknown
from modelinfra.review.changes import Changes
from modelinfra.review.engine_preview import changes_of
from modelinfra.review.finding import SEVERITIES
from modelinfra.review.findings import CONCERNS, all_findings
from modelinfra.review.report import report
from tests.review.making import changes, graph, node, urn

NAT, BUCKET, GROUP = "aws:ec2/natGateway:NatGateway", "aws:s3/bucket:Bucket", "aws:ec2/securityGroup:SecurityGroup"
REGION = "us-west-2"


def open_group(*cidrs: str) -> Node:
    return node(
        GROUP, "front", ingress=[{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": list(cidrs)}]
    )


def test_no_change_is_said_and_costs_nothing() -> None:
    found = report(changes([node(NAT, "nat")], [node(NAT, "nat")]), region=REGION)
    assert (found.verdict, found.findings, found.roll_back) == ("no change", (), "Nothing to undo.")
    assert found.counts == {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 1}


def test_data_comes_before_doors_and_doors_before_cost() -> None:
    before = [node(BUCKET, "models", forceDestroy=True), open_group()]
    found = report(changes(before, [open_group("0.0.0.0/0"), node(NAT, "nat")]), region=REGION)
    assert found.verdict == "deletes the bucket models: loses its objects (and 1 more to read); +$33 a month"
    assert "What does not come back: the objects of the bucket models." in found.roll_back


@pytest.mark.parametrize(
    ("before", "after", "verdict_end"),
    [(0, 2, "; +$66 a month"), (2, 1, "; -$33 a month"), (1, 1, "")],
)  # fmt: skip
def test_cost_is_the_difference_with_its_sign(before: int, after: int, verdict_end: str) -> None:
    world = [
        [node(NAT, f"nat-{index}") for index in range(count)] + [node(BUCKET, "other")] for count in (before, after)
    ]
    found = report(changes(*world), region=REGION)
    assert found.verdict.endswith(verdict_end)
    assert found.verdict.count("a month") == bool(verdict_end)


def test_own_prices_count() -> None:
    own = Price("nat.gateway", REGION, "hour", Decimal(1), date(2026, 1, 1), "override", "own.toml")
    found = report(changes([], [node(NAT, "nat")]), region=REGION, prices=PriceTable.of([own]))
    assert found.verdict.endswith("$730 a month")
    assert found.cost_before is None
    assert found.roll_back == "Destroy the stack."


def test_a_price_that_is_not_known_is_named() -> None:
    found = report(
        changes([node(BUCKET, "b")], [node(BUCKET, "b"), node(NAT, "nat")]), region=REGION, prices=PriceTable.of([])
    )
    assert found.verdict.endswith("NAT gateway at an unknown price")


def test_what_stands_on_it_and_what_is_unknown_is_counted() -> None:
    vpc = [node("aws:ec2/vpc:Vpc", "main", tags={"a": tag}) for tag in "ab"]
    subnet = [node("aws:ec2/subnet:Subnet", "s", vpcId="main-id", deps={"vpcId": [each]}) for each in vpc]
    found = report(changes([vpc[0], subnet[0]], [vpc[1], subnet[1], node(BUCKET, "b", bucket=Unknown)]), region=REGION)
    assert found.blast_radius == 1
    assert found.quiet == (vpc[0].urn,)
    assert found.unknowns == ("b: bucket",)


def test_a_type_that_no_table_knows_is_said_to_be_unknown() -> None:
    found = report(
        changes([node("acme:index:Thing", "t", size=1)], [node("acme:index:Thing", "t", size=2)]), region=REGION
    )
    assert found.notes[-1] == "Of 1 resource nobody can say whether it is updated or replaced."


def test_a_protected_deletion_says_that_the_update_fails() -> None:
    found = report(changes([replace(node(BUCKET, "models"), protect=True)], []), region=REGION)
    assert found.roll_back.startswith("The update fails as it is")


def test_a_preview_without_what_stays_costs_nothing_that_is_known() -> None:
    state = {"urn": urn(NAT, "nat"), "type": NAT, "custom": True, "id": "nat-1", "inputs": {"subnetId": "a"}}
    stack = {
        "urn": "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod",
        "type": "pulumi:pulumi:Stack",
        "custom": False,
    }
    step = {"op": "update", "urn": state["urn"], "oldState": state, "newState": {**state, "inputs": {"subnetId": "b"}}}
    same = {"op": "same", "urn": stack["urn"], "oldState": stack, "newState": stack}
    found = report(changes_of({"steps": [same, step]}), region=REGION)
    assert found.source == "engine"
    assert found.cost_after is None
    assert "--show-sames" in found.notes[-1]


def test_the_same_change_makes_the_same_report_whatever_order_the_graph_has() -> None:
    nodes = [open_group("0.0.0.0/0"), node(NAT, "nat"), node(BUCKET, "b"), node(BUCKET, "a", forceDestroy=True)]
    one, other = (report(changes(some, []), region=REGION) for some in (nodes, nodes[::-1]))
    assert one.findings == other.findings
    assert one.verdict == other.verdict
    assert list(one.findings) == sorted(one.findings, key=lambda each: SEVERITIES.index(each.severity))


def test_no_part_of_a_report_tells_a_secret() -> None:
    before = [
        node(
            "aws:rds/instance:Instance", "db", password=Secret("hunter-one"), username="a", engine=Secret("hunter-two")
        )
    ]
    after = [
        node(
            "aws:rds/instance:Instance",
            "db",
            password=Secret("hunter-three"),
            username="b",
            engine=Secret("hunter-four"),
        )
    ]
    found = report(changes(before, after), region=REGION)
    assert "hunter" not in repr((found.verdict, found.findings, found.unknowns, found.notes, found.roll_back))


def test_a_graph_of_two_thousand_resources_is_read_quickly() -> None:
    before = [node(BUCKET, f"b{index}", forceDestroy=True) for index in range(1000)]
    after = [open_group("0.0.0.0/0"), *(node("aws:ecs/service:Service", f"s{index}") for index in range(1000))]
    start = time.process_time()
    report(changes(before, after), region=REGION)
    assert time.process_time() - start < 5


def test_every_concern_says_nothing_of_nothing() -> None:
    empty = Changes(graph(), graph(), (), "capture")
    assert [list(concern(empty)) for concern in CONCERNS] == [[] for _ in CONCERNS]
    assert all_findings(empty) == []


def test_findings_never_read_what_the_making_wing_knows() -> None:
    import modelinfra.review.findings as home

    for file in Path(str(home.__file__)).parent.glob("*.py"):
        imported = [
            node.module or "" for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        assert not [
            each
            for each in imported
            if each.startswith(("modelinfra.options", "modelinfra.components", "modelinfra.platforms"))
        ]


SEEDED = """
from tests.review.making import changes, node, policy
from modelinfra.review.report import report

role = node("aws:iam/role:Role", "task")
document = policy({"Action": ["s3:*", "a:B", "c:D"], "Resource": ["x", "y", "*"]}, {"NotAction": ["z"], "Resource": "*"})
rights = node("aws:iam/rolePolicy:RolePolicy", "task", role="task", policy=document, deps={"role": [role]})
cidrs = ["0.0.0.0/1", "128.0.0.0/1", "::/0"]
group = node("aws:ec2/securityGroup:SecurityGroup", "g", ingress=[{"protocol": "-1", "cidrBlocks": cidrs[:2], "ipv6CidrBlocks": cidrs[2:]}])
tables = [node("aws:dynamodb/table:Table", f"t{index}") for index in range(9)]
print(repr(report(changes([role, *tables], [role, rights, group]))))
"""


def test_the_words_are_the_same_in_every_process() -> None:
    root = Path(__file__).parents[2]
    said = {
        subprocess.run(
            [sys.executable, "-c", SEEDED], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(said) == 1
    assert "lets the whole internet in" in said.pop()

"""What a change needs of the account's quotas."""

from __future__ import annotations

import pytest

from modelinfra.catalog.quotas import quota_of_instance
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.findings import quotas
from modelinfra.review.needs import needs
from modelinfra.review.report import report
from tests.review.making import changes, graph, node, told

TEMPLATE, GROUP = "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"


def machines(name: str = "g5.xlarge", most: object = 8, *, spot: bool = False) -> list[Node]:
    market = {"instanceMarketOptions": {"marketType": "spot"}} if spot else {}
    template = node(TEMPLATE, "gpu", instanceType=name, **market)
    return [
        template,
        node(
            GROUP, "gpu", minSize=2, maxSize=most, launchTemplate={"id": "gpu-id"}, deps={"launchTemplate": [template]}
        ),
    ]


@pytest.mark.parametrize(("name", "spot", "code"), [
    ("g5.xlarge", False, "L-DB2E81BA"), ("g6e.xlarge", True, "L-3819A6DF"), ("gr6.4xlarge", False, "L-DB2E81BA"), ("p5.48xlarge", False, "L-417A185B"),
    ("inf2.xlarge", False, "L-1945791B"), ("trn1.2xlarge", True, "L-6B0D517C"), ("m7i.large", False, "L-1216C47A"), ("t3.small", True, "L-34B43A08"),
    ("im4gn.large", False, "L-1216C47A"),
])  # fmt: skip
def test_an_instance_type_counts_against_its_familys_quota(name: str, spot: bool, code: str) -> None:
    found = quota_of_instance(name, spot=spot)
    assert found is not None
    assert found.code == code


def test_a_family_that_is_not_in_the_table_is_not_guessed() -> None:
    assert quota_of_instance("u-6tb1.metal", spot=False) is None
    assert quota_of_instance("hpc7a.96xlarge", spot=False) is None


def test_machines_are_counted_in_vcpu_from_least_to_most() -> None:
    assert {quota.code: str(need) for quota, need in needs(graph(*machines())).by_quota.items()} == {
        "L-DB2E81BA": "8 to 32"
    }
    assert [quota.code for quota in needs(graph(*machines(spot=True))).by_quota] == ["L-3819A6DF"]


def test_what_is_not_known_is_named_and_not_taken_for_nothing() -> None:
    assert needs(graph(*machines(most=Unknown))).unclear == (
        "EC2 g5.xlarge of gpu: the number of instances is known only after the deployment",
    )
    assert needs(graph(*machines("zz9.large"))).unclear == (
        "EC2 zz9.large of gpu: its quota or size is not in the table",
    )


def test_more_of_a_quota_that_new_accounts_lack_is_told() -> None:
    assert told(quotas.findings, machines(), machines(most=12)) == [
        ("low", "needs 8 to 48 vCPU of the quota L-DB2E81BA (8 to 32 before)")
    ]
    assert told(quotas.findings, machines(most=12), machines()) == []
    assert told(quotas.findings, machines("m7i.large"), machines("m7i.large", 12)) == []


def test_the_sixth_address_is_told_and_the_fifth_is_not() -> None:
    addresses = [node("aws:ec2/eip:Eip", f"a{index}") for index in range(6)]
    assert told(quotas.findings, addresses[:4], addresses[:5]) == []
    assert told(quotas.findings, addresses[:5], addresses) == [
        ("low", "needs 6 addresses of the quota L-0263D0A3 (5 before)")
    ]


def test_a_review_shows_what_changes_of_the_need() -> None:
    found = report(changes(machines(), machines(most=12)), region="us-east-1").tables[0]
    assert found.rows == (("Running On-Demand G and VT instances (L-DB2E81BA)", "8 to 32", "8 to 48", "vCPU"),)
    assert report(changes(machines(), machines()), region="us-east-1").tables == ()

"""What a change needs of the account's quotas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from modelinfra.catalog.quotas import quota_of_instance
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings import quotas
from modelinfra.review.needs import Needs, demand_of, needs
from modelinfra.review.report import report
from tests.review.making import changes, graph, node, only, told, urn

TEMPLATE, GROUP = "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"


def machines(
    name: str = "g5.xlarge", most: object = 8, *, spot: bool = False, group: str = "gpu", region: str = ""
) -> list[Node]:
    market = {"instanceMarketOptions": {"marketType": "spot"}} if spot else {}
    there = {"region": region} if region else {}
    template = node(TEMPLATE, group, instanceType=name, **market, **there)
    launch = {"id": f"{group}-id"}
    return [
        template,
        node(
            GROUP, group, minSize=2, maxSize=most, launchTemplate=launch, deps={"launchTemplate": [template]}, **there
        ),
    ]


def found(given: Changes) -> Iterator[Finding]:
    return quotas.findings(demand_of(given))


def total(needed: Needs) -> dict[str, str]:
    return {share.quota.code: str(needed.of(share)) for share in needed.by_urn}


@pytest.mark.parametrize(("name", "spot", "code"), [
    ("g5.xlarge", False, "L-DB2E81BA"), ("g6e.xlarge", True, "L-3819A6DF"), ("gr6.4xlarge", False, "L-DB2E81BA"), ("p5.48xlarge", False, "L-417A185B"),
    ("inf2.xlarge", False, "L-1945791B"), ("trn1.2xlarge", True, "L-6B0D517C"), ("m7i.large", False, "L-1216C47A"), ("t3.small", True, "L-34B43A08"),
    ("im4gn.large", False, "L-1216C47A"),
])  # fmt: skip
def test_an_instance_type_counts_against_its_familys_quota(name: str, spot: bool, code: str) -> None:
    quota = quota_of_instance(name, spot=spot)
    assert quota is not None
    assert quota.code == code


def test_a_family_that_is_not_in_the_table_is_not_guessed() -> None:
    assert quota_of_instance("u-6tb1.metal", spot=False) is None
    assert quota_of_instance("hpc7a.96xlarge", spot=False) is None


def test_machines_are_counted_in_vcpu_from_least_to_most() -> None:
    assert total(needs(graph(*machines()))) == {"L-DB2E81BA": "8 to 32"}
    assert total(needs(graph(*machines(spot=True)))) == {"L-3819A6DF": "8 to 32"}


def test_what_is_not_known_is_named_and_not_taken_for_nothing() -> None:
    assert needs(graph(*machines(most=Unknown))).unclear == (
        "EC2 g5.xlarge of gpu: the number of instances is known only after the deployment",
    )
    assert needs(graph(*machines("zz9.large"))).unclear == (
        "EC2 zz9.large of gpu: its quota or size is not in the table",
    )


def test_more_of_a_quota_that_new_accounts_lack_is_told() -> None:
    assert told(found, machines(), machines(most=12)) == [
        ("low", "needs 8 to 48 vCPU of the quota L-DB2E81BA (8 to 32 before)")
    ]
    assert told(found, machines(most=12), machines()) == []
    assert told(found, machines("m7i.large"), machines("m7i.large", 12)) == []


def test_the_sixth_address_is_told_and_the_fifth_is_not() -> None:
    addresses = [node("aws:ec2/eip:Eip", f"a{index}") for index in range(6)]
    assert told(found, addresses[:4], addresses[:5]) == []
    assert told(found, addresses[:5], addresses) == [("low", "needs 6 addresses of the quota L-0263D0A3 (5 before)")]


def test_a_review_shows_what_changes_of_the_need() -> None:
    table = report(changes(machines(), machines(most=12)), region="us-east-1").tables[0]
    assert table.rows == (("Running On-Demand G and VT instances (L-DB2E81BA)", "8 to 32", "8 to 48", "vCPU"),)
    assert report(changes(machines(), machines()), region="us-east-1").tables == ()


def test_the_finding_stands_at_the_resource_that_needs_more_than_before() -> None:
    before = [*machines(group="apple", most=3), *machines(group="large", most=90), *machines(group="zebra", most=4)]
    after = [*machines(group="apple", most=4), *machines(group="large", most=90), *machines(group="zebra", most=9)]
    assert only(found, before, after).urn == urn(GROUP, "zebra")


def test_each_region_has_a_quota_of_its_own() -> None:
    before = [*machines(), *machines(group="other", region="eu-west-1")]
    after = [*machines(), *machines(group="other", region="eu-west-1", most=10)]
    finding = only(found, before, after)
    assert finding.title == "needs 8 to 40 vCPU of the quota L-DB2E81BA in eu-west-1 (8 to 32 before)"
    assert finding.urn == urn(GROUP, "other")
    assert finding.remedy.endswith("--service-code ec2 --region eu-west-1.")
    rows = report(changes(before, after), region="us-west-2").tables[0].rows
    assert rows == (("Running On-Demand G and VT instances (L-DB2E81BA) in eu-west-1", "8 to 32", "8 to 40", "vCPU"),)


def test_addresses_in_two_regions_stay_below_the_quota_of_each() -> None:
    addresses = [node("aws:ec2/eip:Eip", f"a{index}") for index in range(4)]
    there = [node("aws:ec2/eip:Eip", f"b{index}", region="eu-west-1") for index in range(4)]
    assert told(found, addresses, [*addresses, *there]) == []


def test_what_an_explicit_provider_makes_counts_in_its_region() -> None:
    provider = node("pulumi:providers:aws", "far", region="ap-south-1")
    group = machines(most=12)
    for each in group:
        each.provider = f"{provider.urn}::far-id"
    assert {share.region for share in needs(graph(provider, *group), "us-west-2").by_urn} == {"ap-south-1"}


def test_what_is_not_deployed_yet_is_in_the_region_of_what_is() -> None:
    fresh = machines(most=12)
    for each in fresh:
        each.outputs = {}
    assert [each.title for each in found(changes(machines(), fresh))] == [
        "needs 8 to 48 vCPU of the quota L-DB2E81BA (8 to 32 before)"
    ]

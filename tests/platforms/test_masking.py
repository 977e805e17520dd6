"""Personal data in a server's log is masked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.data_identifiers import DATA_IDENTIFIERS
from tests.making import inputs
from tests.platforms.worlds import deployed, refusal

MASK = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
FINDINGS = "arn:aws:logs:us-west-2:123456789012:log-group:/security/findings"


def policy(root: Path, **logs: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inputs(deployed(root, logs=logs), MASK)["policyDocument"])
    return found


def test_what_is_found_is_what_is_masked(tmp_path: Path) -> None:
    find, mask = policy(tmp_path, masked=["EmailAddress", "Ssn-US"])["Statement"]
    assert find["DataIdentifier"] == mask["DataIdentifier"]
    assert mask["DataIdentifier"] == [
        f"arn:aws:dataprotection::aws:data-identifier/{kind}" for kind in ("EmailAddress", "Ssn-US")
    ]
    assert mask["Operation"] == {"Deidentify": {"MaskConfig": {}}}
    assert find["Operation"] == {"Audit": {"FindingsDestination": {}}}


def test_findings_go_to_a_log_group_by_its_name(tmp_path: Path) -> None:
    find, _ = policy(tmp_path, masked=["Name"], findings_group_arn=FINDINGS)["Statement"]
    assert find["Operation"]["Audit"]["FindingsDestination"] == {"CloudWatchLogs": {"LogGroup": "/security/findings"}}


def test_the_policy_is_the_log_groups(tmp_path: Path) -> None:
    graph = deployed(tmp_path, logs={"masked": ["Name"]})
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "digits-logs")
    assert inputs(graph, MASK)["logGroupName"] == group.outputs["name"]


def test_without_a_wish_nothing_is_masked(tmp_path: Path) -> None:
    assert deployed(tmp_path).all(MASK) == []


def test_the_kinds_are_those_of_the_source() -> None:
    assert len(DATA_IDENTIFIERS) == 99
    assert {"PhoneNumber", "PhoneNumber-BR", "HealthInsuranceCardNumber-EU"} <= DATA_IDENTIFIERS


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"masked": ["EmailAdress"]}, "CloudWatch knows no such kind of data. Did you mean 'EmailAddress'?"),
        ({"masked": ["Name", "Name"]}, "this stands here twice"),
        ({"findings_group_arn": FINDINGS}, "nothing is looked for"),
        ({"masked": ["Name"], "group_arn": FINDINGS}, "an existing log group (`group_arn`) has this already"),
    ],
)
def test_what_cannot_be_masked_is_refused(tmp_path: Path, logs: dict[str, Any], said: str) -> None:
    found = refusal(tmp_path, logs=logs)
    assert any(said in line for line in found), found

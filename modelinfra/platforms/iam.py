"""IAM documents, as the text that AWS takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def document(*statements: Mapping[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, account: str) -> str:
    """Only this AWS service, on behalf of this account, may take the role (the remedy for the confused deputy)."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def nothing_in_the_clear(service: str, *resources: str) -> dict[str, Any]:
    """A statement that refuses every request over plain HTTP. service: as actions begin, for example `s3`."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": list(resources) if len(resources) > 1 else resources[0],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def principals_of(named: Sequence[str], partition: str) -> list[str]:
    """ARNs of accounts (12 digits) and of what has an ARN already. An account is said as AWS says it back, so that nothing differs later."""
    return [each if ":" in each else f"arn:{partition}:iam::{each}:root" for each in named]

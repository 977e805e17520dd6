"""The data protection policy of a log group (Amazon CloudWatch Logs user guide, "Log group-level data protection policies")."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from modelinfra.catalog.data_identifiers import identifier_arn


def masking(kinds: Sequence[str], name: str, partition: str, findings: str | None) -> str:
    """Find and mask these kinds of data. name: of the log group. findings: ARN of the log group that is told of what is found."""
    found = [identifier_arn(kind, partition) for kind in kinds]
    destination: dict[str, Any] = (
        {} if findings is None else {"CloudWatchLogs": {"LogGroup": findings.removesuffix(":*").split(":", 6)[6]}}
    )
    # Both statements are demanded, with the same identifiers.
    statements = [
        {"Sid": "Find", "DataIdentifier": found, "Operation": {"Audit": {"FindingsDestination": destination}}},
        {"Sid": "Mask", "DataIdentifier": found, "Operation": {"Deidentify": {"MaskConfig": {}}}},
    ]
    return json.dumps({"Name": name, "Version": "2021-06-01", "Statement": statements})

"""Lowers Pulumi AWS resources to CloudFormation, for judges that know its schemas.

Names differ by rule (a capital at the beginning); what differs otherwise stands in a table, one row a type. Types without a sound
mapping stand in `NOT_LOWERED`, with the reason. References stay literal values.
"""

from __future__ import annotations

import json
import re
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import AssetRef, Unknown, plain
from tests.judges.cloudformation_rows import NOT_LOWERED, ROWS
from tests.judges.cloudformation_shapes import Given

# Keys of maps, not names of properties.
_MAPS = {
    "eventPattern",
    "redrivePolicy",
    "redriveAllowPolicy",
    "options",
    "dockerLabels",
    "policyDocument",
    "keyPolicy",
    "labels",
    "assumeRolePolicyDocument",
}

_SERVICES = {"Greengrassv2": "GreengrassV2"}


def lowered(node: Node) -> Given | None:
    """A resource as it stands in a template; None for what is not lowered. Raises KeyError for a type in no table."""
    native = re.fullmatch(r"aws-native:(\w+):(\w+)", node.type)
    if native:
        return _native(native, node)
    if node.type in NOT_LOWERED or not node.type.startswith("aws:"):
        return None
    row = ROWS[node.type]
    given = {
        key: value
        for key, value in plain(node.inputs).items()
        if value is not Unknown and not isinstance(value, AssetRef)
    }
    given = json.loads(json.dumps(given))
    if "name" not in given and isinstance(node.outputs.get("name"), str) and "name" in row.renamed:
        given["name"] = node.outputs["name"]
    if row.shaped is not None:
        given = row.shaped(given)
    renamed = {row.renamed.get(key, key): value for key, value in given.items() if key not in row.without}
    if isinstance(renamed.get("tags"), dict):
        renamed["tags"] = [{"key": key, "value": value} for key, value in renamed["tags"].items()]
    # What CloudFormation does not have: options of Pulumi's provider.
    for key in ("forceNewDeployment", "region"):
        renamed.pop(key, None)
    return {"Type": row.type, "Properties": {_capital(k): _pascal(v, k) for k, v in renamed.items() if v is not None}}


def _native(type_: re.Match[str], node: Node) -> Given:
    """What AWS's native provider takes is what CloudFormation does, but for how names begin."""
    given = {key: value for key, value in plain(node.inputs).items() if value is not Unknown and value is not None}
    service, kind = (_capital(each) for each in type_.groups())
    service = _SERVICES.get(service, service)
    return {
        "Type": f"AWS::{service}::{kind}",
        "Properties": {_capital(key): _pascal(value, key) for key, value in given.items()},
    }


def _pascal(value: Any, key: str) -> Any:
    if key in _MAPS:
        return value
    if isinstance(value, dict):
        return {_capital(name): _pascal(item, name) for name, item in value.items()}
    return [_pascal(item, key) for item in value] if isinstance(value, list) else value


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]

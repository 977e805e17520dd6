"""What AWS IoT makes of a provisioning template and of the policies in it, as far as this library writes them.

AWS IoT developer guide: "Provisioning templates" (Ref, Fn::Join), "AWS IoT Core policies" (`*` and `?` are wildcards, `#` and `+` are letters; what no
statement allows is denied, and what one denies is denied).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def rendered(value: Any, parameters: Mapping[str, str]) -> Any:
    """A part of a template with its parameters. Raises KeyError for one that was not given, and ValueError for a function that is not known here."""
    if isinstance(value, Mapping):
        if set(value) == {"Ref"}:
            return parameters[value["Ref"]]
        if set(value) == {"Fn::Join"}:
            delimiter, parts = value["Fn::Join"]
            return delimiter.join(rendered(part, parameters) for part in parts)
        if any(key.startswith("Fn::") for key in value):
            raise ValueError(f"{value} is not evaluated here")
        return {key: rendered(item, parameters) for key, item in value.items()}
    if isinstance(value, list):
        return [rendered(item, parameters) for item in value]
    return value


def allows(policy: Mapping[str, Any], action: str, resource: str) -> bool:
    """Whether a principal with this policy alone may. Raises ValueError for what is not evaluated here."""
    allowed = False
    for statement in policy["Statement"]:
        if set(statement) != {"Effect", "Action", "Resource"} or "${" in str(statement["Resource"]):
            raise ValueError(f"{statement} is not evaluated here")
        meant = any(_matches(each, action) for each in _listed(statement["Action"])) and any(
            _matches(each, resource) for each in _listed(statement["Resource"])
        )
        if meant and statement["Effect"] == "Deny":
            return False
        allowed = allowed or meant
    return allowed


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _matches(pattern: str, text: str) -> bool:
    parts = (".*" if each == "*" else "." if each == "?" else re.escape(each) for each in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None

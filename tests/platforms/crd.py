"""Custom resources against the schemas of their definitions, strictly: a field that the schema does not name is a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path("/work/shared/data")
"""Definitions copied from public repositories; they are no part of the project (README.md there says which)."""

_KINDS: dict[str, Any] = {
    "object": Mapping,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@cache
def schema_of(file: str, version: str) -> dict[str, Any]:
    """The schema of a definition's version."""
    definition = yaml.safe_load((DATA / file).read_text())
    found: dict[str, Any] = next(each for each in definition["spec"]["versions"] if each["name"] == version)["schema"]
    schema: dict[str, Any] = found["openAPIV3Schema"]
    return schema


def mistakes(schema: Mapping[str, Any], value: Any, path: str = "") -> Iterator[str]:
    """Everything in a value at odds with its schema. CEL rules (x-kubernetes-validations) are not evaluated."""
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            yield f"{path}: neither a number nor a text"
            return
    elif kind in _KINDS and (not isinstance(value, _KINDS[kind]) or (kind != "boolean" and isinstance(value, bool))):
        yield f"{path}: not of the type {kind}: {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "pattern" in schema and isinstance(value, (str, int)) and not re.search(schema["pattern"], str(value)):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, (int, float)) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{path}: {value!r} is out of range"
    if isinstance(value, Mapping):
        yield from _of_object(schema, value, path)
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{path}: {len(value)} items"
        for index, each in enumerate(value):
            yield from mistakes(schema.get("items", {}), each, f"{path}[{index}]")


def _of_object(schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties")
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{path}.{key}: missing"
    for key, inner in value.items():
        if key in known:
            yield from mistakes(known[key], inner, f"{path}.{key}")
        elif isinstance(rest, Mapping):
            yield from mistakes(rest, inner, f"{path}.{key}")
        elif not schema.get("x-kubernetes-preserve-unknown-fields") and rest is not True and path:
            yield f"{path}.{key}: unknown"

"""Holds an object against the schema of its custom resource, as a strict API server does: what the schema does not name is refused.

Structural schemas use few words of JSON Schema; a word that is not known here fails, so that nothing is skipped in silence. Rules in CEL
(`x-kubernetes-validations`) are not run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}

_READ = {
    "type", "properties", "additionalProperties", "items", "required", "enum", "pattern", "minimum", "maximum", "minLength",
    "maxLength", "minItems", "maxItems", "maxProperties", "minProperties", "default", "format", "nullable", "title",
}  # fmt: skip
_COMBINED = {"anyOf", "allOf", "oneOf", "not"}


def problems(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """What is wrong with a value, each with its path."""
    strange = {key for key in schema if not key.startswith("x-kubernetes-")} - _READ - _COMBINED
    if strange:
        raise NotImplementedError(f"{path}: this check does not know {sorted(strange)}")
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, (int, str)) or isinstance(value, bool):
            yield f"{path}: a number or a text is expected"
        return
    kind = schema.get("type")
    if kind is not None and (
        not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind not in ("boolean",))
    ):
        yield f"{path}: {kind} is expected, this is {value!r}"
        return
    yield from _limits(value, schema, path)
    if isinstance(value, dict):
        yield from _object(value, schema, path)
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from problems(each, schema["items"], f"{path}[{index}]")
    for each in schema.get("allOf", ()):
        yield from _loosely(value, each, path)
    for word in ("anyOf", "oneOf"):
        if word in schema and not any(not list(_loosely(value, each, path)) for each in schema[word]):
            yield f"{path}: none of {word} fits"
    if "not" in schema and not list(_loosely(value, schema["not"], path)):
        yield f"{path}: this is excluded"


def _object(value: dict[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{path}.{key}: missing"
    for key, each in value.items():
        if key in known:
            yield from problems(each, known[key], f"{path}.{key}")
        elif isinstance(others, Mapping):
            yield from problems(each, others, f"{path}.{key}")
        elif not others and not schema.get("x-kubernetes-preserve-unknown-fields") and path != ".metadata":
            yield f"{path}.{key}: there is no such field"


def _loosely(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """As part of a combination: fields that this part does not name may be there."""
    if isinstance(value, dict):
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{path}.{key}: missing"
        for key, each in schema.get("properties", {}).items():
            if key in value:
                yield from _loosely(value[key], each, f"{path}.{key}")
    else:
        yield from _limits(value, schema, path)


def _limits(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    measured = {"": value} if isinstance(value, (int, float)) and not isinstance(value, bool) else {}
    sizes = {str: "Length", list: "Items", dict: "Properties"}
    for kind, word in sizes.items():
        if isinstance(value, kind):
            measured[word] = len(value)
    for word, size in measured.items():
        least, most = schema.get(f"min{word or 'imum'}"), schema.get(f"max{word or 'imum'}")
        if least is not None and size < least:
            yield f"{path}: the least is {least}"
        if most is not None and size > most:
            yield f"{path}: the most is {most}"

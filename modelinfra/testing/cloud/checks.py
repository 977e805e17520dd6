"""What the provider refuses before it does anything, and the names that it makes up."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

from modelinfra.graph import sdk
from modelinfra.graph.name_table import NAME_INPUT, NAME_LIMIT
from modelinfra.graph.values import Unknown, plain

_RANDOM = 7
_DEFAULT_LIMIT = 255


def problems(token: str, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(property, reason) for inputs that the type does not have, lacks, or that are too long."""
    info = sdk.type_info(token)
    if info.inputs is None:
        return []
    found = [
        (key, f"unknown input {key!r} of {token}")
        for key in inputs
        if key not in info.inputs and not key.startswith("__")
    ]
    found += [
        (key, f"missing required input {key!r} of {token}") for key in sorted(info.required) if inputs.get(key) is None
    ]
    key, limit = name_input(token), NAME_LIMIT.get(token)
    name = plain(inputs.get(key))
    if limit is not None and isinstance(name, str) and len(name) > limit:
        found.append((key, f"{key!r} cannot be longer than {limit} characters: {name!r} has {len(name)}"))
    return found


def name_input(token: str) -> str:
    """The input that holds the physical name."""
    return NAME_INPUT.get(token, "name")


def is_auto_named(token: str) -> bool:
    """Whether the provider makes up a name: the type has an optional input for it (families are the user's to name)."""
    info = sdk.type_info(token)
    key = name_input(token)
    return token.startswith("aws:") and key in (info.inputs or ()) and key not in info.required


def auto_name(token: str, name: str, random_seed: bytes) -> str:
    """A name as the bridge makes it: the Pulumi name, a dash, 7 hexadecimal digits. Raises ValueError when too long."""
    limit = NAME_LIMIT.get(token, _DEFAULT_LIMIT)
    if token == "aws:s3/bucket:Bucket":
        name = name.lower()
    if len(name) + 1 + _RANDOM > limit:
        raise ValueError(f"name {name + '-'!r} plus {_RANDOM} random chars is longer than maximum length {limit}")
    return f"{name}-{hashlib.sha256(random_seed or os.urandom(16)).hexdigest()[:_RANDOM]}"


def named(token: str, name: str, inputs: dict[str, Any], olds: Mapping[str, Any], random_seed: bytes) -> dict[str, Any]:
    """The inputs with a physical name; an old name stays. Raises ValueError when a made-up one is too long."""
    key = name_input(token)
    given = inputs.get(key)
    if given is not None or given is Unknown or inputs.get(f"{key}Prefix") is not None or not is_auto_named(token):
        return inputs
    old = plain(olds.get(key))
    return inputs | {key: old if isinstance(old, str) else auto_name(token, name, random_seed)}

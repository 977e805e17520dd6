"""YAML as Pulumi's engine reads it."""

from __future__ import annotations

import re
from typing import Any

import yaml


class EngineLoader(yaml.SafeLoader):
    """Of YAML 1.2 what is a number, true or false, and what is text."""


def read(text: str) -> Any:
    """The one document of a file. Raises yaml.YAMLError."""
    return yaml.load(text, EngineLoader)


# The engine's YAML library takes `yes`, `on` and `1:30` as text (YAML 1.2); PyYAML, which keeps to 1.1, as true, true and 90.
_YAML_1_2 = {
    "tag:yaml.org,2002:bool": (re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    "tag:yaml.org,2002:int": (
        re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|(0|[1-9][0-9_]*))"),
        "-+0123456789",
    ),
    "tag:yaml.org,2002:float": (
        re.compile(
            r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
        ),
        "-+0123456789.",
    ),
}

EngineLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _YAML_1_2]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_regexp, _first) in _YAML_1_2.items():
    EngineLoader.add_implicit_resolver(_tag, re.compile(f"^(?:{_regexp.pattern})$"), list(_first))

"""JSON Schema of a whole stack file."""

from __future__ import annotations

from typing import Any

from modelinfra.options.environment import EnvironmentOptions
from modelinfra.options.strict import json_schema
from modelinfra.stackfile.read import KEY


def stack_file_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12): the environment's declaration, below the keys of Pulumi's own stack settings."""
    environment = json_schema(EnvironmentOptions)
    definitions = environment.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of modelinfra",
        "type": "object",
        "properties": {"config": {"type": "object", "properties": {KEY: environment}, "required": [KEY]}},
        "required": ["config"],
        "$defs": definitions,
    }

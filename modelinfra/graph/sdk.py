"""What the installed provider SDKs tell about a resource type: its inputs, which of them are required, its outputs."""

from __future__ import annotations

import functools
import importlib
import inspect
import keyword
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi import _types as sdk_types


@dataclass(frozen=True)
class TypeInfo:
    """One resource type. All names are Pulumi's camelCase."""

    token: str
    inputs: frozenset[str] | None = None
    """None when the SDK of the type is not installed."""
    required: frozenset[str] = frozenset()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Output name -> Python type."""


@functools.cache
def type_info(token: str) -> TypeInfo:
    """What the SDK knows about a token such as `aws:ec2/vpc:Vpc`; imports the SDK's module for it."""
    cls = _resource_class(token)
    if cls is None:
        return TypeInfo(token)
    outputs = sdk_types.resource_types(cls)
    to_pulumi = sdk_types.resource_py_to_pulumi_names(cls)
    internal = inspect.signature(cls._internal_init).parameters if hasattr(cls, "_internal_init") else {}
    skip = {"self", "__self__", "resource_name", "opts", "__props__"}
    inputs = frozenset(to_pulumi.get(name, _camel(name)) for name in internal if name not in skip)
    required: frozenset[str] = frozenset()
    home = sys.modules[cls.__module__]
    # Arguments are called so where a part of another resource has their usual name: an old bucket's encryption, for example.
    args = getattr(home, f"{cls.__name__}InitArgs", None) or getattr(home, f"{cls.__name__}Args", None)
    if args is not None:
        names = sdk_types.input_type_py_to_pulumi_names(args)
        parameters = inspect.signature(args.__init__).parameters
        required = frozenset(
            names.get(name, _camel(name))
            for name, parameter in parameters.items()
            if name not in skip and parameter.default is inspect.Parameter.empty
        )
    return TypeInfo(token, inputs, required, outputs)


def _resource_class(token: str) -> Any:
    parts = token.split(":")
    if len(parts) != 3 or parts[0] == "pulumi":
        return None
    package, module, name = parts
    module = module.split("/")[0]
    module = f"{module}_" if keyword.iskeyword(module) else module
    path = f"pulumi_{package.replace('-', '_')}" + ("" if module in ("", "index") else f".{module}")
    try:
        found = getattr(importlib.import_module(path), name, None)
    except ImportError:
        found = None
    # Module paths differ from tokens in some SDKs (kubernetes); classes that are loaded carry their token.
    return _loaded_class(token) if found is None else found


def _loaded_class(token: str) -> Any:
    import pulumi

    todo: list[type] = [pulumi.CustomResource]
    while todo:
        cls = todo.pop()
        if cls.__dict__.get("pulumi_type") == token:
            return cls
        todo.extend(cls.__subclasses__())
    return None


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def is_mapping(annotation: Any) -> bool:
    """Whether a declared property type is a free map (tags), not an object with fixed keys."""
    inner = sdk_types.unwrap_optional_type(annotation)
    origin = getattr(inner, "__origin__", inner)
    return isinstance(origin, type) and issubclass(origin, Mapping) and not sdk_types.is_output_type(inner)


def is_sequence(annotation: Any) -> bool:
    """Whether a declared property type is a list."""
    inner = sdk_types.unwrap_optional_type(annotation)
    origin = getattr(inner, "__origin__", inner)
    return (isinstance(origin, type) and issubclass(origin, (list, tuple))) or "Sequence" in str(origin)


def object_properties(annotation: Any) -> Mapping[str, Any]:
    """The properties (name -> type) of an object type, or of the objects in a list; empty for anything else."""
    inner = sdk_types.unwrap_optional_type(annotation)
    if is_mapping(inner):
        return {}
    arguments = getattr(inner, "__args__", ())
    if arguments:
        inner = arguments[-1]
    if not (isinstance(inner, type) and sdk_types.is_output_type(inner)):
        return {}
    properties: Mapping[str, Any] = sdk_types.output_type_types(inner)
    return properties

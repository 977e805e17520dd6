"""How an option is declared: once, as a key of a TypedDict, with everything that is known of it beside the key.

    retention_days: NotRequired[Annotated[int, Option(default=30, at_least=1, lands=("aws:cloudwatch/logGroup:LogGroup.retentionInDays",))]]
    \"\"\"How long log lines are kept, in days.\"\"\"

The type says what may be given (an `Input[...]` leaf also takes an Output), `Option` the default, the limits and where the value
lands, the text below it what it means. Validation, JSON Schema and the reference page are derived from this declaration.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import sys
import textwrap
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, Required

import pulumi

from modelinfra.options.problems import Problem


class _Unset:
    def __repr__(self) -> str:
        return "<no default>"


UNSET: Any = _Unset()


@dataclass(frozen=True)
class Option:
    """What is known of one option beyond its type."""

    default: Any = UNSET
    """The value used when the option is left out; unset means that nothing is filled in."""

    default_text: str = ""
    """The default in words, where it is computed from something else."""

    at_least: float | None = None
    at_most: float | None = None

    pattern: str = ""
    """A regular expression that the whole text must match."""

    pattern_text: str = ""
    """The pattern in words, for the error message."""

    pattern_example: str = ""
    """A text that matches the pattern."""

    characters: str = ""
    """A regular expression for one character that the text may have, so that the error message can name the one that it may not."""

    lands: tuple[str, ...] = ()
    """Where the value ends up: `<resource type>.<property path>`, one entry per property that an edit changes."""

    example: Any = UNSET
    """Another valid value, used by the walk over all options that proves `lands`."""


@dataclass(frozen=True)
class Declared:
    """One key of a declaration, read back."""

    name: str
    type: Any
    required: bool
    option: Option
    doc: str
    metadata: tuple[Any, ...] = field(default=())


@dataclass(frozen=True)
class Rule:
    """A check over some keys of a declaration. It runs when these are well-formed, whatever is wrong with the others."""

    keys: tuple[str, ...]
    check: Callable[[Mapping[str, Any]], Iterable[Problem]]


_rules: dict[type, list[Rule]] = {}

_Check = Callable[[Mapping[str, Any]], Iterable[Problem]]


def rule(declaration: type, *keys: str) -> Callable[[_Check], _Check]:
    """Register a check of `declaration`: it is given the parsed values of `keys` and yields problems with relative paths."""

    def register(check: _Check) -> _Check:
        _rules.setdefault(declaration, []).append(Rule(keys, check))
        return check

    return register


def rules_of(declaration: type) -> list[Rule]:
    """The checks of the declarations that this one extends, then its own, in the order in which they were written."""
    inherited = [each for base in _bases(declaration) for each in rules_of(base)]
    return [*inherited, *_rules.get(declaration, [])]


@functools.cache
def declared(declaration: type) -> tuple[Declared, ...]:
    """Read the keys of a TypedDict in the order in which they are written, the inherited ones first."""
    docs = _docs(declaration)
    # pulumi.Input[str] holds the text "Output[T]", which means something only within pulumi; that it is an Output is enough.
    hints = typing.get_type_hints(declaration, localns={"Output": pulumi.Output, "T": Any}, include_extras=True)
    return tuple(_declared(name, hint, docs.get(name, "")) for name, hint in hints.items())


def is_declaration(tp: Any) -> bool:
    """Whether a type is a TypedDict."""
    return typing.is_typeddict(tp)


def variants(members: Iterable[Any]) -> dict[str, type]:
    """The TypedDicts among the members of a choice by the word that their key `type` takes; none where a single one is there."""
    found = {
        word: each
        for each in members
        if is_declaration(each)
        for key in declared(each)
        if key.name == "type" and typing.get_origin(key.type) is Literal
        for word in typing.get_args(key.type)
    }
    return found if len(found) > 1 else {}


def _declared(name: str, hint: Any, doc: str) -> Declared:
    required = True
    option = Option()
    metadata: tuple[Any, ...] = ()
    while True:
        origin = typing.get_origin(hint)
        if origin is NotRequired:
            required, hint = False, typing.get_args(hint)[0]
        elif origin is Required:
            hint = typing.get_args(hint)[0]
        elif origin is typing.Annotated:
            found = hint.__metadata__
            option = next((each for each in found if isinstance(each, Option)), option)
            metadata = tuple(each for each in found if not isinstance(each, Option)) + metadata
            hint = hint.__origin__
        else:
            return Declared(name, hint, required, option, doc, metadata)


def _bases(declaration: type) -> list[type]:
    """The declarations that this one extends. TypedDict forgets them, so they are read from the source."""
    home = vars(sys.modules[declaration.__module__])
    named = [home.get(base.id) for base in _source(declaration).bases if isinstance(base, ast.Name)]
    return [each for each in named if isinstance(each, type) and is_declaration(each)]


def _docs(declaration: type) -> dict[str, str]:
    """The string literals below the keys, also those of the declarations that this one extends."""
    found: dict[str, str] = {}
    for base in _bases(declaration):
        found.update(_docs(base))
    body = _source(declaration).body
    for key, text in itertools.pairwise(body):
        if (
            isinstance(key, ast.AnnAssign)
            and isinstance(key.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[key.target.id] = inspect.cleandoc(str(text.value.value))
    return found


def _source(declaration: type) -> ast.ClassDef:
    found = _classes(declaration.__module__).get(declaration.__qualname__)
    if found is None:  # not at the top of its module
        found = ast.parse(textwrap.dedent(inspect.getsource(declaration))).body[0]
    assert isinstance(found, ast.ClassDef)
    return found


@functools.cache
def _classes(module: str) -> Mapping[str, ast.stmt]:
    """The classes at the top of a module. `inspect` would read the whole of it for each."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

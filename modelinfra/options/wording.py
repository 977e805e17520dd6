"""pydantic's errors in the library's words: path, what was given, why not, what to write instead."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from modelinfra.options.declare import declared, is_declaration, variants
from modelinfra.options.not_built import ELSEWHERE, NOT_BUILT
from modelinfra.options.problems import NOTHING, Problem, did_you_mean

VARIANT = "@type:"
"""What stands in the location of an error before the word that chose between several declarations."""

_EXPECTED = {
    "string_type": ("text is expected here", "Write text, in quotes if it looks like a number or a date."),
    "int_type": ("a whole number is expected here", "Write a whole number without quotes."),
    "int_parsing_size": ("this number is too large", "Write a smaller one."),
    "finite_number": ("a finite number is expected here", "Write a number, for example 10."),
    "float_type": ("a number is expected here", "Write a number without quotes."),
    "bool_type": ("true or false is expected here", "Write true or false without quotes."),
    "list_type": ("a list is expected here", "Write a list."),
    "dict_type": ("a mapping is expected here", "Write keys and values below it."),
    # Where Python takes a function, too.
    "callable_type": ("a mapping is expected here", "Write keys and values below it."),
    "model_type": ("a mapping is expected here", "Write keys and values below it."),
    "model_attributes_type": ("a mapping is expected here", "Write keys and values below it."),
}


def problems_of(errors: Iterable[Mapping[str, Any]], declaration: type, style: str) -> list[Problem]:
    """Every problem behind the errors of one validation, in the order in which pydantic met them."""
    return [problem for error in errors for problem in _problems(error, declaration, style)]


def _problems(error: Mapping[str, Any], declaration: type, style: str) -> Iterable[Problem]:
    whole = [part for part in error["loc"] if part != "[key]" and (_variant(part) or not str(part).startswith("@"))]
    loc = [part for part in whole if not _variant(part)]
    path = _path(loc)
    kind, given = error["type"], error["input"]
    if kind == "problems":
        for problem in error["ctx"]["problems"]:
            # A wrong key of a mapping is the last word of its path already.
            own = problem.path or problem.given is not NOTHING or error["loc"][-1:] == ("[key]",)
            shown = problem if own else replace(problem, given=given)
            yield styled(shown, style, _declaration_at(declaration, whole)).below(path)
    elif kind == "missing":
        yield Problem(path, "this is required", in_style(_what(declaration, whole, style) or "Add it.", style))
    elif kind == "extra_forbidden":
        yield _unknown_key(declaration, whole, path, given, style)
    elif kind == "literal_error":
        choices = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        if loc[-1] == "type":
            choices = _types(declaration, whole[:-1]) or choices
        # Never a guess: `amd64` is close to `arm64`.
        yield Problem(path, "this is not one of the choices", _one_of(choices), given)
    else:
        reason, remedy = _EXPECTED.get(kind, (error["msg"][:1].lower() + error["msg"][1:], "See `modelinfra schema`."))
        yield Problem(path, reason, remedy, given)


def _one_of(choices: Sequence[str]) -> str:
    return f"Write {choices[0]}." if len(choices) == 1 else f"Write one of: {', '.join(sorted(choices))}."


def _unknown_key(declaration: type, loc: Sequence[Any], path: str, given: Any, style: str) -> Problem:
    word = str(loc[-1])
    owner = _declaration_at(declaration, loc[:-1])
    reason = NOT_BUILT.get(_snake(word))
    if reason:
        return Problem(path, f"this is not built yet: {reason}", "Remove it.", given)
    known = [spelled(key.name, style) for key in declared(owner)] if owner else []
    moved = ELSEWHERE.get(_snake(word), "")
    if moved.partition(".")[0] in known:
        return Problem(path, "it stands below another key", in_style(f"Write `{moved}`.", style), given)
    return Problem(path, "there is no such key", did_you_mean(word, known), given)


def _what(declaration: type, loc: Sequence[Any], style: str) -> str:
    owner = _declaration_at(declaration, loc[:-1])
    key = next((each for each in declared(owner) if spelled(each.name, style) == loc[-1]), None) if owner else None
    return f"Add it: {key.doc[:1].lower()}{key.doc[1:].splitlines()[0]}" if key and key.doc else ""


def _variant(part: Any) -> bool:
    return str(part).startswith(VARIANT)


def _types(declaration: type, loc: Sequence[Any]) -> list[str]:
    """The words of `type` between which the declaration at this place was chosen; none where there is no choice."""
    chosen = loc[:-1] if loc and _variant(loc[-1]) else loc
    return list(variants(_declarations(_type_at(declaration, chosen))))


def _declaration_at(declaration: type, loc: Sequence[Any]) -> type | None:
    """Which TypedDict a path leads to, through mappings, lists and choices."""
    return next(iter(_declarations(_type_at(declaration, loc))), None)


def _type_at(declaration: type, loc: Sequence[Any]) -> Any:
    here: Any = declaration
    for part in loc:
        if _variant(part):
            here = variants(_declarations(here)).get(str(part).removeprefix(VARIANT), here)
            continue
        found = next(iter(_declarations(here)), None)
        if found is not None:
            key = next((each for each in declared(found) if part in (each.name, spelled(each.name, "camel"))), None)
            here = key.type if key else None
        else:
            # The values of a mapping, or the members of a list.
            here = next(reversed(typing.get_args(_without_annotations(here))), None)
    return here


def _declarations(tp: Any) -> list[type]:
    if is_declaration(tp):
        return [tp]
    if typing.get_origin(tp) in (typing.Union, types.UnionType, typing.Annotated):
        return [each for arg in typing.get_args(tp) for each in _declarations(arg)]
    return []


def _without_annotations(tp: Any) -> Any:
    return _without_annotations(tp.__origin__) if typing.get_origin(tp) is typing.Annotated else tp


def _path(loc: Sequence[Any]) -> str:
    path = ""
    for part in loc:
        word = str(part) or "''"  # a key without a name
        path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{word}"
    return path


def styled(problem: Problem, style: str, declaration: Any) -> Problem:
    """The problem with its keys spelled as the user writes them. Words of the user's own, as the names of secrets, stay."""
    parts, known, named = problem.path.split("."), True, False
    choices = _declarations(declaration)
    for index, part in enumerate(parts):
        if named:  # a name of the user's
            named = False
            continue
        word = part.split("[")[0]
        keys = {key.name: key.type for each in choices for key in declared(each)}
        known = known and word in keys
        if known:
            parts[index] = spelled(part, style)
            inner = _without_annotations(keys[word])
            named = typing.get_origin(inner) is Mapping
            if "[" in part and typing.get_origin(inner) is Sequence:
                inner = _without_annotations(typing.get_args(inner)[0])
            choices = _declarations(typing.get_args(inner)[1] if named else inner)
    path = ".".join(parts)
    return replace(problem, path=path, reason=in_style(problem.reason, style), remedy=in_style(problem.remedy, style))


def in_style(text: str, style: str) -> str:
    """Keys are written in backticks and snake_case in messages; a stack file's author reads them in camelCase."""
    return re.sub(
        r"`([a-z0-9_]+(?:\.[a-z0-9_]+)*)", lambda m: "`" + ".".join(spelled(p, style) for p in m[1].split(".")), text
    )


def spelled(name: str, style: str) -> str:
    """A key as it is written in Python (snake) or in a stack file (camel)."""
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name) if style == "camel" else name


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)

"""Rules over several keys as part of a model's validation, so that one run finds every mistake."""

from __future__ import annotations

import contextlib
import functools
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import pydantic
import pydantic_core

from modelinfra.options.declare import Rule
from modelinfra.options.problems import Problem


def custom_error(problems: Iterable[Problem]) -> pydantic_core.PydanticCustomError:
    """Problems as an error that pydantic carries to the surface."""
    return pydantic_core.PydanticCustomError("problems", "problems", {"problems": tuple(problems)})


def with_rules(rules: list[Rule]) -> Any:
    """A wrap validator: the model's own validation, then every rule whose keys are well-formed, all errors together."""

    def check(cls: type[pydantic.BaseModel], data: Any, handler: pydantic.ModelWrapValidatorHandler[Any]) -> Any:
        built, errors = None, []
        try:
            built = handler(data)
            values = {name: getattr(built, name) for name in cls.model_fields}
        except pydantic.ValidationError as error:
            errors = [_kept(each) for each in error.errors(include_url=False)]
            values = _well_formed(cls, data) if isinstance(data, Mapping) else {}
        problems = [
            problem
            for rule in rules
            if set(rule.keys) <= set(values)
            for problem in rule.check({key: values[key] for key in rule.keys})
        ]
        if problems:
            errors.append({"type": custom_error(problems), "loc": (), "input": data})
        if errors:
            raise pydantic.ValidationError.from_exception_data(cls.__name__, errors)
        return built

    return classmethod(check)


def _kept(error: Any) -> pydantic_core.InitErrorDetails:
    """An error as it was, to be raised once more among others."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "problems":
        kind = pydantic_core.PydanticCustomError("problems", "problems", context)
    return {"type": kind, "loc": error["loc"], "input": error["input"], "ctx": context}


def _well_formed(cls: type[pydantic.BaseModel], data: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that are right by themselves, parsed."""
    values: dict[str, Any] = {}
    for name, field in cls.model_fields.items():
        key = field.alias or name
        if key not in data and (field.is_required() or field.default is None):
            if not field.is_required():
                values[name] = None
            continue
        given = data.get(key, field.get_default())
        try:
            values[name] = _adapter(cls, name).validate_python(given, strict=True)
        except pydantic.ValidationError as error:
            if isinstance(given, Mapping) and _is_plain_mapping(field.annotation):
                # What the user names freely (tags, variables) is judged one by one: a wrong one does not hide the others.
                wrong = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
                right = {word: value for word, value in given.items() if word not in wrong}
                with contextlib.suppress(pydantic.ValidationError):
                    values[name] = _adapter(cls, name).validate_python(right, strict=True)
    return values


def _is_plain_mapping(annotation: Any) -> bool:
    """Whether this is a mapping of names that the user chooses to values, not a declaration with keys of its own."""
    members = [annotation, *typing.get_args(annotation)]
    return any(typing.get_origin(each) is dict for each in members)


@functools.cache
def _adapter(cls: type[pydantic.BaseModel], name: str) -> pydantic.TypeAdapter[Any]:
    field = cls.model_fields[name]
    annotated: Any = field.annotation
    for part in field.metadata:
        annotated = Annotated[annotated, part]
    return pydantic.TypeAdapter(annotated)

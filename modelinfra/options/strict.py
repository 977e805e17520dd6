"""From a declaration to a strict pydantic model: the one place where validation and JSON Schema are derived.

pydantic is loaded here and nowhere else, and this module only when the first component is built.
"""

from __future__ import annotations

import functools
import re
import typing
from collections.abc import Awaitable, Mapping, Sequence
from typing import Annotated, Any, Literal

import pulumi
import pydantic
import pydantic_core
from pydantic.alias_generators import to_camel

from modelinfra.options.applied_rules import custom_error, with_rules
from modelinfra.options.declare import UNSET, Declared, Option, declared, is_declaration, rules_of, variants
from modelinfra.options.problems import InvalidOptionsError, Problem, stray
from modelinfra.options.quantities import Quantity, QuantityError, shown_bytes, shown_seconds
from modelinfra.options.wording import VARIANT, in_style, problems_of

Style = Literal["snake", "camel"]
"""How keys are spelled: snake_case in Python, camelCase in stack files."""


def validate(
    declaration: type, given: Mapping[str, Any], *, style: Style = "snake", path: str = "", subject: str = ""
) -> Any:
    """Check what a user gave against a declaration and return it with defaults filled in and quantities read.

    The result has one attribute per key, in snake_case whatever the style; an option that was left out and has no default
    is None. Outputs pass through untouched wherever the declaration says `Input`.

    Raises InvalidOptionsError with every problem found, each with its path below `path`.
    """
    try:
        return model_of(declaration, style).model_validate(dict(given))
    except pydantic.ValidationError as error:
        problems = problems_of(error.errors(include_url=False), declaration, style)
        raise InvalidOptionsError([problem.below(path) for problem in problems], subject) from None


def is_validated(given: Any) -> bool:
    """Whether these are options that `validate` has returned."""
    return isinstance(given, pydantic.BaseModel)


def json_schema(declaration: type) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a declaration in camelCase, for editors."""
    schema: dict[str, Any] = _for_editors(
        model_of(declaration, "camel").model_json_schema(by_alias=True, mode="validation")
    )
    return schema


def _for_editors(schema: Any) -> Any:
    """Names that do not fit are wrong, not unknown; and no editor shall fill in null, which is no value of any option."""
    if isinstance(schema, list):
        return [_for_editors(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _for_editors(value) for key, value in schema.items() if not (key == "default" and value is None)}
    return found | ({"additionalProperties": False} if "patternProperties" in found else {})


@functools.cache
def model_of(declaration: type, style: Style) -> type[pydantic.BaseModel]:
    """The strict model derived from a TypedDict."""
    fields: dict[str, Any] = {key.name: _field(key, style) for key in declared(declaration)}
    checks = rules_of(declaration)
    validators: dict[str, Any] = {"check": pydantic.model_validator(mode="wrap")(with_rules(checks))} if checks else {}
    model: type[pydantic.BaseModel] = pydantic.create_model(
        declaration.__name__,
        __config__=pydantic.ConfigDict(
            extra="forbid",
            strict=True,
            arbitrary_types_allowed=True,
            allow_inf_nan=False,
            validate_default=True,
            alias_generator=to_camel if style == "camel" else None,
        ),
        __doc__=declaration.__doc__,
        __validators__=validators,
        **fields,
    )
    return model


def _field(key: Declared, style: Style) -> tuple[Any, Any]:
    derived = _derive(key.type, key.option, key.metadata, style)
    default = f" Default: {key.option.default_text}." if key.option.default_text else ""
    description = in_style(key.doc + default, style)
    if key.required:
        return derived, pydantic.Field(description=description)
    if key.option.default is UNSET:
        # None is what the result says of an option that was left out; it cannot be given.
        return derived, pydantic.Field(default=None, validate_default=False, description=description)
    return derived, pydantic.Field(default=key.option.default, description=description)


def _derive(tp: Any, option: Option, metadata: tuple[Any, ...], style: Style) -> Any:
    """The type that pydantic is given for a declared one: `Input` unwrapped, quantities read, limits checked."""
    origin, args = typing.get_origin(tp), typing.get_args(tp)
    if origin is Annotated:
        inner = next((each for each in tp.__metadata__ if isinstance(each, Option)), option)
        rest = tuple(each for each in tp.__metadata__ if not isinstance(each, Option))
        return _derive(tp.__origin__, inner, (*rest, *metadata), style)
    quantity = next((each for each in metadata if isinstance(each, Quantity)), None)
    if quantity is not None and not _is_union_with_output(tp):
        return _quantity(quantity, option)
    if _is_union_with_output(tp):
        plain = tuple(each for each in args if typing.get_origin(each) not in (Awaitable, pulumi.Output))
        return Annotated[_derive(_union(plain), option, metadata, style), pydantic.WrapValidator(_pass_outputs)]
    if origin is typing.Union or origin is type(int | str):
        return _tagged(args, option, style)
    if is_declaration(tp):
        return model_of(tp, style)
    if origin is not None and issubclass_of(origin, Mapping):
        keys, values = (_derive(each, Option(), (), style) for each in args)
        return _limited(dict[keys, values], option, None)  # type: ignore[valid-type]
    if origin is not None and issubclass_of(origin, Sequence):
        return _limited(list[_derive(args[0], Option(), (), style)], option, None)  # type: ignore[misc]
    return _limited(tp, option, None)


def _quantity(quantity: Quantity, option: Option) -> Any:
    def read(given: Any) -> float | int:
        try:
            return quantity.read(given)
        except QuantityError as error:
            raise _problem(str(error), error.remedy) from None

    derived = Annotated[
        Any, pydantic.PlainValidator(read, json_schema_input_type=Any), pydantic.WithJsonSchema(quantity.schema)
    ]
    return _limited(derived, option, quantity.unit)


def _limited(tp: Any, option: Option, unit: str | None) -> Any:
    """The type with the limits of its declaration, as checks whose messages say what to write."""
    if option.at_least is None and option.at_most is None and not option.pattern:
        return tp

    def check(value: Any) -> Any:
        if option.pattern and not re.fullmatch(option.pattern, value):
            which = stray(value, option.characters) if option.characters else ""
            raise _problem(f"this is not {option.pattern_text}{which}", f"Write for example {option.pattern_example}.")
        size = len(value) if isinstance(value, (list, dict)) else value
        if option.at_least is not None and size < option.at_least:
            raise _problem(
                f"the least is {_in(unit, option.at_least)}", f"Write {_written(unit, option.at_least)} or more."
            )
        if option.at_most is not None and size > option.at_most:
            raise _problem(
                f"the most is {_in(unit, option.at_most)}", f"Write {_written(unit, option.at_most)} or less."
            )
        return value

    schema: dict[str, Any] = {}
    if option.pattern:
        schema["pattern"] = f"^(?:{option.pattern})$"
    if unit is None and tp in (int, float):
        schema |= {k: v for k, v in (("minimum", option.at_least), ("maximum", option.at_most)) if v is not None}
    return Annotated[tp, pydantic.AfterValidator(check), pydantic.Field(json_schema_extra=schema)]


def _written(unit: str | None, number: float) -> str:
    """As a user would write it."""
    return f"{number:g}" if unit == "vCPU" else _in(unit, number)


def _in(unit: str | None, number: float) -> str:
    if unit == "bytes":
        return shown_bytes(number).replace(" ", "")
    if unit == "seconds":
        return shown_seconds(int(number))
    return f"{number:g}" + (f" {unit}" if unit else "")


def _tagged(members: tuple[Any, ...], option: Option, style: Style) -> Any:
    """A choice between types, decided by the kind of the given value, so that errors speak of one type only."""
    named = variants(members)
    kinds = {f"{VARIANT}{word}": each for word, each in named.items()} or {
        _kind_of_type(each): each for each in members if each is not type(None)
    }
    first = next(iter(kinds))

    def kind(given: Any) -> str:
        word = given.get("type") if isinstance(given, Mapping) else None
        found = f"{VARIANT}{word}" if named else _kind_of_value(given)
        return found if found in kinds else first

    tagged = tuple(Annotated[_derive(each, option, (), style), pydantic.Tag(name)] for name, each in kinds.items())
    return Annotated[_union(tagged), pydantic.Discriminator(kind)]


def _kind_of_type(tp: Any) -> str:
    while typing.get_origin(tp) is Annotated:
        tp = tp.__origin__
    origin = typing.get_origin(tp) or tp
    if is_declaration(tp) or issubclass_of(origin, Mapping):
        return "@mapping"
    if origin is Literal:
        return _kind_of_value(typing.get_args(tp)[0])
    return next((name for cls, name in _KINDS if issubclass_of(origin, cls)), "@other")


def _kind_of_value(given: Any) -> str:
    return next((name for cls, name in _KINDS if isinstance(given, cls)), "@other")


# Order matters: bool is an int, str is a Sequence.
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "@bool"), (int, "@number"), (float, "@number"), (str, "@text"), (Mapping, "@mapping"), (Sequence, "@list"),
)  # fmt: skip


def issubclass_of(candidate: Any, cls: type) -> bool:
    """issubclass that answers False for what is no class."""
    return isinstance(candidate, type) and issubclass(candidate, cls)


def _union(members: tuple[Any, ...]) -> Any:
    return typing.Union[members]  # noqa: UP007  (the members are values here, not an annotation)


def _is_union_with_output(tp: Any) -> bool:
    return any(typing.get_origin(each) is pulumi.Output for each in typing.get_args(tp))


def _pass_outputs(given: Any, check: pydantic.ValidatorFunctionWrapHandler) -> Any:
    return given if isinstance(given, (pulumi.Output, Awaitable)) else check(given)


def _problem(reason: str, remedy: str) -> pydantic_core.PydanticCustomError:
    return custom_error([Problem("", reason, remedy)])

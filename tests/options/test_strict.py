"""The strict model that is derived from a declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pytest
from pulumi import Input

from modelinfra.graph.capture import capture
from modelinfra.options.declare import Option, declared, rule
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import Bytes
from modelinfra.options.strict import is_validated, validate


class Inner(TypedDict):
    """What lies within."""

    disk_size: NotRequired[Annotated[Bytes, Option(default="1GiB", at_least=2**20)]]
    """How large it is."""


class Example(TypedDict):
    """One of each kind."""

    count: Annotated[int, Option(at_least=1, at_most=9)]
    """How many."""

    key: NotRequired[Annotated[Input[str], Option(pattern="k-.*", pattern_text="a key", pattern_example="k-1")]]
    """Which key."""

    names: NotRequired[Annotated[Mapping[str, Input[str]], Option()]]
    """Names to values."""

    members: NotRequired[Annotated[Sequence[Input[str]], Option(at_most=2)]]
    """Some."""

    either: NotRequired[Annotated[str | Inner, Option()]]
    """Text, or more of it."""

    inner_part: NotRequired[Annotated[Inner, Option(default={})]]
    """What lies within."""

    ratio: NotRequired[Annotated[float, Option(default=0.5)]]
    """A share."""


class Extended(Example):
    """One more key."""

    more: NotRequired[Annotated[bool, Option(default=False)]]
    """Whether there is more."""


@rule(Example, "count", "ratio")
def a_ratio_needs_a_count(given: Mapping[str, Any]) -> list[Problem]:
    return (
        [Problem("ratio", "there are too few", "Write a `count` of 2.", given["ratio"])] if given["count"] < 2 else []
    )


def problems(style: str = "snake", /, declaration: type = Example, **given: Any) -> dict[str, str]:
    """Path -> reason of every mistake."""
    with pytest.raises(InvalidOptionsError) as refused:
        validate(declaration, given, style=style)  # type: ignore[arg-type]
    return {problem.path: problem.reason for problem in refused.value.problems}


def with_output(check: Any) -> None:
    """Run `check` with an Output, which exists in a program only."""
    capture(lambda: check(pulumi.Output.from_input("k-1")))


def test_what_is_left_out_gets_its_default_and_none_where_there_is_none() -> None:
    options = validate(Example, {"count": 2})
    assert (options.count, options.ratio, options.key, options.inner_part.disk_size) == (2, 0.5, None, 2**30)
    assert is_validated(options)


def test_an_input_takes_a_value_or_an_output_and_the_output_passes_untouched() -> None:
    def check(output: pulumi.Output[str]) -> None:
        options = validate(Example, {"count": 2, "key": output, "names": {"a": output, "b": "c"}, "members": [output]})
        assert options.key is output
        assert options.names == {"a": output, "b": "c"}
        assert options.members == [output]

    with_output(check)
    assert validate(Example, {"count": 2, "key": "k-1"}).key == "k-1"


def test_what_is_no_input_takes_no_output() -> None:
    def check(output: pulumi.Output[Any]) -> None:
        assert problems(count=output) == {"count": "a whole number is expected here"}
        assert problems(count=2, inner_part={"disk_size": output}) == {"inner_part.disk_size": "this is not a size"}

    with_output(check)


@pytest.mark.parametrize("wrong", [7, None, True, ["k-1"], {"k": 1}, b"k-1", object()])
def test_an_input_of_text_takes_nothing_but_text(wrong: Any) -> None:
    assert problems(count=2, key=wrong) == {"key": "text is expected here"}


def test_a_plain_value_of_an_input_is_checked_against_its_pattern() -> None:
    assert problems(count=2, key="x") == {"key": "this is not a key"}


@pytest.mark.parametrize(("count", "reason"), [(0, "the least is 1"), (10, "the most is 9")])
def test_limits_are_told(count: int, reason: str) -> None:
    assert problems(count=count, ratio=1.0)["count"] == reason


def test_the_length_of_a_list_is_limited() -> None:
    assert problems(count=2, members=["a", "b", "c"]) == {"members": "the most is 2"}


def test_a_choice_between_types_speaks_of_the_one_that_was_meant() -> None:
    assert problems(count=2, either={"disk_size": 4}) == {"either.disk_size": "a size needs a unit"}
    assert problems(count=2, either=7) == {"either": "text is expected here"}
    assert validate(Example, {"count": 2, "either": {}}).either.disk_size == 2**30


def test_a_rule_runs_though_other_keys_are_wrong() -> None:
    assert problems(count=1, key=7, junk=0) == {
        "key": "text is expected here",
        "junk": "there is no such key",
        "ratio": "there are too few",
    }


def test_a_rule_does_not_run_on_keys_that_are_wrong_themselves() -> None:
    assert problems(count="one") == {"count": "a whole number is expected here"}


def test_keys_are_snake_case_in_python_and_camel_case_in_stack_files() -> None:
    assert (
        validate(Example, {"count": 2, "innerPart": {"diskSize": "2MiB"}}, style="camel").inner_part.disk_size == 2**21
    )
    assert problems(count=2, innerPart={}) == {"innerPart": "there is no such key"}
    assert problems("camel", count=2, inner_part={}) == {"inner_part": "there is no such key"}
    assert problems("camel", count=2, innerPart={"diskSize": 1}) == {"innerPart.diskSize": "a size needs a unit"}


def test_an_extended_declaration_keeps_keys_rules_and_texts() -> None:
    assert [key.name for key in declared(Extended)][-1] == "more"
    assert all(key.doc for key in declared(Extended))
    assert problems(declaration=Extended, count=1, more=1) == {
        "more": "true or false is expected here",
        "ratio": "there are too few",
    }


def test_a_path_starts_where_the_caller_says() -> None:
    with pytest.raises(InvalidOptionsError, match=r"here\.count \(given: 'x'\)"):
        validate(Example, {"count": "x"}, path="here")


def test_none_cannot_be_given_in_place_of_leaving_out() -> None:
    assert problems(count=2, inner_part=None) == {"inner_part": "a mapping is expected here"}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_is_finite(number: float) -> None:
    assert problems(count=2, ratio=number) == {"ratio": "a finite number is expected here"}

"""What is masked is gone, wherever it stands; everything else stays as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.shipper.masks import MASKED, MaskError, mask, parse


def masked(value: Any, *masks: str) -> Any:
    return mask(value, [parse(each) for each in masks])[0]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("email", {"a": [{"Email": 1}], "email": {"b": 2}}, {"a": [{"Email": MASKED}], "email": MASKED}),
        ("$.user.name", {"user": {"name": 1, "id": 2}, "name": 3}, {"user": {"name": MASKED, "id": 2}, "name": 3}),
        ("$.inputs[*].data", {"inputs": [{"data": [1]}, {"data": 2}]}, {"inputs": [{"data": MASKED}] * 2}),
        ("$.inputs[0]", {"inputs": [1, 2]}, {"inputs": [MASKED, 2]}),
        ("$[*].name", [{"name": 1}, {"id": 2}], [{"name": MASKED}, {"id": 2}]),
        (
            "$..address.street",
            {"a": {"address": {"street": 1}, "street": 2}},
            {"a": {"address": {"street": MASKED}, "street": 2}},
        ),
        ("$['first name']", {"first name": 1}, {"first name": MASKED}),
        ("$.users.*.mail", {"users": {"ada": {"mail": 1}}}, {"users": {"ada": {"mail": MASKED}}}),
        ("$.a", [{"a": 1}], [{"a": 1}]),
        ("$..a.b", {"a": {"a": {"b": 1}, "b": 2}}, {"a": {"a": {"b": MASKED}, "b": MASKED}}),
        ("first name", {"First Name": 1}, {"First Name": MASKED}),
        ("straße", {"STRASSE": 1}, {"STRASSE": MASKED}),
    ],
)
def test_a_mask_hides_what_it_names(path: str, value: Any, expected: Any) -> None:
    assert masked(value, path) == expected


@pytest.mark.parametrize(
    "wrong", ["", " email", "$", "$.", "$user", "$.a..", "$[", "$[x]", "$['']", "a.b", "$.a b", "$..[0]", "a*"]
)
def test_a_mask_that_says_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(MaskError):
        parse(wrong)


_KEYS = st.sampled_from(["email", "Email", "name", "data", "a", ""]) | st.text(max_size=5)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(_KEYS, below, max_size=4),
    max_leaves=20,
)


def _planted(value: Any, secret: str) -> Any:
    """The same with the secret in every field that is called email, however it is written and whatever is in it."""
    if isinstance(value, dict):
        return {
            key: {"deep": [secret, each]} if key.casefold() == "email" else _planted(each, secret)
            for key, each in value.items()
        }
    return [_planted(each, secret) for each in value] if isinstance(value, list) else value


@given(_VALUES)
@settings(max_examples=200)
def test_a_field_that_is_masked_by_name_never_appears(value: Any) -> None:
    assert "s3cr3t" not in json.dumps(masked(_planted(value, "s3cr3t"), "email"))


@given(_VALUES)
@settings(max_examples=200)
def test_what_is_not_named_stays(value: Any) -> None:
    assert masked(value, "$.nothing.of.this", "$[99]") == value or "nothing" in json.dumps(value)
    assert mask(value, []) == (value, 0)

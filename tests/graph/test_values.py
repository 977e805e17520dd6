"""Property values on the wire and in Python."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.values import (
    AssetRef,
    ResourceRef,
    Secret,
    Unknown,
    decode,
    decode_json,
    encode,
    has_unknown,
    jsonable,
    plain,
)

leaves = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text() | st.just(Unknown)
values = st.recursive(
    leaves | leaves.map(Secret),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_encoded_is_decoded(value: object) -> None:
    assert decode(encode(value)) == value


def test_references_and_assets_survive() -> None:
    for value in (ResourceRef("urn:x", "id"), AssetRef("asset", {"text": "a"}), AssetRef("archive", {"path": "p"})):
        assert decode(encode(value)) == value


def test_a_value_that_is_no_property_is_refused() -> None:
    with pytest.raises(TypeError, match="a set cannot be a property value"):
        encode({1, 2})


def test_plain_takes_secrets_off_at_any_depth() -> None:
    assert plain({"a": [Secret({"b": Secret(1)})]}) == {"a": [{"b": 1}]}


def test_secrets_are_hidden_in_json_and_in_messages() -> None:
    assert jsonable({"a": Secret("hush")}) == {"a": {"$secret": "[hidden]"}}
    assert "hush" not in repr(Secret("hush"))
    assert jsonable(Secret("hush"), show_secrets=True) == {"$secret": "hush"}


def test_unknown_stays_the_one_unknown() -> None:
    assert copy.deepcopy(Unknown) is Unknown
    assert pickle.loads(pickle.dumps(Unknown)) is Unknown
    assert has_unknown({"a": [Secret(Unknown)]})


def test_an_exported_secret_is_read_with_and_without_its_plain_text() -> None:
    signature = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    assert decode_json({**signature, "plaintext": '"hush"'}) == Secret("hush")
    assert decode_json({**signature, "ciphertext": "v1:xyz"}) == Secret(Unknown)

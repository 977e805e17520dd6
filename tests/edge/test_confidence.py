"""How sure a model is, read from answers of both versions of the protocol."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.router.confidence import UnreadableError, confidence
from modelinfra.shipper.masks import parse


def v2(data: Any, shape: list[int], name: str = "p") -> bytes:
    outputs = [{"name": "label", "shape": [1], "data": [3]}, {"name": name, "shape": shape, "data": data}]
    return json.dumps({"outputs": outputs}).encode()


def read(body: bytes, rule: str = "max", *, output: str = "p", path: str = "") -> float:
    return confidence(body, output=output if not path else "", path=parse(path) if path else (), rule=rule)


@pytest.mark.parametrize(
    ("body", "rule", "path", "found"),
    [
        (v2([0.7, 0.2, 0.1], [1, 3]), "max", "", 0.7),
        (v2([0.7, 0.2, 0.1], [1, 3]), "margin", "", 0.5),
        # The least sure row, flat or nested.
        (v2([0.7, 0.3, 0.45, 0.55], [2, 2]), "max", "", 0.55),
        (v2([[0.7, 0.3], [0.45, 0.55]], [2, 2]), "max", "", 0.55),
        (v2([0.2, 0.9], [2, 1]), "binary", "", 0.8),
        (v2([0.2, 0.9], [2]), "binary", "", 0.8),
        (v2([3.5], [1]), "value", "", 3.5),
        (b'{"predictions": [[0.1, 0.9], [0.75, 0.25]]}', "max", "$.predictions", 0.75),
        (b'{"predictions": [[0.1, 0.9], [0.75, 0.25]]}', "max", "$.predictions[*]", 0.75),
        (b'{"predictions": [{"scores": [0.1, 0.9]}, {"scores": [0.4, 0.6]}]}', "margin", "$.predictions[*].scores", 0.2),
        (b'{"predictions": [{"score": 0.3}, {"score": 0.2}]}', "value", "$.predictions[*].score", 0.2),
    ],
)  # fmt: skip
def test_a_rule_reads_an_answer(body: bytes, rule: str, path: str, found: float) -> None:
    assert read(body, rule, path=path) == pytest.approx(found)


@pytest.mark.parametrize(
    ("body", "rule", "path", "why"),
    [
        (b"\x89PNG", "max", "", "no JSON"),
        (b'{"outputs": []}', "max", "", "no output p"),
        (b'{"outputs": [{"name": "p", "shape": [1, 2], "parameters": {"binary_data_size": 8}}]}', "max", "", "no such numbers"),
        (v2([0.7, 0.2, 0.1], [2, 2]), "max", "", "shape of p"),
        (v2([], [0, 2]), "max", "", "shape of p"),
        # Logits are no probabilities: the largest of them says nothing.
        (v2([7.1, -2.0], [1, 2]), "max", "", "not within 0 and 1"),
        (v2([0.9], [1, 1]), "max", "", "1 probabilities"),
        (v2([0.9, 0.1], [1, 2]), "value", "", "2 values"),
        (b'{"outputs": [{"name": "p", "shape": [1, 2], "data": [NaN, 0.5]}]}', "max", "", "no number"),
        (b'{"predictions": [["a", "b"]]}', "max", "$.predictions", "no number"),
        (b'{"predictions": []}', "max", "$.predictions[*]", "no such value"),
        (b"[" * 100_000, "max", "$.a", "no JSON"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_say_it_is_unreadable_with_the_reason(
    body: bytes, rule: str, path: str, why: str
) -> None:
    with pytest.raises(UnreadableError, match=why):
        read(body, rule, path=path)


@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=3),
        lambda each: st.lists(each) | st.dictionaries(st.sampled_from(["outputs", "name", "data", "shape", "p"]), each),
    )
)
def test_no_answer_raises_anything_else(answer: Any) -> None:
    for path in ("", "$..p", "$.outputs[*]"):
        with contextlib.suppress(UnreadableError):
            read(json.dumps(answer).encode(), path=path)

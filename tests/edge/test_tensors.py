"""A tensor that is handed over is the tensor that was answered, in JSON and as bytes, of every datatype of the protocol."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.router.messages import Answer, Asked
from modelinfra.router.tensors import LENGTH, Tensor, TensorError, first, opened, packed, rest, unpacked

# The protocol's names for NumPy's, whose bytes are the judge.
KINDS = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "INT8": np.int8, "INT16": np.int16,
    "INT32": np.int32, "INT64": np.int64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
}  # fmt: skip
WHOLE = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [0.5]}]}


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, Any]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    count, dtype = math.prod(shape), np.dtype(KINDS[kind])
    values: st.SearchStrategy[Any]
    if kind == "BOOL":
        values = st.booleans()
    elif kind.startswith("FP"):
        values = st.floats(allow_nan=False, allow_infinity=False, width=dtype.itemsize * 8)  # type: ignore[arg-type]
    else:
        values = st.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    return kind, np.array(draw(st.lists(values, min_size=count, max_size=count)), dtype).reshape(shape)


def told(body: bytes | dict[str, Any], raw: bytes = b"", **headers: str) -> Asked:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Asked(text + raw, {**({LENGTH: str(len(text))} if raw else {}), **headers}, "key")


def answered(outputs: list[dict[str, Any]], raw: bytes = b"") -> Answer:
    text = json.dumps({"model_name": "first", "outputs": outputs}).encode()
    return Answer(200, {LENGTH: str(len(text))} if raw else {}, text + raw)


def sent_on(asked: Asked) -> tuple[dict[str, Any], bytes]:
    length = int(asked.headers.get(LENGTH, len(asked.body)))
    return json.loads(asked.body[:length]), asked.body[length:]


@given(arrays(), st.booleans(), st.booleans(), st.booleans())
def test_what_the_rest_is_asked_is_what_the_first_half_answered(
    made: tuple[str, Any], as_bytes: bool, on_as_bytes: bool, nested: bool
) -> None:
    kind, array = made
    head = {"name": "t", "datatype": kind, "shape": list(array.shape)}
    # Another output stands before it, so that its bytes are not the first.
    other = {"name": "other", "datatype": "UINT8", "shape": [3], "parameters": {"binary_data_size": 3}}
    if as_bytes:
        answer = answered([other, {**head, "parameters": {"binary_data_size": array.nbytes}}], b"abc" + array.tobytes())
    else:
        data = array.tolist() if nested and array.ndim else array.flatten().tolist()
        answer = answered([other, {**head, "data": data}], b"abc")
    asked, raw = sent_on(rest(opened(told(WHOLE)), answer, "t", binary=on_as_bytes))
    (sent,) = asked["inputs"]
    assert (sent["name"], sent["datatype"], tuple(sent["shape"])) == ("t", kind, array.shape)
    if on_as_bytes:
        assert sent["parameters"]["binary_data_size"] == len(raw)
        found = np.frombuffer(raw, array.dtype.newbyteorder("<")).reshape(array.shape)
    else:
        assert raw == b""
        found = np.array(sent["data"], array.dtype).reshape(array.shape)
    assert found.tobytes() == array.tobytes(), "not a bit is another, that of -0.0 neither"


@given(st.lists(st.text(), max_size=5))
def test_texts_go_over_in_both_forms(texts: list[str]) -> None:
    tensor = Tensor("t", "BYTES", (len(texts),), list(texts), None)
    raw = packed(tensor)
    assert raw == b"".join(struct.pack("<I", len(each.encode())) + each.encode() for each in texts)
    assert unpacked(Tensor("t", "BYTES", (len(texts),), None, raw)) == texts


def test_numbers_of_16_bits_without_a_form_in_json_go_over_as_bytes_only() -> None:
    answer = answered([{"name": "t", "datatype": "BF16", "shape": [2], "parameters": {"binary_data_size": 4}}], b"abcd")
    assert sent_on(rest(opened(told(WHOLE)), answer, "t", binary=True))[1] == b"abcd"
    with pytest.raises(TensorError, match="t is BF16, which JSON cannot say"):
        rest(opened(told(WHOLE)), answer, "t", binary=False)


def test_what_a_client_asks_of_the_whole_is_asked_of_the_rest() -> None:
    said = {**WHOLE, "id": "7", "parameters": {"binary_data_output": True}, "outputs": [{"name": "scores"}]}
    begun, _ = sent_on(first(opened(told(said)), "t", binary=False))
    assert begun == {**WHOLE, "id": "7", "outputs": [{"name": "t"}]}
    answer = answered([{"name": "t", "datatype": "FP32", "shape": [1], "data": [1.5]}])
    asked, _ = sent_on(rest(opened(told(said)), answer, "t", binary=False))
    assert {name: asked[name] for name in ("id", "parameters", "outputs")} == {
        name: said[name] for name in ("id", "parameters", "outputs")
    }


def test_a_client_s_bytes_reach_the_first_half_as_they_are_and_none_of_them_goes_on() -> None:
    raw = np.arange(3, dtype=np.float32).tobytes()
    head = {"name": "x", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": len(raw)}}
    client = told({"inputs": [head]}, raw, **{"content-type": "application/octet-stream", "traceparent": "00-1-2-01"})
    begun = first(opened(client), "t", binary=True)
    asked, behind = sent_on(begun)
    assert (asked["inputs"], behind) == ([head], raw)
    assert asked["outputs"] == [{"name": "t", "parameters": {"binary_data": True}}]
    assert (begun.key, begun.headers["traceparent"]) == ("key", "00-1-2-01")
    answer = answered([{"name": "t", "datatype": "FP32", "shape": [1], "data": [1.5]}])
    on = rest(opened(client), answer, "t", binary=False)
    assert on.headers == {"content-type": "application/json", "traceparent": "00-1-2-01"}
    assert raw not in on.body


def test_a_request_that_needs_no_word_more_is_not_written_anew() -> None:
    client = told(b'{ "inputs" : [] }')
    assert first(opened(client), "t", binary=False) is client


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (told(b"image"), "it is no JSON"),
        (told(b"[1]"), "it is no JSON object"),
        (told({"instances": [[1]]}), "it has no inputs"),
        (told(b"\x1f\x8b", **{"content-encoding": "gzip"}), "it is packed"),
        (told(WHOLE, **{LENGTH: "9999"}), f"{LENGTH} is no number of bytes in it"),
        (told(WHOLE, **{LENGTH: "-1"}), f"{LENGTH} is no number of bytes in it"),
        (told(b"[" * 100_000), "it is no JSON"),
    ],
)
def test_what_is_no_request_of_the_protocol_says_why(client: Asked, why: str) -> None:
    with pytest.raises(TensorError) as said:
        opened(client)
    assert str(said.value) == why


T = {"name": "t", "datatype": "FP32", "shape": [2]}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (answered([{**T, "name": "u", "data": [1, 2]}]), "it has no output t, only u"),
        (Answer(200, {}, b"{}"), "it has no output t, only none"),
        (answered([{**T, "data": [1]}]), "t has 1 values, and its shape 2"),
        (answered([{**T, "shape": [-1], "data": [1]}]), "t has no shape"),
        (answered([{**T, "datatype": "FLOAT", "data": [1, 2]}]), "t has no datatype of the protocol"),
        (answered([T]), "t has no data, or has them twice"),
        (answered([{**T, "data": [1, None]}]), "a value of t is no FP32"),
        (answered([{**T, "data": [1, "2"]}]), "a value of t is no FP32"),
        (answered([{**T, "data": [1, 1e39]}]), "a value of t is too large for FP32"),
        (answered([{**T, "datatype": "UINT8", "data": [1, 256]}]), "a value of t is too large for UINT8"),
        (answered([{**T, "datatype": "INT8", "data": [1, 1.5]}]), "a value of t is no INT8"),
        (answered([{**T, "datatype": "BOOL", "data": [1, 2]}]), "a value of t is no BOOL"),
        (answered([{**T, "datatype": "BYTES", "data": ["a", 2]}]), "a value of t is no text"),
        (answered([{**T, "parameters": {"binary_data_size": 8}}], b"1234567"), "the bytes of t are not all there"),
        (answered([{**T, "parameters": {"binary_data_size": 4}}], b"1234"), "t has 4 bytes, and its shape 8"),
    ],
)
def test_what_the_rest_cannot_be_asked_says_why(answer: Answer, why: str) -> None:
    with pytest.raises(TensorError) as said:
        rest(opened(told(WHOLE)), answer, "t", binary=True)
    assert str(said.value) == why


@pytest.mark.parametrize(
    ("kind", "raw", "why"),
    [
        ("FP32", struct.pack("<ff", 1, math.inf), "a value of t is not finite, and JSON has no such numbers"),
        ("BYTES", b"\x01\x00\x00\x00a\x09\x00\x00\x00b", "the bytes of t are not all there"),
        ("BYTES", b"\x01\x00\x00\x00a", "the bytes of t are not all there"),
        ("BYTES", b"\x00\x00\x00\x00\x00\x00\x00\x00c", "t has more bytes than its shape says"),
        ("BYTES", b"\x01\x00\x00\x00\xff\x00\x00\x00\x00", "t holds bytes that are no text, and JSON has only text"),
    ],
)
def test_bytes_that_json_cannot_say_are_not_bent_to_it(kind: str, raw: bytes, why: str) -> None:
    with pytest.raises(TensorError) as said:
        unpacked(Tensor("t", kind, (2,), None, raw))
    assert str(said.value) == why

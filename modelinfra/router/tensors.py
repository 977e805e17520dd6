"""Requests and answers of protocol v2 (Open Inference Protocol), taken apart and put together again, so that what one model answers is what
the next one is asked. Tensors are numbers in JSON, or raw bytes behind it (the protocol's binary tensor data extension).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.router.messages import Answer, Asked

LENGTH: Final = "inference-header-content-length"
"""Header with the bytes of the JSON, where raw bytes stand behind it."""

_RAW: Final = "application/octet-stream"
_JSON: Final = "application/json"

# Open Inference Protocol, "Tensor Data Types", and the extension's little-endian form of each, as Python's struct calls it. BF16 has none there,
# and none in JSON: it is handed over as bytes or not at all. BYTES are of any length.
_FORMS: Final[dict[str, str]] = {
    "BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q",
    "FP16": "e", "FP32": "f", "FP64": "d",
}  # fmt: skip
_SIZES: Final[dict[str, int]] = {**{name: struct.calcsize(f"<{form}") for name, form in _FORMS.items()}, "BF16": 2}
_FLOATS: Final = ("FP16", "FP32", "FP64")


class TensorError(ValueError):
    """A request or an answer that is none of the protocol's; the message says why."""


@dataclass(frozen=True)
class Tensor:
    """data: as JSON has it, nested or flat. raw: as the extension has it. One of them is None."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | None
    raw: bytes | None

    @property
    def count(self) -> int:
        """Values in it."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Whole:
    """A client's request to the whole model. told: its JSON. raw: what stands behind it."""

    asked: Asked
    told: Mapping[str, Any]
    raw: bytes


def opened(asked: Asked) -> Whole:
    """Read once for both halves. Raises TensorError."""
    told, raw = _opened(asked.body, asked.headers)
    if not isinstance(told.get("inputs"), list):
        raise TensorError("it has no inputs")
    return Whole(asked, told, raw)


def first(whole: Whole, tensor: str, *, binary: bool) -> Asked:
    """What the first half is asked: the same inputs, for this tensor alone. binary: as raw bytes."""
    told, parameters = whole.told, _parameters(whole.told)
    if not binary and "outputs" not in told and "binary_data_output" not in parameters:
        return whole.asked
    parameters.pop("binary_data_output", None)
    wanted: dict[str, Any] = {"name": tensor, **({"parameters": {"binary_data": True}} if binary else {})}
    new = {**told, "outputs": [wanted], "parameters": parameters}
    if not parameters:
        del new["parameters"]
    return _closed(whole.asked, new, whole.raw)


def rest(whole: Whole, answer: Answer, tensor: str, *, binary: bool) -> Asked:
    """What the rest of the model is asked: the first half's answer, for what the client wants. binary: as raw bytes. Raises TensorError."""
    found, raw = _opened(answer.body, answer.headers)
    sent = output(found, raw, tensor)
    given: dict[str, Any] = {"name": sent.name, "datatype": sent.datatype, "shape": list(sent.shape)}
    behind = b""
    if binary:
        behind = sent.raw if sent.raw is not None else packed(sent)
        given["parameters"] = {"binary_data_size": len(behind)}
    else:
        given["data"] = sent.data if sent.data is not None else unpacked(sent)
    kept: dict[str, Any] = {name: whole.told[name] for name in ("id", "parameters", "outputs") if name in whole.told}
    return _closed(whole.asked, {**kept, "inputs": [given]}, behind)


def output(found: Mapping[str, Any], raw: bytes, name: str) -> Tensor:
    """An output of an answer. Raises TensorError."""
    at, names = 0, []
    outputs = found.get("outputs")
    for each in outputs if isinstance(outputs, list) else ():
        if not isinstance(each, dict):
            raise TensorError("an output is no object")
        size = _parameters(each).get("binary_data_size")
        if size is not None and (not _whole(size) or at + size > len(raw)):
            raise TensorError(f"the bytes of {each.get('name')} are not all there")
        if each.get("name") == name:
            return _tensor(each, None if size is None else raw[at : at + size])
        names.append(str(each.get("name")))
        at += size or 0
    raise TensorError(f"it has no output {name}, only {', '.join(names) or 'none'}")


def packed(tensor: Tensor) -> bytes:
    """Its values as raw bytes. Raises TensorError."""
    flat = list(_flat(tensor.data))
    if len(flat) != tensor.count:
        raise TensorError(f"{tensor.name} has {len(flat)} values, and its shape {tensor.count}")
    if tensor.datatype == "BYTES":
        if not all(isinstance(each, str) for each in flat):
            raise TensorError(f"a value of {tensor.name} is no text")
        texts = [each.encode() for each in flat]
        return b"".join(struct.pack("<I", len(each)) + each for each in texts)
    form = _form(tensor)
    kinds = (int, float) if tensor.datatype in _FLOATS else int
    if tensor.datatype == "BOOL":
        right = all(each in (0, 1) for each in flat)
    else:
        right = all(isinstance(each, kinds) and not isinstance(each, bool) for each in flat)
    if not right:
        raise TensorError(f"a value of {tensor.name} is no {tensor.datatype}")
    try:
        return struct.pack(f"<{len(flat)}{form}", *flat)
    except (struct.error, OverflowError):
        raise TensorError(f"a value of {tensor.name} is too large for {tensor.datatype}") from None


def unpacked(tensor: Tensor) -> list[Any]:
    """Its values, flat, as JSON has them. Raises TensorError."""
    raw = tensor.raw or b""
    if tensor.datatype == "BYTES":
        return list(_texts(tensor, raw))
    form = _form(tensor)
    found = list(struct.unpack(f"<{tensor.count}{form}", raw))
    if tensor.datatype in _FLOATS and not all(map(math.isfinite, found)):
        raise TensorError(f"a value of {tensor.name} is not finite, and JSON has no such numbers")
    return found


def _texts(tensor: Tensor, raw: bytes) -> Iterator[str]:
    at = 0
    try:
        for _ in range(tensor.count):
            (size,) = struct.unpack_from("<I", raw, at)
            at += 4 + size
            if at > len(raw):
                raise TensorError(f"the bytes of {tensor.name} are not all there")
            yield raw[at - size : at].decode()
    except struct.error:
        raise TensorError(f"the bytes of {tensor.name} are not all there") from None
    except UnicodeDecodeError:
        raise TensorError(f"{tensor.name} holds bytes that are no text, and JSON has only text") from None
    if at != len(raw):
        raise TensorError(f"{tensor.name} has more bytes than its shape says")


def _tensor(given: Mapping[str, Any], raw: bytes | None) -> Tensor:
    name, kind, shape, data = given["name"], given.get("datatype"), given.get("shape"), given.get("data")
    if kind not in (*_SIZES, "BYTES"):
        raise TensorError(f"{name} has no datatype of the protocol")
    if not isinstance(shape, list) or not all(_whole(each) for each in shape):
        raise TensorError(f"{name} has no shape")
    if (raw is None) is not isinstance(data, list):
        raise TensorError(f"{name} has no data, or has them twice")
    found = Tensor(str(name), str(kind), tuple(shape), data, raw)
    if raw is not None and kind != "BYTES" and len(raw) != found.count * _SIZES[kind]:
        raise TensorError(f"{name} has {len(raw)} bytes, and its shape {found.count * _SIZES[kind]}")
    return found


def _form(tensor: Tensor) -> str:
    if tensor.datatype not in _FORMS:
        raise TensorError(f"{tensor.name} is {tensor.datatype}, which JSON cannot say")
    return _FORMS[tensor.datatype]


def _flat(data: Any) -> Iterator[Any]:
    for each in data:
        if isinstance(each, list):
            yield from _flat(each)
        else:
            yield each


def _whole(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    found = given.get("parameters")
    return dict(found) if isinstance(found, dict) else {}


def _opened(body: bytes, headers: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
    """The JSON, and what stands behind it."""
    if headers.get("content-encoding", "identity") != "identity":
        raise TensorError("it is packed")
    length = headers.get(LENGTH, str(len(body)))
    if not (length.isascii() and length.isdigit()) or int(length) > len(body):
        raise TensorError(f"{LENGTH} is no number of bytes in it")
    try:
        found = json.loads(body[: int(length)])
    except (ValueError, RecursionError):
        raise TensorError("it is no JSON") from None
    if not isinstance(found, dict):
        raise TensorError("it is no JSON object")
    return found, body[int(length) :]


def _closed(asked: Asked, told: Mapping[str, Any], raw: bytes) -> Asked:
    """A request under the same key, with the same headers but those that say how its body is read."""
    text = json.dumps(told, separators=(",", ":")).encode()
    headers = {name: value for name, value in asked.headers.items() if name not in ("content-encoding", LENGTH)}
    headers["content-type"] = _RAW if raw else _JSON
    if raw:
        headers[LENGTH] = str(len(text))
    return Asked(text + raw, headers, asked.key)

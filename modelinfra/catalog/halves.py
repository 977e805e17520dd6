"""What the two halves of a cut model take and give, as `modelinfra split` writes it beside each, or as the ONNX file itself says.

No Pulumi import. ONNX is read only where there is no such file, with the extra `split`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

BESIDE: Final = "split.json"
"""The file beside a half's ONNX file."""

# onnx.proto, TensorProto.DataType -> Open Inference Protocol, "Tensor Data Types".
DATATYPES: Final[Mapping[int, str]] = {
    1: "FP32", 2: "UINT8", 3: "INT8", 4: "UINT16", 5: "INT16", 6: "INT32", 7: "INT64", 8: "BYTES", 9: "BOOL", 10: "FP16", 11: "FP64",
    12: "UINT32", 13: "UINT64", 16: "BF16",
}  # fmt: skip
_BITS: Final = {"BOOL": 8}

Part = Literal["device", "cloud", ""]


class UnknownHalfError(ValueError):
    """What a directory's model takes and gives is not known; the message says why."""


@dataclass(frozen=True)
class TensorType:
    """shape: -1 where a size is open. datatype: in the words of protocol v2."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    @property
    def values(self) -> int | None:
        """How many there are; None where a size is open."""
        return None if -1 in self.shape else math.prod(self.shape)

    @property
    def bytes(self) -> int | None:
        """Of one, raw; None where a size is open, or each value's own."""
        if self.datatype == "BYTES" or self.values is None:
            return None
        bits = _BITS.get(self.datatype) or int("".join(filter(str.isdigit, self.datatype)))
        return self.values * bits // 8

    def __str__(self) -> str:
        return f"{self.datatype} {' x '.join('?' if each < 0 else str(each) for each in self.shape)}".rstrip()

    def fits(self, other: TensorType) -> bool:
        """Whether what is of this type could be of the other."""
        return (
            self.datatype == other.datatype
            and len(self.shape) == len(other.shape)
            and all(one == two or -1 in (one, two) for one, two in zip(self.shape, other.shape, strict=True))
        )


@dataclass(frozen=True)
class Half:
    """part, pair: which half it is, and what both halves of one cut have in common; empty where only the ONNX file is there."""

    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    part: Part = ""
    pair: str = ""


def write_beside(file: Path, part: Part, pair: str) -> Half:
    """What is said of a half's ONNX file, in a file beside it."""
    half = Half(*_types(file), part, pair)
    told = {**asdict(half), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (file.parent / BESIDE).write_text(json.dumps(told, indent=2) + "\n")
    return half


def read_half(directory: Path) -> Half:
    """Of a model's directory. Raises UnknownHalfError."""
    files = sorted(directory.rglob("*.onnx"))
    if len(files) != 1:
        raise UnknownHalfError(f"{directory} holds {'no' if not files else 'more than one'} .onnx file")
    (file,) = files
    return _beside(file) or Half(*_types(file))


def _beside(file: Path) -> Half | None:
    """None where nothing is said, or of another file."""
    try:
        told = json.loads((file.parent / BESIDE).read_text())
        if told["sha256"] != hashlib.sha256(file.read_bytes()).hexdigest():
            return None
        inputs, outputs = (
            tuple(TensorType(each["name"], each["datatype"], tuple(each["shape"])) for each in told[side])
            for side in ("inputs", "outputs")
        )
        return Half(inputs, outputs, told["part"], told["pair"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _types(file: Path) -> tuple[tuple[TensorType, ...], tuple[TensorType, ...]]:
    try:
        import onnx
    except ModuleNotFoundError:
        raise UnknownHalfError(
            f"onnx is not installed, with which {file.name} is read (pip install 'modelinfra[split]')"
        ) from None
    try:
        graph = onnx.load(str(file), load_external_data=False).graph
    except Exception as error:  # protobuf's own errors differ between its implementations
        raise UnknownHalfError(f"{file} cannot be read as ONNX ({type(error).__name__})") from None
    constants = {each.name for each in graph.initializer}
    return (
        tuple(_type(each) for each in graph.input if each.name not in constants),
        tuple(_type(each) for each in graph.output),
    )


def _type(value: Any) -> TensorType:
    told = value.type.tensor_type
    if told.elem_type not in DATATYPES:
        raise UnknownHalfError(f"{value.name} is of a type that protocol v2 has not")
    # Some exporters write -1 where a size is open, others a name or nothing.
    shape = tuple(dim.dim_value if dim.dim_value > 0 else -1 for dim in told.shape.dim)
    return TensorType(value.name, DATATYPES[told.elem_type], shape)

"""Cuts an ONNX model in two with onnx's own extractor, checks that the halves give the whole's answer, and says what crosses.

It needs the extra `split` (onnx, onnxruntime, numpy), which is loaded when it is called. A model of more than 2 GiB, whose weights lie
beside it, is not taken: protobuf holds no more.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelinfra.serving.cuts import Cut, CutError, Graph

RELATIVE, ABSOLUTE = 1e-4, 1e-5
"""How much the halves may differ from the whole: both are optimised by onnxruntime, each by itself, and round otherwise."""

_SEED: Final = 7

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Crossing:
    """What goes from the device to the cloud for one request. bytes: of the tensor, raw, as measured; input_bytes: of the inputs."""

    cut: Cut
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    input_bytes: int


@dataclass(frozen=True)
class Halves:
    """device, cloud: files. difference: the largest between the whole's outputs and the halves', over `checks` requests. pair: what a cut is
    known by: the same of the same file at the same tensor."""

    device: Path
    cloud: Path
    crossing: Crossing
    difference: float
    checks: int
    pair: str


class Splitter:
    """A model. shapes: of inputs whose sizes are not fixed, by name; each such size is 1 otherwise. inputs: values of one request instead
    of random ones."""

    def __init__(
        self, model: Path, shapes: Mapping[str, Sequence[int]] | None = None, inputs: Values | None = None
    ) -> None:
        self.path = model
        with _library():
            import onnx

            try:
                self._proto = onnx.load(str(model))
            except Exception as error:  # protobuf's own errors differ between its implementations
                raise CutError(
                    f"{model} cannot be read as ONNX ({type(error).__name__}). Name a model in ONNX"
                ) from None
            if not self._proto.graph.node:
                raise CutError(f"{model} has no nodes: it is no model in ONNX. Name another file")
        self.graph = Graph(self._proto.graph)
        self._shapes, self._inputs = shapes or {}, inputs
        known = {each.name for each in self._proto.graph.input}
        if unknown := sorted((set(self._shapes) | set(inputs or {})) - known):
            raise CutError(f"{model} has no input {unknown[0]}. Its inputs: {', '.join(self.graph.inputs)}")

    def crossings(self) -> tuple[list[Crossing], dict[str, str]]:
        """Every possible cut, with what crosses there in one run of the whole model; and why the others are not possible."""
        cuts, refused = self.graph.cuts()
        if not cuts:
            return [], refused
        given = self._values(0)
        found = self._run(self._with_outputs([each.tensor for each in cuts]), given, [each.tensor for each in cuts])
        return [_crossing(cut, value, given) for cut, value in zip(cuts, found, strict=True)], refused

    def split(self, tensor: str, folder: Path, checks: int = 3) -> Halves:
        """Both halves as files in a folder, checked. Raises CutError where it cannot be cut there, or where the halves say otherwise."""
        cut = self.graph.cut(tensor)
        import numpy as np
        import onnx

        folder.mkdir(parents=True, exist_ok=True)
        device, cloud = (folder / f"{self.path.stem}.{side}.onnx" for side in ("device", "cloud"))
        with tempfile.TemporaryDirectory() as scratch:
            named = Path(scratch) / "whole.onnx"
            named.write_bytes(self._typed(tensor).SerializeToString())
            for file, inputs, outputs in (
                (device, self.graph.inputs, [tensor]),
                (cloud, [tensor], self.graph.outputs),
            ):
                try:
                    onnx.utils.extract_model(str(named), str(file), inputs, outputs)
                except Exception as error:
                    raise CutError(f"onnx cannot extract what is around {tensor}: {error}") from error
        difference, crossing = 0.0, None
        for seed in range(checks):
            given = self._values(seed)
            whole = self._run(self._proto.SerializeToString(), given, self.graph.outputs)
            (sent,) = self._run(device.read_bytes(), given, [tensor])
            crossing = _crossing(cut, sent, given)
            halves = self._run(cloud.read_bytes(), {tensor: sent}, self.graph.outputs)
            for name, one, two in zip(self.graph.outputs, whole, halves, strict=True):
                if one.shape != two.shape or not np.allclose(one, two, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True):
                    raise CutError(f"cut at {tensor} the halves give another {name} than the whole. Cut elsewhere")
                if one.size and np.issubdtype(one.dtype, np.number):
                    difference = max(difference, float(np.max(np.abs(np.nan_to_num(one - two)))))
        assert crossing is not None
        pair = hashlib.sha256(self.path.read_bytes() + tensor.encode()).hexdigest()[:8]
        return Halves(device, cloud, crossing, difference, checks, pair)

    def _values(self, seed: int) -> dict[str, Any]:
        """One request: what was given, or random numbers."""
        if self._inputs is not None:
            return dict(self._inputs)
        import numpy as np
        from onnx.helper import tensor_dtype_to_np_dtype

        random = np.random.default_rng(_SEED + seed)
        values = {}
        for each in self._proto.graph.input:
            if each.name not in self.graph.inputs:
                continue
            kind = tensor_dtype_to_np_dtype(each.type.tensor_type.elem_type)
            shape = self._shape(each)
            if np.issubdtype(kind, np.floating):
                values[each.name] = random.random(shape).astype(kind)
            elif np.issubdtype(kind, np.integer):
                # Small ones are indexes of most vocabularies, and values of pixels.
                values[each.name] = random.integers(0, 100, shape).astype(kind)
            else:
                raise CutError(
                    f"input {each.name} is of type {kind}: random values would say nothing. Give values with --inputs"
                )
        return values

    def _shape(self, each: Any) -> tuple[int, ...]:
        # Some exporters write -1 where a size is open.
        sizes = [max(dim.dim_value, 0) for dim in each.type.tensor_type.shape.dim]
        given = self._shapes.get(each.name)
        if given is None:
            return tuple(size or 1 for size in sizes)
        if len(given) != len(sizes) or any(size not in (0, one) for size, one in zip(sizes, given, strict=True)):
            wanted = ",".join(str(size) if size else "?" for size in sizes)
            raise CutError(f"input {each.name} has the shape {wanted}, not {','.join(map(str, given))}")
        return tuple(given)

    def _with_outputs(self, tensors: Sequence[str]) -> bytes:
        """The whole model, which also says what these tensors hold."""
        import onnx

        told = onnx.ModelProto()
        told.CopyFrom(self._proto)
        told.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
        return bytes(told.SerializeToString())

    def _typed(self, tensor: str) -> Any:
        """The model with the tensor's type in it, as the extractor needs it: from a run, where it cannot be inferred."""
        import onnx

        inferred = onnx.shape_inference.infer_shapes(self._proto)
        known = [each for each in inferred.graph.value_info if each.name == tensor]
        if not any(each.type.tensor_type.HasField("shape") for each in known):
            for each in known:
                inferred.graph.value_info.remove(each)
            (value,) = self._run(self._with_outputs([tensor]), self._values(0), [tensor])
            kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
            sizes = [f"size_{at}" for at in range(value.ndim)]
            inferred.graph.value_info.append(onnx.helper.make_tensor_value_info(tensor, kind, sizes))
        return inferred

    def _run(self, model: bytes, given: Values, outputs: Sequence[str]) -> list[Any]:
        with _library():
            import onnxruntime
        told = onnxruntime.SessionOptions()
        told.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(model, told, providers=["CPUExecutionProvider"])
            return list(session.run(list(outputs), dict(given)))
        except Exception as error:  # onnxruntime's errors have no class in common
            reason = str(error).splitlines()[0]
            raise CutError(
                f"onnxruntime does not run {self.path.name}: {reason}. Give shapes (--shape) or values (--inputs) that the model takes"
            ) from None


def _crossing(cut: Cut, value: Any, given: Values) -> Crossing:
    return Crossing(
        cut, tuple(value.shape), str(value.dtype), value.nbytes, sum(each.nbytes for each in given.values())
    )


@contextlib.contextmanager
def _library() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise CutError(f"{error.name} is not installed. Install it with: pip install 'modelinfra[split]'") from None

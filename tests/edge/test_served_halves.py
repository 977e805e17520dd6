"""A real model, cut and served by real servers on both sides of the real router, answers as the whole does."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from modelinfra.serving.errors import ServingCheckError
from tests.edge.onnx_servers import triton_missing
from tests.edge.served_halves import Wanted, measured, of_classifier

# A block in the middle (a sixth of the input's bytes), and what is pooled (less than a hundredth). `make edge` serves every cut.
TENSORS = ("conv2d_59.tmp_0", "pool2d_10.tmp_0")


# Other types than the real model has.
KINDS = {"half": TensorProto.FLOAT16, "whole": TensorProto.INT64, "long": TensorProto.DOUBLE, "small": TensorProto.UINT8, "set": TensorProto.BOOL}  # fmt: skip


def of_other_types(folder: Path) -> list[Wanted]:
    """A model that goes from type to type, cut at each."""
    nodes, last = [helper.make_node("Mul", ["x", "factor"], ["scaled"])], "scaled"
    for name, kind in KINDS.items():
        nodes.append(helper.make_node("Cast", [last], [name], to=kind))
        last = name
    nodes.append(helper.make_node("Cast", [last], ["y"], to=TensorProto.FLOAT))
    ends = [helper.make_tensor_value_info(each, TensorProto.FLOAT, (2, 8)) for each in ("x", "y")]
    factor = helper.make_tensor("factor", TensorProto.FLOAT, (), [3.0])
    graph = helper.make_graph(nodes, "types", ends[:1], ends[1:], [factor])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "types.onnx"
    )
    return [Wanted(folder / "types.onnx", "x", (2, 8), each) for each in KINDS]


@pytest.mark.serving
@pytest.mark.parametrize(
    ("server", "least", "most"),
    [
        # JSON: several times the tensor's bytes. Bytes: the tensor, and some hundred of HTTP.
        ("mlserver", 3.0, 8.0),
        # Its server alone is more than a gigabyte to fetch.
        pytest.param("triton", 1.0, 1.1, marks=pytest.mark.slow_judge),
    ],
)
def test_the_halves_answer_as_the_whole_model_and_what_crosses_is_what_is_said(
    tmp_path: Path, server: str, least: float, most: float
) -> None:
    if server == "triton" and (why := triton_missing()):
        pytest.skip(f"NOT PROVEN, halves in Triton: {why}")
    try:
        found = list(measured(tmp_path, server, server, [*of_classifier(TENSORS), *of_other_types(tmp_path)]))
    except ServingCheckError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT PROVEN, halves in {server}: it cannot be installed here ({error})")
    assert [each.halves.crossing.cut.tensor for each in found] == [*TENSORS, *KINDS]
    assert max(each.difference for each in found) < 1e-5
    for each in found[: len(TENSORS)]:
        size = each.halves.crossing.bytes
        assert least * size < each.up < most * size + 800, (each.up, size)

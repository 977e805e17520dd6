"""Halves are laid out so that a server takes them as they are, and under names that keep halves of different cuts apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner

from modelinfra.catalog.halves import read_half
from modelinfra.catalog.layouts.mlserver import MLSERVER_FOLDER
from modelinfra.catalog.layouts.triton import TRITON_MODEL, TRITON_REPOSITORY
from modelinfra.cli.main import app
from modelinfra.serving.cuts import CutError
from modelinfra.serving.halves import directories
from modelinfra.serving.split import Splitter


def model(folder: Path, name: str = "net", casts: int = TensorProto.FLOAT) -> Path:
    """x -> a -> b -> y; a is of another type, where it is said."""
    nodes = [
        helper.make_node("Cast", ["x"], ["a"], to=casts),
        helper.make_node("Cast", ["a"], ["b"], to=TensorProto.FLOAT),
        helper.make_node("Tanh", ["b"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(each, TensorProto.FLOAT, ("batch", 4)) for each in ("x", "y")]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / f"{name}.onnx"
    )
    return folder / f"{name}.onnx"


def laid(folder: Path, *arguments: str, at: str = "b", name: str = "net") -> dict[str, Any]:
    file = str(model(folder, name=name))
    done = CliRunner().invoke(app, ["split", file, "--at", at, "-o", str(folder / "out"), *arguments, "--json"])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_mlserver_finds_both_by_their_names(tmp_path: Path) -> None:
    said = laid(tmp_path, "--server", "mlserver")
    out = tmp_path / "out"
    assert (said["device"], said["cloud"]) == (str(out / "device"), str(out / "cloud"))
    assert MLSERVER_FOLDER.check(out / "device", "/mnt/models").name == "net"
    assert MLSERVER_FOLDER.check(out / "cloud", "/mnt/models").name == said["rest"] == f"net-rest-{said['pair']}"
    settings = json.loads((out / "cloud" / "model-settings.json").read_text())
    assert settings["inputs"] == [{"name": "b", "datatype": "FP32", "shape": [-1, 4]}]
    assert read_half(out / "cloud").part == "cloud"


def test_triton_finds_both_alone_or_among_others(tmp_path: Path) -> None:
    said = laid(tmp_path, "--server", "triton", "--name", "gate")
    cloud = tmp_path / "out" / "cloud"
    assert TRITON_REPOSITORY.check(tmp_path / "out" / "device", "/models").name == "gate"
    assert TRITON_REPOSITORY.check(cloud, "/models").name == said["rest"]
    assert TRITON_MODEL.check(cloud / said["rest"], f"/models/{said['rest']}").name == said["rest"]
    assert (cloud / said["rest"] / "config.pbtxt").read_text().splitlines() == [
        f'name: "{said["rest"]}"',
        'backend: "onnxruntime"',
        "max_batch_size: 0",
        'input [ { name: "b" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]',
        'output [ { name: "y" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]',
    ]
    assert read_half(cloud).pair == said["pair"]


def test_the_same_cut_has_the_same_name_and_another_one_another(tmp_path: Path) -> None:
    names = set()
    for at in ("a", "b", "b"):
        folder = tmp_path / f"{at}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        names.add(laid(folder, "--server", "mlserver", at=at)["rest"])
    assert len(names) == 2


def test_what_a_user_is_to_write_is_said(tmp_path: Path) -> None:
    file, out = str(model(tmp_path)), tmp_path / "out"
    done = CliRunner().invoke(app, ["split", file, "--at", "b", "--server", "mlserver", "-o", str(out)])
    lines = "".join(done.stdout.split("\n"))
    assert 'router: {split: {at: "b"}}' in lines
    again = CliRunner().invoke(app, ["split", file, "--at", "b", "--server", "mlserver", "-o", str(out)])
    assert again.exit_code == 2
    assert again.stderr == f"there is {out / 'device'} already. Remove it, or name another folder (--out)\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "b", "--server", "torchserve"], "--server torchserve: halves are laid out for mlserver and triton"),
        (["--server", "mlserver"], "--server is for halves, and nothing is cut. Name a tensor with --at"),
        (["--at", "b", "--name", "gate"], "--name is what a server calls the model. Name one with --server"),
        (
            ["--at", "b", "--server", "mlserver", "--name", "a/b"],
            "a/b is no name for a URL. Give one of letters, digits, '.', '_' and '-' with --name",
        ),
    ],
)
def test_what_cannot_be_laid_out_is_said_before_anything_is_written(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["split", str(model(tmp_path)), "-o", str(out), *arguments])
    assert (done.exit_code, done.stderr) == (2, said + "\n")
    assert not out.exists()


def test_a_type_that_mlserver_has_no_codec_for_is_triton_s(tmp_path: Path) -> None:
    halves = Splitter(model(tmp_path, casts=TensorProto.DOUBLE)).split("a", tmp_path)
    assert read_half(directories(halves, "mlserver", "net", tmp_path / "out").cloud).inputs[0].datatype == "FP64"
    halves.device.write_bytes(bf16(halves.device).SerializeToString())
    with pytest.raises(CutError, match="a is BF16, which MLServer's codec of arrays has not"):
        directories(halves, "mlserver", "net", tmp_path / "again")
    directories(halves, "triton", "net", tmp_path / "triton")


def bf16(file: Path) -> Any:
    """The same graph, whose output is of 16 bits: onnxruntime does not run all of it, and it is only read here."""
    made = onnx.load(file)
    made.graph.output[0].type.tensor_type.elem_type = TensorProto.BFLOAT16
    return made

"""A model is cut where everything passes through one tensor, nowhere else, and the halves give the whole's answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner

from modelinfra.cli.main import app
from modelinfra.serving.cuts import CutError, Graph
from modelinfra.serving.split import Splitter
from tests.serving.real_model import INPUT, SHAPE, classifier


def model(
    folder: Path, nodes: list[Any], *, outputs: tuple[str, ...] = ("y",), constants: Any = (), shape: Any = (1, 4)
) -> Path:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["p", "q"]) for name in outputs],
        initializer=[
            onnx.numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in dict(constants).items()
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    file = folder / "tiny.onnx"
    onnx.save(made, file)
    return file


def node(kind: str, reads: str, makes: str, **attributes: Any) -> Any:
    return helper.make_node(kind, reads.split(), makes.split(), **attributes)


# A residual block: a goes around b and c.
RESIDUAL = [
    node("Relu", "x", "a"),
    node("Mul", "a w", "b"),
    node("Tanh", "b", "c"),
    node("Add", "c a", "d"),
    node("Sigmoid", "d", "y"),
]


def test_around_a_residual_block_it_can_be_cut_and_within_not_with_the_tensor_that_goes_around_it(
    tmp_path: Path,
) -> None:
    cuts, refused = Splitter(model(tmp_path, RESIDUAL, constants={"w": [[1, 2, 3, 4]]})).graph.cuts()
    assert [(each.tensor, each.before, each.after) for each in cuts] == [("a", 1, 4), ("d", 4, 1)]
    assert list(refused) == ["b", "c"]
    assert refused["b"].startswith("a would have to cross beside b: ")


@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        ("x", "x is an input: nothing would be left for the device"),
        ("y", "y is an output: nothing would be left for the cloud"),
        ("w", "w does not depend on the input"),
        ("v", "v does not depend on the input"),
        ("nowhere", "there is no tensor nowhere"),
        ("unused", "no output depends on unused"),
    ],
)
def test_where_it_cannot_be_cut_at_all_the_reason_is_said(tmp_path: Path, tensor: str, why: str) -> None:
    nodes = [
        *RESIDUAL[:1],
        node("Neg", "w", "v"),
        node("Mul", "a v", "b"),
        node("Sigmoid", "b", "y"),
        node("Relu", "b", "unused"),
    ]
    with pytest.raises(CutError, match=why):
        Splitter(model(tmp_path, nodes, constants={"w": [[1, 2, 3, 4]]})).graph.cut(tensor)


def test_a_second_output_that_leaves_before_the_cut_has_to_cross_too(tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "a"), node("Neg", "a", "early"), node("Tanh", "a", "b"), node("Sigmoid", "b", "y")]
    graph = Splitter(model(tmp_path, nodes, outputs=("y", "early"))).graph
    assert graph.cut("a").before == 1
    with pytest.raises(CutError, match="a would have to cross beside b"):
        graph.cut("b")


def test_what_a_branch_takes_from_around_it_counts(tmp_path: Path) -> None:
    def branch(kind: str) -> Any:
        return helper.make_graph(
            [node(kind, "a", f"{kind}_out")],
            kind,
            [],
            [helper.make_tensor_value_info(f"{kind}_out", TensorProto.FLOAT, ["p", "q"])],
        )

    nodes = [
        node("Relu", "x", "a"),
        node("ReduceSum", "a", "s", keepdims=0),
        node("Greater", "s w", "large"),
        node("If", "large", "y", then_branch=branch("Neg"), else_branch=branch("Tanh")),
    ]
    graph = Splitter(model(tmp_path, nodes, constants={"w": 1.0})).graph
    assert graph.cut("a").before == 1
    with pytest.raises(CutError, match="a would have to cross beside large"):
        graph.cut("large")


def leads_around(nodes: list[Any], tensor: str) -> bool:
    """Whether the input reaches the output by another way."""
    reached = {"x"}
    for each in nodes:
        if reached & set(each.input):
            reached |= set(each.output) - {tensor}
    return "y" in reached


def test_random_graphs_are_cut_where_no_way_leads_around_and_nowhere_else(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    legal = illegal = 0
    for _ in range(25):
        nodes, names = [], ["x"]
        for at in range(7):
            one, two = random.choice(names[-3:]), random.choice(names[-2:])
            nodes.append(
                node("Add", f"{one} {two}", f"t{at}") if random.random() < 0.4 else node("Tanh", str(two), f"t{at}")
            )
            names.append(f"t{at}")
        nodes.append(node("Sigmoid", "t6", "y"))
        file = model(tmp_path, nodes)
        cuts, refused = Splitter(file).graph.cuts()
        for cut in cuts:
            assert not leads_around(nodes, cut.tensor)
            assert Splitter(file).split(cut.tensor, tmp_path / "out", checks=1).difference < 1e-5
        assert all(leads_around(nodes, tensor) for tensor in refused)
        legal, illegal = legal + len(cuts), illegal + len(refused)
    assert min(legal, illegal) > 20


def test_an_open_size_is_given_by_name_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    file = model(tmp_path, RESIDUAL, constants={"w": [[1, 2, 3, 4]]}, shape=("batch", 4))
    (first, _), _ = Splitter(file, {"x": (8, 4)}).crossings()
    assert (first.shape, first.bytes, first.input_bytes) == ((8, 4), 128, 128)
    with pytest.raises(CutError, match=r"input x has the shape \?,4, not 8,5"):
        Splitter(file, {"x": (8, 5)}).crossings()
    with pytest.raises(CutError, match=r"has no input z. Its inputs: x"):
        Splitter(file, {"z": (8, 5)})


def test_every_part_of_a_real_network_from_onnx_itself_can_be_cut_where_its_blocks_meet() -> None:
    squeezenet = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / "light_squeezenet.onnx"
    found, refused = Splitter(squeezenet).crossings()
    assert len(found) > 20
    # Eight fire modules, each of which squeezes and then expands into two branches.
    assert any("would have to cross beside" in reason for reason in refused.values())
    assert min(each.bytes for each in found) < found[0].input_bytes < max(each.bytes for each in found)


def test_the_halves_of_a_real_model_give_the_whole_s_answer_and_say_what_crosses(tmp_path: Path) -> None:
    splitter = Splitter(classifier(), {INPUT: SHAPE})
    found, refused = splitter.crossings()
    assert (len(found), len(refused)) == (60, 178)
    for each in [*found[::12], found[-4]]:
        halves = splitter.split(each.cut.tensor, tmp_path, checks=2)
        assert halves.difference < 1e-5
        assert (halves.crossing.bytes, halves.crossing.shape) == (each.bytes, each.shape)
        assert onnx.load(halves.cloud).graph.input[0].name == each.cut.tensor


def test_the_command_cuts_and_says_what_it_checked(tmp_path: Path) -> None:
    file = model(tmp_path, RESIDUAL, constants={"w": [[1, 2, 3, 4]]})
    listed = json.loads(CliRunner().invoke(app, ["split", str(file), "--json"]).stdout)
    assert [each["cut"]["tensor"] for each in listed["cuts"]] == ["a", "d"]
    done = CliRunner().invoke(app, ["split", str(file), "--at", "d", "--out", str(tmp_path / "halves")])
    assert done.exit_code == 0, done.output
    assert "Checked with 3 requests: the largest difference is 0. 16 bytes (float32 1 x 4" in done.stdout
    assert sorted(each.name for each in (tmp_path / "halves").iterdir()) == ["tiny.cloud.onnx", "tiny.device.onnx"]
    wrong = CliRunner().invoke(app, ["split", str(file), "--at", "b"])
    assert wrong.exit_code == 2
    assert "a would have to cross beside b" in wrong.stderr
    np.savez(tmp_path / "x.npz", x=np.ones((1, 4), np.float32))
    assert CliRunner().invoke(app, ["split", str(file), "--inputs", str(tmp_path / "x.npz")]).exit_code == 0
    (tmp_path / "no.onnx").write_bytes(b"\xff no model")
    assert "cannot be read as ONNX" in CliRunner().invoke(app, ["split", str(tmp_path / "no.onnx")]).stderr


def test_without_the_libraries_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").touch()
    code = (
        "import sys; sys.modules.update(onnx=None)\n"
        "from modelinfra.cli.main import app\n"
        f"app(['split', {str(tmp_path / 'm.onnx')!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "onnx is not installed. Install it with: pip install 'modelinfra[split]'\n",
    )


def test_the_library_is_loaded_only_when_it_is_asked() -> None:
    code = "import sys, modelinfra.cli.main, modelinfra.serving.split; print({'onnx', 'onnxruntime', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_graph_is_read_without_running_it() -> None:
    assert Graph(onnx.GraphProto()).cuts() == ([], {})

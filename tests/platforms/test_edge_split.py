"""A model whose first half runs on devices: that both halves are of one model is known before anything is made, and the router is told."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pulumi
import pytest
from onnx import TensorProto, helper

from modelinfra import Environment
from modelinfra.catalog.halves import BESIDE, Half, TensorType, UnknownHalfError, read_half
from modelinfra.graph.model import Graph
from modelinfra.platforms.edge.split import MAX_BODY
from modelinfra.router.settings import Settings, read
from modelinfra.serving.halves import directories
from modelinfra.serving.split import Splitter
from tests.making import captured, inputs
from tests.platforms.worlds import TASK

NODES = (("Relu", "x", "a"), ("Neg", "a", "b"), ("Tanh", "b", "c"), ("Sigmoid", "c", "y"))


def model(folder: Path, name: str = "net", width: int = 4, kind: int = TensorProto.FLOAT) -> Path:
    graph = helper.make_graph(
        [helper.make_node(each, [reads], [makes]) for each, reads, makes in NODES],
        "tiny",
        [helper.make_tensor_value_info("x", kind, ("batch", width))],
        [helper.make_tensor_value_info("y", kind, ("batch", width))],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, folder / f"{name}.onnx")
    return folder / f"{name}.onnx"


def cut(root: Path, at: str, server: str = "mlserver", name: str = "net", **of: Any) -> str:
    """Lay both halves out below `root/<at>-<server>`, and return the rest's name."""
    out = root / f"{at}-{server}"
    halves = Splitter(model(root, name, **of)).split(at, root / "scratch")
    return directories(halves, server, "net", out).rest


def environment(root: Path, behind: Mapping[str, Any] | None = None, **options: Any) -> Graph:
    """A fleet of a device's half, and the endpoint that is behind it."""
    heavy = {
        "server": "mlserver",
        "model": "b-mlserver/cloud",
        "longest_request": "20s",
        "exposure": {"gateway": {"auth": {"iam": {}}}},
        **(behind or {}),
    }
    fleet = {
        "server": "mlserver",
        "model": "b-mlserver/device",
        "fallback": "heavy",
        "router": {"split": {"at": "b"}},
        **options,
    }
    fleet = {name: value for name, value in fleet.items() if value is not None}
    heavy = {name: value for name, value in heavy.items() if value is not None}

    def program() -> None:
        Environment(
            "dev",
            platforms={"web": {"type": "ecs"}},
            endpoints={"heavy": heavy},  # type: ignore[typeddict-item]
            edge_fleets={"gates": fleet},  # type: ignore[typeddict-item]
        )

    return captured(program, root)


def refusal(root: Path, behind: Mapping[str, Any] | None = None, **options: Any) -> list[str]:
    with pytest.raises(pulumi.RunError) as said:
        environment(root, behind, **options)
    return [line.strip() for line in str(said.value).splitlines()[1:]]


def told(graph: Graph, ring: str = "all") -> Settings:
    containers = json.loads(inputs(graph, TASK, f"dev-gates-{ring}-task")["containerDefinitions"])
    (router,) = [each for each in containers if each["name"] == "router"]
    return read(next(each["value"] for each in router["environment"] if each["name"] == "MODELINFRA_ROUTER"))


def test_the_router_asks_the_rest_of_what_the_device_has(tmp_path: Path) -> None:
    rest = cut(tmp_path, "b")
    settings = told(environment(tmp_path))
    assert settings.path == "/v2/models/net/infer"
    assert settings.cloud.path == f"/v2/models/{rest}/infer"
    assert settings.split is not None
    assert (settings.split.tensor, settings.split.binary_here, settings.split.binary_there) == ("b", False, False)
    assert settings.store is None
    assert settings.confidence is None


@pytest.mark.parametrize(("here", "there"), [("triton", "mlserver"), ("mlserver", "triton"), ("triton", "triton")])
def test_tensors_go_as_bytes_to_and_from_servers_that_take_them(tmp_path: Path, here: str, there: str) -> None:
    for server in (here, there):
        shutil.rmtree(tmp_path / f"b-{server}", ignore_errors=True)
        cut(tmp_path, "b", server)
    behind = {"server": there, "model": f"b-{there}/cloud"}
    settings = told(environment(tmp_path, behind, server=here, model=f"b-{here}/device"))
    assert settings.split is not None
    assert (settings.split.binary_here, settings.split.binary_there) == (here == "triton", there == "triton")


def test_each_revision_asks_for_its_own_rest_among_several(tmp_path: Path) -> None:
    rests = {cut(tmp_path, "b"): "b-mlserver/cloud"}
    (tmp_path / "new").mkdir()
    other = cut(tmp_path / "new", "b", width=5)
    rests[other] = "new/b-mlserver/cloud"
    behind = {"model": None, "models": rests}
    rings = [{"name": "canary", "share": 0.1, "revision": "wider"}, {"name": "rest"}]
    graph = environment(tmp_path, behind, rings=rings, revisions={"wider": {"model": "new/b-mlserver/device"}})
    assert told(graph, "canary").cloud.path == f"/v2/models/{other}/infer"
    assert told(graph, "rest").cloud.path == f"/v2/models/{next(iter(rests))}/infer"
    (said,) = refusal(tmp_path, {"models": {other: rests[other]}, "model": None})
    assert said.startswith(
        f"edge_fleets.gates.fallback (given: 'heavy'): 'heavy' serves {other}, and none of them is known to"
    )


def test_a_revision_of_another_cut_than_the_cloud_s_is_refused(tmp_path: Path) -> None:
    rest = cut(tmp_path, "b")
    cut(tmp_path, "b", "triton")
    (tmp_path / "new").mkdir()
    onnx.save(onnx.load(tmp_path / "net.onnx"), tmp_path / "new" / "net.onnx")
    changed = onnx.load(tmp_path / "new" / "net.onnx")
    changed.producer_name = "another training"
    onnx.save(changed, tmp_path / "new" / "net.onnx")
    directories(Splitter(tmp_path / "new" / "net.onnx").split("b", tmp_path), "mlserver", "net", tmp_path / "new")
    said = refusal(
        tmp_path,
        revisions={"next": {"model": "new/device"}},
        rings=[{"name": "a", "share": 0.1, "revision": "next"}, {"name": "b"}],
    )
    why = f"it is of another cut than {rest} of 'heavy', and together they answer what no model would"
    assert said == [f"edge_fleets.gates.revisions.next.model: {why}. Serve both halves of one `modelinfra split`."]


@pytest.mark.parametrize(
    ("behind", "options", "said"),
    [
        (
            {},
            {"router": {"split": {"at": "c"}}},
            [
                "model: net gives b, and not c, at which `router.split` cuts. Name the first half of a model that is cut there.",
                "router.split.at (given: 'c'): REST of 'heavy' takes b, and no such tensor. Write one of: b.",
            ],
        ),
        ({}, {"model": "b-mlserver/cloud"}, ["model: REST is the rest of a model, and devices run its beginning. Name the other half."]),
        (
            {"model": "b-mlserver/device"},
            {},
            ["fallback (given: 'heavy'): net of 'heavy' is the beginning of a model, and the cloud runs the rest. Name an endpoint with the other half."],
        ),
        (
            {"model": "wide/b-mlserver/cloud"},
            {},
            ["router.split.at (given: 'b'): net gives it as FP32 ? x 4, and WIDE of 'heavy' takes it as FP32 ? x 5. Cut both halves from one model."],
        ),
        (
            {},
            {"router": {"split": {"at": "b"}, "confidence": {"output": "y", "least": 0.5}}},
            ["router.confidence: with `split` devices have no answer of their own that could be doubted. Remove it, or `split`."],
        ),
        (
            {},
            {"router": {"split": {"at": "b"}, "offline": {"size": "128MiB"}}},
            ["router.offline: with `split` nothing is kept while the link is down: clients are told that there is no answer. Remove it, or `split`."],
        ),
    ],
)  # fmt: skip
def test_halves_that_do_not_fit_are_told_before_anything_is_made(
    tmp_path: Path, behind: dict[str, Any], options: dict[str, Any], said: list[str]
) -> None:
    (tmp_path / "wide").mkdir()
    names = {"REST": cut(tmp_path, "b"), "WIDE": cut(tmp_path / "wide", "b", width=5)}
    for word, name in names.items():
        said = [each.replace(word, name) for each in said]
    assert refusal(tmp_path, behind, **options) == [f"edge_fleets.gates.{each}" for each in said]


def test_a_protocol_without_tensors_is_refused(tmp_path: Path) -> None:
    cut(tmp_path, "b")
    own = {"image": "r.example/own@sha256:" + "0" * 64, "port": 8080, "health_path": "/ok", "predict_path": "/predict"}
    ready = {"server": own, "model": {"name": "net"}, "image": "r.example/own@sha256:" + "0" * 64}
    said = refusal(tmp_path, ready, **ready)
    assert any(
        each.startswith("edge_fleets.gates.router.split: tensors are handed over as protocol v2 has them")
        for each in said
    ), said


def test_a_split_needs_the_cloud(tmp_path: Path) -> None:
    cut(tmp_path, "b")
    assert refusal(tmp_path, fallback=None)[0].startswith("edge_fleets.gates.router: nothing stands behind the devices")


@pytest.mark.parametrize(
    ("server", "width", "said"),
    [
        (
            "triton",
            MAX_BODY // 4 + 1,
            "it takes 10,000,004 bytes for each request, and an API gateway takes 10,000,000.",
        ),
        (
            "mlserver",
            MAX_BODY // 2 + 1,
            "it takes 10,000,002 bytes or more, in JSON, for each request, and an API gateway takes",
        ),
    ],
)
def test_a_tensor_that_no_gateway_takes_is_refused_where_its_size_is_known(
    tmp_path: Path, server: str, width: int, said: str
) -> None:
    file = model(tmp_path, width=width)
    fixed = onnx.load(file)
    for each in (*fixed.graph.input, *fixed.graph.output):
        each.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(fixed, file)
    directories(Splitter(file).split("b", tmp_path, checks=1), server, "net", tmp_path / "halves")
    (found,) = refusal(tmp_path, {"server": server, "model": "halves/cloud"}, server=server, model="halves/device")
    assert found.startswith(f"edge_fleets.gates.router.split.at (given: 'b'): {said}")


def test_halves_that_nobody_wrote_of_are_read_from_their_files(tmp_path: Path) -> None:
    cut(tmp_path, "b")
    for part in ("device", "cloud"):
        (tmp_path / "b-mlserver" / part / BESIDE).unlink()
    said = refusal(tmp_path, router={"split": {"at": "a"}})
    assert said[0].startswith("edge_fleets.gates.model: net gives b, and not a, at which `router.split` cuts.")


def test_what_is_said_beside_another_file_is_not_believed(tmp_path: Path) -> None:
    cut(tmp_path, "b")
    here = tmp_path / "b-mlserver" / "device"
    assert read_half(here).part == "device"
    shutil.copy(model(tmp_path), here / "model.onnx")
    assert read_half(here) == Half((TensorType("x", "FP32", (-1, 4)),), (TensorType("y", "FP32", (-1, 4)),))


def test_what_is_not_known_is_said_to_be_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = cut(tmp_path, "b")
    (tmp_path / "b-mlserver" / "cloud" / BESIDE).unlink()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UnknownHalfError, match="onnx is not installed, with which"):
        read_half(tmp_path / "b-mlserver" / "cloud")
    notes: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, *_, **__: notes.append(text))
    environment(tmp_path)
    assert (
        f"fleet 'gates': revision 'stable': hands b over to {rest} of 'heavy' as JSON, several times its bytes; not checked whether the halves "
        "fit: onnx is not installed, with which model.onnx is read (pip install 'modelinfra[split]')" in notes
    )


@pytest.mark.parametrize(
    ("kind", "shape", "size"),
    [("FP32", (2, 3), 24), ("FP16", (3,), 6), ("BF16", (3,), 6), ("UINT64", (), 8), ("BOOL", (5,), 5), ("INT8", (-1, 2), None), ("BYTES", (2,), None)],
)  # fmt: skip
def test_how_many_bytes_a_tensor_has(kind: str, shape: tuple[int, ...], size: int | None) -> None:
    assert TensorType("t", kind, shape).bytes == size
    assert size is None or kind == "BF16" or size == np.zeros(shape, kind.lower().replace("fp", "float")).nbytes

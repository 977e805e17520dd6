"""Both halves of a cut model as directories that a model server takes as they are."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from modelinfra.catalog.halves import Half, Part, TensorType, UnknownHalfError, write_beside
from modelinfra.serving.cuts import CutError
from modelinfra.serving.split import Halves

_FILE: Final = "model.onnx"
_RUNTIME: Final = "onnx_model"


@dataclass(frozen=True)
class Directories:
    """device, cloud: the directories. model, rest: the names under which a server serves them."""

    device: Path
    cloud: Path
    model: str
    rest: str


def vacant(folder: Path) -> None:
    """Raises CutError where directories of another cut lie already: servers would find both."""
    for part in ("device", "cloud"):
        if (folder / part).exists():
            raise CutError(f"there is {folder / part} already. Remove it, or name another folder (--out)")


def checked_name(name: str) -> str:
    """A name that can stand in a URL. Raises CutError."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise CutError(f"{name} is no name for a URL. Give one of letters, digits, '.', '_' and '-' with --name")
    return name


def directories(halves: Halves, server: str, name: str, folder: Path) -> Directories:
    """The halves, laid out for a server. The rest's name says which cut it is of: a device with another first half does not find it, and
    clients get an error and no wrong answer. Raises CutError."""
    vacant(folder)
    rest = f"{name}-rest-{halves.pair}"
    parts: tuple[tuple[Part, Path, str], ...] = (("device", halves.device, name), ("cloud", halves.cloud, rest))
    for part, file, model in parts:
        place, finish = LAYOUTS[server]
        home = folder / part / place(model)
        home.mkdir(parents=True)
        shutil.copyfile(file, home / _FILE)
        try:
            half = write_beside(home / _FILE, part, halves.pair)
        except UnknownHalfError as error:
            raise CutError(f"{error}. Cut elsewhere") from None
        finish(home, model, half)
    return Directories(folder / "device", folder / "cloud", name, rest)


def _mlserver(home: Path, model: str, half: Half) -> None:
    for each in (*half.inputs, *half.outputs):
        if each.datatype in ("BF16", "BYTES"):
            raise CutError(
                f"{each.name} is {each.datatype}, which MLServer's codec of arrays has not. Take --server triton"
            )
    settings = {
        "name": model,
        "implementation": f"{_RUNTIME}.OnnxModel",
        "parameters": {"uri": f"./{_FILE}", "version": half.pair},
        "inputs": [_metadata(each) for each in half.inputs],
        "outputs": [_metadata(each) for each in half.outputs],
    }
    (home / "model-settings.json").write_text(json.dumps(settings, indent=2) + "\n")
    runtime = files("modelinfra.serving") / "mlserver_onnx.py"
    (home / f"{_RUNTIME}.py").write_text(runtime.read_text(encoding="utf-8"))


def _metadata(tensor: TensorType) -> dict[str, object]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _triton(home: Path, model: str, half: Half) -> None:
    (home.parent / "config.pbtxt").write_text("\n".join(_configuration(model, half)) + "\n")


def _configuration(model: str, half: Half) -> Iterator[str]:
    """Triton, docs/user_guide/model_configuration.md. With a batch size of 0 the shapes are the model's own, the first size and all."""
    yield f'name: "{model}"'
    yield 'backend: "onnxruntime"'
    yield "max_batch_size: 0"
    for side, tensors in (("input", half.inputs), ("output", half.outputs)):
        for each in tensors:
            kind = "STRING" if each.datatype == "BYTES" else each.datatype
            dims = ", ".join(map(str, each.shape))
            yield f"{side} [ {{ name: {json.dumps(each.name)} data_type: TYPE_{kind} dims: [ {dims} ] }} ]"


LAYOUTS: Final[Mapping[str, tuple[Callable[[str], str], Callable[[Path, str, Half], None]]]] = {
    "mlserver": (lambda model: "", _mlserver),
    "triton": (lambda model: f"{model}/1", _triton),
}
"""Server -> where the file lies below the directory, and what else lies there."""

"""`modelinfra split MODEL.onnx`: the first part of a model for the device, the rest for the cloud."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelinfra.cli.common import WRONG_INPUT, AsJson, console, fail, print_json

if TYPE_CHECKING:
    from modelinfra.serving.split import Crossing, Splitter


def split(
    model: Annotated[Path, typer.Argument(help="A model in ONNX.", show_default=False, exists=True, dir_okay=False)],
    at: Annotated[str | None, typer.Option(help="Tensor to cut at; without it those possible are listed.")] = None,
    shape: Annotated[
        list[str] | None, typer.Option(help="NAME=1,3,224,224: of an input whose sizes are not fixed; else they are 1.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option(help="NumPy's .npz with a value for each input, instead of random ones.", exists=True)
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the halves.")] = Path(),
    server: Annotated[
        str | None,
        typer.Option(
            help="Lay both out as directories that this server takes, mlserver or triton: OUT/device and OUT/cloud."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="With --server: the model's name; without it, the file's.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Also list where it cannot be cut, and why.")] = False,
    as_json: AsJson = False,
) -> None:
    """List where a model can be cut, with the bytes that would cross; or cut it, and check that the halves give the whole's answer.

    Example: modelinfra split detector.onnx --shape x=1,3,640,640 --at conv_9 --server mlserver -o halves
    """
    from modelinfra.serving.cuts import CutError
    from modelinfra.serving.halves import LAYOUTS, checked_name, directories, vacant
    from modelinfra.serving.split import Splitter

    if server is not None and server not in LAYOUTS:
        fail(f"--server {server}: halves are laid out for {' and '.join(LAYOUTS)}", WRONG_INPUT)
    if server is not None and at is None:
        fail("--server is for halves, and nothing is cut. Name a tensor with --at", WRONG_INPUT)
    if name is not None and server is None:
        fail("--name is what a server calls the model. Name one with --server", WRONG_INPUT)
    try:
        splitter = Splitter(model, _shapes(shape or []), _values(inputs))
        if at is None:
            _listed(splitter, refused, as_json)
            return
        if server is None:
            halves, laid = splitter.split(at, out), None
        else:
            vacant(out)
            called = checked_name(name or model.stem)
            with tempfile.TemporaryDirectory() as scratch:
                halves = splitter.split(at, Path(scratch))
                laid = directories(halves, server, called, out)
            halves = replace(halves, device=laid.device, cloud=laid.cloud)
    except CutError as error:
        fail(str(error), WRONG_INPUT)
    if as_json:
        print_json(asdict(halves) | ({"model": laid.model, "rest": laid.rest} if laid else {}))
        return
    said = console()
    said.print(f"{halves.device}: {halves.crossing.cut.before} nodes, for the device", markup=False)
    said.print(f"{halves.cloud}: {halves.crossing.cut.after} nodes, for the cloud", markup=False)
    said.print(
        f"Checked with {halves.checks} requests: the largest difference is {halves.difference:.3g}. "
        f"{_crosses(halves.crossing)} cross for each.",
        markup=False,
    )
    if laid is not None:
        said.print(f"{server} serves them as {laid.model} and {laid.rest}. In the stack file:", markup=False)
        said.print(f"  the fleet:     model: {laid.device}, router: {{split: {{at: {json.dumps(at)}}}}}", markup=False)
        said.print(f"  its fallback:  model: {laid.cloud}", markup=False)


def _listed(splitter: Splitter, refused: bool, as_json: bool) -> None:
    from rich.table import Table

    found, why = splitter.crossings()
    if as_json:
        print_json({"cuts": [asdict(each) for each in found], "refused": why})
        return
    table = Table()
    for heading in ("tensor", "nodes before", "after", "shape", "bytes", "of the input's"):
        table.add_column(heading, overflow="fold")
    for each in found:
        share = f"{each.bytes / each.input_bytes:.2f} x" if each.input_bytes else "-"
        table.add_row(
            each.cut.tensor,
            str(each.cut.before),
            str(each.cut.after),
            " x ".join(map(str, each.shape)),
            f"{each.bytes:,}",
            share,
        )
    said = console()
    said.print(table)
    said.print(f"It cannot be cut at {len(why)} other tensors{'' if refused else ' (--refused says why)'}.")
    if refused:
        for tensor, reason in why.items():
            said.print(f"{tensor}: {reason}.", markup=False)


def _crosses(crossing: Crossing) -> str:
    return f"{crossing.bytes:,} bytes ({crossing.dtype} {' x '.join(map(str, crossing.shape))}; the input has {crossing.input_bytes:,})"


def _shapes(given: list[str]) -> dict[str, list[int]]:
    found = {}
    for each in given:
        name, _, sizes = each.rpartition("=")
        try:
            found[name] = [int(size) for size in sizes.split(",")]
        except ValueError:
            found[name] = []
        if not name or not found[name] or min(found[name]) < 1:
            fail(f"--shape {each} is no shape. Write it as NAME=1,3,224,224", WRONG_INPUT)
    return found


def _values(file: Path | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        import numpy as np

        with np.load(file, allow_pickle=False) as found:
            return dict(found)
    except ImportError:
        fail("numpy is not installed. Install it with: pip install 'modelinfra[split]'", WRONG_INPUT)
    except (OSError, ValueError) as error:
        fail(f"--inputs {file} is no file of NumPy's with names ({error}). Write it with numpy.savez", WRONG_INPUT)

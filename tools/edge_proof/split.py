"""Every possible cut of a real model: checked, and served by real servers on both sides of the router."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from modelinfra.serving.split import Halves, Splitter  # noqa: E402
from tests.edge import served_halves  # noqa: E402
from tests.edge.served_halves import REQUESTS, Crossed  # noqa: E402
from tests.serving.real_model import INPUT, SHAPE, classifier  # noqa: E402

__all__ = ["REQUESTS", "Crossed", "falling", "measured", "served"]

WAYS = (("mlserver", "mlserver"), ("mlserver", "triton"), ("triton", "triton"))
"""Servers on the device and in the cloud. The first way is proven with all cuts: it needs one process for any number of models."""


def measured() -> tuple[list[Halves], int]:
    """Of each cut its halves; and at how many tensors it cannot be cut."""
    splitter = Splitter(classifier(), {INPUT: SHAPE})
    cuts, refused = splitter.graph.cuts()
    with tempfile.TemporaryDirectory() as folder:
        return [splitter.split(each.tensor, Path(folder)) for each in cuts], len(refused)


def falling(found: Sequence[Halves]) -> list[Halves]:
    """Those at which less crosses than at each one before."""
    listed: list[Halves] = []
    for each in found:
        if not listed or each.crossing.bytes < listed[-1].crossing.bytes:
            listed.append(each)
    return listed


def served(found: Sequence[Halves]) -> list[list[Crossed]]:
    """For each way, what crossed: at all cuts, and for the others at those of `falling`."""
    with tempfile.TemporaryDirectory(prefix="modelinfra-halves-") as folder:
        return [_served(Path(folder, f"way-{at}"), way, falling(found) if at else found) for at, way in enumerate(WAYS)]


def _served(folder: Path, way: tuple[str, str], cuts: Sequence[Halves]) -> list[Crossed]:
    folder.mkdir()
    made = []
    wanted = served_halves.of_classifier([each.crossing.cut.tensor for each in cuts])
    for each in served_halves.measured(folder, *way, wanted):
        print(f"{each.halves.crossing.cut.tensor}, {way[0]} to {way[1]}: done", file=sys.stderr, flush=True)
        made.append(each)
    return made

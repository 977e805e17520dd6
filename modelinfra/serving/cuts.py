"""Where a model can be cut in two: the tensors through which everything passes on its way from the inputs to the outputs.

Only what an ONNX graph says is read here; nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

_SHOWN: Final = 3


class CutError(ValueError):
    """A model cannot be cut there; the message says why, and what can be done instead."""


@dataclass(frozen=True)
class Cut:
    """tensor: what goes from the device to the cloud. before, after: nodes on either side that work on the input."""

    tensor: str
    before: int
    after: int


class Graph:
    """What depends on what. Nodes that compute from constants alone belong to either side and are left out of account."""

    def __init__(self, graph: Any) -> None:
        self.constants = {each.name for each in graph.initializer}
        self.inputs = [each.name for each in graph.input if each.name not in self.constants]
        self.outputs = [each.name for each in graph.output]
        self._nodes = list(graph.node)
        self._maker = {name: index for index, node in enumerate(self._nodes) for name in node.output if name}
        self._reads = [tuple(dict.fromkeys(_reads(node))) for node in self._nodes]
        # As bits of a number, one for each node: a graph has hundreds of them. Nodes are in topological order.
        self._above: list[int] = []
        self._varies: list[bool] = []
        for index, reads in enumerate(self._reads):
            above, varies = 1 << index, False
            for name in reads:
                maker = self._maker.get(name)
                if maker is not None:
                    above |= self._above[maker]
                    varies = varies or self._varies[maker]
                varies = varies or name in self.inputs
            self._above.append(above)
            self._varies.append(varies)
        self._needed = 0
        for name in self.outputs:
            if name in self._maker:
                self._needed |= self._above[self._maker[name]]

    def tensors(self) -> Iterator[str]:
        """What is computed from the input on the way to an output, in the order of the graph."""
        for index, node in enumerate(self._nodes):
            if self._varies[index] and self._needed >> index & 1:
                yield from (name for name in node.output if name and name not in self.outputs)

    def cut(self, tensor: str) -> Cut:
        """Raises CutError."""
        if tensor in self.inputs:
            raise CutError(f"{tensor} is an input: nothing would be left for the device. Cut further behind")
        if tensor in self.outputs:
            raise CutError(f"{tensor} is an output: nothing would be left for the cloud. Cut further ahead")
        if tensor in self.constants or (tensor in self._maker and not self._varies[self._maker[tensor]]):
            raise CutError(f"{tensor} does not depend on the input. Cut at a tensor that does")
        maker = self._maker.get(tensor)
        if maker is None:
            raise CutError(
                f"there is no tensor {tensor}. `modelinfra split MODEL` lists those at which the model can be cut"
            )
        crossing = self._crossing(maker)
        if not self._needed >> maker & 1 or not crossing:
            raise CutError(f"no output depends on {tensor}. Cut at a tensor on which the outputs depend")
        others = [name for name in crossing if name != tensor]
        if others:
            more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            raise CutError(
                f"{', '.join(others[:_SHOWN])}{more} would have to cross beside {tensor}: what comes behind needs them, too. "
                "Cut where the branches have come together"
            )
        before = sum(self._varies[at] for at in range(len(self._nodes)) if self._above[maker] >> at & 1)
        whole = sum(self._varies[at] for at in range(len(self._nodes)) if self._needed >> at & 1)
        return Cut(tensor, before, whole - before)

    def cuts(self) -> tuple[list[Cut], dict[str, str]]:
        """Those that are possible, in the order of the graph; and why the others are not."""
        possible, refused = [], {}
        for tensor in self.tensors():
            try:
                possible.append(self.cut(tensor))
            except CutError as error:
                refused[tensor] = str(error)
        return possible, refused

    def _crossing(self, maker: int) -> list[str]:
        """What nodes behind a node, or outputs, need of what is before it."""
        before = self._above[maker]
        found: dict[str, None] = {}
        for index in range(len(self._nodes)):
            if self._needed >> index & 1 and not before >> index & 1:
                found.update(dict.fromkeys(name for name in self._reads[index] if self._is_before(name, before)))
        found.update(dict.fromkeys(name for name in self.outputs if self._is_before(name, before)))
        return list(found)

    def _is_before(self, name: str, before: int) -> bool:
        if name in self.inputs:
            return True
        maker = self._maker.get(name)
        return maker is not None and bool(before >> maker & 1) and self._varies[maker]


def _reads(node: Any) -> Iterator[str]:
    """Inputs, and what the branches of an If or the body of a Loop take from around them."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            yield from _free(graph)


def _free(graph: Any) -> Sequence[str]:
    own = {each.name for each in [*graph.input, *graph.initializer]} | {
        name for node in graph.node for name in node.output
    }
    return [name for node in graph.node for name in _reads(node) if name not in own]

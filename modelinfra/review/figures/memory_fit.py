"""Whether language models fit in the memory of the accelerators that they run on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.attention import UnknownAttentionError
from modelinfra.catalog.gpu_memory import GIB, Fit, Load, blocks, divides, fit
from modelinfra.catalog.instance_types import instance_types
from modelinfra.graph.cost_view import CostView
from modelinfra.graph.model import Graph
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.language_model import LanguageModel
from modelinfra.review.machines import Machine, machine_of
from modelinfra.review.served import NotKnownError, containers_of, veiled
from modelinfra.review.table import Table
from modelinfra.review.usage import Usage
from modelinfra.review.vllm_flags import Flags, flags_of, server_among

_NOT_KNOWN: Final = "not known"
_NOTES: Final = (
    (
        "Estimated: exact arithmetic over overheads of vLLM 0.11 and 0.19, measured by others on H100. `fits` holds with the largest of them and "
        "a tenth of the cache to spare, `does not fit` with the least, and with none of a version of vLLM that was not measured or is not known. "
        "`Sequences at once` is what the cache has room for; vLLM's own limits may allow fewer."
    ),
    (
        "The model is the one that `languageModel` in modelinfra:usage states now. Accelerators that resources say, and flags of vLLM in a container's "
        "command, win over it; without --max-model-len vLLM keeps room for the longest sequence that the model was made for."
    ),
)


@dataclass(frozen=True)
class Answer:
    """What is known of one component. usual: tokens of a stated sequence. fit: None where it is not known, and reason says why."""

    device: Accelerator | None = None
    load: Load | None = None
    usual: int = 0
    fit: Fit | None = None
    reason: str = ""

    def __str__(self) -> str:
        return self.fit.verdict if self.fit is not None else f"{_NOT_KNOWN}: {self.reason}"

    @property
    def on(self) -> str:
        """Such as `2 x A10G`."""
        return f"{self.load.tensor_parallel} x {self.device.name}" if self.load and self.device else _NOT_KNOWN

    @property
    def sequences(self) -> int:
        """How many of the stated sequence there is room for at once."""
        return self.fit.largest_context // blocks(self.usual) if self.fit else 0


def tables(changes: Changes, usage: Usage | None) -> Iterator[Table]:
    """Components whose language model is stated."""
    compared = bool(len(changes.before))
    rows = []
    for component, model, old, new in _answers(changes, usage):
        context = f"{new.load.context:,}" if new.load else _NOT_KNOWN
        largest, many = (_longest(new.fit, model), f"{new.sequences:,} of {new.usual:,}") if new.fit else (_NOT_KNOWN, _NOT_KNOWN)  # fmt: skip
        was = "not there" if old is None else str(old)
        rows.append((component, new.on, context, *([was] if compared else []), str(new), largest, many))
    head = ("Component", "On", "Longest sequence", *(("Before", "After") if compared else ("Now",)), "Largest context that fits", "Sequences at once")  # fmt: skip
    if rows:
        yield Table("What fits in accelerator memory", head, tuple(rows), _NOTES)


def findings(changes: Changes, usage: Usage | None) -> Iterator[Finding]:
    """A model that does not fit where it did, or was not known to."""
    for component, _, old, new in _answers(changes, usage):
        if (
            new.fit is None
            or new.fit.verdict != "does not fit"
            or (old and old.fit and old.fit.verdict == "does not fit")
        ):
            continue
        assert new.load is not None, "a fit is that of a load"
        yield Finding(
            "capacity", "high", _urn(changes.after, component), f"the model of {component} does not fit on {new.on}",
            f"With {new.load.weight_bytes / GIB:.1f} GiB of weights not one sequence of {new.load.context:,} tokens is left room for: vLLM "
            "stops while it starts.",
            _remedy(new.load, new.fit),
        )  # fmt: skip


def answer(graph: Graph, component: str, model: LanguageModel) -> Answer:
    """Whether the model fits where the graph, or the stack file, says that it runs."""
    if not _urn(graph, component):
        return Answer(reason="there is no component of that name")
    try:
        return _answer(CostView(veiled(graph), None), component, model)
    except (UnknownAttentionError, NotKnownError) as error:
        return Answer(reason=str(error))


def _answers(changes: Changes, usage: Usage | None) -> Iterator[tuple[str, LanguageModel, Answer | None, Answer]]:
    for component, use in sorted(usage.components.items()) if usage is not None else ():
        model = use.language_model
        if model is not None:
            old = answer(changes.before, component, model) if _urn(changes.before, component) else None
            yield component, model, old, answer(changes.after, component, model)


def _answer(view: CostView, component: str, model: LanguageModel) -> Answer:
    containers = containers_of(view, component)
    server = server_among(containers)
    flags = Flags() if server is None else flags_of(server)
    machine = machine_of(view, component, containers, server)
    device = machine.device or (accelerator(model.accelerator) if model.accelerator else None)
    if device is None:
        raise NotKnownError("neither the resources nor `languageModel` name the accelerator")
    if device.vendor != "NVIDIA":
        raise NotKnownError(f"what vLLM needs on {device.name} was not measured")
    load = model.load(flags, _spread(flags, machine, model, server=server is not None), server=server is not None)
    if machine.share_mib is not None and load.utilization * device.memory_mib > machine.share_mib:
        share = machine.share_mib / device.memory_mib
        raise NotKnownError(
            f"vLLM takes {load.utilization:.0%} of the GPU, of which its share is {share:.0%}: write --gpu-memory-utilization "
            f"{math.floor(share * 100) / 100:.2f}"
        )
    dealt = divides(load.attention, load.tensor_parallel)
    if dealt is None:
        raise NotKnownError("config has no intermediate_size or no vocab_size, which several accelerators share")
    if not dealt:
        raise NotKnownError(
            f"heads and widths of its layers are not dealt out evenly to {load.tensor_parallel} accelerators"
        )
    return Answer(device, load, min(model.context or load.context, load.context), fit(load, device))


def _spread(flags: Flags, machine: Machine, model: LanguageModel, *, server: bool) -> int:
    """Over how many accelerators a replica is spread: vLLM takes one unless it is told otherwise."""
    count = flags.tensor_parallel or (1 if server else model.tensor_parallel)
    if count is None:
        if machine.managed and machine.count != 1:
            raise NotKnownError("over how many of its accelerators the container spreads it: state tensorParallel")
        count = 1
    if machine.count is not None and count > machine.count:
        raise NotKnownError(f"it is spread over {count} accelerators, and has {machine.count}")
    return count


def _urn(graph: Graph, component: str) -> str:
    """Of the component, else of its first resource; empty where it is not there."""
    view = CostView(graph, None)
    found = [node.urn for node in graph if node.name == component and not node.custom]
    return next(iter(found), "") or next(
        (node.urn for node in graph if node.custom and view.component(node) == component), ""
    )


def _longest(fit: Fit, model: LanguageModel) -> str:
    """The cache may hold more than the model was made for."""
    most = model.config.get("max_position_embeddings")
    return f"{min(fit.largest_context, most) if isinstance(most, int) and most > 0 else fit.largest_context:,}"


def _remedy(load: Load, here: Fit) -> str:
    """The smallest machine on which it surely fits, and the longest sequence that surely fits here."""
    shorter = f" Or write --max-model-len {here.largest_context}, which fits here." if here.largest_context else ""
    kinds = [each for each in instance_types().values() if each.accelerator is not None]
    for each in sorted(kinds, key=lambda kind: (kind.accelerators * _mib(kind.accelerator), kind.vcpus, kind.name)):
        device, count = each.accelerator, each.accelerators
        # Images of vLLM for Arm are others.
        if (
            device is None
            or device.vendor != "NVIDIA"
            or each.architecture != "x86_64"
            or not divides(load.attention, count)
        ):
            continue
        if fit(replace(load, tensor_parallel=count), device).verdict == "fits":
            return (
                f"Of one machine the smallest that surely holds it is {each.name} ({count} x {device.name}).{shorter}"
            )
    return f"No machine of the catalogue surely holds it: quantise the weights, or shorten the context.{shorter}"


def _mib(device: Accelerator | None) -> int:
    return device.memory_mib if device is not None else 0

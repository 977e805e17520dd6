"""Whether language models fit in the memory of the accelerators that they run on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.attention import UnknownAttentionError
from modelinfra.catalog.gpu_memory import Fit, Load, divides, fit
from modelinfra.catalog.instance_types import InstanceType, instance_type, instance_types
from modelinfra.graph.cost_view import CostView
from modelinfra.graph.model import Graph
from modelinfra.graph.values import mapping, plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.language_model import LanguageModel
from modelinfra.review.table import Table
from modelinfra.review.usage import Usage
from modelinfra.review.vllm_flags import Flags, commands, flags_of

_SAGEMAKER: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
_NOT_KNOWN: Final = "not known"
_NOTES: Final = (
    (
        "Estimated: exact arithmetic over overheads of vLLM 0.11 and 0.19, measured by others on H100. `fits` holds with the largest of them and "
        "a tenth to spare, `does not fit` with the least; other versions of vLLM, adapters and speculative decoding were not measured."
    ),
    "The model is the one that `languageModel` in modelinfra:usage states now; flags of vLLM in a container's command win over it.",
)


@dataclass(frozen=True)
class Answer:
    """What is known of one component. fit: None where it is not known, and reason says why."""

    device: Accelerator | None
    load: Load | None
    fit: Fit | None
    reason: str = ""

    def __str__(self) -> str:
        return self.fit.verdict if self.fit is not None else f"{_NOT_KNOWN}: {self.reason}"


def tables(changes: Changes, usage: Usage | None) -> Iterator[Table]:
    """Components whose language model is stated."""
    compared = bool(len(changes.before))
    rows = []
    for component, model in _stated(usage):
        old, new = answer(changes.before, component, model), answer(changes.after, component, model)
        on = f"{new.load.tensor_parallel} x {new.device.name}" if new.load and new.device else _NOT_KNOWN
        left = (f"{new.fit.largest_context:,}", f"{new.fit.sequences:,}") if new.fit else (_NOT_KNOWN, _NOT_KNOWN)
        context = f"{new.load.context:,}" if new.load else _NOT_KNOWN
        rows.append((component, on, context, *([str(old)] if compared else []), str(new), *left))
    head = ("Component", "On", "Context", *(("Before", "After") if compared else ("Now",)), "Largest context", "Sequences at once")  # fmt: skip
    if rows:
        yield Table("What fits in accelerator memory", head, tuple(rows), _NOTES)


def findings(changes: Changes, usage: Usage | None) -> Iterator[Finding]:
    """A model that does not fit where it did, or was not known to."""
    for component, model in _stated(usage):
        old, new = answer(changes.before, component, model), answer(changes.after, component, model)
        if new.fit is None or new.fit.verdict != "does not fit" or (old.fit and old.fit.verdict == "does not fit"):
            continue
        assert new.load is not None
        assert new.device is not None
        urn = next((node.urn for node in changes.after if node.name == component), "")
        on = f"{new.load.tensor_parallel} x {new.device.name}"
        yield Finding(
            "capacity", "high", urn,
            f"the model of {component} does not fit on {on}",
            f"With {new.load.weight_bytes / 2**30:.1f} GiB of weights not one sequence of {new.load.context:,} tokens is left room for: vLLM "
            "stops while it starts.",
            _remedy(new.load),
        )  # fmt: skip


def answer(graph: Graph, component: str, model: LanguageModel) -> Answer:
    """Whether the model fits where the graph, or the stack file, says that it runs."""
    view = CostView(graph, None)
    flags = next((flags_of(words) for node, words in commands(graph) if view.component(node) == component), Flags())
    machine = _machine(view, component)
    device = accelerator(model.accelerator) if model.accelerator else machine.accelerator if machine else None
    count = flags.tensor_parallel or model.accelerators or (machine.accelerators if machine else None)
    try:
        load = model.load(
            context=flags.context, tensor_parallel=count, kv_bits=flags.kv_bits, utilization=flags.utilization
        )
    except UnknownAttentionError as error:
        return Answer(device, None, None, str(error))
    if device is None:
        return Answer(None, load, None, "neither the resources nor `languageModel` name the accelerator")
    if device.vendor != "NVIDIA":
        return Answer(device, load, None, f"what vLLM needs on {device.name} was not measured")
    if not divides(load.attention, load.tensor_parallel):
        reason = f"{load.attention.heads} heads are not dealt out evenly to {load.tensor_parallel} accelerators"
        return Answer(device, load, None, reason)
    return Answer(device, load, fit(load, device.memory_mib * 2**20))


def _stated(usage: Usage | None) -> Iterator[tuple[str, LanguageModel]]:
    for component, use in sorted(usage.components.items()) if usage is not None else ():
        if use.language_model is not None:
            yield component, use.language_model


def _machine(view: CostView, component: str) -> InstanceType | None:
    """The one instance type of a component's SageMaker variants; None where there are several, or none is known."""
    names = {
        mapping(variant).get("instanceType")
        for node in view.graph.all(_SAGEMAKER)
        if view.component(node) == component
        for variant in plain(node.inputs.get("productionVariants")) or ()
    }
    name = next(iter(names), None)
    return instance_type(name.removeprefix("ml.")) if len(names) == 1 and isinstance(name, str) else None


def _remedy(load: Load) -> str:
    """The smallest instance type on which it surely fits, and the weights' share of it."""
    for each in sorted(instance_types().values(), key=lambda kind: (kind.accelerators, kind.vcpus, kind.memory_mib)):
        device = each.accelerator
        if device is None or device.vendor != "NVIDIA" or not divides(load.attention, each.accelerators):
            continue
        spread = Load(
            load.attention,
            load.family,
            load.weight_bytes,
            load.context,
            each.accelerators,
            load.kv_bytes,
            load.utilization,
        )
        if fit(spread, device.memory_mib * 2**20).verdict == "fits":
            return f"Of one machine the smallest that surely holds it is {each.name} ({each.accelerators} x {device.name}); or shorten the context."
    return "No machine of the catalogue holds it: quantise the weights, or shorten the context."

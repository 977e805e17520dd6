"""Which servers and models Fargate cannot run; on nodes with accelerators there is nothing that Fargate lacks."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.catalog.fargate import NO_SHARED_MEMORY, refusals
from modelinfra.options.problems import Problem
from modelinfra.platforms.served_model import ServedModel

_OTHER = (
    "Write `accelerator`, with a pool under `gpu_node_pools` that has it, or choose a server that runs on Fargate (`modelinfra servers` "
    "says which)."
)


def unfit(served: ServedModel) -> Iterator[Problem]:
    """Why not, with paths relative to the endpoint."""
    for reason in refusals(served.server):
        yield Problem("server", reason, _OTHER, served.server.name)
    for model in served.models:
        if model.shared_memory_because:
            reason = f"{model.shared_memory_because}, and {NO_SHARED_MEMORY}"
            remedy = "Use another backend, such as onnxruntime, or write `accelerator`."
            yield Problem(model.where, reason, remedy, model.name)

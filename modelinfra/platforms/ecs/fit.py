"""Which servers and models an ECS cluster cannot run: Fargate is all that there is until GPU capacity is built."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.catalog.fargate import NO_SHARED_MEMORY, refusals
from modelinfra.options.problems import Problem
from modelinfra.platforms.served_model import ServedModel

_OTHER = "Choose a server that runs on Fargate (`modelinfra servers` says which): ECS on instances of one's own is not built yet."


def unfit(served: ServedModel) -> Iterator[Problem]:
    """Why not, with paths relative to the endpoint."""
    for reason in refusals(served.server):
        yield Problem("server", reason, _OTHER, served.server.name)
    if served.shared_memory_because:
        reason = f"{served.shared_memory_because}, and {NO_SHARED_MEMORY}"
        yield Problem("model", reason, "Use another backend, such as onnxruntime.", served.model)

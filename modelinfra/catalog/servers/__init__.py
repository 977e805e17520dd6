"""Model servers as data: what their containers listen on, how they say that they are ready, and what they need.

One row per server and version. A row is the only place where a fact about a server is written down; everything else
(Dockerfile, ports, probes, start-up budgets, the local stand-in) is derived from it. No Pulumi import, no I/O.

Sources stand as comments beside the fields; "serving.md" is the project's collection of facts, with the file and commit that each
comes from. "An assumption" marks what no source publishes: it is taken on the safe side, and a user can say otherwise.
CONTRIBUTING.md says how to add a row.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from types import MappingProxyType

from modelinfra.catalog.servers.bentoml import BENTOML
from modelinfra.catalog.servers.kserve import KSERVE
from modelinfra.catalog.servers.language_models import NIM, SGLANG, TGI, VLLM
from modelinfra.catalog.servers.litserve import LITSERVE
from modelinfra.catalog.servers.llama_cpp import LLAMA_CPP
from modelinfra.catalog.servers.mlserver import MLSERVER
from modelinfra.catalog.servers.ray_serve import RAY_SERVE
from modelinfra.catalog.servers.row import LocalSubstitute, ModelServer
from modelinfra.catalog.servers.tensorflow_serving import TENSORFLOW_SERVING
from modelinfra.catalog.servers.torchserve import TORCHSERVE
from modelinfra.catalog.servers.triton import TRITON

__all__ = [
    "GIB",
    "MIB",
    "MLSERVER",
    "SERVERS",
    "LocalSubstitute",
    "ModelServer",
    "UnknownServerError",
    "assumed_bytes",
    "memory_need_mib",
    "parallel_requests",
    "server",
    "server_for_image",
    "startup_budget_seconds",
]

GIB = 1024**3
MIB = 1024**2

SERVERS: Mapping[str, ModelServer] = MappingProxyType(
    {
        row.name: row
        for row in (
            MLSERVER,
            TENSORFLOW_SERVING,
            TORCHSERVE,
            TRITON,
            *KSERVE,
            LLAMA_CPP,
            BENTOML,
            LITSERVE,
            RAY_SERVE,
            VLLM,
            TGI,
            SGLANG,
            NIM,
        )
    }
)


class UnknownServerError(KeyError):
    """The catalogue has no such server. `name` is what was asked for, `suggestion` the nearest name or None."""

    def __init__(self, name: str) -> None:
        near = difflib.get_close_matches(name.lower(), list(SERVERS), n=1)
        self.name = name
        self.suggestion = near[0] if near else None
        super().__init__(name)

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"no model server is called {self.name!r} (known: {', '.join(SERVERS)}){hint}"


def server(name: str) -> ModelServer:
    """The row of that name. Raises UnknownServerError (a KeyError) that lists the known names and the nearest one."""
    try:
        return SERVERS[name]
    except KeyError:
        raise UnknownServerError(name) from None


def server_for_image(image: str) -> ModelServer | None:
    """The row whose image this is, also from a mirror that keeps the repository's path, and with a digest after the
    tag.

    `seldonio/mlserver:1.7.1`, `docker.io/seldonio/mlserver:1.7.1` and `123.example/mirror/seldonio/mlserver:1.7.1`
    are the same software; another tag is not.
    """
    reference = image.split("@", 1)[0]
    for row in SERVERS.values():
        if row.image is None:
            continue
        path = row.image.removeprefix("docker.io/")
        if reference == path or reference.endswith("/" + path):
            return row
    return None


def startup_budget_seconds(server: ModelServer, model_bytes: int | None) -> int:
    """Seconds from process start within which the server must be ready; the row's ceiling stands for an unknown size.

    model_bytes: size of the model's files in bytes; None when unknown. Raises ValueError when negative.
    """
    gib = assumed_bytes(server, model_bytes) / GIB
    return math.ceil(server.startup_base_seconds + server.startup_seconds_per_gib * gib)


def memory_need_mib(server: ModelServer, model_bytes: int | None) -> int:
    """Memory in MiB that the server needs with a model of that size; the row's ceiling stands for an unknown size."""
    mib = assumed_bytes(server, model_bytes) / MIB
    return math.ceil(server.memory_base_mib + server.memory_headroom_factor * mib)


def parallel_requests(server: ModelServer, vcpus: float, accelerators: int) -> int:
    """How many predictions a replica of that size works on at once; one at least."""
    if server.parallel == "one":
        return 1
    return max(1, accelerators or (int(vcpus) if server.parallel == "one-per-processor" else 1))


def assumed_bytes(server: ModelServer, model_bytes: int | None) -> int:
    """The size of the model's files, the row's ceiling for an unknown one. Raises ValueError when negative."""
    if model_bytes is None:
        return server.assumed_model_gib * GIB
    if model_bytes < 0:
        raise ValueError(f"a model cannot have {model_bytes} bytes")
    return model_bytes

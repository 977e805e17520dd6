"""Model servers as data: what their containers listen on, how they say that they are ready, and what they need.

One row per server and version. A row is the only place where a fact about a server is written down; everything else
(Dockerfile, ports, probes, start-up budgets, the local stand-in) is derived from it. No Pulumi import, no I/O.

Sources, as comments beside the fields: "Dockerfile" is MLServer's Dockerfile at the release commit of 1.7.1
(1d1f3ee4), "settings.py" is mlserver/settings.py of the package 1.7.1, "measured" says on what.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True, eq=False)
class LocalSubstitute:
    """How a server runs on a developer's machine without a container.

    package, version: what stands for the image (the distribution's name on the Python package index).
    lock: file in `modelinfra/catalog/local/` with every version and hash that is installed.
    python_versions: Python versions (major, minor) that the package runs on and the lock was resolved for, best first.
    executables: executable in the container -> executable in the installed environment.
    port_variables: port role -> environment variable that sets the port.
    address_variable: environment variable that sets the address to listen on; None when there is none.
    """

    package: str
    version: str
    lock: str
    python_versions: tuple[tuple[int, int], ...]
    executables: Mapping[str, str]
    port_variables: Mapping[str, str]
    address_variable: str | None


@dataclass(frozen=True, eq=False)
class ModelServer:
    """One model server at one version.

    name: the word that a user writes (`server: mlserver`).
    title, version: for people and tags.
    image: base image with a version tag (tags only: a digest that nobody here has seen would be an invention).
    user_uid: numeric user that the image runs as.
    ports: port role (`http`, `grpc`, `metrics`) -> TCP port in the container.
    liveness_path, readiness_path: HTTP paths on the http port; 200 when alive, and when every model is loaded.
    model_readiness_path_template: HTTP path that answers 200 only when the model of that name is there and loaded.
    metrics_path: HTTP path of the Prometheus metrics on the metrics port.
    model_directory: folder in the container that holds the model.
    command: start command, exec form, without a shell.
    environment: variables that the container needs.
    predict_path_template: path of a prediction; `{model}` is the model's name.
    request_content_type: media type of a prediction's body.
    startup_base_seconds: longest time from process start to ready with a tiny model.
    startup_seconds_per_gib: what each GiB of model adds to it.
    assumed_model_gib: size taken for a model of unknown size (a ceiling: budgets computed from it are enough up to it).
    memory_base_mib: resident memory of the server without a model.
    memory_headroom_factor: memory needed per byte of model file.
    longest_request_seconds: longest request that the endpoint is built for, unless the user says otherwise.
    local: the stand-in without a container.
    """

    name: str
    title: str
    version: str
    image: str
    user_uid: int
    ports: Mapping[str, int]
    liveness_path: str
    readiness_path: str
    model_readiness_path_template: str
    metrics_path: str
    model_directory: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    predict_path_template: str
    request_content_type: str
    startup_base_seconds: int
    startup_seconds_per_gib: int
    assumed_model_gib: int
    memory_base_mib: int
    memory_headroom_factor: float
    longest_request_seconds: int
    local: LocalSubstitute

    def predict_path(self, model: str) -> str:
        """Path of a prediction by the model of that name, with a leading slash."""
        return self.predict_path_template.format(model=model)

    def model_readiness_path(self, model: str) -> str:
        """Path that answers 200 only when the model of that name is loaded, with a leading slash."""
        return self.model_readiness_path_template.format(model=model)


MLSERVER = ModelServer(
    name="mlserver",
    title="MLServer",
    version="1.7.1",
    image="docker.io/seldonio/mlserver:1.7.1",  # serving.md 1a and 1d (KServe 0.20 pins the same tag)
    user_uid=1000,  # Dockerfile: useradd -u 1000, USER 1000
    ports=MappingProxyType({"http": 8080, "grpc": 8081, "metrics": 8082}),  # settings.py; serving.md 1a
    liveness_path="/v2/health/live",  # serving.md 1a
    readiness_path="/v2/health/ready",  # serving.md 1a; handlers/dataplane.py: all models of the registry are ready
    # Stricter than readiness_path, which also answers 200 when the server found no model at all, and for a moment after
    # a model failed to load (both seen with 1.7.1). While the model loads, both answer 400.
    model_readiness_path_template="/v2/models/{model}/ready",  # offline.md 7
    metrics_path="/metrics",  # settings.py: metrics_endpoint
    model_directory="/mnt/models",  # Dockerfile: MLSERVER_MODELS_DIR; serving.md 1b
    # The image's own CMD first activates an optional conda archive in the model folder through a shell; without such an
    # archive this is what is left of it, and signals reach the server directly.
    command=("mlserver", "start", "/mnt/models"),
    environment=MappingProxyType(
        {
            # The defaults of settings.py, said aloud: ports and address are a contract with the load balancer.
            "MLSERVER_HOST": "0.0.0.0",
            "MLSERVER_HTTP_PORT": "8080",
            "MLSERVER_GRPC_PORT": "8081",
            "MLSERVER_METRICS_PORT": "8082",
            # The default is true, and then an error's answer carries a Python traceback to the client (seen with
            # 1.7.1).
            "MLSERVER_DEBUG": "false",
        }
    ),
    predict_path_template="/v2/models/{model}/infer",  # serving.md 1b
    request_content_type="application/json",
    # Measured with a tiny scikit-learn model in a container held to a quarter of an x86 core, the smallest Fargate task:
    # 38 to 41 s (one core: 10 s; two cores without a container: 2 to 8 s, offline.md 7). Three times that, for a slower
    # processor and a cold disk. Not measured on Fargate itself.
    startup_base_seconds=120,
    # An assumption: a compressed pickle read at 32 MiB/s. A 0.2 GiB forest, uncompressed and from a warm disk, added
    # nothing measurable at a quarter of a core.
    startup_seconds_per_gib=32,
    # An assumption: above any scikit-learn, XGBoost or LightGBM model that is baked into an image in practice; a larger
    # one must say its size.
    assumed_model_gib=4,
    # Measured: 288 MiB for the whole container (main process and one inference process) with a tiny model, rounded up.
    memory_base_mib=512,
    # Measured: a forest of 207 MiB raised the container's peak by 409 MiB, page cache included.
    memory_headroom_factor=2.0,
    # MLServer itself has no limit. This is the load balancer's default idle time-out, which cuts longer requests.
    longest_request_seconds=60,
    local=LocalSubstitute(
        package="mlserver",
        version="1.7.1",
        lock="mlserver.lock",
        python_versions=((3, 11), (3, 12)),  # the package's metadata: >=3.9,<3.13
        executables=MappingProxyType({"mlserver": "mlserver", "python": "python"}),
        port_variables=MappingProxyType(
            {"http": "MLSERVER_HTTP_PORT", "grpc": "MLSERVER_GRPC_PORT", "metrics": "MLSERVER_METRICS_PORT"}
        ),
        address_variable="MLSERVER_HOST",
    ),
)

SERVERS: Mapping[str, ModelServer] = MappingProxyType({row.name: row for row in (MLSERVER,)})


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
        path = row.image.removeprefix("docker.io/")
        if reference == path or reference.endswith("/" + path):
            return row
    return None


def startup_budget_seconds(server: ModelServer, model_bytes: int | None) -> int:
    """Seconds from process start within which the server must be ready; the row's ceiling stands for an unknown size.

    model_bytes: size of the model's files in bytes; None when unknown. Raises ValueError when negative.
    """
    gib = _model_bytes(server, model_bytes) / GIB
    return math.ceil(server.startup_base_seconds + server.startup_seconds_per_gib * gib)


def memory_need_mib(server: ModelServer, model_bytes: int | None) -> int:
    """Memory in MiB that the server needs with a model of that size; the row's ceiling stands for an unknown size."""
    mib = _model_bytes(server, model_bytes) / MIB
    return math.ceil(server.memory_base_mib + server.memory_headroom_factor * mib)


def _model_bytes(server: ModelServer, model_bytes: int | None) -> int:
    if model_bytes is None:
        return server.assumed_model_gib * GIB
    if model_bytes < 0:
        raise ValueError(f"a model cannot have {model_bytes} bytes")
    return model_bytes

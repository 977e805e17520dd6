"""What a row of the catalogue holds. No Pulumi import, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from modelinfra.catalog.layouts.found import FoundModel, Layout
from modelinfra.catalog.servers.answered import Answered
from modelinfra.catalog.servers.several import SeveralModels

Parallel = Literal["one", "one-per-accelerator", "one-per-processor"]
"""How many predictions a replica works on at once; a processor is an accelerator where there are some, else a vCPU."""


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_limits() -> Mapping[str, int]:
    return MappingProxyType({})


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


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelServer:
    """One model server at one version. `{model}` stands for the model's name, `{file}` for the file that its layout found.

    name: the word that a user writes (`server: mlserver`).
    title, version: for people and tags.
    image: base image with a version tag (tags only: a digest that nobody here has seen would be an invention); None where every
        model has an image of its own, which `image_from` says how to get.
    clear_entrypoint: the command is everything that starts; else the image's own entry point stands before it.
    user_uid: numeric user that the image runs as.
    ports: port role (`http`, `grpc`, `metrics`) -> TCP port in the container. Only these are mapped, and only `http` is opened.
    management_ports: what the server listens on besides, for its operator; never mapped.
    liveness_path, readiness_path: HTTP paths on the http port; 200 when alive, and when every model is loaded.
    model_readiness_path_template: HTTP path that answers 200 only when the model is loaded, as far as the server can tell.
    metrics_path: HTTP path of the Prometheus metrics, on the metrics port or else the http port; None when there are none.
    metrics_note: how metrics are switched on, where they are not.
    key_metrics: names of the few metrics that say whether it keeps up, what waits first; none where no source names them.
    in_flight_metrics: those gauges of them whose sum is what waits and what is worked on; none where no source names them.
    answered: what it counts of the requests that it answers; None where no source says.
    traces: whether it can send traces over OTLP.
    tracing_environment: variables that make it do so, beside OpenTelemetry's own; `{grpc}` and `{http}` stand for a collector's addresses.
    tracing_arguments: words that its command goes on with to do so.
    layout: how the model's directory must look; None where the model is in the image.
    model_directory: folder in the container that holds the model.
    command: start command, exec form, without a shell.
    environment: variables that the container needs.
    contract_variables: those of them that the load balancer or the model's place rely on: a user cannot change them.
    files: path in the container -> text of what the image has beside server and models.
    several: how it serves several models; None where it serves one.
    predict_path_template: path of a prediction.
    v1_predict_path_template: path of a prediction by KServe's protocol V1 (`instances`, `predictions`); empty where it does not speak that.
    request_content_type: media type of a prediction's body.
    binary_tensors: it takes and gives tensors as raw bytes behind the JSON (binary tensor data extension of protocol v2).
    grpc_methods: paths of the gRPC methods that clients need, five at most; those for its operator (loading models, settings) are not among them.
    grpc_side_methods: paths of those that are for its operator.
    side_routes: beginnings of paths on the http port that change or tell something beside predictions, and that nobody outside should
        reach; never `/`. Nothing blocks them yet.
    needs_gpu: it does not start without one.
    shared_memory_mib: /dev/shm in MiB that its documentation gives it (0: the container's default is enough).
    needs_shared_memory: it fails without that; else it only gets slower, or only some models need it.
    ulimits: limit -> value that its documentation sets (-1: none).
    startup_base_seconds: longest time from process start to ready with a tiny model.
    startup_seconds_per_gib: what each GiB of model adds to it.
    assumed_model_gib: size taken for a model of unknown size (a ceiling: budgets computed from it are enough up to it).
    memory_base_mib: resident memory of the server without a model.
    memory_headroom_factor: memory needed per byte of model file.
    unpacked_image_gib: disk that the image takes, without the model; no source publishes it, so it is taken high.
    longest_request_seconds: longest request that the endpoint is built for, unless the user says otherwise.
    parallel: how many predictions it works on at once, with this command; others wait in it.
    streams: answers are streamed as a rule, so that whoever stands before it sees early that an answer began, and not when it ended.
    traps: what goes wrong with it, for people.
    local: the stand-in without a container; None when no package serves the same contract.
    """

    name: str
    title: str
    version: str
    image: str | None
    image_from: str = ""
    clear_entrypoint: bool = False
    user_uid: int
    ports: Mapping[str, int]
    management_ports: tuple[int, ...] = ()
    liveness_path: str
    readiness_path: str
    model_readiness_path_template: str
    metrics_path: str | None
    metrics_note: str = ""
    key_metrics: tuple[str, ...] = ()
    in_flight_metrics: tuple[str, ...] = ()
    answered: Answered | None = None
    traces: bool = False
    tracing_environment: Mapping[str, str] = field(default_factory=_none)
    tracing_arguments: tuple[str, ...] = ()
    layout: Layout | None
    model_directory: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=_none)
    contract_variables: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=_none)
    several: SeveralModels | None = None
    predict_path_template: str
    v1_predict_path_template: str = ""
    grpc_methods: tuple[str, ...] = ()
    grpc_side_methods: tuple[str, ...] = ()
    request_content_type: str = "application/json"
    binary_tensors: bool = False
    side_routes: tuple[str, ...] = ()
    needs_gpu: bool = False
    shared_memory_mib: int = 0
    needs_shared_memory: bool = False
    ulimits: Mapping[str, int] = field(default_factory=_no_limits)
    startup_base_seconds: int
    startup_seconds_per_gib: int
    assumed_model_gib: int
    memory_base_mib: int
    memory_headroom_factor: float
    longest_request_seconds: int
    unpacked_image_gib: int = 8
    parallel: Parallel = "one"
    streams: bool = False
    traps: tuple[str, ...] = ()
    local: LocalSubstitute | None = None

    def predict_path(self, model: str) -> str:
        """Path of a prediction by the model of that name, with a leading slash."""
        return self.predict_path_template.replace("{model}", model)

    def model_readiness_path(self, model: str) -> str:
        """Path that answers 200 only when the model of that name is loaded, with a leading slash."""
        return self.model_readiness_path_template.replace("{model}", model)

    @property
    def starts_with_a_file(self) -> bool:
        """Whether the start command names a file of the model, and not its folder."""
        return any("{file}" in word for word in (*self.command, *self.environment.values()))

    def tracing(self, *, grpc: str, http: str) -> ModelServer:
        """This row, sending its traces to a collector at these addresses."""

        def filled(text: str) -> str:
            return text.replace("{grpc}", grpc).replace("{http}", http)

        variables = {name: filled(value) for name, value in self.tracing_environment.items()}
        return replace(
            self,
            command=(*self.command, *map(filled, self.tracing_arguments)),
            environment=MappingProxyType({**self.environment, **variables}),
        )

    def serving(self, model: FoundModel) -> ModelServer:
        """This row with a model's name and file in command, environment and side routes."""

        def filled(text: str) -> str:
            return text.replace("{model}", model.name).replace("{file}", model.file)

        return replace(
            self,
            command=tuple(filled(word) for word in self.command),
            environment=MappingProxyType({name: filled(value) for name, value in self.environment.items()}),
            side_routes=tuple(filled(path) for path in self.side_routes),
        )

    def serving_several(self, models: Collection[str]) -> ModelServer:
        """This row, serving the models of these names. Only of a row that can."""
        assert self.several is not None, "the options' rules refuse several models elsewhere"
        return replace(
            self,
            command=self.several.command or self.command,
            files=self.several.written(models),
            readiness_path=self.several.readiness_path,
        )

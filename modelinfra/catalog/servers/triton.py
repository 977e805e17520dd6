"""NVIDIA Triton inference server, on CPU: GPUs are used where there are some."""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.layouts.triton import TRITON_MODEL, TRITON_REPOSITORY
from modelinfra.catalog.servers.answered import Answered, Counted
from modelinfra.catalog.servers.protocols import V2_METHODS, V2_SIDE_METHODS
from modelinfra.catalog.servers.row import ModelServer
from modelinfra.catalog.servers.several import SeveralModels

TRITON = ModelServer(
    name="triton",
    title="Triton",
    version="26.07",
    image="nvcr.io/nvidia/tritonserver:26.07-py3",  # serving.md 1a: <yy.mm>-py3; 2.71.0 is NGC 26.07
    user_uid=1000,  # serving.md 1b: KServe runs it so
    ports=MappingProxyType({"http": 8000, "grpc": 8001, "metrics": 8002}),  # serving.md 1a
    liveness_path="/v2/health/live",  # serving.md 1a
    readiness_path="/v2/health/ready",
    model_readiness_path_template="/v2/models/{model}/ready",  # Open Inference protocol v2
    metrics_path="/metrics",  # serving.md 1a
    # docs/user_guide/metrics.md: what waits, then counts and times of all models; the last one there is with GPUs alone (0 to 1).
    key_metrics=(
        "nv_inference_pending_request_count",
        "nv_inference_request_failure",
        "nv_inference_queue_duration_us",
        "nv_gpu_utilization",
    ),
    # docs/user_guide/metrics.md: a failure has a reason, and OTHER and CANCELED may be the client's. Models of an ensemble count by themselves, too.
    # Of latencies there are sums by default, and no histogram.
    answered=Answered(
        requests=(Counted("nv_inference_request_success"), Counted("nv_inference_request_failure")),
        errors=(Counted("nv_inference_request_failure", 'reason=~"REJECTED|BACKEND"'),),
    ),
    traces=True,
    # docs/user_guide/trace.md, "OpenTelemetry trace support". Every request; the collector picks.
    tracing_arguments=(
        "--trace-config=mode=opentelemetry",
        "--trace-config=opentelemetry,url={http}/v1/traces",
        "--trace-config=level=TIMESTAMPS",
        "--trace-config=rate=1",
    ),
    layout=TRITON_REPOSITORY,
    model_directory="/models",  # serving.md 1b
    # After the image's entry point, which prints what it found and executes this.
    command=("tritonserver", "--model-repository=/models"),
    several=SeveralModels(
        layout=TRITON_MODEL,
        # command_line_parser.cc, --strict-readiness, on unless it is switched off: ready "if the server is responsive and all models are available".
        # One that does not load ends the server (--exit-on-error).
        readiness_path="/v2/health/ready",
    ),
    predict_path_template="/v2/models/{model}/infer",  # serving.md 1b
    binary_tensors=True,  # docs/protocol/extension_binary_data.md; its /v2 names the extension
    grpc_methods=V2_METHODS,
    grpc_side_methods=V2_SIDE_METHODS,
    # Extensions of the protocol that load models, read the server's memory or change its settings.
    side_routes=(
        "/v2/repository",
        "/v2/systemsharedmemory",
        "/v2/cudasharedmemory",
        "/v2/trace",
        "/v2/logging",
        "/v2/models/{model}/trace",
    ),
    shared_memory_mib=2048,  # serving.md 1b: the documentation's example; the Python backend needs it, others do without
    ulimits=MappingProxyType({"memlock": -1, "stack": 67108864}),  # serving.md 1b
    startup_base_seconds=120,  # an assumption
    startup_seconds_per_gib=32,  # an assumption, as for MLServer
    assumed_model_gib=8,  # an assumption
    memory_base_mib=1024,  # an assumption
    memory_headroom_factor=2.0,  # an assumption
    unpacked_image_gib=24,  # an assumption: every backend with CUDA
    parallel="one-per-accelerator",  # docs/user_guide/model_configuration.md: one execution instance for each GPU, one without
    longest_request_seconds=60,  # it has no limit of its own; an assumption
    traps=(
        "a model of the Python backend needs shared memory, which Fargate cannot give",
        "one model that does not load ends the server, unless it is started with --exit-on-error=false",
        "the image is large: disk and pull time are the replica's longest part",
    ),
)

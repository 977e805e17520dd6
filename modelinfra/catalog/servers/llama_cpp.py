"""llama.cpp's server, on CPU. "README" is tools/server/README.md of ggml-org/llama.cpp."""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.layouts.files import GGUF
from modelinfra.catalog.servers.row import ModelServer

LLAMA_CPP = ModelServer(
    name="llama-cpp",
    title="llama.cpp",
    version="b11151",
    # serving.md 1a names the moving tag `server`; every build also has a tag of its own, and this is one that public projects pin.
    image="ghcr.io/ggml-org/llama.cpp:server-b11151",
    clear_entrypoint=True,
    user_uid=1000,  # the image's own user is root; the server needs no right of root's (.devops/cpu.Dockerfile)
    ports=MappingProxyType({"http": 8080}),  # serving.md 1a
    liveness_path="/health",  # serving.md 1a
    readiness_path="/health",
    model_readiness_path_template="/health",  # serving.md 1a: 503 while the model loads
    metrics_path="/metrics",  # serving.md 1a: only with --metrics
    key_metrics=("llamacpp:requests_deferred", "llamacpp:requests_processing"),  # tools/server/README.md
    in_flight_metrics=("llamacpp:requests_deferred", "llamacpp:requests_processing"),
    layout=GGUF,
    model_directory="/models",  # serving.md 1b
    command=(
        "/app/llama-server",  # .devops/cpu.Dockerfile
        # Its parser knows no `--option=value` (common/arg.cpp). serving.md 1b: without the host it binds 127.0.0.1.
        "--host",
        "0.0.0.0",
        "--port",
        "8080",
        "--metrics",  # serving.md 1a
        "--no-slots",  # README: /slots shows what others have asked
        "--model",
        "/models/{file}",
        "--alias",
        "{model}",
    ),
    contract_variables=("LLAMA_ARG_HOST", "LLAMA_ARG_PORT", "LLAMA_ARG_MODEL"),
    predict_path_template="/v1/chat/completions",  # serving.md 1b
    side_routes=("/metrics", "/slots", "/props", "/lora-adapters"),  # README
    startup_base_seconds=60,  # an assumption
    startup_seconds_per_gib=32,  # an assumption: a cold disk at 32 MiB/s
    assumed_model_gib=8,  # an assumption: 8 billion parameters at 8 bits
    memory_base_mib=2048,  # an assumption: the cache of a context of some thousand tokens
    memory_headroom_factor=1.1,  # an assumption: the file is mapped, and buffers come with it
    streams=True,  # OpenAI's protocol
    longest_request_seconds=300,  # an assumption: long answers on a CPU
    traps=(
        "the context's cache grows with --ctx-size and --parallel and is not in this memory estimate",
        "answers on a CPU take minutes: raise the load balancer's idle time-out, or stream",
    ),
)

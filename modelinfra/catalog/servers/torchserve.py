"""TorchServe. The project is no longer maintained (its README). "config.properties" is docker/config.properties of pytorch/serve."""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.layouts.files import TORCH_ARCHIVE
from modelinfra.catalog.servers.row import ModelServer

TORCHSERVE = ModelServer(
    name="torchserve",
    title="TorchServe",
    version="0.12.0",
    image="docker.io/pytorch/torchserve:0.12.0-cpu",  # serving.md: v0.12.0 is the last release; the tag is one that public projects pin
    # The image's entry point is a script that ends in `tail -f /dev/null`: a server that died would leave a running container.
    clear_entrypoint=True,
    user_uid=1000,  # docker/Dockerfile: useradd -m model-server, the first user
    # gRPC (7070) is not among them: it listens on 127.0.0.1 (docs/configuration.md, serving.md 1b).
    ports=MappingProxyType({"http": 8080, "metrics": 8082}),  # serving.md 1a
    management_ports=(
        8081,
        7071,
    ),  # serving.md 1a: registers and removes models; config.properties opens 8081 on every address
    liveness_path="/ping",  # serving.md 1a
    readiness_path="/ping",
    model_readiness_path_template="/ping",  # a model's own status is on the management port only
    metrics_path="/metrics",  # serving.md 1a
    layout=TORCH_ARCHIVE,
    model_directory="/home/model-server/model-store",  # serving.md 1b
    command=(
        "torchserve",
        "--start",
        "--foreground",
        "--ncs",  # no snapshot of an earlier configuration is taken up
        # Binds 0.0.0.0; without a configuration the server binds 127.0.0.1, where no load balancer reaches it (serving.md 1b).
        "--ts-config=/home/model-server/config.properties",
        "--model-store=/home/model-server/model-store",
        "--models={model}={file}",
        "--disable-token-auth",  # serving.md 1b: else every request without its random token answers 400
    ),
    environment=MappingProxyType({"TS_DISABLE_TOKEN_AUTHORIZATION": "true"}),  # serving.md 1b
    contract_variables=("TS_DISABLE_TOKEN_AUTHORIZATION", "TS_CONFIG_FILE"),
    predict_path_template="/predictions/{model}",  # serving.md 1b
    side_routes=("/api-description", "/explanations"),  # docs/inference_api.md
    shared_memory_mib=1024,  # serving.md 1b: the README's example; a model on CPU without data loaders does without
    ulimits=MappingProxyType({"memlock": -1, "stack": 67108864}),  # serving.md 1b
    startup_base_seconds=120,  # an assumption: a Java virtual machine, then a Python process that imports torch
    startup_seconds_per_gib=32,  # an assumption, as for MLServer: the archive is unpacked first
    assumed_model_gib=4,  # an assumption
    memory_base_mib=2048,  # an assumption: Java, and one Python process with torch
    memory_headroom_factor=2.0,  # an assumption
    parallel="one-per-processor",  # docs/configuration.md: default_workers_per_model, GPUs or logical processors
    longest_request_seconds=120,  # serving.md 1b: its own response time-out
    traps=(
        "its token authorization is switched off: only the load balancer reaches the replicas",
        "/ping tells of the workers, not of one model: a model that failed to load answers 503 at its prediction",
        "upstream no longer maintains it",
    ),
)

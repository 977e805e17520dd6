"""KServe's Python servers, outside Kubernetes: one library, one row for each framework."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from modelinfra.catalog.layouts.files import HUGGING_FACE, one_file
from modelinfra.catalog.layouts.found import Layout
from modelinfra.catalog.servers.answered import Answered, Counted
from modelinfra.catalog.servers.protocols import V2_METHODS, V2_SIDE_METHODS
from modelinfra.catalog.servers.row import ModelServer

_RELEASE = (
    "v0.20.0"  # serving.md, source KS; the tag of sklearnserver and huggingfaceserver is one that public projects pin
)


def _row(framework: str, title: str, layout: Layout, **others: Any) -> ModelServer:
    row: dict[str, Any] = {
        "name": f"kserve-{framework}server",
        "title": f"KServe {title} server",
        "version": _RELEASE,
        "image": f"docker.io/kserve/{framework}server:{_RELEASE}",  # serving.md 1a, 1d
        # `python -m <x>server` stays the image's entry point; it receives SIGTERM itself.
        "user_uid": 1000,  # python/<x>.Dockerfile: useradd -u 1000, USER 1000
        "ports": MappingProxyType({"http": 8080, "grpc": 8081}),  # serving.md 1a, 1d
        "liveness_path": "/v2/health/live",  # serving.md 1a
        "readiness_path": "/v2/health/ready",
        "model_readiness_path_template": "/v2/models/{model}/ready",  # Open Inference protocol v2; serving.md 1d
        "metrics_path": "/metrics",  # serving.md 1a: on the http port
        # python/kserve/kserve/metrics.py, model.py: how long `predict` takes, without what comes before and after it; it also tells of those that fail.
        "answered": Answered(
            requests=(Counted("request_predict_seconds_count"),), latency=Counted("request_predict_seconds")
        ),
        "layout": layout,
        "model_directory": "/mnt/models",  # serving.md 1b
        # The arguments of config/runtimes/*.yaml.
        "command": ("--model_name={model}", "--model_dir=/mnt/models", "--http_port=8080"),
        "predict_path_template": "/v2/models/{model}/infer",  # serving.md 1b
        "v1_predict_path_template": "/v1/models/{model}:predict",  # serving.md 1b, 1d
        "grpc_methods": V2_METHODS,
        "grpc_side_methods": V2_SIDE_METHODS,
        "side_routes": ("/metrics", "/docs", "/openapi.json", "/v2/repository"),
        "startup_base_seconds": 120,  # an assumption, as measured for MLServer with scikit-learn
        "startup_seconds_per_gib": 32,  # an assumption, as for MLServer
        "assumed_model_gib": 4,  # an assumption
        "memory_base_mib": 1024,  # an assumption: half of what the runtimes ask (serving.md 1d: 2Gi)
        "memory_headroom_factor": 2.0,  # an assumption
        "parallel": "one",  # an assumption: --workers is 1 (kserve/model_server.py)
        "longest_request_seconds": 60,  # an assumption
        "traps": ("two model files in one folder end the server at start",),
    }
    return ModelServer(**(row | others))


# Endings: MODEL_EXTENSIONS and BOOSTER_FILE_EXTENSION in python/<x>server/<x>server/model.py.
KSERVE = (
    _row("sklearn", "scikit-learn", one_file("KServe's sklearnserver", ".joblib", ".pkl", ".pickle")),
    _row("xgb", "XGBoost", one_file("KServe's xgbserver", ".bst", ".json", ".ubj")),
    _row("lgb", "LightGBM", one_file("KServe's lgbserver", ".bst")),
    _row("pmml", "PMML", one_file("KServe's pmmlserver", ".pmml")),
    _row("paddle", "Paddle", one_file("KServe's paddleserver", ".pdmodel")),
    _row(
        "huggingface",
        "Hugging Face",
        HUGGING_FACE,
        # serving.md 1a: the tag without -gpu is the CPU image.
        predict_path_template="/openai/v1/chat/completions",  # serving.md 1b
        answered=None,  # protocol/rest/openai does not pass through `predict`
        v1_predict_path_template="",  # of a language model it answers OpenAI's paths
        shared_memory_mib=2048,  # an assumption: config/runtimes mounts a memory-backed /dev/shm of no stated size (serving.md 1b)
        needs_shared_memory=True,
        startup_base_seconds=600,  # an assumption, as for vLLM, which it runs
        startup_seconds_per_gib=60,  # an assumption
        assumed_model_gib=16,  # an assumption
        memory_base_mib=4096,  # an assumption
        streams=True,  # OpenAI's protocol
        longest_request_seconds=300,  # an assumption: long generations
        traps=("OpenAI's paths are below /openai, not at /v1",),  # serving.md 1b
    ),
)

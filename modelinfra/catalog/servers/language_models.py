"""Servers of large language models on GPUs: vLLM, TGI, SGLang, NVIDIA NIM.

Their start-up budgets have one source: KServe gives vLLM 30 minutes, production-stack 615 s before the model's own time (serving.md
1c). 600 s and 30 s per GiB make the 30 minutes at 40 GiB.
"""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.layouts.files import HUGGING_FACE
from modelinfra.catalog.servers.answered import Answered, Counted
from modelinfra.catalog.servers.row import ModelServer

VLLM = ModelServer(
    name="vllm",
    title="vLLM",
    version="v0.26.0",
    image="docker.io/vllm/vllm-openai:v0.26.0",  # serving.md 1a names the repository; the tag is one that public projects pin. Not pulled here.
    clear_entrypoint=True,  # it has changed between versions; the command says everything
    user_uid=0,  # the image's own; its cache is /root/.cache (serving.md 1b)
    ports=MappingProxyType({"http": 8000}),  # serving.md 1a
    liveness_path="/health",  # serving.md 1a
    readiness_path="/v1/models",  # serving.md 1c: /health answers before the model can serve in some set-ups
    model_readiness_path_template="/v1/models",
    metrics_path="/metrics",  # serving.md 1a
    # docs/usage/metrics.md
    key_metrics=("vllm:num_requests_waiting", "vllm:num_requests_running", "vllm:kv_cache_usage_perc"),
    in_flight_metrics=("vllm:num_requests_waiting", "vllm:num_requests_running"),
    # entrypoints/serve/instrumentator/metrics.py: prometheus_fastapi_instrumentator with its defaults, which groups statuses. The probe of
    # /v1/models is counted and is GET; its histograms by path end at a second, so that the engine's own is taken: until an answer ended.
    answered=Answered(
        requests=(Counted("http_requests_total", 'method="POST"'),),
        errors=(Counted("http_requests_total", 'method="POST",status="5xx"'),),
        latency=Counted("vllm:e2e_request_latency_seconds"),
    ),
    traces=True,
    # examples/online_serving/opentelemetry: gRPC, without TLS on this host. Its image needs OpenTelemetry's packages.
    tracing_environment=MappingProxyType({"OTEL_EXPORTER_OTLP_TRACES_INSECURE": "true"}),
    tracing_arguments=("--otlp-traces-endpoint={grpc}",),
    layout=HUGGING_FACE,
    model_directory="/models/served",  # any folder: `vllm serve <path>` (serving.md 1b)
    command=("vllm", "serve", "/models/served", "--host=0.0.0.0", "--port=8000", "--served-model-name={model}"),
    environment=MappingProxyType({"VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}),  # the model is in the image
    predict_path_template="/v1/chat/completions",  # serving.md 1b
    # vllm/entrypoints/openai: adapters loaded from any path, and what the server tells of itself.
    side_routes=(
        "/metrics",
        "/load",
        "/version",
        "/docs",
        "/openapi.json",
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/tokenize",
        "/detokenize",
        "/invocations",
    ),
    needs_gpu=True,
    shared_memory_mib=2048,  # serving.md 1b: 2Gi in the docs, 20Gi in production-stack
    needs_shared_memory=True,
    startup_base_seconds=600,
    startup_seconds_per_gib=30,
    assumed_model_gib=40,  # serving.md 1c
    memory_base_mib=8192,  # an assumption
    memory_headroom_factor=1.1,  # an assumption: weights pass through the host's memory
    unpacked_image_gib=24,  # an assumption
    streams=True,  # OpenAI's protocol
    longest_request_seconds=300,  # an assumption: long generations
    traps=("a probe that gives up too early shows as `KeyboardInterrupt: terminated` in the log",),  # serving.md 1c
)

TGI = ModelServer(
    name="tgi",
    title="Text Generation Inference",
    version="3.3.5",
    image="ghcr.io/huggingface/text-generation-inference:3.3.5",  # serving.md 1a
    user_uid=0,  # an assumption: the image names no other
    ports=MappingProxyType({"http": 8080}),
    liveness_path="/health",  # serving.md 1a
    readiness_path="/health",
    model_readiness_path_template="/health",
    metrics_path="/metrics",  # serving.md 1a
    key_metrics=("tgi_queue_size", "tgi_batch_current_size", "tgi_request_failure"),  # router/src/server.rs
    in_flight_metrics=("tgi_queue_size", "tgi_batch_current_size"),
    # router/src/server.rs. Its failures are mistakes of clients, too: validation, overload and generation are one counter.
    answered=Answered(requests=(Counted("tgi_request_count"),), latency=Counted("tgi_request_duration")),
    traces=True,
    tracing_environment=MappingProxyType({"OTLP_ENDPOINT": "{grpc}"}),  # launcher: --otlp-endpoint, gRPC
    layout=HUGGING_FACE,
    model_directory="/data/served",  # serving.md 1b: MODEL_ID takes a path
    command=(),  # the image's entry point reads the variables below
    # serving.md 1a: the image says port 80, the launcher 3000.
    environment=MappingProxyType(
        {"MODEL_ID": "/data/served", "HOSTNAME": "0.0.0.0", "PORT": "8080", "HF_HUB_OFFLINE": "1"}
    ),
    contract_variables=("MODEL_ID", "HOSTNAME", "PORT"),
    predict_path_template="/v1/chat/completions",  # serving.md 1b
    side_routes=("/metrics", "/info", "/docs", "/api-doc", "/tokenize", "/chat_tokenize", "/invocations"),
    needs_gpu=True,
    shared_memory_mib=1024,  # serving.md 1b
    needs_shared_memory=True,
    startup_base_seconds=600,
    startup_seconds_per_gib=30,
    assumed_model_gib=40,
    memory_base_mib=8192,  # an assumption
    memory_headroom_factor=1.1,  # an assumption
    unpacked_image_gib=24,  # an assumption
    streams=True,  # OpenAI's protocol
    longest_request_seconds=300,  # an assumption
    traps=(
        "upstream is in maintenance mode",
        "the image listens on port 80 unless PORT says otherwise",
    ),  # serving.md 1a
)

SGLANG = ModelServer(
    name="sglang",
    title="SGLang",
    version="v0.5.18",
    image="docker.io/lmsysorg/sglang:v0.5.18",  # serving.md 1a names the repository; the tag is one that public projects pin. Not pulled here.
    user_uid=0,  # an assumption: the image names no other
    ports=MappingProxyType({"http": 30000}),  # serving.md 1a
    liveness_path="/health",  # serving.md 1a
    readiness_path="/health",
    model_readiness_path_template="/health",
    metrics_path="/metrics",  # serving.md 1a: only with --enable-metrics
    # python/sglang/srt/metrics/collector.py
    key_metrics=("sglang:num_queue_reqs", "sglang:num_running_reqs", "sglang:token_usage"),
    in_flight_metrics=("sglang:num_queue_reqs", "sglang:num_running_reqs"),
    # python/sglang/srt/metrics/collector.py: requests that ended; what failed is not told.
    answered=Answered(
        requests=(Counted("sglang:e2e_request_latency_seconds_count"),),
        latency=Counted("sglang:e2e_request_latency_seconds"),
    ),
    layout=HUGGING_FACE,
    model_directory="/models/served",  # serving.md 1b: --model-path
    command=(
        "python3",
        "-m",
        "sglang.launch_server",
        "--model-path=/models/served",
        "--served-model-name={model}",
        "--host=0.0.0.0",
        "--port=30000",
        "--enable-metrics",
    ),
    environment=MappingProxyType({"HF_HUB_OFFLINE": "1"}),
    predict_path_template="/v1/chat/completions",  # serving.md 1b
    # sglang/srt/entrypoints/http_server.py: cache, weights and profiler can be changed by whoever asks.
    side_routes=(
        "/metrics",
        "/flush_cache",
        "/update_weights_from_disk",
        "/start_profile",
        "/stop_profile",
        "/get_server_info",
        "/get_model_info",
        "/health_generate",
    ),
    needs_gpu=True,
    shared_memory_mib=32768,  # an assumption: the compose file shares the host's (ipc: host, serving.md 1b), without a number
    needs_shared_memory=True,
    ulimits=MappingProxyType({"memlock": -1, "stack": 67108864}),  # serving.md 1b
    startup_base_seconds=600,
    startup_seconds_per_gib=30,
    assumed_model_gib=40,
    memory_base_mib=8192,  # an assumption
    memory_headroom_factor=1.1,  # an assumption
    unpacked_image_gib=24,  # an assumption
    streams=True,  # OpenAI's protocol
    longest_request_seconds=300,  # an assumption
    traps=("/health_generate runs a generation for each probe: a busy replica would fail it",),
)

NIM = ModelServer(
    name="nim",
    title="NVIDIA NIM",
    version="1.2.0",  # serving.md 1b: the version of the documentation that the fields were read from
    image=None,  # serving.md 1a: nvcr.io/nim/<org>/<model>
    image_from="every NIM is an image of its own, to be copied from nvcr.io into a registry of yours",
    user_uid=1000,  # an assumption, and not used: the image is never built upon
    ports=MappingProxyType({"http": 8000}),  # serving.md 1a
    liveness_path="/v1/health/live",  # serving.md 1a
    readiness_path="/v1/health/ready",
    model_readiness_path_template="/v1/health/ready",
    metrics_path="/v1/metrics",  # serving.md 1a
    key_metrics=(
        "num_requests_waiting",
        "num_requests_running",
        "gpu_cache_usage_perc",
    ),  # NIM for LLMs, "Observability"
    in_flight_metrics=("num_requests_waiting", "num_requests_running"),
    # docs.nvidia.com, NIM for LLMs 1.2, "Observability": request_failure_total does not say whose mistake it was.
    answered=Answered(
        requests=(Counted("e2e_request_latency_seconds_count"),), latency=Counted("e2e_request_latency_seconds")
    ),
    layout=None,
    model_directory="/opt/nim/.cache",  # serving.md 1b: must be writable
    command=(),  # the image's own
    predict_path_template="/v1/chat/completions",  # serving.md 1b
    side_routes=("/v1/metrics", "/v1/manifest", "/v1/license"),
    needs_gpu=True,
    shared_memory_mib=16384,  # serving.md 1b: when several GPUs lack NVLink
    startup_base_seconds=600,
    startup_seconds_per_gib=30,
    assumed_model_gib=40,
    memory_base_mib=8192,  # an assumption
    memory_headroom_factor=1.1,  # an assumption
    unpacked_image_gib=24,  # an assumption
    streams=True,  # OpenAI's protocol
    longest_request_seconds=300,  # an assumption
    traps=("it fetches weights at start with NGC_API_KEY: give it as a secret", "its cache must be writable"),
)

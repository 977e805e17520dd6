"""TensorFlow Serving. "Dockerfile" is tensorflow_serving/tools/docker/Dockerfile."""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.layouts.tensorflow import NAMED_ELSEWHERE, VERSIONED_SAVED_MODEL
from modelinfra.catalog.servers.row import ModelServer
from modelinfra.catalog.servers.several import SeveralModels

TENSORFLOW_SERVING = ModelServer(
    name="tensorflow-serving",
    title="TensorFlow Serving",
    version="2.18.0",
    # serving.md 1a names the repository and only moving tags (1d: KServe's old pin 2.6.2); this tag is one that public projects pin.
    # Not pulled here.
    image="docker.io/tensorflow/serving:2.18.0",
    # The image's entry point is a shell script that adds ports and model from variables (Dockerfile); the command says them itself, so
    # that signals reach the server.
    clear_entrypoint=True,
    user_uid=1000,  # serving.md 1d: KServe runs it so; the image's own user is root
    ports=MappingProxyType({"http": 8501, "grpc": 8500}),  # serving.md 1a
    liveness_path="/v1/models/{model}",  # serving.md 1a: it has no other
    readiness_path="/v1/models/{model}",
    model_readiness_path_template="/v1/models/{model}",  # serving.md 1a: state AVAILABLE; 404 for an unknown model
    metrics_path=None,
    metrics_note="only with --monitoring_config_file; then at /monitoring/prometheus/metrics on the http port",  # serving.md 1a
    layout=VERSIONED_SAVED_MODEL,
    model_directory="/models/served",  # serving.md 1b: MODEL_BASE_PATH=/models; the folder below it has a fixed name
    command=(
        "tensorflow_model_server",
        "--port=8500",
        "--rest_api_port=8501",
        "--model_name={model}",
        "--model_base_path=/models/served",
    ),
    several=SeveralModels(
        layout=NAMED_ELSEWHERE,
        # It has no path that tells of all models. But server.cc starts the HTTP server after ServerCore::Create, which waits until every model
        # of the configuration is available (server_core.cc, ConnectAdaptersToManagerAndAwaitModelLoads), and gives up when one fails: who
        # answers at all is ready. g3doc/serving_config.md, "Monitoring Configuration": this path answers 200 when it is switched on.
        readiness_path="/monitoring/prometheus/metrics",
        readiness_is_open=False,
        command=(
            "tensorflow_model_server",
            "--port=8500",
            "--rest_api_port=8501",
            "--model_config_file=/models/models.config",
            "--monitoring_config_file=/models/monitoring.config",
        ),
        files=MappingProxyType(
            {
                "/models/models.config": "model_config_list {\n{models}}\n",  # g3doc/serving_config.md, "Model Server Configuration"
                "/models/monitoring.config": 'prometheus_config {\n  enable: true\n  path: "/monitoring/prometheus/metrics"\n}\n',
            }
        ),
        entry='  config {\n    name: "{model}"\n    base_path: "/models/served/{model}"\n    model_platform: "tensorflow"\n  }\n',
    ),
    predict_path_template="/v1/models/{model}:predict",  # serving.md 1b
    v1_predict_path_template="/v1/models/{model}:predict",  # KServe's V1 is TensorFlow Serving's REST API, serving.md 1d
    # prediction_service.proto; the methods of tensorflow.serving.ModelService change what is served.
    grpc_methods=("/tensorflow.serving.PredictionService/*",),
    grpc_side_methods=("/tensorflow.serving.ModelService/HandleReloadConfigRequest",),  # model_service.proto
    side_routes=("/monitoring",),  # serving.md 1a
    startup_base_seconds=60,  # an assumption
    startup_seconds_per_gib=32,  # an assumption: a cold disk at 32 MiB/s, as for MLServer
    assumed_model_gib=4,  # an assumption
    memory_base_mib=512,  # an assumption
    memory_headroom_factor=2.0,  # an assumption
    parallel="one-per-processor",  # main.cc: tensorflow_session_parallelism 0, "auto-configured": a thread for each core
    longest_request_seconds=60,  # it has no limit of its own; an assumption
    traps=(
        "the version folders must be numbers: without one the server waits and never becomes ready",
        "the status path answers 200 whatever state the model is in: the load balancer sees only whether the server knows the name",
    ),
)

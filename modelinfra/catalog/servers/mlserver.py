"""MLServer.

Sources, as comments beside the fields: "Dockerfile" is MLServer's Dockerfile at the release commit of 1.7.1 (1d1f3ee4),
"settings.py" is mlserver/settings.py of the package 1.7.1, "measured" says on what.
"""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.layouts.mlserver import MLSERVER_FOLDER
from modelinfra.catalog.servers.answered import Answered, Counted
from modelinfra.catalog.servers.protocols import V2_METHODS, V2_SIDE_METHODS
from modelinfra.catalog.servers.row import LocalSubstitute, ModelServer
from modelinfra.catalog.servers.several import SeveralModels

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
    # mlserver/rest and mlserver/grpc count them; prometheus_client adds _total to what is counted.
    key_metrics=("model_infer_request_success_total", "model_infer_request_failure_total"),
    # starlette_exporter 0.23, with the prefix of settings.py (metrics_rest_server_prefix). Probes of a model's health are counted, too, and are GET.
    answered=Answered(
        requests=(Counted("rest_server_requests_total", 'method="POST"'),),
        errors=(Counted("rest_server_requests_total", 'method="POST",status_code=~"5.."'),),
        latency=Counted("rest_server_request_duration_seconds", 'method="POST"'),
    ),
    traces=True,
    tracing_environment=MappingProxyType({"MLSERVER_TRACING_SERVER": "{grpc}"}),  # settings.py: tracing_server, gRPC
    layout=MLSERVER_FOLDER,
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
    contract_variables=("MLSERVER_HOST", "MLSERVER_HTTP_PORT", "MLSERVER_GRPC_PORT", "MLSERVER_METRICS_PORT"),
    several=SeveralModels(
        layout=MLSERVER_FOLDER,  # repository.py: every model-settings.json at any depth below the models' folder is a model
        # registry.py: every model is registered, not ready, before the first of them loads; dataplane.py: all of the registry are ready.
        # One that fails to load ends the server, and so does a class that cannot be imported. But a settings file that says no implementation is
        # logged and left out (all seen with 1.7.1).
        readiness_path="/v2/health/ready",
        names_itself="model-settings.json",
        says_besides=("implementation",),
    ),
    predict_path_template="/v2/models/{model}/infer",  # serving.md 1b
    grpc_methods=V2_METHODS,
    grpc_side_methods=V2_SIDE_METHODS,
    # Loading and unloading models, and the interactive pages (mlserver/rest/app.py).
    side_routes=("/v2/repository", "/v2/docs", "/v2/models/{model}/docs"),
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
    parallel="one",  # settings.py: parallel_workers is 1, and a scikit-learn runtime predicts without giving way
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

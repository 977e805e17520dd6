"""LitServe: the image is the user's own, as from `litserve dockerize`; the model is inside.

Paths are those of the package litserve 0.2.19 on PyPI. "run" is that package with an API whose `setup` takes three seconds.
"""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.servers.row import ModelServer

LITSERVE = ModelServer(
    name="litserve",
    title="LitServe",
    version="0.2.19",  # PyPI; the version that the fields were read from
    image=None,  # docker_builder.py: a Dockerfile for each app, upon python:3.12-slim or nvidia/cuda
    image_from="every app is an image of its own, built from the Dockerfile that `litserve dockerize` writes",
    user_uid=0,  # docker_builder.py: no USER; not used: the image is never built upon
    ports=MappingProxyType({"http": 8000}),  # server.py, run: port 8000 on 0.0.0.0 (or 127.0.0.1, ::)
    liveness_path="/health",  # server.py, _register_internal_endpoints; run: refused while no worker is ready
    readiness_path="/health",  # the same: 503 unless every worker's `setup` is done and every API's `health()` says so
    model_readiness_path_template="/health",
    traces=True,  # the app is the user's: OpenTelemetry's SDK in it reads its own variables
    metrics_path=None,  # run: /metrics is 404
    metrics_note="there are none; a `Logger` of the app's own can mount them",  # loggers.py, Logger.mount
    layout=None,
    model_directory="/app",  # docker_builder.py: WORKDIR /app
    command=(),  # the image's own
    predict_path_template="/predict",  # api.py: `api_path`
    # run: the first four are 200; /shutdown is there with `enable_shutdown_api`, and wants a key
    side_routes=("/info", "/docs", "/redoc", "/openapi.json", "/shutdown"),
    startup_base_seconds=120,  # an assumption
    startup_seconds_per_gib=32,  # an assumption
    assumed_model_gib=4,  # an assumption
    memory_base_mib=1024,  # an assumption
    memory_headroom_factor=2.0,  # an assumption: one worker; each further one loads the model once more
    longest_request_seconds=60,  # an assumption: server.py's `timeout` is 30 s in the queue, and the prediction comes on top
    traps=(  # the middle two: run
        "an `api_path` other than /predict needs a server of your own (`server:` as a mapping) that says it",
        "with LIT_SERVER_API_KEY or an `authorize` in the API /health wants the key too, and no task becomes healthy",
        "SIGTERM does not let it finish: as the container's first process it ignores it until it is killed, under an init it dies at once",
        "every worker loads the model: `workers_per_device=2` needs twice the memory",
    ),
)

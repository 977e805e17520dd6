"""BentoML: the image is the user's own, built by `bentoml containerize`; the model is inside."""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.servers.answered import Answered, Counted
from modelinfra.catalog.servers.row import ModelServer

_NO_PROBE = 'endpoint!~"/(livez|readyz|healthz)"'

BENTOML = ModelServer(
    name="bentoml",
    title="BentoML",
    version="1.4.38",  # serving.md, source BM; the version that the fields were read from
    image=None,  # serving.md 1a
    image_from="every bento is an image of its own, made by `bentoml containerize`",
    user_uid=1034,  # an assumption, and not used: the image is never built upon
    ports=MappingProxyType({"http": 3000}),  # serving.md 1a; gRPC is another mode of serving, on the same port
    liveness_path="/livez",  # serving.md 1a
    readiness_path="/readyz",
    model_readiness_path_template="/readyz",
    traces=True,  # the app is the user's: OpenTelemetry's SDK in it reads its own variables
    metrics_path="/metrics",  # serving.md 1a: on the http port
    # src/bentoml/_internal/server/http/instruments.py: every path but /metrics, probes included.
    answered=Answered(
        requests=(Counted("bentoml_service_request_total", _NO_PROBE),),
        errors=(Counted("bentoml_service_request_total", f'{_NO_PROBE},http_response_code=~"5.."'),),
        latency=Counted("bentoml_service_request_duration_seconds", _NO_PROBE),
    ),
    layout=None,
    model_directory="/home/bentoml/bento",
    command=(),  # the image's own
    predict_path_template="/{model}",  # serving.md 1b: one route for each API method; `model.name` is the method's
    side_routes=("/metrics", "/docs.json", "/schema.json"),
    startup_base_seconds=120,  # an assumption
    startup_seconds_per_gib=32,  # an assumption
    assumed_model_gib=4,  # an assumption
    memory_base_mib=1024,  # an assumption
    memory_headroom_factor=2.0,  # an assumption
    longest_request_seconds=60,  # serving.md 1b: a service's own time-out
    traps=("`model.name` is the API method's route: a method `predict` is at /predict",),
)

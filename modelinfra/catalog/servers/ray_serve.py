"""Ray Serve: one node, one application. KubeRay's ports are those of a cluster and are not used here."""

from __future__ import annotations

from types import MappingProxyType

from modelinfra.catalog.layouts.files import RAY_APPLICATION, RAY_CONFIG
from modelinfra.catalog.servers.row import ModelServer

RAY_SERVE = ModelServer(
    name="ray-serve",
    title="Ray Serve",
    version="2.57.0",
    image="docker.io/rayproject/ray:2.57.0",  # serving.md 1a names the repository; the tag is one that public projects pin. Not pulled here.
    user_uid=1000,  # docker/base-deps/Dockerfile: useradd -u 1000 ray
    ports=MappingProxyType({"http": 8000}),  # serving.md 1a
    management_ports=(8265, 6379, 10001),  # serving.md 1a: dashboard, control store, client
    liveness_path="/-/healthz",  # serving.md 1a
    readiness_path="/-/healthz",
    model_readiness_path_template="/-/healthz",  # the proxy's: an application has none of its own
    traces=True,  # the app is the user's: OpenTelemetry's SDK in it reads its own variables
    metrics_path=None,
    metrics_note="Ray takes a free port for them; `ray start --metrics-export-port` fixes it, `serve run` cannot",
    layout=RAY_APPLICATION,
    model_directory="/serve_app",
    command=("serve", "run", "--app-dir=/serve_app", f"/serve_app/{RAY_CONFIG}"),
    predict_path_template="/{model}",  # the application's route_prefix
    side_routes=("/-/routes",),
    shared_memory_mib=2048,  # an assumption: Ray keeps its objects there, and in /tmp where it is small, which is slower
    startup_base_seconds=180,  # an assumption: a one-node cluster starts first
    startup_seconds_per_gib=32,  # an assumption
    assumed_model_gib=4,  # an assumption
    memory_base_mib=3072,  # an assumption: control store, raylet and proxy beside the application
    memory_headroom_factor=2.0,  # an assumption
    longest_request_seconds=60,  # an assumption
    traps=(
        "the health path is the proxy's: it can answer before the application is deployed",
        "the dashboard runs code for whoever reaches it: its port is not opened",
    ),
)

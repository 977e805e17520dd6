"""What a deployed endpoint promises, whichever platform it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from modelinfra.serving.delivery import ModelFetch


@dataclass(frozen=True)
class ImageBuild:
    """How the image was built.

    dockerfile: its text. context: the build's folder on this machine. base: image after FROM.
    model_source, model_path: the folder that is copied, and where it lies in the container. models: of several, where each lies in the
    container -> its folder; then `model_source` is none of them. contexts: those of the build by their names, beside
    the first. opaque: instructions whose
    effect only a real build shows. platforms: as given to the build, for instance `linux/amd64`.
    """

    dockerfile: str
    context: Path
    base: str
    model_source: Path
    model_path: PurePosixPath
    opaque: tuple[str, ...]
    platforms: tuple[str, ...]
    models: Mapping[PurePosixPath, Path] = field(default_factory=dict)
    contexts: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class ServingContract:
    """What the deployed state promises about one endpoint.

    image: reference that the task runs. build: how it was built; None for a ready image. command: what starts in the
    container, exec form; empty when only the image knows it. task_entrypoint, task_command: the part of it that the
    task overrides. task_memory_mib: the task's memory; init_process: whether an init process
    runs before the server. environment: of the Dockerfile and the task together. secrets: names of variables that the
    platform fills in at start. ports: role -> container port. health_path, health_status: what the target group asks
    and accepts. predict_path, public_health_path: paths of the `predict_url` and `health_url` outputs as they reach
    the container. predict_paths: of several models, the path of each; then `predict_path` is the first's. startup_budget_seconds: the service's
    health check grace period; None when it states none. fetch: how the models come, when they are not in folders of this machine. asked_by: who asks for health.
    """

    endpoint: str
    image: str
    build: ImageBuild | None
    command: tuple[str, ...]
    task_entrypoint: tuple[str, ...]
    task_command: tuple[str, ...]
    task_memory_mib: int | None
    init_process: bool
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    ports: Mapping[str, int]
    health_path: str
    health_status: frozenset[int]
    predict_url: str
    predict_path: str
    public_health_path: str
    startup_budget_seconds: int | None
    fetch: ModelFetch | None = None
    predict_paths: Mapping[str, str] = field(default_factory=dict)
    asked_by: str = "the load balancer"

"""What a user can say about the metrics of a pool's GPUs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.accelerators import accelerator
from modelinfra.options.arns import WORKSPACE_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    COLLECTOR,
    CONTAINER,
    DASHBOARD_BODY,
    EXECUTION_POLICY,
    LAUNCH_TEMPLATE,
    LOG_GROUP,
    ROLE,
    SERVICE,
    TASK,
    TASK_POLICY,
)
from modelinfra.options.managed_instances import MANAGED
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

DEFAULT_INTERVAL: Final = 60
"""In seconds."""

_CONFIG: Final = f"{COLLECTOR}.environment"
_IMAGE: Final = "123456789012.dkr.ecr.us-west-2.amazonaws.com/{}@sha256:" + "0" * 64


class GpuMetricsOptions(TypedDict):
    """Use, memory, temperature, power and errors (XID) of the pool's GPUs, as NVIDIA's DCGM tells them."""

    interval: NotRequired[
        Annotated[
            Duration,
            Option(default_text="60s", at_least=10, at_most=300, lands=(_CONFIG,), example="30s"),
        ]
    ]
    """How often they are read on each node. CloudWatch keeps one value a minute of each."""

    workspace_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                WORKSPACE_ARN,
                lands=(_CONFIG, f"{TASK_POLICY}.policy"),
                example=WORKSPACE_ARN.pattern_example,
            ),
        ]
    ]
    """Workspace of Amazon Managed Service for Prometheus to which all that DCGM tells is written, too. None otherwise."""

    exporter_image: NotRequired[
        Annotated[
            Input[str],
            Option(
                default_text="NVIDIA's dcgm-exporter, from nvcr.io",
                lands=(f"{CONTAINER}.image", f"{EXECUTION_POLICY}.policy"),
                example=_IMAGE.format("dcgm-exporter"),
            ),
        ]
    ]
    """A copy of the exporter of your own, by digest; needed where the network has no way to the internet."""

    collector_image: NotRequired[
        Annotated[
            Input[str],
            Option(
                default_text="AWS Distro for OpenTelemetry, from Amazon's public registry",
                lands=(f"{COLLECTOR}.image", f"{EXECUTION_POLICY}.policy"),
                example=_IMAGE.format("otel"),
            ),
        ]
    ]
    """A copy of the collector of your own, by digest; needed where the network has no way to the internet."""


GPU_METRICS: Final = Option(
    lands=(
        f"{ADDED}{TASK}",
        f"{ADDED}{SERVICE}",
        f"{ADDED}{LOG_GROUP}",
        f"{ADDED}{ROLE}",
        f"{ADDED}{TASK_POLICY}",
        f"{LAUNCH_TEMPLATE}.userData",
        # Of the endpoints that run there: what is left for replicas, and what is shown.
        f"{TASK}.cpu",
        f"{TASK}.memory",
        DASHBOARD_BODY,
    ),
    example={},
)


@rule(GpuMetricsOptions, "exporter_image", "collector_image")
def images_of_gpu_metrics_are_pinned(metrics: Mapping[str, Any]) -> Iterable[Problem]:
    for key, image in metrics.items():
        if isinstance(image, str) and not re.fullmatch(r"[^@\s]+@sha256:[0-9a-f]{64}", image):
            reason = "a tag can move, so that two nodes of one pool may differ"
            yield Problem(key, reason, "Write repository@sha256:digest.", image)


def dcgm_knows_the_accelerator(pool: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `gpu_metrics`, `accelerator` and `capacity`."""
    metrics = pool["gpu_metrics"]
    found = accelerator(pool["accelerator"].name)
    if metrics is None or found is None:
        return
    if found.vendor != "NVIDIA":
        yield Problem("gpu_metrics", "DCGM knows NVIDIA's GPUs alone", "Remove it.", found.name)
    if pool["capacity"] == MANAGED:
        for key in GpuMetricsOptions.__annotations__:
            if getattr(metrics, key) is not None:
                reason = f"with `capacity`: {MANAGED}, ECS reads them itself and tells Container Insights"
                yield Problem(f"gpu_metrics.{key}", reason, "Remove it.")


def gpu_metrics_of(pool: Any) -> Any:
    """What a validated pool says of them, where an exporter of its own tells them; None otherwise."""
    return pool.gpu_metrics if pool.capacity != MANAGED else None

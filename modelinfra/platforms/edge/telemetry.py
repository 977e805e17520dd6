"""What the routers of a fleet tell CloudWatch, and under which names it is found there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi

from modelinfra import naming
from modelinfra.children import Children
from modelinfra.options.edge_runtimes import KUBERNETES
from modelinfra.platforms.ecs.log_group import LogGroup, register_log_group
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.iam import document
from modelinfra.platforms.signals import Metric
from modelinfra.router.figures import FIGURES, OF_WHOLE_MODELS

NAMESPACE: Final = "modelinfra/edge"

GPU: Final = "GpuUse"
"""Of fleets whose devices have GPUs, where the router sees them: in a pod it would have to ask for one."""

# Each is a line of the log, and the finest that alarms look at without costing more.
_EVERY_SECONDS: Final = 60


def register_lines(children: Children, plan: FleetPlan) -> LogGroup | None:
    """Where the lines of a fleet's routers lie, which put them there themselves; None where they tell nothing."""
    return register_log_group(children, plan.options.logs) if plan.tells else None


def may_write_lines(log_group_arn: str, stream: str = "*") -> str:
    """Write into the group's streams of this name, which are the device's own, and read none."""
    return document(
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn.removesuffix(':*')}:log-stream:{stream}",
        }
    )


def told(children: Children, plan: FleetPlan, ring: str, put_into: LogGroup | None = None) -> dict[str, Any] | None:
    """Settings of a ring's routers. children: the fleet's. Every metric is paid for once a ring, however many devices tell it. put_into: None:
    their log is one of CloudWatch's."""
    if not plan.tells:
        return None
    return {
        "namespace": NAMESPACE,
        **{key.lower(): value for key, value in dimensions(children, ring).items()},
        "metrics": figures(plan),
        "everySeconds": _EVERY_SECONDS,
        "logGroup": None if put_into is None else {"name": put_into.name, "region": put_into.region},
    }


def figures(plan: FleetPlan) -> list[str]:
    """Those of `FIGURES` that its rings tell."""
    untold = {
        *(OF_WHOLE_MODELS if plan.options.router.split is not None else ()),
        *(() if plan.options.gpus and plan.options.runtime != KUBERNETES else (GPU,)),
    }
    return [name for name in FIGURES if name not in untold]


def dimensions(children: Children, ring: str) -> Mapping[str, str]:
    """Of the metrics of a ring. Another stack may have a fleet of the same name."""
    return {"Fleet": naming.unique(children.name, pulumi.get_project(), pulumi.get_stack()), "Ring": ring}


def metric(name: str, of: Mapping[str, str]) -> Metric:
    """One of `FIGURES`, of the ring with these dimensions."""
    return Metric(NAMESPACE, name, of, of["Ring"])

"""What a user can say about an ECS cluster."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from modelinfra.options.declare import Option
from modelinfra.options.landing import ADDED, CLUSTER, EXECUTION_POLICY, LOAD_BALANCER, OWN_LOAD_BALANCER, SERVICE
from modelinfra.options.quantities import Duration


class ClusterOptions(TypedDict):
    """An ECS cluster on Fargate, with the load balancer that its endpoints share."""

    container_insights: NotRequired[
        Annotated[
            Literal["disabled", "enabled", "enhanced"],
            Option(default="enabled", lands=(f"{CLUSTER}.settings[0].value",), example="enhanced"),
        ]
    ]
    """CloudWatch Container Insights: metrics per cluster and service, or (enhanced) per task and container."""

    exec: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                lands=(f"{CLUSTER}.configuration", f"{SERVICE}.enableExecuteCommand", f"{ADDED}{EXECUTION_POLICY}"),
                example=True,
            ),
        ]
    ]
    """Whether `aws ecs execute-command` may open a shell in a running replica; what is typed goes to the endpoint's log."""

    shared_load_balancer: NotRequired[Annotated[bool, Option(default=True, lands=(*OWN_LOAD_BALANCER,), example=False)]]
    """Whether to make the load balancer that endpoints share. Without it every endpoint needs `load_balancer`: own."""

    idle_timeout: NotRequired[
        Annotated[
            Duration,
            Option(default="2m", at_least=1, at_most=4000, lands=(f"{LOAD_BALANCER}.idleTimeout",), example="3m"),
        ]
    ]
    """How long the shared load balancer waits for an answer. No endpoint on it may have a longer `longest_request`."""

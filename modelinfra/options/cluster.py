"""What a user can say about an ECS cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired

from pulumi import Input

from modelinfra.catalog.child_roles import CLUSTER_ROLES, LOAD_BALANCER_ROLES
from modelinfra.options.adjustments import TaggedOptions, TransformedOptions, childless, transforms_name
from modelinfra.options.arns import CLUSTER_ARN, LISTENER_ARN, SECURITY_GROUP_ID
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ALARM,
    CAPACITY,
    CLUSTER,
    DASHBOARD_BODY,
    EGRESS,
    EXECUTION_POLICY,
    INGRESS,
    LOAD_BALANCER,
    OWN_LOAD_BALANCER,
    RULE,
    SCALING_POLICY,
    SCALING_TARGET,
    SECURITY_GROUP,
    SERVICE,
    TRACKING,
)  # fmt: skip
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration, shown_seconds

DEFAULT_IDLE_TIMEOUT = 120
"""In seconds."""


class ClusterOptions(TaggedOptions, TransformedOptions):
    """An ECS cluster on Fargate, with the load balancer that its endpoints share."""

    cluster_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                CLUSTER_ARN,
                lands=(
                    f"{ADDED}{CLUSTER}",
                    f"{ADDED}{CAPACITY}",
                    f"{SERVICE}.cluster",
                    f"{SCALING_POLICY}.resourceId",
                    f"{SCALING_TARGET}.resourceId",
                    DASHBOARD_BODY,
                ),
                example=CLUSTER_ARN.pattern_example,
            ),
        ]
    ]
    """An existing cluster, in place of one that is made. It must have the capacity provider FARGATE, and FARGATE_SPOT for `spot`.
    It is not changed."""

    container_insights: NotRequired[
        Annotated[
            Literal["disabled", "enabled", "enhanced"],
            Option(default_text="enabled", lands=(f"{CLUSTER}.settings[0].value",), example="enhanced"),
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

    listener_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                LISTENER_ARN,
                lands=(
                    *OWN_LOAD_BALANCER,
                    f"{ADDED}{EGRESS}",
                    f"{RULE}.listenerArn",
                    f"{INGRESS}.referencedSecurityGroupId",
                    f"{TRACKING}.predefinedMetricSpecification.resourceLabel",
                    f"{ALARM}.dimensions",
                    f"{ALARM}.metricQueries",
                    DASHBOARD_BODY,
                ),
                example=LISTENER_ARN.pattern_example,
            ),
        ]
    ]
    """Listener of an existing internal application load balancer that endpoints share, in place of one that is made. Endpoints add
    their rules to it; nothing else of it is changed, so its security group must let the load balancer reach the tasks."""

    load_balancer_security_group_id: NotRequired[
        Annotated[
            Input[str],
            replace(
                SECURITY_GROUP_ID,
                default_text="one is made; with `listener_arn`, the load balancer's first one",
                lands=(
                    f"{ADDED}{SECURITY_GROUP}",
                    f"{ADDED}{INGRESS}",
                    f"{ADDED}{EGRESS}",
                    f"{LOAD_BALANCER}.securityGroups",
                    f"{INGRESS}.referencedSecurityGroupId",
                ),
                example=SECURITY_GROUP_ID.pattern_example,
            ),
        ]
    ]
    """An existing security group of the shared load balancer. It is not changed: it must let HTTP in and the tasks' ports out."""

    load_balancer_url: NotRequired[
        Annotated[
            Input[str],
            Option(
                default_text="protocol, DNS name and port of the load balancer",
                pattern=r"https?://[^/\s]+",
                pattern_text="an address without a path",
                pattern_example="https://models.example.com",
            ),
        ]
    ]
    """Address under which clients reach the load balancer of `listener_arn`, for example the name in its certificate."""

    idle_timeout: NotRequired[
        Annotated[
            Duration,
            Option(
                default_text=shown_seconds(DEFAULT_IDLE_TIMEOUT).replace(" ", ""),
                at_least=1,
                at_most=4000,
                lands=(f"{LOAD_BALANCER}.idleTimeout",),
                example="3m",
            ),
        ]
    ]
    """How long the shared load balancer waits for an answer. No endpoint on it may have a longer `longest_request`."""


rule(ClusterOptions, "transforms")(transforms_name(CLUSTER_ROLES))


@rule(ClusterOptions, "cluster_arn", "container_insights")
def an_adopted_cluster_is_not_shaped(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    if cluster["cluster_arn"] is not None and cluster["container_insights"] is not None:
        yield Problem(
            "container_insights",
            "an existing cluster (`cluster_arn`) has this already",
            "Remove it, or remove `cluster_arn` to have a cluster made.",
            cluster["container_insights"],
        )


@rule(
    ClusterOptions,
    "listener_arn",
    "shared_load_balancer",
    "idle_timeout",
    "load_balancer_security_group_id",
    "load_balancer_url",
)
def an_adopted_load_balancer_is_not_shaped(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    adopted, shared = cluster["listener_arn"] is not None, cluster["shared_load_balancer"]
    if adopted and not shared:
        reason = "there is a shared load balancer, that of `listener_arn`"
        yield Problem("shared_load_balancer", reason, "Remove one of the two.", False)
    if adopted and cluster["idle_timeout"] is not None:
        yield Problem(
            "idle_timeout",
            "the load balancer of `listener_arn` has one already",
            "Remove it, or remove `listener_arn` to have a load balancer made.",
            shown_seconds(cluster["idle_timeout"]),
        )
    if not adopted and cluster["load_balancer_url"] is not None:
        reason = "a load balancer that is made says its address itself"
        yield Problem("load_balancer_url", reason, "Remove it.", cluster["load_balancer_url"])
    if not shared and not adopted and cluster["load_balancer_security_group_id"] is not None:
        yield Problem("load_balancer_security_group_id", "there is no shared load balancer", "Remove it.")


@rule(
    ClusterOptions,
    "transforms",
    "cluster_arn",
    "listener_arn",
    "shared_load_balancer",
    "load_balancer_security_group_id",
)
def transforms_find_what_is_made(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    absent: dict[str, str] = {}
    if cluster["cluster_arn"] is not None:
        absent |= dict.fromkeys(("cluster", "capacity-providers"), "the cluster is handed in (`cluster_arn`)")
    if cluster["load_balancer_security_group_id"] is not None:
        reason = "the security group is handed in (`load_balancer_security_group_id`)"
        absent |= dict.fromkeys(("load-balancer-security-group", "load-balancer-ingress"), reason)
    if cluster["listener_arn"] is not None:
        absent |= dict.fromkeys(LOAD_BALANCER_ROLES, "the load balancer is handed in (`listener_arn`)")
    elif not cluster["shared_load_balancer"]:
        absent |= dict.fromkeys(LOAD_BALANCER_ROLES, "there is no shared load balancer")
    yield from childless(cluster["transforms"], absent)

"""A ring: the devices that get a revision together, what lets them in, and what they run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.options.edge_runtimes import healthy_percent
from modelinfra.platforms.ecs.log_group import LogGroup
from modelinfra.platforms.edge.anywhere.activation import register_activation
from modelinfra.platforms.edge.anywhere.roles import register_device_role, register_task_role
from modelinfra.platforms.edge.anywhere.task import Routed, register_task_definition
from modelinfra.platforms.edge.base import of_ring
from modelinfra.platforms.edge.planner import FleetPlan, PlannedRing
from modelinfra.platforms.edge.router import may_write_samples, register_rights
from modelinfra.platforms.edge.telemetry import told

ATTRIBUTE: Final = "modelinfra.ring"
"""The attribute of a device that says which ring it belongs to; the install script sets it."""


@dataclass(frozen=True)
class Shared:
    """What the rings of a fleet have in common. images: revision -> reference. pulls: what devices must be allowed before they start anything."""

    cluster_arn: Output[str]
    log_group: LogGroup
    execution_role_arn: Input[str]
    images: dict[str, Input[str]]
    pulls: pulumi.Resource
    routed: Routed | None


@dataclass(frozen=True)
class Ring:
    """activation_secret_arn: None where nobody is let in."""

    service: aws.ecs.Service
    device_role: aws.iam.Role
    task_role: aws.iam.Role
    activation_secret_arn: Output[str] | None


def register_ring(children: Children, plan: FleetPlan, ring: PlannedRing, shared: Shared, *, production: bool) -> Ring:
    """Register one ring. children: the fleet's."""
    own = of_ring(children, ring.name)
    device_role, device_policy = register_device_role(own, shared.cluster_arn)
    task_role = register_task_role(own)
    routed = shared.routed
    rights: list[pulumi.Resource] = []
    if routed is not None:
        rights = register_rights(
            own, task_role, routed.door.policy_arn, routed.samples, partial(may_write_samples, ring.name)
        )
    task = register_task_definition(
        own,
        plan,
        ring,
        plan.revisions[ring.revision],
        image=shared.images[ring.revision],
        log_group=shared.log_group,
        region=shared.cluster_arn.apply(lambda arn: arn.split(":")[3]),
        execution_role_arn=shared.execution_role_arn,
        task_role_arn=task_role.arn,
        routed=routed,
        telemetry=told(children, plan, ring.name),
    )
    service = aws.ecs.Service(
        own.named("service", "service"),
        cluster=shared.cluster_arn,
        task_definition=task.arn,
        launch_type="EXTERNAL",
        # One on each device that has the attribute, also on those that come later.
        scheduling_strategy="DAEMON",
        placement_constraints=[{"type": "memberOf", "expression": f"attribute:{ATTRIBUTE} == {ring.name}"}],
        deployment_minimum_healthy_percent=healthy_percent(plan.options),
        deployment_circuit_breaker={"enable": True, "rollback": True},
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        # Devices may be offline for days.
        wait_for_steady_state=False,
        opts=own.opts("service", depends_on=[shared.pulls, device_policy, *rights]),
    )
    secret: Any = None
    if plan.options.activation is not None:
        secret = register_activation(
            own, plan.options.activation, device_role=device_role, needs=device_policy, production=production
        )
    return Ring(service, device_role, task_role, secret)

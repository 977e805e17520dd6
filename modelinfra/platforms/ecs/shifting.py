"""How ECS moves traffic to a new revision: its own strategies, without CodeDeploy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.options.rollout import bake_minutes, percent, shifts, step_minutes
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.checks import STAGE, Checks, register_call
from modelinfra.platforms.ecs.traffic import Arrival, Traffic
from modelinfra.platforms.trusted import trusted

# Amazon ECS developer guide, "Amazon ECS infrastructure IAM role for load balancers".
_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"

_STRATEGIES = {
    "rolling": "ROLLING",
    # Blue/green without a time to go back.
    "all-at-once": "BLUE_GREEN",
    "blue-green": "BLUE_GREEN",
    "canary": "CANARY",
    "linear": "LINEAR",
}


@dataclass(frozen=True)
class Shifting:
    """What a service is told. role_arn: of whoever moves traffic. needs: what must be there before a deployment starts."""

    configuration: aws.ecs.ServiceDeploymentConfigurationArgsDict | None = None
    role_arn: Input[str] | None = None
    needs: Sequence[pulumi.Resource] = ()

    @property
    def breaks(self) -> bool:
        """Whether the circuit breaker watches: it belongs to rolling deployments alone."""
        return self.role_arn is None

    def between(self, arrival: Arrival) -> aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgsDict | None:
        """The sets of replicas between which traffic of one protocol moves: ECS wants it of every target group of a service."""
        if self.role_arn is None or arrival.second is None or arrival.test is None:
            return None
        return {
            "alternate_target_group_arn": arrival.second.arn,
            "production_listener_rule": arrival.rule.arn,
            "test_listener_rule": arrival.test.arn,
            "role_arn": self.role_arn,
        }


def register_shifting(request: EndpointRequest, traffic: Traffic, checks: Checks | None) -> Shifting:
    """The role with which ECS moves traffic, and what the service is told; nothing for a rolling deployment. checks: what ECS calls before."""
    rollout = request.options.rollout
    if not shifts(rollout) or traffic.second is None:
        return Shifting()
    children = request.children
    role = aws.iam.Role(
        children.named("shift", "role"),
        assume_role_policy=trusted(children, "ecs.amazonaws.com"),
        opts=children.opts("shift-role"),
    )
    partition = aws.get_partition_output(opts=children.invoke).partition
    attached = aws.iam.RolePolicyAttachment(
        children.named("shift"),
        role=role.name,
        policy_arn=Output.concat("arn:", partition, ":iam::aws:policy/", _POLICY),
        opts=children.opts("shift-policy"),
    )
    configuration = _configuration(rollout)
    if checks is None:
        return Shifting(configuration, role.arn, (attached,))
    called = register_call(request, role, checks.function.arn)
    configuration["lifecycle_hooks"] = [
        {"hook_target_arn": checks.function.arn, "role_arn": role.arn, "lifecycle_stages": [STAGE]}
    ]
    return Shifting(configuration, role.arn, (attached, called, *checks.needs))


def _configuration(rollout: Any) -> aws.ecs.ServiceDeploymentConfigurationArgsDict:
    strategy = rollout.strategy
    steps: dict[str, Input[Any]] = {}
    if strategy == "canary":
        steps["canary_configuration"] = {
            "canary_percent": percent(rollout),
            "canary_bake_time_in_minutes": str(step_minutes(rollout)),
        }
    if strategy == "linear":
        steps["linear_configuration"] = {
            "step_percent": percent(rollout),
            "step_bake_time_in_minutes": str(step_minutes(rollout)),
        }
    return {"strategy": _STRATEGIES[strategy], "bake_time_in_minutes": str(bake_minutes(rollout)), **steps}  # type: ignore[typeddict-item]

"""A ring: a thing group, and the deployment that says what its devices run.

Every property of a deployment and of a component's version replaces them, and AWS's provider is told here to make the new before the old goes:
a new deployment to a group takes the place of the one that runs (Greengrass v2 developer guide, "Deploy components to devices"); the old one, which
nothing follows any more, is cancelled and deleted after it, which changes nothing on any device (API reference, DeleteDeployment).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.catalog.greengrass import NUCLEUS
from modelinfra.children import Children
from modelinfra.platforms.edge.base import of_ring
from modelinfra.platforms.edge.greengrass.reached import OUTCOMES
from modelinfra.platforms.edge.greengrass.recipe import recipe, version, watch_name, watch_recipe
from modelinfra.platforms.edge.planner import FleetPlan, PlannedRing

if TYPE_CHECKING:
    import pulumi_aws_native as native

_HANDLING: Final = {"roll-back": "ROLLBACK", "keep": "DO_NOTHING"}


@dataclass(frozen=True)
class Ring:
    """Where the devices of a ring are, and what they run."""

    group: aws.iot.ThingGroup
    deployment: native.greengrassv2.Deployment
    version: Output[str]


def register_ring(
    children: Children,
    plan: FleetPlan,
    ring: PlannedRing,
    *,
    fleet: aws.iot.ThingGroup,
    provider: pulumi.ProviderResource,
    found: Mapping[str, Input[Any]],
    needs: Sequence[pulumi.Resource],
) -> Ring:
    """Register one ring. children: the fleet's. found: what the recipe needs of other resources. needs: before any device starts it."""
    from pulumi_aws_native import greengrassv2

    own = of_ring(children, ring.name)
    served = plan.revisions[ring.revision].served
    group = aws.iot.ThingGroup(
        own.named("devices", "thing group"),
        parent_group_name=fleet.name,
        properties={"description": f"Ring {ring.name} of {plan.name}"},
        opts=own.opts("thing-group"),
    )
    written: Output[str] = Output.all(component=fleet.name, **found).apply(
        lambda known: recipe(plan, ring, served, known)
    )
    component = greengrassv2.ComponentVersion(
        own.named("component"),
        inline_recipe=written,
        opts=own.opts("component", provider=provider, delete_before_replace=False),
    )
    watching: Output[str] = fleet.name.apply(lambda name: watch_recipe(plan, ring, served, name))
    watch = greengrassv2.ComponentVersion(
        own.named("watch"),
        inline_recipe=watching,
        opts=own.opts("watch-component", provider=provider, delete_before_replace=False),
    )
    content = written.apply(version)
    components: Any = Output.all(fleet.name, content, watching.apply(version)).apply(lambda known: _components(*known))
    policies: Any = {"failure_handling_policy": _HANDLING[plan.options.rollout.on_failure]}
    deployment = greengrassv2.Deployment(
        own.named("deployment"),
        target_arn=group.arn,
        deployment_name=own.name,
        components=components,
        deployment_policies=policies,
        iot_job_configuration=_job(plan.options.rollout),
        opts=own.opts(
            "deployment", provider=provider, delete_before_replace=False, depends_on=[component, watch, *needs]
        ),
    )
    return Ring(group, deployment, content)


def _components(component: str, content: str, watching: str) -> dict[str, Any]:
    """The nucleus is named, too: left out, AWS would give devices a newer one whenever a component asks for it, and restart them."""
    versions = {component: content, watch_name(component): watching, "aws.greengrass.Nucleus": NUCLEUS.version}
    return {name: {"component_version": each} for name, each in versions.items()}


def _job(rollout: Any) -> Any:
    rate: dict[str, Any] = {"maximum_per_minute": rollout.per_minute}
    if rollout.start < rollout.per_minute:
        rate["exponential_rate"] = {
            "base_rate_per_minute": rollout.start,
            "increment_factor": rollout.factor,
            "rate_increase_criteria": {"number_of_succeeded_things": rollout.after},
        }
    return {
        "job_executions_rollout_config": rate,
        "abort_config": {
            "criteria_list": [
                {
                    "action": "CANCEL",
                    "failure_type": OUTCOMES[rollout.abort_on],
                    "min_number_of_executed_things": rollout.abort_after,
                    "threshold_percentage": rollout.abort_percent,
                }
            ]
        },
        "timeout_config": {"in_progress_timeout_in_minutes": int(rollout.timeout // 60)},
    }

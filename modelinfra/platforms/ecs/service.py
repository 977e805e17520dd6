"""The service: it keeps the replicas running, rolls new revisions out, and takes them back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.capture import front
from modelinfra.platforms.ecs.hops import Hops
from modelinfra.platforms.ecs.placement import Placement
from modelinfra.platforms.ecs.roles import TaskRoles
from modelinfra.platforms.ecs.shifting import Shifting
from modelinfra.platforms.ecs.sizing import EcsSizing
from modelinfra.platforms.ecs.task import CONTAINER_NAME
from modelinfra.platforms.ecs.traffic import Arrival, Traffic

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster

# Above the replicas that always run, spare capacity is taken four times as often as the other kind.
_SPOT_WEIGHT = 4

# Zones first, as the rebalancing of zones demands; then nodes that are in use already, so that others empty and go.
_SPREAD: list[aws.ecs.ServiceOrderedPlacementStrategyArgsDict] = [
    {"type": "spread", "field": "attribute:ecs.availability-zone"},
    {"type": "binpack", "field": "memory"},
]


def register_service(
    request: EndpointRequest,
    cluster: EcsCluster,
    sizing: EcsSizing,
    *,
    placement: Placement | None,
    task: aws.ecs.TaskDefinition,
    hops: Hops,
    traffic: Traffic | None,
    alarms: Sequence[aws.cloudwatch.MetricAlarm],
    roles: TaskRoles,
    shifting: Shifting,
    checked_in: Input[str] | None = None,
) -> aws.ecs.Service:
    """Register the service and see to it that a deployment that ECS took back fails the update. checked_in: the log of sample predictions."""
    service = aws.ecs.Service(
        request.children.named("service", "service"),
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=sizing.min_replicas,
        capacity_provider_strategies=_capacity(request.options, sizing, cluster, placement),
        # Where ECS starts the nodes itself, it spreads and packs by itself, too.
        ordered_placement_strategies=_SPREAD if placement and not placement.pool.managed else None,
        # Without it a change of the capacity strategy replaces the service.
        force_new_deployment=True,
        network_configuration={
            "subnets": list(cluster.network.task_subnet_ids),
            "security_groups": [hops.group_id],
            "assign_public_ip": False,
        },
        load_balancers=list(_balanced(request, traffic, shifting)) if traffic is not None else None,
        health_check_grace_period_seconds=sizing.startup if traffic is not None else None,
        deployment_minimum_healthy_percent=placement.minimum_healthy_percent if placement else 100,
        deployment_maximum_percent=placement.maximum_percent if placement else 200,
        deployment_configuration=shifting.configuration,
        deployment_circuit_breaker={"enable": True, "rollback": True} if shifting.breaks else None,
        alarms={"alarm_names": [alarm.name for alarm in alarms], "enable": True, "rollback": True},
        # It starts a replica in another zone before it stops one: ECS refuses it where there may never be one more.
        availability_zone_rebalancing="ENABLED" if placement is None or placement.spare else "DISABLED",
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        enable_execute_command=cluster.options.exec,
        wait_for_steady_state=True,
        opts=request.children.opts(
            "service",
            # The autoscaler writes it. The first value stands from day one, so that turning autoscaling on resets nothing.
            ignore_changes=["desiredCount"],
            # Before the first task starts, its capacity must be there, its target group hang on a listener, its roles be complete and
            # its way to AWS be open; else it fails, and the circuit breaker counts. What is in use cannot be deleted, either.
            depends_on=[
                *cluster.capacity,
                *(traffic.rules if traffic is not None else ()),
                *roles.policies,
                *shifting.needs,
                *hops.rules,
                *cluster.network.ways_out,
            ],
            custom_timeouts=pulumi.CustomTimeouts(
                create=f"{sizing.update_minutes}m",
                update=f"{sizing.update_minutes}m",
                delete=f"{sizing.delete_minutes}m",
            ),
        ),
    )
    _fail_when_taken_back(request, cluster, service, task, checked_in)
    return service


def _balanced(
    request: EndpointRequest, traffic: Traffic, shifting: Shifting
) -> Iterator[aws.ecs.ServiceLoadBalancerArgsDict]:
    first = front(request.options, request.served, CONTAINER_NAME)
    arrivals: list[tuple[Arrival, str, int]] = [(traffic, first.container, first.port)]
    if traffic.grpc is not None:
        arrivals.append((traffic.grpc, CONTAINER_NAME, request.served.server.ports["grpc"]))
    for arrival, container, port in arrivals:
        balanced: aws.ecs.ServiceLoadBalancerArgsDict = {
            "target_group_arn": arrival.target_group.arn,
            "container_name": container,
            "container_port": port,
        }
        between = shifting.between(arrival)
        yield balanced if between is None else {**balanced, "advanced_configuration": between}


def _capacity(
    options: Any, sizing: EcsSizing, cluster: EcsCluster, placement: Placement | None
) -> list[aws.ecs.ServiceCapacityProviderStrategyArgsDict]:
    if placement is not None:
        return [{"capacity_provider": cluster.gpu_node_pools[placement.pool.name].capacity_provider_name, "weight": 1}]
    if not options.spot:
        return [{"capacity_provider": "FARGATE", "weight": 1}]
    return [
        {"capacity_provider": "FARGATE", "base": sizing.min_replicas, "weight": 1},
        {"capacity_provider": "FARGATE_SPOT", "weight": _SPOT_WEIGHT},
    ]


def _fail_when_taken_back(
    request: EndpointRequest,
    cluster: EcsCluster,
    service: aws.ecs.Service,
    task: aws.ecs.TaskDefinition,
    checked_in: Input[str] | None,
) -> None:
    """The provider's own wait reports success when the service is steady again on the old revision; so look which one runs."""
    if pulumi.runtime.is_dry_run():
        return
    running = aws.ecs.get_service_output(
        cluster_arn=cluster.arn, service_name=service.name, opts=request.children.invoke
    )

    def check(found: list[Any]) -> None:
        asked, service_found, checks_log = found
        if service_found.task_definition != asked:
            reasons = [event.message for event in service_found.events or [] if "deployment failed" in event.message]
            tried = f"What `rollout.checks` found is in the log {checks_log}. " if checks_log else ""
            because = f"ECS says: {reasons[0]}" if reasons else f"See the events of {service_found.service_name}."
            raise pulumi.RunError(
                f"endpoint '{request.name}': ECS took the deployment of {_revision(asked)} back, and {_revision(service_found.task_definition)} "
                f"still serves. {because} {tried}Mend the model or its options and deploy again; as it is, another `pulumi up` tries "
                "the same revision once more."
            )

    Output.all(task.arn, running, checked_in).apply(check)


def _revision(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]

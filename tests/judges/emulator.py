"""An AWS emulator (moto) on this machine, and what is known of its gaps."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.judges.environment import judges_python

_SCRIPT = Path(__file__).with_name("run_emulator.py")

NOT_APPLIED: dict[str, str] = {}
"""Terraform type that moto cannot make -> why. Nothing else may refer to one."""

APPLIED_DIFFERENTLY: dict[tuple[str, str], tuple[Any, str]] = {
    ("aws_ecs_service", "wait_for_steady_state"): (False, "moto starts no tasks, so no service of it becomes steady"),
    ("aws_lb", "enable_deletion_protection"): (
        False,
        "production refuses to be destroyed, which tests/engine shows; here everything is to go",
    ),
}
"""(Terraform type, argument) -> what is applied instead, and why."""

GAPS: dict[tuple[str, str], str] = {
    ("aws_ecs_service", "availability_zone_rebalancing"): "moto does not keep it",
    ("aws_ecs_service", "capacity_provider_strategy"): "moto does not keep it, and says launch type EC2",
    (
        "aws_ecs_service",
        "deployment_controller",
    ): "moto answers type ECS, which AWS leaves out where nothing was asked for",
    ("aws_ecs_service", "enable_ecs_managed_tags"): "moto does not keep it",
    ("aws_ecs_service", "enable_execute_command"): "moto does not keep it",
    ("aws_ecs_service", "health_check_grace_period_seconds"): "moto does not keep it",
    (
        "aws_vpc_security_group_egress_rule",
        "description",
    ): "moto does not keep it where a rule names a group or a prefix list",
    ("aws_vpc_security_group_ingress_rule", "description"): "moto does not keep it where a rule names a group",
}
"""(Terraform type, argument) that a second plan wants to change again -> what moto does not keep."""


@dataclass(frozen=True)
class Listing:
    """How AWS's API lists all of a kind. `unless`: what marks one that is gone and listed for a while.

    `closer`: the call that tells more of what is listed, its argument, and where its answer holds them.
    """

    service: str
    call: str
    items: str
    id: str = ""
    unless: tuple[str, tuple[str, ...]] | None = None
    args: tuple[tuple[str, Any], ...] = ()
    closer: tuple[str, str, str] | None = None


_GONE = ("deleted", "deleting")
LISTED: dict[str, Listing | str] = {
    "aws_vpc": Listing("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    "aws_subnet": Listing("ec2", "describe_subnets", "Subnets", "SubnetId"),
    "aws_eip": Listing("ec2", "describe_addresses", "Addresses", "AllocationId"),
    "aws_nat_gateway": Listing("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", ("State", _GONE)),
    "aws_internet_gateway": Listing("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "aws_route_table": Listing("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    "aws_security_group": Listing("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    "aws_vpc_endpoint": Listing("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", ("State", _GONE)),
    "aws_flow_log": Listing("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    "aws_ecs_cluster": Listing(
        *("ecs", "list_clusters", "clusterArns", "clusterArn"),
        unless=("status", ("INACTIVE",)),
        closer=("describe_clusters", "clusters", "clusters"),
    ),
    "aws_ecs_task_definition": Listing("ecs", "list_task_definitions", "taskDefinitionArns"),
    "aws_lb": Listing("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    "aws_lb_target_group": Listing("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    "aws_ecr_repository": Listing("ecr", "describe_repositories", "repositories", "repositoryArn"),
    "aws_iam_role": Listing("iam", "list_roles", "Roles", "Arn"),
    "aws_cloudwatch_log_group": Listing("logs", "describe_log_groups", "logGroups", "arn"),
    "aws_cloudwatch_metric_alarm": Listing("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmArn"),
    "aws_cloudwatch_dashboard": Listing("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardArn"),
    "aws_appautoscaling_target": Listing(
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        "ResourceId",
        args=(("ServiceNamespace", "ecs"),),
    ),
    "aws_appautoscaling_policy": Listing(
        "application-autoscaling",
        "describe_scaling_policies",
        "ScalingPolicies",
        "PolicyARN",
        args=(("ServiceNamespace", "ecs"),),
    ),
    "aws_appautoscaling_scheduled_action": "aws_appautoscaling_target",
    "aws_lambda_function": Listing("lambda", "list_functions", "Functions", "FunctionArn"),
    "aws_sqs_queue": Listing("sqs", "list_queues", "QueueUrls"),
    "aws_ecs_service": "aws_ecs_cluster",
    "aws_ecs_cluster_capacity_providers": "aws_ecs_cluster",
    "aws_ecr_lifecycle_policy": "aws_ecr_repository",
    "aws_iam_role_policy": "aws_iam_role",
    "aws_lb_listener": "aws_lb",
    "aws_lb_listener_rule": "aws_lb",
    "aws_route": "aws_route_table",
    "aws_route_table_association": "aws_route_table",
    "aws_vpc_endpoint_route_table_association": "aws_vpc_endpoint",
    "aws_vpc_ipv4_cidr_block_association": "aws_vpc",
    "aws_default_security_group": "aws_vpc",
    "aws_vpc_security_group_egress_rule": "aws_security_group",
    "aws_vpc_security_group_ingress_rule": "aws_security_group",
}
"""Terraform type -> how to see what is there of it, or the type with which it goes."""


class Emulator:
    """moto in a process of its own. Use it as a context manager."""

    def __init__(self) -> None:
        command = [str(judges_python()), str(_SCRIPT)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.endpoint = f"http://127.0.0.1:{int(self._line())}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, service: str, call: str, **args: Any) -> Any:
        """What a call of AWS's API answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"service": service, "call": call, "args": args}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def things(self) -> set[str]:
        """Everything that its own calls list."""
        found = set()
        for type_, listing in LISTED.items():
            if isinstance(listing, str):
                continue
            items = self.call(listing.service, listing.call, **dict(listing.args)).get(listing.items, [])
            if listing.closer is not None and items:
                call, argument, key = listing.closer
                items = self.call(listing.service, call, **{argument: items})[key]
            for item in items:
                if listing.unless is None or item.get(listing.unless[0]) not in listing.unless[1]:
                    found.add(f"{type_} {item[listing.id] if listing.id else item}")
        return found

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            _, errors = self._process.communicate()
            raise RuntimeError(f"the emulator ended: {errors}")
        return line

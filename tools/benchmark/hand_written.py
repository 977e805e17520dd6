"""N endpoints on one network and cluster in plain pulumi-aws: the same resources as `with_library.py`, without modelinfra.

Grouped as a tidy program groups them, in bare components of the same type and name: so the URNs are the same, too, and both
graphs can be compared input by input. The look-ups are the same as well, the one after a deployment included.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
from pulumi import Output

from benchmark.documents import DOCKERFILE, LIFECYCLE, containers, execution_policy, trust_policy
from benchmark.hand_written_network import Network, register_network


@dataclass
class Platform:
    """What endpoints share."""

    network: Network
    cluster: aws.ecs.Cluster
    capacity: aws.ecs.ClusterCapacityProviders
    balancer: aws.lb.LoadBalancer
    listener: aws.lb.Listener
    front: aws.ec2.SecurityGroup
    trust: Output[str]


def program(endpoints: int, model: str) -> None:
    """Declare `endpoints` endpoints that all serve the model directory `model`."""
    platform = _platform(register_network("net"))
    for index in range(endpoints):
        _endpoint(platform, f"e{index}", model, 100 + index)


def _platform(network: Network) -> Platform:
    component = pulumi.ComponentResource("modelinfra:index:EcsCluster", "web")
    child = pulumi.ResourceOptions(parent=component)
    cluster = aws.ecs.Cluster("web-cluster", settings=[{"name": "containerInsights", "value": "enabled"}], opts=child)
    capacity = aws.ecs.ClusterCapacityProviders(
        "web-capacity", cluster_name=cluster.name, capacity_providers=["FARGATE", "FARGATE_SPOT"], opts=child
    )
    shared = pulumi.ComponentResource("modelinfra:index:ApplicationLoadBalancer", "web-shared", opts=child)
    child = pulumi.ResourceOptions(parent=shared)
    front = aws.ec2.SecurityGroup(
        "web-shared-front",
        vpc_id=network.vpc.id,
        description="Load balancer: HTTP from the network, on to the tasks of the endpoints",
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        "web-shared-from-network",
        security_group_id=front.id,
        cidr_ipv4=network.vpc.cidr_block,
        ip_protocol="tcp",
        from_port=80,
        to_port=80,
        description="HTTP from inside the network",
        opts=child,
    )
    balancer = aws.lb.LoadBalancer(
        "web-shared-lb",
        internal=True,
        load_balancer_type="application",
        subnets=network.private_subnet_ids,
        security_groups=[front.id],
        idle_timeout=120,
        drop_invalid_header_fields=True,
        enable_deletion_protection=False,
        opts=child,
    )
    listener = aws.lb.Listener(
        "web-shared-http",
        load_balancer_arn=balancer.arn,
        port=80,
        protocol="HTTP",
        default_actions=[
            {
                "type": "fixed-response",
                "fixed_response": {
                    "content_type": "text/plain",
                    "message_body": "There is no endpoint at this path.",
                    "status_code": "404",
                },
            }
        ],
        opts=child,
    )
    shared.register_outputs({})
    component.register_outputs({"arn": cluster.arn})
    account = aws.get_caller_identity_output().account_id
    return Platform(network, cluster, capacity, balancer, listener, front, account.apply(trust_policy))


def _endpoint(platform: Platform, name: str, model: str, priority: int) -> None:
    component = pulumi.ComponentResource("modelinfra:index:ModelEndpoint", name)
    child = pulumi.ResourceOptions(parent=component)
    repository, image = _image(name, model, child)
    logs = aws.cloudwatch.LogGroup(f"{name}-logs", retention_in_days=30, opts=child)
    execution = aws.iam.Role(f"{name}-execution", assume_role_policy=platform.trust, opts=child)
    role = aws.iam.Role(f"{name}-task", assume_role_policy=platform.trust, opts=child)
    policy = aws.iam.RolePolicy(
        f"{name}-execution",
        role=execution.name,
        policy=Output.all(repository.arn, logs.arn).apply(lambda arns: execution_policy(*arns)),
        opts=child,
    )
    tasks, hops = _security_group(platform, name, child)
    target_group = aws.lb.TargetGroup(
        f"{name}-to",
        vpc_id=platform.network.vpc.id,
        target_type="ip",
        protocol="HTTP",
        port=8080,
        load_balancing_algorithm_type="least_outstanding_requests",
        deregistration_delay=30,
        health_check={
            "path": "/v2/models/digits/ready",
            "protocol": "HTTP",
            "port": "traffic-port",
            "matcher": "200",
            "interval": 15,
            "timeout": 5,
            "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        },
        opts=child,
    )
    rule = aws.lb.ListenerRule(
        f"{name}-rule",
        listener_arn=platform.listener.arn,
        priority=priority,
        conditions=[{"path_pattern": {"values": [f"/{name}/*"]}}],
        actions=[{"type": "forward", "target_group_arn": target_group.arn}],
        transforms=[
            {
                "type": "url-rewrite",
                "url_rewrite_config": {"rewrite": {"regex": f"^/{name}/(.*)$", "replace": "/$1"}},
            }
        ],
        opts=child,
    )
    task = aws.ecs.TaskDefinition(
        f"{name}-task",
        family=f"{name}-task",
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu="1024",
        memory="2048",
        runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": "X86_64"},
        ephemeral_storage={"size_in_gib": 30},
        execution_role_arn=execution.arn,
        task_role_arn=role.arn,
        container_definitions=Output.all(
            Output.concat(repository.repository_url, "@", image.digest), logs.name, logs.region
        ).apply(lambda found: containers(*found)),
        opts=child,
    )
    service = aws.ecs.Service(
        f"{name}-service",
        cluster=platform.cluster.arn,
        task_definition=task.arn,
        desired_count=2,
        capacity_provider_strategies=[{"capacity_provider": "FARGATE", "weight": 1}],
        force_new_deployment=True,
        network_configuration={
            "subnets": platform.network.private_subnet_ids,
            "security_groups": [tasks.id],
            "assign_public_ip": False,
        },
        load_balancers=[{"target_group_arn": target_group.arn, "container_name": "model", "container_port": 8080}],
        health_check_grace_period_seconds=300,
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        deployment_circuit_breaker={"enable": True, "rollback": True},
        alarms={"alarm_names": _alarm_names(platform, name, target_group, child), "enable": True, "rollback": True},
        availability_zone_rebalancing="ENABLED",
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        enable_execute_command=False,
        wait_for_steady_state=True,
        opts=pulumi.ResourceOptions(
            parent=component,
            ignore_changes=["desiredCount"],
            depends_on=[platform.capacity, rule, policy, *hops, *platform.network.ways_out],
            custom_timeouts=pulumi.CustomTimeouts(create="26m", update="26m", delete="20m"),
        ),
    )
    if not pulumi.runtime.is_dry_run():
        running = aws.ecs.get_service_output(cluster_arn=platform.cluster.arn, service_name=service.name)
        Output.all(task.arn, running).apply(_fail_when_taken_back)
    _scaling(platform, name, service, target_group, child)
    url = Output.all(platform.balancer.dns_name, service.id).apply(lambda found: f"http://{found[0]}/{name}")
    component.register_outputs(
        {
            "url": url,
            "predict_url": Output.concat(url, "/v2/models/digits/infer"),
            "health_url": Output.concat(url, "/v2/models/digits/ready"),
            "log_group": logs.name,
            "task_role_arn": role.arn,
            "security_group_id": tasks.id,
        }
    )


def _fail_when_taken_back(found: list[Any]) -> None:
    asked, running = found
    if running.task_definition != asked:
        raise pulumi.RunError(f"ECS took the deployment of {asked} back")


def _image(name: str, model: str, child: pulumi.ResourceOptions) -> tuple[aws.ecr.Repository, docker_build.Image]:
    component = pulumi.ComponentResource("modelinfra:index:ModelImage", name, opts=child)
    child = pulumi.ResourceOptions(parent=component)
    repository = aws.ecr.Repository(
        f"{name}-images",
        image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
        image_tag_mutability_exclusion_filters=[{"filter": "cache", "filter_type": "WILDCARD"}],
        image_scanning_configuration={"scan_on_push": True},
        force_delete=True,
        opts=child,
    )
    aws.ecr.LifecyclePolicy(f"{name}-expiry", repository=repository.name, policy=LIFECYCLE, opts=child)
    token = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id)
    cache = Output.concat(repository.repository_url, ":cache")
    image = docker_build.Image(
        f"{name}-build",
        context={"location": os.path.relpath(model)},
        dockerfile={"inline": DOCKERFILE},
        platforms=[docker_build.Platform.LINUX_AMD64],
        tags=[Output.concat(repository.repository_url, ":model-1")],
        push=True,
        build_on_preview=False,
        cache_from=[{"registry": {"ref": cache}}],
        cache_to=[
            {
                "registry": {
                    "ref": cache,
                    "mode": docker_build.CacheMode.MAX,
                    "image_manifest": True,
                    "oci_media_types": True,
                }
            }
        ],
        registries=[
            {
                "address": repository.repository_url,
                "username": token.user_name,
                "password": Output.secret(token.password),
            }
        ],
        opts=child,
    )
    component.register_outputs({"repository_arn": repository.arn})
    return repository, image


def _security_group(
    platform: Platform, name: str, child: pulumi.ResourceOptions
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    tasks = aws.ec2.SecurityGroup(
        f"{name}-tasks", vpc_id=platform.network.vpc.id, description=f"Tasks of endpoint {name}", opts=child
    )
    moved = pulumi.ResourceOptions.merge(
        child, pulumi.ResourceOptions(replace_on_changes=["fromPort", "toPort", "referencedSecurityGroupId"])
    )
    hops: list[pulumi.Resource] = [
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-lb-to-tasks",
            security_group_id=platform.front.id,
            referenced_security_group_id=tasks.id,
            description=f"To the tasks of endpoint {name}",
            ip_protocol="tcp",
            from_port=8080,
            to_port=8080,
            opts=moved,
        ),
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-tasks-from-lb",
            security_group_id=tasks.id,
            referenced_security_group_id=platform.front.id,
            description="From the load balancer",
            ip_protocol="tcp",
            from_port=8080,
            to_port=8080,
            opts=moved,
        ),
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-tasks-to-https",
            security_group_id=tasks.id,
            cidr_ipv4="0.0.0.0/0",
            description="To AWS: image, log, secrets",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=child,
        ),
    ]
    return tasks, hops


def _alarm_names(
    platform: Platform, name: str, target_group: aws.lb.TargetGroup, child: pulumi.ResourceOptions
) -> list[Output[str]]:
    dimensions = {"LoadBalancer": platform.balancer.arn_suffix, "TargetGroup": target_group.arn_suffix}
    counts: list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict] = [
        {
            "id": id_,
            "metric": {
                "namespace": "AWS/ApplicationELB",
                "metric_name": metric,
                "dimensions": dimensions,
                "period": 60,
                "stat": "Sum",
            },
        }
        for id_, metric in (("errors", "HTTPCode_Target_5XX_Count"), ("requests", "RequestCount"))
    ]
    errors = aws.cloudwatch.MetricAlarm(
        f"{name}-target-5xx",
        alarm_description=f"Endpoint {name}: share of requests answered with 5xx, in percent",
        comparison_operator="GreaterThanThreshold",
        threshold=5,
        evaluation_periods=2,
        treat_missing_data="notBreaching",
        metric_queries=[
            {
                "id": "share",
                "expression": "IF(requests > 0, 100 * errors / requests, 0)",
                "label": "5xx, percent",
                "return_data": True,
            },
            *counts,
        ],
        opts=child,
    )
    unhealthy = aws.cloudwatch.MetricAlarm(
        f"{name}-unhealthy-hosts",
        alarm_description=f"Endpoint {name}: replicas unhealthy for longer than a start may take",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        evaluation_periods=7,
        period=60,
        namespace="AWS/ApplicationELB",
        metric_name="UnHealthyHostCount",
        statistic="Minimum",
        dimensions=dimensions,
        treat_missing_data="notBreaching",
        opts=child,
    )
    return [errors.name, unhealthy.name]


def _scaling(
    platform: Platform,
    name: str,
    service: aws.ecs.Service,
    target_group: aws.lb.TargetGroup,
    child: pulumi.ResourceOptions,
) -> None:
    target = aws.appautoscaling.Target(
        f"{name}-replicas",
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=Output.concat("service/", platform.cluster.name, "/", service.name),
        min_capacity=2,
        max_capacity=4,
        opts=child,
    )
    aws.appautoscaling.Policy(
        f"{name}-by-requests",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "predefined_metric_specification": {
                "predefined_metric_type": "ALBRequestCountPerTarget",
                "resource_label": Output.concat(platform.balancer.arn_suffix, "/", target_group.arn_suffix),
            },
            "target_value": 1200,
            "scale_out_cooldown": 480,
            "scale_in_cooldown": 300,
        },
        opts=child,
    )

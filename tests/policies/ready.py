"""A hand-written program that is ready for production, with every kind of resource that rules of readiness know."""

from __future__ import annotations

import json

from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from tests.making import PINNED, REGION

CONTAINER = {
    "name": "server",
    "image": PINNED,
    "readonlyRootFilesystem": True,
    "stopTimeout": 60,
    "portMappings": [{"containerPort": 8080}],
    "environment": [{"name": "LOG_LEVEL", "value": "info"}],
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/serving"}},
}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
LAMBDA_KEY = "arn:aws:kms:us-west-2:123456789012:key/1"


def ready() -> Graph:
    """The graph of it."""
    return capture(_program, config={"aws:region": REGION})


def _program() -> None:
    subnets = _network()
    _service(subnets)
    _stores()
    _nodes(subnets)
    _sagemaker(subnets)


def _network() -> list[str]:
    import pulumi_aws as aws

    vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
    aws.ec2.FlowLog("net", vpc_id=vpc.id, traffic_type="ALL", log_destination="arn:aws:s3:::logs")
    subnets = []
    for index, zone in enumerate("ab"):
        options = {"vpc_id": vpc.id, "availability_zone": f"{REGION}{zone}"}
        public = aws.ec2.Subnet(f"public-{zone}", cidr_block=f"10.0.{index}.0/24", **options)
        address = aws.ec2.Eip(f"nat-{zone}", domain="vpc")
        aws.ec2.NatGateway(f"nat-{zone}", subnet_id=public.id, allocation_id=address.id)
        subnets.append(aws.ec2.Subnet(f"private-{zone}", cidr_block=f"10.0.{10 + index}.0/24", **options).id)
    return subnets  # type: ignore[return-value]


def _service(subnets: list[str]) -> None:
    import pulumi_aws as aws

    balancer = aws.lb.LoadBalancer(
        "lb", subnets=subnets, internal=False, drop_invalid_header_fields=True, enable_deletion_protection=True,
        access_logs={"bucket": "logs", "enabled": True},
    )  # fmt: skip
    aws.wafv2.WebAclAssociation("lb", resource_arn=balancer.arn, web_acl_arn="arn:aws:wafv2:acl")
    group = aws.lb.TargetGroup("tasks", port=8080, protocol="HTTP", target_type="ip", deregistration_delay=60)
    aws.lb.Listener(
        "http", load_balancer_arn=balancer.arn, port=80, protocol="HTTP",
        default_actions=[{"type": "redirect", "redirect": {"status_code": "HTTP_301", "protocol": "HTTPS"}}],
    )  # fmt: skip
    aws.lb.Listener(
        "https", load_balancer_arn=balancer.arn, port=443, protocol="HTTPS", certificate_arn="arn:aws:acm:c",
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        default_actions=[{"type": "forward", "target_group_arn": group.arn}],
    )  # fmt: skip
    starting = aws.iam.Role("starting", assume_role_policy=TRUST)
    serving = aws.iam.Role("serving", assume_role_policy=TRUST)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    aws.iam.RolePolicy("serving", role=serving.name, policy=json.dumps({"Statement": [statement]}))
    task = aws.ecs.TaskDefinition(
        "task", family="task", network_mode="awsvpc", execution_role_arn=starting.arn, task_role_arn=serving.arn,
        container_definitions=json.dumps([CONTAINER]),
    )  # fmt: skip
    cluster = aws.ecs.Cluster("cluster", name="cluster", settings=[{"name": "containerInsights", "value": "enabled"}])
    service = aws.ecs.Service(
        "service", cluster=cluster.arn, task_definition=task.arn, name="service",
        network_configuration={"subnets": subnets, "security_groups": ["sg-1"]},
        deployment_circuit_breaker={"enable": True, "rollback": True}, deployment_minimum_healthy_percent=100,
        alarms={"enable": True, "rollback": True, "alarm_names": ["errors"]},
        load_balancers=[{"target_group_arn": group.arn, "container_name": "server", "container_port": 8080}],
    )  # fmt: skip
    resource = service.id.apply(lambda _: "service/cluster/service")
    target = aws.appautoscaling.Target(
        "replicas", min_capacity=2, max_capacity=9, resource_id=resource,
        scalable_dimension="ecs:service:DesiredCount", service_namespace="ecs",
    )  # fmt: skip
    aws.appautoscaling.Policy(
        "cpu", policy_type="TargetTrackingScaling", resource_id=target.resource_id,
        scalable_dimension=target.scalable_dimension, service_namespace="ecs",
        target_tracking_scaling_policy_configuration={
            "target_value": 50.0,
            "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
        },
    )  # fmt: skip
    aws.cloudwatch.MetricAlarm(
        "errors", comparison_operator="GreaterThanThreshold", evaluation_periods=3, namespace="AWS/ApplicationELB",
        metric_name="HTTPCode_Target_5XX_Count", period=60, statistic="Sum", threshold=1,
        dimensions={"TargetGroup": group.arn_suffix},
    )  # fmt: skip


def _stores() -> None:
    import pulumi
    import pulumi_aws as aws

    kept = pulumi.ResourceOptions(protect=True)
    bucket = aws.s3.Bucket("models", opts=kept)
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": LAMBDA_KEY}
    aws.s3.BucketServerSideEncryptionConfiguration(
        "models", bucket=bucket.id,
        rules=[{"bucket_key_enabled": True, "apply_server_side_encryption_by_default": default}],
    )  # fmt: skip
    aws.s3.BucketVersioning("models", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
    aws.s3.BucketPublicAccessBlock(
        "models", bucket=bucket.id,
        block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True,
    )  # fmt: skip
    aws.ecr.Repository(
        "images", image_tag_mutability="IMMUTABLE", image_scanning_configuration={"scan_on_push": True}, opts=kept
    )
    aws.cloudwatch.LogGroup("serving", name="/serving", retention_in_days=30)
    aws.ebs.Volume("cache", availability_zone=f"{REGION}a", size=10, encrypted=True)
    aws.budgets.Budget("month", budget_type="COST", time_unit="MONTHLY", limit_amount="5000", limit_unit="USD")


def _nodes(subnets: list[str]) -> None:
    import pulumi_aws as aws

    cluster = aws.eks.Cluster(
        "k8s", name="k8s", role_arn="arn:aws:iam::123456789012:role/k8s", deletion_protection=True,
        vpc_config={"subnet_ids": subnets, "endpoint_public_access": False},
        enabled_cluster_log_types=["api", "audit", "authenticator", "controllerManager", "scheduler"],
        encryption_config={"resources": ["secrets"], "provider": {"key_arn": LAMBDA_KEY}},
    )  # fmt: skip
    aws.eks.NodeGroup(
        "gpus", cluster_name=cluster.name, node_role_arn="arn:aws:iam::123456789012:role/nodes", subnet_ids=subnets,
        capacity_type="SPOT", instance_types=["g5.xlarge", "g6.xlarge"],
        scaling_config={"min_size": 0, "desired_size": 1, "max_size": 4},
        taints=[{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        node_repair_config={"enabled": True},
    )  # fmt: skip
    aws.eks.NodeGroup(
        "steady", cluster_name=cluster.name, node_role_arn="arn:aws:iam::123456789012:role/nodes", subnet_ids=subnets,
        instance_types=["m5.large"], scaling_config={"min_size": 1, "desired_size": 1, "max_size": 2},
        node_repair_config={"enabled": True},
    )  # fmt: skip
    aws.ec2.LaunchTemplate("node", metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 2})


def _sagemaker(subnets: list[str]) -> None:
    import pulumi_aws as aws

    model = aws.sagemaker.Model(
        "model", execution_role_arn="arn:aws:iam::123456789012:role/model", enable_network_isolation=True,
        primary_container={"image": PINNED}, vpc_config={"subnets": subnets, "security_group_ids": ["sg-1"]},
    )  # fmt: skip
    configuration = aws.sagemaker.EndpointConfiguration(
        "model", kms_key_arn=LAMBDA_KEY,
        production_variants=[
            {"model_name": model.name, "variant_name": "all", "instance_type": "ml.m5.xlarge", "initial_instance_count": 2}
        ],
    )  # fmt: skip
    aws.sagemaker.Endpoint(
        "model", name="sentiment", endpoint_config_name=configuration.name,
        deployment_config={
            "auto_rollback_configuration": {"alarms": [{"alarm_name": "slow"}]},
            "blue_green_update_policy": {"traffic_routing_configuration": {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 60}},
        },
    )  # fmt: skip
    aws.appautoscaling.Target(
        "variant", min_capacity=2, max_capacity=4, resource_id="endpoint/sentiment/variant/all",
        scalable_dimension="sagemaker:variant:DesiredInstanceCount", service_namespace="sagemaker",
    )  # fmt: skip
    aws.cloudwatch.MetricAlarm(
        "slow", comparison_operator="GreaterThanThreshold", evaluation_periods=3, namespace="AWS/SageMaker",
        metric_name="ModelLatency", period=60, extended_statistic="p95", threshold=1,
        dimensions={"EndpointName": "sentiment", "VariantName": "all"},
    )  # fmt: skip

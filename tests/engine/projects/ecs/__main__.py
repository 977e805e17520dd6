"""A service by hand: image, task, load balancer, rule with weights, autoscaling. Configuration changes what tests change."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build

config = pulumi.Config()
ignore = config.get_bool("ignore") is not False
fixed = config.get("roleName")

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
subnets = [
    aws.ec2.Subnet(f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{i}.0/24", availability_zone=zone)
    for i, zone in enumerate(aws.get_availability_zones().names)
]
groups = [aws.ec2.SecurityGroup(f"group-{i}", vpc_id=vpc.id) for i in (1, 2)]
repository = aws.ecr.Repository("images", image_tag_mutability="IMMUTABLE", force_delete=True)
login = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id)
image = docker_build.Image(
    "image",
    context={"location": "model"},
    dockerfile={"inline": "FROM scratch\nCOPY . /model\n"},
    push=True,
    tags=[pulumi.Output.concat(repository.repository_url, ":", config.get("tag") or "v1")],
    registries=[{"address": repository.repository_url, "username": login.user_name, "password": login.password}],
)
role = aws.iam.Role(
    "role",
    name=fixed,
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sts:AssumeRole"],
                    "Principal": {"Service": ["ecs-tasks.amazonaws.com"]},
                }
            ],
        }
    ),
)
cluster = aws.ecs.Cluster("cluster")
task = aws.ecs.TaskDefinition(
    "task",
    family="web",
    cpu="256",
    memory="512",
    network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=role.arn,
    container_definitions=image.ref.apply(
        lambda ref: json.dumps(
            [
                {
                    "name": "server",
                    "image": ref,
                    "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                    "portMappings": [{"containerPort": 8080}],
                }
            ]
        )
    ),
)
balancer = aws.lb.LoadBalancer(
    "lb", internal=True, subnets=[s.id for s in subnets], security_groups=[g.id for g in groups]
)
targets = [
    aws.lb.TargetGroup(f"{color}", port=8080, protocol="HTTP", target_type="ip", vpc_id=vpc.id)
    for color in ("blue", "green")
]
listener = aws.lb.Listener(
    "listener",
    load_balancer_arn=balancer.arn,
    port=80,
    default_actions=[
        {"type": "fixed-response", "fixed_response": {"content_type": "text/plain", "status_code": "404"}}
    ],
)
rule = aws.lb.ListenerRule(
    "rule",
    listener_arn=listener.arn,
    priority=10,
    conditions=[{"path_pattern": {"values": ["/a/*", "/b/*"]}}],
    actions=[
        {
            "type": "forward",
            "forward": {
                "target_groups": [
                    {"arn": targets[0].arn, "weight": 100},
                    {"arn": targets[1].arn, "weight": 0},
                ]
            },
        }
    ],
    opts=pulumi.ResourceOptions(ignore_changes=["actions"] if ignore else []),
)
service = aws.ecs.Service(
    "service",
    cluster=cluster.arn,
    task_definition=task.arn,
    desired_count=2,
    launch_type="FARGATE",
    network_configuration={"subnets": [s.id for s in subnets], "security_groups": [g.id for g in groups]},
    load_balancers=[{"target_group_arn": targets[0].arn, "container_name": "server", "container_port": 8080}],
    opts=pulumi.ResourceOptions(depends_on=[rule], ignore_changes=["desiredCount"] if ignore else []),
)
scaling = aws.appautoscaling.Target(
    "scaling",
    min_capacity=2,
    max_capacity=config.get_int("max") or 4,
    resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
    scalable_dimension="ecs:service:DesiredCount",
    service_namespace="ecs",
)
seen = aws.ecs.get_service_output(cluster_arn=cluster.arn, service_name=service.name)
pulumi.export("task", task.arn)
pulumi.export("running", seen.task_definition)
pulumi.export("events", seen.events)
pulumi.export("secret", pulumi.Output.secret("hush"))

"""Names of the resource types in which options land, so that a declaration fits on a line."""

from __future__ import annotations

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
CAPACITY = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
CLUSTER = "aws:ecs/cluster:Cluster"
EXECUTION_POLICY = "aws:iam/rolePolicy:RolePolicy"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
IMAGE = "docker-build:index:Image"
LISTENER = "aws:lb/listener:Listener"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
REPOSITORY = "aws:ecr/repository:Repository"
RULE = "aws:lb/listenerRule:ListenerRule"
SCALING_POLICY = "aws:appautoscaling/policy:Policy"
SCALING_TARGET = "aws:appautoscaling/target:Target"
SERVICE = "aws:ecs/service:Service"
SUBNET = "aws:ec2/subnet:Subnet"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
VPC = "aws:ec2/vpc:Vpc"

CONTAINER = f"{TASK}.containerDefinitions[0]"
"""The model's container within a task definition."""

TRACKING = f"{SCALING_POLICY}.targetTrackingScalingPolicyConfiguration"

ADDED = "+"
"""`+<type>`: the edit adds or removes resources of this type."""

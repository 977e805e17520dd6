"""Where the physical name of a resource stands, and how long it may be."""

from __future__ import annotations

from typing import Final

# Types of which the physical name is in another input than `name`.
NAME_INPUT: Final[dict[str, str]] = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:ecs/taskDefinition:TaskDefinition": "family",
    "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
}

# Types whose `name` is auto-named with another limit than 255, and whose given names are held to it
# (pulumi-aws provider/resources.go `AutoName`, and the limits in the AWS API references).
NAME_LIMIT: Final[dict[str, int]] = {
    "aws:budgets/budget:Budget": 100,
    "aws:eks/cluster:Cluster": 100,
    "aws:eks/nodeGroup:NodeGroup": 63,
    "aws:lb/loadBalancer:LoadBalancer": 32,
    "aws:lb/targetGroup:TargetGroup": 32,
    "aws:iam/role:Role": 64,
    "aws:iam/policy:Policy": 128,
    "aws:iam/instanceProfile:InstanceProfile": 128,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:s3/bucket:Bucket": 63,
    "aws:sqs/queue:Queue": 80,
    "aws:iot/provisioningTemplate:ProvisioningTemplate": 36,
    "aws:iot/thingGroup:ThingGroup": 128,
    "aws:iot/thingType:ThingType": 128,
    "aws:iot/policy:Policy": 128,
    "aws:lambda/function:Function": 64,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:ecr/repository:Repository": 256,
    "aws:ec2/launchTemplate:LaunchTemplate": 128,
    "aws:secretsmanager/secret:Secret": 512,
    "aws:kms/alias:Alias": 256,
}

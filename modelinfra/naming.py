"""Names of children: stable, unique within a stack, and short enough for what AWS makes of them.

Pulumi's AWS provider makes physical names from logical ones by adding a hyphen and seven random characters, and fails when the
result is too long for the service. So the logical name of a child is cut to what its type allows, with a hash of the whole
name in place of what was cut: two long names that begin alike stay different.
"""

from __future__ import annotations

import hashlib

_AUTO_SUFFIX = len("-1234567")
_HASH = 6

LIMITS: dict[str, int] = {
    "load balancer": 32,  # Elastic Load Balancing API, CreateLoadBalancer
    "target group": 32,  # Elastic Load Balancing API, CreateTargetGroup
    "trust store": 32,  # Elastic Load Balancing API, CreateTrustStore
    "bucket": 63,  # Amazon S3 user guide, bucket naming rules
    "queue": 80,  # Amazon SQS API, CreateQueue
    "web acl": 128,  # AWS WAF API, CreateWebACL
    "secret": 512,  # AWS Secrets Manager API, CreateSecret
    "user pool": 128,  # Amazon Cognito API, CreateUserPool and CreateUserPoolClient
    "http api": 128,  # Amazon API Gateway API, CreateApi, CreateVpcLink and CreateAuthorizer
    "role": 64,  # IAM API, CreateRole
    "managed policy": 128,  # IAM API, CreatePolicy
    "role policy": 128,  # IAM API, PutRolePolicy
    "repository": 256,  # ECR API, CreateRepository
    "security group": 255,  # EC2 API, CreateSecurityGroup
    "event rule": 64,  # EventBridge API, PutRule
    "topic": 256,  # SNS API, CreateTopic
    "chat configuration": 128,  # AWS Chatbot API, CreateSlackChannelConfiguration
    "budget": 100,  # AWS Budgets API, CreateBudget
    "dashboard": 255,  # CloudWatch API, PutDashboard
    "alarm": 255,  # CloudWatch API, PutMetricAlarm
    "log group": 512,  # CloudWatch Logs API, CreateLogGroup
    "cluster": 255,  # ECS API, CreateCluster
    "function": 64,  # Lambda API, CreateFunction
    "eks cluster": 100,  # EKS API, CreateCluster
    "placement group": 255,  # EC2 API, CreatePlacementGroup
    "thing group": 128,  # AWS IoT API, CreateThingGroup, CreateThingType, CreatePolicy and CreateRoleAlias
    "topic rule": 120,  # AWS IoT API, CreateTopicRule: 128, less the hash of `unique`
    "role alias": 120,  # the same, less the hash of `unique`
    "provisioning template": 36,  # AWS IoT API, CreateProvisioningTemplate
    "namespace": 63,  # Kubernetes, names of objects: RFC 1123 label names; a label's value, too
    "node group": 63,  # EKS API, CreateNodegroup
    "service": 255,  # ECS API, CreateService
    "task definition": 255,  # ECS API, RegisterTaskDefinition (family)
    "launch template": 128,  # EC2 API, CreateLaunchTemplate
    "auto scaling group": 255,  # EC2 Auto Scaling API, CreateAutoScalingGroup
    "capacity provider": 255,  # ECS API, CreateCapacityProvider
    "attribute": 128,  # ECS API, Attribute (its value)
    "instance profile": 128,  # IAM API, CreateInstanceProfile
    "scaling policy": 255,  # the AWS provider; the Application Auto Scaling API would take one more
}
"""Kind of thing -> most characters of its physical name."""


def child(parent: str, suffix: str, kind: str | None = None) -> str:
    """The logical name of a child: `<parent>-<suffix>`, cut so that its physical name fits the limit of its kind.

    Raises KeyError for a kind without a known limit.
    """
    whole = f"{parent}-{suffix}"
    if kind is None:
        return whole
    return shortened(parent, LIMITS[kind] - _AUTO_SUFFIX - len(suffix) - 1) + f"-{suffix}"


def unique(name: str, project: str, stack: str) -> str:
    """A physical name that Pulumi does not make: `name` (cut by `child`) and a hash of whose it is, in place of random characters.

    What CloudWatch is given under a name that is there already overwrites it, also where that belongs to another stack.
    """
    return f"{name}-{hashlib.sha256(f'{project}/{stack}'.encode()).hexdigest()[:_HASH]}"


def shortened(name: str, limit: int) -> str:
    """`name` where it fits, else its beginning and a hash of the whole of it."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    return f"{name[: limit - _HASH - 1].rstrip('-')}-{digest}"


def capacity_provider(name: str) -> str:
    """The logical name of a capacity provider: ECS refuses names that begin with aws, ecs or fargate (CreateCapacityProvider)."""
    safe = f"gpu-{name}" if name.lower().startswith(("aws", "ecs", "fargate")) else name
    return shortened(safe, LIMITS["capacity provider"] - _AUTO_SUFFIX)


def of_revision(endpoint: str, revision: str) -> str:
    """What names of a revision's children begin with. Two hyphens, since with one `a-b` could be an endpoint of its own."""
    return f"{endpoint}--{revision}"


def rule_priority_before(priority: int, text: str) -> int:
    """Priority (1 and more) of a rule that is asked before the one with `priority`, which is 2 at least; from a text, so that it stays."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % (priority - 1) + 1


def rule_priority(path: str) -> int:
    """Priority of a listener rule (1 to 50,000), from the path that it serves: it stays when other rules come and go."""
    return int(hashlib.sha256(path.encode()).hexdigest(), 16) % 50_000 + 1

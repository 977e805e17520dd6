"""What the ARNs of things that are handed in look like."""

from __future__ import annotations

from modelinfra.options.declare import Option

_ACCOUNT = "123456789012"


def arn(service: str, resource: str, what: str, example: str, account: str = r"\d{12}") -> Option:
    """An option that takes the ARN of `what`. resource: a regular expression for what follows the account; example: one that fits."""
    region = "" if service == "iam" else "us-west-2"
    return Option(
        pattern=rf"arn:[^:]+:{service}:[^:]*:{account}:{resource}",
        pattern_text=f"the ARN of {what}",
        pattern_example=f"arn:aws:{service}:{region}:{_ACCOUNT}:{example}",
    )


CERTIFICATE_ARN = arn("acm", "certificate/.+", "an ACM certificate", "certificate/12345678-1234-1234-1234-123456789012")
CLIENT_SECRET_ARN = arn("secretsmanager", "secret:.+", "a Secrets Manager secret", "secret:client-AbCdEf")
CLUSTER_ARN = arn("ecs", "cluster/.+", "an ECS cluster", "cluster/models")
KMS_KEY_ARN = arn("kms", "key/.+", "a KMS key", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
LISTENER_ARN = arn(
    "elasticloadbalancing", "listener/app/.+", "a listener of an application load balancer",
    "listener/app/models/50dc6c495c0c9188/f2f7dc8efc522ab2",
)  # fmt: skip
LOG_GROUP_ARN = arn("logs", r"log-group:[^:*]+(:\*)?", "a CloudWatch log group", "log-group:/models/digits")
POLICY_ARN = arn("iam", "policy/.+", "a managed IAM policy", "policy/boundary", r"(\d{12}|aws)")  # AWS's own, too
REPOSITORY_ARN = arn("ecr", "repository/.+", "an ECR repository", "repository/models")
TOPIC_ARN = arn("sns", r"[A-Za-z0-9_-]+", "an SNS topic", "alarms")
TRUST_STORE_ARN = arn(
    "elasticloadbalancing", "truststore/.+", "a trust store", "truststore/devices/1234567890abcdef"
)  # fmt: skip
USER_POOL_ARN = arn("cognito-idp", "userpool/.+", "a Cognito user pool", "userpool/us-west-2_AbCdEfGhI")
WORKSPACE_ARN = arn(
    "aps", "workspace/ws-.+", "a workspace of Amazon Managed Service for Prometheus", "workspace/ws-1a2b3c"
)
WEB_ACL_ARN = arn(
    "wafv2", "regional/webacl/.+", "a regional web ACL of AWS WAF",
    "regional/webacl/company/12345678-1234-1234-1234-123456789012",
)  # fmt: skip
ROLE_ARN = arn("iam", "role/.+", "an IAM role", "role/models")

PRINCIPAL = Option(
    pattern=r"\d{12}|arn:[^:]+:iam::\d{12}:(root|role/.+|user/.+)",
    pattern_text="an account's 12 digits, or the ARN of a role or user",
    pattern_example="arn:aws:iam::210987654321:role/orders",
)

SECURITY_GROUP_ID = Option(
    pattern=r"sg-[0-9a-f]+", pattern_text="the id of a security group", pattern_example="sg-0123456789abcdef0"
)

BUCKET_NAME = Option(
    pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", pattern_text="the name of a bucket", pattern_example="acme-results"
)

"""Parts of an endpoint: its log, its image repository, what takes a deployment back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.data_identifiers import DATA_IDENTIFIERS
from modelinfra.options.arns import KMS_KEY_ARN, LOG_GROUP_ARN, REPOSITORY_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ALARM,
    CONTAINER,
    DASHBOARD_BODY,
    EXECUTION_POLICY,
    GRAPHS_OF_GRAFANA,
    IMAGE,
    LOG_GROUP,
    LOG_MASK,
    REPOSITORY,
    RULES,
)  # fmt: skip
from modelinfra.options.log_retention import retention_is_one_that_cloudwatch_knows
from modelinfra.options.problems import Problem, did_you_mean

DEFAULT_RETENTION_DAYS = 30


class LogOptions(TypedDict):
    """Where the server's output goes."""

    group_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                LOG_GROUP_ARN,
                lands=(
                    f"{ADDED}{LOG_GROUP}",
                    f"{CONTAINER}.logConfiguration.options.awslogs-group",
                    f"{EXECUTION_POLICY}.policy",
                ),
                example=LOG_GROUP_ARN.pattern_example,
            ),
        ]
    ]
    """An existing log group, in place of one that is made. It is not changed."""

    retention_days: NotRequired[
        Annotated[
            int,
            Option(default_text=str(DEFAULT_RETENTION_DAYS), lands=(f"{LOG_GROUP}.retentionInDays",), example=90),
        ]
    ]
    """How long log lines are kept, in days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 or more years."""

    kms_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN, lands=(f"{LOG_GROUP}.kmsKeyId",), example="arn:aws:kms:us-west-2:123456789012:key/logs"
            ),
        ]
    ]
    """KMS key that encrypts the log group; its policy must let CloudWatch Logs use it. AWS encrypts with a key of its own otherwise."""

    masked: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                at_least=1,
                at_most=100,
                lands=(f"{ADDED}{LOG_MASK}",),
                example=["EmailAddress", "CreditCardNumber"],
            ),
        ]
    ]
    """Kinds of personal data that CloudWatch masks wherever the log is read, by AWS's names, such as EmailAddress, CreditCardNumber or Ssn-US. Whoever
    may logs:Unmask reads them still. What was logged before stays as it is. None otherwise."""

    findings_group_arn: NotRequired[
        Annotated[
            Input[str],
            replace(LOG_GROUP_ARN, lands=(f"{LOG_MASK}.policyDocument",), example=LOG_GROUP_ARN.pattern_example),
        ]
    ]
    """An existing log group that is told how often which kind was found, without the data itself. None otherwise: CloudWatch counts them."""


class RepositoryOptions(TypedDict):
    """The image repository of the endpoint."""

    arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                REPOSITORY_ARN,
                lands=(
                    f"{ADDED}{REPOSITORY}",
                    f"{ADDED}aws:ecr/lifecyclePolicy:LifecyclePolicy",
                    f"{IMAGE}.tags[0]",
                    f"{IMAGE}.cacheFrom",
                    f"{IMAGE}.cacheTo",
                    f"{IMAGE}.registries[0].address",
                    f"{CONTAINER}.image",
                    f"{EXECUTION_POLICY}.policy",
                ),
                example=REPOSITORY_ARN.pattern_example,
            ),
        ]
    ]
    """An existing ECR repository, in place of one that is made. Images are pushed to it; nothing else of it is changed, and its own
    rules say what expires. Builds do without a cache in it, whose tag would have to move."""

    kms_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN,
                lands=(f"{REPOSITORY}.encryptionConfigurations",),
                example="arn:aws:kms:us-west-2:123456789012:key/images",
            ),
        ]
    ]
    """KMS key that encrypts the images. An edit replaces the repository. AWS encrypts with AES-256 otherwise."""


class RollbackOptions(TypedDict):
    """When a deployment is taken back, beside ECS's own count of failed tasks."""

    error_percent: NotRequired[
        Annotated[
            float,
            Option(
                default=5,
                at_least=0.1,
                at_most=100,
                lands=(f"{ALARM}.threshold", DASHBOARD_BODY, RULES, GRAPHS_OF_GRAFANA),
                example=2,
            ),
        ]
    ]
    """Share of requests answered with 5xx, in percent over two minutes, that rolls a deployment back."""


rule(LogOptions, "retention_days")(retention_is_one_that_cloudwatch_knows)


@rule(LogOptions, "group_arn", "retention_days", "kms_key_arn", "masked")
def an_adopted_log_group_is_not_shaped(logs: Mapping[str, Any]) -> Iterable[Problem]:
    yield from _shaped(logs, "group_arn", ("retention_days", "kms_key_arn", "masked"), "an existing log group")


@rule(LogOptions, "masked", "findings_group_arn")
def what_is_masked_has_a_name(logs: Mapping[str, Any]) -> Iterable[Problem]:
    names = logs["masked"] or ()
    for index, name in enumerate(names):
        if name not in DATA_IDENTIFIERS:
            remedy = did_you_mean(name, sorted(DATA_IDENTIFIERS))
            yield Problem(f"masked[{index}]", "CloudWatch knows no such kind of data", remedy, name)
        elif name in names[:index]:
            yield Problem(f"masked[{index}]", "this stands here twice", "Remove it.", name)
    if logs["findings_group_arn"] is not None and not names:
        yield Problem("findings_group_arn", "nothing is looked for", "Write `masked`, or remove it.")


@rule(RepositoryOptions, "arn", "kms_key_arn")
def an_adopted_repository_is_not_shaped(repository: Mapping[str, Any]) -> Iterable[Problem]:
    yield from _shaped(repository, "arn", ("kms_key_arn",), "an existing repository")


def _shaped(options: Mapping[str, Any], adopted: str, keys: Iterable[str], what: str) -> Iterable[Problem]:
    for key in keys:
        if options[adopted] is not None and options[key] is not None:
            reason = f"{what} (`{adopted}`) has this already"
            yield Problem(key, reason, f"Remove it, or remove `{adopted}` to have one made.", options[key])

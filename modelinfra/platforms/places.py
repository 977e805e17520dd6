"""Whether what is handed in lies where the stack does: ARNs against the region, the partition and the account of a component's provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_aws as aws

from modelinfra.children import look_up_options
from modelinfra.options.edge_runtimes import ANYWHERE, GREENGRASS, KUBERNETES
from modelinfra.options.problems import Problem

_OF_CLUSTER = ("cluster_arn", "listener_arn")
_OF_EKS_CLUSTER = ("secrets_key_arn", "permissions_boundary", "kubeconfig_role_arn")
_OF_ENDPOINT = (
    "repository.arn",
    "repository.kms_key_arn",
    "logs.group_arn",
    "logs.kms_key_arn",
    "logs.findings_group_arn",
    "execution_role_arn",
    "task_role_arn",
    "permissions_boundary",
    "alarm_topic_arn",
    "queue.kms_key_arn",
    "capture.kms_key_arn",
    "exposure.certificate_arn",
    "exposure.auth.cognito.user_pool_arn",
    "exposure.auth.mutual_tls.trust_store_arn",
    "exposure.gateway.certificate_arn",
)
_OF_FLEET = (
    "repository.arn",
    "repository.kms_key_arn",
    "logs.group_arn",
    "logs.kms_key_arn",
    "logs.findings_group_arn",
    "cluster_arn",
    "permissions_boundary",
    "alarm_topic_arn",
)
_OF_NOTIFY = ("topic_arn", "kms_key_arn")

# Others may be shared from account to account: keys, repositories and topics by their policies, trust stores by AWS RAM.
_OF_ONE_ACCOUNT = {
    "cluster_arn": "services are made in clusters of their own account",
    "listener_arn": "rules are made on listeners of their own account",
    "logs.group_arn": "CloudWatch Logs takes lines from roles of its own account",
    "logs.findings_group_arn": "CloudWatch Logs tells what it finds in its own account",
    "execution_role_arn": "ECS starts tasks with roles of its own account",
    "task_role_arn": "ECS starts tasks with roles of its own account",
    "permissions_boundary": "roles have boundaries of their own account",
    "exposure.certificate_arn": "load balancers have certificates of their own account",
    "exposure.gateway.certificate_arn": "API gateways have certificates of their own account",
}
"""Path -> why it cannot be another account's."""


def misplaced_in_cluster(options: Any, opts: pulumi.ResourceOptions | None) -> Iterator[Problem]:
    """What a platform is handed that lies elsewhere, with paths relative to the platform."""
    return _misplaced(options, _OF_CLUSTER, opts)


def misplaced_in_eks_cluster(options: Any, opts: pulumi.ResourceOptions | None) -> Iterator[Problem]:
    """What a cluster on EKS is handed that lies elsewhere, with paths relative to the cluster."""
    return _misplaced(options, _OF_EKS_CLUSTER, opts)


def misplaced_in_endpoint(options: Any, opts: pulumi.ResourceOptions | None) -> Iterator[Problem]:
    """What an endpoint is handed that lies elsewhere, with paths relative to the endpoint."""
    return _misplaced(options, _OF_ENDPOINT, opts)


def misplaced_in_fleet(options: Any, opts: pulumi.ResourceOptions | None) -> Iterator[Problem]:
    """What a fleet is handed that lies elsewhere, with paths relative to the fleet."""
    return _misplaced(options, _OF_FLEET, opts)


def misplaced_in_notify(options: Any, opts: pulumi.ResourceOptions | None) -> Iterator[Problem]:
    """Where alarms are told that lies elsewhere, with paths relative to `notify`."""
    return _misplaced(options, _OF_NOTIFY, opts)


def devices_cannot_join(options: Any, opts: pulumi.ResourceOptions | None) -> Iterator[Problem]:
    """Whether devices have nothing to join where the stack lies (ECS developer guide, "External instances"). Relative to the fleet."""
    if options.runtime == KUBERNETES:
        return
    region = aws.get_region(opts=look_up_options(opts)).region
    if region and _partition(region) == "aws-cn":
        reason = {
            ANYWHERE: "devices outside of AWS cannot join clusters in China's regions",
            GREENGRASS: "the script that enrols devices knows neither the addresses nor the root certificate of China's regions",
        }[options.runtime]
        yield Problem("runtime", reason, "Let the stack lie in another region.", region)


def _misplaced(options: Any, paths: tuple[str, ...], opts: pulumi.ResourceOptions | None) -> Iterator[Problem]:
    """Outputs are not known yet, and taken as they are."""
    given = {path: arn for path in paths if isinstance(arn := _at(options, path), str)}
    if not given:
        return
    region = aws.get_region(opts=look_up_options(opts)).region
    if not region:  # under mocks that do not say
        return
    account = aws.get_caller_identity(opts=look_up_options(opts)).account_id
    for path, arn in given.items():
        _, partition, _, of, owner, *_ = arn.split(":")
        if partition != _partition(region):
            reason = (
                f"this is of the partition {partition}, and the stack is in {region}, which is of {_partition(region)}"
            )
        elif of not in ("", region):
            reason = f"this is in {of}, and the stack is in {region}"
        elif path in _OF_ONE_ACCOUNT and account and owner not in ("", "aws", account):
            reason = f"this is of the account {owner}, the stack is in {account}, and {_OF_ONE_ACCOUNT[path]}"
            yield Problem(path, reason, f"Name one of {account}, or remove it.", arn)
            continue
        else:
            continue
        yield Problem(path, reason, f"Name one in {region}, or remove it.", arn)


def _at(options: Any, path: str) -> Any:
    for key in path.split("."):
        options = getattr(options, key, None)
    return options


def _partition(region: str) -> str:
    """The partition of a region (AWS IAM user guide, "Identify AWS resources with ARNs")."""
    return next(
        (whole for start, whole in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")) if region.startswith(start)), "aws"
    )

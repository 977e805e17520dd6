"""What the replicas of an endpoint may read of AWS: its own models in S3, on a cluster on EKS, by EKS Pod Identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pulumi import Input, Output

from modelinfra.options.sources import Source
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.iam import document

if TYPE_CHECKING:
    from modelinfra.platforms.kubernetes.objects import Place


def with_access(platform: Place, request: EndpointRequest, account: Input[str]) -> Input[str]:
    """The service account, known when its pods may read the models; as it is where one is handed in, or no model is in S3."""
    sources = _in_s3(request)
    if (
        platform.eks is None
        or platform.account is not None
        or request.options.service_account is not None
        or not sources
    ):
        return account
    identity = platform.eks.give_role(
        request.name,
        namespace=platform.namespace,
        service_account=account,
        policy=platform.eks.arn.apply(lambda arn: reading(sources, arn.split(":")[1])),
    )
    # A pod that starts before the role is associated does not look again: what names the account waits for it.
    return Output.all(account, *(each.urn for each in identity.ready)).apply(lambda found: str(found[0]))


def reading(sources: Sequence[Source], partition: str) -> str:
    """A policy document of who reads these models: as on ECS the prefix above each, so that the next version needs no other right."""
    statements: list[dict[str, Any]] = []
    for bucket in sorted({each.bucket for each in sources}):
        prefixes = sorted({f"{each.parent}*" for each in sources if each.bucket == bucket})
        arn = f"arn:{partition}:s3:::{bucket}"
        statements += [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{arn}/{each}" for each in prefixes]},
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": arn,
                "Condition": {"StringLike": {"s3:prefix": prefixes}},
            },
        ]
    return document(*statements)


def _in_s3(request: EndpointRequest) -> list[Source]:
    every = (request, *request.revisions.values())
    return [remote.source for each in every for remote in each.served.fetched if remote.source.kind == "s3"]

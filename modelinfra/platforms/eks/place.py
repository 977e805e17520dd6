"""Where a cluster is: looked up once, with the component's own provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.iam import document

NODE_TRUST: Final = document(
    # Without a condition on the account: EC2 sends none when an instance takes its role (IAM user guide, confused deputy).
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
"""Who may take the role of nodes."""


@dataclass(frozen=True)
class Place:
    """Account, region and partition of a cluster that is made, and the name that it will have."""

    cluster_name: str
    account: Output[str]
    region: Output[str]
    partition: Output[str]

    @property
    def cluster_arn(self) -> Output[str]:
        """ARN of the cluster, known before it is made."""
        return Output.concat(
            "arn:", self.partition, ":eks:", self.region, ":", self.account, f":cluster/{self.cluster_name}"
        )


def look_up_place(children: Children, cluster_name: str) -> Place:
    """Ask the provider where it works."""
    return Place(
        cluster_name,
        aws.get_caller_identity_output(opts=children.invoke).account_id,
        aws.get_region_output(opts=children.invoke).region,
        aws.get_partition_output(opts=children.invoke).partition,
    )


def attach(
    children: Children, place: Place, suffix: str, role: aws.iam.Role, *policies: str
) -> list[aws.iam.RolePolicyAttachment]:
    """Give a role policies of AWS's own. policies: below `:aws:policy/`."""
    return [
        aws.iam.RolePolicyAttachment(
            children.named(f"{suffix}-{policy.rpartition('/')[2]}"),
            role=role.name,
            policy_arn=Output.concat("arn:", place.partition, f":iam::aws:policy/{policy}"),
            opts=children.opts("role-attachment"),
        )
        for policy in policies
    ]

"""What must be open for a machine to take its image and to write its log: HTTPS to AWS, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input

from modelinfra.children import Children
from modelinfra.platforms.base import NetworkReference

_HTTPS = 443


def ways_out(
    children: Children, network: NetworkReference, group_id: Input[str], *, of: str, role: str, wanted: str
) -> Iterator[pulumi.Resource]:
    """Egress rules of a security group. of: whose it is, in the rules' names. role: theirs as children. wanted: what is fetched from AWS."""
    https: dict[str, Any] = {"ip_protocol": "tcp", "from_port": _HTTPS, "to_port": _HTTPS}
    yield aws.vpc.SecurityGroupEgressRule(
        children.named(f"{of}-to-https"),
        security_group_id=group_id,
        cidr_ipv4="0.0.0.0/0" if network.internet else network.cidr,
        description=f"To AWS: {wanted}",
        **https,
        opts=children.opts(role),
    )
    if network.s3_prefix_list_id is not None:
        yield aws.vpc.SecurityGroupEgressRule(
            children.named(f"{of}-to-s3"),
            security_group_id=group_id,
            prefix_list_id=network.s3_prefix_list_id,
            description="To S3: image layers",
            **https,
            opts=children.opts(role),
        )

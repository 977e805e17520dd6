"""Checks of a VPC that is handed in; each mistake names both ways out: mend the VPC's part, or have a network made."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.base import NetworkReference

_OR_MADE = "or remove `vpc` to have a network made"


def adopted_reference(vpc: Any, look_up: pulumi.InvokeOptions) -> NetworkReference:
    """The network as platforms see it. Subnets given as plain text are looked up and checked; Outputs are taken as they are.

    Raises InvalidOptionsError when a subnet is of another VPC or of none, or when all are of one zone.
    """
    if isinstance(vpc.id, str) and all(isinstance(each, str) for each in vpc.private_subnet_ids):
        _check(vpc, look_up)
    cidr = vpc.cidr if vpc.cidr is not None else aws.ec2.get_vpc_output(id=vpc.id, opts=look_up).cidr_block
    return NetworkReference(
        vpc_id=vpc.id,
        cidr=Output.from_input(cidr),
        load_balancer_subnet_ids=list(vpc.private_subnet_ids),
        task_subnet_ids=list(vpc.private_subnet_ids),
    )


def _check(vpc: Any, look_up: pulumi.InvokeOptions) -> None:
    problems = []
    zones = set()
    for index, subnet_id in enumerate(vpc.private_subnet_ids):
        try:
            # Naming the VPC lets AWS itself say whether the subnet is in it.
            found = aws.ec2.get_subnet(id=subnet_id, vpc_id=vpc.id, opts=look_up)
            reason = f"this subnet is of {found.vpc_id}, not of {vpc.id}" if found.vpc_id != vpc.id else ""
            zones.add(found.availability_zone)
        except Exception as error:
            reason = f"AWS finds no such subnet in {vpc.id} ({_words(error)})"
        if reason:
            remedy = f"Name a private subnet of {vpc.id}, {_OR_MADE}."
            problems.append(Problem(f"vpc.private_subnet_ids[{index}]", reason, remedy, subnet_id))
    if len(zones) == 1:
        problems.append(
            Problem(
                "vpc.private_subnet_ids",
                f"all of these are in {', '.join(sorted(zones))}, and a load balancer needs two zones",
                f"Add a private subnet of another zone, {_OR_MADE}.",
                list(vpc.private_subnet_ids),
            )
        )
    if problems:
        raise InvalidOptionsError(problems)


def _words(error: Exception) -> str:
    """What AWS said, without the engine's words around it."""
    return str(error).splitlines()[0].rpartition("returned an error: ")[2]

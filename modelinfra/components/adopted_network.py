"""Checks of a VPC that is handed in; each mistake names both ways out: mend the VPC's part, or have a network made."""

from __future__ import annotations

from collections.abc import Iterator
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
    problems = [
        problem
        for key, kind in (("private_subnet_ids", "private"), ("public_subnet_ids", "public"))
        for problem in _problems(vpc, key, kind, look_up)
    ]
    if problems:
        raise InvalidOptionsError(problems)
    cidr = vpc.cidr if vpc.cidr is not None else aws.ec2.get_vpc_output(id=vpc.id, opts=look_up).cidr_block
    return NetworkReference(
        vpc_id=vpc.id,
        cidr=Output.from_input(cidr),
        load_balancer_subnet_ids=list(vpc.private_subnet_ids),
        task_subnet_ids=list(vpc.private_subnet_ids),
        public_subnet_ids=list(vpc.public_subnet_ids or ()),
    )


def _problems(vpc: Any, key: str, kind: str, look_up: pulumi.InvokeOptions) -> Iterator[Problem]:
    """What is wrong with subnets that are known by now. kind: private or public."""
    given = getattr(vpc, key) or ()
    if not isinstance(vpc.id, str) or not all(isinstance(each, str) for each in given):
        return
    zones = set()
    for index, subnet_id in enumerate(given):
        try:
            # Naming the VPC lets AWS itself say whether the subnet is in it.
            found = aws.ec2.get_subnet(id=subnet_id, vpc_id=vpc.id, opts=look_up)
            reason = f"this subnet is of {found.vpc_id}, not of {vpc.id}" if found.vpc_id != vpc.id else ""
            zones.add(found.availability_zone)
        except Exception as error:
            reason = f"AWS finds no such subnet in {vpc.id} ({_words(error)})"
        if reason:
            remedy = f"Name a {kind} subnet of {vpc.id}, {_OR_MADE}."
            yield Problem(f"vpc.{key}[{index}]", reason, remedy, subnet_id)
    if len(zones) == 1:
        reason = f"all of these are in {', '.join(sorted(zones))}, and a load balancer needs two zones"
        yield Problem(f"vpc.{key}", reason, f"Add a {kind} subnet of another zone, {_OR_MADE}.", list(given))


def _words(error: Exception) -> str:
    """What AWS said, without the engine's words around it."""
    return str(error).splitlines()[0].rpartition("returned an error: ")[2]

"""A network that was found to work: everything that must be looked up is looked up, nothing is registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from modelinfra.catalog.child_roles import NETWORK_ROLES
from modelinfra.children import look_up_options, transform_problems
from modelinfra.components.adopted_network import adopted_reference
from modelinfra.components.zones import zone_names
from modelinfra.options.network import DEFAULT_CIDR
from modelinfra.options.problems import InvalidOptionsError
from modelinfra.platforms.base import NetworkReference

DEFAULT_ZONES = 2


@dataclass(frozen=True)
class NetworkPlan:
    """What a `ServingNetwork` registers. `adopted` stands for an existing VPC; else `zones` are the zones of a new one."""

    options: Any
    adopted: NetworkReference | None
    zones: Sequence[str]

    @property
    def outline(self) -> NetworkReference:
        """The network as platforms will see it, before it is made: how many subnets there are, and what they reach; ids are empty."""
        if self.adopted is not None:
            return self.adopted
        subnets = [""] * len(self.zones)
        return NetworkReference(
            vpc_id="",
            cidr=self.options.cidr or DEFAULT_CIDR,
            secondary_cidr=self.options.secondary_cidr,
            load_balancer_subnet_ids=subnets,
            task_subnet_ids=subnets,
            internet=self.options.nat != "none",
        )


def plan_network(options: Any, opts: pulumi.ResourceOptions | None) -> NetworkPlan:
    """Look up zones, or check the existing VPC, with the provider that a component with `opts` has.

    Raises InvalidOptionsError with paths relative to the network.
    """
    problems = transform_problems(options, NETWORK_ROLES)
    if problems:
        raise InvalidOptionsError(problems)
    look_up = look_up_options(opts)
    if options.vpc is not None:
        return NetworkPlan(options, adopted_reference(options.vpc, look_up), ())
    return NetworkPlan(options, None, zone_names(options.zones or DEFAULT_ZONES, look_up))

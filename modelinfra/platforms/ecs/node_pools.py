"""Node pools before anything is registered: their instance types, their machine image, and the replicas that they have room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi_aws as aws
from pulumi import InvokeOptions

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.child_roles import NODE_POOL_ROLES
from modelinfra.catalog.gpu_nodes import ami_parameter, left_for_tasks
from modelinfra.catalog.instance_types import InstanceType
from modelinfra.children import transform_problems
from modelinfra.options.gpu_node_pool import GpuNodePoolOptions, types_of
from modelinfra.options.names import MAX_NAME, name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem


@dataclass
class PlannedPool:
    """A pool that was found to work. promised: endpoint -> how many nodes its most replicas take. relying: endpoints that are registered
    already and count on the room for one node more.
    """

    name: str
    options: Any
    types: tuple[InstanceType, ...]
    promised: dict[str, int] = field(default_factory=dict)
    relying: set[str] = field(default_factory=set)

    @property
    def accelerator(self) -> Accelerator:
        """What each node has."""
        found = accelerator(self.options.accelerator.name)
        assert found is not None, "the options' rules know the names"
        return found

    @property
    def per_node(self) -> int:
        """How many of it."""
        count: int = self.options.accelerator.count
        return count

    @property
    def room(self) -> tuple[int, int]:
        """CPU units and MiB that tasks have on every node, whichever type it is of."""
        return left_for_tasks(self.types)

    def free(self, but_for: str = "") -> int:
        """Nodes, of the most that there may be, that no endpoint has been promised. but_for: an endpoint that does not count."""
        most: int = self.options.max_nodes
        return most - sum(nodes for name, nodes in self.promised.items() if name != but_for)


def plan_pools(pools: Mapping[str, Any]) -> dict[str, PlannedPool]:
    """Validated pools of one cluster, by name."""
    return {name: PlannedPool(name, options, types_of(options)) for name, options in pools.items()}


def check_pools(pools: Mapping[str, Any], cluster: Any) -> Iterator[Problem]:
    """What is wrong with validated pools on the cluster of these options, with paths from `gpu_node_pools` on."""
    for name, pool in pools.items():
        if cluster is not None and not hasattr(cluster, "cluster_arn"):
            reason = "nodes are added to clusters of ECS only; those of a Kubernetes cluster are its own"
            remedy = "Remove it, and say with `accelerators` of the platform which nodes replicas take."
            yield Problem(f"gpu_node_pools.{name}", reason, remedy)
            continue
        if cluster is not None and cluster.cluster_arn is not None:
            reason = "the cluster is handed in (`cluster_arn`), and the list of its capacity providers is its owner's"
            yield Problem(
                f"gpu_node_pools.{name}", reason, "Remove it, or remove `cluster_arn` to have a cluster made."
            )
        for problem in transform_problems(pool, NODE_POOL_ROLES):
            yield problem.below(f"gpu_node_pools.{name}")


def read_pools(given: Any) -> tuple[dict[str, Any], list[Problem]]:
    """Pools that a Python program hands to a cluster: those that are right, and what is wrong with the others."""
    # Imported here so that pydantic loads with the first component, not with the package.
    from modelinfra.options.strict import validate

    found: dict[str, Any] = {}
    if not isinstance(given or {}, Mapping):
        problem = Problem("gpu_node_pools", "a mapping is expected here", "Write names and options.", given)
        return found, [problem]
    problems: list[Problem] = []
    for name, pool in (given or {}).items():
        where = f"gpu_node_pools.{name}"
        problems += [replace(each, path=where, given=name) for each in name_problems(str(name), most=MAX_NAME)]
        if not isinstance(pool, Mapping):
            problems.append(Problem(where, "a mapping is expected here", "Write keys and values below it.", pool))
            continue
        try:
            found[name] = validate(GpuNodePoolOptions, pool, path=where)
        except InvalidOptionsError as error:
            problems += error.problems
    return found, problems


def look_up_images(pools: Mapping[str, PlannedPool], opts: InvokeOptions) -> dict[str, str]:
    """Pool -> machine image of its nodes: the one that it names, or the newest that ECS publishes in the region.

    Raises InvalidOptionsError, with paths from `gpu_node_pools` on, for accelerators without an image in the region: a launch template
    with another one would start nodes that never join.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    asked: dict[str, str] = {}
    for name, pool in pools.items():
        if pool.options.ami_id is not None:
            found[name] = pool.options.ami_id
            continue
        parameter = ami_parameter(pool.types[0])
        assert parameter is not None, "the options' rules ask for an image"
        try:
            if parameter not in asked:
                answer = aws.ssm.get_parameter(name=parameter, opts=opts)
                # The parameter is public: marked as a secret it would hide what a preview should show.
                asked[parameter] = answer.insecure_value or answer.value
            found[name] = asked[parameter]
        except Exception as error:
            reason = f"the region has no machine image of ECS for it: SSM has no {parameter} ({error})"
            remedy = "Deploy to another region, or name a machine image of your own under `ami_id`."
            where = f"gpu_node_pools.{name}.accelerator.name"
            problems.append(Problem(where, reason, remedy, pool.accelerator.name))
    if problems:
        raise InvalidOptionsError(problems)
    return found

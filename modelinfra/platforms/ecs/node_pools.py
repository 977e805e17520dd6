"""Node pools before anything is registered: their instance types, their machine image, and the replicas that they have room for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi_aws as aws
from pulumi import InvokeOptions

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.child_roles import NODE_POOL_ROLES
from modelinfra.catalog.gpu_nodes import RESERVED_SHARE, ami_parameter, left_for_tasks
from modelinfra.catalog.instance_types import InstanceType
from modelinfra.children import transform_problems
from modelinfra.options.gpu_node_pool import GpuNodePoolOptions, types_of
from modelinfra.options.managed_instances import MANAGED
from modelinfra.options.names import MAX_NAME, name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.ecs.gpu_exporter import ROOM, unreachable


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
        cpu, memory = left_for_tasks(self.types)
        if self.managed:
            return math.floor(cpu * (1 - RESERVED_SHARE)), memory
        taken = ROOM if self.options.gpu_metrics is not None else (0, 0)
        return cpu - taken[0], memory - taken[1]

    @property
    def managed(self) -> bool:
        """Whether ECS starts the nodes itself: as many as it takes."""
        found: bool = self.options.capacity == MANAGED
        return found

    def free(self, but_for: str = "") -> int | None:
        """Nodes, of the most that there may be, that no endpoint has been promised; None where nothing limits them. but_for: an endpoint
        that does not count."""
        if self.managed:
            return None
        most: int = self.options.max_nodes
        return most - sum(nodes for name, nodes in self.promised.items() if name != but_for)

    def spare(self, name: str, per_node: int, most: int) -> bool:
        """Whether there is room for one replica more than the most of an endpoint: on the nodes that it is promised, or on one that nobody is.

        Known when every endpoint that is planned together has been promised its nodes. per_node: replicas that a node has room for.
        """
        free = self.free()
        return free is None or free > 0 or most < self.promised[name] * per_node


def plan_pools(pools: Mapping[str, Any]) -> dict[str, PlannedPool]:
    """Validated pools of one cluster, by name."""
    return {name: PlannedPool(name, options, types_of(options)) for name, options in pools.items()}


def check_pools(pools: Mapping[str, Any], cluster: Any, *, internet: bool) -> Iterator[Problem]:
    """What is wrong with validated pools on the cluster of these options, with paths from `gpu_node_pools` on. internet: whether nodes
    reach it."""
    for name, pool in pools.items():
        for key, reason in _ON_EKS.items():
            if getattr(pool, key):
                yield Problem(
                    f"gpu_node_pools.{name}.{key}", reason, "Remove it, or have the pool in a cluster on EKS."
                )
        for problem in (*_imageless(pool), *_unseen(pool, cluster, internet=internet)):
            yield problem.below(f"gpu_node_pools.{name}")
        if cluster is not None and cluster.cluster_arn is not None:
            reason = "the cluster is handed in (`cluster_arn`), and the list of its capacity providers is its owner's"
            yield Problem(
                f"gpu_node_pools.{name}", reason, "Remove it, or remove `cluster_arn` to have a cluster made."
            )
        for problem in transform_problems(pool, NODE_POOL_ROLES):
            yield problem.below(f"gpu_node_pools.{name}")


_BUILT_THERE = "this is built for clusters on EKS alone"
_ON_EKS: Mapping[str, str] = {
    "sharing": "a task of ECS has whole GPUs; the device plugin of Kubernetes divides them",
    "machine_image": "nodes of ECS start with the image that ECS publishes, Amazon Linux 2023",
    "reservation": f"{_BUILT_THERE}; an open reservation is taken by nodes on demand anyway",
    "efa": f"{_BUILT_THERE}, and no server is run over several nodes on ECS",
    "instance_store": _BUILT_THERE,
    "parallel_pull": f"{_BUILT_THERE}: Docker, which ECS runs, has no such way to fetch",
    "image_snapshot_id": f"{_BUILT_THERE}; images that a node is to have stand in a machine image of your own (`ami_id`)",
}
"""What pools say of nodes on EKS -> why it is refused on ECS."""


def _imageless(pool: Any) -> Iterator[Problem]:
    """Why no node would start: a pool's image is looked up, and there is none to look up."""
    types = types_of(pool)
    if pool.ami_id is None and pool.capacity != MANAGED and types and ami_parameter(types[0]) is None:
        reason = f"ECS publishes no machine image with its driver for {types[0].architecture}"
        remedy = "Name one of your own under `ami_id`, or take another accelerator."
        yield Problem("accelerator.name", reason, remedy, pool.accelerator.name)


def _unseen(pool: Any, cluster: Any, *, internet: bool) -> Iterator[Problem]:
    """Why there would be no metrics of a pool's GPUs."""
    if pool.gpu_metrics is None:
        return
    if pool.capacity != MANAGED:
        yield from unreachable(pool.gpu_metrics, internet=internet)
    elif cluster is not None and cluster.container_insights != "enhanced":
        reason = f"with `capacity`: {MANAGED} they come with Container Insights, which the platform has not `enhanced`"
        yield Problem("gpu_metrics", reason, "Write `container_insights`: enhanced at the platform, or remove it.")


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
    """Pool -> machine image of its nodes: the one that it names, or the newest that ECS publishes in the region. Managed instances have
    AWS's own.

    Raises InvalidOptionsError, with paths from `gpu_node_pools` on, for accelerators without an image in the region: a launch template
    with another one would start nodes that never join.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    asked: dict[str, str] = {}
    for name, pool in pools.items():
        if pool.managed:
            continue
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

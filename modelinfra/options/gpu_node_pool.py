"""What a user can say about capacity with accelerators: a pool of nodes, and what an endpoint needs of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.accelerators import ACCELERATORS, accelerator
from modelinfra.catalog.child_roles import NODE_POOL_ROLES
from modelinfra.catalog.gpu_nodes import affordable, counts
from modelinfra.catalog.instance_types import InstanceType, instance_type
from modelinfra.catalog.managed_instances import is_offered
from modelinfra.options.adjustments import BoundedOptions, TaggedOptions, TransformedOptions, transforms_name
from modelinfra.options.declare import Option, rule
from modelinfra.options.eks_gpu_nodes import EksGpuNodesOptions, images_do_what_is_asked
from modelinfra.options.gpu_metrics import GPU_METRICS, GpuMetricsOptions, dcgm_knows_the_accelerator
from modelinfra.options.gpu_sharing import the_accelerator_can_be_shared
from modelinfra.options.landing import (
    ADDED,
    ATTACHMENT,
    CONTAINER,
    LAUNCH_TEMPLATE,
    NODE_GROUP,
    NODE_PROVIDER,
    SERVICE,
    TAGS,
    TASK,
)
from modelinfra.options.managed_instances import (
    MANAGED,
    a_group_has_a_limit,
    ecs_chooses_for_managed_instances,
    managed_instances_have_it,
    transforms_find_what_the_capacity_makes,
)
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.options.quantities import Bytes
from modelinfra.options.tenants import OWNER

_TYPES = (f"{NODE_GROUP}.mixedInstancesPolicy", f"{LAUNCH_TEMPLATE}.instanceType")
_GIB = 2**30


class NodeAcceleratorOptions(TypedDict):
    """The accelerators of each node of a pool."""

    name: Annotated[str, Option(lands=_TYPES, example="L4")]
    """What EC2 calls it, for example A10G, L4, H100 or Inferentia2."""

    count: NotRequired[Annotated[int, Option(default=1, at_least=1, at_most=16, lands=_TYPES, example=4)]]
    """How many each node has; there are instance types for some numbers only, usually 1, 4 and 8."""


class AcceleratorOptions(TypedDict):
    """The accelerators of each replica."""

    name: Annotated[
        str,
        Option(lands=(f"{SERVICE}.capacityProviderStrategies",), example="L4"),
    ]
    """What EC2 calls it, for example A10G, L4, H100 or Inferentia2; a pool of the platform must have it."""

    count: NotRequired[
        Annotated[
            int,
            Option(
                default=1,
                at_least=1,
                at_most=16,
                lands=(f"{CONTAINER}.resourceRequirements", f"{TASK}.cpu", f"{TASK}.memory"),
                example=2,
            ),
        ]
    ]
    """How many of a node's accelerators each replica has to itself."""


class GpuNodePoolOptions(TaggedOptions, BoundedOptions, TransformedOptions, EksGpuNodesOptions):
    """Nodes with accelerators that endpoints of one platform run on; there are as many as their replicas need."""

    tags: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(lands=(TAGS, "aws:*.tagSpecifications"), example={"team": "forecasting"}),
        ]
    ]
    """Tags of every AWS resource that is made and that takes tags, the nodes and their disks among them: name -> value. None otherwise
    but those that AWS reads."""

    accelerator: Annotated[NodeAcceleratorOptions, Option()]
    """What each node has."""

    capacity: NotRequired[
        Annotated[
            Literal["auto-scaling-group", "managed-instances"],
            Option(
                default="auto-scaling-group",
                lands=(
                    f"{ADDED}{NODE_GROUP}",
                    f"{ADDED}{LAUNCH_TEMPLATE}",
                    f"{ADDED}{NODE_PROVIDER}",
                    f"{ADDED}{ATTACHMENT}",
                ),
                example="managed-instances",
            ),
        ]
    ]
    """Who starts nodes and ends them: an EC2 Auto Scaling group of the pool, or ECS itself (ECS Managed Instances), which also replaces
    each node every two to three weeks to renew its software."""

    max_nodes: NotRequired[
        Annotated[
            int,
            Option(
                default_text="required with an auto scaling group; with managed instances there is no limit to state",
                at_least=1,
                at_most=1000,
                lands=(f"{NODE_GROUP}.maxSize",),
                example=6,
            ),
        ]
    ]
    """Most nodes. There is no default: nodes with accelerators are dear, and a pool without a limit buys as many as a mistake asks for."""

    min_nodes: NotRequired[
        Annotated[int, Option(default=0, at_least=0, at_most=1000, lands=(f"{NODE_GROUP}.minSize",), example=1)]
    ]
    """Fewest nodes. With 0 an idle pool costs nothing, and the first replica waits for a node to start."""

    spot: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                lands=(f"{NODE_GROUP}.mixedInstancesPolicy.instancesDistribution",),
                example=True,
            ),
        ]
    ]
    """Take spare capacity: cheaper, and taken away with two minutes' notice, in which replicas move."""

    on_demand_base: NotRequired[
        Annotated[
            int,
            Option(
                default_text="0",
                at_least=1,
                at_most=1000,
                lands=(f"{NODE_GROUP}.mixedInstancesPolicy.instancesDistribution.onDemandBaseCapacity",),
                example=1,
            ),
        ]
    ]
    """How many nodes are on demand before `spot` begins."""

    instance_types: NotRequired[
        Annotated[Sequence[str], Option(default_text="those with the accelerator that cost up to twice the cheapest", lands=_TYPES, example=["g5.2xlarge"])]
    ]  # fmt: skip
    """Instance types to take instead, the preferred one first. All must have the accelerator, `count` times."""

    warm_nodes: NotRequired[
        Annotated[
            int,
            Option(
                at_least=1,
                at_most=100,
                lands=(
                    f"{NODE_GROUP}.warmPool",
                    f"{NODE_GROUP}.mixedInstancesPolicy",
                    f"{NODE_GROUP}.launchTemplate",
                    f"{NODE_GROUP}.forceDeleteWarmPool",
                    f"{LAUNCH_TEMPLATE}.userData",
                ),
                example=1,
            ),
        ]
    ]
    """How many stopped nodes are kept at hand, which start in place of new ones and are paid for by their disks alone. AWS does so for
    one instance type on demand, the first one. None otherwise."""

    disk: NotRequired[
        Annotated[
            Bytes,
            Option(
                default="200GiB",
                # The image's own snapshot (aws/amazon-ecs-ami, block_device_size_gb) and gp3's limit (EBS user guide).
                at_least=30 * _GIB,
                at_most=16384 * _GIB,
                lands=(f"{LAUNCH_TEMPLATE}.blockDeviceMappings",),
                example="500GiB",
            ),
        ]
    ]
    """Disk of each node, gp3 and encrypted: images, and models that replicas fetch, lie on it."""

    ami_id: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the newest that ECS publishes for the accelerator, looked up at each preview",
                pattern=r"ami-[0-9a-f]{8,17}",
                pattern_text="the id of a machine image",
                pattern_example="ami-0123456789abcdef0",
                lands=(f"{LAUNCH_TEMPLATE}.imageId",),
                example="ami-0fedcba9876543210",
            ),
        ]
    ]
    """Machine image of new nodes, with the ECS agent and the accelerator's driver. A node that runs keeps the one that it started with."""

    gpu_metrics: NotRequired[Annotated[GpuMetricsOptions, GPU_METRICS]]
    """Metrics of the GPUs, in CloudWatch and on the dashboards of the endpoints that run there. None otherwise."""


class PlacedGpuNodePoolOptions(GpuNodePoolOptions):
    """Nodes with accelerators, and the platform whose endpoints run on them."""

    platform: NotRequired[Annotated[str, Option(default_text="the only platform")]]
    """Name of the platform."""

    tenant: NotRequired[Annotated[str, replace(OWNER, lands=(TAGS, "aws:*.tagSpecifications"))]]
    """Name of the tenant whose endpoints alone run on the nodes. Left out, all endpoints may."""


rule(GpuNodePoolOptions, "transforms")(transforms_name(NODE_POOL_ROLES))
rule(GpuNodePoolOptions, "transforms", "capacity", "gpu_metrics")(transforms_find_what_the_capacity_makes)
rule(GpuNodePoolOptions, "capacity", "max_nodes")(a_group_has_a_limit)
rule(GpuNodePoolOptions, "capacity", "max_nodes", "min_nodes", "on_demand_base", "warm_nodes", "ami_id")(
    ecs_chooses_for_managed_instances
)
rule(GpuNodePoolOptions, "capacity", "accelerator", "instance_types")(managed_instances_have_it)
rule(GpuNodePoolOptions, "gpu_metrics", "accelerator", "capacity")(dcgm_knows_the_accelerator)
rule(GpuNodePoolOptions, "sharing", "accelerator")(the_accelerator_can_be_shared)
rule(
    GpuNodePoolOptions,
    "machine_image",
    "accelerator",
    "sharing",
    "image_snapshot_id",
    "instance_store",
    "parallel_pull",
    "reservation",
    "spot",
)(images_do_what_is_asked)


@rule(NodeAcceleratorOptions, "name", "count")
def there_are_instances_with_it(given: Mapping[str, Any]) -> Iterable[Problem]:
    found = accelerator(given["name"])
    if found is None:
        yield no_such_accelerator(given["name"])
    elif given["count"] not in counts(found):
        offered = ", ".join(map(str, counts(found)))
        reason = f"EC2 has no instance type with {given['count']} of {found.name}"
        yield Problem("count", reason, f"Write one of: {offered}.", given["count"])


@rule(AcceleratorOptions, "name")
def it_is_an_accelerator_of_ec2(given: Mapping[str, Any]) -> Iterable[Problem]:
    if accelerator(given["name"]) is None:
        yield no_such_accelerator(given["name"])


def no_such_accelerator(name: str) -> Problem:
    """What is said of a name that EC2 has no accelerator of, with the nearest ones that it has."""
    known = [each.name for each in ACCELERATORS]
    family = [each for each in known if each.casefold().startswith(name.casefold())] if name else []
    remedy = f"Write one of: {', '.join(family)}." if family else did_you_mean(name, known)
    return Problem("name", "EC2 has no accelerator of this name that the catalogue knows", remedy, name)


def types_of(pool: Any) -> tuple[InstanceType, ...]:
    """The instance types of a validated pool, the preferred one first; a warm pool has one."""
    wanted = accelerator(pool.accelerator.name)
    assert wanted is not None, "the rules know the names"
    named = tuple(found for each in pool.instance_types or () if (found := instance_type(each)) is not None)
    types = named or affordable(wanted, pool.accelerator.count)
    if pool.capacity == MANAGED:
        types = tuple(each for each in types if is_offered(each))
    return types[:1] if pool.warm_nodes else types


@rule(GpuNodePoolOptions, "accelerator", "instance_types")
def the_instance_types_have_the_accelerator(pool: Mapping[str, Any]) -> Iterable[Problem]:
    given, asked = pool["instance_types"], pool["accelerator"]
    if given is None:
        return
    if not given:
        yield Problem("instance_types", "there is none in the list", "Remove it, or name one.", given)
    wanted = accelerator(asked.name)
    fitting = [each.name for each in affordable(wanted, asked.count)] if wanted else []
    architectures = set()
    for index, name in enumerate(given):
        where, found = f"instance_types[{index}]", instance_type(name)
        if name in given[:index]:
            yield Problem(where, "this is named twice", "Remove it.", name)
        elif found is None:
            reason = "the catalogue knows no such instance type"
            yield Problem(where, reason, did_you_mean(name, fitting), name)
        elif found.accelerator != wanted or found.accelerators != asked.count:
            has = f"{found.accelerators} of {found.accelerator.name}" if found.accelerator else "no accelerator"
            reason = f"it has {has}, and `accelerator` asks for {asked.count} of {asked.name}"
            yield Problem(where, reason, f"Write for example {fitting[0]}." if fitting else "Remove it.", name)
        else:
            architectures.add(found.architecture)
    if len(architectures) > 1:
        reason = "these are of two processor architectures, and an image is built for one"
        yield Problem("instance_types", reason, "Keep those of one architecture.", given)


@rule(GpuNodePoolOptions, "min_nodes", "max_nodes")
def max_nodes_is_not_below_min_nodes(pool: Mapping[str, Any]) -> Iterable[Problem]:
    least, most = pool["min_nodes"], pool["max_nodes"]
    if most is not None and least > most:
        yield Problem("max_nodes", f"this is less than `min_nodes`, which is {least}", f"Write {least} or more.", most)


@rule(GpuNodePoolOptions, "spot", "on_demand_base", "max_nodes")
def a_base_stands_below_spot(pool: Mapping[str, Any]) -> Iterable[Problem]:
    base, most = pool["on_demand_base"], pool["max_nodes"]
    if base is not None and not pool["spot"]:
        yield Problem("on_demand_base", "without `spot` every node is on demand", "Remove it, or write `spot`.", base)
    elif base is not None and most is not None and base >= most:
        reason = f"no node would be spare capacity: `max_nodes` is {pool['max_nodes']}"
        yield Problem("on_demand_base", reason, "Write a smaller number, or remove it and `spot`.", base)


@rule(GpuNodePoolOptions, "spot", "warm_nodes", "max_nodes")
def a_warm_pool_is_on_demand(pool: Mapping[str, Any]) -> Iterable[Problem]:
    warm = pool["warm_nodes"]
    if warm is not None and pool["spot"]:
        # Auto Scaling API, PutWarmPool.
        yield Problem("warm_nodes", "AWS keeps no spare capacity stopped", "Remove it, or remove `spot`.", warm)
    if warm is not None and pool["max_nodes"] is not None and warm > pool["max_nodes"]:
        yield Problem(
            "warm_nodes",
            f"this is more than `max_nodes`, which is {pool['max_nodes']}",
            "Write a smaller number.",
            warm,
        )


def pool_problems(given: Mapping[str, Any], platforms: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong between pools and platforms; `given`: the environment as the user wrote it, well-formed or not."""
    pools = given.get("gpu_node_pools", given.get("gpuNodePools"))
    for name, pool in (pools if isinstance(pools, Mapping) else {}).items():
        where = f"gpu_node_pools.{name}" if "gpu_node_pools" in given else f"gpuNodePools.{name}"
        platform = pool.get("platform") if isinstance(pool, Mapping) else None
        if platform is None and len(platforms) > 1:
            remedy = f"Write one of: {', '.join(sorted(platforms))}."
            yield Problem(f"{where}.platform", "there are several platforms", remedy)
        elif isinstance(platform, str) and platform not in platforms:
            remedy = did_you_mean(platform, list(platforms))
            yield Problem(f"{where}.platform", "there is no such platform", remedy, platform)

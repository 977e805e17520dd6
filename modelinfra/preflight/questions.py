"""What is to be asked of AWS before an environment's pools are made: quotas, zones, machine images, reservations. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from modelinfra.catalog.accelerators import accelerator
from modelinfra.catalog.eks_gpu_images import gpu_image
from modelinfra.catalog.gpu_nodes import ami_parameter
from modelinfra.catalog.instance_types import InstanceType
from modelinfra.catalog.quotas import Quota, quota_of_instance
from modelinfra.options.eks_gpu_nodes import BOTTLEROCKET, image_of
from modelinfra.options.gpu_node_pool import types_of
from modelinfra.options.managed_instances import MANAGED

Market = Literal["on demand", "spot"]


@dataclass(frozen=True)
class PoolAsked:
    """A pool. most: nodes, None where nothing limits them. markets: market -> how many nodes it may take at the most. image: public parameter of
    SSM with its machine image, None where AWS chooses or the user names one."""

    name: str
    types: tuple[InstanceType, ...]
    most: int | None
    markets: dict[Market, int | None]
    image: str | None
    reservations: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """One question. action: the permission that it takes. asked: in words, for people."""

    kind: Literal["quota", "zones", "image", "reservation"]
    action: str
    asked: str
    pools: tuple[str, ...]
    quota: Quota | None = None
    needed: int | None = None
    types: tuple[str, ...] = ()
    name: str = ""


def pools_of(options: Any) -> list[PoolAsked]:
    """The pools of an environment's validated options."""
    only = next(iter(options.platforms), "")
    return [
        _pool(name, pool, options.platforms[pool.platform or only]) for name, pool in options.gpu_node_pools.items()
    ]


def questions(pools: list[PoolAsked]) -> list[Question]:
    """What is to be asked of these pools, each question once."""
    return [*_quotas(pools), *_zones(pools), *_images(pools), *_reservations(pools)]


def _pool(name: str, pool: Any, platform: Any) -> PoolAsked:
    types = types_of(pool)
    eks = getattr(getattr(platform, "cluster", None), "eks", None)
    reservation = pool.reservation
    most: int | None = None if pool.capacity == MANAGED else pool.max_nodes
    return PoolAsked(
        name,
        types,
        most,
        _markets(pool, most, eks),
        _image(pool, types[0], eks),
        tuple(reservation.ids) if reservation is not None else (),
    )


def _markets(pool: Any, most: int | None, eks: Any) -> dict[Market, int | None]:
    """A Capacity Block is outside both quotas: it is bought (EC2 user guide, Capacity Blocks for ML)."""
    if pool.reservation is not None and pool.reservation.kind == "capacity-block":
        return {}
    if not pool.spot:
        return {"on demand": most}
    # Karpenter and Auto Mode take nodes on demand where there is no spare capacity.
    falls_back = eks is not None and eks.nodes != "managed"
    base: int | None = most if falls_back else pool.on_demand_base or 0
    found: dict[Market, int | None] = {"spot": most}
    if base != 0:
        found["on demand"] = base
    return found


def _image(pool: Any, type_: InstanceType, eks: Any) -> str | None:
    """Public parameters: ECS developer guide (catalog/gpu_nodes.py); EKS user guide, "Retrieve recommended AMI IDs" (facts serving.md 3a)."""
    if pool.ami_id is not None or pool.capacity == MANAGED:
        return None
    if eks is None:
        return ami_parameter(type_)
    found = accelerator(pool.accelerator.name)
    family = image_of(pool)
    if eks.nodes == "auto-mode" or found is None or gpu_image(family, found.vendor, type_.architecture) is None:
        return None
    if family == BOTTLEROCKET:
        return f"/aws/service/bottlerocket/aws-k8s-{eks.version}-nvidia/{type_.architecture}/latest/image_id"
    kind = "nvidia" if found.vendor == "NVIDIA" else "neuron"
    return f"/aws/service/eks/optimized-ami/{eks.version}/amazon-linux-2023/{type_.architecture}/{kind}/recommended/image_id"


def _quotas(pools: list[PoolAsked]) -> Iterator[Question]:
    """vCPU of the largest type times the most nodes, of every pool that counts against the same quota."""
    needed: dict[Quota, tuple[int, bool, list[str]]] = {}
    for pool in pools:
        for market, nodes in pool.markets.items():
            for quota in {quota_of_instance(each.name, spot=market == "spot") for each in pool.types} - {None}:
                assert quota is not None
                vcpus = max(
                    each.vcpus for each in pool.types if quota_of_instance(each.name, spot=market == "spot") == quota
                )
                before, endless, names = needed.get(quota, (0, False, []))
                needed[quota] = (before + vcpus * (nodes or 0), endless or nodes is None, [*names, pool.name])
    for quota, (vcpus, endless, names) in sorted(needed.items(), key=lambda item: item[0].code):
        many = f"{vcpus} or more" if endless else str(vcpus)
        yield Question(
            "quota",
            "servicequotas:GetServiceQuota and GetAWSDefaultServiceQuota",
            f"whether {quota.code} ({quota.name}) allows {many} {quota.unit}",
            tuple(names),
            quota=quota,
            needed=vcpus,
        )


def _zones(pools: list[PoolAsked]) -> Iterator[Question]:
    for pool in pools:
        types = tuple(each.name for each in pool.types)
        asked = f"in which zones there is {' or '.join(types)}"
        yield Question("zones", "ec2:DescribeInstanceTypeOfferings", asked, (pool.name,), types=types)


def _images(pools: list[PoolAsked]) -> Iterator[Question]:
    by_name: dict[str, list[str]] = {}
    for pool in pools:
        if pool.image is not None:
            by_name.setdefault(pool.image, []).append(pool.name)
    for name, names in by_name.items():
        yield Question("image", "ssm:GetParameter", f"whether there is {name}", tuple(names), name=name)


def _reservations(pools: list[PoolAsked]) -> Iterator[Question]:
    for pool in pools:
        types = tuple(each.name for each in pool.types)
        for each in pool.reservations:
            asked = f"whether {each} is active and of {' or '.join(types)}"
            yield Question(
                "reservation", "ec2:DescribeCapacityReservations", asked, (pool.name,), types=types, name=each
            )

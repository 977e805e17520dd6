"""What a user can say of a pool of accelerated nodes where a cluster on EKS has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from modelinfra.catalog.accelerators import accelerator
from modelinfra.catalog.gpu_sharing import MIG
from modelinfra.options.declare import Option, rule
from modelinfra.options.gpu_sharing import SHARED_NODES, GpuSharingOptions
from modelinfra.options.landing import (
    ADDED,
    EKS_NODES,
    KARPENTER_NODE_CLASS,
    KARPENTER_NODE_POOL,
    LAUNCH_TEMPLATE,
    PLACEMENT_GROUP,
    RELEASE,
)
from modelinfra.options.problems import Problem

BOTTLEROCKET = "bottlerocket"
_CLASS = f"{KARPENTER_NODE_CLASS}.spec"
_POOL = f"{KARPENTER_NODE_POOL}.spec"

_RESERVATION = Option(
    pattern=r"cr-[0-9a-f]{8,17}",
    pattern_text="the id of a capacity reservation",
    pattern_example="cr-0123456789abcdef0",
)


class ReservationOptions(TypedDict):
    """Capacity that was reserved for the account, or bought for some days, before."""

    ids: Annotated[
        Sequence[Annotated[str, _RESERVATION]],
        Option(lands=(_CLASS, f"{LAUNCH_TEMPLATE}.capacityReservationSpecification"), example=["cr-0fedcba9876543210"]),
    ]
    """Ids of the reservations; they stand in the zones of the network's private subnets."""

    kind: NotRequired[
        Annotated[
            Literal["on-demand", "capacity-block"],
            Option(
                default="on-demand",
                lands=(
                    _POOL,
                    f"{EKS_NODES}.capacityType",
                    f"{EKS_NODES}.instanceTypes",
                    f"{LAUNCH_TEMPLATE}.instanceMarketOptions",
                    f"{LAUNCH_TEMPLATE}.instanceType",
                ),
                example="capacity-block",
            ),
        ]
    ]
    """An On-Demand Capacity Reservation, or a Capacity Block for ML, whose nodes end with it: EC2 begins 30 minutes before its end, Karpenter
    moves pods 10 minutes before that, and nobody takes their place."""


class EfaOptions(TypedDict):
    """Elastic Fabric Adapter between nodes that serve one model together: all of a pool stand in one placement group, and so in one zone."""

    subnet: NotRequired[
        Annotated[int, Option(default=0, at_least=0, at_most=15, lands=(_CLASS, f"{EKS_NODES}.subnetIds"), example=1)]
    ]
    """Which of the network's private subnets, and so which zone, counted from 0."""


class EksGpuNodesOptions(TypedDict):
    """What pools of a cluster on EKS say beside. ECS has no such thing, and says so."""

    machine_image: NotRequired[
        Annotated[
            Literal["bottlerocket", "al2023"],
            Option(
                default_text="bottlerocket for GPUs, al2023 for Neuron devices",
                lands=(
                    _CLASS,
                    _POOL,
                    f"{EKS_NODES}.amiType",
                    f"{EKS_NODES}.labels",
                    f"{LAUNCH_TEMPLATE}.blockDeviceMappings",
                    f"{ADDED}{RELEASE}",
                ),
                example="al2023",
            ),
        ]
    ]
    """Family of EKS's machine image on EKS. Bottlerocket's has NVIDIA's device plugin; with Amazon Linux 2023 the plugin is installed."""

    sharing: NotRequired[
        Annotated[GpuSharingOptions, Option(lands=SHARED_NODES, example={"way": "time-slicing", "replicas": 4})]
    ]
    """Several pods on each GPU; on EKS only. Each GPU has one pod otherwise."""

    reservation: NotRequired[
        Annotated[
            ReservationOptions,
            Option(
                lands=(
                    _CLASS,
                    _POOL,
                    f"{LAUNCH_TEMPLATE}.capacityReservationSpecification",
                    f"{EKS_NODES}.updateConfig",
                ),
                example={"ids": ["cr-0123456789abcdef0"]},
            ),
        ]
    ]
    """Capacity that is reserved already, which nodes take first; on EKS only. None otherwise."""

    efa: NotRequired[
        Annotated[
            EfaOptions,
            Option(
                lands=(
                    _CLASS,
                    _POOL,
                    f"{EKS_NODES}.labels",
                    f"{EKS_NODES}.subnetIds",
                    f"{LAUNCH_TEMPLATE}.networkInterfaces",
                    f"{LAUNCH_TEMPLATE}.placement",
                    f"{ADDED}{PLACEMENT_GROUP}",
                    f"{ADDED}{RELEASE}",
                ),
                example={},
            ),
        ]
    ]
    """Fast network between the nodes (EFA), for models over several of them; on EKS only. None otherwise."""

    instance_store: NotRequired[Annotated[bool, Option(default=False, lands=(_CLASS, f"{LAUNCH_TEMPLATE}.userData"), example=True)]]  # fmt: skip
    """Keep images and pods' files on the node's own NVMe disks, as one (RAID 0); on EKS only. They go with the node."""

    parallel_pull: NotRequired[Annotated[bool, Option(default=False, lands=(_CLASS, f"{LAUNCH_TEMPLATE}.userData", f"{LAUNCH_TEMPLATE}.blockDeviceMappings"), example=True)]]  # fmt: skip
    """Fetch and unpack layers of an image at once (SOCI snapshotter); on EKS only."""

    image_snapshot_id: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"snap-[0-9a-f]{8,17}",
                pattern_text="the id of an EBS snapshot",
                pattern_example="snap-0123456789abcdef0",
                lands=(_CLASS, f"{LAUNCH_TEMPLATE}.blockDeviceMappings"),
                example="snap-0fedcba9876543210",
            ),
        ]
    ]
    """Snapshot of a Bottlerocket data volume that holds images already, for the nodes' disks; on EKS only. None otherwise."""


@rule(ReservationOptions, "ids")
def a_reservation_is_named_once(reservation: Mapping[str, Any]) -> Iterable[Problem]:
    ids = reservation["ids"]
    if not ids:
        yield Problem("ids", "there is none in the list", "Remove `reservation`, or name one.", ids)
    for index, each in enumerate(ids):
        if each in ids[:index]:
            yield Problem(f"ids[{index}]", "this is named twice", "Remove it.", each)


def image_of(pool: Any) -> str:
    """Family of the machine image of a validated pool."""
    found = accelerator(pool.accelerator.name)
    neuron = found is not None and found.vendor != "NVIDIA"
    family: str = pool.machine_image or ("al2023" if neuron else BOTTLEROCKET)
    return family


def images_do_what_is_asked(pool: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over everything that a machine image must do, and over `spot` with `reservation`."""
    found = accelerator(pool["accelerator"].name)
    image, sharing, reservation = pool["machine_image"], pool["sharing"], pool["reservation"]
    if found is not None and found.vendor != "NVIDIA":
        for key, given in (("machine_image", image), ("image_snapshot_id", pool["image_snapshot_id"])):
            if given is not None and given != "al2023":
                reason = "nodes with Neuron devices start with Amazon Linux 2023 here, whose image has the driver"
                yield Problem(key, reason, "Remove it.", given)
    elif image == "al2023":
        if sharing is not None and sharing.way == MIG:
            reason = "nothing on Amazon Linux 2023 divides GPUs when a node starts, and Bottlerocket does"
            yield Problem("sharing.way", reason, "Remove `machine_image`.", sharing.way)
        if pool["image_snapshot_id"] is not None:
            reason = "Amazon Linux 2023 keeps images beside its system, on one disk; Bottlerocket has a disk for them"
            yield Problem("image_snapshot_id", reason, "Remove it, or remove `machine_image`.", pool["image_snapshot_id"])  # fmt: skip
    if pool["instance_store"] and pool["image_snapshot_id"] is not None:
        reason = "with `instance_store` images lie on the node's own disks, and what the snapshot holds is not seen"
        yield Problem("image_snapshot_id", reason, "Remove one of the two.", pool["image_snapshot_id"])
    elif pool["parallel_pull"] and pool["image_snapshot_id"] is not None:
        # Bottlerocket 1.44, settings.container-runtime.snapshotter: another snapshotter than before removes what there is.
        reason = "what fetches in parallel keeps images elsewhere, and removes those that the snapshot holds"
        yield Problem("image_snapshot_id", reason, "Remove one of the two.", pool["image_snapshot_id"])
    if reservation is not None and reservation.kind == "capacity-block" and pool["spot"]:
        yield Problem("spot", "nodes of a Capacity Block are paid for already", "Remove it.", True)

"""What a user can say about several pods on one GPU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from modelinfra.catalog.accelerators import accelerator
from modelinfra.catalog.gpu_sharing import MIG, MIG_PROFILES, REPLICAS
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    EKS_NODES,
    KARPENTER_NODE_CLASS,
    KARPENTER_NODE_POOL,
    KARPENTER_OVERLAY,
    LAUNCH_TEMPLATE,
    RELEASE,
)
from modelinfra.options.problems import Problem, did_you_mean

_SETTINGS = (f"{KARPENTER_NODE_CLASS}.spec", f"{LAUNCH_TEMPLATE}.userData")
SHARED_NODES = (
    *_SETTINGS,
    f"{KARPENTER_NODE_POOL}.spec",
    f"{ADDED}{KARPENTER_OVERLAY}",
    f"{RELEASE}.values",
    f"{EKS_NODES}.taints",
)
"""Where it lands with Karpenter, and with managed node groups."""


class GpuSharingOptions(TypedDict):
    """Several pods on each GPU. Time slicing and MPS keep neither memory nor faults of pods apart; MIG does."""

    way: Annotated[Literal["time-slicing", "mps", "mig"], Option(lands=_SETTINGS, example="mps")]
    """How: pods take turns (`time-slicing`), run at once with a share of memory each (`mps`), or have a slice of the hardware (`mig`)."""

    replicas: NotRequired[
        Annotated[int, Option(default_text="required with time-slicing and mps", at_least=REPLICAS[0], at_most=REPLICAS[1], lands=(*_SETTINGS, f"{KARPENTER_OVERLAY}.spec"), example=3)]
    ]  # fmt: skip
    """How many pods share each GPU. An endpoint's memory is reckoned with one of so many parts of the GPU's."""

    profile: NotRequired[Annotated[str, Option(default_text="required with mig", lands=_SETTINGS, example="2g.20gb")]]
    """Into which slices MIG divides each GPU, all alike, such as `1g.10gb` (NVIDIA's MIG user guide)."""


@rule(GpuSharingOptions, "way", "replicas", "profile")
def each_way_says_its_own_number(sharing: Mapping[str, Any]) -> Iterable[Problem]:
    way, replicas, profile = sharing["way"], sharing["replicas"], sharing["profile"]
    if way == MIG:
        if replicas is not None:
            yield Problem("replicas", "with `way`: mig the profile says how many slices there are", "Remove it.", replicas)  # fmt: skip
        if profile is None:
            yield Problem("profile", "this is required with `way`: mig", "Add it, for example 1g.10gb.")
    else:
        if profile is not None:
            yield Problem("profile", f"with `way`: {way} there are no slices", "Remove it, or write `way`: mig.", profile)  # fmt: skip
        if replicas is None:
            yield Problem("replicas", f"this is required with `way`: {way}", "Add it: how many pods share each GPU.")


def the_accelerator_can_be_shared(pool: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `sharing` and `accelerator`."""
    sharing, found = pool["sharing"], accelerator(pool["accelerator"].name)
    if sharing is None or found is None:
        return
    if found.vendor != "NVIDIA":
        reason = "the device plugin of Neuron gives whole devices, or cores of them"
        yield Problem("sharing", reason, "Remove it; a pod can ask for aws.amazon.com/neuroncore.", found.name)
    elif sharing.way == MIG:
        profiles = MIG_PROFILES.get(found.name)
        if profiles is None:
            remedy = f"Write time-slicing or mps, or one of these accelerators: {', '.join(MIG_PROFILES)}."
            yield Problem("sharing.way", f"{found.name} cannot be divided by MIG here", remedy, sharing.way)
        elif sharing.profile is not None and sharing.profile not in profiles:
            reason = f"{found.name} has no such profile"
            yield Problem("sharing.profile", reason, did_you_mean(sharing.profile, list(profiles)), sharing.profile)

"""What a user can say about the nodes of a Kubernetes cluster on EKS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.catalog.instance_types import instance_type
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import EKS_NODES, KARPENTER_NODE_CLASS, KARPENTER_NODE_POOL, LAUNCH_TEMPLATE, RELEASE
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes

DEFAULT_SYSTEM_TYPES = ("m6i.large", "m5.large")
"""Two processors and 8 GiB, in nearly every region."""

_GIB = 2**30


class EksSystemNodesOptions(TypedDict):
    """The nodes on which the cluster's own pods run: a managed node group."""

    count: NotRequired[
        Annotated[
            int,
            Option(
                default=2,
                at_least=2,
                at_most=50,
                lands=(f"{EKS_NODES}.scalingConfig", f"{EKS_NODES}.options.customTimeouts"),
                example=3,
            ),
        ]
    ]
    """How many. Nothing scales them: controllers need a place to stand while everything else comes and goes."""

    instance_types: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                default_text=", ".join(DEFAULT_SYSTEM_TYPES),
                lands=(f"{EKS_NODES}.instanceTypes", f"{EKS_NODES}.amiType"),
                example=["m7g.large"],
            ),
        ]
    ]
    """Their instance types, the preferred one first, all of one architecture. An edit makes a new group before the old one goes."""

    disk: NotRequired[
        Annotated[
            Bytes,
            Option(
                default="50GiB",
                at_least=20 * _GIB,
                at_most=16384 * _GIB,
                lands=(f"{LAUNCH_TEMPLATE}.blockDeviceMappings",),
                example="100GiB",
            ),
        ]
    ]
    """Disk of each, gp3 and encrypted."""

    release_version: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the newest when the nodes are made, and again when `version` changes",
                pattern=r"\d+\.\d+\.\d+-\d{8}",
                pattern_text="the release of an EKS machine image",
                pattern_example="1.34.2-20260114",
                lands=(f"{EKS_NODES}.releaseVersion",),
                example="1.34.2-20260114",
            ),
        ]
    ]
    """Release of EKS's machine image (Amazon Linux 2023). An edit replaces the nodes one by one, and so patches them."""


class EksKarpenterOptions(TypedDict):
    """Nodes that Karpenter starts for pods that find none, in the NodePool `general`."""

    max_cpu: NotRequired[
        Annotated[
            int, Option(default=200, at_least=2, at_most=10_000, lands=(f"{KARPENTER_NODE_POOL}.spec",), example=64)
        ]
    ]
    """Most processors of all its nodes together: what pods that ask for more cost has an end."""

    spot: NotRequired[Annotated[bool, Option(default=False, lands=(f"{KARPENTER_NODE_POOL}.spec",), example=True)]]
    """Also take spare capacity, where it is cheaper: it is taken away with two minutes' notice, in which Karpenter moves its pods."""

    ami_alias: NotRequired[
        Annotated[
            str,
            Option(
                default="al2023@latest",
                pattern=r"(al2023|bottlerocket)@(latest|v[0-9.]+)",
                pattern_text="a family and a release as Karpenter writes them",
                pattern_example="al2023@v20260810",
                lands=(f"{KARPENTER_NODE_CLASS}.spec",),
                example="al2023@v20260810",
            ),
        ]
    ]
    """Machine image of its nodes. With `latest` Karpenter replaces them, a tenth at a time, when AWS publishes a newer one."""

    disk: NotRequired[
        Annotated[
            Bytes,
            Option(
                default="100GiB",
                at_least=20 * _GIB,
                at_most=16384 * _GIB,
                lands=(f"{KARPENTER_NODE_CLASS}.spec",),
                example="200GiB",
            ),
        ]
    ]
    """Disk of each, gp3 and encrypted."""

    node_repair: NotRequired[Annotated[bool, Option(default=False, lands=(f"{RELEASE}.values",), example=True)]]
    """Let Karpenter replace nodes that are broken for good, such as those whose GPUs do not answer for ten minutes (EKS's monitoring agent
    tells). In alpha in Karpenter 1.14. Managed node groups and Auto Mode repair theirs anyway."""


@rule(EksSystemNodesOptions, "instance_types")
def system_nodes_are_of_one_architecture(nodes: Mapping[str, Any]) -> Iterable[Problem]:
    given = nodes["instance_types"]
    if given is None:
        return
    if not given:
        yield Problem("instance_types", "there is none in the list", "Remove it, or name one.", given)
    known = {each: instance_type(each) for each in given}
    for index, name in enumerate(given):
        where, found = f"instance_types[{index}]", known[name]
        if name in given[:index]:
            yield Problem(where, "this is named twice", "Remove it.", name)
        elif found is None:
            reason = "the catalogue does not know this instance type, and so not its architecture"
            yield Problem(where, reason, "Write for example m7i.large or m7g.large.", name)
        elif found.accelerator is not None:
            reason = f"it has {found.accelerator.name}: the cluster's own pods need none, and such nodes are dear"
            yield Problem(where, reason, "Write for example m7i.large.", name)
    if len({found.architecture for found in known.values() if found is not None}) > 1:
        reason = "one node group has one machine image, and these are of two architectures"
        yield Problem("instance_types", reason, "Name types of one architecture.", list(given))

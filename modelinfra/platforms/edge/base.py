"""What a runtime is asked for, and what it answers: `anywhere/`, `greengrass/`, `kubernetes/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi import Input, Output

from modelinfra import naming
from modelinfra.children import Children
from modelinfra.options.edge_runtimes import GREENGRASS, KUBERNETES
from modelinfra.platforms.edge.fallback import Door
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.signals import Watched

if TYPE_CHECKING:
    from modelinfra.platforms.kubernetes.platform import KubernetesPlatform


@dataclass(frozen=True)
class FleetRequest:
    """A planned fleet with its images. images: revision -> reference. repositories: the ARNs of where they lie, empty where that is not ECR.
    router_image, door: of a fleet with a fallback. platform: the cluster of Kubernetes whose nodes the devices are."""

    children: Children
    plan: FleetPlan
    images: Mapping[str, Input[str]]
    repositories: Sequence[Input[str]]
    router_image: Input[str] | None
    door: Door | None
    production: bool
    platform: KubernetesPlatform | None = None


@dataclass(frozen=True)
class FleetOutputs:
    """What `EdgeFleet` shows. shown: the names of its outputs that this runtime has -> values. enrollment: what `modelinfra fleet` reads of the
    deployed state beside what all runtimes say. signals: what CloudWatch sees of the fleet; None where it is told nothing."""

    shown: Mapping[str, Output[Any]]
    enrollment: Mapping[str, Any] = field(default_factory=dict)
    signals: Watched | None = None


def of_ring(children: Children, ring: str) -> Children:
    """The children of a ring: those of the fleet with its name in theirs."""
    return Children(children.component, naming.child(children.name, ring), children.adjustments)


def registrar(runtime: str) -> Callable[[FleetRequest], FleetOutputs]:
    """What registers a fleet of this runtime. Loaded only where it is used."""
    if runtime == KUBERNETES:
        from modelinfra.platforms.edge.kubernetes.fleet import register_fleet as on_kubernetes

        return on_kubernetes
    if runtime == GREENGRASS:
        from modelinfra.platforms.edge.greengrass.fleet import register_fleet as on_greengrass

        return on_greengrass
    from modelinfra.platforms.edge.anywhere.fleet import register_fleet as on_ecs

    return on_ecs

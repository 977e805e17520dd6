"""A ring: the nodes that get a revision together, who their pods are, and what they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.children import Children
from modelinfra.options.edge_runtimes import healthy_percent
from modelinfra.platforms.ecs.log_group import LogGroup
from modelinfra.platforms.edge.base import of_ring
from modelinfra.platforms.edge.fallback import Door
from modelinfra.platforms.edge.kubernetes.fit import shows_a_role
from modelinfra.platforms.edge.kubernetes.labels import of_pods
from modelinfra.platforms.edge.kubernetes.pod import Where, template
from modelinfra.platforms.edge.planner import FleetPlan, PlannedRing
from modelinfra.platforms.edge.router import known_later, may_write_samples, prefix, register_rights
from modelinfra.platforms.edge.telemetry import may_write_lines, told
from modelinfra.platforms.eks.pod_identity import associate, register_pod_role
from modelinfra.platforms.kubernetes.objects import Place, opts

_LONGEST: Final = 52
"""Of a DaemonSet's name: that of a pod has 63 characters with what the controller writes behind it."""

UNWATCHED: Final = {"pulumi.com/skipAwait": "true"}
"""Pulumi waits for no DaemonSet: devices may be offline for days."""


@dataclass(frozen=True)
class Shared:
    """What the rings of a fleet have in common. fleet: its full name. images: revision -> reference. after: what must be there before pods are.
    router, door, samples: of a fleet with a fallback. lines: where its routers tell how their devices are."""

    fleet: str
    place: Place
    images: Mapping[str, Input[str]]
    after: Sequence[pulumi.Resource]
    router: Input[str] | None
    door: Door | None
    samples: aws.s3.Bucket | None
    lines: LogGroup | None


@dataclass(frozen=True)
class Ring:
    """role: of its pods on EKS; None where they have none."""

    daemon_set: str
    account: str
    role: aws.iam.Role | None


def register_ring(children: Children, plan: FleetPlan, ring: PlannedRing, shared: Shared) -> Ring:
    """Register one ring. children: the fleet's; those of the ring have its name in theirs."""
    own = of_ring(children, ring.name)
    place, name = shared.place, naming.shortened(own.name, _LONGEST)
    account = kubernetes.core.v1.ServiceAccount(
        own.named("service-account"),
        metadata={"name": name, "namespace": place.namespace},
        automount_service_account_token=False,
        opts=opts(place, own, "service-account", shared.after),
    )
    role, identified = _role(own, plan, ring, name, shared)
    where = Where(shared.fleet, name, place.options)
    revision = plan.revisions[ring.revision]
    served = revision.served
    later: dict[str, Any] = {}
    if shared.door is not None:
        region = place.eks.arn.apply(lambda arn: arn.split(":")[3]) if place.eks is not None else Output.from_input("")
        later = known_later(shared.door.url, region, shared.samples, prefix(ring.name))
        later["telemetry"] = told(children, plan, ring.name, shared.lines)
    pods = Output.all(
        image=shared.images[ring.revision],
        environment={**served.server.environment, **(revision.options.environment or {})},
        secrets=revision.options.secrets or {},
        router=shared.router,
        **later,
    ).apply(lambda found: template(plan, ring, revision, where, found))
    spec: Any = {
        "selector": {"matchLabels": of_pods(shared.fleet, ring.name)},
        "template": pods,
        # Without surge: a second pod would want the ports of the first.
        "updateStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": f"{100 - healthy_percent(plan.options)}%"},
        },
    }
    kubernetes.apps.v1.DaemonSet(
        own.named("daemon-set"),
        metadata={"name": name, "namespace": place.namespace, "annotations": UNWATCHED},
        spec=spec,
        opts=opts(place, own, "daemon-set", [*shared.after, account, *identified]),
    )
    return Ring(name, name, role)


def _role(
    own: Children, plan: FleetPlan, ring: PlannedRing, account: str, shared: Shared
) -> tuple[aws.iam.Role | None, list[pulumi.Resource]]:
    """The role of a ring's pods on EKS, by Pod Identity; and what must be there before they start, since a pod that runs does not look again."""
    place, door = shared.place, shared.door
    if door is None or plan.fallback is None or not shows_a_role(plan.fallback):
        return None, []
    assert place.eks is not None
    assert door.policy_arn is not None
    lines = shared.lines.arn.apply(may_write_lines) if shared.lines is not None else None
    role = register_pod_role(own, place.eks.arn, "pod", place.namespace, account)
    rights = register_rights(own, role, door.policy_arn, shared.samples, partial(may_write_samples, ring.name), lines)
    identity = associate(own, place.eks.cluster_name, "pod", place.namespace, account, role, rights)
    return role, [identity]

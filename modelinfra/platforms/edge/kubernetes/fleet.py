"""A fleet in a cluster of Kubernetes: a namespace of its own, and for each ring a DaemonSet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Output

from modelinfra import naming
from modelinfra.children import Children
from modelinfra.options.revisions import STABLE
from modelinfra.platforms.edge.alarms import register_alarms
from modelinfra.platforms.edge.base import FleetOutputs, FleetRequest
from modelinfra.platforms.edge.dashboard import register_dashboard
from modelinfra.platforms.edge.kubernetes.labels import FLEET_OF_POD
from modelinfra.platforms.edge.kubernetes.pod import client_ports, metrics_of
from modelinfra.platforms.edge.kubernetes.ring import Shared, register_ring
from modelinfra.platforms.edge.kubernetes.watch import register_watch
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.edge.router import register_samples
from modelinfra.platforms.edge.telemetry import register_lines
from modelinfra.platforms.kubernetes.objects import Place, opts
from modelinfra.platforms.kubernetes.tenant_objects import namespace


def register_fleet(request: FleetRequest) -> FleetOutputs:
    """Register everything but the images."""
    children, plan, platform = request.children, request.plan, request.platform
    assert platform is not None
    fleet = naming.shortened(children.name, naming.LIMITS["namespace"])
    within = plan.options.namespace or fleet
    ready = platform.reachable
    if plan.options.create_namespace is not False:
        # Kubernetes' baseline has no ports and no folders of a node.
        made = namespace(
            children,
            within,
            "namespace",
            "namespace",
            None,
            admits="privileged",
            provider=platform.kubernetes_provider,
            protect=request.production or None,
            depends_on=[*ready],
        )
        ready = (*ready, made)
    place = Place(within, ready, platform.options, platform.kubernetes_provider, eks=platform.eks)
    policy = _policy(children, plan, place, fleet)
    door = request.door
    samples = register_samples(children, plan, production=request.production)
    lines = register_lines(children, plan)
    shared = Shared(fleet, place, request.images, [policy], request.router_image, door, samples, lines)
    rings = {ring.name: register_ring(children, plan, ring, shared) for ring in plan.rings}
    register_watch(children, plan, place, fleet, {name: each.daemon_set for name, each in rings.items()})
    alarms = register_alarms(children, plan)
    signals = register_dashboard(children, plan, lines.name, lines.region, alarms) if lines is not None else None
    roles = {name: each.role.arn for name, each in rings.items() if each.role is not None}
    shown: dict[str, Output[Any]] = {
        "namespace": Output.from_input(within),
        "daemon_set_names": Output.from_input({name: each.daemon_set for name, each in rings.items()}),
        "service_account_names": Output.from_input({name: each.account for name, each in rings.items()}),
        "task_role_arns": Output.all(**roles).apply(lambda found: dict(found or {})),
        **({"log_group": lines.name} if lines is not None else {}),
    }
    cluster = platform.options.cluster
    return FleetOutputs(
        shown,
        {
            "namespace": within,
            "label": fleet,
            "daemon_sets": shown["daemon_set_names"],
            "context": cluster.context if isinstance(cluster.context, str) else "",
            "kubeconfig": cluster.kubeconfig if isinstance(cluster.kubeconfig, str) else "",
        },
        signals,
    )


def _policy(children: Children, plan: FleetPlan, place: Place, fleet: str) -> pulumi.Resource:
    """Clients reach the ports that are theirs; the cluster's Prometheus that of metrics; nobody reaches the server past the router."""
    server = plan.revisions[STABLE].served.server
    clients = [{"ipBlock": {"cidr": each}} for each in plan.options.client_cidrs or ()]
    rules: list[dict[str, Any]] = [
        {**({"from": clients} if clients else {}), "ports": _tcp(sorted(client_ports(plan, server).values()))}
    ]
    port, _ = metrics_of(plan, server)
    if port:
        rules.append({"from": [{"namespaceSelector": {}}], "ports": _tcp([port])})
    spec: Any = {
        "podSelector": {"matchLabels": {FLEET_OF_POD: fleet}},
        "policyTypes": ["Ingress"],
        "ingress": rules,
    }
    return kubernetes.networking.v1.NetworkPolicy(
        children.named("network-policy"),
        metadata={"name": fleet, "namespace": place.namespace},
        spec=spec,
        opts=opts(place, children, "network-policy"),
    )


def _tcp(ports: Sequence[int]) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": each} for each in ports]

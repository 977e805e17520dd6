"""What runs a fleet, and which of its options mean something there alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.kubernetes_gateway import LABEL, LABEL_TEXT
from modelinfra.options.landing import ADDED, NAMESPACE, NETWORK_POLICY
from modelinfra.options.problems import Problem
from modelinfra.options.tenant_namespaces import range_problems

ANYWHERE, GREENGRASS, KUBERNETES = "ecs-anywhere", "greengrass", "kubernetes"

# Percent of a ring's devices that go on during an update. Nothing takes a bad revision of a DaemonSet back, and ECS does of a service.
_HEALTHY: Final = {ANYWHERE: 0, GREENGRASS: 0, KUBERNETES: 90}

_REMOVE: Final = "Remove it."
_Reason = tuple[str, str]
_NO_CLUSTER: Final[Mapping[str, _Reason]] = dict.fromkeys(
    (ANYWHERE, GREENGRASS), ("there is no cluster of Kubernetes", _REMOVE)
)
_NOT_THERE: Final[Mapping[str, Mapping[str, _Reason]]] = {
    "activation": {
        GREENGRASS: (
            "devices come by a claim, and not by an activation of Systems Manager",
            "Write `claim`, with the same keys.",
        ),
        KUBERNETES: (
            "nodes join a cluster of Kubernetes by its own means",
            "Remove it; `modelinfra fleet enroll` writes a script that joins one to K3s.",
        ),
    },
    "cluster_arn": {
        GREENGRASS: ("devices join no cluster of ECS", _REMOVE),
        KUBERNETES: ("devices are nodes of a cluster of Kubernetes", "Name its `platform`."),
    },
    "minimum_healthy_percent": {
        GREENGRASS: (
            "nobody looks at how many devices run, but at how many get a revision in a minute",
            "Write `rollout.per_minute` and its neighbours.",
        ),
    },
    "secrets": {
        GREENGRASS: (
            "components are told secrets over a protocol of its own, and not as environment variables of containers",
            "Remove it, or let the server read them itself with the device's credentials.",
        ),
    },
    "claim": {
        ANYWHERE: ("devices come by an activation", "Write `activation`, with the same keys."),
        KUBERNETES: (
            "nodes join a cluster of Kubernetes by its own means",
            "Remove it; `modelinfra fleet enroll` writes a script that joins one to K3s.",
        ),
    },
    "rollout": dict.fromkeys(
        (ANYWHERE, KUBERNETES),
        (
            "so many devices of a ring change at once as may be missing, and there is no rate",
            "Write `minimum_healthy_percent`.",
        ),
    ),
    "namespace": _NO_CLUSTER,
    "create_namespace": _NO_CLUSTER,
    "client_cidrs": dict.fromkeys(
        (ANYWHERE, GREENGRASS),
        (
            "ports of devices are open to whoever reaches these",
            "Remove it, and close them with the devices' own firewall.",
        ),
    ),
    "platform": dict.fromkeys(
        (ANYWHERE, GREENGRASS),
        ("devices stand on no platform", "Remove it, or write `runtime: kubernetes`."),
    ),
}
"""Option -> the runtimes that do not know it: why not, and what to write instead."""


class NodesOptions(TypedDict):
    """Devices that are nodes of a cluster of Kubernetes."""

    namespace: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the fleet's full name",
                pattern=LABEL,
                pattern_text=LABEL_TEXT,
                pattern_example="tills",
            ),
        ]
    ]
    """Namespace of the pods, the fleet's alone: ports of devices and their disks are for pods of privileged
    namespaces. Another one replaces everything in it."""

    create_namespace: NotRequired[
        Annotated[bool, Option(default_text="true", lands=(f"{ADDED}{NAMESPACE}",), example=False)]
    ]
    """Whether the namespace is made; without it, `namespace` names one that there is, and that takes pods with ports of their node."""

    client_cidrs: NotRequired[
        Annotated[
            Sequence[str],
            Option(at_least=1, lands=(f"{NETWORK_POLICY}.spec.ingress",), example=["10.20.0.0/16"]),
        ]
    ]
    """From which addresses on the site clients may ask devices that are nodes of Kubernetes, where its network heeds NetworkPolicies.
    Left out, all may who reach them."""


@rule(NodesOptions, "namespace", "create_namespace", "client_cidrs")
def a_namespace_and_its_callers_are_there(fleet: Mapping[str, Any]) -> Iterable[Problem]:
    if fleet["create_namespace"] is False and fleet["namespace"] is None:
        reason = "no namespace is made (`create_namespace: false`), and none is named"
        yield Problem("namespace", reason, "Write the name of the one that there is.")
    named = fleet["namespace"]
    if named is not None and (named == "default" or named.startswith("kube-")):
        reason = "this is the cluster's own, and the fleet's pods have ports and folders of their nodes"
        yield Problem("namespace", reason, "Write one of the fleet's own.", named)
    for cidr in fleet["client_cidrs"] or ():
        yield from range_problems("client_cidrs", cidr)


def runtime_problems(options: Any) -> Iterator[Problem]:
    """What a fleet says that its runtime does not know. options: validated ones."""
    for key in sorted(options.model_fields_set):
        if getattr(options, key) is not None:
            yield from unknown_to(options.runtime, key, getattr(options, key))


def unknown_to(runtime: str, key: str, given: Any) -> Iterator[Problem]:
    """That a runtime does not know an option."""
    found = _NOT_THERE.get(key, {}).get(runtime)
    if found is not None:
        reason, remedy = found
        shown = (given,) if isinstance(given, str | bool | int) else ()
        yield Problem(key, f"with `runtime: {runtime}`, {reason}", remedy, *shown)


def healthy_percent(fleet: Any) -> int:
    """Percent of a ring's devices that go on while the others change. fleet: validated."""
    said: int | None = fleet.minimum_healthy_percent
    return _HEALTHY[fleet.runtime] if said is None else said

"""A tenant's namespace on a platform: who has one, and what the objects in it say. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from modelinfra import naming
from modelinfra.options.kserve import installs_envoy_gateway
from modelinfra.platforms.kserve.values import ENVOY_NAMESPACE
from modelinfra.platforms.kubernetes.parts import kserve_of

NAME = "tenant"
"""Of the objects of a tenant's namespace, and of the service account that its replicas run with."""

_LONGEST_NAMESPACE = 63

# Where the agent of EKS Pod Identity listens on every node (EKS user guide, "Pod Identity agent"); nobody else answers there.
_POD_IDENTITY_AGENT = ("169.254.170.23/32", "fd00:ec2::23/128")

# What containers get that say nothing, since a quota refuses those: as much as KServe gives its own (config/configmap of 0.20).
_DEFAULT_REQUEST = {"cpu": "100m", "memory": "100Mi"}
_DEFAULT_LIMIT = {"cpu": "1", "memory": "1Gi"}

_SEEN: Mapping[str, tuple[str, ...]] = {
    "": ("pods", "pods/log", "services", "serviceaccounts", "events", "resourcequotas", "limitranges"),
    "apps": ("deployments", "replicasets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "policy": ("poddisruptionbudgets",),
    "networking.k8s.io": ("networkpolicies",),
    "gateway.networking.k8s.io": ("httproutes",),
    "serving.kserve.io": ("inferenceservices",),
    "keda.sh": ("scaledobjects",),
}
"""API group -> what a tenant's people see. No secrets: whoever may list them reads them."""


@dataclass(frozen=True)
class Space:
    """A tenant's namespace on a platform. options: of `tenants.NAME.kubernetes`. whole: the platform is the tenant's, and so is its namespace."""

    tenant: str
    options: Any
    model_prefix: str | None
    whole: bool

    def namespace(self, of_platform: str) -> str:
        """Its name, from that of the platform's namespace."""
        return of_platform if self.whole else naming.shortened(f"{of_platform}-{self.tenant}", _LONGEST_NAMESPACE)


def spaces(platform: Any, tenants: Mapping[str, Any]) -> dict[str, Space]:
    """Tenant -> its namespace on a platform of validated options."""
    owner = getattr(platform, "tenant", None)
    return {
        name: Space(name, each.kubernetes, each.model_prefix, whole=owner is not None)
        for name, each in tenants.items()
        if each.kubernetes is not None and owner in (None, name)
    }


def peers(platform: Any) -> list[dict[str, Any]]:
    """Who reaches the replicas of a tenant, as a NetworkPolicy says it: itself, the gateway, Prometheus, and whom the platform names."""
    callers = platform.tenant_callers
    named = callers.namespaces if callers is not None else ()
    namespaces = dict.fromkeys([*_around(platform), *named])
    return [
        {"podSelector": {}},
        # Every namespace has this label, and nobody but the API server may set it.
        *({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": each}}} for each in namespaces),
        *({"ipBlock": {"cidr": each}} for each in (callers.cidrs if callers is not None else ())),
    ]


def _around(platform: Any) -> Iterator[str]:
    if platform.gateway is not None:
        yield platform.gateway.namespace
    kserve = kserve_of(platform)
    if kserve is not None and installs_envoy_gateway(kserve):
        yield ENVOY_NAMESPACE
    # http://NAME.NAMESPACE:9090, or NAME.NAMESPACE.svc.cluster.local
    host = (urlsplit((platform.prometheus.url or "") if platform.prometheus is not None else "").hostname or "").split(
        "."
    )
    if len(host) == 2 or host[2:3] == ["svc"]:
        yield host[1]


def closed(options: Any) -> Any:
    """Spec of the NetworkPolicy of all pods: nothing comes in but what an endpoint's own policy lets in, and little goes out."""
    return {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "egress": [
            {"ports": [_port(53, "UDP"), _port(53)]},
            # Stores of models, and the clouds' own services. Who listens there says who may come.
            {"ports": [_port(443)]},
            {"to": [{"podSelector": {}}]},
            _out(_POD_IDENTITY_AGENT, [80]),
            *(_out([each.cidr], each.ports) for each in options.egress),
        ],
    }


def shut_out(options: Any, url: str) -> bool:
    """Whether the tenant's replicas do not reach an address: it is neither HTTPS on its own port, nor has `egress` its port. options: of
    `tenants.NAME.kubernetes`."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return port is not None and port != 443 and not any(port in each.ports for each in options.egress)


def _out(cidrs: Iterable[str], ports: Iterable[int]) -> dict[str, Any]:
    return {"to": [{"ipBlock": {"cidr": each}} for each in cidrs], "ports": [_port(each) for each in ports]}


def _port(number: int, protocol: str = "TCP") -> dict[str, Any]:
    return {"protocol": protocol, "port": number}


def hard(quota: Any, resources: Iterable[str]) -> dict[str, str]:
    """What a ResourceQuota says. resources: what device plugins call accelerators."""
    found = {
        "requests.cpu": None if quota.cpu is None else f"{round(quota.cpu * 1000)}m",
        "requests.memory": _mib(quota.memory),
        "requests.ephemeral-storage": _mib(quota.disk),
        "pods": None if quota.pods is None else str(quota.pods),
    }
    if quota.accelerators is not None:
        found |= {f"requests.{each}": str(quota.accelerators) for each in resources}
    return {key: value for key, value in found.items() if value is not None}


def _mib(size: int | None) -> str | None:
    return None if size is None else f"{size // 2**20}Mi"


def limit_range(quota: Any) -> Any:
    """Spec of a LimitRange: what a container gets that says nothing."""
    # A quota of disk refuses pods with a container that asks for none; KServe's own says nothing of it.
    disk = {"ephemeral-storage": "100Mi"} if quota.disk is not None else {}
    return {
        "limits": [
            {"type": "Container", "default": dict(_DEFAULT_LIMIT), "defaultRequest": {**_DEFAULT_REQUEST, **disk}}
        ]
    }


def rights() -> Any:
    """Rules of a Role: what a tenant's people may do. They store secrets, and read none: neither there, nor by a pod of their own."""
    return [
        *(
            {"apiGroups": [group], "resources": list(resources), "verbs": ["get", "list", "watch"]}
            for group, resources in _SEEN.items()
        ),
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
        # `patch` would answer with what is there.
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "update"]},
    ]


def subjects(options: Any) -> Any:
    """Whom a RoleBinding binds."""
    group = "rbac.authorization.k8s.io"
    return [
        *({"kind": "Group", "name": each, "apiGroup": group} for each in options.groups),
        *({"kind": "User", "name": each, "apiGroup": group} for each in options.users),
    ]

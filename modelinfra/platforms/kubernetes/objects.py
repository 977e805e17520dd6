"""How objects of a platform's namespace are registered: below the component that they belong to, after what they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Input

from modelinfra.platforms.base import EndpointRequest

if TYPE_CHECKING:
    from modelinfra.children import Children
    from modelinfra.platforms.eks.cluster import EksCluster


@dataclass(frozen=True)
class Place:
    """Where endpoints run: a namespace, of the platform or of a tenant.

    ready: what must be there before. options: the platform's. account: the service account of the replicas; None where each endpoint has one.
    eks: the cluster of AWS that it is in, where that is made with the platform. callers: who reaches the replicas, as a NetworkPolicy says it; None for everybody in the cluster.
    """

    namespace: str
    ready: Sequence[pulumi.Resource]
    options: Any
    kubernetes_provider: pulumi.ProviderResource
    account: str | None = None
    callers: Sequence[Any] | None = None
    eks: EksCluster | None = None


UNTIL_READY = {"pulumi.com/waitFor": "condition=Ready"}
"""Pulumi waits until it serves, and tells the condition that it is in where it does not."""


def custom(
    platform: Place,
    children: Children,
    role: str,
    api_version: str,
    kind: str,
    name: str,
    spec: Any,
    after: Sequence[pulumi.Resource],
    *,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    minutes: int | None = None,
    replaced_with: str | None = None,
) -> pulumi.CustomResource:
    """A custom resource. minutes: how long Pulumi waits for it. replaced_with: a word, and another one replaces the object."""
    timeouts = pulumi.CustomTimeouts(create=f"{minutes}m", update=f"{minutes}m") if minutes else None
    metadata: dict[str, Any] = {"name": name, "namespace": platform.namespace}
    metadata |= {"annotations": dict(annotations)} if annotations else {}
    metadata |= {"labels": dict(labels)} if labels else {}
    return kubernetes.apiextensions.CustomResource(
        children.named(role),
        api_version=api_version,
        kind=kind,
        metadata=metadata,
        spec=spec,
        opts=pulumi.ResourceOptions.merge(
            opts(platform, children, role, after),
            pulumi.ResourceOptions(
                custom_timeouts=timeouts,
                replacement_trigger=replaced_with,
                # Its name is its own: the new one cannot stand beside the old one.
                delete_before_replace=True if replaced_with else None,
            ),
        ),
    )


def custom_resource(
    platform: Place, request: EndpointRequest, *arguments: Any, **options: Any
) -> pulumi.CustomResource:
    """The same of an endpoint."""
    return custom(platform, request.children, *arguments, **options)


def opts(
    platform: Place, children: Children, role: str, after: Sequence[pulumi.Resource] = ()
) -> pulumi.ResourceOptions:
    """Resource options of an object: in the cluster, when its place is ready."""
    return children.opts(role, provider=platform.kubernetes_provider, depends_on=[*platform.ready, *after])


def reached(
    platform: Place, pods: Mapping[str, str], ports: Iterable[int], callers: Sequence[Any] | None = None
) -> Any:
    """Spec of a NetworkPolicy: ports of these pods, from these callers, else from a tenant's, else from the whole cluster."""
    said = platform.callers if callers is None else callers
    return {
        "podSelector": {"matchLabels": dict(pods)},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                **({} if said is None else {"from": [*said]}),
                "ports": [{"protocol": "TCP", "port": port} for port in sorted(ports)],
            }
        ],
    }


def opts_of(
    platform: Place, request: EndpointRequest, role: str, after: Sequence[pulumi.Resource] = ()
) -> pulumi.ResourceOptions:
    """The same of an endpoint's."""
    return opts(platform, request.children, role, after)


def disruption_budget(
    platform: Place, request: EndpointRequest, name: str, selected: Mapping[str, str], kind: str = ""
) -> None:
    """One replica at a time may be moved. selected: labels of the replicas. kind: of what stands beside the server's."""
    kubernetes.policy.v1.PodDisruptionBudget(
        request.children.named(f"{kind}disruption-budget"),
        metadata={"name": name, "namespace": platform.namespace},
        spec={"max_unavailable": 1, "selector": {"match_labels": dict(selected)}},
        opts=opts_of(platform, request, "disruption-budget"),
    )


def service_account(
    platform: Place, request: EndpointRequest, name: str, storage_secrets: Sequence[str] = ()
) -> Input[str]:
    """What the replicas of all revisions run as: without rights, unless one is handed in, or the tenant has one. storage_secrets: with which
    KServe fetches models."""
    given: Input[str] | None = request.options.service_account or platform.account
    if given is not None:
        return given
    account = kubernetes.core.v1.ServiceAccount(
        request.children.named("service-account"),
        metadata={"name": name, "namespace": platform.namespace},
        automount_service_account_token=False,
        secrets=[{"name": each} for each in storage_secrets] or None,
        opts=opts_of(platform, request, "service-account"),
    )
    return account.metadata.apply(lambda found: found["name"])


@dataclass(frozen=True)
class Objects:
    """The objects of one endpoint, or of a revision of it."""

    platform: Place
    request: EndpointRequest

    def opts(self, role: str, after: Sequence[pulumi.Resource] = (), **others: Any) -> pulumi.ResourceOptions:
        """Of the child of a role."""
        return pulumi.ResourceOptions.merge(
            opts_of(self.platform, self.request, role, after), pulumi.ResourceOptions(**others)
        )

    def metadata(self, name: str) -> Any:
        """Of an object in the namespace of the endpoints."""
        return {"name": name, "namespace": self.platform.namespace}

    def custom(
        self,
        role: str,
        api_version: str,
        kind: str,
        name: str,
        spec: Any,
        after: Sequence[pulumi.Resource] = (),
        **others: Any,
    ) -> pulumi.CustomResource:
        """A custom resource, see `custom`."""
        return custom_resource(self.platform, self.request, role, api_version, kind, name, spec, after, **others)

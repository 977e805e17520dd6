"""Registers the namespace of a tenant, and what keeps it apart from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from modelinfra.children import Children
from modelinfra.platforms.kubernetes import tenant_space as says
from modelinfra.platforms.kubernetes.tenant_space import NAME, Space


def namespace(
    children: Children, name: str, suffix: str, role: str, tenant: str | None, *, admits: str = "baseline", **opts: Any
) -> kubernetes.core.v1.Namespace:
    """A namespace, of a tenant, of a platform or of a fleet. admits: which pods, in the words of Kubernetes' pod security standards."""
    return kubernetes.core.v1.Namespace(
        children.named(suffix),
        metadata={
            "name": name,
            # What no model server needs is refused; what most could do without is told of.
            "labels": {
                **({"tenant": tenant} if tenant else {}),
                "pod-security.kubernetes.io/enforce": admits,
                **({"pod-security.kubernetes.io/warn": "restricted"} if admits == "baseline" else {}),
            },
        },
        opts=children.opts(role, **opts),
    )


def tenant_objects(
    children: Children,
    space: Space,
    within: str,
    resources: Sequence[str],
    provider: pulumi.ProviderResource,
    after: Sequence[Any],
    *,
    protect: bool | None,
) -> list[pulumi.Resource]:
    """What is in a tenant's namespace before its endpoints are. within: its name. after: the namespace, where it is made. protect: what keeps
    it closed, as long as it is there itself. resources: what device plugins call accelerators."""
    quota, options = space.options.quota, space.options
    metadata: Any = {"name": NAME, "namespace": within}
    account: Any = {**metadata, "annotations": dict(options.service_account_annotations)}

    def named(what: str) -> str:
        return children.named(f"tenant-{space.tenant}-{what}")

    def opts(role: str, protect: bool | None = None) -> pulumi.ResourceOptions:
        return children.opts(role, provider=provider, depends_on=[*after], protect=protect)

    made: list[pulumi.Resource] = [
        kubernetes.networking.v1.NetworkPolicy(
            named("policy"), metadata=metadata, spec=says.closed(options), opts=opts("tenant-policy", protect)
        ),
        kubernetes.core.v1.LimitRange(
            named("limits"), metadata=metadata, spec=says.limit_range(quota), opts=opts("tenant-limits")
        ),
        kubernetes.core.v1.ServiceAccount(
            named("account"),
            metadata=account,
            automount_service_account_token=False,
            secrets=[{"name": each} for each in options.storage_secrets] or None,
            opts=opts("tenant-service-account"),
        ),
    ]
    hard: Any = says.hard(quota, resources)
    if hard:
        made.append(
            kubernetes.core.v1.ResourceQuota(
                named("quota"), metadata=metadata, spec={"hard": hard}, opts=opts("tenant-quota")
            )
        )
    subjects: Any = says.subjects(options)
    if subjects:
        role = kubernetes.rbac.v1.Role(named("role"), metadata=metadata, rules=says.rights(), opts=opts("tenant-role"))
        reference: Any = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
        made.append(role)
        made.append(
            kubernetes.rbac.v1.RoleBinding(
                named("people"),
                metadata=metadata,
                role_ref=reference,
                subjects=subjects,
                opts=opts("tenant-role-binding"),
            )
        )
    return made

"""`KubernetesPlatform`: a cluster that there is, with KServe on it, as a place where endpoints run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, Unpack, overload

import pulumi
import pulumi_kubernetes as kubernetes

from modelinfra.catalog.child_roles import KUBERNETES_ROLES
from modelinfra.children import Adjustments, Children, transform_problems
from modelinfra.options.arguments import checked, run_error
from modelinfra.options.kubernetes import KubernetesOptions
from modelinfra.options.names import name_problems
from modelinfra.options.problems import InvalidOptionsError
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest
from modelinfra.platforms.kubernetes.endpoint import register_endpoint
from modelinfra.platforms.kubernetes.planner import KubernetesEndpointPlan, KubernetesPlan, KubernetesPlanner


class KubernetesPlatformArgs(KubernetesOptions, total=False):
    """Arguments of KubernetesPlatform."""

    after: NotRequired[Sequence[pulumi.Resource]]
    """What must be there before an endpoint is: for example what installs KServe. Nothing otherwise."""

    production: NotRequired[bool]
    """Protect the namespace against deletion. Default: false."""


class KubernetesPlatform(pulumi.ComponentResource):
    """Where endpoints run on Kubernetes: a provider for the cluster, and a namespace.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    namespace: str
    """Of the endpoints."""

    builds_images = False

    @overload
    def __init__(self, name: str, args: KubernetesPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self, name: str, args: KubernetesPlan, opts: pulumi.ResourceOptions | None = None, *, production: bool
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[KubernetesPlatformArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        given = {**args, **kwargs} if isinstance(args, Mapping) else kwargs
        self.production: bool = given.pop("production", False)
        after: Sequence[pulumi.Resource] = given.pop("after", ())
        # An Environment checks its platforms before it registers anything.
        plan = args if isinstance(args, KubernetesPlan) else _planned(name, args, given)
        self.options = plan.options
        self.planner = plan.planner
        super().__init__("modelinfra:index:KubernetesPlatform", name, None, opts)
        children = Children(self, name, Adjustments(transforms=self.options.transforms or {}))
        self.namespace = self.options.namespace or name
        cluster = self.options.cluster
        self.kubernetes_provider = kubernetes.Provider(
            children.named("cluster"),
            kubeconfig=cluster.kubeconfig,
            context=cluster.context,
            opts=children.opts("provider"),
        )
        self.ready: tuple[pulumi.Resource, ...] = (*after, *self._namespace(children))
        children.tell_unmet()
        self.register_outputs({"namespace": self.namespace})

    def register(self, plan: KubernetesEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
        """Register the objects of an endpoint that `planner` has planned."""
        return register_endpoint(self, plan, request)

    def _namespace(self, children: Children) -> Sequence[pulumi.Resource]:
        if not self.options.create_namespace:
            return ()
        namespace = kubernetes.core.v1.Namespace(
            children.named("namespace"),
            metadata={
                "name": self.namespace,
                # What no model server needs is refused; what most could do without is told of.
                "labels": {
                    **({"tenant": self.options.tenant} if getattr(self.options, "tenant", None) else {}),
                    "pod-security.kubernetes.io/enforce": "baseline",
                    "pod-security.kubernetes.io/warn": "restricted",
                },
            },
            opts=children.opts("namespace", provider=self.kubernetes_provider, protect=self.production or None),
        )
        return (namespace,)


def _planned(name: str, args: Any, given: Mapping[str, Any]) -> KubernetesPlan:
    subject = f"KubernetesPlatform '{name}'"
    options = checked(
        KubernetesOptions,
        None if isinstance(args, Mapping) else args,
        given,
        subject,
        also=list(name_problems(name)),
    )
    problems = transform_problems(options, KUBERNETES_ROLES)
    if problems:
        raise run_error(InvalidOptionsError(problems, subject))
    return KubernetesPlan(options, KubernetesPlanner(options))

"""`KServe`: makes any Kubernetes cluster ready for InferenceServices in Standard mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack, overload

import pulumi
import pulumi_kubernetes as k8s

from modelinfra.catalog.kserve_charts import CHARTS
from modelinfra.children import Adjustments, Children
from modelinfra.options.arguments import checked, run_error
from modelinfra.options.kserve import KServeOptions, installs_envoy_gateway
from modelinfra.options.names import name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.kserve.objects import listener_name
from modelinfra.platforms.kserve.plan import Part, has_gateway, installation_problems, parts, values
from modelinfra.platforms.kserve.prometheus import reference
from modelinfra.platforms.kserve.values import ENVOY_NAMESPACE, KSERVE_NAMESPACE, gateway_of, speaks_tls, url_of_gateway

if TYPE_CHECKING:
    import pydantic

RELEASE_TIMEOUT_SECONDS = 600
"""How long a chart may take until its Pods are ready: nodes may have to come first, and images be pulled."""

RELEASE_HISTORY = 3
"""Revisions that Helm keeps of each release, as Secrets in the cluster. It keeps all otherwise, and those of CRDs are large."""


class KServeArgs(KServeOptions, total=False):
    """Arguments of KServe."""

    production: bool
    """Two replicas of everything that can have two, and protection of all that endpoints need: definitions of custom resources, controllers,
    the gateway, and their namespaces. Default: false."""

    after: Sequence[pulumi.Resource]
    """What must be there before anything is installed, and go after it: the nodes of a cluster that the same program makes
    (`EksCluster.ready`). Pulumi hands the `depends_on` of a component to nothing in it. Nothing otherwise."""


@dataclass(frozen=True)
class GatewayReference:
    """The gateway that routes attach to. listener: the section of it, where it is known. tls: whether clients speak HTTPS to it.

    url: its address without a path: its host, else, where only the cluster reaches it or a load balancer's name is not known yet, the one
    inside the cluster; None where nobody knows. implementation: what serves it, as `KubernetesPlatform` calls it, and proxy_namespace: where its
    proxies run; None of both where that is somebody else's.
    """

    namespace: str
    name: str
    listener: str | None
    tls: bool
    url: str | None
    implementation: str | None = None
    proxy_namespace: str | None = None


class KServe(pulumi.ComponentResource):
    """KServe in Standard mode, with cert-manager, KEDA and a gateway. The cluster is that of the Kubernetes provider in `opts`.

    There is one in a cluster: names of namespaces and releases are those that KServe's documents use.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    namespace: str
    """The namespace of KServe's controller."""

    gateway: GatewayReference | None
    """The gateway that routes attach to; None without one."""

    prometheus: Mapping[str, Any] | None
    """The `prometheus` of a KubernetesPlatform on this cluster: how its endpoints are scraped, watched and scaled; None without the option."""

    ready: Sequence[pulumi.Resource]
    """What an endpoint depends on: once these are there, webhooks answer, and objects of every kind that was installed can be made. At
    destroy, endpoints go before them. Monitors are not among them."""

    versions: Mapping[str, str]
    """Chart -> version, of what is installed."""

    @overload
    def __init__(self, name: str, args: KServeArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        name: str,
        args: pydantic.BaseModel,
        opts: pulumi.ResourceOptions | None = None,
        *,
        production: bool,
        after: Sequence[pulumi.Resource] = (),
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[KServeArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        # An Environment checks its platforms before it registers anything, and hands in options that are validated.
        given = {**args, **kwargs} if isinstance(args, Mapping) else kwargs
        self.production: bool = given.pop("production", False)
        self._after: Sequence[pulumi.Resource] = given.pop("after", ())
        self.options = _checked(name, args, given, opts)
        super().__init__("modelinfra:index:KServe", name, None, opts)
        self._children = Children(self, name, Adjustments(transforms=self.options.transforms or {}))
        made: dict[str, pulumi.Resource] = {}
        for part in parts(self.options, self.production):
            made[part.role] = self._register(part, made)
        self.ready = [each for role, each in made.items() if not role.endswith("-monitor")]
        self.namespace = KSERVE_NAMESPACE
        self.gateway = _gateway(self.options)
        self.prometheus = reference(self.options)
        self.versions = {
            part.chart: CHARTS[part.chart].version for part in parts(self.options, self.production) if part.chart
        }
        self._children.tell_unmet()
        self.register_outputs({"namespace": self.namespace, "versions": dict(self.versions)})

    def _register(self, part: Part, made: Mapping[str, pulumi.Resource]) -> pulumi.Resource:
        name = self._children.named(part.role)
        opts = self._children.opts(
            part.role,
            depends_on=[made[role] for role in part.after] or list(self._after),
            protect=True if part.held and self.production else None,
        )
        if part.creates_namespace:
            return k8s.core.v1.Namespace(name, metadata={"name": part.namespace}, opts=opts)
        if part.manifest:
            given = part.manifest
            return k8s.apiextensions.CustomResource(
                name,
                api_version=given["apiVersion"],
                kind=given["kind"],
                metadata=given["metadata"],
                spec=given["spec"],
                opts=opts,
            )
        if not part.namespace:
            return self._definitions(name, part, opts)
        return self._release(name, part, opts)

    def _release(self, name: str, part: Part, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        chart = CHARTS[part.chart]
        return k8s.helm.v3.Release(
            name,
            # Helm's own: another name would be another release, and the old one would be uninstalled under what depends on it.
            name=chart.name,
            namespace=part.namespace,
            version=chart.version,
            values=values(part, self.options, self.production),
            # Waits for the Pods, and takes a failed upgrade back, so that a webhook that everything passes does not stay broken.
            atomic=True,
            timeout=RELEASE_TIMEOUT_SECONDS,
            max_history=RELEASE_HISTORY,
            opts=opts,
            **chart.where,
        )

    def _definitions(self, name: str, part: Part, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        chart = CHARTS[part.chart]
        return k8s.helm.v4.Chart(
            name,
            name=chart.name,
            version=chart.version,
            values=values(part, self.options, self.production),
            opts=opts,
            **chart.where,
        )


def _gateway(options: Any) -> GatewayReference | None:
    if not has_gateway(options):
        return None
    namespace, name = gateway_of(options)
    tls = speaks_tls(options)
    if options.gateway is not None and options.gateway.existing is not None:
        return GatewayReference(namespace, name, None, tls, None)
    envoy = installs_envoy_gateway(options)
    by_envoy = ("envoy-gateway", ENVOY_NAMESPACE) if envoy else (None, None)
    url = url_of_gateway(options, envoy=envoy)
    return GatewayReference(namespace, name, listener_name(options), tls, url, *by_envoy)


def _checked(name: str, args: Any, given: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> Any:
    subject = f"KServe '{name}'"
    also = list(name_problems(name))
    if not _has_provider(opts):
        reason = "without one Pulumi would install into whatever cluster the kubeconfig of this machine points to"
        remedy = "Pass opts=pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider(...)), or set kubernetes:kubeconfig in the stack's configuration."
        also.append(Problem("opts.provider", reason, remedy))
    options = checked(KServeOptions, args if not isinstance(args, Mapping) else None, given, subject, also=also)
    problems = installation_problems(options)
    if problems:
        raise run_error(InvalidOptionsError(problems, subject))
    return options


def _has_provider(opts: pulumi.ResourceOptions | None) -> bool:
    """Whether somebody said which cluster: the component's own provider, its parent's, or the stack's configuration."""
    config = pulumi.Config("kubernetes")
    if config.get("kubeconfig") or config.get("context"):
        return True
    if opts is None:
        return False
    own: Any = opts.provider
    several: Any = opts.providers
    if isinstance(several, Mapping):
        several = list(several.values())
    if any(each.package == "kubernetes" for each in [*([own] if own else []), *(several or [])]):
        return True
    return opts.parent is not None and opts.parent.get_provider("kubernetes:helm.sh/v3:Release") is not None

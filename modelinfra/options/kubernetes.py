"""What a user can say about a Kubernetes cluster on which endpoints run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.child_roles import KUBERNETES_ROLES
from modelinfra.options.adjustments import TransformedOptions, childless, transforms_name
from modelinfra.options.declare import Option, rule
from modelinfra.options.eks import EksClusterOptions
from modelinfra.options.kserve import KServeOptions
from modelinfra.options.kserve_landing import CHART, ENVOY_PROXY, GATEWAY, GATEWAY_CLASS
from modelinfra.options.kubernetes_gateway import LABEL, LABEL_TEXT, GatewayOptions, KnativeGatewayOptions
from modelinfra.options.landing import (
    ADDED,
    BUILT,
    NAMESPACE,
    NETWORK_POLICY,
    POD,
    POD_MONITOR,
    PROMETHEUS_RULE,
    REGISTRIES,
    RELEASE,
    REPOSITORY,
    ROUTE_OF_GATEWAY,
    SERVER_OF_POD,
)
from modelinfra.options.problems import Problem
from modelinfra.options.prometheus import ClusterPrometheusOptions
from modelinfra.options.quantities import Bytes
from modelinfra.options.registry import RegistryOptions
from modelinfra.options.tenant_namespaces import range_problems


class KubernetesClusterOptions(TypedDict):
    """Which cluster: one that a kubeconfig leads to, or one on Amazon EKS."""

    kubeconfig: NotRequired[Annotated[Input[str], Option()]]
    """Path of a kubeconfig file; in Python its content, too. Left out, the file that kubectl reads (`KUBECONFIG`, or ~/.kube/config)."""

    context: NotRequired[Annotated[Input[str], Option()]]
    """Name of a context in the kubeconfig. Left out, its current one; without `kubeconfig` it must be given."""

    eks: NotRequired[EksClusterOptions]
    """A cluster on Amazon EKS, in place of one that a kubeconfig leads to: made in the network, with its nodes and add-ons, or looked up
    where `cluster_name` names an existing one. None otherwise."""


class TenantCallersOptions(TypedDict):
    """Who reaches the replicas of tenants, beside the gateway and Prometheus."""

    namespaces: NotRequired[
        Annotated[
            Sequence[str],
            Option(default=[], lands=(f"{NETWORK_POLICY}.spec.ingress",), example=["envoy-gateway-system", "batch"]),
        ]
    ]
    """Namespaces of those who do: for example the one in which the gateway's proxies run, where it is not the Gateway's."""

    cidrs: NotRequired[
        Annotated[
            Sequence[str],
            Option(default=[], lands=(f"{NETWORK_POLICY}.spec.ingress",), example=["130.211.0.0/22"]),
        ]
    ]
    """Ranges of addresses of those who do: for example of a load balancer outside of the cluster that sends requests to pods."""


class KubernetesAcceleratorOptions(TypedDict):
    """How replicas get to nodes with an accelerator."""

    node_selector: Annotated[Mapping[str, str], Option(lands=(f"{POD}.nodeSelector",), example={"gpu": "a10g-big"})]
    """Labels of those nodes, for example `nvidia.com/gpu.product: NVIDIA-A10G` where NVIDIA's feature discovery runs."""

    resource: NotRequired[
        Annotated[
            str,
            Option(
                default="nvidia.com/gpu",
                lands=(f"{SERVER_OF_POD}.resources", f"{POD}.tolerations"),
                example="nvidia.com/mig-1g.5gb",
            ),
        ]
    ]
    """What the nodes' device plugin calls one accelerator. A taint of this name is tolerated."""

    memory: NotRequired[
        Annotated[
            Bytes,
            Option(
                default_text="all of the accelerator's",
                at_least=2**30,
                at_most=1024 * 2**30,
                lands=(f"{POD}.annotations",),
                example="10GiB",
            ),
        ]
    ]
    """Memory that comes with one, where it is a part of an accelerator: a slice of MIG, or a share by time slicing or MPS. What fits is
    reckoned with it."""


class KubernetesOptions(TransformedOptions):
    """A Kubernetes cluster with KServe on it: what there is already, or what is made here."""

    cluster: Annotated[KubernetesClusterOptions, Option()]
    """Which cluster."""

    serving: NotRequired[
        Annotated[Literal["kserve", "kserve-knative", "kserve-llm", "seldon"], Option(default="kserve")]
    ]
    """What runs the replicas, KServe (0.20) in Standard mode, or in Knative mode, where an endpoint may have no replica
    while nobody asks, or as LLMInferenceServices, whose scheduler knows the caches of vLLM's replicas; or Seldon Core v2 (2.10), whose licence is for production a commercial one. Another one replaces every endpoint of the platform; docs/kubernetes.md helps to choose."""

    kserve: NotRequired[
        Annotated[
            bool | KServeOptions,
            Option(
                default_text="true where `cluster.eks` makes the cluster, false otherwise",
                lands=(
                    f"{ADDED}modelinfra:index:KServe",
                    f"{ADDED}{RELEASE}",
                    f"{ADDED}{CHART}",
                    f"{ADDED}{NAMESPACE}",
                    f"{ADDED}{GATEWAY_CLASS}",
                    f"{ADDED}{ENVOY_PROXY}",
                    f"{ADDED}{GATEWAY}",
                ),
                example={},
            ),
        ]
    ]
    """KServe and what it stands on, to be installed before the endpoints: how, or `true` for everything by default. With `false` it must
    be there already."""

    namespace: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the platform's full name",
                pattern=LABEL,
                pattern_text=LABEL_TEXT,
                pattern_example="models",
            ),
        ]
    ]
    """Namespace of the endpoints. Another one replaces all of them."""

    create_namespace: NotRequired[Annotated[bool, Option(default=True, lands=(f"{ADDED}{NAMESPACE}",), example=False)]]
    """Whether the namespace is made; without it, `namespace` names one that there is."""

    gateway: NotRequired[
        Annotated[
            GatewayOptions,
            Option(
                lands=(f"{ADDED}{ROUTE_OF_GATEWAY}",),
                example={"name": "inference", "namespace": "gateways", "url": "https://models.example.com"},
            ),
        ]
    ]
    """Gateway below whose address endpoints hang, each at its `path`, or at the domain that `exposure` gives it. Left out, it is the one that
    comes with `kserve`; without that, they are reached from inside the cluster only."""

    knative_gateway: NotRequired[
        Annotated[
            KnativeGatewayOptions,
            Option(default={}),
        ]
    ]
    """With `serving: kserve-knative` and `gateway`: where Knative takes requests from inside the cluster, to which the gateway passes them on.
    As `KServe` installs it otherwise."""

    prometheus: NotRequired[
        Annotated[
            ClusterPrometheusOptions,
            Option(
                lands=(f"{ADDED}{POD_MONITOR}", f"{ADDED}{PROMETHEUS_RULE}", f"{POD}.labels"),
                example={"operator": True},
            ),
        ]
    ]
    """The Prometheus that sees the endpoints, for their alarms and their autoscaling. Left out, it is the one that
    `kserve.prometheus` names or installs; without that nothing is watched, and what scales is CPU."""

    accelerators: NotRequired[Annotated[Mapping[str, KubernetesAcceleratorOptions], Option(default={})]]
    """How replicas get to nodes with accelerators: the accelerator's name (`A10G`) -> which nodes have it."""

    image_pull_secrets: NotRequired[
        Annotated[
            Sequence[str],
            Option(default=[], lands=(f"{POD}.imagePullSecrets",), example=["registry"]),
        ]
    ]
    """Names of secrets of the namespace with which images are pulled."""

    registry: NotRequired[
        Annotated[
            Literal["ecr"] | RegistryOptions,
            Option(
                lands=(*BUILT, f"{ADDED}{REPOSITORY}", f"{ADDED}aws:ecr/lifecyclePolicy:LifecyclePolicy", REGISTRIES),
                example="ecr",
            ),
        ]
    ]
    """Where images lie that are built for this cluster, with models that are directories beside the stack file or `delivery: baked`: `ecr` for
    repositories of Amazon ECR (the nodes' role must let them pull), or a registry of one's own. Left out, none are built, and models are fetched."""

    tenant_callers: NotRequired[
        Annotated[
            TenantCallersOptions,
            Option(lands=(f"{NETWORK_POLICY}.spec.ingress",), example={"namespaces": ["envoy-gateway-system"]}),
        ]
    ]
    """Who reaches the replicas of tenants (`tenants.NAME.kubernetes`) beside those of the same tenant, the namespace of `gateway`, and that of
    the Prometheus in `prometheus.url`. Nobody else otherwise."""


rule(KubernetesOptions, "transforms")(transforms_name(KUBERNETES_ROLES))


def makes_eks(options: Any) -> bool:
    """Whether a cluster on EKS is made for a platform of these validated options."""
    eks = getattr(getattr(options, "cluster", None), "eks", None)
    return eks is not None and eks.cluster_name is None


def named_cluster(options: Any) -> tuple[str | None, ...] | None:
    """Which cluster a platform of these validated options is on, where it is not made for it: the same words, the same cluster. None where it
    is made, or known later."""
    cluster = options.cluster
    named = (cluster.eks.cluster_name if cluster.eks is not None else None, cluster.kubeconfig, cluster.context)
    known = all(each is None or isinstance(each, str) for each in named)
    return named if known and not makes_eks(options) else None


@rule(KubernetesClusterOptions, "kubeconfig", "context", "eks")
def a_cluster_is_named_once(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    kubeconfig = cluster["kubeconfig"]
    if cluster["eks"] is not None:
        for key in ("kubeconfig", "context"):
            if cluster[key] is not None:
                yield Problem(key, "`eks` says which cluster it is", f"Remove `{key}`, or remove `eks`.")
    elif kubeconfig is None and cluster["context"] is None:
        reason = "nothing says which cluster, and kubectl's current one may be any"
        yield Problem("", reason, "Write `context`, `kubeconfig`, or both, or `eks` for a cluster on EKS.")
    if isinstance(kubeconfig, str) and "\n" in kubeconfig:
        reason = "the content of a kubeconfig has credentials, which would stay readable in the stack file"
        yield Problem("kubeconfig", reason, "Write the path of the file, or hand a secret Output in.", "…")


@rule(TenantCallersOptions, "cidrs")
def callers_come_from_ranges(callers: Mapping[str, Any]) -> Iterable[Problem]:
    for cidr in callers["cidrs"]:
        yield from range_problems("cidrs", cidr)


@rule(KubernetesOptions, "serving", "knative_gateway", "prometheus")
def what_serves_has_a_use_for_it(platform: Mapping[str, Any]) -> Iterable[Problem]:
    knative, seldon = platform["serving"] == "kserve-knative", platform["serving"] == "seldon"
    if not knative and platform["knative_gateway"].model_fields_set:
        yield Problem("knative_gateway", "there is no Knative", "Remove it, or write `serving: kserve-knative`.")
    prometheus = platform["prometheus"]
    if (knative or seldon) and prometheus is not None:
        who = "Knative" if knative else "Seldon"
        reason = f"{who} counts requests itself, and asks no Prometheus"
        yield Problem("prometheus", reason, "Remove it.")
    if platform["serving"] == "kserve-llm" and prometheus is not None:
        for key in ("operator", "grafana", "envoy_gateway"):
            if getattr(prometheus, key):
                reason = "alarms and dashboards are made for endpoints of `serving: kserve`"
                yield Problem(f"prometheus.{key}", reason, "Remove it.", True)


@rule(KubernetesOptions, "serving", "create_namespace")
def seldon_has_its_namespace(platform: Mapping[str, Any]) -> Iterable[Problem]:
    if platform["serving"] == "seldon" and platform["create_namespace"]:
        reason = "Seldon serves in namespaces that have a SeldonRuntime, and a new one has none"
        remedy = "Write false, and with `namespace` the one that has it."
        yield Problem("create_namespace", reason, remedy, True)


@rule(KubernetesOptions, "namespace", "create_namespace", "transforms")
def a_namespace_that_there_is_has_a_name(platform: Mapping[str, Any]) -> Iterable[Problem]:
    if platform["create_namespace"]:
        return
    if platform["namespace"] is None:
        reason = "no namespace is made (`create_namespace: false`), and none is named"
        yield Problem("namespace", reason, "Write the name of the one that there is.")
    yield from childless(platform["transforms"], {"namespace": "it is handed in (`create_namespace: false`)"})


@rule(KubernetesOptions, "prometheus", "gateway")
def what_envoy_counts_comes_through_it(platform: Mapping[str, Any]) -> Iterable[Problem]:
    prometheus = platform["prometheus"]
    if prometheus is not None and prometheus.envoy_gateway and platform["gateway"] is None:
        reason = "no request comes through a gateway, since the platform names none"
        yield Problem("prometheus.envoy_gateway", reason, "Write `gateway`, or remove it.", True)

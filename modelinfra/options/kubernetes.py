"""What a user can say about a Kubernetes cluster on which endpoints run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.child_roles import KUBERNETES_ROLES
from modelinfra.options.adjustments import TransformedOptions, childless, transforms_name
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    NAMESPACE,
    POD,
    ROUTE_OF_GATEWAY,
    SCALED_OBJECT,
    SERVER_OF_POD,
)
from modelinfra.options.problems import Problem

# Kubernetes: names of namespaces and of most objects (RFC 1123 labels).
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_LABEL_TEXT = "a name of lower-case letters, digits and hyphens (63 characters at most)"


class KubernetesClusterOptions(TypedDict):
    """Which cluster: one that there is already."""

    kubeconfig: NotRequired[Annotated[Input[str], Option()]]
    """Path of a kubeconfig file; in Python its content, too. Left out, the file that kubectl reads (`KUBECONFIG`, or ~/.kube/config)."""

    context: NotRequired[Annotated[Input[str], Option()]]
    """Name of a context in the kubeconfig. Left out, its current one; without `kubeconfig` it must be given."""


class GatewayOptions(TypedDict):
    """A gateway of the Gateway API that is there already. Its listeners say who reaches it, and hold the certificates."""

    name: Annotated[str, Option(pattern=_LABEL, pattern_text=_LABEL_TEXT, pattern_example="inference")]
    """Name of the Gateway object."""

    namespace: Annotated[str, Option(pattern=_LABEL, pattern_text=_LABEL_TEXT, pattern_example="gateways")]
    """Its namespace. Its listeners must allow routes from the namespace of the endpoints."""

    url: Annotated[
        Input[str],
        Option(
            pattern=r"https?://[^/\s]+",
            pattern_text="an address without a path",
            pattern_example="https://models.example.com",
        ),
    ]
    """Address under which clients reach it."""


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


class KubernetesOptions(TransformedOptions):
    """A Kubernetes cluster that there is, with KServe on it. Nothing of AWS is made for it."""

    cluster: Annotated[KubernetesClusterOptions, Option()]
    """Which cluster."""

    serving: NotRequired[Annotated[Literal["kserve"], Option(default="kserve")]]
    """What runs the replicas: KServe (0.20, in Standard mode), which must be installed."""

    namespace: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the platform's full name",
                pattern=_LABEL,
                pattern_text=_LABEL_TEXT,
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
    """Gateway below whose address endpoints hang, each at its `path`. Left out, they are reached from inside the cluster only."""

    prometheus_url: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"https?://\S+",
                pattern_text="an address",
                pattern_example="http://prometheus-operated.monitoring:9090",
                lands=(f"{SCALED_OBJECT}.spec.triggers",),
                example="http://prometheus-operated.elsewhere:9090",
            ),
        ]
    ]
    """Address of a Prometheus that scrapes the replicas (their pods have the `prometheus.io` annotations), as KEDA reaches it.
    Autoscaling by `scaling.concurrency` asks it; KEDA must be installed. None otherwise."""

    accelerators: NotRequired[Annotated[Mapping[str, KubernetesAcceleratorOptions], Option(default={})]]
    """How replicas get to nodes with accelerators: the accelerator's name (`A10G`) -> which nodes have it."""

    image_pull_secrets: NotRequired[
        Annotated[
            Sequence[str],
            Option(default=[], lands=(f"{POD}.imagePullSecrets",), example=["registry"]),
        ]
    ]
    """Names of secrets of the namespace with which images are pulled."""


rule(KubernetesOptions, "transforms")(transforms_name(KUBERNETES_ROLES))


@rule(KubernetesClusterOptions, "kubeconfig", "context")
def a_cluster_is_named(cluster: Mapping[str, Any]) -> Iterable[Problem]:
    kubeconfig = cluster["kubeconfig"]
    if kubeconfig is None and cluster["context"] is None:
        reason = "nothing says which cluster, and kubectl's current one may be any"
        yield Problem("", reason, "Write `context`, `kubeconfig`, or both.")
    if isinstance(kubeconfig, str) and "\n" in kubeconfig:
        reason = "the content of a kubeconfig has credentials, which would stay readable in the stack file"
        yield Problem("kubeconfig", reason, "Write the path of the file, or hand a secret Output in.", "…")


@rule(KubernetesOptions, "namespace", "create_namespace", "transforms")
def a_namespace_that_there_is_has_a_name(platform: Mapping[str, Any]) -> Iterable[Problem]:
    if platform["create_namespace"]:
        return
    if platform["namespace"] is None:
        reason = "no namespace is made (`create_namespace: false`), and none is named"
        yield Problem("namespace", reason, "Write the name of the one that there is.")
    yield from childless(platform["transforms"], {"namespace": "it is handed in (`create_namespace: false`)"})

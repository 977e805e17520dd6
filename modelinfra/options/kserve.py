"""What a user can say about an installation of KServe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NotRequired

from modelinfra.catalog.kserve_roles import KSERVE_ROLES
from modelinfra.options.adjustments import TransformedOptions, transforms_name
from modelinfra.options.declare import Option, rule
from modelinfra.options.kserve_gateway import InstalledGatewayOptions
from modelinfra.options.kserve_landing import (
    CHART,
    CONTROLLER,
    ENVOY_GATEWAY,
    GATEWAY,
    KNATIVE_SERVING,
    NAMESPACE,
    NODE_GROUP,
    POD_OF_PROXY,
    RELEASE,
)  # fmt: skip
from modelinfra.options.kserve_parts import LocalModelsOptions, PrometheusOptions
from modelinfra.options.landing import ADDED, POD_MONITOR
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes

DEFAULT_DOWNLOAD_MEMORY = "4GiB"


class KServeOptions(TransformedOptions):
    """KServe in Standard mode on a Kubernetes cluster, with what it stands on. What is `false` is there already, and is left alone."""

    cert_manager: NotRequired[
        Annotated[bool, Option(default=True, example=False, lands=(f"{ADDED}{RELEASE}", f"{ADDED}{NAMESPACE}"))]
    ]
    """Whether to install cert-manager. Its certificates are KServe's: an adopted one must be of version 1.15 or newer."""

    gateway_api: NotRequired[
        Annotated[bool, Option(default=True, example=False, lands=(f"{CHART}.values.crds.gatewayAPI.enabled",))]
    ]
    """Whether to install the custom resource definitions of the Gateway API (standard channel). `false` where the cluster brings them, as
    those of GKE and OpenShift do. Envoy Gateway's own come with it."""

    envoy_gateway: NotRequired[
        Annotated[
            bool,
            Option(
                default_text="true, unless `gateway` names a class or an existing gateway",
                example=False,
                lands=(
                    *ENVOY_GATEWAY,
                    f"{ADDED}{GATEWAY}",
                ),
            ),
        ]
    ]
    """Whether to install Envoy Gateway, and a gateway that it serves. Without it, and without `gateway`, there is no gateway."""

    keda: NotRequired[
        Annotated[bool, Option(default=True, example=False, lands=(f"{ADDED}{RELEASE}", f"{ADDED}{NAMESPACE}"))]
    ]
    """Whether to install KEDA. KServe's controller looks for it when it starts: one that is installed by hand must be there before."""

    knative: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                example=True,
                lands=(f"{ADDED}{RELEASE}", f"{ADDED}{NAMESPACE}", f"{ADDED}{KNATIVE_SERVING}"),
            ),
        ]
    ]
    """Whether to install Knative Serving with Kourier, by Knative's operator, for endpoints of `serving: kserve-knative`, which may have no
    replica while nobody asks. KServe's own mode stays Standard: each InferenceService says which it wants."""

    crds: NotRequired[Annotated[bool, Option(default=True, example=False, lands=(f"{ADDED}{RELEASE}",))]]
    """Whether to install KServe's custom resource definitions. `false` where somebody else manages them."""

    gateway: NotRequired[InstalledGatewayOptions]
    """The gateway through which requests reach endpoints. One of Envoy Gateway that only the cluster itself reaches otherwise."""

    ingress_domain: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+",
                pattern_text="a domain in lower-case letters",
                pattern_example="models.example.com",
                example="models.example.com",
                lands=(
                    f"{CONTROLLER}.gateway.domain",
                    f"{CONTROLLER}.gateway.disableIngressCreation",
                    f"{CONTROLLER}.gateway.ingressGateway.enableGatewayApi",
                ),
            ),
        ]
    ]
    """Domain below which KServe itself routes to every InferenceService, as `<name>-<namespace>.<domain>`, through the gateway. None otherwise:
    endpoints of modelinfra bring routes of their own."""

    runtimes: NotRequired[
        Annotated[
            bool,
            Option(default=False, example=True, lands=(f"{ADDED}{RELEASE}",)),
        ]
    ]
    """Whether to install KServe's own serving runtimes, for InferenceServices that people write themselves. Endpoints of modelinfra bring
    their own."""

    download_memory: NotRequired[
        Annotated[
            Bytes,
            Option(
                default=DEFAULT_DOWNLOAD_MEMORY,
                at_least=1 << 30,
                example="16GiB",
                lands=(f"{RELEASE}.values.kserve.storage.resources.limits.memory",),
            ),
        ]
    ]
    """What the container that downloads a model may use. With KServe's own default of 1GiB the download of a
    large model is killed."""

    local_models: NotRequired[
        Annotated[
            LocalModelsOptions,
            Option(
                lands=(
                    f"{ADDED}{RELEASE}",
                    f"{ADDED}{NODE_GROUP}",
                    f"{ADDED}{NAMESPACE}",
                    f"{RELEASE}.values.kserve.localmodel.enabled",
                )
            ),
        ]
    ]
    """Models that are kept on the disks of nodes (LocalModelCache), so that a replica starts without a download. Off otherwise."""

    llm_inference_services: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                example=True,
                lands=(f"{ADDED}{RELEASE}", f"{ADDED}{RELEASE}"),
            ),
        ]
    ]
    """Whether to install LLMInferenceService: custom resources, controller, and the configurations that it builds on. Its scheduler routes
    through an InferencePool, which Envoy Gateway alone does not serve, and its workers over several nodes need LeaderWorkerSet: neither is
    installed."""

    prometheus: NotRequired[
        Annotated[
            PrometheusOptions,
            Option(
                lands=(
                    f"{ADDED}{POD_MONITOR}",
                    f"{RELEASE}.values.prometheus.podmonitor",
                    f"{RELEASE}.values.prometheus.metricServer",
                    f"{RELEASE}.values.prometheus.operator",
                )
            ),
        ]
    ]
    """Scraping by a Prometheus Operator, which is there or is installed. Off otherwise."""

    node_selector: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(
                example={"node-group": "system"},
                lands=(
                    f"{RELEASE}.values.global.nodeSelector",
                    f"{RELEASE}.values.certgen.job.nodeSelector",
                    f"{RELEASE}.values.deployment.pod.nodeSelector",
                    f"{RELEASE}.values.nodeSelector",
                    f"{CONTROLLER}.nodeSelector",
                    f"{KNATIVE_SERVING}.spec.workloads",
                    f"{POD_OF_PROXY}.nodeSelector",
                ),
            ),
        ]
    ]
    """Labels of the nodes on which controllers and proxies run, for example those of a small group that GPU nodes do not belong to, which
    the controller of local models alone does not heed, since its chart has no such value. Any node otherwise."""

    tolerations: NotRequired[
        Annotated[
            Sequence[Mapping[str, Any]],
            Option(
                example=[{"key": "CriticalAddonsOnly", "operator": "Exists"}],
                lands=(
                    f"{RELEASE}.values.cainjector.tolerations",
                    f"{RELEASE}.values.startupapicheck.tolerations",
                    f"{RELEASE}.values.tolerations",
                    f"{RELEASE}.values.webhook.tolerations",
                    f"{RELEASE}.values.certgen.job.tolerations",
                    f"{RELEASE}.values.deployment.pod.tolerations",
                    f"{RELEASE}.values.tolerations",
                    f"{CONTROLLER}.tolerations",
                    f"{KNATIVE_SERVING}.spec.workloads",
                    f"{RELEASE}.values.knative_operator",
                    f"{POD_OF_PROXY}.tolerations",
                ),
            ),
        ]
    ]
    """Taints of nodes on which controllers and proxies may run all the same, as Kubernetes writes tolerations. None otherwise."""


rule(KServeOptions, "transforms")(transforms_name(KSERVE_ROLES))


def installs_envoy_gateway(options: Any) -> bool:
    """Whether Envoy Gateway is installed, said or not. options: validated ones."""
    if options.envoy_gateway is not None:
        return bool(options.envoy_gateway)
    gateway = options.gateway
    return gateway is None or (gateway.existing is None and gateway.class_name is None)


@rule(KServeOptions, "envoy_gateway", "gateway")
def a_gateway_has_one_implementation(options: Mapping[str, Any]) -> Iterable[Problem]:
    gateway, installed = options["gateway"], options["envoy_gateway"]
    if gateway is None or installed is None:
        return
    other = "existing" if gateway.existing is not None else "class_name" if gateway.class_name is not None else None
    if installed and other:
        reason = f"Envoy Gateway serves no gateway here, since gateway.{other} names another one"
        yield Problem("envoy_gateway", reason, f"Write false, or remove gateway.{other}.", True)
    if not installed and other is None:
        reason = "nothing would serve this gateway, since Envoy Gateway is not installed"
        yield Problem("gateway", reason, "Name its class (class_name) or an existing gateway, or remove envoy_gateway.")


@rule(KServeOptions, "ingress_domain", "envoy_gateway", "gateway")
def routes_lead_through_a_gateway(options: Mapping[str, Any]) -> Iterable[Problem]:
    if options["ingress_domain"] is not None and options["envoy_gateway"] is False and options["gateway"] is None:
        reason = "KServe's routes lead through a gateway, and there is none"
        yield Problem("ingress_domain", reason, "Remove it, or name a gateway.", options["ingress_domain"])

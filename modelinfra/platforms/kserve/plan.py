"""What an installation consists of and in which order: pure, from validated options to parts.

The order of installation is that of the parts; what a part waits for is what it names. Pulumi takes them away the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from modelinfra.catalog.kserve_charts import CHARTS
from modelinfra.catalog.kserve_roles import KSERVE_ROLES
from modelinfra.children import transform_problems
from modelinfra.options.kserve import installs_envoy_gateway
from modelinfra.options.problems import Problem
from modelinfra.platforms.kserve import objects
from modelinfra.platforms.kserve.knative import OPERATOR_NAMESPACE, SERVING_NAMESPACE, knative_serving
from modelinfra.platforms.kserve.prometheus import PROMETHEUS_NAMESPACE, installs_prometheus
from modelinfra.platforms.kserve.values import ENVOY_NAMESPACE, KSERVE_NAMESPACE, LOCAL_MODEL_NAMESPACE, values_of


@dataclass(frozen=True)
class Part:
    """One resource of an installation. Exactly one of `chart`, `manifest` and `creates_namespace` says what it is.

    role: its child role. after: roles that it waits for. held: whether production protects it: without it endpoints are lost, or no longer
    start, scale or answer. (A `destroy` takes everything that is not protected, also when something else is.)
    """

    role: str
    namespace: str = ""
    chart: str = ""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    held: bool = False
    creates_namespace: bool = False


def parts(options: Any, production: bool) -> tuple[Part, ...]:
    """The parts that these options ask for, each waiting for those only that are among them."""
    found = [*_foundations(options), *_knative(options, production), *_kserve(options), *_objects(options, production)]
    present = {part.role for part in found}
    return tuple(replace(part, after=tuple(role for role in part.after if role in present)) for part in found)


def values(part: Part, options: Any, production: bool) -> dict[str, Any]:
    """The values of a part that is a chart."""
    return values_of(part.chart, options, production)


def has_gateway(options: Any) -> bool:
    """Whether there is a gateway, made or existing."""
    return installs_envoy_gateway(options) or options.gateway is not None


def makes_gateway(options: Any) -> bool:
    """Whether there is one, and it is made here."""
    return has_gateway(options) and not (options.gateway is not None and options.gateway.existing is not None)


def installation_problems(options: Any) -> list[Problem]:
    """What is wrong with validated options beyond their own rules: transforms of properties or children that there are not."""
    made = {part.role for part in parts(options, production=False)}
    reason = "there is nothing for it to adjust: these options make no such child"
    return [
        *transform_problems(options, KSERVE_ROLES),
        *(Problem(f"transforms.{role}", reason, "Remove it.") for role in options.transforms or () if role not in made),
    ]


def charts_not_for(version: str, options: Any) -> list[str]:
    """The charts of this installation whose makers do not name a minor version of Kubernetes, each with those that they do."""
    charts = {part.chart: CHARTS[part.chart] for part in parts(options, production=False) if part.chart}
    return [
        f"{name} {chart.version} ({chart.kubernetes_text})"
        for name, chart in charts.items()
        if not chart.supports(version)
    ]


def _namespace(role: str, name: str) -> Part:
    return Part(role, name, held=True, creates_namespace=True)


def _foundations(options: Any) -> Iterator[Part]:
    if installs_prometheus(options):
        # First: monitors of the others are objects of its operator. KEDA asks it, so that endpoints scale no more without.
        yield _namespace("prometheus-namespace", PROMETHEUS_NAMESPACE)
        yield Part(
            "prometheus", PROMETHEUS_NAMESPACE, "kube-prometheus-stack", after=("prometheus-namespace",), held=True
        )
    if options.cert_manager:
        yield _namespace("cert-manager-namespace", "cert-manager")
        yield Part(
            "cert-manager", "cert-manager", "cert-manager", after=("cert-manager-namespace", "prometheus"), held=True
        )
    if options.gateway_api or installs_envoy_gateway(options):
        yield Part("gateway-api", "", "gateway-crds-helm", held=True)
    if installs_envoy_gateway(options):
        # The proxies run here: the namespace goes last, and with it their load balancer, whatever Envoy Gateway still had to do.
        yield _namespace("envoy-gateway-namespace", ENVOY_NAMESPACE)
        after = ("envoy-gateway-namespace", "gateway-api")
        yield Part("envoy-gateway", ENVOY_NAMESPACE, "gateway-helm", after=after, held=True)
    if options.keda:
        yield _namespace("keda-namespace", "keda")
        yield Part("keda", "keda", "keda", after=("keda-namespace", "prometheus"), held=True)


def _knative(options: Any, production: bool) -> Iterator[Part]:
    if not options.knative:
        return
    yield _namespace("knative-operator-namespace", OPERATOR_NAMESPACE)
    after: tuple[str, ...] = ("knative-operator-namespace",)
    yield Part("knative-operator", OPERATOR_NAMESPACE, "knative-operator", after=after, held=True)
    yield _namespace("knative-namespace", SERVING_NAMESPACE)
    # At destroy the operator is there until it has taken all of it away.
    after = ("knative-operator", "knative-namespace")
    yield Part("knative", manifest=knative_serving(options, production), after=after, held=True)


def _kserve(options: Any) -> Iterator[Part]:
    after: tuple[str, ...]
    yield _namespace("namespace", KSERVE_NAMESPACE)
    if options.crds:
        yield Part("crds", KSERVE_NAMESPACE, "kserve-crd", after=("namespace",), held=True)
    # cert-manager signs the webhooks' certificates. The controller asks once, when it starts, whether KEDA, Knative and HTTPRoute are there.
    looked_for = ("cert-manager", "keda", "knative", *(("gateway-api",) if options.ingress_domain is not None else ()))
    yield Part("controller", KSERVE_NAMESPACE, "kserve-resources", after=("namespace", "crds", *looked_for), held=True)
    if options.llm_inference_services:
        # Both charts of definitions have that of ClusterStorageContainer, and leave it out when they find it: one after the other.
        yield Part("llm-crds", KSERVE_NAMESPACE, "kserve-llmisvc-crd", after=("namespace", "crds"), held=True)
        after = ("llm-crds", "controller", "gateway-api")
        yield Part("llm-controller", KSERVE_NAMESPACE, "kserve-llmisvc-resources", after=after, held=True)
    if options.runtimes or options.llm_inference_services:
        after = ("controller", "llm-controller")
        yield Part("runtimes", KSERVE_NAMESPACE, "kserve-runtime-configs", after=after)
    if options.local_models is not None:
        yield _namespace("local-model-namespace", LOCAL_MODEL_NAMESPACE)
        yield Part("local-model-crds", KSERVE_NAMESPACE, "kserve-localmodel-crd", after=("namespace",), held=True)
        after = ("local-model-namespace", "local-model-crds", "controller")
        yield Part("local-model-controller", KSERVE_NAMESPACE, "kserve-localmodel-resources", after=after, held=True)


def _objects(options: Any, production: bool) -> Iterator[Part]:
    after: tuple[str, ...]
    if options.local_models is not None:
        after = ("local-model-controller",)
        yield Part("local-model-nodes", manifest=objects.local_model_nodes(options), after=after)
    envoy = installs_envoy_gateway(options)
    if envoy:
        yield Part("gateway-class", manifest=objects.gateway_class(), after=("envoy-gateway",), held=True)
        proxy = objects.gateway_proxy(options, production)
        yield Part("gateway-proxy", manifest=proxy, after=("namespace", "envoy-gateway"), held=True)
    if makes_gateway(options):
        after = ("namespace", "gateway-api", "gateway-class", "gateway-proxy")
        yield Part("gateway", manifest=objects.gateway(options), after=after, held=True)
    if options.prometheus is not None:
        labels = options.prometheus.labels
        yield Part("server-monitor", manifest=objects.server_monitor(labels), after=("namespace", "prometheus"))
        if envoy:
            yield Part("gateway-monitor", manifest=objects.gateway_monitor(labels), after=("namespace", "prometheus"))

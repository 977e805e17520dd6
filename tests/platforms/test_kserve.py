"""`KServe`: what is installed, with which values, after what, and what a user may say of it."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from modelinfra import KServe, KubernetesPlatform, ModelEndpoint
from modelinfra.catalog.kserve_charts import CHARTS, unknown_values
from modelinfra.catalog.kserve_roles import KSERVE_ROLES
from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.options.declare import UNSET, declared, is_declaration
from modelinfra.options.kserve import KServeOptions
from modelinfra.options.landing import ADDED
from modelinfra.options.strict import validate
from modelinfra.platforms.kserve.plan import parts
from tests.kubernetes.schemas import complaints
from tests.platforms.kserve_worlds import (
    ADOPTED,
    CONFIGURATIONS,
    EVERYTHING,
    chart_of,
    children,
    installed,
    leaves,
    manifest,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "kserve-installations.txt"
DOCS = Path(__file__).parents[2] / "docs" / "kserve.md"
WORLDS = {**CONFIGURATIONS, "everything": EVERYTHING, "everything, disposable": {**EVERYTHING, "production": False}}


@pytest.fixture(scope="module")
def everything() -> Graph:
    return installed(**EVERYTHING)


def release(graph: Graph, role: str) -> dict[str, Any]:
    """The values of a chart."""
    values: dict[str, Any] = plain(children(graph)[role].inputs["values"])
    return values


# Values


@pytest.mark.parametrize("world", WORLDS)
def test_every_chart_knows_every_value_that_it_is_given(world: str) -> None:
    graph = installed(**WORLDS[world])
    given = {chart_of(node): plain(node.inputs.get("values") or {}) for node in children(graph).values()}
    given.pop(None)
    assert {chart: unknown_values(str(chart), values) for chart, values in given.items()} == {
        chart: [] for chart in given
    }


def test_every_chart_of_the_table_is_installed_by_someone(everything: Graph) -> None:
    assert {chart_of(node) for node in children(everything).values()} - {None} == set(CHARTS)


def test_every_chart_comes_at_its_pinned_version_from_its_repository(everything: Graph) -> None:
    for node in children(everything).values():
        chart = CHARTS.get(chart_of(node) or "")
        if chart is None:
            continue
        given = plain(node.inputs)
        index = (given.get("repositoryOpts") or {}).get("repo")
        assert (given["version"], index or given["chart"]) == (
            chart.version,
            chart.repository if index else f"{chart.repository}/{chart.name}",
        )


def test_kserve_is_in_standard_mode_and_makes_no_routes_of_its_own() -> None:
    controller = release(installed(), "controller")["kserve"]["controller"]
    assert controller["deploymentMode"] == "Standard"
    assert controller["gateway"]["disableIngressCreation"] is True
    assert controller["gateway"]["disableIstioVirtualHost"] is True
    assert controller["gateway"]["ingressGateway"]["enableGatewayApi"] is False


def test_kserve_routes_through_the_gateway_when_it_is_given_a_domain(everything: Graph) -> None:
    gateway = release(everything, "controller")["kserve"]["controller"]["gateway"]
    assert gateway["domain"] == "models.example.com"
    assert gateway["disableIngressCreation"] is False
    assert gateway["urlScheme"] == "https"
    routed = {"enableGatewayApi": True, "kserveGateway": "kserve/kserve-ingress-gateway", "createGateway": False}
    assert gateway["ingressGateway"] == routed


def test_a_download_may_use_more_memory_than_the_chart_gives_it() -> None:
    limits = release(installed(download_memory="16GiB"), "controller")["kserve"]["storage"]["resources"]["limits"]
    assert limits["memory"] == "16Gi"
    default = release(installed(), "controller")["kserve"]["storage"]["resources"]["limits"]["memory"]
    assert default == "4Gi"


def test_model_servers_get_no_token_for_kubernetes() -> None:
    assert release(installed(), "controller")["kserve"]["security"] == {"autoMountServiceAccountToken": False}


def test_only_one_of_two_charts_makes_what_both_could(everything: Graph) -> None:
    assert release(everything, "controller")["kserve"]["createSharedResources"] is True
    assert release(everything, "llm-controller")["kserve"]["createSharedResources"] is False


def test_runtimes_are_switched_on_and_of_this_year(everything: Graph) -> None:
    runtimes = release(everything, "runtimes")["kserve"]["servingruntime"]
    assert runtimes["enabled"] is True
    assert runtimes["mlserver"] == {"tag": "1.7.1"}
    assert runtimes["tritonserver"] == {"tag": "26.07-py3"}


def test_the_chart_of_runtimes_may_bring_nothing_but_configurations_of_llms() -> None:
    given = release(installed(llm_inference_services=True), "runtimes")["kserve"]
    assert given["servingruntime"] == {"enabled": False}
    assert given["llmisvcConfigs"] == {"enabled": True}


def test_production_has_two_of_what_can_be_two_and_keeps_definitions(everything: Graph) -> None:
    certificates, scaler = release(everything, "cert-manager"), release(everything, "keda")
    assert [certificates["replicaCount"], certificates["webhook"]["replicaCount"]] == [2, 2]
    assert certificates["crds"] == {"enabled": True, "keep": True}
    assert scaler["operator"]["replicaCount"] == 2
    assert scaler["crds"]["additionalAnnotations"] == {"helm.sh/resource-policy": "keep"}
    assert release(everything, "envoy-gateway")["deployment"]["replicas"] == 2


def test_a_disposable_installation_leaves_no_definitions_behind() -> None:
    graph = installed()
    assert release(graph, "cert-manager")["crds"] == {"enabled": True, "keep": False}
    assert release(graph, "keda")["crds"] == {"install": True}
    assert not [node for node in graph if node.protect]


def test_what_endpoints_need_is_protected_in_production(everything: Graph) -> None:
    free = {role for role, node in children(everything).items() if not node.protect}
    assert free == {"runtimes", "local-model-nodes", "server-monitor", "gateway-monitor"}


def test_a_release_waits_is_taken_back_and_keeps_few_revisions(everything: Graph) -> None:
    for role, node in children(everything).items():
        if node.type == "kubernetes:helm.sh/v3:Release":
            given = plain(node.inputs)
            assert (given["atomic"], given["timeout"], given["maxHistory"]) == (True, 600, 3), role
            assert "skipAwait" not in given


def test_controllers_and_proxies_run_where_they_are_told(everything: Graph) -> None:
    place = CONFIGURATIONS["EKS with Karpenter and GPUs"]
    labels, taints = place["node_selector"], place["tolerations"]
    certificates = release(everything, "cert-manager")
    assert certificates["global"]["nodeSelector"] == labels
    for component in (certificates, *(certificates[each] for each in ("webhook", "cainjector", "startupapicheck"))):
        assert component["tolerations"] == taints
    gateway = release(everything, "envoy-gateway")
    assert gateway["deployment"]["pod"] == gateway["certgen"]["job"] == {"nodeSelector": labels, "tolerations": taints}
    proxy = manifest(children(everything)["gateway-proxy"])["spec"]["provider"]["kubernetes"]["envoyDeployment"]
    assert {"nodeSelector": labels, "tolerations": taints}.items() <= proxy["pod"].items()
    assert release(everything, "keda")["nodeSelector"] == labels
    assert release(everything, "controller")["kserve"]["controller"]["nodeSelector"] == labels


# Order


def order(graph: Graph) -> dict[str, set[str]]:
    """Role -> roles that it waits for, also through others."""
    made = children(graph)
    by_urn = {node.urn: role for role, node in made.items()}
    direct = {role: {by_urn[urn] for urn in node.depends_on if urn in by_urn} for role, node in made.items()}

    def all_of(role: str) -> set[str]:
        return direct[role] | {each for other in direct[role] for each in all_of(other)}

    return {role: all_of(role) for role in made}


def test_the_controller_starts_when_everything_that_it_asks_for_once_is_there(everything: Graph) -> None:
    assert order(everything)["controller"] == {
        "namespace", "crds", "cert-manager", "cert-manager-namespace", "keda", "keda-namespace", "gateway-api",
        "prometheus", "prometheus-namespace",
        "knative", "knative-namespace", "knative-operator", "knative-operator-namespace",
    }  # fmt: skip


def test_nobody_waits_for_definitions_of_a_gateway_that_the_controller_does_not_use() -> None:
    assert "gateway-api" not in order(installed())["controller"]


def test_custom_resources_come_after_the_controllers_whose_webhooks_judge_them(everything: Graph) -> None:
    after = order(everything)
    assert {"controller", "llm-controller"} <= after["runtimes"]
    assert "local-model-controller" in after["local-model-nodes"]
    assert {"gateway-class", "gateway-proxy", "envoy-gateway", "gateway-api"} <= after["gateway"]


def test_two_charts_that_share_a_definition_come_one_after_the_other(everything: Graph) -> None:
    assert "crds" in order(everything)["llm-crds"]


@pytest.mark.parametrize("world", WORLDS)
def test_every_namespaced_part_waits_for_its_namespace(world: str) -> None:
    graph = installed(**WORLDS[world])
    after, made = order(graph), children(graph)
    homes = {
        manifest(node)["metadata"]["name"]: role for role, node in made.items() if node.type.endswith(":Namespace")
    }
    for role, node in made.items():
        given = manifest(node)
        home = given.get("namespace") or (given.get("metadata") or {}).get("namespace")
        if home is not None:
            assert homes[home] in after[role], role


def lines(title: str, options: Mapping[str, Any]) -> Iterator[str]:
    """An installation as people read it: what comes in which round, and at which version."""
    options = {**options}
    production = options.pop("production", False)
    rounds: dict[str, int] = {}
    yield f"# {title}"
    rows = []
    for part in parts(validate(KServeOptions, options), production):
        rounds[part.role] = 1 + max((rounds[role] for role in part.after), default=0)
        what = f"{part.chart} {CHARTS[part.chart].version}" if part.chart else part.manifest.get("kind", part.namespace)
        protected = ", protected" if part.held and production else ""
        rows.append((rounds[part.role], f"{rounds[part.role]} {part.role}: {what}{protected}"))
    yield from (text for _, text in sorted(rows, key=lambda row: row[0]))
    yield ""


def test_the_order_of_installation_is_the_one_that_was_agreed_on() -> None:
    """Rounds: everything of one round waits for earlier rounds only. At destroy they go from the last to the first."""
    text = "\n".join(line for title, options in CONFIGURATIONS.items() for line in lines(title, options))
    assert text.strip() == GOLDEN.read_text().strip()


# Adoption


def test_what_is_there_already_is_left_alone() -> None:
    assert sorted(children(installed(**ADOPTED))) == ["controller", "namespace"]


def test_another_implementation_serves_the_gateway_by_its_class() -> None:
    made = children(installed(gateway={"class_name": "gke-l7-rilb"}, gateway_api=False))
    assert not {"envoy-gateway", "gateway-class", "gateway-proxy"} & set(made)
    assert manifest(made["gateway"])["spec"]["gatewayClassName"] == "gke-l7-rilb"
    assert "infrastructure" not in manifest(made["gateway"])["spec"]


def test_envoy_gateway_brings_its_own_definitions_where_the_cluster_has_those_of_the_gateway_api() -> None:
    given = release(installed(gateway_api=False), "gateway-api")["crds"]
    assert given == {"gatewayAPI": {"enabled": False, "channel": "standard"}, "envoyGateway": {"enabled": True}}


def test_there_may_be_no_gateway_at_all() -> None:
    assert not [role for role in children(installed(envoy_gateway=False)) if role.startswith(("gateway-c", "envoy"))]


BY_ENVOY = ("envoy-gateway", "envoy-gateway-system")


def test_only_a_gateway_that_is_told_so_takes_listeners_of_others() -> None:
    made = manifest(children(installed())["gateway"])
    assert "allowedListeners" not in made["spec"]
    made = manifest(children(installed(gateway={"listener_sets": True}))["gateway"])
    assert made["spec"]["allowedListeners"] == {"namespaces": {"from": "All"}}
    assert complaints(made) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {},
            (
                "kserve",
                "kserve-ingress-gateway",
                "http",
                False,
                "http://kserve-gateway.envoy-gateway-system",
                *BY_ENVOY,
            ),
        ),
        ({"gateway": {"tls_secret": "models"}}, ("kserve", "kserve-ingress-gateway", "https", True, None, *BY_ENVOY)),
        (
            {"gateway": {"tls_secret": "models", "host": "models.example.com"}},
            ("kserve", "kserve-ingress-gateway", "https", True, "https://models.example.com", *BY_ENVOY),
        ),
        (
            {"gateway": {"host": "*.example.com"}},
            ("kserve", "kserve-ingress-gateway", "http", False, None, *BY_ENVOY),
        ),
        ({"gateway": {"class_name": "istio"}}, ("kserve", "kserve-ingress-gateway", "http", False, None, None, None)),
        (ADOPTED, ("gateways", "shared", None, True, None, None, None)),
        ({"envoy_gateway": False}, None),
    ],
)
def test_endpoints_are_told_which_gateway_to_attach_to(options: Mapping[str, Any], expected: Any) -> None:
    found: list[KServe] = []

    def program() -> None:
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        found.append(KServe("serving", opts=pulumi.ResourceOptions(provider=cluster), **options))

    capture(program)
    gateway = found[0].gateway
    assert (gateway and dataclasses.astuple(gateway)) == expected
    assert len(found[0].ready) == len(parts(found[0].options, production=False))
    assert found[0].namespace == "kserve"
    assert found[0].versions["kserve-resources"] == "v0.20.0"


def test_an_endpoint_of_modelinfra_waits_for_it_and_hangs_below_its_gateway() -> None:
    def program() -> None:
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        serving = KServe("serving", opts=pulumi.ResourceOptions(provider=cluster))
        gateway = serving.gateway
        assert gateway is not None
        place = {"name": gateway.name, "namespace": gateway.namespace, "url": gateway.url}
        models = KubernetesPlatform("models", cluster={"kubeconfig": "{}"}, gateway=place, after=serving.ready)
        ModelEndpoint("digits", platform=models, server="mlserver", model="s3://acme-models/digits/7")

    graph = capture(program)
    service = next(node for node in graph if node.type.endswith(":InferenceService"))
    assert {graph.one("kubernetes:helm.sh/v3:Release", "serving-controller").urn} <= set(service.depends_on)
    route = next(node for node in graph if node.type.endswith(":HTTPRoute"))
    parents = plain(route.inputs["spec"])["parentRefs"]
    assert [(each["namespace"], each["name"]) for each in parents] == [("kserve", "kserve-ingress-gateway")]


def test_an_endpoint_is_watched_by_the_prometheus_that_was_installed() -> None:
    found: list[Any] = []

    def program() -> None:
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        serving = KServe("serving", prometheus={"install": True}, opts=pulumi.ResourceOptions(provider=cluster))
        found.append(serving.prometheus)
        gateway = serving.gateway
        assert gateway is not None
        models = KubernetesPlatform(
            "models",
            cluster={"kubeconfig": "{}"},
            gateway={"name": gateway.name, "namespace": gateway.namespace, "url": gateway.url},
            prometheus=serving.prometheus,
            after=serving.ready,
        )
        scaling = {"min": 2, "max": 4, "requests_per_second_per_replica": 20}
        ModelEndpoint("digits", platform=models, server="mlserver", model="s3://acme-models/digits/7", scaling=scaling)

    graph = capture(program)
    assert found == [
        {
            "url": "http://kube-prometheus-stack-prometheus.monitoring:9090",
            "grafana": True,
            "operator": True,
            "envoy_gateway": True,
        }
    ]
    release = graph.one("kubernetes:helm.sh/v3:Release", "serving-prometheus")
    rule = next(node for node in graph if node.type.endswith(":PrometheusRule"))
    assert release.urn in rule.depends_on
    values = plain(release.inputs["values"])["prometheus"]["prometheusSpec"]
    assert not any(values[f"{kind}SelectorNilUsesHelmValues"] for kind in ("podMonitor", "rule", "serviceMonitor"))


def test_what_prometheus_is_told_fits_its_definition(everything: Graph) -> None:
    spec = plain(children(everything)["prometheus"].inputs["values"])["prometheus"]["prometheusSpec"]
    told = {key: spec[key] for key in ("replicas", "retention", "remoteWrite", "tolerations")}
    # templates/prometheus/prometheus.yaml writes it under its name there.
    told["storage"] = spec["storageSpec"]
    assert told["remoteWrite"][0]["sigv4"] == {"region": "us-west-2"}
    made = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": told,
    }
    assert complaints(made) == []


def test_an_endpoint_waits_for_all_but_monitors() -> None:
    found: list[KServe] = []

    def program() -> None:
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        found.append(KServe("serving", EVERYTHING, opts=pulumi.ResourceOptions(provider=cluster)))

    made = children(capture(program))
    assert len(found[0].ready) == len(made) - 2


def test_options_that_somebody_has_validated_are_taken() -> None:
    def program() -> None:
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        options = validate(KServeOptions, {"keda": False})
        KServe("serving", options, production=True, opts=pulumi.ResourceOptions(provider=cluster))

    made = children(capture(program))
    assert "keda" not in made
    assert made["controller"].protect


# Objects


@pytest.mark.parametrize("world", WORLDS)
def test_every_custom_resource_fits_its_definition(world: str) -> None:
    checked = 0
    for node in children(installed(**WORLDS[world])).values():
        given = manifest(node)
        kind = node.type.rpartition(":")[2]
        if kind in ("Release", "Chart", "Namespace"):
            continue
        assert complaints(given) == []
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Gateway", ("spec", "listeners", 0, "protocoll"), "HTTP"),
        ("Gateway", ("spec", "gatewayClassName"), 7),
        ("EnvoyProxy", ("spec", "provider", "kubernetes", "envoyService", "type"), "Internal"),
        ("PodMonitor", ("spec", "podMetricsEndpoints", 0, "interval"), "fast"),
        ("LocalModelNodeGroup", ("spec", "storageLimits"), "1Gi"),
    ],
)
def test_the_check_of_custom_resources_finds_mistakes(
    everything: Graph, kind: str, path: tuple[Any, ...], value: Any
) -> None:
    node = next(each for each in children(everything).values() if each.type.endswith(f":{kind}"))
    given = copy.deepcopy(manifest(node))
    place = given
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert complaints(given)


def test_the_gateway_is_reached_from_the_cluster_only_unless_it_is_told_otherwise() -> None:
    def service(**gateway: Any) -> Any:
        made = children(installed(**({"gateway": gateway} if gateway else {})))
        return manifest(made["gateway-proxy"])["spec"]["provider"]["kubernetes"]["envoyService"]

    assert service() == {"name": "kserve-gateway", "type": "ClusterIP"}
    annotations = {"networking.gke.io/load-balancer-type": "Internal"}
    balanced = service(service="LoadBalancer", service_annotations=annotations)
    assert balanced == {"name": "kserve-gateway", "type": "LoadBalancer", "annotations": annotations}


def test_proxies_in_production_are_two_and_apart_and_let_long_answers_end(everything: Graph) -> None:
    spec = manifest(children(everything)["gateway-proxy"])["spec"]
    proxies = spec["provider"]["kubernetes"]
    assert (proxies["envoyDeployment"]["replicas"], proxies["envoyPDB"]) == (2, {"minAvailable": 1})
    apart = {each["topologyKey"] for each in proxies["envoyDeployment"]["pod"]["topologySpreadConstraints"]}
    assert apart == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    assert spec["shutdown"] == {"drainTimeout": "5m"}


def test_a_gateway_with_a_certificate_speaks_no_http() -> None:
    listeners = manifest(children(installed(gateway={"tls_secret": "models"}))["gateway"])["spec"]["listeners"]
    assert [(each["name"], each["port"], each["protocol"]) for each in listeners] == [("https", 443, "HTTPS")]


def relabelled(rules: list[dict[str, Any]], found: Mapping[str, str]) -> dict[str, str] | None:
    """What Prometheus makes of a target's labels (docs: relabel_config; a label that there is not is empty)."""
    labels = dict(found)
    for rule in rules:
        text = ";".join(labels.get(name, "") for name in rule["sourceLabels"])
        match = re.fullmatch(rule["regex"], text)
        if rule.get("action") == "keep":
            if match is None:
                return None
        elif match is not None:
            labels[rule["targetLabel"]] = match.expand(re.sub(r"\$([0-9])", r"\\\1", rule.get("replacement", "$1")))
    return labels


_POD = {
    "__address__": "10.0.0.7:9081",
    "__metrics_path__": "/metrics",
    "__meta_kubernetes_pod_container_name": "kserve-container",
    "__meta_kubernetes_pod_label_serving_kserve_io_inferenceservice": "digits",
}


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"prometheus_io_port": "8082", "prometheus_io_path": "/metrics"}, ("10.0.0.7:8082", "/metrics")),
        ({"prometheus_kserve_io_port": "8002", "prometheus_kserve_io_path": "/m"}, ("10.0.0.7:8002", "/m")),
        ({"prometheus_io_port": "1", "prometheus_kserve_io_port": "8080"}, ("10.0.0.7:8080", "/metrics")),
        ({}, None),
    ],
)
def test_prometheus_asks_a_server_where_its_annotations_say(
    everything: Graph, annotations: Mapping[str, str], expected: tuple[str, str] | None
) -> None:
    spec = manifest(children(everything)["server-monitor"])["spec"]
    assert spec["namespaceSelector"] == {"any": True}
    rules = spec["podMetricsEndpoints"][0]["relabelings"]
    said = {f"__meta_kubernetes_pod_annotation_{name}": value for name, value in annotations.items()}
    target = relabelled(rules, {**_POD, **said})
    assert (target and (target["__address__"], target["__metrics_path__"])) == expected
    assert target is None or target["inferenceservice"] == "digits"


def test_prometheus_asks_no_container_beside_the_server(everything: Graph) -> None:
    rules = manifest(children(everything)["server-monitor"])["spec"]["podMetricsEndpoints"][0]["relabelings"]
    beside = {
        "__meta_kubernetes_pod_container_name": "agent",
        "__meta_kubernetes_pod_annotation_prometheus_io_port": "1",
    }
    assert relabelled(rules, {**_POD, **beside}) is None


# What a user may say


_WORKSPACE = {"workspace_url": "https://aps-workspaces.us-west-2.amazonaws.com/workspaces/ws-1"}

EDITS: Mapping[str, tuple[Mapping[str, Any], Any]] = {
    "prometheus": ({}, {}),
    "prometheus.labels": ({"prometheus": {}}, UNSET),
    "prometheus.install": ({"prometheus": {}}, UNSET),
    "prometheus.storage": ({"prometheus": {"install": True}}, UNSET),
    "prometheus.remote_write": ({"prometheus": {"install": True}}, UNSET),
    "prometheus.remote_write.workspace_url": ({"prometheus": {"install": True, "remote_write": _WORKSPACE}}, UNSET),
    "prometheus.remote_write.role_arn": ({"prometheus": {"install": True, "remote_write": _WORKSPACE}}, UNSET),
    "node_selector": ({"knative": True}, UNSET),
    "tolerations": ({"knative": True}, UNSET),
    "local_models": ({}, {"size": "10GiB"}),
    "local_models.size": ({"local_models": {"size": "10GiB"}}, UNSET),
    "gateway.existing": ({"keda": True}, {"name": "shared", "namespace": "gateways", "tls": True}),
    "gateway.service_annotations": (
        {"gateway": {"service": "LoadBalancer", "service_annotations": {}}},
        {"scheme": "internal"},
    ),
    "gateway.load_balancer_class": ({"gateway": {"service": "LoadBalancer", "service_annotations": {}}}, "nlb"),
}
"""Option -> options before the edit, and its value (the declaration's example where it is unset). `{}` and the example elsewhere."""


def options_below(declaration: type = KServeOptions, above: str = "") -> Iterator[tuple[str, Any]]:
    """Path -> declaration of every option that lands somewhere."""
    for key in declared(declaration):
        path = f"{above}.{key.name}" if above else key.name
        if key.option.lands:
            yield path, key
        if is_declaration(key.type) and not path.endswith("existing"):
            yield from options_below(key.type, path)


ALL = dict(options_below())


def changed(before: Graph, after: Graph) -> set[str]:
    """What an edit changes, as declarations write it: resource types that come or go, and property paths."""
    found = set()
    old, new = children(before), children(after)
    for role in {*old, *new}:
        node = new.get(role) or old[role]
        if role not in old or role not in new:
            found.add(f"{ADDED}{node.type}")
            continue
        pair = [dict(leaves(manifest(each[role]), node.type)) for each in (old, new)]
        found |= {path for path in {*pair[0], *pair[1]} if pair[0].get(path, UNSET) != pair[1].get(path, UNSET)}
    return found


@pytest.mark.parametrize("path", ALL)
def test_an_option_changes_what_it_says_that_it_changes(path: str) -> None:
    base, value = EDITS.get(path, ({}, UNSET))
    if value is UNSET:
        value = ALL[path].option.example
    edited = copy.deepcopy(dict(base))
    place = edited
    for key in path.split(".")[:-1]:
        place = place.setdefault(key, {})
    place[path.split(".")[-1]] = value
    found = changed(installed(**base), installed(**edited))
    lands = ALL[path].option.lands
    assert {each for each in found if not each.startswith(lands)} == set()
    assert {land for land in lands if not any(each.startswith(land) for each in found)} == set()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kada": True}, "kada (given: True): there is no such key"),
        ({"gateway": {"service": "LoadBalancer"}}, "gateway.service_annotations: most clouds make a load balancer that faces the internet"),
        ({"gateway": {"load_balancer_class": "a"}}, "gateway.load_balancer_class: there is no load balancer"),
        ({"gateway": {"existing": {"name": "a", "namespace": "b"}, "host": "a.example.com"}}, "gateway.host (given: 'a.example.com'): the existing gateway is used and not changed"),
        ({"gateway": {"existing": {"name": "a", "namespace": "b"}, "listener_sets": True}}, "gateway.listener_sets (given: True): the existing gateway is used and not changed"),
        ({"gateway": {"class_name": "a", "service": "NodePort"}}, "gateway.service: it says how Envoy Gateway's proxies are reached"),
        ({"gateway": {"class_name": "istio"}, "envoy_gateway": True}, "envoy_gateway (given: True): Envoy Gateway serves no gateway here"),
        ({"gateway": {"tls_secret": "a"}, "envoy_gateway": False}, "gateway: nothing would serve this gateway"),
        ({"ingress_domain": "a.example.com", "envoy_gateway": False}, "ingress_domain (given: 'a.example.com'): KServe's routes lead through a gateway"),
        ({"ingress_domain": "Models"}, "ingress_domain (given: 'Models'): this is not a domain in lower-case letters"),
        ({"download_memory": "100MiB"}, "download_memory (given: '100MiB'): the least is 1GiB"),
        ({"local_models": {}}, "local_models.size"),
        ({"transforms": {"keda": {"values": "a"}}}, "transforms.keda.values"),
        ({"transforms": {"kada": {}}}, "transforms.kada: there is no such child role"),
        ({"transforms": {"runtimes": {"timeout": 60}}}, "transforms.runtimes: there is nothing for it to adjust"),
        ({"transforms": {"gateway": {"status": {}}}}, "transforms.gateway.status"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_before_anything_is_registered(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as error:
        installed(**options)
    assert message in str(error.value)
    assert "KServe 'serving'" in str(error.value)


def test_a_cluster_must_be_named() -> None:
    with pytest.raises(pulumi.RunError, match="whatever cluster the kubeconfig of this machine points to"):
        capture(lambda: KServe("serving"))


@pytest.mark.parametrize("how", ["provider", "providers", "parent", "configuration"])
def test_a_cluster_may_be_named_in_every_way_of_pulumi(how: str) -> None:
    def program() -> None:
        if how == "configuration":
            KServe("serving")
            return
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        if how == "parent":
            parent = pulumi.ComponentResource("a:b:C", "parent", opts=pulumi.ResourceOptions(providers=[cluster]))
            KServe("serving", opts=pulumi.ResourceOptions(parent=parent))
        else:
            KServe("serving", opts=pulumi.ResourceOptions(**{how: cluster if how == "provider" else [cluster]}))

    graph = capture(program, config={"kubernetes:kubeconfig": "{}"} if how == "configuration" else {})
    for node in children(graph).values():
        assert how == "configuration" or "::cluster::" in node.provider


# Children


def test_every_child_has_a_role_and_every_role_a_child(everything: Graph) -> None:
    made = children(everything)
    assert set(made) == set(KSERVE_ROLES)
    for role, node in made.items():
        last = KSERVE_ROLES[role].sdk_class.rpartition(".")[2]
        assert last == "CustomResource" or node.type.endswith(f":{last}")


def test_roles_are_listed_in_the_order_of_installation() -> None:
    options = {key: value for key, value in EVERYTHING.items() if key != "production"}
    assert [part.role for part in parts(validate(KServeOptions, options), production=True)] == list(KSERVE_ROLES)


def test_a_transform_of_a_role_adjusts_the_child_of_that_role_alone() -> None:
    seen: dict[str, list[str]] = {}

    def noting(role: str) -> Any:
        def note(args: pulumi.ResourceTransformationArgs) -> None:
            seen.setdefault(role, []).append(args.name)

        return note

    installed(**EVERYTHING, transforms={role: noting(role) for role in KSERVE_ROLES})
    assert seen == {role: [f"serving-{role}"] for role in KSERVE_ROLES}


def test_a_transform_has_the_last_word_on_values() -> None:
    patch = {"values": {"kserve": {"controller": {"metricsBindPort": "8081"}}}, "timeout": 1200}
    node = children(installed(transforms={"controller": patch}))["controller"]
    controller = plain(node.inputs["values"])["kserve"]["controller"]
    assert (controller["metricsBindPort"], controller["deploymentMode"]) == ("8081", "Standard")
    assert node.inputs["timeout"] == 1200


def test_a_transform_has_the_last_word_on_an_object() -> None:
    listeners = [{"name": "tcp", "port": 9000, "protocol": "TCP"}]
    node = children(installed(transforms={"gateway": {"spec": {"listeners": listeners}}}))["gateway"]
    assert manifest(node)["spec"]["listeners"] == listeners
    assert manifest(node)["spec"]["gatewayClassName"] == "kserve-envoy"


# Documents


def rows(declaration: type = KServeOptions, above: str = "") -> Iterator[str]:
    """The options as docs/kserve.md lists them."""
    for key in declared(declaration):
        path = f"{above}.{key.name}" if above else key.name
        option = key.option
        default = option.default_text or ("required" if key.required else _shown(option.default))
        yield f"| `{path}` | {default} | {' '.join(key.doc.split())} |"
        if is_declaration(key.type):
            yield from rows(key.type, path)


def _shown(default: Any) -> str:
    return "none" if default is UNSET else str(default).lower() if isinstance(default, bool) else f"{default}"


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.split("`")[1])
def test_the_page_has_every_option_in_the_words_of_its_declaration(row: str) -> None:
    assert row in DOCS.read_text()


def test_the_page_names_every_chart_with_its_version_and_every_role() -> None:
    page = DOCS.read_text()
    for chart in CHARTS.values():
        oldest, newest = chart.kubernetes
        assert (
            f"| `{chart.name}` | {chart.version} | {chart.day} | {oldest} {f'to {newest}' if newest else 'or newer'} |"
            in page
        )
    for role, about in KSERVE_ROLES.items():
        assert f"| `{role}` | `{about.sdk_class}` | {about.what} |" in page

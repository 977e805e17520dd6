"""Alarms of an endpoint on Kubernetes: when a real Prometheus fires them, what is refused, and what is told to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS
from modelinfra.graph.model import Graph
from tests.kubernetes.prometheus import Story, complaints, unreadable
from tests.kubernetes.schemas import complaints as of_schema
from tests.kubernetes.worlds import GATEWAY, LLAMA, VLLM, deployed, manifests, predictor, refusal
from tests.making import inputs

MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
ALERTS = "kubernetes:monitoring.coreos.com/v1alpha1:AlertmanagerConfig"

OPERATOR = {"prometheus": {"url": "http://prometheus.monitoring:9090", "operator": True}}
ENVOY = {"gateway": GATEWAY, "prometheus": {**OPERATOR["prometheus"], "envoy_gateway": True}}
SLO = {"availability": 99.9, "p95_latency_ms": 200, "p99_latency_ms": 500}
SKLEARN = {"server": "kserve-sklearnserver"}
NAMES = [
    "iris-availability-fast",
    "iris-availability-slow",
    "iris-deployment",
    "iris-no-replica",
    "iris-p95",
    "iris-p99",
    "iris-target-5xx",
    "iris-unhealthy-hosts",
]


def rules_of(graph: Graph, name: str | None = None) -> dict[str, dict[str, Any]]:
    """Name of an alarm -> its rule."""
    (group,) = inputs(graph, RULE, name)["spec"]["groups"]
    return {each["alert"]: each for each in group["rules"]}


def asked(status: str, each: float) -> dict[str, str]:
    """Predictions of this status: so many more at each reading."""
    series = f'rest_server_requests_total{{job="k8s/iris",pod="a",method="POST",status_code="{status}"}}'
    return {series: f"0+{each:g}x1400"}


def took(buckets: dict[str, float]) -> dict[str, str]:
    """le -> so many more at each reading."""
    name = "rest_server_request_duration_seconds"
    labels = 'job="k8s/iris",pod="a",method="POST"'
    found = {f'{name}_bucket{{{labels},le="{le}"}}': f"0+{each:g}x1400" for le, each in buckets.items()}
    return {**found, f"{name}_count{{{labels}}}": f"0+{max(buckets.values()):g}x1400"}


def told(available: int | None = 2, ready: int = 1, progressing: int = 0) -> dict[str, str]:
    """What kube-state-metrics tells; nothing of replicas with None. progressing: whether a deployment does not come to its end."""
    deployment = 'namespace="k8s",deployment="iris-predictor"'
    pod = 'namespace="k8s",pod="iris-predictor-5d-x"'
    return {
        **(
            {f"kube_deployment_status_replicas_available{{{deployment}}}": f"{available}x1400"}
            if available is not None
            else {}
        ),
        f'kube_pod_status_ready{{{pod},condition="true"}}': f"{ready}x1400",
        f'kube_pod_status_phase{{{pod},phase="Running"}}': "1x1400",
        f'kube_deployment_status_condition{{{deployment},condition="Progressing",status="false"}}': f"{progressing}x1400",
    }


FAST = {"0.1": 1500, "0.25": 1500, "0.75": 1500, "+Inf": 1500}
SLOW = {"0.1": 0, "0.25": 0, "0.75": 1500, "+Inf": 1500}
FINE = {**asked("200", 150), **took(FAST), **told()}

STORIES = [
    Story("nothing is wrong", FINE, {"40m": []}),
    Story("probes that fail are no requests", {**FINE, **{key.replace("POST", "GET").replace("200", "503"): value for key, value in asked("200", 900).items()}}, {"40m": []}),
    Story(
        "a tenth goes wrong after five hours without a mistake",
        {**FINE, **dict.fromkeys(asked("500", 15), "0+0x1200 0+15x200")},
        {"5h1m": [], "5h3m": ["iris-target-5xx"], "5h14m": ["iris-target-5xx", "iris-availability-fast"]},
    ),
    Story("one percent goes wrong: less than what is alarming at once", {**FINE, **asked("500", 1.5)}, {"40m": ["iris-availability-slow"]}),
    Story("4xx are the clients'", {**FINE, **asked("422", 50)}, {"40m": []}),
    Story("every answer is slow", {**FINE, **took(SLOW)}, {"2m": [], "6m": ["iris-p95", "iris-p99"]}),
    Story("a handful of slow answers is no percentile", {**FINE, **took({le: each / 500 for le, each in SLOW.items()})}, {"20m": []}),
    Story("no replica serves", {**FINE, **told(available=0)}, {"2m": [], "4m": ["iris-no-replica"]}),
    Story("nobody tells of replicas", {**asked("200", 150), **told(available=None)}, {"4m": ["iris-no-replica"]}),
    Story("a replica is not ready: as long as a start may take it is one that loads", {**FINE, **told(ready=0)}, {"5m": [], "20m": ["iris-unhealthy-hosts"]}),
    Story("a deployment does not come to its end", {**FINE, **told(progressing=1)}, {"20m": ["iris-deployment"]}),
    Story("nothing is asked", told(), {"40m": []}),
]  # fmt: skip


@pytest.mark.slow_judge
def test_alarms_fire_at_what_they_are_for_and_at_nothing_else(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=OPERATOR, slo=SLO)
    assert sorted(rules_of(graph)) == NAMES
    assert complaints([inputs(graph, RULE)["spec"]], STORIES, tmp_path) == ""


@pytest.mark.slow_judge
def test_the_test_of_alarms_can_fail(tmp_path: Path) -> None:
    spec = inputs(deployed(tmp_path, platform=OPERATOR, slo=SLO), RULE)["spec"]
    spec["groups"][0]["rules"][0]["expr"] = spec["groups"][0]["rules"][0]["expr"].replace("5..", "2..")
    assert 'got: {alertname="iris-target-5xx"}' in complaints([spec], STORIES[:1], tmp_path)


def envoy(code: str, each: float) -> dict[str, str]:
    return {
        f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="{code}",envoy_cluster_name="httproute/k8s/iris/rule/0"}}': f"0+{each:g}x1400",
        f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="{code}",envoy_cluster_name="httproute/k8s/iris-other/rule/0"}}': "0+900x1400",
    }


@pytest.mark.slow_judge
def test_what_a_server_does_not_count_the_gateway_does(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **SKLEARN, platform=ENVOY, slo={"availability": 99.9})
    assert "envoy_cluster" in rules_of(graph)["iris-target-5xx"]["expr"]
    stories = [
        Story("all is well at this route, and not at another", {**told(), **envoy("2", 150)}, {"1h": []}),
        Story("a tenth goes wrong", {**told(), **envoy("2", 150), **envoy("5", 15)}, {"5m": ["iris-target-5xx", "iris-availability-fast", "iris-availability-slow"]}),
    ]  # fmt: skip
    assert complaints([inputs(graph, RULE)["spec"]], stories, tmp_path) == ""


@pytest.mark.slow_judge
def test_times_at_the_gateway_are_in_milliseconds(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **LLAMA, platform=ENVOY, slo={"p99_latency_ms": 500})
    labels = 'envoy_cluster_name="httproute/k8s/iris/rule/0"'
    series = {
        **told(),
        **{f'envoy_cluster_upstream_rq_time_bucket{{{labels},le="{le}"}}': f"0+{each}x1400" for le, each in {"500": 0, "1000": 900, "+Inf": 900}.items()},
        f"envoy_cluster_upstream_rq_time_count{{{labels}}}": "0+900x1400",
    }  # fmt: skip
    assert complaints([inputs(graph, RULE)["spec"]], [Story("slow", series, {"10m": ["iris-p99"]})], tmp_path) == ""


@pytest.mark.slow_judge
@pytest.mark.parametrize("name", SERVERS)
def test_of_every_server_what_it_tells_can_be_asked_for(name: str, tmp_path: Path) -> None:
    row = SERVERS[name]
    options: dict[str, Any] = {"server": name, "model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}}
    options["model"] |= {"file": "iris.bin"} if row.starts_with_a_file else {}
    if row.image is None:
        options |= {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "iris"}}
    if row.needs_gpu:
        options |= {"accelerator": {"name": "A10G"}}
    told = row.answered
    slo = {"availability": 99.5} if told is not None and told.errors else {}
    slo |= {"p95_latency_ms": 100} if told is not None and told.latency else {}
    graph = deployed(tmp_path, platform=OPERATOR, **options, **({"slo": slo} if slo else {}))
    found = rules_of(graph)
    assert ("iris-target-5xx" in found) == bool(told and told.errors)
    assert ("iris-p95" in found) == bool(told and told.latency)
    assert {"iris-no-replica", "iris-unhealthy-hosts", "iris-deployment"} <= found.keys()
    assert len(graph.all(MONITOR)) == (row.metrics_path is not None)
    assert unreadable((each["expr"] for each in found.values()), tmp_path) == ""
    assert [each for manifest in manifests(graph) for each in of_schema(manifest)] == []


def test_a_replica_is_asked_on_the_port_and_path_of_its_server(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform={"prometheus": {"operator": True, "labels": {"release": "p"}}})
    found = inputs(graph, MONITOR)
    assert found["metadata"]["labels"] == inputs(graph, RULE)["metadata"]["labels"] == {"release": "p"}
    assert found["spec"]["selector"] == {"matchLabels": {"app": "isvc.iris-predictor"}}
    assert found["spec"]["podMetricsEndpoints"] == [{"port": "metrics", "path": "/metrics", "interval": "15s"}]
    assert predictor(graph)["labels"] == {"modelinfra/monitor": "endpoint"}


def test_without_the_operator_no_object_of_it_is_made(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    assert graph.all(MONITOR) == graph.all(RULE) == graph.all(ALERTS) == []
    assert "labels" not in predictor(graph)


def test_an_alarm_says_whose_it_is(tmp_path: Path) -> None:
    revisions = {"candidate": {"model": "s3://acme-models/iris/8"}}
    graph = deployed(tmp_path, platform={**OPERATOR, "gateway": GATEWAY}, revisions=revisions)
    own = rules_of(graph, "iris-prometheus-rule")["iris-target-5xx"]["labels"]
    other = rules_of(graph, "iris--candidate-prometheus-rule")["iris--candidate-target-5xx"]["labels"]
    assert (own["endpoint"], own["namespace"], own["severity"]) == ("iris", "k8s", "critical")
    assert "revision" not in own
    assert (other["endpoint"], other["revision"]) == ("iris", "candidate")
    assert own["environment"] == other["environment"]


def test_alertmanager_tells_whoever_is_named(tmp_path: Path) -> None:
    alerts = {"webhook": "pager/url", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:alarms"}
    graph = deployed(tmp_path, platform={"prometheus": {"operator": True, "alerts": alerts}})
    (receiver,) = inputs(graph, ALERTS)["spec"]["receivers"]
    assert receiver["webhookConfigs"][0]["urlSecret"] == {"name": "pager", "key": "url"}
    assert receiver["snsConfigs"][0]["sigv4"] == {"region": "eu-west-1"}
    assert [each for manifest in manifests(graph) for each in of_schema(manifest)] == []


@pytest.mark.parametrize(
    ("platform", "options", "said"),
    [
        ({}, {"slo": SLO}, "slo: alarms are rules of the Prometheus operator, and the platform does not say that it is there. Write `prometheus: {operator: true}` there, or remove it."),
        (OPERATOR, {**SKLEARN, "slo": {"availability": 99.9}}, "slo.availability (given: 99.9): KServe scikit-learn server does not tell which requests went wrong. Write `gateway` and `prometheus.envoy_gateway` of the platform, where Envoy counts them, or remove it."),
        (OPERATOR, {"server": "triton", "slo": {"p99_latency_ms": 50}}, "slo.p99_latency_ms (given: 50): Triton does not tell how long requests take. Write `gateway` and `prometheus.envoy_gateway` of the platform, where Envoy counts them, or remove it."),
        (OPERATOR, {**SKLEARN, "rollback": {"error_percent": 2}}, "rollback: KServe scikit-learn server does not tell which requests went wrong, so that no alarm has this threshold. Write `gateway` and `prometheus.envoy_gateway` of the platform, where Envoy counts them, or remove it."),
        ({}, {"metrics": {}}, "metrics: pods have the `prometheus.io` annotations, and what asks them more is an object of the Prometheus operator. Write `prometheus: {operator: true}` there, or remove it."),
        (OPERATOR, {"metrics": {"interval": "30s"}}, "metrics.interval (given: '30s'): alarms count by the minute, from what is read every 15 seconds. Remove it."),
        (OPERATOR, {"metrics": {"port": 9000}}, "metrics.port (given: 9000): nothing else of a replica is open. Write one of: 8080, 8081, 8082."),
        (OPERATOR, {"dashboard": True}, "dashboard (given: True): dashboards are those of Grafana, and the platform does not say that it is there. Write `prometheus: {grafana: true}` there, or remove it."),
    ],
)  # fmt: skip
def test_what_cannot_be_watched_is_refused(
    platform: dict[str, Any], options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert refusal(tmp_path, platform=platform, **options) == [said]


def test_a_model_behind_vllm_is_watched_to_the_end_of_its_answers(tmp_path: Path) -> None:
    found = rules_of(deployed(tmp_path, **VLLM, platform=OPERATOR, slo=SLO))
    assert 'status="5xx"' in found["iris-target-5xx"]["expr"]
    assert "vllm:e2e_request_latency_seconds_bucket" in found["iris-p95"]["expr"]


def said(graph: Graph) -> list[str]:
    """What the preview tells of the endpoint, its sizes aside."""
    told = [each["message"].partition(": ")[2] for each in graph.logs if each["severity"] == "info"]
    return [each for each in told if "each replica has" not in each and "scales at" not in each]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        (SKLEARN, ["there is no alarm target-5xx: KServe scikit-learn server does not tell which requests went wrong"]),
        ({**SKLEARN, "platform": ENVOY}, []),
        (
            {**SKLEARN, "platform": ENVOY, "revisions": {"candidate": {"cpu": 2}}},
            [
                "alarms of requests are of all revisions together, as the gateway counts them",
                "candidate: there is no alarm target-5xx: KServe scikit-learn server does not tell which requests went wrong; the gateway counts them with those of the endpoint",
            ],
        ),
        ({**VLLM, "slo": {"p99_latency_ms": 900}}, ["times are those until an answer has ended; a load balancer of ECS counts until it begins"]),
        (
            {"scaling": {"min": 2, "max": 4}, "slo": {"p95_latency_ms": 200}, "platform": {"prometheus": {"operator": True}}},
            ["no replicas are added while 200 ms are not kept: KEDA would have to ask a Prometheus that knows these replicas' times"],
        ),
    ],
    ids=["all is measured", "no errors", "the gateway's", "revisions", "streamed", "no guard"],
)  # fmt: skip
def test_the_preview_says_what_nobody_will_be_told(options: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    assert said(deployed(tmp_path, **{"platform": OPERATOR, **options})) == words

"""An endpoint in KServe's Knative mode: no replica while nobody asks, and what Knative takes of a pod."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import KubernetesPlatform
from modelinfra.catalog.servers import SERVERS
from modelinfra.graph.values import plain
from modelinfra.options.declare import declared
from modelinfra.options.environment import PlacedEndpointOptions
from modelinfra.options.scaling import ScalingOptions
from modelinfra.platforms.kubernetes.options import REFUSED, REFUSED_OF_SCALING, TAKEN, TAKEN_OF_SCALING
from modelinfra.platforms.kubernetes.servings import REFUSED_BY, TAKEN_BY
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import (
    AUTOSCALER,
    BUDGET,
    CLUSTER,
    GATEWAY,
    GRANT,
    KNATIVE,
    KNATIVE_ROUTE,
    POLICY,
    ROUTE,
    SCALED_OBJECT,
    SERVING,
    VLLM,
    deployed,
    manifests,
    predictor,
    refusal,
    server,
)
from tests.making import captured, inputs

AT_A_GATEWAY = {**KNATIVE, "gateway": GATEWAY}
CANDIDATE: dict[str, Any] = {
    "platform": AT_A_GATEWAY,
    "revisions": {"candidate": {"model": "s3://acme-models/iris/8", "headers": {"x-team": "a"}}},
    "traffic": {"stable": 90, "candidate": 10},
}

# Of a predictor, what KServe takes for itself (KServe, pkg/apis/serving/v1beta1/component.go) before the rest becomes a Service of Knative.
_OF_KSERVE = {"annotations", "minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "timeout", "storageUris"}


def as_knative_service(of: dict[str, Any]) -> dict[str, Any]:
    """What KServe makes of a predictor (createKnativeService), without the container that fetches the model."""
    pod = {key: value for key, value in of.items() if key not in _OF_KSERVE}
    template = {"metadata": {"annotations": of["annotations"]}, "spec": {**pod, "timeoutSeconds": of["timeout"]}}
    service = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "iris-predictor", "namespace": "k8s"},
    }
    return {**service, "spec": {"template": template}}


def test_no_replica_runs_while_nobody_asks(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=KNATIVE, scaling={"min": 0, "max": 5, "concurrency": 4})
    found = predictor(graph)
    assert (found["minReplicas"], found["maxReplicas"]) == (0, 5)
    assert (found["scaleMetric"], found["scaleTarget"]) == ("concurrency", 4)
    assert found["annotations"]["autoscaling.knative.dev/target-utilization-percentage"] == "100"
    assert found["annotations"]["autoscaling.knative.dev/scale-down-delay"] == "300s"
    assert inputs(graph, SERVING)["metadata"]["annotations"] == {
        "serving.kserve.io/deploymentMode": "Knative",
        "pulumi.com/waitFor": "condition=Ready",
    }
    assert [graph.all(each) for each in (AUTOSCALER, SCALED_OBJECT, BUDGET)] == [[], [], []]


def test_requests_per_second_are_counted_there(tmp_path: Path) -> None:
    found = predictor(deployed(tmp_path, platform=KNATIVE, scaling={"max": 5, "requests_per_second_per_replica": 25}))
    assert (found["minReplicas"], found["scaleMetric"], found["scaleTarget"]) == (2, "rps", 25)


def test_without_a_target_it_is_most_of_what_the_server_works_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {"server": "tensorflow-serving", "cpu": 4, "scaling": {"min": 0, "max": 5}}
    found = predictor(deployed(tmp_path, platform=KNATIVE, **options))
    assert (found["scaleMetric"], found["scaleTarget"]) == ("concurrency", 4)
    assert found["annotations"]["autoscaling.knative.dev/target-utilization-percentage"] == "70"


@pytest.mark.parametrize("name", SERVERS)
def test_knative_takes_the_pod_of_every_server(name: str, tmp_path: Path) -> None:
    row = SERVERS[name]
    options: dict[str, Any] = {"server": name, "model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}}
    if row.starts_with_a_file:
        options["model"]["file"] = "iris.bin"
    if row.image is None:
        options |= {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "iris"}}
    if row.needs_gpu:
        options |= {"accelerator": {"name": "A10G"}}
    graph = deployed(tmp_path, platform=AT_A_GATEWAY, **options)
    assert [found for each in manifests(graph) for found in complaints(each)] == []
    assert complaints(as_knative_service(predictor(graph))) == []
    assert server(graph)["ports"] == [{"name": "http1", "containerPort": row.ports["http"], "protocol": "TCP"}]
    assert not {each["name"] for each in server(graph)["env"]} & {"PORT"}


def test_standard_mode_would_not_be_taken_by_knative(tmp_path: Path) -> None:
    """The check above can fail."""
    said = complaints(as_knative_service({**predictor(deployed(tmp_path)), "timeout": 60}))
    assert any("lifecycle" in each for each in said)


def test_a_replica_that_starts_has_the_time_that_it_needs(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=KNATIVE, startup_budget="20m", longest_request="90s")
    # Ten minutes for the node and the image, and twenty.
    assert predictor(graph)["annotations"]["serving.knative.dev/progress-deadline"] == "1800s"
    assert predictor(graph)["timeout"] == 90


def test_a_request_at_the_gateway_may_wait_for_the_first_replica(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"platform": AT_A_GATEWAY, "startup_budget": "20m", "longest_request": "90s"}
    (woken,) = inputs(deployed(tmp_path, **asked, scaling={"min": 0, "max": 2}), ROUTE)["spec"]["rules"]
    (awake,) = inputs(deployed(tmp_path, **asked, scaling={"min": 1, "max": 2}), ROUTE)["spec"]["rules"]
    assert (woken["timeouts"], awake["timeouts"]) == ({"request": "1890s"}, {"request": "90s"})


def test_the_gateway_passes_requests_on_to_knatives_own_for_the_host_of_the_service(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=AT_A_GATEWAY, path="/flowers")
    (rule,) = inputs(graph, ROUTE)["spec"]["rules"]
    assert rule["filters"][0]["urlRewrite"]["hostname"] == "iris-predictor.k8s.svc.cluster.local"
    assert [(each["namespace"], each["name"]) for each in rule["backendRefs"]] == [
        ("knative-serving", "kourier-internal")
    ]
    assert inputs(graph, GRANT)["metadata"] == {"name": "k8s", "namespace": "knative-serving"}
    assert inputs(graph, GRANT)["spec"]["from"][0]["namespace"] == "k8s"
    url = plain(graph.one("modelinfra:index:ModelEndpoint").outputs["url"])
    assert url == "https://models.acme.ai/flowers"


def test_knative_divides_traffic_between_revisions_and_headers_lead_to_one(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **CANDIDATE)
    assert inputs(graph, KNATIVE_ROUTE)["spec"]["traffic"] == [
        {"configurationName": "iris-predictor", "latestRevision": True, "percent": 90},
        {"configurationName": "iris--candidate-predictor", "latestRevision": True, "percent": 10},
    ]
    tried, divided = inputs(graph, ROUTE)["spec"]["rules"]
    assert tried["matches"][0]["headers"][0]["value"] == "a"
    assert tried["filters"][0]["urlRewrite"]["hostname"] == "iris--candidate-predictor.k8s.svc.cluster.local"
    assert divided["filters"][0]["urlRewrite"]["hostname"] == "iris-traffic.k8s.svc.cluster.local"
    assert [found for each in manifests(graph) for found in complaints(each)] == []
    # Both serve before the Route names them, and the Route is ready before the gateway leads to it.
    assert {node.urn for node in graph.all(SERVING)} <= set(graph.one(KNATIVE_ROUTE).depends_on)
    assert graph.one(KNATIVE_ROUTE).urn in graph.one(ROUTE).depends_on


def test_knatives_proxy_is_reached_and_the_operators_ports_are_not(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path, platform=KNATIVE, server="torchserve", model={"uri": "s3://acme-models/iris/7", "file": "iris.mar"}
    )
    spec = inputs(graph, POLICY)["spec"]
    ports = {each["port"] for each in spec["ingress"][0]["ports"]}
    assert {8012, 9090} <= ports
    assert ports.isdisjoint(SERVERS["torchserve"].management_ports)
    assert spec["podSelector"]["matchLabels"] == {"serving.kserve.io/inferenceservice": "iris"}


def test_another_mode_replaces_the_service_which_kserve_would_not_change(tmp_path: Path) -> None:
    """KServe: update rejected: deploymentMode cannot be changed. What the engine does with it is in tests/engine/test_kubernetes.py."""
    for platform, mode in ((KNATIVE, "Knative"), ({}, "Standard")):
        serving = deployed(tmp_path, platform=platform).one(SERVING)
        assert (serving.replacement_trigger, serving.delete_before_replace) == (mode, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"scaling": {"max": 3, "cpu_percent": 50}},
            "scaling.cpu_percent: Knative counts requests, and what scales by this could not go down to no replica. Write `concurrency` or `requests_per_second_per_replica`.",
        ),
        (
            {"scaling": {"max": 3, "scale_out_cooldown": "60s"}},
            "scaling.scale_out_cooldown: Knative adds replicas at once, and has no such delay. Remove it.",
        ),
        (
            {"scaling": {"max": 3, "concurrency": 2, "requests_per_second_per_replica": 5}},
            "scaling.requests_per_second_per_replica: Knative's autoscaler heeds one number, and `concurrency` is one already. Write one of them.",
        ),
        (
            {"scaling": {"max": 3, "concurrency": 2.5}},
            "scaling.concurrency (given: 2.5): KServe hands whole numbers on to Knative. Write a whole number.",
        ),
        (
            {"longest_request": "20m"},
            'longest_request (given: 1200): Knative ends requests after 600 s at most. Write "600s" or less, or use a platform with `serving: kserve`.',
        ),
        (
            {"stop_timeout": "60s"},
            "stop_timeout: Knative gives a replica that goes as long as the longest request. Remove it, or write `longest_request`.",
        ),
        ({"environment": {"PORT": "1"}}, "environment.PORT: Knative sets this variable itself. Remove it."),
    ],
)
def test_what_knative_cannot_do_is_refused(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, platform=KNATIVE, **options) == [said]


def test_a_revision_is_refused_what_its_endpoint_would_be(tmp_path: Path) -> None:
    revisions = {"candidate": {"scaling": {"max": 3, "cpu_percent": 50}}}
    (said,) = refusal(tmp_path, platform=AT_A_GATEWAY, revisions=revisions)
    assert said.startswith("revisions.candidate.scaling.cpu_percent: Knative counts requests")


def test_targets_that_only_knative_counts_at_a_server_are_refused_for_revisions_elsewhere(tmp_path: Path) -> None:
    revisions = {"candidate": {"scaling": {"max": 3, "requests_per_second_per_replica": 50}}}
    model = {"uri": "s3://acme-models/iris/7", "file": "iris.mar"}
    (said,) = refusal(tmp_path, platform={"gateway": GATEWAY}, server="torchserve", model=model, revisions=revisions)
    assert said.startswith("revisions.candidate.scaling.requests_per_second_per_replica (given: 50): TorchServe does")


@pytest.mark.parametrize(
    ("platform", "key"),
    [({"knative_gateway": {"name": "other"}}, "knative_gateway"), ({"serving": "kserve-knative"}, "prometheus")],
)
def test_what_a_platform_would_not_heed_is_refused(platform: dict[str, Any], key: str, tmp_path: Path) -> None:
    said: list[str] = []

    def program() -> None:
        try:
            KubernetesPlatform("k8s", {**CLUSTER, **platform})
        except pulumi.RunError as error:
            said.append(str(error))

    captured(program, tmp_path)
    assert f"  {key}" in said[0]


def test_an_llm_may_sleep_too(tmp_path: Path) -> None:
    graph = deployed(tmp_path, platform=KNATIVE, **{**VLLM, "scaling": {"min": 0, "max": 2, "concurrency": 8}})
    assert complaints(as_knative_service(predictor(graph))) == []
    assert predictor(graph)["minReplicas"] == 0


def test_what_a_way_of_serving_takes_or_refuses_beside_is_an_option_that_the_others_treat_otherwise() -> None:
    of_endpoints = {key.name for key in declared(PlacedEndpointOptions)}
    of_scaling = {f"scaling.{key.name}" for key in declared(ScalingOptions)}
    for paths in (*TAKEN_BY.values(), *map(set, REFUSED_BY.values())):
        assert set(paths) <= of_endpoints | of_scaling
    assert all(
        path in REFUSED or path.removeprefix("scaling.") in REFUSED_OF_SCALING
        for paths in TAKEN_BY.values()
        for path in paths
    )
    assert all(
        path in TAKEN or path.removeprefix("scaling.") in TAKEN_OF_SCALING
        for told in REFUSED_BY.values()
        for path in told
    )

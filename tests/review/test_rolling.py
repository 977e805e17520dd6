"""How long deployments take at the most."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.model import Node
from modelinfra.graph.values import Secret, Unknown
from modelinfra.review.report import report
from modelinfra.review.rollout import waves_of_pods, waves_of_tasks
from modelinfra.review.usage import read_usage
from tests.catalog.test_gpu_memory import LLAMA_8B
from tests.review.making import ENDPOINT, changes, node, task


def world(image: str, *, group: dict[str, Any] | None = None, **service: Any) -> list[Node]:
    home = node(ENDPOINT, "chat")
    definition = task({"name": "model", "image": image, "stopTimeout": 60})
    check = {"interval": 15, "healthyThreshold": 2}
    target = node(
        "aws:lb/targetGroup:TargetGroup", "to", **{"deregistrationDelay": 60, "healthCheck": check, **(group or {})}
    )
    given = {"desiredCount": 4, "healthCheckGracePeriodSeconds": 600, **service}
    return [home, definition, target,
            node("aws:ecs/service:Service", "service", parent=home.urn, **given,
                 deps={"taskDefinition": [definition], "loadBalancers": [target]})]  # fmt: skip


def row(usage: Any = None, **service: Any) -> tuple[str, ...]:
    found = report(changes(world("a", **service), world("b", **service)), usage=read_usage(usage))
    (only,) = [each for table in found.tables if table.title == "How long deployments take" for each in table.rows]
    return only


def findings(before: list[Node], after: list[Node]) -> set[tuple[str, str]]:
    return {(each.severity, each.title) for each in report(changes(before, after)).findings}


def test_one_wave_with_room_for_twice_as_many() -> None:
    # 600 + 2 * 15 s to start, 60 + 60 s to go.
    assert row() == ("chat", "4", "1", "630 s", "120 s", "13 min", "not known")


def test_half_the_room_takes_two_waves() -> None:
    assert row(deploymentMaximumPercent=150)[2:6] == ("2", "630 s", "120 s", "25 min")


def test_a_scaling_range_counts_by_its_slowest_number() -> None:
    scaled = node("aws:appautoscaling/target:Target", "scaled", minCapacity=2, maxCapacity=7,
                  scalableDimension="ecs:service:DesiredCount", resourceId="service/None/service")  # fmt: skip
    settings = {"deploymentMaximumPercent": 150}
    found = report(changes([*world("a", **settings), scaled], [*world("b", **settings), scaled]))
    (only,) = [each for table in found.tables if table.title == "How long deployments take" for each in table.rows]
    # 3 tasks have room for one more at a time, 7 for three.
    assert only[1:3] == ("2 to 7", "3")


def test_a_deployment_without_room_never_ends_and_is_a_finding() -> None:
    assert row(desiredCount=1, deploymentMaximumPercent=150)[2:6] == ("none", "630 s", "120 s", "never ends with 1")
    sides = [world(image, desiredCount=1, deploymentMaximumPercent=150) for image in "ab"]
    assert ("medium", "a deployment of chat never ends with 1 task") in findings(*sides)


def test_a_cold_start_is_told_where_size_and_speed_are_stated() -> None:
    # 12 GB at 64 MiB/s take 179 s, 630 s to start.
    assert row({"components": {"chat": {"imageGb": 12, "pullMibPerSecond": 64}}})[6] == "14 min"
    assert row({"pullMibPerSecond": 64})[6] == "not known"
    assert row({"imageGb": 12})[6] == "not known"


def test_weights_are_pulled_beside_the_image_where_they_are_stated() -> None:
    def cold(**model: Any) -> str:
        stated = {"config": LLAMA_8B, **model}
        return row({"components": {"chat": {"imageGb": 12, "pullMibPerSecond": 64, "languageModel": stated}}})[6]

    # 16.06 GB more take 239 s.
    assert cold(parametersBillion=8.03) == "18 min"
    assert cold(parametersBillion=8.03, config={**LLAMA_8B, "quantization_config": {}}) == "not known"


@pytest.mark.parametrize("unknown", [Unknown, Secret(4)])
@pytest.mark.parametrize(
    "key", ["desiredCount", "healthCheckGracePeriodSeconds", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent",
            "schedulingStrategy", "deploymentController", "deploymentConfiguration"],
)  # fmt: skip
def test_what_is_not_known_gives_no_minutes(key: str, unknown: Any) -> None:
    assert row(**{key: unknown})[5] == "not known"


@pytest.mark.parametrize(
    "group", [{"healthCheck": Unknown}, {"healthCheck": {"interval": Unknown}}, {"deregistrationDelay": Unknown}]
)
def test_an_unknown_health_check_or_drain_is_not_taken_for_the_default(group: dict[str, Any]) -> None:
    assert row(group=group)[5] == "not known"


def test_containers_that_are_not_known_give_no_drain() -> None:
    before, after = world("a"), world("b")
    after[1].inputs["containerDefinitions"] = Unknown
    (table,) = [each for each in report(changes(before, after)).tables if each.title == "How long deployments take"]
    assert table.rows[0][4:6] == ("not known", "not known")


@pytest.mark.parametrize(
    ("given", "waves"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "by CODE_DEPLOY"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN", "lifecycleHooks": [{}]}}, "1"),
        ({"deploymentConfiguration": {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": Unknown}}}, "1"),
        ({"deploymentConfiguration": {"strategy": "CANARY", "canaryConfiguration": Unknown}}, "1"),
    ],
)
def test_what_others_decide_or_nobody_knows_is_not_timed(given: dict[str, Any], waves: str) -> None:
    assert row(**given)[2:6] == (waves, "630 s", "120 s", "not known")


def test_traffic_that_moves_to_new_tasks_always_finds_some() -> None:
    settings = {"deploymentMinimumHealthyPercent": 0, "deploymentConfiguration": {"strategy": "BLUE_GREEN"}}
    assert not [each for each in findings(world("a", **settings), world("b", **settings)) if "nobody" in each[1]]


@pytest.mark.parametrize(
    ("configuration", "whole"),
    [
        ({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "0"}, "13 min"),
        (
            {"strategy": "CANARY", "bakeTimeInMinutes": "10", "canaryConfiguration": {"canaryBakeTimeInMinutes": "10"}},
            "33 min",
        ),
        (
            {
                "strategy": "LINEAR",
                "bakeTimeInMinutes": "0",
                "linearConfiguration": {"stepPercent": 30, "stepBakeTimeInMinutes": "5"},
            },
            "33 min",
        ),
        ({"strategy": "CANARY", "bakeTimeInMinutes": Unknown}, "not known"),
    ],
)
def test_traffic_that_is_moved_and_watched_takes_longer(configuration: dict[str, Any], whole: str) -> None:
    assert row(deploymentConfiguration=configuration)[5] == whole


def test_from_moved_traffic_back_to_rolling_deployments_is_high() -> None:
    moved = world("a", deploymentConfiguration={"strategy": "CANARY"})
    found = report(changes(moved, world("a", deploymentConfiguration={"strategy": "ROLLING"})))
    assert ("high", "chat goes back to rolling deployments: requests may be lost") in {
        (each.severity, each.title) for each in found.findings
    }
    away = report(changes(world("a"), moved))
    assert not [each for each in away.findings if each.severity == "high"]


def test_a_service_that_does_not_deploy_is_not_told() -> None:
    found = report(changes(world("a"), world("a", desiredCount=5)))
    assert "How long deployments take" not in {table.title for table in found.tables}


@pytest.mark.parametrize("tasks", [1, 4])
def test_a_deployment_during_which_nobody_need_serve_is_high_each_time(tasks: int) -> None:
    sides = [world(image, desiredCount=tasks, deploymentMinimumHealthyPercent=0) for image in "ab"]
    found = [
        each
        for each in report(changes(*sides)).findings
        if each.title == "nobody need answer requests to chat while it deploys"
    ]
    assert [each.severity for each in found] == ["high"]
    assert ("its only one ends" in found[0].text) == (tasks == 1)
    assert "requests are lost" in found[0].text


@given(tasks=st.integers(1, 60), least=st.integers(0, 100), most=st.integers(100, 300))
def test_waves_end_unless_nothing_may_start_or_stop(tasks: int, least: int, most: int) -> None:
    found = waves_of_tasks(tasks, least, most)
    stuck = tasks * most // 100 == tasks and -(-tasks * least // 100) == tasks
    assert (found is None) == stuck
    assert found is None or 1 <= found <= tasks


PROBED = {"startupProbe": {"periodSeconds": 10, "failureThreshold": 60}, "readinessProbe": {"periodSeconds": 5}}


def pods(image: str, container: Any = PROBED, pod: Any = None, **spec: Any) -> list[Node]:
    home = node(ENDPOINT, "chat")
    template = {
        "spec": {
            "containers": [{"name": "model", "image": image, **container}],
            "terminationGracePeriodSeconds": 90,
            **(pod or {}),
        }
    }
    given = {"replicas": 4, "template": template, **spec}
    return [
        home,
        node(
            "kubernetes:apps/v1:Deployment",
            "server",
            parent=home.urn,
            metadata={"name": "server", "namespace": "x"},
            spec=given,
        ),
    ]


def pods_row(*others: Node, **given: Any) -> tuple[str, ...]:
    found = report(changes([*pods("a", **given), *others], [*pods("b", **given), *others]))
    (only,) = [each for table in found.tables if table.title == "How long deployments take" for each in table.rows]
    return only


def rolling(surge: Any, unavailable: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def test_pods_of_kubernetes_roll_by_surge_and_probes() -> None:
    # A quarter more and a quarter less of four: two at a time. 10 * 60 + 5 s to start, 90 s to end once.
    assert pods_row() == ("chat", "4", "2", "605 s", "90 s", "22 min", "not known")
    assert pods_row(strategy=rolling(1, 0))[2:6] == ("4", "605 s", "90 s", "42 min")


def test_pods_that_a_scaler_counts_roll_by_its_range() -> None:
    scaler = node("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "scaler", metadata={"namespace": "x"},
                  spec={"minReplicas": 2, "maxReplicas": 12, "scaleTargetRef": {"kind": "Deployment", "name": "server"}})  # fmt: skip
    assert pods_row(scaler, strategy=rolling(2, 0))[1:3] == ("2 to 12", "6")


@pytest.mark.parametrize(
    "given",
    [
        {"replicas": Unknown},
        {"replicas": Secret(4)},
        {"strategy": Unknown},
        {"strategy": rolling(Unknown, 0)},
        {"strategy": rolling("many", 0)},
        {"container": {"readinessProbe": {}}},
        {"container": {"startupProbe": Unknown}},
        {"container": {"startupProbe": {"failureThreshold": Unknown}}},
        {"container": {}},
        {"pod": {"initContainers": [{"name": "fetch"}]}},
        {"pod": {"terminationGracePeriodSeconds": Unknown}},
        {"minReadySeconds": Unknown},
    ],
)
def test_what_is_not_known_of_pods_gives_no_minutes(given: dict[str, Any]) -> None:
    assert pods_row(**given)[5] == "not known"


@pytest.mark.parametrize("strategy", [{"type": "Recreate"}, rolling(0, "100%")])
def test_pods_that_may_all_go_are_high(strategy: dict[str, Any]) -> None:
    sides = [pods(image, strategy=strategy) for image in "ab"]
    assert ("high", "nobody need answer requests to chat while it deploys") in findings(*sides)


def test_pods_that_keep_serving_are_no_finding() -> None:
    assert not [each for each in findings(pods("a"), pods("b")) if "nobody" in each[1]]


def test_another_number_of_pods_is_no_deployment() -> None:
    found = report(changes(pods("a"), pods("a", replicas=5)))
    assert "How long deployments take" not in {table.title for table in found.tables}


@given(count=st.integers(1, 60), surge=st.integers(0, 100), unavailable=st.integers(0, 100))
def test_pods_always_come_to_an_end(count: int, surge: int, unavailable: int) -> None:
    found = waves_of_pods(count, f"{surge}%", f"{unavailable}%")
    assert found is not None
    assert 1 <= found <= count

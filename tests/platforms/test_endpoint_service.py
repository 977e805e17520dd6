"""The service of an endpoint on ECS: how it rolls out, is taken back, and scales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.making import inputs
from tests.platforms.worlds import (
    ALARM,
    POLICY,
    RULE,
    SCALING_TARGET,
    SERVICE,
    TARGET_GROUP,
    deployed,
    refusal,
)


def service(tmp_path: Path, **options: Any) -> dict[str, Any]:
    return inputs(deployed(tmp_path, **options), SERVICE)


def test_failed_health_checks_count_only_when_a_replica_has_had_its_time_to_start(tmp_path: Path) -> None:
    assert service(tmp_path, startup_budget="10m")["healthCheckGracePeriodSeconds"] == 600
    # Without a budget of the user's, it follows from the server's row and the model's size.
    image = {"image": "a.example/served@sha256:" + "0" * 64}
    small, large = (
        service(tmp_path, **image, model={"name": "digits", "size": size})["healthCheckGracePeriodSeconds"]
        for size in ("1MiB", "10GiB")
    )
    assert 0 < small < large


def test_a_deployment_that_fails_is_taken_back_by_count_and_by_two_alarms(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    found = inputs(graph, SERVICE)
    assert found["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    alarms = [node.outputs["name"] for node in graph.all(ALARM)]
    assert found["alarms"] == {"alarmNames": alarms, "enable": True, "rollback": True}
    assert len(alarms) == 2


def test_the_share_of_errors_that_takes_a_deployment_back_is_the_users(tmp_path: Path) -> None:
    alarm = inputs(deployed(tmp_path, rollback={"error_percent": 2}), ALARM, "digits-target-5xx")
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (2, "GreaterThanThreshold")
    assert alarm["treatMissingData"] == "notBreaching"
    metrics = {query["id"]: query["metric"]["metricName"] for query in alarm["metricQueries"] if "metric" in query}
    assert metrics == {"errors": "HTTPCode_Target_5XX_Count", "requests": "RequestCount"}


def test_a_replica_that_still_loads_raises_no_alarm(tmp_path: Path) -> None:
    alarm = inputs(deployed(tmp_path, startup_budget="10m"), ALARM, "digits-unhealthy-hosts")
    assert alarm["evaluationPeriods"] * alarm["period"] > 600


def test_the_alarms_look_at_this_endpoints_target_group(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    group = graph.one(TARGET_GROUP).outputs["arnSuffix"]
    assert inputs(graph, ALARM, "digits-unhealthy-hosts")["dimensions"]["TargetGroup"] == group


def test_what_the_autoscaler_writes_is_ignored_and_nothing_else_is(tmp_path: Path) -> None:
    graph = deployed(tmp_path, scaling={"min": 2, "max": 6})
    assert {node.name: node.ignore_changes for node in graph if node.ignore_changes} == {
        "digits-service": ["desiredCount"]
    }


def test_replicas_are_balanced_over_zones_explicitly(tmp_path: Path) -> None:
    assert service(tmp_path)["availabilityZoneRebalancing"] == "ENABLED"


def test_a_rollout_never_goes_below_what_is_asked(tmp_path: Path) -> None:
    found = service(tmp_path)
    assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (100, 200)
    assert (found["waitForSteadyState"], found["forceNewDeployment"]) == (True, True)


def test_tasks_run_in_private_subnets_without_public_addresses(tmp_path: Path) -> None:
    network = service(tmp_path)["networkConfiguration"]
    assert (network["subnets"], network["assignPublicIp"]) == (["subnet-3", "subnet-4"], False)


def test_no_task_starts_before_its_rule_and_its_rights_are_there(tmp_path: Path) -> None:
    graph = deployed(tmp_path, cluster={"exec": True})
    needed = {graph.one(RULE).urn, *(node.urn for node in graph.all(POLICY))}
    assert needed <= set(graph.one(SERVICE).depends_on)


def test_a_service_comes_after_its_clusters_capacity_providers_and_goes_before_them(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    capacity = graph.one("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    assert capacity.urn in graph.one(SERVICE).depends_on


def test_an_update_may_take_as_long_as_a_start_and_a_drain_may(tmp_path: Path) -> None:
    graph = deployed(tmp_path, startup_budget="2h", longest_request="1h", load_balancer="own")
    limits = graph.one(SERVICE).custom_timeouts
    # Two starts, five minutes to place and pull, the drain, ten minutes to spare; and for a removal the drain alone.
    assert (limits["create"], limits["update"], limits["delete"]) == ("317m", "317m", "72m")


def test_replicas_are_between_min_and_max(tmp_path: Path) -> None:
    graph = deployed(tmp_path, scaling={"min": 3, "max": 12})
    target = inputs(graph, SCALING_TARGET)
    assert (target["minCapacity"], target["maxCapacity"]) == (3, 12)
    assert inputs(graph, SERVICE)["desiredCount"] == 3
    assert target["resourceId"].startswith("service/web-cluster-")


def test_spare_capacity_carries_what_is_above_the_least(tmp_path: Path) -> None:
    assert service(tmp_path, spot=True, scaling={"min": 3, "max": 6})["capacityProviderStrategies"] == [
        {"capacityProvider": "FARGATE", "base": 3, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 4},
    ]
    assert service(tmp_path)["capacityProviderStrategies"] == [{"capacityProvider": "FARGATE", "weight": 1}]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"service_account": "reader"},
            "service_account: on ECS replicas run with a role. Write `task_role_arn`, or leave both out to have a role made.",
        ),
        (
            {"secrets": {"TOKEN": "hub/token"}},
            "secrets.TOKEN: a secret is given by reference, never by value, and on ECS a reference is an ARN. Write the ARN of a Secrets Manager secret or of an SSM parameter.",
        ),
        (
            {"transforms": {"inference-service": {}}},
            "transforms.inference-service: there is nothing for it to adjust: it is a child of endpoints on Kubernetes. Remove it.",
        ),
    ],
)
def test_what_means_something_on_kubernetes_alone_is_refused(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    assert refusal(tmp_path, **options)[1:] == [said]

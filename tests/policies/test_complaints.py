"""Where rules about what operators complain of say nothing: it is right, or not known."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from modelinfra.graph.values import Unknown
from modelinfra.policies import READINESS, check
from modelinfra.policies import tokens as t
from modelinfra.policies.readiness import nodes, sagemaker, side_routes
from tests.platforms.worlds import deployed
from tests.policies.complaints import (
    AUTOSCALED,
    COMPONENT,
    GPU_TASK,
    VARIANT,
    both,
    budget_of_a_tag,
    custom_metric,
    managed_group,
    new,
    on_gpu,
    open_server,
    paths,
    rule,
    scaled,
    wake_alarm,
)  # fmt: skip
from tests.policies.editing import Edit, find, put
from tests.policies.ready import ready

_BUDGET = "aws:budgets/budget:Budget"
_DENY = {"type": "fixed-response", "fixedResponse": {"statusCode": "404"}}
_ASK = {"type": "authenticate-oidc"}
REGION = "us-west-2"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return ready()


def ignored(token: str, *names: str) -> Edit:
    def edit(graph: Graph) -> None:
        find(graph, token).ignore_changes = list(names)

    return edit


def predictions(graph: Graph) -> None:
    """Only predictions are forwarded; anything else is answered by the listener."""
    https = find(graph, t.LISTENER, "https")
    group = find(graph, t.TARGET_GROUP)
    put(t.LISTENER, "defaultActions", [_DENY], "https")(graph)
    rule("predictions", 1, {"type": "forward", "targetGroupArn": group.id}, paths("/v2/models/*"))(graph)
    assert https.inputs["defaultActions"] == [_DENY]


SILENT: dict[str, Edit] = {
    "a policy of load beside utilisation": both(
        on_gpu, scaled(VARIANT, 2, "CPUUtilization", step=True), scaled(VARIANT, 2, "SageMakerVariantInvocationsPerInstance")
    ),
    "a metric that nobody knows here": both(GPU_TASK, custom_metric("QueueDepth")),
    "a metric that is not known yet": both(GPU_TASK, custom_metric(Unknown)),  # type: ignore[arg-type]
    "a CPU service": custom_metric("CPUUtilization"),
    "a step policy wakes the component": both(
        scaled(COMPONENT, 0, "SageMakerInferenceComponentInvocationsPerCopy"),
        scaled(COMPONENT, 0, "NoCapacityInvocationFailures", step=True),
    ),
    "a schedule wakes the variant": both(
        put(t.SCALING_TARGET, "minCapacity", 0, "variant"),
        new("aws:appautoscaling/scheduledAction:ScheduledAction", "morning", {"resourceId": VARIANT}),
    ),
    "an alarm at the first request": wake_alarm("GreaterThanOrEqualToThreshold"),
    "an ignored count": both(put(t.SERVICE, "desiredCount", 2), ignored(t.SERVICE, "desiredCount")),
    "a count that is not known": put(t.SERVICE, "desiredCount", Unknown),
    "an ignored size": both(AUTOSCALED, ignored(nodes.NODES, "scalingConfig.desiredSize")),
    "no size for managed scaling": managed_group(None),
    "a name with a hash": put(sagemaker.CONFIGURATION, "name", "sentiment-1f2e3d4c"),
    "a name that Pulumi gave": put(sagemaker.CONFIGURATION, "name", "model-abcdefa"),
    "a name that is not known": put(sagemaker.CONFIGURATION, "name", Unknown),
    "only predictions are forwarded": both(open_server, predictions),
    "side routes are answered before": both(open_server, rule("closed", 1, _DENY, paths("/v2/repository*", "/v2/docs*"))),
    "who comes is asked": both(open_server, rule("asked", 1, _ASK, paths("/*"))),
    "rules that are not known": both(open_server, rule("later", 1, _DENY, {"pathPattern": Unknown})),
    "another server": both(open_server, put(t.TASK, "containerDefinitions", Unknown)),
    "open to the company only": both(
        open_server, put(t.GROUP, "ingress[0].cidrBlocks", ["10.0.0.0/8"], "front")
    ),
    "a base on demand": put(
        t.SERVICE, "capacityProviderStrategies",
        [{"capacityProvider": "FARGATE_SPOT", "weight": 3}, {"capacityProvider": "FARGATE", "base": 1}],
    ),
    "a budget of a part": both(
        put(_BUDGET, "limitAmount", "10"), put(_BUDGET, "costFilters", [{"name": "Service", "values": ["EC2"]}])
    ),
    "a budget of what another team has": budget_of_a_tag("10", team="search"),
    "a budget that is enough for what is tagged": budget_of_a_tag("40", team="web"),
    "a budget in another unit": both(put(_BUDGET, "limitAmount", "10"), put(_BUDGET, "limitUnit", "EUR")),
    "a limit that is not known": put(_BUDGET, "limitAmount", Unknown),
}  # fmt: skip

NEW = {
    "ready-accelerator-scaling", "ready-wake-path", "ready-one-owner", "ready-sagemaker-config-kept", "ready-side-routes",
    "ready-spot-only", "ready-budget-enough",
}  # fmt: skip


@pytest.mark.parametrize("edit", SILENT.values(), ids=SILENT)
def test_nothing_is_said_of_what_is_right_or_not_known(edit: Edit, graph: Graph) -> None:
    changed = copy.deepcopy(graph)
    edit(changed)
    assert [str(each) for each in check(changed, READINESS, region=REGION) if each.rule in NEW] == []


def planted(graph: Graph, edit: Edit, rule_id: str) -> list[str]:
    changed = copy.deepcopy(graph)
    edit(changed)
    return [each.message for each in check(changed, READINESS, region=REGION) if each.rule == rule_id]


def test_a_rule_for_one_host_or_one_method_does_not_close_a_route(graph: Graph) -> None:
    for condition in ({"hostHeader": {"values": ["a.acme.ai"]}}, {"httpRequestMethod": {"values": ["POST"]}}):
        edit = both(open_server, rule("narrow", 1, _DENY, paths("/v2/repository*"), condition))
        assert planted(graph, edit, "ready-side-routes") == [
            "https hands /v2/repository, /v2/docs of MLServer to the whole internet"
        ]


def test_the_first_rule_counts_and_only_what_it_takes_is_closed(graph: Graph) -> None:
    edit = both(open_server, rule("docs", 2, _DENY, paths("/v2/docs")))
    assert planted(graph, edit, "ready-side-routes") == ["https hands /v2/repository of MLServer to the whole internet"]


@pytest.mark.parametrize(
    ("image", "title"),
    [
        ("docker.io/seldonio/mlserver:1.6.0", "MLServer"),
        ("mirror.acme.ai:5000/seldonio/mlserver@sha256:" + "a" * 64, "MLServer"),
        ("seldonio/mlserver", "MLServer"),
        ("acme/mlserver:1.7.1", None),
        (Unknown, None),
    ],
)
def test_a_server_is_known_by_its_repository(image: object, title: str | None) -> None:
    row = side_routes._server_of(image)
    assert (row.title if row else None) == title


def test_a_deletion_before_the_replacement_is_found_under_any_name(graph: Graph) -> None:
    def edit(changed: Graph) -> None:
        find(changed, sagemaker.CONFIGURATION).delete_before_replace = True

    assert planted(graph, edit, "ready-sagemaker-config-kept") == [
        "it is deleted before its successor is there, and the endpoint stands on it"
    ]


def test_a_budget_is_compared_in_the_region_of_the_default_provider_and_never_without_one() -> None:
    small = Graph("shop", "dev")
    new("aws:ec2/natGateway:NatGateway", "nat", {"subnetId": "subnet-1"})(small)
    month = {"budgetType": "COST", "timeUnit": "MONTHLY", "limitUnit": "USD", "limitAmount": "10"}
    new(_BUDGET, "month", month)(small)
    (found,) = [each for each in check(small, READINESS, region=REGION) if each.rule == "ready-budget-enough"]
    # A NAT gateway is $0.045 an hour there (modelinfra/catalog/prices.tsv).
    assert found.message == "its limit is $10 a month, and what it counts of this stack costs $33 at least"
    assert not [each for each in check(small, READINESS) if each.rule == "ready-budget-enough"]


def test_an_open_gateway_hands_out_what_its_routes_and_the_listener_behind_let_through(tmp_path: Path) -> None:
    def found(paths: list[str], auth: dict[str, Any]) -> list[str]:
        server = {"image": "docker.io/seldonio/mlserver@sha256:" + "0" * 64, "model": {"name": "digits"}}
        exposure = {"paths": paths, "gateway": {"auth": auth}}
        graph = deployed(tmp_path, longest_request="30s", exposure=exposure, **server)
        # The library refuses such paths: somebody writes them into the rule, and into the routes.
        for node in graph.all(t.LISTENER_RULE):
            node.inputs["conditions"] = [{"pathPattern": {"values": ["/*"]}}]
        for node in graph.all(t.API_ROUTE):
            node.inputs["routeKey"] = "ANY /v2/{rest+}"
        return [each.message for each in check(graph, READINESS, region=REGION) if each.rule == "ready-side-routes"]

    opened = ["digits-gateway hands /v2/repository, /v2/docs of MLServer to the whole internet"]
    assert found(["/v2/models/digits/infer"], {"none": "a demonstration until June"}) == opened
    assert found(["/v2/models/digits/infer"], {"iam": {}}) == []

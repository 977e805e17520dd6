"""What CloudWatch, autoscaling and the image registry refuse."""

from __future__ import annotations

from typing import Any

from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number, parsed

_DAY = 24 * 3600
_HOUR = 3600
_MOST_FILTERS = 5


def _periods(alarm: dict[str, Any]) -> list[float]:
    found = [number(alarm.get("period"))]
    for query in listed(alarm.get("metricQueries")):
        found += [number(mapping(query).get("period")), number(mapping(mapping(query).get("metric")).get("period"))]
    return [each for each in found if each is not None]


def _alarm_span(view: View) -> Found:
    for node, alarm in view.each(tokens.ALARM):
        times, longest = number(alarm.get("evaluationPeriods")), max(_periods(alarm), default=None)
        if times is not None and longest is not None:
            most = _DAY if longest < _HOUR else 7 * _DAY
            if times * longest > most:
                yield node, f"{times:g} periods of {longest:g} s are {times * longest:g} s"


def _alarm_period(view: View) -> Found:
    for node, alarm in view.each(tokens.ALARM):
        for period in _periods(alarm):
            if period not in (10, 20, 30) and (period <= 0 or period % 60):
                yield node, f"the period is {period:g} s"


def _alarm_points(view: View) -> Found:
    for node, alarm in view.each(tokens.ALARM):
        points, times = number(alarm.get("datapointsToAlarm")), number(alarm.get("evaluationPeriods"))
        if points is not None and times is not None and points > times:
            yield node, f"{points:g} of {times:g} periods must be bad"


def _alarm_queries(view: View) -> Found:
    for node, alarm in view.each(tokens.ALARM):
        queries = [mapping(each) for each in listed(alarm.get("metricQueries"))]
        if queries and sum(1 for each in queries if each.get("returnData")) != 1:
            yield node, "not exactly one of its queries returns data"
        if queries and alarm.get("metricName") is not None:
            yield node, "metricQueries and metricName are both given"


def _scaling_order(view: View) -> Found:
    for node, target in view.each(tokens.SCALING_TARGET):
        least, most = number(target.get("minCapacity")), number(target.get("maxCapacity"))
        if least is not None and most is not None and least > most:
            yield node, f"at least {least:g} and at most {most:g} replicas"


def _tracked(policy: dict[str, Any]) -> dict[str, Any]:
    configuration = mapping(policy.get("targetTrackingScalingPolicyConfiguration"))
    return dict(mapping(configuration.get("predefinedMetricSpecification")))


def _scaling_label(view: View) -> Found:
    for node, policy in view.each(tokens.SCALING_POLICY):
        metric = _tracked(policy)
        by_requests, label = (
            metric.get("predefinedMetricType") == "ALBRequestCountPerTarget",
            metric.get("resourceLabel"),
        )
        if by_requests and label is None:
            yield node, "it counts requests and names no target group"
        if not by_requests and label is not None:
            yield node, f"{metric.get('predefinedMetricType')} takes no resourceLabel"
        if by_requests and isinstance(label, str) and not _known_label(view, label):
            yield node, f"{label} names no load balancer and target group of this environment"


def _known_label(view: View, label: str) -> bool:
    balancer, _, group = label.partition("/targetgroup/")
    # What the graph does not hold cannot be said to be wrong.
    balancers, groups = view.all(tokens.LOAD_BALANCER), view.all(tokens.TARGET_GROUP)
    return (not balancers or view.named(tokens.LOAD_BALANCER, balancer) is not None) and (
        not groups or view.named(tokens.TARGET_GROUP, f"targetgroup/{group}") is not None
    )


def _scaling_twice(view: View) -> Found:
    seen: set[tuple[str, str]] = set()
    for node, policy in view.each(tokens.SCALING_POLICY):
        key = (policy.get("resourceId"), _tracked(policy).get("predefinedMetricType"))
        if not isinstance(key[0], str) or not isinstance(key[1], str):
            continue
        if key in seen:
            yield node, f"another policy tracks {key[1]} of {key[0]}"
        seen.add(key)  # type: ignore[arg-type]


def _scaling_orphan(view: View) -> Found:
    targets = {target.get("resourceId") for _, target in view.each(tokens.SCALING_TARGET)}
    for node, policy in view.each(tokens.SCALING_POLICY):
        if isinstance(policy.get("resourceId"), str) and policy["resourceId"] not in targets:
            yield node, f"{policy['resourceId']} is no scaling target"


def _exclusion(view: View) -> Found:
    for node, repository in view.each(tokens.REPOSITORY):
        filters = listed(repository.get("imageTagMutabilityExclusionFilters"))
        mutability = repository.get("imageTagMutability", "MUTABLE")
        if not isinstance(mutability, str):
            continue
        if filters and not mutability.endswith("_WITH_EXCLUSION"):
            yield node, f"it has exclusion filters and is {mutability}"
        if not filters and mutability.endswith("_WITH_EXCLUSION"):
            yield node, f"it is {mutability} and has no exclusion filter"
        if len(filters) > _MOST_FILTERS:
            yield node, f"it has {len(filters)} exclusion filters"


def _lifecycle(view: View) -> Found:
    for node, given in view.each(tokens.LIFECYCLE):
        rules = [mapping(each) for each in listed(mapping(parsed(given.get("policy"))).get("rules"))]
        priorities = [each.get("rulePriority") for each in rules]
        if len(set(priorities)) < len(priorities):
            yield node, "two rules have one priority"
        for rule in rules:
            chosen = mapping(rule.get("selection"))
            listed_tags = chosen.get("tagPrefixList") or chosen.get("tagPatternList")
            if chosen.get("tagStatus") == "tagged" and not listed_tags:
                yield node, "a rule for tagged images names no tags"
            if chosen.get("countType") == "sinceImagePushed" and chosen.get("countUnit") != "days":
                yield node, "a rule by age says no unit"


_ALARMS = "botocore cloudwatch PutMetricAlarmInput"
_SCALING = "Application Auto Scaling API"

RULES = (
    Rule(
        "alarm-span",
        "An alarm looks back a day at most, seven days with periods of an hour or more",
        f"{_ALARMS}.EvaluationPeriods",
        "Write fewer or shorter periods.",
        _alarm_span,
    ),
    Rule(
        "alarm-period",
        "A period is 10, 20 or 30 s, or whole minutes",
        f"{_ALARMS}.Period",
        "Write one of these.",
        _alarm_period,
    ),
    Rule(
        "alarm-points",
        "Of the periods that are looked at, no more than all can be bad",
        f"{_ALARMS}.DatapointsToAlarm",
        "Write datapointsToAlarm up to evaluationPeriods.",
        _alarm_points,
    ),
    Rule(
        "alarm-queries",
        "Exactly one query returns data, and queries exclude a metric",
        f"{_ALARMS}.Metrics, MetricDataQuery.ReturnData",
        "Write returnData on one query.",
        _alarm_queries,
    ),
    Rule(
        "scaling-order",
        "The least number of replicas is not above the most",
        f"{_SCALING}, RegisterScalableTarget",
        "Swap them.",
        _scaling_order,
    ),
    Rule(
        "scaling-label",
        "ALBRequestCountPerTarget, and it alone, names its load balancer and target group",
        f"{_SCALING}, PredefinedMetricSpecification.ResourceLabel (facts serving.md 2c)",
        "Write arnSuffix of the load balancer, a slash, arnSuffix of the target group.",
        _scaling_label,
    ),
    Rule(
        "scaling-metric-twice",
        "A target is tracked once by each predefined metric",
        f"{_SCALING}, PutScalingPolicy: ValidationException, only one TargetTrackingScaling policy for a given metric",
        "Remove one policy.",
        _scaling_twice,
    ),
    Rule(
        "scaling-target",
        "A policy scales a registered target",
        f"{_SCALING}, PutScalingPolicy: ObjectNotFoundException",
        "Register the target, with the same resourceId.",
        _scaling_orphan,
    ),
    Rule(
        "registry-exclusion",
        "Exclusion filters, five at most, belong to IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION",
        "botocore ecr CreateRepositoryRequest.imageTagMutabilityExclusionFilters",
        "Write both or neither.",
        _exclusion,
    ),
    Rule(
        "registry-lifecycle",
        "Rules of a lifecycle policy have different priorities, tags where they are for tagged images, a unit of age",
        "ECR user guide, lifecycle policy parameters",
        "Mend the rule.",
        _lifecycle,
    ),
)

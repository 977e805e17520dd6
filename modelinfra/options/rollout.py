"""How traffic moves to a new revision of an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from modelinfra.options.checks import MOST_SAMPLES, CheckOptions
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ALARM,
    ATTACHMENT,
    DASHBOARD_BODY,
    EGRESS,
    EXECUTION_POLICY,
    FUNCTION,
    INGRESS,
    LOG_GROUP,
    ROLE,
    RULE,
    SECURITY_GROUP,
    SERVICE,
    TARGET_GROUP,
    TIMEOUTS,
    TRACKING,
)  # fmt: skip
from modelinfra.options.names import Name
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

Strategy = Literal["rolling", "all-at-once", "blue-green", "canary", "linear"]

SHIFTING = ("all-at-once", "blue-green", "canary", "linear")
"""Strategies by which a second set of replicas starts, and traffic moves from the one to the other."""

_STEPWISE = ("canary", "linear")
_DAY = 24 * 3600
_CONFIGURATION = f"{SERVICE}.deploymentConfiguration"

TEST_HEADER = "x-modelinfra-test-traffic"
"""Requests with this header, and the endpoint's name in it, are answered by the new replicas before traffic moves to them."""

DEFAULT_PERCENT = {"canary": 5.0, "linear": 10.0}
DEFAULT_STEP_BAKE = {"canary": 600, "linear": 360}
"""In seconds. Amazon ECS API, CanaryConfiguration and LinearConfiguration: the same defaults."""

DEFAULT_BAKE = 600
"""In seconds; none for `all-at-once`."""


class RolloutOptions(TypedDict):
    """How traffic moves to a new revision. ECS does it, and the endpoint's alarms take it back while it lasts."""

    strategy: NotRequired[
        Annotated[
            Strategy,
            Option(
                default="rolling",
                lands=(
                    _CONFIGURATION,
                    f"{SERVICE}.deploymentCircuitBreaker",
                    f"{SERVICE}.loadBalancers[0].advancedConfiguration",
                    f"{ADDED}{TARGET_GROUP}",
                    f"{ADDED}{RULE}",
                    f"{ADDED}{ROLE}",
                    f"{ADDED}{ATTACHMENT}",
                    f"{ADDED}{ALARM}",
                    f"{SERVICE}.alarms.alarmNames",
                    DASHBOARD_BODY,
                    f"{RULE}.options.ignoreChanges",
                    f"{TRACKING}.customizedMetricSpecification",
                    TIMEOUTS,
                ),
                example="canary",
            ),
        ]
    ]
    """Replica by replica (rolling). The others start as many new replicas as there are old ones, and move traffic when they are ready: all
    at once, all at once and back for as long as `bake` lasts (blue-green), a part first (canary), or step by step (linear). An edit from
    another strategy back to `rolling` can lose requests: traffic may stand on either set of replicas, and `all-at-once` is the way back."""

    percent: NotRequired[
        Annotated[
            float,
            Option(
                default_text="5 for canary, 10 for linear",
                at_least=0.1,
                at_most=100,
                lands=(_CONFIGURATION,),
                example=20,
            ),
        ]
    ]
    """Share of requests, in percent, that the first step (canary) or each step (linear, 3 at least) moves."""

    step_bake: NotRequired[
        Annotated[
            Duration,
            Option(
                default_text="10m for canary, 6m for linear",
                at_most=_DAY,
                lands=(_CONFIGURATION, TIMEOUTS),
                example="2m",
            ),
        ]
    ]
    """How long a step is watched before the next one, in whole minutes."""

    bake: NotRequired[
        Annotated[
            Duration,
            Option(
                default_text="10m; 0s for all-at-once", at_most=_DAY, lands=(_CONFIGURATION, TIMEOUTS), example="3m"
            ),
        ]
    ]
    """How long the old replicas stay after all traffic has moved, so that the way back takes seconds; in whole minutes."""

    checks: NotRequired[
        Annotated[
            Mapping[Name, CheckOptions],
            Option(
                at_least=1,
                at_most=MOST_SAMPLES,
                lands=(
                    f"{ADDED}{FUNCTION}",
                    f"{ADDED}{LOG_GROUP}",
                    f"{ADDED}{ROLE}",
                    f"{ADDED}{ATTACHMENT}",
                    f"{ADDED}{EXECUTION_POLICY}",
                    f"{ADDED}{SECURITY_GROUP}",
                    f"{ADDED}{INGRESS}",
                    f"{ADDED}{EGRESS}",
                    f"{_CONFIGURATION}.lifecycleHooks",
                    TIMEOUTS,
                ),
                example={"known": {"body": {"instances": [[1, 2, 3, 4]]}}},
            ),
        ]
    ]
    """Sample predictions that new replicas must answer before traffic moves to them, by names of your own. One that is wrong takes the
    deployment back. Only with a strategy that shifts traffic. Left out, new replicas need only be healthy."""


def shifts(rollout: Any) -> bool:
    """Whether traffic moves between two sets of replicas."""
    return rollout.strategy in SHIFTING


def minutes(rollout: Any) -> int:
    """How long watching takes at the most, beside starting and stopping replicas."""
    if not shifts(rollout):
        return 0
    count = steps(rollout)
    return bake_minutes(rollout) + (count * step_minutes(rollout) if count else 0)


def steps(rollout: Any) -> int:
    """How many steps are watched before all traffic has moved."""
    if rollout.strategy == "canary":
        return 1
    return -(-100 // max(1, int(percent(rollout)))) if rollout.strategy == "linear" else 0


def percent(rollout: Any) -> float:
    """Of a step."""
    return float(rollout.percent if rollout.percent is not None else DEFAULT_PERCENT[rollout.strategy])


def step_minutes(rollout: Any) -> int:
    """Between two steps."""
    return int(rollout.step_bake if rollout.step_bake is not None else DEFAULT_STEP_BAKE[rollout.strategy]) // 60


def bake_minutes(rollout: Any) -> int:
    """After the last one."""
    default = 0 if rollout.strategy == "all-at-once" else DEFAULT_BAKE
    return int(rollout.bake if rollout.bake is not None else default) // 60


@rule(RolloutOptions, "strategy", "percent", "step_bake", "bake", "checks")
def a_rollout_says_what_its_strategy_has(rollout: Mapping[str, Any]) -> Iterable[Problem]:
    strategy = rollout["strategy"]
    for key in ("percent", "step_bake"):
        if rollout[key] is not None and strategy not in _STEPWISE:
            reason = f"the strategy {strategy} has no steps"
            yield Problem(key, reason, "Remove it, or write `strategy: canary` or linear.", rollout[key])
    if rollout["bake"] is not None and strategy == "rolling":
        reason = "after a rolling deployment no old replicas are left to go back to"
        yield Problem("bake", reason, "Remove it, or write another `strategy`.", rollout["bake"])
    if rollout["checks"] is not None and strategy == "rolling":
        reason = "new replicas of a rolling deployment get requests as they come, so nothing can be tried before"
        yield Problem("checks", reason, "Write `strategy: all-at-once`, or another that shifts traffic; or remove it.")
    if strategy == "all-at-once" and rollout["bake"]:
        yield Problem("bake", "with a way back it is blue-green", "Write `strategy: blue-green`.", rollout["bake"])
    if strategy == "linear" and rollout["percent"] is not None and rollout["percent"] < 3:
        yield Problem("percent", "the least of a linear step is 3", "Write 3 or more.", rollout["percent"])
    for key in ("step_bake", "bake"):
        if rollout[key] is not None and rollout[key] % 60:
            yield Problem(key, "ECS counts whole minutes", f"Write {rollout[key] // 60 + 1}m.", rollout[key])

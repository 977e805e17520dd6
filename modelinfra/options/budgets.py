"""The two durations that a server, and an endpoint over it, can be given; they land in the same places whoever says them."""

from __future__ import annotations

from modelinfra.options.declare import Option
from modelinfra.options.landing import (
    ALARM,
    CONTAINER,
    POD,
    ROUTE_OF_GATEWAY,
    SERVER_OF_POD,
    SERVICE,
    TARGET_GROUP,
    TIMEOUTS,
    TRACKING,
    WAITED_FOR,
)  # fmt: skip

STARTUP_BUDGET = Option(
    at_least=10,
    at_most=7200,
    lands=(
        f"{SERVICE}.healthCheckGracePeriodSeconds",
        f"{ALARM}.evaluationPeriods",
        f"{TRACKING}.scaleOutCooldown",
        TIMEOUTS,
        f"{SERVER_OF_POD}.startupProbe.failureThreshold",
        WAITED_FOR,
    ),
    example="10m",
)

LONGEST_REQUEST = Option(
    at_least=1,
    at_most=3600,
    lands=(
        f"{TARGET_GROUP}.deregistrationDelay",
        f"{CONTAINER}.stopTimeout",
        TIMEOUTS,
        f"{POD}.terminationGracePeriodSeconds",
        f"{ROUTE_OF_GATEWAY}.spec.rules",
    ),
)

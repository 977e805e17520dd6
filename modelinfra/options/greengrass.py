"""What a user can say of a fleet on AWS IoT Greengrass alone: what lets devices in, and how a revision rolls out over the devices of a ring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.edge_dates import a_day, the_day_is_one
from modelinfra.options.landing import CLAIM_HOOK, DEPLOYMENT
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

# AWS IoT waits 5 seconds for the function that counts them, 250 a call. An assumption.
_MOST_DEVICES: Final = 10_000
# AWS IoT API, JobExecutionsRolloutConfig: maximumPerMinute, and baseRatePerMinute.
_PER_MINUTE: Final = 1000
# AWS IoT API, ExponentialRolloutRate: incrementFactor.
_MOST_FACTOR: Final = 5

_RATE: Final = f"{DEPLOYMENT}.iotJobConfiguration.jobExecutionsRolloutConfig"
_ABORT: Final = f"{DEPLOYMENT}.iotJobConfiguration.abortConfig.criteriaList[0]"
_GROWTH: Final = f"{_RATE}.exponentialRate"


class ClaimOptions(TypedDict):
    """What lets devices into the fleet: a certificate that can do nothing but ask for one of the device's own."""

    expires: Annotated[str, a_day(lands=(f"{CLAIM_HOOK}.environment",), example="2027-01-20")]
    """Day at whose beginning (UTC) it ends. An edit makes another certificate and another key in its place; devices that are enrolled stay so."""

    devices: NotRequired[
        Annotated[
            int,
            Option(default=100, at_least=1, at_most=_MOST_DEVICES, lands=(f"{CLAIM_HOOK}.environment",), example=200),
        ]
    ]
    """How many devices each ring may have."""


class FleetRolloutOptions(TypedDict):
    """How a revision comes to the devices of a ring: notified so many in a minute, and stopped where it fails."""

    per_minute: NotRequired[
        Annotated[
            int,
            Option(
                default=_PER_MINUTE,
                at_least=1,
                at_most=_PER_MINUTE,
                lands=(f"{_RATE}.maximumPerMinute",),
                example=500,
            ),
        ]
    ]
    """Devices that are told of it in a minute, at most."""

    start: NotRequired[
        Annotated[
            int,
            Option(default=10, at_least=1, at_most=_PER_MINUTE, lands=(f"{_GROWTH}.baseRatePerMinute",), example=20),
        ]
    ]
    """Devices in the first minute. The same as `per_minute`: that rate from the beginning."""

    factor: NotRequired[
        Annotated[
            float,
            Option(default=2, at_least=1.1, at_most=_MOST_FACTOR, lands=(f"{_GROWTH}.incrementFactor",), example=3),
        ]
    ]
    """By which the rate grows after each `after` devices."""

    after: NotRequired[
        Annotated[
            int,
            Option(
                default=50,
                at_least=1,
                lands=(f"{_GROWTH}.rateIncreaseCriteria.numberOfSucceededThings",),
                example=20,
            ),
        ]
    ]
    """Devices on which it runs before the rate grows."""

    abort_percent: NotRequired[
        Annotated[
            float,
            Option(default=20, at_least=0.01, at_most=100, lands=(f"{_ABORT}.thresholdPercentage",), example=10),
        ]
    ]
    """Share of devices on which it fails, in percent, above which no more devices get it."""

    abort_after: NotRequired[
        Annotated[int, Option(default=20, at_least=1, lands=(f"{_ABORT}.minNumberOfExecutedThings",), example=5)]
    ]
    """Devices that must be done before that share counts."""

    abort_on: NotRequired[
        Annotated[
            Literal["all", "failed", "timed-out", "rejected"],
            Option(default="all", lands=(f"{_ABORT}.failureType",), example="failed"),
        ]
    ]
    """Which failures count."""

    timeout: NotRequired[
        Annotated[
            Duration,
            Option(
                default="1h",
                at_least=60,
                at_most=7 * 24 * 3600,
                lands=(f"{DEPLOYMENT}.iotJobConfiguration.timeoutConfig",),
                example="30m",
            ),
        ]
    ]
    """How long a device may take from when it begins, download included, before it counts as failed. Whole minutes."""

    on_failure: NotRequired[
        Annotated[
            Literal["roll-back", "keep"],
            Option(
                default="roll-back", lands=(f"{DEPLOYMENT}.deploymentPolicies.failureHandlingPolicy",), example="keep"
            ),
        ]
    ]
    """What a device does on which it fails: run what it ran before, or stay as it is for somebody to look at."""


@rule(FleetRolloutOptions, "start", "per_minute")
def the_rate_grows(rollout: Mapping[str, Any]) -> Iterable[Problem]:
    if rollout["start"] > rollout["per_minute"]:
        reason = f"this is more than `per_minute`, which is {rollout['per_minute']}"
        yield Problem("start", reason, f"Write {rollout['per_minute']} or less.", rollout["start"])


@rule(FleetRolloutOptions, "factor", "abort_percent")
def decimals_are_few(rollout: Mapping[str, Any]) -> Iterable[Problem]:
    """AWS IoT API, ExponentialRolloutRate and AbortCriteria."""
    for key, digits in (("factor", 1), ("abort_percent", 2)):
        if round(rollout[key], digits) != rollout[key]:
            reason = f"AWS IoT takes {digits} digit{'s' if digits > 1 else ''} after the point"
            yield Problem(key, reason, f"Write {round(rollout[key], digits):g}.", rollout[key])


@rule(FleetRolloutOptions, "timeout")
def minutes_are_whole(rollout: Mapping[str, Any]) -> Iterable[Problem]:
    if rollout["timeout"] % 60:
        yield Problem("timeout", "AWS IoT counts whole minutes", "Write for example 30m.", rollout["timeout"])


rule(ClaimOptions, "expires")(the_day_is_one)

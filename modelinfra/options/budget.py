"""What an environment may cost a month, and who is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.addresses import address_problems
from modelinfra.options.arns import TOPIC_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import BUDGET, TOPIC_POLICY
from modelinfra.options.problems import Problem, did_you_mean

# AWS Budgets API, CreateBudget: NotificationsWithSubscribers has ten at most, each with ten addresses.
_MOST_NOTIFICATIONS = 10

_SHARES = Option(at_least=0, at_most=_MOST_NOTIFICATIONS, lands=(f"{BUDGET}.notifications",))


class BudgetOptions(TypedDict):
    """A limit that AWS watches. It tells; it stops nothing."""

    monthly_usd: Annotated[
        float,
        Option(at_least=1, at_most=1_000_000_000, lands=(f"{BUDGET}.limitAmount",), example=6000),
    ]
    """What is meant to be spent in a calendar month, in US dollars."""

    tag: NotRequired[Annotated[str, Option(lands=(f"{BUDGET}.costFilters",), example="team")]]
    """Name of one of the environment's `tags`: what carries it with the same value is counted, from the day on which it is activated as a cost
    allocation tag. Left out, the whole account's bill is."""

    notify: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                at_least=1,
                at_most=10,
                lands=(f"{BUDGET}.notifications", f"{TOPIC_POLICY}.policy"),
                example=["finance@example.com"],
            ),
        ]
    ]
    """Addresses that are written to; nobody has to confirm. Left out, the environment's own `notify` is told."""

    topic_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                TOPIC_ARN,
                lands=(f"{BUDGET}.notifications", f"{TOPIC_POLICY}.policy"),
                example="arn:aws:sns:us-west-2:123456789012:finance",
            ),
        ]
    ]
    """An SNS topic that is told, too. Its policy must let budgets.amazonaws.com publish. Left out, the environment's own `notify` is told."""

    actual_percent: NotRequired[Annotated[Sequence[float], replace(_SHARES, default=[80, 100], example=[50, 100])]]
    """Told when so much is spent, in percent of the limit."""

    forecast_percent: NotRequired[Annotated[Sequence[float], replace(_SHARES, default=[100], example=[120])]]
    """Told when AWS expects that so much will be spent by the end of the month. It takes some five weeks of bills before it forecasts."""


@rule(BudgetOptions, "notify")
def addresses_are_addresses(budget: Mapping[str, Any]) -> Iterable[Problem]:
    yield from address_problems("notify", budget["notify"])


@rule(BudgetOptions, "actual_percent", "forecast_percent")
def shares_are_ones_that_aws_watches(budget: Mapping[str, Any]) -> Iterable[Problem]:
    shares = {key: budget[key] for key in ("actual_percent", "forecast_percent")}
    for key, percents in shares.items():
        for index, percent in enumerate(percents):
            if not 0 < percent <= 1000:
                yield Problem(f"{key}[{index}]", "this is no share of a limit", "Write 0.1 to 1000.", percent)
            elif percent in percents[:index]:
                yield Problem(f"{key}[{index}]", "this stands here twice", "Remove it.", percent)
    count = sum(map(len, shares.values()))
    if count == 0:
        yield Problem("actual_percent", "nobody is ever told", "Write for example [80, 100].", [])
    if count > _MOST_NOTIFICATIONS:
        reason = f"AWS watches {_MOST_NOTIFICATIONS} shares of a budget, and these are {count}"
        yield Problem("actual_percent", reason, "Leave some out.", list(shares["actual_percent"]))


def budget_problems(budget: Any, tags: Mapping[str, Any], *, told: bool) -> Iterable[Problem]:
    """What is wrong between a budget and its environment. told: whether the environment names somebody."""
    if budget.tag is not None and budget.tag not in tags:
        remedy = did_you_mean(budget.tag, sorted(tags)) if tags else f"Write `tags: {{{budget.tag}: ...}}` beside it."
        yield Problem("budget.tag", "the environment has no such tag", remedy, budget.tag)
    if not told and budget.notify is None and budget.topic_arn is None:
        yield Problem("budget", "nobody is told", "Write `notify` below it, or beside it.")

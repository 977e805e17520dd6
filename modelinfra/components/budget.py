"""The budget of an environment: AWS compares the bill with it some times a day, and tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children


def register_budget(
    children: Children, options: Any, tags: Mapping[str, Input[str]], topic_arn: Input[str] | None
) -> None:
    """tags: the environment's. topic_arn: of the environment; None where it has none."""
    told = _told(options, topic_arn)
    notifications: list[Any] = [
        {
            "comparison_operator": "GREATER_THAN",
            "notification_type": kind,
            "threshold": percent,
            "threshold_type": "PERCENTAGE",
            **told,
        }
        for kind, percents in (("ACTUAL", options.actual_percent), ("FORECASTED", options.forecast_percent))
        for percent in percents
    ]
    aws.budgets.Budget(
        children.named("budget", "budget"),
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{options.monthly_usd:.2f}".rstrip("0").rstrip("."),
        limit_unit="USD",
        cost_filters=_filters(options.tag, tags),
        notifications=notifications,
        opts=children.opts("budget"),
    )


def tells_environment(options: Any) -> bool:
    """Whether a budget is told where the environment's alarms are, because it names nobody itself."""
    return options is not None and options.notify is None and options.topic_arn is None


def _told(options: Any, topic_arn: Input[str] | None) -> dict[str, Any]:
    topic = topic_arn if tells_environment(options) else options.topic_arn
    emails = {"subscriber_email_addresses": list(options.notify)} if options.notify else {}
    return {**emails, **({} if topic is None else {"subscriber_sns_topic_arns": [topic]})}


def _filters(tag: str | None, tags: Mapping[str, Input[str]]) -> list[aws.budgets.BudgetCostFilterArgsDict] | None:
    if tag is None:
        return None
    # AWS Cost Management user guide, "Creating a budget with the CLI": user-defined tags are named `user:NAME$VALUE`.
    return [{"name": "TagKeyValue", "values": [Output.concat("user:", tag, "$", tags[tag])]}]

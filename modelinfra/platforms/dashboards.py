"""Dashboards of CloudWatch. What stands on them, `widgets.py` says."""

from __future__ import annotations

import pulumi_aws as aws
from pulumi import Input

from modelinfra.children import Children


def register(children: Children, suffix: str, role: str, body: Input[str]) -> None:
    """suffix: of the child's name; the name in AWS is another one in each stack, since writing one overwrites what has its name."""
    aws.cloudwatch.Dashboard(
        children.named(suffix, "dashboard"),
        dashboard_name=children.unique(suffix, "dashboard"),
        dashboard_body=body,
        opts=children.opts(role),
    )

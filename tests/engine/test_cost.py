"""The cost of what the engine deployed, from its state alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelinfra.cli.main import app
from modelinfra.graph.cost import estimate
from modelinfra.testing.sandbox import Sandbox
from tests.cli.test_cost_lines import written

pytestmark = pytest.mark.engine


def test_a_state_says_regions_sizes_and_replicas_by_itself(deployed: Sandbox) -> None:
    found = estimate(deployed.graph())
    assert found.regions == ("us-west-2",)
    assert found.unknown == ()
    quantities = {
        item.what: (item.quantity_min, item.quantity_max) for item in found.items if item.what != "alarm metric"
    }
    assert quantities == {
        "NAT gateway": (1, 1),
        "public IPv4 address": (1, 1),
        "application load balancer": (1, 1),
        "Fargate vCPU": (2, 10),
        "Fargate memory": (4, 20),
        "dashboard": (1, 1),
        "alarm metric of autoscaling": (2, 2),
    }


def test_a_plan_costs_what_the_deployment_then_costs(deployed: Sandbox) -> None:
    plan, deployment = estimate(deployed.plan(), default_region="us-west-2"), estimate(deployed.graph())
    assert plan.unknown == ()
    assert (plan.monthly_min, plan.monthly_max) == (deployment.monthly_min, deployment.monthly_max)


def test_up_ends_with_the_cost_on_aws_and_says_that_nothing_is_billed(tmp_path: Path) -> None:
    project = written(tmp_path, "us-west-2")
    result = CliRunner().invoke(app, ["up", "dev", "-C", str(project)])
    assert result.exit_code == 0, result.output
    cost, stand_in = result.stdout.strip().splitlines()[-2:]
    assert cost.startswith("Cost on AWS: $132 to $204 a month, at on-demand prices of us-west-2 (as of 20")
    assert stand_in == "  Nothing is billed here: the cloud is a stand-in."

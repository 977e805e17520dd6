"""The column "what a change does" of docs/reference.md: what is made of where an option lands (that it is true: test_walk_captured.py)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.walk.happened import IMAGE, TASK
from tools.effects import Kind, effects, in_words, kind_of


@pytest.mark.parametrize(
    ("token", "path", "kind"),
    [
        ("aws:ecr/repository:Repository", "encryptionConfigurations[0].kmsKey", "replaces"),
        ("aws:ecr/repository:Repository", "forceDelete", "updates"),
        ("aws:ecr/repository:Repository", "options.protect", "state only"),
        (TASK, "containerDefinitions[0].stopTimeout", "new revision of"),
        ("aws:ecs/service:Service", "capacityProviderStrategies", "updates"),
        ("aws:ecs/service:Service", "launchType", "replaces"),
        (IMAGE, "tags[0]", "builds anew"),
    ],
)
def test_one_change_of_one_property(token: str, path: str, kind: Kind) -> None:
    assert kind_of(token, path) == kind


def test_the_worst_comes_first_and_components_are_left_out() -> None:
    lands: Any = ("modelinfra:index:Own.x", "aws:lb/loadBalancer:LoadBalancer.idleTimeout", "+aws:ec2/natGateway:NatGateway",
                  "aws:ec2/vpc:Vpc.cidrBlock", "aws:ecs/cluster:Cluster.options.protect")  # fmt: skip
    assert in_words(effects(lands)) == [
        "replaces VPC",
        "adds or removes NAT gateway",
        "updates load balancer",
        "state only: cluster",
    ]

"""The column "what a change does" of docs/reference.md, against the diff that the stand-in cloud makes of every edit."""

from __future__ import annotations

import functools
import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.compare import Change, changes
from modelinfra.graph.model import Graph
from modelinfra.graph.replacement import forces_replacement, updated_in_place_after_all
from modelinfra.graph.values import plain
from modelinfra.testing.cloud.diffs import differences
from tests.walk.base import Edit, edits, write_model
from tests.walk.compare import QUIET
from tests.walk.test_walk_captured import graph_of
from tools.effects import ORDER, Effect, Kind, effects, in_words, kind_of

TASK = "aws:ecs/taskDefinition:TaskDefinition"
IMAGE = "docker-build:index:Image"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("effects")
    write_model(directory)
    return directory


@functools.cache
def captured_once(environment: str, project: Path) -> Graph:
    """Most edits start from the same environment."""
    return graph_of(json.loads(environment), project)


def happened(before: Graph, after: Graph) -> set[Effect]:
    """What the stand-in cloud would do to each type for the edit's own changes, the worst of each."""
    worst: dict[str, Kind] = {}
    for change in changes(before, after):
        if change.type.startswith(("pulumi:", "modelinfra:")) or f"{change.type}.{change.path}" in QUIET:
            continue
        kind = kind_by_diff(change, before, after)
        worst[change.type] = min(worst.get(change.type, kind), kind, key=ORDER.index)
    return {Effect(kind, token) for token, kind in worst.items()}


def kind_by_diff(change: Change, before: Graph, after: Graph) -> Kind:
    if change.kind != "changed":
        return "adds or removes"
    if change.path.startswith("options."):
        return "state only"
    old, new = before[change.urn], after[change.urn]
    wanted, earlier = plain(new.inputs), plain(old.inputs)
    found = differences(change.type, wanted, plain(old.outputs), earlier, tuple(new.ignore_changes))
    assert found, f"{change} is no difference for the stand-in cloud"
    if change.type == IMAGE:
        return "builds anew"
    replaced = any(
        forces_replacement(change.type, each.plain_path)
        and not updated_in_place_after_all(change.type, each.plain_path, wanted, earlier)
        for each in found
    )
    if not replaced:
        return "updates"
    return "new revision of" if change.type == TASK else "replaces"


@pytest.mark.parametrize("edit", edits(), ids=lambda edit: edit.path)
def test_the_reference_says_what_the_stand_in_cloud_would_do(edit: Edit, project: Path) -> None:
    before = captured_once(json.dumps(edit.before()), project)
    actual = happened(before, graph_of(edit.after(), project))
    said = effects(edit.lands)
    of_all = [each for each in said if each.token.endswith("*")]
    others = {each for each in actual if not any(fnmatch(each.token, all_.token) for all_ in of_all)}
    assert others == set(said) - set(of_all)
    assert {each.kind for each in actual - others} == {each.kind for each in of_all}


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

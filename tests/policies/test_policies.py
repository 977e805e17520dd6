"""Every rule finds the mistake that it is for, and finds nothing where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelinfra.graph.model import Graph
from modelinfra.graph.values import Unknown
from modelinfra.policies import RULES, check
from modelinfra.policies import tokens as t
from modelinfra.policies.readiness.services import target_of
from modelinfra.policies.view import View, seconds
from tests.policies.editing import Mistake, find
from tests.policies.good import ENVIRONMENTS, good, good_with_long_names
from tests.policies.mistakes import MISTAKES


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    root = tmp_path_factory.mktemp("good")
    return {base: good(base, root) for base in ENVIRONMENTS}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_found_by_its_rule(mistake: Mistake, graphs: dict[str, Graph]) -> None:
    found = check(mistake.planted(graphs[mistake.base]))
    assert mistake.rule in {finding.rule for finding in found}, found


@pytest.mark.parametrize("base", ENVIRONMENTS)
def test_no_rule_finds_anything_in_a_good_environment(base: str, graphs: dict[str, Graph]) -> None:
    assert check(graphs[base]) == []


@pytest.mark.parametrize("base", ENVIRONMENTS)
def test_what_a_preview_does_not_know_yet_is_no_mistake(base: str, tmp_path: Path) -> None:
    assert check(good(base, tmp_path, preview=True)) == []


def test_names_at_their_limits_are_within_them(tmp_path: Path) -> None:
    assert check(good_with_long_names(tmp_path)) == []


def test_every_rule_has_a_mistake_that_it_finds() -> None:
    assert {rule.id for rule in RULES} == {mistake.rule for mistake in MISTAKES}


def test_every_rule_is_known_by_one_name_and_says_fact_source_and_remedy() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.fact and rule.source and rule.remedy for rule in RULES)


def test_a_finding_names_rule_resource_and_remedy(graphs: dict[str, Graph]) -> None:
    (mistake,) = [each for each in MISTAKES if each.rule == "deregistration-delay"]
    found = [str(each) for each in check(mistake.planted(graphs["rich"])) if each.rule == mistake.rule]
    assert found == ["deregistration-delay: dev-iris-to: the delay is 7200. Write 0 to 3600."]


def test_what_a_program_only_reads_is_not_judged(graphs: dict[str, Graph]) -> None:
    (mistake,) = [each for each in MISTAKES if each.rule == "fargate-size"][:1]
    bad = mistake.planted(graphs[mistake.base])
    (finding,) = [each for each in check(bad) if each.rule == "fargate-size"]
    bad[finding.urn].read = True
    assert [each for each in check(bad) if each.urn == finding.urn] == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1h30m", 5400), ("25m", 1500), ("90s", 90), (1500.0, 1500), ("", None), ("soon", None), (Unknown, None)],
)
def test_a_time_out_is_text_to_a_program_and_seconds_to_the_engine(given: object, expected: float | None) -> None:
    assert seconds(given) == expected


def test_a_scaling_target_is_found_though_its_cluster_is_not_known_yet(tmp_path: Path) -> None:
    """As in the engine's preview: the service's name is known, and so is the target's resource."""
    graph = good("rich", tmp_path)
    service, target = find(graph, t.SERVICE, "iris-service"), find(graph, t.SCALING_TARGET, "iris-replicas")
    service.inputs["cluster"], service.outputs["name"] = Unknown, "iris-1234567"
    target.inputs["resourceId"] = "service/web-7654321/iris-1234567"
    assert target_of(View(graph), service) is target

"""Check runs, against a server that takes what GitHub takes and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from modelinfra.review.check_run import LARGEST, MOST, CheckRun, of_failure, of_review
from modelinfra.review.github.checks import check
from modelinfra.review.github.client import GitHub, GitHubError
from modelinfra.review.render.outline import Outline, Said
from tests.review.fake_github import HEAD, Repository, serving


@pytest.fixture
def repository() -> Iterator[Repository]:
    with serving() as running:
        yield running


def github(repository: Repository) -> GitHub:
    return GitHub("acme/shop", "ghs_token", repository.address, sleep=lambda _: None)


def finding(severity: str = "high", **said: Any) -> Said:
    return Said.model_validate(
        {"severity": severity, "kind": "exposure", "urn": "urn:x", "title": "lets all in", **said}
    )


def outline(*findings: Said, **said: Any) -> Outline:
    given = {
        "kind": "change",
        "project": "shop",
        "stack": "prod",
        "source": "capture",
        "verdict": "lets all in",
        **said,
    }
    return Outline.model_validate({**given, "findings": findings})


def many(count: int) -> Outline:
    return outline(*(finding(file="Pulumi.prod.yaml", line=index + 1) for index in range(count)))


def written(count: int) -> Outline:
    return outline(finding(), verdict=f"{count}")


@pytest.mark.parametrize(
    ("severities", "limit", "conclusion"),
    [
        ((), "high", "success"),
        (("note",), "high", "success"),
        (("note",), "note", "failure"),
        (("low",), "medium", "neutral"),
        (("medium",), "medium", "failure"),
        (("high",), "low", "failure"),
        (("high",), None, "neutral"),
        ((), None, "success"),
    ],
)
def test_the_worst_finding_decides(severities: tuple[str, ...], limit: str | None, conclusion: str) -> None:
    assert of_review(outline(*map(finding, severities)), limit).conclusion == conclusion


def test_a_stack_without_a_review_does_not_pass() -> None:
    run = of_failure("shop", "prod", "why")
    assert (run.conclusion, run.title, run.summary) == ("failure", "There is no review of this change", "why")


def test_a_strangers_name_becomes_a_plain_one() -> None:
    assert of_review(outline(project="a b", stack="<x>@y"), None).name == "modelinfra: a-b/x-y"


@pytest.mark.parametrize("wide", ["é", "漢", "🙂", "@", "|"])
def test_a_summary_is_bounded_in_bytes(wide: str) -> None:
    told = [finding(title=wide * 400, text=(wide * 700,) * 6, remedy=wide * 600) for _ in range(200)]
    run = of_review(outline(*told, verdict=wide * 500, notes=(wide * 600,) * 50), None)
    assert 10_000 < len(run.summary.encode()) <= LARGEST
    assert "more findings are left out here" in run.summary
    assert len(run.title) <= 255


def test_findings_stand_at_their_lines_worst_first_and_bounded() -> None:
    placed = finding(file="infra/Pulumi.prod.yaml", line=3, text=("why",), remedy="Close it.")
    (one,) = of_review(
        outline(placed, finding("note", file="a", line=1), finding("low", file="../x", line=1)), None
    ).annotations
    assert (one.path, one.line, one.level, one.title) == ("infra/Pulumi.prod.yaml", 3, "failure", "prod: lets all in")
    assert one.message == "why Remedy: Close it."
    assert len(of_review(many(MOST + 50), None).annotations) == MOST


def test_it_is_made_once_and_the_same_again_changes_nothing(repository: Repository) -> None:
    run = of_review(many(3), "high")
    assert (
        check(github(repository), HEAD, run) == check(github(repository), HEAD, run) == "https://example.com/checks/1"
    )
    (made,) = repository.checks
    assert (made["name"], made["status"], made["conclusion"]) == ("modelinfra: shop/prod", "completed", "failure")
    assert made["output"]["title"] == "lets all in"
    assert len(made["annotations"]) == 3
    assert [method for method, _ in repository.asked] == ["GET", "POST", "GET"]


def test_another_review_of_the_same_commit_is_written_in_its_place(repository: Repository) -> None:
    for count in (1, 2):
        check(github(repository), HEAD, of_review(written(count), "high"))
    assert [each["output"]["title"] for each in repository.checks] == ["2"]


def test_annotations_that_do_not_hold_any_more_are_not_kept(repository: Repository) -> None:
    """GitHub adds annotations and takes none away: a new check run hides the old one."""
    check(github(repository), HEAD, of_review(many(3), "high"))
    check(github(repository), HEAD, of_review(many(2), "high"))
    assert [len(each["annotations"]) for each in repository.checks] == [3, 2]


@pytest.mark.parametrize(
    ("count", "methods"), [(50, ["POST"]), (51, ["POST", "PATCH"]), (170, ["POST", *["PATCH"] * 3])]
)
def test_more_annotations_than_one_request_takes_come_in_several(
    repository: Repository, count: int, methods: list[str]
) -> None:
    check(github(repository), HEAD, of_review(many(count), "high"))
    (made,) = repository.checks
    assert [each["start_line"] for each in made["annotations"]] == list(range(1, count + 1))
    assert (made["status"], made["conclusion"]) == ("completed", "failure")
    assert [method for method, _ in repository.asked] == ["GET", *methods]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_answers_that_were_lost_double_nothing(repository: Repository, lost: int) -> None:
    repository.lost = lost
    check(github(repository), HEAD, of_review(many(170), "high"))
    (made,) = repository.checks
    assert [each["start_line"] for each in made["annotations"]] == list(range(1, 171))
    assert made["status"] == "completed"


def test_one_that_holds_all_and_was_not_ended_is_ended(repository: Repository) -> None:
    run = of_review(many(60), "high")
    check(github(repository), HEAD, run)
    repository.checks[0].update(status="in_progress", conclusion=None)
    check(github(repository), HEAD, run)
    (made,) = repository.checks
    assert (made["status"], made["conclusion"], len(made["annotations"])) == ("completed", "failure", 60)


def test_a_job_of_the_same_name_and_another_app_are_left_alone(repository: Repository) -> None:
    name = "modelinfra: shop/prod"
    repository.add_check(name, "d3adb33f")
    repository.add_check(name, "modelinfra:x", app="mallory")
    check(github(repository), HEAD, of_review(written(1), "high"))
    assert [each["status"] for each in repository.checks] == ["queued", "queued", "completed"]


def test_it_is_found_beyond_the_first_page(repository: Repository) -> None:
    check(github(repository), HEAD, of_review(written(1), "high"))
    for _ in range(150):
        repository.add_check("modelinfra: shop/prod", "job")
    check(github(repository), HEAD, of_review(written(2), "high"))
    assert len(repository.checks) == 151
    assert repository.checks[0]["output"]["title"] == "2"


def test_each_stack_has_its_own(repository: Repository) -> None:
    for stack in ("dev", "prod"):
        check(github(repository), HEAD, of_review(outline(stack=stack), "high"))
    assert [each["name"] for each in repository.checks] == ["modelinfra: shop/dev", "modelinfra: shop/prod"]


def test_a_token_that_may_not_and_a_commit_that_is_not_there_are_told_in_one_line(repository: Repository) -> None:
    run = CheckRun("modelinfra: shop/prod", "success", "t", "s")
    with pytest.raises(GitHubError, match=r"^GET commits/f{40}/check-runs: 422 No commit found for SHA: f{40}$"):
        check(github(repository), "f" * 40, run)
    repository.permissions = {"issues"}
    with pytest.raises(GitHubError) as caught:
        check(github(repository), HEAD, run)
    assert str(caught.value) == (
        "POST check-runs: 403 Resource not accessible by integration. The job's `permissions` must hold checks=write"
    )

"""`modelinfra comment`: from data that anybody may have written to a comment, a summary or a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from modelinfra.cli.main import app
from tests.review.fake_github import HEAD, Repository, serving

REVIEW: dict[str, Any] = {
    "version": 2, "kind": "change", "project": "shop", "stack": "dev", "source": "capture", "verdict": "changes nothing",
}  # fmt: skip
TOKEN = "ghs_" + "b" * 36


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    with serving() as running:
        monkeypatch.setenv("GITHUB_API_URL", running.address)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
        yield running


def review(folder: Path, **changed: Any) -> Path:
    file = folder / "review.json"
    file.write_text(json.dumps(REVIEW | changed))
    return file


def comment(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["comment", *map(str, arguments)])


def test_a_review_becomes_one_comment_that_is_updated(repository: Repository, tmp_path: Path) -> None:
    for verdict in ("changes nothing", "replaces the load balancer"):
        result = comment("--from-json", review(tmp_path, verdict=verdict), "--pull-request", 7)
        assert result.exit_code == 0, result.output
        assert TOKEN not in result.output
    (made,) = repository.comments
    assert made["body"].startswith("<!-- modelinfra-comment:shop/dev -->\n")
    assert "replaces the load balancer" in made["body"]


def test_a_pull_request_that_has_moved_on_is_left_alone(repository: Repository, tmp_path: Path) -> None:
    repository.pulls = [{"number": 7, "head": {"sha": "feedbee"}}]
    result = comment("--from-json", review(tmp_path), "--head", "mallory:main", "--head-sha", "0ddba11")
    assert result.exit_code == 0
    assert "nothing is posted" in result.stdout
    assert repository.comments == []
    comment("--from-json", review(tmp_path), "--head", "mallory:main", "--head-sha", "feedbee")
    assert len(repository.comments) == 1


def test_without_a_token_it_goes_to_a_file_or_the_jobs_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = comment("--from-json", review(tmp_path), "--output", tmp_path / "c.md", "--summary")
    assert result.exit_code == 0, result.output
    assert summary.read_text() == "before\n" + (tmp_path / "c.md").read_text()
    refused = comment("--from-json", review(tmp_path), "--pull-request", 7, "--repository", "acme/shop")
    assert refused.exit_code == 2
    assert "GITHUB_TOKEN" in refused.stderr


def test_what_a_stranger_wrote_is_shown_and_does_nothing(tmp_path: Path) -> None:
    result = comment(
        "--from-json", review(tmp_path, verdict="<script>x</script> @everyone"), "--output", tmp_path / "c.md"
    )
    assert result.exit_code == 0, result.output
    text = (tmp_path / "c.md").read_text()
    assert "<script" not in text
    assert "@everyone" not in text


@pytest.mark.parametrize("changed", [{"version": 1}, {"body": "x"}, {"verdict": 5}, {"findings": [{"title": "x"}]}])
def test_what_is_no_review_is_refused_in_one_line(tmp_path: Path, changed: dict[str, Any]) -> None:
    result = comment("--from-json", review(tmp_path, **changed), "--output", tmp_path / "c.md")
    assert result.exit_code == 2
    assert "is no review" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "c.md").exists()


def test_neither_links_nor_giants_nor_folders_are_read(tmp_path: Path) -> None:
    review(tmp_path)
    (tmp_path / "link.json").symlink_to(tmp_path / "review.json")
    with (tmp_path / "giant.json").open("wb") as file:
        file.truncate(50_000_000)
    for name in ("link.json", "giant.json", "."):
        result = comment("--from-json", tmp_path / name, "--output", tmp_path / "c.md")
        assert result.exit_code == 2, name


def test_wrong_arguments_are_exit_status_2(tmp_path: Path) -> None:
    assert "Say where it goes" in comment("--from-json", review(tmp_path)).stderr
    assert "belong together" in comment("--from-json", review(tmp_path), "--head", "a:b").stderr


def finding(kind: str, severity: str) -> dict[str, Any]:
    return {"severity": severity, "kind": kind, "urn": "urn:x", "title": "t"}


def test_a_review_that_failed_replaces_the_old_one_and_says_why(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    comment("--from-json", review(tmp_path), "--pull-request", 7)
    log = tmp_path / "failed.log"
    log.write_text(
        "\x1b[31m::error::no @everyone ``` here\x1b[0m\nPASSWORD=hunter2hunter2 AKIAABCDEFGHIJKLMNOP\nModuleNotFoundError: house\n"
    )
    result = comment("--failed", f"dev={log}", "-C", tmp_path, "--pull-request", 7)
    assert result.exit_code == 0, result.output
    (made,) = repository.comments
    assert "There is no review of this change" in made["body"]
    assert "ModuleNotFoundError: house" in made["body"]
    assert "````" in made["body"]
    for hidden in ("hunter2", "AKIA", "\x1b"):
        assert hidden not in made["body"]


def test_a_log_without_end_is_cut_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    log = tmp_path / "failed.log"
    log.write_text("".join(f"line {index} {'x' * 300}\n" for index in range(10_000)) + "the reason\n")
    comment("--failed", f"dev={log}", "-C", tmp_path, "--output", tmp_path / "c.md")
    text = (tmp_path / "c.md").read_text()
    assert "the reason" in text
    assert len(text) < 5_000


@pytest.mark.parametrize("given", ["dev", "a b=x", "=x", "dev=missing.log", f"{'d' * 101}=x"])
def test_what_names_no_log_is_refused_in_one_line(given: str, tmp_path: Path) -> None:
    result = comment("--failed", given, "--output", tmp_path / "c.md")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_labels_say_what_is_grave_and_leave_others_alone(repository: Repository, tmp_path: Path) -> None:
    repository.labels = ["bug", "infra: no change", "infra: something else"]
    found = [finding("exposure", "high"), finding("data loss", "note"), finding("permissions", "medium")]
    dearer = {"before": {"min": "1", "max": "2"}, "after": {"min": "1", "max": "3"}}
    result = comment("--from-json", review(tmp_path, findings=found, cost=dearer), "--pull-request", 7, "--labels")
    assert result.exit_code == 0, result.output
    # The review changes no resource, but what is found is told all the same.
    assert set(repository.labels) == {
        "bug", "infra: something else", "infra: opens access", "infra: more rights", "infra: costs more", "infra: no change"
    }  # fmt: skip
    asked = len(repository.asked)
    comment("--from-json", review(tmp_path, findings=found, cost=dearer), "--pull-request", 7, "--labels")
    assert [method for method, path in repository.asked[asked:] if "labels" in path] == ["GET"]


def test_a_failed_review_is_never_labelled_no_change(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "log").write_text("x")
    result = comment(
        "--from-json",
        review(tmp_path),
        "--failed",
        f"prod={tmp_path / 'log'}",
        "-C",
        tmp_path,
        "--pull-request",
        7,
        "--labels",
    )
    assert result.exit_code == 0, result.output
    assert repository.labels == ["infra: no review"]


def test_labels_need_a_pull_request(tmp_path: Path) -> None:
    assert comment("--from-json", review(tmp_path), "--labels", "--output", tmp_path / "c.md").exit_code == 2


def test_several_stacks_get_an_overview_and_many_nothing_else(repository: Repository, tmp_path: Path) -> None:
    files = []
    for index in range(25):
        files.append(tmp_path / f"{index}.json")
        files[-1].write_text(json.dumps(REVIEW | {"stack": f"s{index}"}))
    few = [word for file in files[:2] for word in ("--from-json", file)]
    assert comment(*few, "--pull-request", 7).exit_code == 0
    assert [each["body"].splitlines()[0] for each in repository.comments] == [
        "<!-- modelinfra-comment:/ -->", "<!-- modelinfra-comment:shop/s0 -->", "<!-- modelinfra-comment:shop/s1 -->"
    ]  # fmt: skip
    every = [word for file in files for word in ("--from-json", file)]
    assert comment(*every, "--pull-request", 7).exit_code == 0
    assert len(repository.comments) == 3
    assert "25 stacks" in repository.comments[0]["body"]


def test_the_commit_that_was_reviewed_is_told_and_is_one(repository: Repository, tmp_path: Path) -> None:
    repository.pulls = [{"number": 7, "head": {"sha": "feedbee"}}]
    comment("--from-json", review(tmp_path), "--head", "acme:main", "--head-sha", "feedbee")
    assert "at commit feedbee" in repository.comments[0]["body"]
    refused = comment("--from-json", review(tmp_path), "--head", "acme:main", "--head-sha", "$(rm)")
    assert refused.exit_code == 2


def test_a_key_of_a_stranger_is_no_command_of_the_runner(tmp_path: Path) -> None:
    result = comment(
        "--from-json", review(tmp_path, **{"x\n::add-mask::a ##[error]": 1}), "--output", tmp_path / "c.md"
    )
    assert result.exit_code == 2
    assert "::" not in result.stderr
    assert "##[" not in result.stderr


def at_head(repository: Repository) -> tuple[Any, ...]:
    repository.pulls = [{"number": 7, "state": "open", "head": {"sha": HEAD}}]
    return ("--pull-request", 7, "--head-sha", HEAD)


def test_a_check_run_says_by_its_conclusion_whether_the_change_passes(repository: Repository, tmp_path: Path) -> None:
    where = at_head(repository)
    found = {**finding("exposure", "medium"), "file": "infra/Pulumi.dev.yaml", "line": 3}
    file = review(tmp_path, verdict="lets all in", findings=[found])
    result = comment("--from-json", file, *where, "--check-run", "--fail-on", "medium")
    assert result.exit_code == 1, result.output
    assert result.stdout.split() == ["https://example.com/1", "https://example.com/checks/1"]
    (made,) = repository.checks
    assert (made["name"], made["conclusion"], made["output"]["title"]) == (
        "modelinfra: shop/dev",
        "failure",
        "lets all in",
    )
    assert [(each["path"], each["start_line"]) for each in made["annotations"]] == [("infra/Pulumi.dev.yaml", 3)]
    assert f"at commit {HEAD}" in made["output"]["summary"]
    assert comment("--from-json", file, *where, "--check-run", "--fail-on", "high").exit_code == 0
    assert [each["conclusion"] for each in repository.checks] == ["failure", "neutral"]


def test_a_review_that_failed_is_a_check_that_fails(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "log").write_text("PASSWORD=hunter2hunter2\nModuleNotFoundError: house\n")
    given = ("--failed", f"dev={tmp_path / 'log'}", "-C", tmp_path, *at_head(repository), "--check-run")
    assert comment(*given).exit_code == 0
    (made,) = repository.checks
    assert (made["name"], made["conclusion"]) == ("modelinfra: shop/dev", "failure")
    assert "ModuleNotFoundError: house" in made["output"]["summary"]
    assert "hunter2" not in made["output"]["summary"]
    assert comment(*given, "--fail-on", "high").exit_code == 1


def test_findings_are_exit_status_1_only_where_that_is_asked(tmp_path: Path) -> None:
    given = ("--from-json", review(tmp_path, findings=[finding("exposure", "low")]), "--output", tmp_path / "c.md")
    asked = [(), ("--fail-on", "medium"), ("--fail-on", "low"), ("--fail-on", "note")]
    assert [comment(*given, *each).exit_code for each in asked] == [0, 0, 1, 1]
    assert (tmp_path / "c.md").exists()


def test_what_cannot_be_posted_is_exit_status_1_and_the_comment_is_there(
    repository: Repository, tmp_path: Path
) -> None:
    repository.permissions.remove("checks")
    result = comment("--from-json", review(tmp_path), *at_head(repository), "--check-run")
    assert result.exit_code == 1
    assert "checks=write" in result.stderr
    assert len(repository.comments) == 1


@pytest.mark.parametrize("state", [{"state": "closed"}, {"head": {"sha": "1" * 40}}])
def test_a_pull_request_by_number_that_has_moved_on_is_left_alone(
    repository: Repository, tmp_path: Path, state: dict[str, Any]
) -> None:
    where = at_head(repository)
    repository.pulls[0].update(state)
    result = comment("--from-json", review(tmp_path), *where, "--check-run")
    assert result.exit_code == 0
    assert "nothing is posted" in result.stdout
    assert not repository.comments
    assert not repository.checks


@pytest.mark.parametrize(
    "given",
    [
        ("--pull-request", 7, "--check-run"),
        ("--pull-request", 7, "--check-run", "--head-sha", "0ddba11"),
        ("--output", "x", "--check-run", "--head-sha", HEAD),
        ("--pull-request", 7, "--head", "a:b", "--head-sha", HEAD),
    ],
)
def test_a_check_run_needs_a_pull_request_and_a_whole_commit(tmp_path: Path, given: tuple[Any, ...]) -> None:
    result = comment("--from-json", review(tmp_path), *given)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_two_reviews_of_one_stack_are_refused_before_anything_is_posted(repository: Repository, tmp_path: Path) -> None:
    """The last would stand in the place of the first, and hide it."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(REVIEW))
    result = comment("--from-json", tmp_path / "a.json", "--from-json", tmp_path / "b.json", "--pull-request", 7)
    assert result.exit_code == 2
    assert "2 reviews of the stack dev" in result.stderr
    assert repository.asked == []


def test_more_check_runs_than_anybody_reads_are_refused(tmp_path: Path) -> None:
    file = review(tmp_path)
    every = [word for _ in range(101) for word in ("--from-json", file)]
    result = comment(*every, "--pull-request", 7, "--check-run", "--head-sha", HEAD)
    assert result.exit_code == 2
    assert "at most 100" in result.stderr

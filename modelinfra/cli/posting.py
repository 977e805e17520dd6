"""Puts reviews on a pull request: comments, labels, check runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelinfra.cli.common import FAILED, WRONG_INPUT, console, fail

if TYPE_CHECKING:
    from modelinfra.cli.output import Limit
    from modelinfra.review.check_run import CheckRun
    from modelinfra.review.github.client import GitHub
    from modelinfra.review.render.outline import Outline


@dataclass(frozen=True)
class Review:
    """A review as it may be posted. text: of its comment. outline: None where it could not be made."""

    project: str
    stack: str
    text: str
    outline: Outline | None = None


@dataclass(frozen=True)
class Target:
    """The pull request, by its number or by its branch; commit: where it must stand, None for wherever it stands."""

    repository: str | None
    author: str
    number: int | None
    head: str | None
    commit: str | None


def post(
    reviews: list[Review],
    comments: list[tuple[str, str]],
    target: Target,
    *,
    labelled: bool,
    checked: bool,
    limit: Limit | None,
) -> None:
    """Write everything, comments first. Exits with 1 where GitHub does not take it; a pull request that has moved on is left alone."""
    from modelinfra.review.github.checks import check
    from modelinfra.review.github.client import GitHubError
    from modelinfra.review.github.comments import comment
    from modelinfra.review.github.labels import label
    from modelinfra.review.labels import OURS, labels

    try:
        github = _github(target)
        number = _number(github, target)
        if number is None:
            where = target.head or f"number {target.number}"
            console().print(
                f"No open pull request of {where} stands at {target.commit}: nothing is posted.", markup=False
            )
            return
        for mark, text in comments:
            console().print(comment(github, number, mark, text), markup=False)
        if labelled:
            outlines = [each.outline for each in reviews if each.outline is not None]
            label(github, number, labels(outlines, failed=len(outlines) < len(reviews)), OURS)
        for each in reviews if checked else ():
            console().print(
                check(github, str(target.commit), _check_run(each, limit, str(target.commit))), markup=False
            )
    except GitHubError as error:
        fail(str(error), FAILED)


def _check_run(review: Review, limit: Limit | None, commit: str) -> CheckRun:
    from modelinfra.review.check_run import of_failure, of_review

    if review.outline is None:
        return of_failure(review.project, review.stack, review.text)
    return of_review(review.outline, limit, commit)


def _number(github: GitHub, target: Target) -> int | None:
    from modelinfra.review.github.pulls import pull_request_of, stands_at

    if target.number is None:
        return pull_request_of(github, str(target.head), str(target.commit))
    if target.commit is not None and not stands_at(github, target.number, target.commit):
        return None
    return target.number


def _github(target: Target) -> GitHub:
    from modelinfra.review.github.client import GitHub

    if target.repository is None:
        fail("Name the repository: --repository OWNER/NAME, or GITHUB_REPOSITORY.", WRONG_INPUT)
    if not os.environ.get("GITHUB_TOKEN"):
        fail("Posting needs a token in GITHUB_TOKEN.", WRONG_INPUT)
    api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    return GitHub(target.repository, os.environ["GITHUB_TOKEN"], api, target.author)

"""`modelinfra comment`: a review as one sticky comment on a pull request, as a job summary or as a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from modelinfra.cli.common import FAILED, WRONG_INPUT, console, fail
from modelinfra.cli.output import Output

if TYPE_CHECKING:
    from modelinfra.review.github import GitHub


class Review(NamedTuple):
    """A review as it may be posted."""

    project: str
    stack: str
    text: str


_MOST_REVIEWS = 20

Reviews = Annotated[
    list[Path],
    typer.Option(
        "--from-json",
        help="Review that `modelinfra diff --format json` wrote; may be given several times. Whoever wrote it: it is validated.",
        show_default=False,
    ),
]
Repository = Annotated[
    str | None, typer.Option("--repository", envvar="GITHUB_REPOSITORY", help="OWNER/NAME.", show_default=False)
]
PullRequest = Annotated[int | None, typer.Option("--pull-request", min=1, help="Its number.", show_default=False)]
Head = Annotated[
    str | None,
    typer.Option(
        "--head", help="OWNER:BRANCH of the pull request, with --head-sha instead of a number.", show_default=False
    ),
]
HeadSha = Annotated[
    str | None,
    typer.Option(
        "--head-sha",
        help="Commit that was reviewed: a pull request that has moved on is left alone.",
        show_default=False,
    ),
]
Summary = Annotated[bool, typer.Option("--summary", help="Append it to the file that GITHUB_STEP_SUMMARY names.")]
Author = Annotated[str, typer.Option("--author", help="Login under which the token comments.")]


def comment(
    reviews: Reviews,
    repository: Repository = None,
    pull_request: PullRequest = None,
    head: Head = None,
    head_sha: HeadSha = None,
    output: Output = None,
    summary: Summary = False,
    author: Author = "github-actions[bot]",
) -> None:
    """Post or update one comment for each stack. The token is read from GITHUB_TOKEN, and from nowhere else.

    Example: modelinfra comment --from-json review.json --pull-request 12
    """
    if (head is None) != (head_sha is None):
        fail("--head and --head-sha belong together.", WRONG_INPUT)
    posting = pull_request is not None or head is not None
    if not (posting or output is not None or summary):
        fail("Say where it goes: --pull-request, --head with --head-sha, --output or --summary.", WRONG_INPUT)
    if len(reviews) > _MOST_REVIEWS:
        fail(
            f"{len(reviews)} reviews are more comments than a pull request can bear; {_MOST_REVIEWS} are taken.",
            WRONG_INPUT,
        )
    ready = [_read(file) for file in reviews]
    everything = "\n\n".join(each.text for each in ready)
    if output is not None:
        _write(output, everything, append=False)
    if summary:
        file = os.environ.get("GITHUB_STEP_SUMMARY")
        if not file:
            fail("--summary needs GITHUB_STEP_SUMMARY, which GitHub sets in a job.", WRONG_INPUT)
        _write(Path(file), everything, append=True)
    if posting:
        _post(ready, repository, pull_request, head, head_sha, author)


def _read(file: Path) -> Review:
    """The review of a file that a stranger may have written: bounded, validated, and written anew from data."""
    from modelinfra.review.render import json as reading
    from modelinfra.review.render import render_outline

    if file.is_symlink() or not file.is_file():
        fail(f"{file} is no file.", WRONG_INPUT)
    if file.stat().st_size > reading.LARGEST:
        fail(f"{file} is no review: more than {reading.LARGEST:,} bytes", WRONG_INPUT)
    try:
        outline = reading.read(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        fail(f"{file} is no review: not UTF-8 text", WRONG_INPUT)
    except reading.NotAnOutline as error:
        fail(f"{file} is no review: {error}", WRONG_INPUT)
    text = render_outline(outline, "markdown")
    return Review(outline.project, outline.stack, text)


def _write(file: Path, text: str, *, append: bool) -> None:
    try:
        with file.open("a" if append else "w", encoding="utf-8") as out:
            out.write(text if text.endswith("\n") else f"{text}\n")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}", WRONG_INPUT)


def _post(
    reviews: list[Review],
    repository: str | None,
    pull_request: int | None,
    head: str | None,
    head_sha: str | None,
    author: str,
) -> None:
    from modelinfra.review.github import GitHubError, marker

    try:
        github = _github(repository, author)
        number = pull_request
        if number is None:
            number = github.pull_request(str(head), str(head_sha))
        if number is None:
            console().print(f"No open pull request of {head} stands at {head_sha}: nothing is posted.", markup=False)
            return
        for each in reviews:
            address = github.comment(number, marker(each.project, each.stack), each.text)
            console().print(address, markup=False)
    except GitHubError as error:
        fail(str(error), FAILED)


def _github(repository: str | None, author: str) -> GitHub:
    from modelinfra.review.github import GitHub

    if repository is None:
        fail("Name the repository: --repository OWNER/NAME, or GITHUB_REPOSITORY.", WRONG_INPUT)
    if not os.environ.get("GITHUB_TOKEN"):
        fail("Posting needs a token in GITHUB_TOKEN.", WRONG_INPUT)
    api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    return GitHub(repository, os.environ["GITHUB_TOKEN"], api, author)

"""`modelinfra comment`: a review as one sticky comment on a pull request, as a job summary or as a file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from modelinfra.cli.common import FAILED, WRONG_INPUT, Project, fail, project_directory, project_name
from modelinfra.cli.output import FailOn, Limit, Output
from modelinfra.cli.posting import Review, Target, post

_MOST_COMMENTS, _MOST_CHECK_RUNS, _END_OF_LOG = 20, 100, 100_000

Reviews = Annotated[
    list[Path] | None,
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
        help="Commit that was reviewed: a pull request that has moved on is left alone. --check-run needs all of its digits.",
        show_default=False,
    ),
]
Summary = Annotated[bool, typer.Option("--summary", help="Append it to the file that GITHUB_STEP_SUMMARY names.")]
Failed = Annotated[
    list[str] | None,
    typer.Option(
        "--failed",
        help="STACK=LOGFILE: its review could not be made, and the comment says so with the end of the log; may be given several times.",
        show_default=False,
    ),
]
Labels = Annotated[bool, typer.Option("--labels", help="Put labels on the pull request, such as `infra: replaces`.")]
Annotate = Annotated[
    bool,
    typer.Option("--annotations", help="Print the findings as workflow commands: GitHub shows them at their lines."),
]
CheckRuns = Annotated[
    bool,
    typer.Option(
        "--check-run",
        help="Make or update one check run for each stack at --head-sha. It fails on what --fail-on says, and without a review.",
    ),
]
Author = Annotated[str, typer.Option("--author", help="Login under which the token comments.")]


def comment(
    reviews: Reviews = None,
    failed: Failed = None,
    project: Project = None,
    repository: Repository = None,
    pull_request: PullRequest = None,
    head: Head = None,
    head_sha: HeadSha = None,
    output: Output = None,
    summary: Summary = False,
    labels: Labels = False,
    check_run: CheckRuns = False,
    annotate: Annotate = False,
    fail_on: FailOn = None,
    author: Author = "github-actions[bot]",
) -> None:
    """Post or update one comment for each stack, also for one whose review failed, and an overview of several. The token is read from GITHUB_TOKEN, and from nowhere else.

    With --fail-on, exits with 1 on such a finding or a review that failed, after everything was posted.

    Example: modelinfra comment --from-json review.json --pull-request 12
    """
    if head is not None and (head_sha is None or pull_request is not None):
        fail("--head and --head-sha belong together, in the place of --pull-request.", WRONG_INPUT)
    posting = pull_request is not None or head is not None
    if not (posting or output is not None or summary or annotate):
        targets = "--pull-request, --head with --head-sha, --output, --summary or --annotations"
        fail(f"Say where it goes: {targets}.", WRONG_INPUT)
    count = len(reviews or ()) + len(failed or ())
    if not count:
        fail("There is no review: --from-json FILE, or --failed STACK=LOGFILE.", WRONG_INPUT)
    if head_sha is not None and not re.fullmatch(r"[0-9a-fA-F]{7,64}", head_sha):
        fail("--head-sha is no commit: 7 to 64 hexadecimal digits.", WRONG_INPUT)
    if (labels or check_run) and not posting:
        fail("--labels and --check-run need a pull request: --pull-request, or --head with --head-sha.", WRONG_INPUT)
    if check_run and not re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", head_sha or ""):
        fail(
            "--check-run needs the commit that was reviewed: --head-sha with all of its digits, 40 or 64.", WRONG_INPUT
        )
    if check_run and count > _MOST_CHECK_RUNS:
        fail(f"--check-run takes at most {_MOST_CHECK_RUNS} reviews, these are {count}.", WRONG_INPUT)
    ready = [_read(file, head_sha or "") for file in reviews or ()] + [_failure(each, project) for each in failed or ()]
    _refuse_twins(ready)
    comments = _comments(ready, head_sha or "")
    everything = "\n\n".join(text for _, text in comments)
    if output is not None:
        _write(output, everything, append=False)
    if summary:
        file = os.environ.get("GITHUB_STEP_SUMMARY")
        if not file:
            fail("--summary needs GITHUB_STEP_SUMMARY, which GitHub sets in a job.", WRONG_INPUT)
        _write(Path(file), everything, append=True)
    if annotate:
        from modelinfra.review.annotations import commands

        for each in ready:
            for command in commands(each.outline) if each.outline is not None else ():
                typer.echo(command)
    if posting:
        target = Target(repository, author, pull_request, head, head_sha)
        post(ready, comments, target, labelled=labels, checked=check_run, limit=fail_on)
    if fail_on is not None and any(_fails(each, fail_on) for each in ready):
        raise typer.Exit(FAILED)


def _refuse_twins(reviews: list[Review]) -> None:
    """Of two reviews of one stack the last would hide the first, whoever wrote them."""
    from modelinfra.review.github.comments import marker
    from modelinfra.review.render.lines import harmless

    marks = [marker(each.project, each.stack) for each in reviews]
    for each, mark in zip(reviews, marks, strict=True):
        if marks.count(mark) > 1:
            fail(f"There are {marks.count(mark)} reviews of the stack {harmless(each.stack)}. Give one.", WRONG_INPUT)


def _fails(review: Review, limit: Limit) -> bool:
    from modelinfra.review.finding import is_as_bad

    return review.outline is None or any(is_as_bad(each.severity, limit) for each in review.outline.findings)


def _comments(reviews: list[Review], commit: str) -> list[tuple[str, str]]:
    """Marker and text of each comment: an overview of several stacks first; of more than 20 nothing but that."""
    from modelinfra.review.github.comments import marker
    from modelinfra.review.render.overview import entry, failed, overview

    single = [(marker(each.project, each.stack), each.text) for each in reviews]
    if len(reviews) < 2:
        return single
    rows = [entry(each.outline) if each.outline is not None else failed(each.project, each.stack) for each in reviews]
    # A stack is never called so: its marker has a stack behind the slash.
    together = (marker("", ""), overview(rows, commit))
    return [together, *(single if len(reviews) <= _MOST_COMMENTS else [])]


def _read(file: Path, commit: str) -> Review:
    """The review of a file that a stranger may have written: bounded, validated, and written anew from data."""
    from modelinfra.review.render import json as reading
    from modelinfra.review.render import markdown
    from modelinfra.review.render.lines import harmless

    if file.is_symlink() or not file.is_file():
        fail(f"{file} is no file.", WRONG_INPUT)
    try:
        outline = reading.read_file(file)
    except reading.NotAnOutline as error:
        fail(f"{file} is no review: {harmless(str(error))}", WRONG_INPUT)
    text = markdown.write(outline, commit)
    return Review(outline.project, outline.stack, text, outline)


def _failure(given: str, project: Path | None) -> Review:
    """What is posted of a stack without a review. Both the name and the log may be a stranger's."""
    from modelinfra.review.render.failure import write

    stack, _, name = given.partition("=")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", stack) or not name:
        fail("--failed takes STACK=LOGFILE, the stack in letters, digits, dots, dashes and underscores.", WRONG_INPUT)
    file = Path(name)
    if file.is_symlink() or not file.is_file():
        fail(f"{file} is no file.", WRONG_INPUT)
    with file.open("rb") as log:
        log.seek(max(file.stat().st_size - _END_OF_LOG, 0))
        text = log.read().decode(errors="replace")
    return Review(str(project_name(project_directory(project))), stack, write(stack, text))


def _write(file: Path, text: str, *, append: bool) -> None:
    try:
        with file.open("a" if append else "w", encoding="utf-8") as out:
            out.write(text if text.endswith("\n") else f"{text}\n")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}", WRONG_INPUT)

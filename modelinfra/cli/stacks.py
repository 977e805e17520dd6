"""`modelinfra stacks`: the stacks of a project, or those that a change can concern."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from modelinfra.cli.common import WRONG_INPUT, Project, config_directory, fail, project_directory

# https://www.pulumi.com/docs/iac/concepts/stacks/: what a stack's name may hold.
# One that begins with a dash would be an option of whatever command is given it, and one that begins with a dot a hidden file.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")

Base = Annotated[
    str | None,
    typer.Option(
        "--base", help="Only those that files touched since this git revision can concern.", show_default=False
    ),
]


def stacks(
    project: Project = None,
    base: Base = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON and nothing else.")] = False,
) -> None:
    """List the stacks that have a file. With --base: those whose own file was touched, and all when anything else was that counts.

    Beside stack files everything in the repository counts but what lies in `docs` and `tests` and is not named by the project's files.

    Example: modelinfra stacks --base origin/main --json
    """
    from modelinfra.review.concerned import ProjectFiles, stacks_in
    from modelinfra.review.revision import RevisionError

    directory = project_directory(project)
    config = config_directory(directory)
    try:
        found = stacks_in(config) if base is None else ProjectFiles(directory, config).since(base)
    except RevisionError as error:
        fail(f"{error}.", WRONG_INPUT)
    for each in found:
        if not _NAME.fullmatch(each):
            fail(f"{str(config)!r} holds a stack file whose name is no stack's: {each!r} is not made of letters, digits, `-`, `_` and `.`, or begins with `-` or `.`.", WRONG_INPUT)  # fmt: skip
    if as_json:
        # One line: a job hands it on as its output.
        typer.echo(json.dumps(found))
    else:
        for each in found:
            typer.echo(each)

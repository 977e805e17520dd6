"""`modelinfra diff`: what a change to a stack does, for whoever reviews it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from modelinfra.cli.common import (
    FAILED,
    WRONG_INPUT,
    Project,
    bare_stack,
    fail,
    project_directory,
    project_name,
    stack_file,
)
from modelinfra.cli.cost_lines import Prices, price_table
from modelinfra.cli.output import FailOn, Format, FormatName, Output, rendered, report_of, write_output
from modelinfra.cli.stack_config import structured

if TYPE_CHECKING:
    from modelinfra.review.changes import Changes
    from modelinfra.review.context import Context
    from modelinfra.review.places import Places
    from modelinfra.review.usage import Usage


class Compared(NamedTuple):
    """What `diff` looks at. region, usage, places: what the stack file states, None where there is no project."""

    changes: Changes
    context: Context
    region: str | None
    usage: Usage | None
    places: Places | None = None


MaybeStack = Annotated[str | None, typer.Argument(help="Name of the stack; with --preview it is the preview's.")]
Base = Annotated[
    str | None, typer.Option("--base", help="Git revision to compare the working tree with.", show_default=False)
]
BasePython = Annotated[
    Path | None,
    typer.Option(
        "--base-python", help="Interpreter for the base. Default: chosen by its lock file.", show_default=False
    ),
]
Preview = Annotated[
    Path | None,
    typer.Option("--preview", help="Output of `pulumi preview --json --show-sames` to explain.", show_default=False),
]
Export = Annotated[
    Path | None,
    typer.Option(
        "--stack-export", help="Output of `pulumi stack export`: what the preview leaves out.", show_default=False
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="What this change claims to change: a glob over names, URNs or components; may be given several times. All else is a high finding.",
        show_default=False,
    ),
]
Dependents = Annotated[
    list[Path] | None,
    typer.Option(
        "--dependent",
        help="Output of `pulumi stack export` of another stack, to see whether it reads this one; may be given several times.",
        show_default=False,
    ),
]
History = Annotated[
    list[Path] | None,
    typer.Option(
        "--history",
        help="Earlier reviews as `--format json` wrote them, files or folders of them: what is usual. May be given several times.",
        show_default=False,
    ),
]


def diff(
    stack: MaybeStack = None,
    base: Base = None,
    preview: Preview = None,
    export: Export = None,
    project: Project = None,
    base_python: BasePython = None,
    only: Only = None,
    dependents: Dependents = None,
    history: History = None,
    prices: Prices = None,
    format: Format = FormatName.tree,  # noqa: A002 - the word of the option
    output: Output = None,
    fail_on: FailOn = None,
) -> None:
    """Explain what a change does: offline against a git revision, or from the engine's own preview.

    Exits with 0, with 1 on a finding at or above --fail-on, with 2 on wrong input.

    Example: modelinfra diff prod --base main

    Example: pulumi preview --json --show-sames > preview.json; modelinfra diff --preview preview.json
    """
    from modelinfra.review.context import together
    from modelinfra.review.finding import is_as_bad

    stack = bare_stack(stack) if stack is not None else None
    table = price_table(prices)
    if (base is None) == (preview is None):
        fail("Say what to compare with: --base REVISION, or --preview FILE (and not both).", WRONG_INPUT)
    if preview is not None:
        if base_python is not None:
            fail("--base-python belongs to --base: a preview is not captured.", WRONG_INPUT)
        compared = _of_engine(preview, export, stack, project)
    else:
        if export is not None:
            fail("--stack-export belongs to --preview.", WRONG_INPUT)
        compared = _of_revision(stack, str(base), project, base_python)
    changes = compared.changes
    context = together([_around(changes, only, dependents, history), compared.context])
    found = report_of(
        changes,
        stack=stack or "",
        prices=table,
        region=compared.region,
        context=context,
        usage=compared.usage,
        places=compared.places,
    )
    write_output(rendered(found, format), output)
    if fail_on is not None and any(is_as_bad(each.severity, fail_on) for each in found.findings):
        raise typer.Exit(FAILED)


def _of_revision(stack: str | None, base: str, project: Path | None, python: Path | None) -> Compared:
    from modelinfra.review.compare_revisions import NotComparable, compare_with
    from modelinfra.review.context import Context, together
    from modelinfra.review.intent import intended

    if stack is None:
        fail("Name the stack: modelinfra diff STACK --base REVISION.", WRONG_INPUT)
    directory = project_directory(project)
    stack_file(directory, stack)
    try:
        found = compare_with(directory, stack, base, python)
    except NotComparable as error:
        fail(str(error), WRONG_INPUT)
    context = together([Context(notes=found.notes), intended(found.changes, found.touched)])
    return Compared(found.changes, context, *_stated(directory, stack))


def _around(
    changes: Changes, only: list[str] | None, dependents: list[Path] | None, history: list[Path] | None
) -> Context:
    """What is claimed of the change, what other stacks read of this one, and what is usual."""
    from modelinfra.review.context import together
    from modelinfra.review.engine_files import NotReadable, engine_graph
    from modelinfra.review.history import NotReviews, earlier_reviews, usual
    from modelinfra.review.intent import claimed
    from modelinfra.review.other_stacks import other_stacks

    try:
        others = [engine_graph(each) for each in dependents or ()]
        earlier = earlier_reviews(history or ())
    except (NotReadable, NotReviews) as error:
        fail(str(error), WRONG_INPUT)
    found = [claimed(changes, only or ()), other_stacks(changes, others)]
    if history:
        graph = changes.after if len(changes.after) else changes.before
        found.append(usual(changes, graph.project, graph.stack, earlier))
    return together(found)


def _of_engine(preview: Path, export: Path | None, stack: str | None, project: Path | None) -> Compared:
    from modelinfra.review.drift import drifted
    from modelinfra.review.engine_files import NotReadable, engine_review

    try:
        changes, outside = engine_review(preview, export)
    except NotReadable as error:
        fail(str(error), WRONG_INPUT)
    graph = changes.after if changes.after.nodes else changes.before
    # A preview of nothing but what stays as it is names neither, unless it was made with --show-sames.
    asked = stack if stack is not None else graph.stack
    if graph.nodes and asked != graph.stack:
        fail(f"{preview} is a preview of the stack {graph.stack}, not of {stack}.", WRONG_INPUT)
    directory = _project_around(project)
    if directory is None:
        return Compared(changes, drifted(changes, outside), None, None)
    ours = project_name(directory)
    if graph.nodes and ours != graph.project:
        fail(f"{preview} is a preview of the project {graph.project}, and {directory} holds {ours}.", WRONG_INPUT)
    return Compared(changes, drifted(changes, outside), *_stated(directory, asked))


def _project_around(given: Path | None) -> Path | None:
    """A preview can be explained anywhere; where there is a project, it must be the preview's."""
    here = Path.cwd()
    if given is None and not any((each / "Pulumi.yaml").is_file() for each in (here, *here.parents)):
        return None
    return project_directory(given)


def _stated(directory: Path, stack: str) -> tuple[str | None, Usage | None, Places | None]:
    """What only the stack file says: the default provider's region, which neither a capture nor a preview holds, the use,
    and where things stand in it."""
    from modelinfra.graph.project import ProjectError, load_project
    from modelinfra.review.places import places
    from modelinfra.review.usage import KEY, UsageError, read_usage

    try:
        config = structured(load_project(directory, stack).config)
    except ProjectError:
        return None, None, None
    try:
        return (
            config.get("aws:region"),
            read_usage(config.get(KEY), directory),
            places(directory, stack_file(directory, stack)),
        )
    except UsageError as error:
        fail(str(error).replace("\n", ";"), WRONG_INPUT)

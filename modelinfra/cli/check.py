"""`modelinfra check STACK`: rules over what the stack becomes, with the exceptions that its file makes."""

from __future__ import annotations

import contextlib
import enum
import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelinfra.cli.common import FAILED, WRONG_INPUT, Project, bare_stack, fail, project_directory, stack_file
from modelinfra.cli.output import Output, write_output
from modelinfra.cli.stack_config import stack_config

if TYPE_CHECKING:
    from modelinfra.graph.model import Graph
    from modelinfra.policies.exceptions import Judged
    from modelinfra.policies.rule import Finding, Rule
    from modelinfra.policies.sarif import Line


class CheckFormat(enum.StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    sarif = "sarif"


class Limit(enum.StrEnum):
    """Severities of rules, worst first, and none of them."""

    high = "high"
    medium = "medium"
    low = "low"
    never = "never"


MaybeStack = Annotated[str | None, typer.Argument(help="Name of the stack.", show_default=False)]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="Output of `pulumi preview --json --show-sames` or `pulumi stack export` to look at instead of a capture.",
        show_default=False,
    ),
]


def check(
    stack: MaybeStack = None,
    project: Project = None,
    source: From = None,
    format: Annotated[CheckFormat, typer.Option("--format", help="How to write it.")] = CheckFormat.text,  # noqa: A002
    output: Output = None,
    fail_on: Annotated[Limit, typer.Option("--fail-on", help="Exit with 1 on a finding as bad as this.")] = Limit.high,
    production: Annotated[
        bool | None,
        typer.Option(
            "--production/--no-production",
            help="Whether to ask rules of production. Default: what the stack file says.",
        ),
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and stop.")] = False,
) -> None:
    """Look for what AWS would refuse, what nobody could reach, and what is not ready for production.

    Exceptions stand in the stack file, below `modelinfra:exceptions`. Exits with 1 on a finding at or above --fail-on.

    Example: modelinfra check prod --fail-on medium
    """
    from modelinfra.policies import READINESS, RULES
    from modelinfra.policies import check as found_by
    from modelinfra.policies.exceptions import KEY, ExceptionsError, judge, read_exceptions

    asked = (*RULES, *READINESS)
    if rules:
        write_output(_listed(asked, format), output)
        return
    if stack is None:
        fail("Name the stack: modelinfra check STACK.", WRONG_INPUT)
    stack = bare_stack(stack)
    directory = project_directory(project)
    file = stack_file(directory, stack)
    config = stack_config(directory, stack)
    try:
        exceptions = read_exceptions(config.get(KEY), {rule.id for rule in asked})
    except ExceptionsError as error:
        fail(f"{file.name}: {error}", WRONG_INPUT)
    graph = graph_of(stack, project, source)
    declared = config.get("modelinfra:environment")
    if production is None:
        production = isinstance(declared, dict) and declared.get("production") is True
    stack_urn = next((node.urn for node in graph if not node.parent), "")
    region = config.get("aws:region")
    found = found_by(graph, asked, production=production, region=region if isinstance(region, str) else None)
    judged = judge(found, exceptions, date.today(), stack_urn)
    write_output(_written(judged, asked, graph, file, directory, format), output)
    limits = list(Limit)
    failing = [each for each in judged.findings if limits.index(Limit(each.severity)) <= limits.index(fail_on)]
    if failing and fail_on is not Limit.never:
        raise typer.Exit(FAILED)


def graph_of(stack: str, project: Path | None, source: Path | None) -> Graph:
    """The stack's graph: captured, or read from what the engine wrote. Exits with 2 on a user's mistake."""
    from modelinfra.cli.preview import captured
    from modelinfra.review.engine_files import NotReadable, engine_graph

    if source is None:
        # Standard output belongs to the answer, not to what the program prints.
        with contextlib.redirect_stdout(sys.stderr):
            return captured(stack, project, preview=False)
    try:
        graph = engine_graph(source)
    except NotReadable as error:
        fail(str(error), WRONG_INPUT)
    if graph.nodes and graph.stack != bare_stack(stack):
        fail(f"{source} is of the stack {graph.stack}, not of {stack}.", WRONG_INPUT)
    return graph


def _written(
    judged: Judged,
    rules: Iterable[Rule],
    graph: Graph,
    file: Path,
    directory: Path,
    format: CheckFormat,  # noqa: A002
) -> str:
    from modelinfra.policies.sarif import sarif

    if format is CheckFormat.sarif:
        return json.dumps(sarif(judged, rules, _lines_of(graph, file, directory)), indent=2)
    if format is CheckFormat.json:
        return json.dumps(_as_data(judged), indent=2)
    return "\n".join(_lines(judged))


def _lines_of(graph: Graph, file: Path, directory: Path) -> Callable[[Finding], Line]:
    """An exception stands at its own line, a resource where the stack's file or the program says it, all else at the stack's file."""
    from modelinfra.policies.exceptions import KEY
    from modelinfra.policies.sarif import Line
    from modelinfra.review.places import places

    known = places(directory, file)

    def line_of(finding: Finding) -> Line:
        index = finding.exception
        place = known.of(finding.urn, graph) if index is None else known.of_item(KEY, index)
        place = place or known.whole
        return Line(place.file, place.line)

    return line_of


def _as_data(judged: Judged) -> dict[str, Any]:
    return {
        "findings": [
            {
                "id": each.rule,
                "severity": each.severity,
                "urn": each.urn,
                "message": each.message,
                "remedy": each.remedy,
            }
            for each in _sorted(judged)
        ],
        "excepted": [
            {"id": each.rule, "urn": each.urn, "reason": waiver.reason, "expires": waiver.expires.isoformat()}
            for each, waiver in judged.excepted
        ],
    }


def _lines(judged: Judged) -> list[str]:
    lines = [
        f"{each.severity:6}  {each.rule}  {each.urn.rpartition('::')[2]}: {each.message}. {each.remedy}"
        for each in _sorted(judged)
    ]
    lines += [
        f"except  {each.rule}  {each.urn.rpartition('::')[2]}: {waiver.reason} (until {waiver.expires})"
        for each, waiver in judged.excepted
    ]
    counts = [f"{sum(each.severity == limit for each in judged.findings)} {limit}" for limit in list(Limit)[:3]]
    last = f"{', '.join(counts)}, {len(judged.excepted)} excepted."
    return [*lines, last if judged.findings or judged.excepted else "Nothing found."]


def _sorted(judged: Judged) -> list[Any]:
    limits = list(Limit)
    return sorted(judged.findings, key=lambda each: limits.index(Limit(each.severity)))


def _listed(rules: Iterable[Rule], format: CheckFormat) -> str:  # noqa: A002
    if format is CheckFormat.json:
        return json.dumps(
            [
                {
                    "id": each.id,
                    "severity": each.severity,
                    "production": each.production,
                    "fact": each.fact,
                    "source": each.source,
                    "remedy": each.remedy,
                }
                for each in rules
            ],
            indent=2,
        )
    if format is CheckFormat.sarif:
        fail("--rules is written as text or json.", WRONG_INPUT)
    return "\n".join(
        f"{each.severity:6}  {each.id}{' (production)' if each.production else ''}: {each.fact}. {each.remedy} [{each.source}]"
        for each in rules
    )

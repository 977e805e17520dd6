"""`modelinfra validate FILE`: all mistakes of stack files in one go, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelinfra.cli.common import WRONG_INPUT, AsJson, Project, console, print_json

if TYPE_CHECKING:
    from modelinfra.options.problems import Problem


def validate(
    files: Annotated[list[Path], typer.Argument(help="Stack files.", show_default=False)],
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Check stack files, with paths, reasons and remedies. Exits with 2 when something is wrong.

    Example: modelinfra validate stacks/Pulumi.dev.yaml
    """
    from modelinfra.components.environment_plan import plan_environment
    from modelinfra.options.problems import InvalidOptionsError
    from modelinfra.stackfile.read import read_environment

    found: list[dict[str, Any]] = []
    for file in files:
        try:
            plan = plan_environment(read_environment(file), "camel", _root(file, project))
        except InvalidOptionsError as error:
            found += [_as_data(file, problem) for problem in error.problems]
            if not as_json:
                shown = InvalidOptionsError(error.problems, str(file))
                console(stderr=True).print(str(shown), style="red", markup=False)
        else:
            if not as_json:
                graphs = f", {_counted(len(plan.graphs), 'graph')}" if plan.graphs else ""
                console().print(f"{file} is right: {_counted(len(plan.endpoints), 'endpoint')}{graphs}.")
    if as_json:
        print_json(found)
    if found:
        raise typer.Exit(WRONG_INPUT)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _as_data(file: Path, problem: Problem) -> dict[str, Any]:
    from modelinfra.options.problems import NOTHING

    given = {} if problem.given is NOTHING else {"given": _data(problem.given)}
    return {"file": str(file), "path": problem.path, "reason": problem.reason, "remedy": problem.remedy, **given}


def _root(file: Path, project: Path | None) -> Path:
    """Where relative paths of models start: the project of the file, or the file's own directory."""
    if project is not None:
        return project.resolve()
    folder = file.resolve().parent
    return next((each for each in (folder, *folder.parents) if (each / "Pulumi.yaml").is_file()), folder)


def _data(given: Any) -> Any:
    """What YAML can say and JSON cannot, dates and keys that are no text, as text."""
    if isinstance(given, dict):
        return {str(key): _data(value) for key, value in given.items()}
    if isinstance(given, list):
        return [_data(value) for value in given]
    return given if given is None or isinstance(given, (str, int, float)) else str(given)

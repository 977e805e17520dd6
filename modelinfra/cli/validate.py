"""`modelinfra validate FILE`: all mistakes of a stack file in one go, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from modelinfra.cli.common import WRONG_INPUT, AsJson, Project, console, print_json


def validate(
    file: Annotated[Path, typer.Argument(help="A stack file.", show_default=False)],
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Check a stack file, with paths, reasons and remedies. Exits with 2 when something is wrong.

    Example: modelinfra validate stacks/Pulumi.dev.yaml
    """
    from modelinfra.components.environment_plan import plan_environment
    from modelinfra.options.problems import NOTHING, InvalidOptionsError
    from modelinfra.stackfile.read import read_environment

    try:
        plan = plan_environment(read_environment(file), "camel", _root(file, project))
    except InvalidOptionsError as error:
        if as_json:
            print_json(
                [
                    {"path": each.path, "reason": each.reason, "remedy": each.remedy}
                    | ({} if each.given is NOTHING else {"given": _data(each.given)})
                    for each in error.problems
                ]
            )
        else:
            shown = InvalidOptionsError(error.problems, str(file))
            console(stderr=True).print(str(shown), style="red", markup=False)
        raise typer.Exit(WRONG_INPUT) from None
    if as_json:
        print_json([])
        return
    endpoints = len(plan.endpoints)
    console().print(f"{file} is right: {endpoints} endpoint{'s' if endpoints != 1 else ''}.")


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

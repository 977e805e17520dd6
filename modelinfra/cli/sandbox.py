"""`modelinfra up` and `modelinfra down`: the real engine on a stack, against a cloud that is played on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelinfra.cli.common import (
    FAILED,
    AsJson,
    Project,
    Stack,
    console,
    fail,
    print_json,
    project_directory,
    stack_file,
)

if TYPE_CHECKING:
    from modelinfra.testing.sandbox import Sandbox

FOLDER = ".sandbox"

NO_ENGINE = 3


def up(
    stack: Stack,
    project: Project = None,
    or_preview: Annotated[
        bool,
        typer.Option("--or-preview", help="Where there is no engine, say so and print the offline preview instead."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Deploy a stack with the real `pulumi up`, against a stand-in for the cloud. AWS is not asked for anything.

    Run it twice: the second time says "no changes". To deploy to AWS, run `pulumi up -s STACK`.

    Example: modelinfra up sandbox
    """
    from modelinfra.cli.preview import captured, show_graph
    from modelinfra.testing.engine import EngineMissing

    directory = project_directory(project)
    stack_file(directory, stack)
    try:
        sandbox = _sandbox(directory, stack)
    except EngineMissing as error:
        if not or_preview:
            fail(str(error), NO_ENGINE)
        console(stderr=True).print(f"NOT DEPLOYED: {error}. What follows is the offline preview.", style="bold yellow")
        show_graph(captured(stack, directory, preview=True))
        return
    with sandbox:
        result = sandbox.up(stream=not as_json)
        if as_json:
            print_json(
                {
                    "ok": result.ok,
                    "changes": result.changes,
                    "diagnostics": result.diagnostics,
                    "outputs": result.outputs,
                }
            )
        if not result.ok:
            raise typer.Exit(FAILED)
        if as_json:
            return
        out = console()
        if not result.changes:
            out.print("no changes")
        for name, value in _leaves(sandbox.outputs):
            out.print(f"{name} = {value}  [dim](of the sandbox: nothing answers there)[/dim]")


def down(stack: Stack, project: Project = None) -> None:
    """Destroy what `modelinfra up` deployed, and remove its state.

    Example: modelinfra down sandbox
    """
    directory = project_directory(project)
    home = _home(directory, stack)
    if home.exists():
        with _sandbox(directory, stack) as sandbox:
            if not sandbox.destroy(stream=True).ok:
                raise typer.Exit(FAILED)
            left = len(sandbox.cloud.things)
        if left:
            fail(f"{left} resources are left in the stand-in cloud, see {home}.", FAILED)
        shutil.rmtree(home)
    if home.parent.exists() and not any(home.parent.iterdir()):
        home.parent.rmdir()
    console().print(f"Nothing of {stack} is left.")


def exported(directory: Path, stack: str) -> dict[str, Any] | None:
    """The sandbox's state, or None where nothing is deployed."""
    from modelinfra.testing.engine import EngineMissing

    if not _home(directory, stack).exists():
        return None
    try:
        with _sandbox(directory, stack) as sandbox:
            state = sandbox.export()
    except EngineMissing:
        return None
    return state if state.get("deployment", {}).get("resources") else None


def _home(directory: Path, stack: str) -> Path:
    return directory / FOLDER / stack


def _sandbox(directory: Path, stack: str) -> Sandbox:
    from modelinfra.testing.sandbox import Sandbox

    return Sandbox(directory, home=_home(directory, stack), stack=stack)


def _leaves(outputs: Any, prefix: str = "") -> list[tuple[str, str]]:
    if isinstance(outputs, dict):
        return [leaf for key, value in outputs.items() for leaf in _leaves(value, f"{prefix}.{key}" if prefix else key)]
    return [(prefix, str(outputs))]

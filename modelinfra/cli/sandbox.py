"""`modelinfra up` and `modelinfra down`: the real engine on a stack, against a cloud that is played on this machine."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
from modelinfra.cli.cost_lines import Prices, price_table, show_cost

if TYPE_CHECKING:
    from modelinfra.testing.sandbox import Result, Sandbox

FOLDER = ".sandbox"

NO_ENGINE = 3


def up(
    stack: Stack,
    project: Project = None,
    or_preview: Annotated[
        bool,
        typer.Option("--or-preview", help="Where there is no engine, say so and print the offline preview instead."),
    ] = False,
    prices: Prices = None,
    as_json: AsJson = False,
) -> None:
    """Deploy a stack with the real `pulumi up`, against a stand-in for the cloud. AWS is not asked for anything.

    Run it twice: the second time says "no changes". To deploy to AWS, run `pulumi up -s STACK`.

    Example: modelinfra up sandbox
    """
    from modelinfra.cli.preview import captured, captured_cost, show_graph
    from modelinfra.graph.cost import estimate
    from modelinfra.testing.engine import EngineMissing, find_engine

    table = price_table(prices)
    directory = project_directory(project)
    _refuse_mistakes(directory, stack_file(directory, stack))
    try:
        find_engine()
    except EngineMissing as error:
        if not or_preview:
            fail(str(error), NO_ENGINE)
        console(stderr=True).print(f"NOT DEPLOYED: {error}. What follows is the offline preview.", style="bold yellow")
        graph = captured(stack, directory, preview=True)
        expected = captured_cost(graph, directory, table)
        show_graph(graph, expected)
        show_cost(expected)
        return
    with _sandbox(directory, stack) as sandbox:
        result = sandbox.up(stream=not as_json)
        cost = estimate(sandbox.graph(), table) if result.ok else None
        if as_json:
            summary = {"ok": result.ok, "changes": result.changes, "diagnostics": result.diagnostics}
            print_json({**summary, "outputs": result.outputs, "cost": cost.to_json() if cost else None})
        elif cost:
            _show_outcome(result)
            show_cost(cost, sandbox=True)
    if not result.ok:
        raise typer.Exit(FAILED)


def _refuse_mistakes(directory: Path, file: Path) -> None:
    """What `modelinfra validate` finds is told without the engine's noise around it."""
    from modelinfra import engine_yaml
    from modelinfra.cli.common import mistakes_as_exit_2
    from modelinfra.components.environment_plan import plan_environment
    from modelinfra.stackfile.read import KEY, read_environment

    if KEY in ((engine_yaml.read(file.read_text()) or {}).get("config") or {}):
        with mistakes_as_exit_2():
            plan_environment(read_environment(file), "camel", directory)


def _show_outcome(result: Result) -> None:
    out = console()
    if not result.changes:
        out.print("no changes")
    leaves = _leaves(result.outputs)
    if leaves:
        out.print("Outputs of the sandbox; the cloud is a stand-in, and nothing answers there:", style="dim")
    for name, value in leaves:
        out.print(f"  {name} = {value}", markup=False)


def down(stack: Stack, project: Project = None) -> None:
    """Destroy what `modelinfra up` deployed, and remove its state.

    Example: modelinfra down sandbox
    """
    directory = project_directory(project)
    home = _home(directory, stack)
    if not home.exists():
        stack_file(directory, stack)  # a name that never was is a mistake; one that is down already is not
    else:
        with _sandbox(directory, stack) as sandbox:
            _refuse_if_protected(sandbox, stack)
            if not sandbox.destroy(stream=True).ok:
                raise typer.Exit(FAILED)
            left = len(sandbox.cloud.things)
        if left:
            fail(f"{left} resources are left in the stand-in cloud, see {home}.", FAILED)
        shutil.rmtree(home)
    (home.parent / f"{stack}.lock").unlink(missing_ok=True)
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


def _refuse_if_protected(sandbox: Sandbox, stack: str) -> None:
    """The engine finds out halfway; here it is said before the first resource goes."""
    protected = [
        resource["urn"].rpartition("::")[2]
        for resource in sandbox.export().get("deployment", {}).get("resources", [])
        if resource.get("protect")
    ]
    if protected:
        fail(
            f"{stack} is a production environment: {', '.join(protected)} are protected, and nothing was deleted. "
            "Write `production: false`, deploy once more, and then destroy it.",
            FAILED,
        )


def _home(directory: Path, stack: str) -> Path:
    return directory / FOLDER / stack


@contextmanager
def _sandbox(directory: Path, stack: str) -> Iterator[Sandbox]:
    """The stack's sandbox, for one command at a time."""
    from modelinfra.testing.sandbox import Sandbox

    home = _home(directory, stack)
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{stack}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"Another modelinfra command is at work on the sandbox of {stack}. Wait for it, or end it.", FAILED)
        with Sandbox(directory, home=home, stack=stack) as sandbox:
            yield sandbox


def _leaves(outputs: Any, prefix: str = "") -> list[tuple[str, str]]:
    if not outputs:
        return []
    if isinstance(outputs, dict):
        return [leaf for key, value in outputs.items() for leaf in _leaves(value, f"{prefix}.{key}" if prefix else key)]
    return [(prefix, str(outputs))]

"""What the commands share: where the project is, how mistakes and data are printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

FAILED, WRONG_INPUT = 1, 2

Project = Annotated[
    Path | None,
    typer.Option(
        "--project", "-C", help="Directory of Pulumi.yaml. Default: the nearest one above the current directory."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output and nothing else.")]
Stack = Annotated[str, typer.Argument(help="Name of the stack: its file is Pulumi.STACK.yaml.", show_default=False)]


def console(*, stderr: bool = False) -> Console:
    """A console that neither cuts nor wraps what is piped into a file."""
    from rich.console import Console

    return Console(stderr=stderr, soft_wrap=True, highlight=False, emoji=False)


def fail(message: str, code: int) -> NoReturn:
    """Say on standard error what is wrong, and stop."""
    console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(code)


def print_json(data: Any) -> None:
    """Data for programs."""
    typer.echo(json.dumps(data, indent=2, default=str))


def project_directory(given: Path | None) -> Path:
    """The project that a command works on. Exits with 2 when there is none."""
    if given is not None:
        if not (given / "Pulumi.yaml").is_file():
            fail(f"There is no Pulumi.yaml in {given}. Name the directory of a Pulumi project.", WRONG_INPUT)
        return given.resolve()
    here = Path.cwd()
    for directory in (here, *here.parents):
        if (directory / "Pulumi.yaml").is_file():
            return directory
    fail(
        f"There is no Pulumi.yaml in {here} or above. Change into a Pulumi project, or name one with --project.",
        WRONG_INPUT,
    )


def project_name(directory: Path) -> Any:
    """The name in a project's Pulumi.yaml, None without one. Exits with 2 when it is not YAML."""
    return _settings(directory).get("name")


def config_directory(project: Path) -> Path:
    """The folder of the project's stack files. Exits with 2 when Pulumi.yaml is not YAML."""
    from modelinfra.graph.stack_folder import stack_folder

    return project / stack_folder(_settings(project))


def _settings(project: Path) -> dict[str, Any]:
    import yaml

    from modelinfra import engine_yaml

    try:
        settings = engine_yaml.read((project / "Pulumi.yaml").read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        fail(f"{project / 'Pulumi.yaml'} is not YAML: {str(error).splitlines()[0]}", WRONG_INPUT)
    return settings if isinstance(settings, dict) else {}


def bare_stack(stack: str) -> str:
    """The name by which a stack's file is called: `acme/shop/dev` -> `dev`, as the Pulumi command line takes both."""
    return stack.rpartition("/")[2]


def stack_file(project: Path, stack: str) -> Path:
    """The stack's file. Exits with 2, naming the stacks that there are, when it does not exist."""
    directory = config_directory(project)
    path = directory / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        from modelinfra.review.concerned import stacks_in

        stacks = stacks_in(directory)
        fail(f"There is no {path}. Stacks here: {', '.join(stacks) or 'none'}.", WRONG_INPUT)
    return path


@contextmanager
def mistakes_as_exit_2() -> Iterator[None]:
    """A user's mistakes are printed as they are, without a traceback."""
    import pulumi

    from modelinfra.options.problems import InvalidOptionsError

    try:
        yield
    except (InvalidOptionsError, pulumi.RunError) as error:
        fail(str(error), WRONG_INPUT)

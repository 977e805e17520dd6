"""`modelinfra try ENDPOINT`: start what was deployed on this machine, and ask it for a prediction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelinfra.cli.common import FAILED, WRONG_INPUT, AsJson, Project, console, fail, print_json, project_directory

if TYPE_CHECKING:
    from modelinfra.graph.model import Graph, Node

_ENDPOINT_TYPE = "modelinfra:index:ModelEndpoint"


def try_endpoint(
    endpoint: Annotated[
        str | None, typer.Argument(help="Name of the endpoint in the stack file. Default: the first by name.")
    ] = None,
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack whose sandbox is looked at.")] = "sandbox",
    state: Annotated[
        Path | None, typer.Option(help="Take the contract from this file, written by `pulumi stack export`.")
    ] = None,
    request: Annotated[
        Path | None,
        typer.Option("--request", "-r", help="File with the request's body. Default: zeros in the model's shape."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Which of several models is asked. Default: each of them.")] = None,
    docker: Annotated[
        bool, typer.Option("--docker", help="Build and run the image itself; needs a Docker engine.")
    ] = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Start the endpoint's container contract on this machine as it was deployed, and send it a request.

    Command, environment, ports, health path, model and prediction URL come from the deployed state. Without --docker the server
    runs as a process, and three things are substituted, each of them printed; that is for servers of which there is a Python package.

    Example: modelinfra try digits --request examples/digits/sample.json
    """
    import json

    from rich.markup import escape

    from modelinfra.serving.check import try_endpoint as check
    from modelinfra.serving.errors import ServingCheckError

    directory = project_directory(project)
    out = console(stderr=as_json)
    graph = _deployed(directory, stack, state)
    shown, name = _component(graph, endpoint)
    try:
        answer = check(
            graph,
            name,
            request=request.read_bytes() if request else None,
            model=model,
            how="docker" if docker else "process",
            report=lambda line: out.print(f"  {line}", markup=False),
            project=_program_folder(directory, stack),
        )
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}.", WRONG_INPUT)
    except ServingCheckError as error:
        fail(str(error), FAILED)
    if as_json:
        print_json(
            {
                "endpoint": shown,
                "status": answer.status,
                "outputs": answer.outputs,
                "readySeconds": answer.ready_seconds,
            }
        )
        return
    if request is not None:
        _show_picture(request)
    if not answer.outputs:
        out.print(f"[bold]answer of {endpoint}[/bold]: {escape(json.dumps(answer.body))}")
    for output in answer.outputs:
        out.print(f"[bold]prediction of {shown}[/bold]: {output.get('name', 'output')} = {output['data']}")
    for other, each in answer.others.items():
        for output in each.outputs:
            out.print(f"[bold]prediction of {other}[/bold]: {output.get('name', 'output')} = {output['data']}")


def _show_picture(request: Path) -> None:
    """Draws the image that was sent, where the request is one."""
    import json

    from modelinfra.serving.picture import picture_of_request

    picture = picture_of_request(json.loads(request.read_text()))
    if picture:
        console().print(picture, markup=False)


def _deployed(directory: Path, stack: str, state: Path | None) -> Graph:
    """The deployed state: from a file, else from the sandbox, else (nothing is deployed) what would be."""
    import json

    from modelinfra.cli.preview import captured
    from modelinfra.cli.sandbox import exported
    from modelinfra.graph.state import from_export

    if state is not None:
        try:
            return from_export(json.loads(state.read_text()))
        except (OSError, ValueError) as error:
            fail(
                f"{state} is no export of a stack ({error}). Write one with `pulumi stack export --file {state}`.",
                WRONG_INPUT,
            )
    found = exported(directory, stack)
    if found is not None:
        return from_export(found)
    console(stderr=True).print(
        f"Nothing of {stack} is deployed in the sandbox: trying what its stack file says instead.", style="yellow"
    )
    return captured(stack, directory, preview=False)


def _program_folder(directory: Path, stack: str) -> Path:
    """Where relative paths in the state start: the engine runs program and providers in the program's folder."""
    from modelinfra.graph.project import load_project

    program = load_project(directory, stack).program
    return program if program.is_dir() else program.parent


def _component(graph: Graph, endpoint: str | None) -> tuple[str, str]:
    """The user's name of the endpoint, and its component's: an environment puts its own name before it."""
    known = {_users_name(graph, node): node.name for node in graph if node.type == _ENDPOINT_TYPE}
    if endpoint is None and known:
        endpoint = min(known)
    if endpoint not in known and endpoint not in known.values():
        there = ", ".join(sorted(known)) or "none"
        fail(f"There is no endpoint '{endpoint}' in this state. It has: {there}.", WRONG_INPUT)
    return str(endpoint), known.get(str(endpoint), str(endpoint))


def _users_name(graph: Graph, node: Node) -> str:
    parent = graph.nodes.get(node.parent)
    within = parent is not None and parent.type == "modelinfra:index:Environment"
    return node.name.removeprefix(f"{parent.name}-") if parent is not None and within else node.name

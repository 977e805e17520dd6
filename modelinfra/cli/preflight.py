"""`modelinfra preflight STACK`: whether the account can start the stack's nodes with accelerators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelinfra.cli.common import (
    FAILED,
    WRONG_INPUT,
    AsJson,
    Project,
    Stack,
    bare_stack,
    console,
    fail,
    mistakes_as_exit_2,
    print_json,
    project_directory,
    stack_file,
)

if TYPE_CHECKING:
    from modelinfra.preflight.answers import Answer
    from modelinfra.preflight.questions import Question

Region = Annotated[
    str | None,
    typer.Option("--region", help="Region to ask. Default: aws:region of the stack file.", show_default=False),
]
Offline = Annotated[bool, typer.Option("--offline", help="Ask nothing; only say what would be asked.")]


def preflight(
    stack: Stack, project: Project = None, region: Region = None, offline: Offline = False, as_json: AsJson = False
) -> None:
    """Ask AWS, with the credentials at hand, whether quotas, zones, machine images and reservations are there for the stack's nodes with
    accelerators. Only reads. Exits with 1 when something is lacking.

    Example: modelinfra preflight prod
    """
    from modelinfra.components.environment_plan import plan_environment
    from modelinfra.preflight.answers import CannotAskError
    from modelinfra.preflight.questions import pools_of, questions
    from modelinfra.stackfile.read import read_environment

    directory = project_directory(project)
    file = stack_file(directory, bare_stack(stack))
    with mistakes_as_exit_2():
        plan = plan_environment(read_environment(file), "camel", directory)
    asked = questions(pools_of(plan.options))
    if offline or not asked:
        _say(stack, asked, "", as_json)
        return
    config = _config(directory, bare_stack(stack))
    where = region or config.get("aws:region")
    if where is None:
        fail(f"Nobody says which region to ask. Write aws:region in {file}, or --region.", WRONG_INPUT)
    try:
        answers = _ask(asked, where, config.get("aws:profile"))
    except CannotAskError as error:
        _say(stack, asked, str(error), as_json)
        return
    _tell(answers, as_json)
    if any(each.state == "lacking" for each in answers):
        raise typer.Exit(FAILED)


def _config(directory: Any, stack: str) -> dict[str, Any]:
    from modelinfra.cli.stack_config import stack_config

    return stack_config(directory, stack)


def _ask(asked: list[Question], region: str, profile: str | None) -> list[Answer]:
    from modelinfra.preflight.answers import CannotAskError, ask

    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise CannotAskError("boto3 is not installed: pip install 'modelinfra[client]'") from None
    try:
        session = boto3.Session(region_name=region, profile_name=profile)
    except BotoCoreError as error:
        raise CannotAskError(str(error)) from None
    if session.get_credentials() is None:
        raise CannotAskError("there are no credentials")
    return ask(asked, session)


def _say(stack: str, asked: list[Question], reason: str, as_json: bool) -> None:
    if as_json:
        print_json({"asked": False, "reason": reason, "questions": [_question(each) for each in asked]})
        return
    if not asked:
        console().print(f"{stack} has no nodes with accelerators: there is nothing to ask.", markup=False)
        return
    because = f" ({reason})" if reason else ""
    console().print(f"Nothing was asked of AWS{because}. With credentials this would be:", markup=False)
    for each in asked:
        console().print(f"  {each.asked} [{each.action}], for {', '.join(each.pools)}", markup=False)


def _tell(answers: list[Answer], as_json: bool) -> None:
    if as_json:
        found = [
            {**_question(each.question), "state": each.state, "said": each.said, "remedy": each.remedy}
            for each in answers
        ]
        print_json({"asked": True, "answers": found})
        return
    for each in answers:
        console().print(f"{each.state:9}  {each.said}, for {', '.join(each.question.pools)}", markup=False)
        if each.remedy:
            console().print(f"           {each.remedy}", markup=False)


def _question(question: Question) -> dict[str, Any]:
    return {"kind": question.kind, "asked": question.asked, "action": question.action, "pools": list(question.pools)}

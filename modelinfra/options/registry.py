"""Where images lie that are built for a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import BUILT
from modelinfra.options.problems import Problem

ECR: Final = "ecr"
"""A repository of Amazon ECR for each endpoint."""


class RegistryOptions(TypedDict):
    """A registry of one's own, from which the cluster's nodes pull."""

    url: Annotated[
        Input[str],
        Option(
            pattern=r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+",
            pattern_text="a host and a path, without https://",
            pattern_example="registry.acme.ai/models",
            lands=BUILT,
            example="registry.acme.ai/other",
        ),
    ]
    """Host and path below which each endpoint has a repository of its own, with its full name. Nodes pull from there, too: with `image_pull_secrets`,
    or by what they are."""

    username: NotRequired[Annotated[Input[str], Option()]]
    """Who pushes. Left out, whoever this machine is logged in as (`docker login`)."""

    password: NotRequired[Annotated[Input[str], Option()]]
    """Password or token of `username`, as a secret Output. None otherwise."""


@rule(RegistryOptions, "username", "password")
def a_password_belongs_to_a_name_and_is_a_secret(registry: Mapping[str, Any]) -> Iterable[Problem]:
    username, password = registry["username"], registry["password"]
    if isinstance(password, str):
        reason = "it would stay readable in the stack file, or the program"
        remedy = "Log this machine in (`docker login`) and remove it, or hand a secret Output in."
        yield Problem("password", reason, remedy, "…")
    if (username is None) is not (password is None):
        missing, given = ("username", "password") if username is None else ("password", "username")
        yield Problem(missing, f"`{given}` does not say enough alone", "Write both, or neither.")

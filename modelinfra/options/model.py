"""Which model an endpoint serves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes


class ModelOptions(TypedDict):
    """The model: where it lies, or what a ready image holds."""

    uri: NotRequired[Annotated[str, Option()]]
    """The model's local directory, relative to the project's directory or absolute. It is baked into the image."""

    name: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*",
                pattern_text="a model name of letters, digits, dots, - and _",
                pattern_example="sentiment",
            ),
        ]
    ]
    """The model's name at the server. Only with a ready `image`; a directory says its model's name itself."""

    size: NotRequired[Annotated[Bytes, Option(at_least=1)]]
    """Size of the weights. Only with a ready `image`; a directory is measured. Left out, the server's ceiling is assumed and every preview says so."""

    sha256: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"[0-9a-f]{64}",
                pattern_text="a SHA-256 digest of 64 hexadecimal digits",
                pattern_example="what `modelinfra digest` prints",
            ),
        ]
    ]
    """Digest that the directory's content must have; `modelinfra digest DIRECTORY` prints it."""


def problem_of_uri(uri: str) -> Problem | None:
    """Why a URI cannot be served, or None."""
    if not uri.strip():
        return Problem("", "this is empty", "Write the path of the model's directory.", uri)
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", uri, re.IGNORECASE)
    if scheme:
        return Problem(
            "",
            f"models are taken from local directories; '{scheme[1]}:' is not built yet",
            "Copy the model into a directory beside the stack file and write its path.",
            uri,
        )
    return None


@rule(ModelOptions, "uri")
def the_uri_is_a_local_directory(model: Mapping[str, Any]) -> Iterable[Problem]:
    problem = problem_of_uri(model["uri"]) if model["uri"] is not None else None
    if problem:
        yield problem.below("uri")

"""What a name may look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from modelinfra.options.declare import Option
from modelinfra.options.problems import Problem, stray

NAME_PATTERN = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
NAME_CHARACTERS = "[a-z0-9-]"
NAME_TEXT = "lower-case letters, digits and single hyphens, beginning with a letter"
MAX_NAME = 63

MAX_ENVIRONMENT_NAME = 128
"""With its prefix: a name of 63 characters and a child's own word follow, and a tag's value has 256 characters at most."""

# Elastic Load Balancing refuses names that begin with the one, EC2 security groups that begin with the other.
_TAKEN = ("internal-", "sg-")

Name = Annotated[
    str,
    Option(
        pattern=rf"(?=.{{1,{MAX_NAME}}}$){NAME_PATTERN}",
        pattern_text=f"{NAME_TEXT} ({MAX_NAME} characters at most)",
        pattern_example="sentiment-v2",
        characters=NAME_CHARACTERS,
    ),
]
"""The name of an endpoint or platform: it becomes part of URLs, of image repositories and of resource names."""


def name_problems(
    name: str, remedy: str = "Write for example sentiment-v2.", most: int | None = None
) -> Iterator[Problem]:
    """What is wrong with the name of a component, which begins the physical names of its resources.

    AWS takes lower-case letters only in an image repository's name, and no underscore or dot in a load balancer's.
    """
    if not re.fullmatch(NAME_PATTERN, name) or (most is not None and len(name) > most):
        limit = f" ({most} characters at most)" if most is not None else ""
        yield Problem("name", f"this is not {NAME_TEXT}{limit}{stray(name, NAME_CHARACTERS)}", remedy, name)
    elif f"{name}-".startswith(_TAKEN):
        yield Problem("name", f"AWS refuses names that begin with {' or '.join(_TAKEN)}", remedy, name)

"""What a name may look like."""

from __future__ import annotations

from typing import Annotated

from modelinfra.options.declare import Option

NAME_PATTERN = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
NAME_TEXT = "lower-case letters, digits and single hyphens, beginning with a letter"
MAX_NAME = 63

Name = Annotated[
    str,
    Option(
        pattern=rf"(?=.{{1,{MAX_NAME}}}$){NAME_PATTERN}",
        pattern_text=f"{NAME_TEXT} ({MAX_NAME} characters at most)",
        pattern_example="sentiment-v2",
    ),
]
"""The name of an endpoint or platform: it becomes part of URLs, of image repositories and of resource names."""

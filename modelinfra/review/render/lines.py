"""Text of strangers as one line that looks like what it is."""

from __future__ import annotations

import re

# What would change how the text around it is shown: controls, line breaks, what cannot be seen, and marks that turn the direction of writing.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")


def one_line(text: str) -> str:
    """The text without line breaks, control characters and what cannot be seen."""
    return _UNSEEN.sub(" ", text).strip()


def harmless(text: str) -> str:
    """One line that a runner of GitHub takes for no command, wherever it is printed: `::` and `##[` begin one."""
    # https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs: `##[` counts anywhere in a line.
    return re.sub("##(?=\\[)", "## ", re.sub(":(?=:)", ": ", one_line(text)))

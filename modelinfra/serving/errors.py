"""The one error of the serving check."""

from __future__ import annotations


class ServingCheckError(Exception):
    """The deployed contract does not serve. `expected` is what should be, `came` what is, `remedy` what to do."""

    def __init__(self, expected: str, came: str, remedy: str) -> None:
        # What a server said last ends with its own line.
        end = "" if came.endswith("\n") else ". "
        super().__init__(f"expected {expected}, but {came}{end}{remedy}.")
        self.expected = expected
        self.came = came
        self.remedy = remedy

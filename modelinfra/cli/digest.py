"""`modelinfra digest DIRECTORY`: the value of `model.sha256`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelinfra.cli.common import WRONG_INPUT, AsJson, fail, print_json


def digest(
    directory: Annotated[Path, typer.Argument(help="A model's directory.", show_default=False)], as_json: AsJson = False
) -> None:
    """Print the digest of a model's content, for `model.sha256`.

    Example: modelinfra digest stacks/models/digits
    """
    from modelinfra.catalog.model_directory import ModelDirectoryError, measure

    try:
        measured = measure(directory)
    except ModelDirectoryError as error:
        fail(str(error), WRONG_INPUT)
    if as_json:
        print_json({"sha256": measured.sha256, "bytes": measured.bytes})
    else:
        typer.echo(measured.sha256)

"""`modelinfra schema`: JSON Schema of stack files, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
) -> None:
    """Print the JSON Schema of stack files. Editors complete and check with it.

    Example: modelinfra schema -o stacks/schema.json
    """
    import json

    from modelinfra.stackfile.schema import stack_file_schema

    text = json.dumps(stack_file_schema(), indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text)

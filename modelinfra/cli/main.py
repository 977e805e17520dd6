"""The `modelinfra` command: one sub-command a file. Exit codes: 0 done, 1 failed, 2 wrong input, 3 no engine."""

from __future__ import annotations

import typer

from modelinfra.cli.batch import batch
from modelinfra.cli.check import check
from modelinfra.cli.comment import comment
from modelinfra.cli.cost import cost
from modelinfra.cli.diff import diff
from modelinfra.cli.digest import digest
from modelinfra.cli.fleet import fleet
from modelinfra.cli.graph import graph
from modelinfra.cli.preflight import preflight
from modelinfra.cli.preview import preview
from modelinfra.cli.sandbox import down, up
from modelinfra.cli.schema import schema
from modelinfra.cli.servers import servers
from modelinfra.cli.split import split
from modelinfra.cli.stacks import stacks
from modelinfra.cli.try_endpoint import try_endpoint
from modelinfra.cli.validate import validate

app = typer.Typer(
    name="modelinfra",
    help="Environments that serve machine-learning models, one stack file each.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.command()(validate)
app.command()(preview)
app.command()(preflight)
app.command()(graph)
app.command()(stacks)
app.command()(diff)
app.command()(check)
app.command()(cost)
app.command()(comment)
app.command()(up)
app.command("try")(try_endpoint)
app.command()(down)
app.command()(batch)
app.command()(servers)
app.command()(split)
app.command()(schema)
app.command()(digest)
app.add_typer(fleet)

if __name__ == "__main__":
    app()

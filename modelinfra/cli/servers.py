"""`modelinfra servers`: the model servers of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from modelinfra.catalog.layouts.found import Layout
from modelinfra.cli.common import AsJson, console, print_json


def servers(as_json: AsJson = False) -> None:
    """List the model servers that an endpoint can name.

    Example: modelinfra servers
    """
    from rich.table import Table

    from modelinfra.catalog.fargate import refusals
    from modelinfra.catalog.servers import SERVERS

    if as_json:
        print_json({name: {**_plain(row), "fargate": list(refusals(row)) or True} for name, row in SERVERS.items()})
        return
    table = Table()
    for heading in ("server", "version", "port", "prediction", "models", "ECS on Fargate"):
        table.add_column(heading, overflow="fold")
    for name, row in SERVERS.items():
        needs = [word for word, needed in (("GPU", row.needs_gpu), ("/dev/shm", row.needs_shared_memory)) if needed]
        table.add_row(
            name,
            row.version,
            str(row.ports["http"]),
            row.predict_path("MODEL"),
            "one" if row.several is None else "several",
            f"no: needs {', '.join(needs)}" if refusals(row) else "yes",
        )
    console().print(table)
    console().print(
        "Images, model folders, budgets and known traps: --json. A server of your own: `server:` takes a mapping."
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Layout):
        return value.wants
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value

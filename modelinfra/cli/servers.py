"""`modelinfra servers`: the model servers of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from modelinfra.cli.common import AsJson, console, print_json


def servers(as_json: AsJson = False) -> None:
    """List the model servers that an endpoint can name.

    Example: modelinfra servers
    """
    from rich.table import Table

    from modelinfra.catalog.servers import SERVERS

    if as_json:
        print_json({name: _plain(row) for name, row in SERVERS.items()})
        return
    table = Table()
    for heading in ("server", "version", "image", "ports", "prediction"):
        table.add_column(heading, overflow="fold")
    for name, row in SERVERS.items():
        ports = ", ".join(f"{role} {port}" for role, port in row.ports.items())
        table.add_row(name, row.version, row.image, ports, row.predict_path("MODEL"))
    console().print(table)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value

"""What the program is told."""

from __future__ import annotations

import json
import re
import typing
from dataclasses import dataclass, fields


class SettingsError(ValueError):
    """The settings cannot be used; the message says which."""


@dataclass(frozen=True)
class Settings:
    """store: `s3://bucket/prefix/`. admin: address of the proxy's admin interface. listener: name of the filter there. unless: header of
    requests that are not kept. endpoint, revision, image: what answered. mask: fields, as in `masks`. unparsed: drop or keep. max_body:
    bytes of a request, and of an answer. every_seconds: between two objects. spool: directory of what S3 did not take yet; at most
    spool_bytes. stop_seconds: between SIGTERM and SIGKILL.
    """

    store: str
    admin: str
    listener: str
    unless: str
    endpoint: str
    revision: str
    image: str
    mask: list[str]
    unparsed: str
    max_body: int
    every_seconds: int
    spool: str
    spool_bytes: int
    stop_seconds: int

    @property
    def bucket(self) -> str:
        """Where objects are put."""
        return self.store.removeprefix("s3://").partition("/")[0]

    @property
    def prefix(self) -> str:
        """What the names of all objects begin with."""
        return self.store.removeprefix("s3://").partition("/")[2]


_KINDS = {"str": str, "int": int, "list[str]": list}


def read(text: str) -> Settings:
    """The settings in MODELINFRA_SHIPPER. Raises SettingsError."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError("MODELINFRA_SHIPPER is not a JSON object")
    given = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower(): value for key, value in found.items()}
    expected: dict[str, typing.Any] = {field.name: _KINDS[str(field.type)] for field in fields(Settings)}
    for name, kind in expected.items():
        if not isinstance(given.get(name), kind) or isinstance(given[name], bool):
            raise SettingsError(f"MODELINFRA_SHIPPER has no {name} that is of the type {kind.__name__}")
    return Settings(**{name: given[name] for name in expected})

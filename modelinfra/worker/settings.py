"""What a worker is told."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields


class SettingsError(ValueError):
    """The settings cannot be used; the message says which."""


@dataclass(frozen=True)
class Settings:
    """queue: its URL. store: `s3://bucket/prefix/`. server: address of the model server. predict_path, health_path: there.

    status_port: where the worker says whether all is well, on 127.0.0.1. concurrency: messages at once. max_receive_count: attempts
    before SQS gives a message up. visibility_seconds: how long a message is hidden before it needs more time. startup_seconds: how
    long the server may load. stop_seconds: between SIGTERM and SIGKILL.
    """

    queue: str
    store: str
    server: str
    predict_path: str
    health_path: str
    status_port: int
    concurrency: int
    max_receive_count: int
    visibility_seconds: int
    longest_request_seconds: int
    startup_seconds: int
    stop_seconds: int

    @property
    def bucket(self) -> str:
        """Of inputs and results."""
        return self.store.removeprefix("s3://").partition("/")[0]

    @property
    def prefix(self) -> str:
        """What the names of all objects begin with."""
        return self.store.removeprefix("s3://").partition("/")[2]


def read(text: str) -> Settings:
    """The settings in MODELINFRA_WORKER. Raises SettingsError."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError("MODELINFRA_WORKER is not a JSON object")
    given = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower(): value for key, value in found.items()}
    expected = {field.name: {"str": str, "int": int}[str(field.type)] for field in fields(Settings)}
    for name, kind in expected.items():
        if not isinstance(given.get(name), kind) or isinstance(given[name], bool):
            raise SettingsError(f"MODELINFRA_WORKER has no {name} that is of the type {kind.__name__}")
    return Settings(**{name: given[name] for name in expected})

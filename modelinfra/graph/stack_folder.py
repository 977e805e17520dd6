"""Where the stack files of a project lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def stack_folder(settings: Any) -> str:
    """The folder of a project's stack files, from Pulumi.yaml as data; empty for the project's own folder."""
    if not isinstance(settings, Mapping):
        return ""
    # `config: FOLDER` is the old spelling of stackConfigDir.
    old = settings.get("config")
    return str(settings.get("stackConfigDir") or (old if isinstance(old, str) else ""))

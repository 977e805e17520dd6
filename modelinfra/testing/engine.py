"""Finds the real Pulumi engine: on PATH, or built by `tools/engine/build.py` into the cache."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from modelinfra.cache import cache_folder


class EngineMissing(Exception):  # noqa: N818 - it states a fact about the machine
    """There is no engine as new as the installed SDK. The message says how to get one."""


@dataclass(frozen=True)
class Engine:
    """The `pulumi` command, and whether it is the one from the cache (which brings its own language host)."""

    pulumi: Path
    version: str
    built: bool


def find_engine() -> Engine:
    """The engine to use: `pulumi` on PATH when it is as new as the installed SDK, else the newest one in the cache.

    Raises EngineMissing.
    """
    sdk = metadata.version("pulumi")
    on_path = shutil.which("pulumi")
    tried = ""
    if on_path is not None:
        version = _version_of(on_path)
        if _number(version) >= _number(sdk):
            return Engine(Path(on_path), version, built=False)
        tried = f" (the one on PATH is {version or 'of an unknown version'})"
    for folder in sorted((cache_folder() / "engine").glob("*"), key=lambda path: _number(path.name), reverse=True):
        pulumi = folder / "bin" / "pulumi"
        if _number(folder.name) >= _number(sdk) and pulumi.exists():
            return Engine(pulumi, folder.name, built=True)
    raise EngineMissing(
        f"no Pulumi engine {sdk} or newer{tried}: install it from https://www.pulumi.com/docs/install/, "
        "or build it with `python tools/engine/build.py` (needs Go, takes some minutes)"
    )


@cache
def _version_of(pulumi: str) -> str:
    try:
        shown = subprocess.run([pulumi, "version"], capture_output=True, text=True, timeout=60, check=False).stdout
    except OSError:
        return ""
    return shown.strip().removeprefix("v")


def _number(version: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(part) for part in match.groups()) if match else ()

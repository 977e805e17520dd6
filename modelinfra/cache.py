"""Where this project keeps what it builds or downloads, outside any repository."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$MODELINFRA_CACHE`, or `modelinfra` under `$XDG_CACHE_HOME` or `~/.cache`."""
    own = os.environ.get("MODELINFRA_CACHE")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelinfra"

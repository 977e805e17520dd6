"""Builds promtool, with which the tests ask a real Prometheus about our rules, from its Go module into the project's cache.

    python tools/promtool/build.py

The version is pinned by go.mod and go.sum beside this file. It takes some minutes and about 1 GB of Go's caches the first time; when it is there
already, nothing is built. Exit code 1, with one line, when it cannot be built.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from modelinfra.cache import cache_folder

HERE = Path(__file__).resolve().parent
MODULE = "github.com/prometheus/prometheus"


def main() -> int:
    version = pinned_version()
    target = cache_folder() / "promtool" / version / "promtool"
    if not target.exists():
        reason = build(version, target)
        if reason:
            print(f"NO PROMTOOL {version}: {reason}", file=sys.stderr)
            return 1
    print(f"promtool {version}: {target}")
    return 0


def pinned_version() -> str:
    """The version of Prometheus' module in go.mod, without the v."""
    found = re.search(rf"{MODULE} v(\S+)", (HERE / "go.mod").read_text(encoding="utf-8"))
    assert found is not None, "go.mod pins it"
    return found[1]


def build(version: str, target: Path) -> str:
    """Compile it; the file appears only when it is whole. Why not, or nothing."""
    if shutil.which("go") is None:
        return "Go is not installed"
    print(f"Building promtool {version} from its Go module (some minutes) ...", flush=True)
    started = time.monotonic()
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"promtool.{os.getpid()}")
    # Without what discovers machines of two dozen clouds, which rules do not need.
    flags = ["-trimpath", "-tags", "remove_all_sd,netgo", "-ldflags", "-w -s"]
    asked = ["go", "build", *flags, "-o", str(unfinished), f"{MODULE}/cmd/promtool"]
    environment = {**os.environ, "CGO_ENABLED": "0"}
    try:
        done = subprocess.run(asked, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"`go build` failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    print(f"Built in {time.monotonic() - started:.0f} s", flush=True)
    return ""


if __name__ == "__main__":
    raise SystemExit(main())

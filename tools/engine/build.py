"""Builds the Pulumi engine from its Go module, with a language host for Python, into the project's cache.

    python tools/engine/build.py [--check]

The versions are pinned by go.mod and go.sum beside this file. It takes some minutes and about 3 GB of Go's caches the first
time; when the engine is there already, nothing is built. `--check` only says whether it is there. Exit code 1, with one
line, when it cannot be built.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from modelinfra.cache import cache_folder
from modelinfra.testing.engine import EngineMissing, find_engine

HERE = Path(__file__).resolve().parent
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"

# ${0%/*} rather than dirname: the host is started often, and a process less is 5 ms less.
LAUNCHER = """#!/bin/sh
host=language_host.py
[ -z "$MODELINFRA_WARM" ] || host=warm_process.py
exec "${MODELINFRA_PYTHON:-python3}" "${0%/*}/$host" "$@"
"""


class CannotBuild(Exception):  # noqa: N818 - it states a fact about the machine
    """Why there will be no engine; one line."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the engine is there")
    check = parser.parse_args().check
    version = pinned_version()
    target = cache_folder() / "engine" / version / "bin"
    try:
        found = find_engine()
        if not found.built:
            print(f"Pulumi engine {found.version}: {found.pulumi}")
            return 0
    except EngineMissing:
        pass  # then it is built
    try:
        if check:
            if not (target / "pulumi").exists():
                raise CannotBuild(f"it is not in {target}")
        else:
            build(version, target)
    except CannotBuild as reason:
        print(f"NO PULUMI ENGINE {version}: {reason}", file=sys.stderr)
        return 1
    print(f"Pulumi engine {version}: {target / 'pulumi'}")
    return 0


def pinned_version() -> str:
    """The version of the engine's module in go.mod, without the v."""
    found = re.search(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", (HERE / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"{HERE / 'go.mod'} does not pin github.com/pulumi/pulumi/pkg/v3")
    return found[1]


def build(version: str, target: Path) -> None:
    """Fill `target` with the engine and the language host; what is there and up to date stays. Raises CannotBuild."""
    if not (target / "pulumi").exists() and shutil.which("go") is None:
        raise CannotBuild("there is no `pulumi` on PATH, and no Go to build one with")
    target.mkdir(parents=True, exist_ok=True)
    if not (target / "pulumi").exists():
        build_engine(version, target)
    if not (target / "pulumi-language-python-exec").exists():
        source = Path(go("list", "-m", "-f", "{{.Dir}}", SDK).strip()) / "python/cmd/pulumi-language-python-exec"
        install(target / source.name, source.read_bytes())
    # The language host is this project's own and changes with it, so it is renewed each time.
    for file in ("warm_process.py", "language_host.py"):
        install(target / file, (HERE / file).read_bytes())
    install(target / "pulumi-language-python", LAUNCHER.encode())


def build_engine(version: str, target: Path) -> None:
    """Compile `pulumi`; the file appears only when it is whole."""
    print(f"Building Pulumi engine {version} from its Go module (some minutes) ...", flush=True)
    started = time.monotonic()
    unfinished = target / f"pulumi.{os.getpid()}"
    # The version is set at link time; without it the engine calls itself nothing and fails its own version checks.
    flags = f"-w -s -X {SDK}/go/common/version.Version=v{version}"
    try:
        go("build", "-trimpath", "-tags", "osusergo,grpcnotrace", "-ldflags", flags, "-o", str(unfinished), PACKAGE)
        shown = subprocess.run([str(unfinished), "version"], capture_output=True, text=True, check=False).stdout.strip()
        if shown != f"v{version}":
            raise CannotBuild(f"what was built calls itself {shown or 'nothing'}")
        os.replace(unfinished, target / "pulumi")
    finally:
        unfinished.unlink(missing_ok=True)
    print(f"Built in {time.monotonic() - started:.0f} s", flush=True)


def go(*arguments: str) -> str:
    """Run the Go command on the pinned module; its standard output. Raises CannotBuild."""
    if shutil.which("go") is None:
        raise CannotBuild("Go is not installed")
    environment = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(["go", *arguments], cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise CannotBuild(f"`go {arguments[0]}` failed: {lines[-1]}")
    return done.stdout


def install(path: Path, content: bytes) -> None:
    """Write an executable file, whole or not at all; leave an equal one alone, as it may be running."""
    if path.exists() and path.read_bytes() == content:
        return
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(0o755)
    os.replace(unfinished, path)


if __name__ == "__main__":
    raise SystemExit(main())

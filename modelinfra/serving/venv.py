"""The server's software in a virtual environment of its own, from the lock that its catalogue row names.

`python -m modelinfra.serving.venv mlserver -- SCRIPT ARGUMENTS` runs a script with that environment's Python, so that
what trains a model and what serves it have the same versions.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from modelinfra.cache import cache_folder
from modelinfra.catalog.servers import SERVERS, LocalSubstitute, ModelServer, UnknownServerError, server
from modelinfra.serving.errors import ServingCheckError

_MARK = "complete"


def server_environment(server: ModelServer, report: Callable[[str], None] = lambda _: None) -> Path:
    """The virtual environment with the server's software; installs it at the first call (about 400 MB; seconds with uv, a minute or two with pip).

    It is complete or absent: an interrupted install is done again, two at once wait for each other, and another lock
    makes another environment. Raises ServingCheckError when no fitting Python is found or the install fails.
    """
    local = substitute(server)
    lock = files("modelinfra.catalog") / "local" / local.lock
    target = cache_folder() / "servers" / f"{server.name}-{server.version}"
    return locked_environment(
        target, lock.read_bytes(), f"{local.package} {local.version}", lambda: _interpreter(server), report
    )


def locked_environment(
    target: Path, lock: bytes, what: str, interpreter: Callable[[], str], report: Callable[[str], None]
) -> Path:
    """A virtual environment with exactly what a lock says, complete or absent. what: what is installed, for people."""
    mark = target / _MARK
    digest = hashlib.sha256(lock).hexdigest()
    if _complete(mark, digest):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(target.with_name(target.name + ".lock")):
        if _complete(mark, digest):  # another process has just made it
            return target
        report(f"installing {what} into {target} (once)")
        # A virtual environment holds its own path in its scripts, so it is made in place; the mark is what makes it
        # count.
        shutil.rmtree(target, ignore_errors=True)
        _install(interpreter(), lock, target, what)
        mark.write_text(digest)
    return target


def substitute(server: ModelServer) -> LocalSubstitute:
    """What stands for the server's image on this machine; raises ServingCheckError when no package serves the same contract."""
    if server.local is None:
        raise ServingCheckError(
            f"a Python package that serves what {server.title}'s image serves",
            "there is none, so that it cannot run as a process here",
            "Try it with Docker: add --docker",
        )
    return server.local


def server_python(server: ModelServer, report: Callable[[str], None] = lambda _: None) -> Path:
    """The Python interpreter of `server_environment`."""
    return server_environment(server, report) / "bin" / "python"


def _complete(mark: Path, digest: str) -> bool:
    # The interpreter is a link to the Python that made it, and that may be gone.
    return mark.is_file() and mark.read_text() == digest and (mark.parent / "bin" / "python").exists()


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(interpreter: str, lock: bytes, target: Path, what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_bytes(lock)
        python = str(target / "bin" / "python")
        # The lock is complete. pip would else look for extras that a dependency asks for, which the lock does not repeat.
        exactly = ["--no-deps", "--require-hashes", "-r", str(requirements)]
        uv = shutil.which("uv")
        if uv:
            make = [uv, "venv", "--quiet", "--python", interpreter, str(target)]
            fill = [uv, "pip", "install", "--quiet", "--python", python, *exactly]
        else:
            make = [interpreter, "-m", "venv", str(target)]
            fill = [python, "-m", "pip", "install", "--quiet", *exactly]
        for step in (make, fill):
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ServingCheckError(
                    f"{what} to install into {target}",
                    f"the installer ended with {done.returncode}: {_tail(done.stderr or done.stdout)}",
                    "Give this machine a Python package index (pip's settings are used), or use Docker",
                )


def _interpreter(server: ModelServer) -> str:
    local = substitute(server)
    if sys.version_info[:2] in local.python_versions:
        return sys.executable
    for major, minor in local.python_versions:
        if found := shutil.which(f"python{major}.{minor}"):
            return found
    wanted = " or ".join(f"{major}.{minor}" for major, minor in local.python_versions)
    raise ServingCheckError(
        f"Python {wanted}, which {server.title} {server.version} runs on",
        f"this is {sys.version_info.major}.{sys.version_info.minor} and no other is on the PATH",
        "Install one of them, or try the endpoint with Docker",
    )


def _tail(text: str, lines: int = 8) -> str:
    return " / ".join(text.strip().splitlines()[-lines:]) or "no message"


def main(arguments: Sequence[str]) -> int:
    """`SERVER [-- SCRIPT ARGUMENTS]`: installs the server's software and runs the script with its Python."""
    if not arguments or arguments[0].startswith("-") or arguments[1:2] not in ([], ["--"]):
        print(
            f"usage: python -m modelinfra.serving.venv {{{','.join(name for name, row in SERVERS.items() if row.local)}}} [-- SCRIPT ARGUMENT ...]",
            file=sys.stderr,
        )
        return 2
    try:
        python = server_python(server(arguments[0]), lambda line: print(line, file=sys.stderr))
    except (UnknownServerError, ServingCheckError) as error:
        print(error, file=sys.stderr)
        return 2
    if len(arguments) <= 2:
        print(python)
        return 0
    # The library's own PYTHONPATH and virtual environment are not for the server's Python.
    clean = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }
    return subprocess.run([str(python), *arguments[2:]], env=clean, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

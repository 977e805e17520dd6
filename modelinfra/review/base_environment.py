"""The Python environment in which a base revision is captured: the present one, or one made from the revision's own lock file."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

from modelinfra.cache import cache_folder
from modelinfra.review.revision import Checkout

LOCK_FILES: Final = ("requirements.lock", "requirements.txt")
"""What pip can install from, in this order, looked for beside Pulumi.yaml and in every folder above within the repository."""

_OTHER_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
_OWN: Final = re.compile(r"^modelinfra\s*==\s*([^\s;\\]+)", re.MULTILINE)


class NoEnvironment(Exception):  # noqa: N818 - it states a fact about the machine
    """The environment cannot be made. The message is one line, with the reason."""


def python_for(base: Checkout, project: Path) -> Path:
    """The interpreter to capture the base revision of a project with. Raises NoEnvironment.

    The present one where the lock file is the same in both and does not ask for another modelinfra than the one that runs; else that of an
    environment made from the base's lock file, kept in the cache under the hash of the file.
    """
    theirs, ours = base.counterpart(project), project.resolve()
    lock, present = _lock(theirs, base.root, LOCK_FILES), _lock(ours, base.repository, LOCK_FILES)
    other, other_present = _lock(theirs, base.root, _OTHER_LOCKS), _lock(ours, base.repository, _OTHER_LOCKS)
    if lock is None:
        if _text(other) != _text(other_present):
            name = (other or other_present or Path()).name
            raise NoEnvironment(
                f"{name} of {base.name} differs from the present one, and pip cannot install from it; export a requirements.lock, "
                "or name an interpreter with --base-python"
            )
        return Path(sys.executable)
    if _text(lock) == _text(present) and _asks_for_present(_text(lock)):
        return Path(sys.executable)
    return _made(lock, base.name)


def _lock(project: Path, top: Path, names: tuple[str, ...]) -> Path | None:
    for folder in (project, *project.parents):
        for name in names:
            if (folder / name).is_file():
                return folder / name
        if folder == top:
            return None
    return None


def _text(lock: Path | None) -> str:
    return lock.read_text(encoding="utf-8") if lock is not None else ""


def _asks_for_present(text: str) -> bool:
    asked = _OWN.search(text)
    return asked is None or asked[1] == metadata.version("modelinfra")


def _made(lock: Path, revision: str) -> Path:
    text = _text(lock)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = hashlib.sha256(f"{version}\n{text}".encode()).hexdigest()[:32]
    folder = cache_folder() / "bases" / name
    python = folder / "bin" / "python"
    if python.exists():
        return python
    building = folder.with_name(f"{name}.{os.getpid()}")
    building.parent.mkdir(parents=True, exist_ok=True)
    try:
        _run([sys.executable, "-m", "venv", str(building)], lock, revision)
        # Hashes are held where the file has them; a requirements.txt by hand has none.
        hashes = ["--require-hashes"] if "--hash=" in text else []
        pip = [str(building / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *hashes, "-r", str(lock)], lock, revision)
        try:
            building.rename(folder)
        except OSError:
            if not python.exists():  # else another process was faster, with the same result
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return python


def _run(command: list[str], lock: Path, revision: str) -> None:
    # pip resolves `-r` and `-e` lines of the file from its own folder.
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=lock.parent)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).strip().splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no reason given"]
        raise NoEnvironment(
            f"the environment of {revision} cannot be made from its {lock.name}: {errors[0].removeprefix('ERROR: ')}; "
            "an interpreter that has it can be named with --base-python"
        )

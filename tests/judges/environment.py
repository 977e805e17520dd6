"""The Python environment of the judges that bring heavy dependencies: `python -m tests.judges.environment` makes it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from modelinfra.cache import cache_folder

LOCK = Path(__file__).resolve().parents[2] / "requirements-judges.lock"


def judges_python() -> Path:
    """Its interpreter, whether it is there or not; another lock makes another environment."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return (
        cache_folder()
        / "judges"
        / f"python-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
        / "bin"
        / "python"
    )


def install() -> None:
    """Make the environment where it is missing."""
    python = judges_python()
    if python.exists():
        return
    place = python.parents[1]
    part = place.with_name(f"{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    uv = [sys.executable, "-m", "uv", "--quiet"]
    # Relocatable, since it moves when it is complete: an interrupted installation is never taken for a whole one.
    subprocess.run([*uv, "venv", "--relocatable", "--python", sys.executable, str(part)], check=True)
    install = [*uv, "pip", "install", "--python", str(part / "bin" / "python"), "--require-hashes", "-r", str(LOCK)]
    subprocess.run(install, check=True)
    part.replace(place)


if __name__ == "__main__":
    install()

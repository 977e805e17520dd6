"""The Python environments of the judges that bring heavy dependencies: `python -m tests.judges.environment` makes them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from modelinfra.cache import cache_folder

_ROOT = Path(__file__).resolve().parents[2]

LINTERS, CHECKOV = "judges", "checkov"
ENVIRONMENTS = (LINTERS, CHECKOV)
"""One a lock file: checkov does not go with the versions that the others want."""


def judges_python(environment: str = LINTERS) -> Path:
    """The interpreter of one, whether it is there or not; another lock makes another environment."""
    digest = hashlib.sha256(_lock(environment).read_bytes()).hexdigest()[:12]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cache_folder() / "judges" / f"{environment}-python-{version}-{digest}" / "bin" / "python"


def not_installed(environment: str = LINTERS) -> str | None:
    """Why its judges cannot be asked; None when they can."""
    return None if judges_python(environment).exists() else "its environment is not installed; `make judge` does that"


def install(environment: str) -> None:
    """Make an environment where it is missing."""
    python = judges_python(environment)
    if python.exists():
        return
    place = python.parents[1]
    part = place.with_name(f"{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    uv = [sys.executable, "-m", "uv", "--quiet"]
    # Relocatable, since it moves when it is complete: an interrupted installation is never taken for a whole one.
    subprocess.run([*uv, "venv", "--relocatable", "--python", sys.executable, str(part)], check=True)
    required = ["--require-hashes", "-r", str(_lock(environment))]
    subprocess.run([*uv, "pip", "install", "--python", str(part / "bin" / "python"), *required], check=True)
    part.replace(place)


def _lock(environment: str) -> Path:
    return _ROOT / f"requirements-{environment}.lock"


if __name__ == "__main__":
    for each in ENVIRONMENTS:
        install(each)

"""Another git revision of a project, checked out beside it for a while."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class RevisionError(Exception):
    """The revision cannot be had. The message is one line."""


@dataclass(frozen=True)
class Checkout:
    """A revision on disk."""

    name: str
    """As the user wrote it."""
    commit: str
    root: Path
    """The folder that holds the revision."""
    repository: Path
    """The top of the working tree that it is a revision of."""

    def counterpart(self, path: Path) -> Path:
        """The path of the revision that stands for one of the working tree."""
        return self.root / path.resolve().relative_to(self.repository)

    def paths(self) -> tuple[Path, ...]:
        """Where imports that come from the working tree, such as a library installed in place, are found in the revision."""
        inside = [Path(each).resolve() for each in sys.path if each]
        return tuple(
            self.counterpart(each)
            for each in inside
            if each.is_relative_to(self.repository) and "site-packages" not in each.parts and each.is_dir()
        )


@contextlib.contextmanager
def checkout(project: Path, name: str) -> Iterator[Checkout]:
    """The revision in a temporary git worktree, which is removed afterwards. Raises RevisionError.

    What git ignores and the working tree has, models for instance, is linked into it: both sides of a comparison use the same.
    """
    if shutil.which("git") is None:
        raise RevisionError("git is not installed, and a revision is read with it")
    repository = top(project)
    commit = _commit(repository, name)
    with tempfile.TemporaryDirectory(prefix="modelinfra-base-") as folder:
        root = Path(folder).resolve() / "tree"
        # No hook of the repository runs on a checkout that nobody works in.
        quiet = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")
        made = git(repository, *quiet, "worktree", "add", "--quiet", "--detach", str(root), commit)
        try:
            if made.returncode:
                raise RevisionError(f"{name} cannot be checked out: {_last_line(made.stderr)}")
            _link_ignored(repository, root)
            yield Checkout(name, commit, root, repository)
        finally:
            git(repository, "worktree", "remove", "--force", str(root))
            git(repository, "worktree", "prune")


def changed_files(repository: Path, name: str) -> tuple[str, ...]:
    """What differs between a revision and the working tree, as git names it from the top; what git ignores is not seen. Raises RevisionError."""
    commit = _commit(repository, name)
    diff = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=none", "-z", commit, "--")
    found: set[str] = set()
    for asked in (diff, ("ls-files", "--others", "--exclude-standard", "-z")):
        said = git(repository, *asked)
        if said.returncode:
            raise RevisionError(f"{name} cannot be compared with: {_last_line(said.stderr)}")
        found |= set(filter(None, said.stdout.split("\0")))
    return tuple(sorted(found))


def top(project: Path) -> Path:
    """The top of the working tree around a project. Raises RevisionError."""
    found = git(project, "rev-parse", "--show-toplevel")
    if found.returncode:
        raise RevisionError(f"{project} is not in a git repository, so it has no revision to compare with")
    return Path(found.stdout.strip()).resolve()


def _commit(repository: Path, name: str) -> str:
    found = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode:
        raise RevisionError(
            f"there is no revision {name!r} in {repository}. In a shallow clone, `git fetch origin {name}` gets it"
        )
    return found.stdout.strip()


def _link_ignored(repository: Path, root: Path) -> None:
    """Not hidden folders (environments, caches) and bytecode: they belong to the working tree."""
    listed = git(repository, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    for each in filter(None, listed.stdout.split("\0")):
        path = Path(each)
        hidden = any(part.startswith(".") or part in ("__pycache__", "venv", "node_modules") for part in path.parts)
        there = root / path
        if hidden or path.suffix in (".pyc", ".egg-info") or there.exists() or not (repository / path).exists():
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(repository / path)


# Git tells the hooks that it runs where it works; here the folder says it.
_OF_HOOKS = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"})


def git(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What git says in a folder; whether it could is its return code."""
    return subprocess.run(
        ["git", "-C", str(where), *arguments],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        env={key: value for key, value in os.environ.items() if key not in _OF_HOOKS},
    )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["git said nothing"])[-1]

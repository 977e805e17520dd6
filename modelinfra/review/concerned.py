"""Which stacks of a project the files that were touched since a revision can concern."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from modelinfra.review.revision import changed_files, top

QUIET_FOLDERS: Final = ("docs", "tests")
"""At the top of the repository and of the project: what lies in them concerns no stack, unless the project's files name them."""

_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>.+)\.yaml", re.DOTALL)


def stacks_in(config: Path) -> tuple[str, ...]:
    """The stacks that have a file in a folder, sorted."""
    return tuple(sorted(filter(None, (_stack(each.name) for each in config.glob("Pulumi.*.yaml") if each.is_file()))))


class ProjectFiles:
    """A project as far as it decides what a file concerns. config: the folder of its stack files. Raises RevisionError outside of git."""

    def __init__(self, project: Path, config: Path) -> None:
        self.repository = top(project)
        self.project = self._place(project)
        # Of stack files outside of the repository nobody can say whether they were touched.
        self.blind = not config.resolve().is_relative_to(self.repository)
        self.config = self.project if self.blind else self._place(config)
        self.stacks = stacks_in(config)
        # One file behind several names is not told apart.
        self.linked = any(each.is_symlink() for each in config.glob("Pulumi.*.yaml"))
        self.quiet = tuple(self._quiet(project, config))

    def touched(self, files: Iterable[str]) -> tuple[str, ...]:
        """The stacks that these files of the repository can concern, sorted.

        A stack file concerns its own stack. Everything else concerns all of them: program, lock files, models, the workflows that review.
        Only what lies in `docs` and `tests` concerns none.
        """
        if self.blind:
            return self.stacks
        found: set[str] = set()
        for file in map(PurePosixPath, files):
            own = "" if self.linked or file.parent != self.config else _stack(file.name)
            if own:
                # That of a stack that is gone concerns nobody: there is nothing left to review.
                found |= {own} & set(self.stacks)
            elif not any(folder in file.parents for folder in self.quiet):
                return self.stacks
        return tuple(sorted(found))

    def since(self, revision: str) -> tuple[str, ...]:
        """The stacks that the working tree's difference from a revision can concern. Raises RevisionError."""
        return self.touched(changed_files(self.repository, revision))

    def _place(self, folder: Path) -> PurePosixPath:
        return PurePosixPath(folder.resolve().relative_to(self.repository).as_posix())

    def _quiet(self, project: Path, config: Path) -> Iterable[PurePosixPath]:
        settings = [project / "Pulumi.yaml", *sorted(config.glob("Pulumi.*"))]
        text = "\n".join(each.read_text(encoding="utf-8", errors="replace") for each in settings if each.is_file())
        for name in QUIET_FOLDERS:
            # A model or a program in such a folder is named by the project's files.
            if re.search(rf"(?<![\w-]){name}(?![\w-])", text):
                continue
            for folder in dict.fromkeys((PurePosixPath(name), self.project / name)):
                if not self.project.is_relative_to(folder) and not self.config.is_relative_to(folder):
                    yield folder


def _stack(name: str) -> str:
    found = _STACK_FILE.fullmatch(name)
    return found["stack"] if found is not None else ""

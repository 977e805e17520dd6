"""What a look at a model's directory finds, and how it says that a server could not serve it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


class ModelDirectoryError(ValueError):
    """A model directory that cannot be served: `fact` was seen, `reason` is why it cannot work, `remedy` what to do."""

    def __init__(self, fact: str, reason: str, remedy: str) -> None:
        super().__init__(f"{fact}: {reason}. {remedy}.")
        self.fact = fact
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class FoundModel:
    """A model as its server will know it.

    name: the name in the prediction URL. file: the file or folder that the server is pointed at, relative to the directory; empty
    where it is pointed at the directory. shared_memory_because: why this model needs shared memory though its server does not.
    """

    name: str
    file: str = ""
    shared_memory_because: str = ""


@dataclass(frozen=True, eq=False)
class Layout:
    """How a model's directory must look for a server.

    wants: in words, for people. check: looks at a directory (first argument) that will lie at a path in the container (second
    argument); raises ModelDirectoryError when the server would not find, load or serve the model.
    """

    wants: str
    check: Callable[[Path, str], FoundModel]


def existing(directory: Path) -> Path:
    """The directory, resolved; raises ModelDirectoryError when it is none."""
    if not directory.is_dir():
        fact = f"{directory} is a file" if directory.exists() else f"there is no directory {directory}"
        raise ModelDirectoryError(
            fact,
            "a local model is a directory that is copied into the image",
            "Name the directory that holds the model's files",
        )
    return directory.resolve()


def visible(root: Path) -> Iterator[Path]:
    """The entries of a folder in the order of their names, hidden ones aside."""
    return (path for path in sorted(root.iterdir()) if not path.name.startswith("."))


def name_of_folder(directory: Path) -> str:
    """The model's name, where the server asks for one and the files hold none: that of its folder."""
    return checked_name(existing(directory).name, f"the folder of {directory}", "Rename the folder")


def checked_name(name: str, whose: str, remedy: str) -> str:
    """A name that can stand in a URL; raises ModelDirectoryError for any other."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ModelDirectoryError(
            f"{whose} names the model {name!r}",
            "the name is a part of the prediction URL's path",
            f"{remedy}: letters, digits, '.', '_' and '-' only, beginning with a letter or digit",
        )
    return name


def only_file(directory: Path, endings: tuple[str, ...], server: str) -> str:
    """The one file with one of these endings; raises ModelDirectoryError when there is none, or more than one."""
    found = [path.name for path in visible(existing(directory)) if path.is_file() and path.name.endswith(endings)]
    wanted = " or ".join(endings)
    if not found:
        raise ModelDirectoryError(
            f"there is no {wanted} file in {directory}", f"{server} loads such a file", "Put the model's file into it"
        )
    if len(found) > 1:
        raise ModelDirectoryError(
            f"{directory} holds {' and '.join(found[:3])}",
            f"{server} serves one {wanted} file for each endpoint",
            "Keep one of them",
        )
    return found[0]

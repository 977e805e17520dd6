"""A model that lies in a local directory: its size and a digest of its content. How it must look is in `layouts`."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelinfra.catalog.layouts.found import ModelDirectoryError, existing
from modelinfra.catalog.layouts.mlserver import MLSERVER_FOLDER, SETTINGS_FILE

__all__ = ["SETTINGS_FILE", "ModelDirectory", "ModelDirectoryError", "measure", "model_name"]


@dataclass(frozen=True)
class ModelDirectory:
    """A measured directory. path: as given; bytes: total of its files; sha256: hex digest over names and contents."""

    path: Path
    bytes: int
    sha256: str


def measure(directory: Path) -> ModelDirectory:
    """Total size and content digest of everything below `directory`.

    The digest depends on relative paths and contents only, never on time stamps, owners, modes or the order in which
    the file system lists them. Nothing is ignored: what is in the folder is copied into the image. Symbolic links
    that stay inside are kept as links, as a container build does. Raises ModelDirectoryError for a missing or empty
    directory, for links that are absolute, dangling or lead outside, and for anything that is neither file, folder
    nor link.
    """
    root = existing(directory)
    digest = hashlib.sha256()
    total = files = 0
    try:
        for relative, path in sorted(_entries(root)):
            if path.is_symlink():
                kind, content = "link", os.fsencode(_inner_link(root, directory, path))
            else:
                kind, content = "file", bytes.fromhex(_file_sha256(path))
                total += path.stat().st_size
                files += 1
            name = os.fsencode(relative)
            # Lengths before contents: no two different trees give the same stream.
            digest.update(f"{kind} {len(name)} {len(content)}\n".encode() + name + content)
    except OSError as error:
        raise ModelDirectoryError(
            f"{error.filename} cannot be read ({error.strerror})",
            "the digest and the image need every file of the model",
            "Give this user the right to read it",
        ) from error
    if not files:
        raise ModelDirectoryError(
            f"the model directory {directory} holds no file",
            "there is nothing to serve",
            "Put the model into it, or name the directory that has it",
        )
    return ModelDirectory(path=directory, bytes=total, sha256=digest.hexdigest())


def model_name(directory: Path) -> str:
    """The name under which MLServer serves the model in `directory`. Raises ModelDirectoryError when it would not."""
    return MLSERVER_FOLDER.check(directory, "/mnt/models").name


def _entries(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(root, onerror=_raise):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in [*names, *links]:
            path = Path(folder) / name
            if not path.is_symlink() and not stat.S_ISREG(path.stat().st_mode):
                raise ModelDirectoryError(
                    f"{path} is neither a file nor a folder",
                    "it cannot be copied into an image",
                    "Remove it from the model directory",
                )
            yield path.relative_to(root).as_posix(), path


def _inner_link(root: Path, directory: Path, path: Path) -> str:
    target = os.readlink(path)
    shown = directory / path.relative_to(root)
    # Lexically: a link such as ../digits/model would come back here, but not in the container, where the folder is
    # called otherwise.
    lexical = os.path.normpath(os.path.join(path.relative_to(root).parent, target))
    if os.path.isabs(target) or lexical.split(os.sep)[0] == os.pardir:
        raise ModelDirectoryError(
            f"{shown} is a link to {target}",
            "it leads out of the model directory, and only that directory is copied into the image",
            "Replace the link with the file itself",
        )
    if not os.path.exists(path):
        raise ModelDirectoryError(
            f"{shown} is a link to {target}, which does not exist",
            "the server would not find the file",
            "Remove the link or restore its target",
        )
    return target


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _raise(error: OSError) -> None:
    # os.walk skips unreadable folders silently unless told otherwise; a digest over a part would be a lie.
    raise error

"""A model that lies in a local directory: its size, a digest of its content, and the name that MLServer gives it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from modelinfra.catalog.servers import MLSERVER

SETTINGS_FILE = "model-settings.json"


class ModelDirectoryError(ValueError):
    """A model directory that cannot be served: `fact` was seen, `reason` is why it cannot work, `remedy` what to do."""

    def __init__(self, fact: str, reason: str, remedy: str) -> None:
        super().__init__(f"{fact}: {reason}. {remedy}.")
        self.fact = fact
        self.reason = reason
        self.remedy = remedy


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
    root = _existing(directory)
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
    """The name under which MLServer serves the model in `directory`: `name` of its model-settings.json.

    Raises ModelDirectoryError when MLServer would not find, load or serve it: no settings file, not a JSON object, no
    or an unusable name, no implementation, or a model file (`parameters.uri`) that is not in the directory.
    """
    root = _existing(directory)
    settings = _settings(root, directory)
    name = settings.get("name")
    if not isinstance(name, str) or not name:
        raise ModelDirectoryError(
            f"{directory / SETTINGS_FILE} has no name",
            "MLServer serves a model under the name in this file, and the prediction URL is made of it",
            'Add "name": "<model>" to it',
        )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ModelDirectoryError(
            f"{directory / SETTINGS_FILE} names the model {name!r}",
            "the name is a part of the prediction URL's path",
            "Use letters, digits, '.', '_' and '-' only, beginning with a letter or digit",
        )
    implementation = settings.get("implementation")
    if not isinstance(implementation, str) or not implementation:
        raise ModelDirectoryError(
            f"{directory / SETTINGS_FILE} has no implementation",
            "MLServer does not guess how to load a model",
            'Add the class that loads it, for scikit-learn "implementation": "mlserver_sklearn.SKLearnModel"',
        )
    _check_uri(settings, root, directory)
    return name


def _existing(directory: Path) -> Path:
    if not directory.is_dir():
        fact = f"{directory} is a file" if directory.exists() else f"there is no directory {directory}"
        raise ModelDirectoryError(
            fact,
            "a local model is a directory that is copied into the image",
            "Name the directory that holds the model's files",
        )
    return directory.resolve()


def _settings(root: Path, directory: Path) -> dict[str, object]:
    path = root / SETTINGS_FILE
    if not path.is_file():
        raise ModelDirectoryError(
            f"there is no {SETTINGS_FILE} in {directory}",
            "MLServer finds models by this file and starts empty without it",
            'Write one, for scikit-learn {"name": "<model>", "implementation": "mlserver_sklearn.SKLearnModel", '
            '"parameters": {"uri": "./model.joblib"}}',
        )
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelDirectoryError(
            f"{directory / SETTINGS_FILE} is not JSON ({error})",
            "MLServer cannot read it and starts without the model",
            "Correct the file at that place",
        ) from None
    if not isinstance(settings, dict):
        raise ModelDirectoryError(
            f"{directory / SETTINGS_FILE} is JSON, but a {type(settings).__name__}",
            "MLServer expects an object",
            'Write an object with "name" and "implementation"',
        )
    return settings


def _check_uri(settings: dict[str, object], root: Path, directory: Path) -> None:
    parameters = settings.get("parameters")
    uri = parameters.get("uri") if isinstance(parameters, dict) else None
    if not isinstance(uri, str) or not uri or "://" in uri:
        return
    served = PurePosixPath(MLSERVER.model_directory)
    given = PurePosixPath(uri)
    if given.is_absolute():
        if not given.is_relative_to(served):
            raise ModelDirectoryError(
                f"{directory / SETTINGS_FILE} points at {uri}",
                "only the model directory is copied into the image",
                'Put the file into the directory and point at it relatively, as "./model.joblib"',
            )
        given = given.relative_to(served)
    if not (root / given).exists():
        raise ModelDirectoryError(
            f"{directory / SETTINGS_FILE} points at {uri}, which is not in {directory}",
            "MLServer would fail to load the model",
            "Put the file there, or correct parameters.uri",
        )


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

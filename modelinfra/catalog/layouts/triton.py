"""Triton's layouts: a model repository, one folder per model, in it numeric version folders; and such a folder by itself."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from modelinfra.catalog.layouts.found import (
    FoundModel,
    Layout,
    ModelDirectoryError,
    checked_name,
    existing,
    visible,
)

_CONFIG = "config.pbtxt"


def _check(directory: Path, served_at: str) -> FoundModel:
    root = existing(directory)
    models = [path for path in visible(root) if path.is_dir()]
    if (root / _CONFIG).is_file() or any(path.name.isdecimal() for path in models):
        raise ModelDirectoryError(
            f"{directory} is a model, not a repository of models",
            "Triton loads the folders below its repository, each a model of that name",
            "Put the model into a folder of its own below the directory",
        )
    if not models:
        raise ModelDirectoryError(
            f"{directory} has no folder",
            "Triton's repository has one folder for each model and starts empty without",
            "Lay it out as NAME/config.pbtxt and NAME/1/model.onnx, or as its backend wants",
        )
    for model in models:
        _has_a_version(model, directory / model.name)
    return FoundModel(_asked(directory, models), shared_memory_because=_python_backend(directory, models))


def _check_model(directory: Path, served_at: str) -> FoundModel:
    """The model's name is that of the folder that it is copied to; where config.pbtxt has a name, Triton wants the same there."""
    root = existing(directory)
    _has_a_version(root, directory)
    config = root / _CONFIG
    said = re.search(
        r'^name\s*:\s*"([^"]*)"', config.read_text(errors="replace") if config.is_file() else "", re.MULTILINE
    )
    name = said[1] if said else PurePosixPath(served_at).name
    return FoundModel(
        checked_name(name, str(directory / _CONFIG), "Correct it"),
        shared_memory_because=_shared_memory(directory) if _needs_python(root) else "",
    )


def _has_a_version(model: Path, shown: Path) -> None:
    if not any(path.is_dir() and path.name.isdecimal() for path in visible(model)):
        raise ModelDirectoryError(
            f"{shown} has no folder whose name is a number",
            "Triton loads a version of a model, and only a numeric folder is one",
            "Put the model's file into a folder such as 1 below it (an ensemble has an empty one)",
        )


def _asked(directory: Path, models: list[Path]) -> str:
    names = [path.name for path in models]
    if len(names) > 1 and existing(directory).name not in names:
        raise ModelDirectoryError(
            f"{directory} holds {', '.join(names[:4])}",
            "it does not say which of them the prediction URL asks for",
            "Give the directory the name of that model",
        )
    name = names[0] if len(names) == 1 else existing(directory).name
    return checked_name(name, f"a folder of {directory}", "Rename the folder")


def _python_backend(directory: Path, models: list[Path]) -> str:
    return next((_shared_memory(directory / model.name) for model in models if _needs_python(model)), "")


def _needs_python(model: Path) -> bool:
    config = model / _CONFIG
    text = config.read_text(errors="replace") if config.is_file() else ""
    return re.search(r'^\s*backend\s*:\s*"python"', text, re.MULTILINE) is not None


def _shared_memory(shown: Path) -> str:
    return f"{shown} uses Triton's Python backend, which talks to its processes through shared memory"


TRITON_REPOSITORY = Layout("a model repository: NAME/config.pbtxt and NAME/1/ with the backend's file", _check)

TRITON_MODEL = Layout("config.pbtxt and 1/ with the backend's file", _check_model)
"""One of several, which together become a repository."""

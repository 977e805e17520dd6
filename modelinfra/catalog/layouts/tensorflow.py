"""TensorFlow Serving's layout: numeric version folders, each with a SavedModel."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from modelinfra.catalog.layouts.found import FoundModel, Layout, ModelDirectoryError, existing, name_of_folder, visible

_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")


def _check(directory: Path, served_at: str) -> FoundModel:
    _versions(directory)
    return FoundModel(name_of_folder(directory))


def _check_of_several(directory: Path, served_at: str) -> FoundModel:
    _versions(directory)
    return FoundModel(PurePosixPath(served_at).name)


def _versions(directory: Path) -> None:
    root = existing(directory)
    versions = [path for path in visible(root) if path.is_dir() and path.name.isascii() and path.name.isdecimal()]
    if not versions:
        raise ModelDirectoryError(
            f"{directory} has no folder whose name is a number",
            "TensorFlow Serving takes each such folder for a version and loads the highest; without one it waits for ever",
            "Export the SavedModel into a folder such as 1 below it",
        )
    for version in versions:
        if not any((version / name).is_file() for name in _SAVED_MODEL):
            raise ModelDirectoryError(
                f"there is no saved_model.pb in {directory / version.name}",
                "a version is a SavedModel",
                "Export it with tf.saved_model.save or model.export",
            )


VERSIONED_SAVED_MODEL = Layout(
    "numeric version folders, each with saved_model.pb; the folder's name is the model's", _check
)

NAMED_ELSEWHERE = Layout("numeric version folders, each with saved_model.pb", _check_of_several)
"""One of several: a configuration file says its name."""

"""MLServer's layout: a folder with model-settings.json."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath

from modelinfra.catalog.layouts.found import FoundModel, Layout, ModelDirectoryError, existing

SETTINGS_FILE = "model-settings.json"


def _check(directory: Path, served_at: str) -> FoundModel:
    """The name is `name` of model-settings.json.

    Refused when MLServer would not find, load or serve the model: no settings file, not a JSON object, no or an unusable name, no
    implementation, or a model file (`parameters.uri`) that is not in the directory.
    """
    root = existing(directory)
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
    _check_uri(settings, root, directory, served_at)
    return FoundModel(name)


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


def _check_uri(settings: dict[str, object], root: Path, directory: Path, served_at: str) -> None:
    parameters = settings.get("parameters")
    uri = parameters.get("uri") if isinstance(parameters, dict) else None
    if not isinstance(uri, str) or not uri or "://" in uri:
        return
    served = PurePosixPath(served_at)
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


MLSERVER_FOLDER = Layout("a folder with model-settings.json (name, implementation, parameters.uri)", _check)

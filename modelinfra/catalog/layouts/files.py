"""Layouts that are one file, or a folder as a tool writes it."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import yaml

from modelinfra.catalog.layouts.found import (
    FoundModel,
    Layout,
    ModelDirectoryError,
    checked_name,
    existing,
    name_of_folder,
    only_file,
    visible,
)

RAY_CONFIG = "serve_config.yaml"
_WEIGHTS = (".safetensors", ".bin", ".pt")


def one_file(server: str, *endings: str) -> Layout:
    """A folder with exactly one file of these endings."""

    def check(directory: Path, served_at: str) -> FoundModel:
        return FoundModel(name_of_folder(directory), only_file(directory, endings, server))

    return Layout(f"a folder with one {' or '.join(endings)} file; the folder's name is the model's", check)


def _archive(directory: Path, served_at: str) -> FoundModel:
    file = only_file(directory, (".mar",), "TorchServe")
    name = checked_name(PurePosixPath(file).stem, str(directory / file), "Rename the archive")
    return FoundModel(name, file)


def _hugging_face(directory: Path, served_at: str) -> FoundModel:
    root = existing(directory)
    if not (root / "config.json").is_file():
        raise ModelDirectoryError(
            f"there is no config.json in {directory}",
            "the server reads the model's architecture from it",
            "Save the model with save_pretrained, or download the whole repository",
        )
    if not any(path.name.endswith(_WEIGHTS) for path in visible(root)):
        raise ModelDirectoryError(
            f"there are no weights in {directory}",
            f"the server loads files that end in {', '.join(_WEIGHTS)}",
            "Download them too; files of Git LFS that were not fetched are missing or tiny",
        )
    return FoundModel(name_of_folder(directory))


def _gguf(directory: Path, served_at: str) -> FoundModel:
    files = [path.name for path in visible(existing(directory)) if path.name.endswith(".gguf")]
    shards = [name for name in files if re.search(r"-\d{5}-of-\d{5}\.gguf$", name)]
    if shards and shards == files and len(shards) == int(shards[0][-10:-5]):
        return FoundModel(name_of_folder(directory), shards[0])  # llama.cpp finds the others beside the first
    return FoundModel(name_of_folder(directory), only_file(directory, (".gguf",), "llama.cpp"))


def _ray(directory: Path, served_at: str) -> FoundModel:
    root = existing(directory)
    path = root / RAY_CONFIG
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelDirectoryError(f"{directory / RAY_CONFIG} is not YAML", str(error), "Correct it") from None
    applications = config.get("applications") if isinstance(config, dict) else None
    if not isinstance(applications, list) or len(applications) != 1 or not isinstance(applications[0], dict):
        raise ModelDirectoryError(
            f"there is no {RAY_CONFIG} with one application in {directory}",
            "Ray Serve starts what it names, and the prediction URL is that application's",
            f"Write it with `serve build MODULE:app -o {RAY_CONFIG}`, beside the module",
        )
    assert isinstance(config, dict)
    options = config.get("http_options") or {}
    if options.get("host", "0.0.0.0") != "0.0.0.0" or options.get("port", 8000) != 8000:
        raise ModelDirectoryError(
            f"{directory / RAY_CONFIG} listens on {options.get('host', '0.0.0.0')}:{options.get('port', 8000)}",
            "the load balancer knocks at port 8000 of the task's own address",
            "Write http_options: {host: 0.0.0.0, port: 8000}",
        )
    route = str(applications[0].get("route_prefix", "/")).strip("/")
    if not route:
        raise ModelDirectoryError(
            f"the application in {directory / RAY_CONFIG} is at /",
            "the prediction URL is made of its route, and Ray's own paths begin at / as well",
            "Give it a route_prefix such as /predict",
        )
    return FoundModel(checked_name(route, str(directory / RAY_CONFIG), "Choose another route_prefix"), RAY_CONFIG)


def _anything(directory: Path, served_at: str) -> FoundModel:
    existing(directory)
    return FoundModel(name_of_folder(directory))


TORCH_ARCHIVE = Layout("a folder with one .mar archive; the archive's name is the model's", _archive)
HUGGING_FACE = Layout("config.json, tokenizer and weights as save_pretrained writes them", _hugging_face)
GGUF = Layout("a folder with one .gguf file, or all shards of one", _gguf)
RAY_APPLICATION = Layout(f"{RAY_CONFIG} with one application, and its Python modules", _ray)
ANY_DIRECTORY = Layout("any folder; its name is the model's", _anything)

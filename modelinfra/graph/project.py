"""Captures a Pulumi project from its folder: Pulumi.yaml, the stack's configuration and the program they name."""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from modelinfra import engine_yaml
from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from modelinfra.graph.monitor import Invokes
from modelinfra.graph.stack_folder import stack_folder


class ProjectError(Exception):
    """The folder holds no project or stack that could be captured."""


@dataclass
class Project:
    """What a project's files say for one stack."""

    name: str
    stack: str
    directory: Path
    program: Path
    """The folder or file that is run."""
    config: dict[str, str] = field(default_factory=dict)
    secret_keys: list[str] = field(default_factory=list)
    """Keys whose value is encrypted; `config` says only that there is one."""


def capture_project(
    directory: str | os.PathLike[str],
    stack: str,
    *,
    preview: bool = True,
    config: Mapping[str, Any] | None = None,
    invokes: Invokes | None = None,
) -> Graph:
    """Capture the project in `directory` with the configuration of `stack`; see `modelinfra.graph.capture.capture`.

    `config` overrides the stack's. Raises ProjectError for a folder without project or stack file.
    """
    project = load_project(directory, stack, config=config)
    with _in_program_folder(project):
        return capture(
            lambda: _run(project.program),
            project=project.name,
            stack=stack,
            config=project.config,
            secret_keys=project.secret_keys,
            preview=preview,
            invokes=invokes,
            root_directory=str(project.directory),
        )


def load_project(directory: str | os.PathLike[str], stack: str, *, config: Mapping[str, Any] | None = None) -> Project:
    """Read Pulumi.yaml and Pulumi.STACK.yaml, as the engine does. Raises ProjectError."""
    root = Path(directory).resolve()
    document = _yaml(root / "Pulumi.yaml", "no Pulumi project")
    name = document.get("name")
    if not isinstance(name, str):
        raise ProjectError(f"{root / 'Pulumi.yaml'}: 'name' is missing")
    runtime = document.get("runtime")
    language = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if language not in (None, "python"):
        raise ProjectError(f"{root / 'Pulumi.yaml'}: a program in {language} cannot be captured, only one in python")
    project = Project(name, stack, root, root / str(document.get("main") or ""))
    declared = document.get("config")
    for key, value in (declared if isinstance(declared, Mapping) else {}).items():
        _declare(project, str(key), value)
    stack_file = root / stack_folder(document) / f"Pulumi.{stack}.yaml"
    values = _yaml(stack_file, f"no stack {stack!r}").get("config") or {}
    for key, value in {**values, **(config or {})}.items():
        _put(project, str(key), value)
    return project


def _yaml(path: Path, missing: str) -> dict[str, Any]:
    try:
        document = engine_yaml.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"{missing}: {path} does not exist") from None
    except yaml.YAMLError as error:
        raise ProjectError(f"{path} is not YAML: {error}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ProjectError(f"{path} must hold a mapping, not a {type(document).__name__}")
    return document


def _declare(project: Project, key: str, declaration: Any) -> None:
    described = isinstance(declaration, Mapping) and {"type", "default", "value", "description", "secret"} & set(
        declaration
    )
    if not described:
        _put(project, key, declaration)
        return
    if "value" in declaration or "default" in declaration:
        _put(project, key, declaration.get("value", declaration.get("default")))
        if declaration.get("secret"):
            project.secret_keys.append(_full(project, key))


def _put(project: Project, key: str, value: Any) -> None:
    full = _full(project, key)
    hidden: list[bool] = []

    def reveal(part: Any) -> Any:
        if isinstance(part, Mapping):
            if set(part) == {"secure"}:
                hidden.append(True)
                return f"[secret {full}]"
            return {name: reveal(item) for name, item in part.items()}
        return [reveal(item) for item in part] if isinstance(part, list) else part

    shown = reveal(value)
    # A date that nobody put in quotes is text.
    project.config[full] = shown if isinstance(shown, str) else json.dumps(shown, default=str)
    if hidden:
        project.secret_keys.append(full)


def _full(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _run(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


@contextlib.contextmanager
def _in_program_folder(project: Project) -> Iterator[None]:
    folder = project.program if project.program.is_dir() else project.program.parent
    if not folder.is_dir():
        raise ProjectError(f"the program of project {project.name!r} does not exist: {project.program}")
    modules, cwd, path, argv = set(sys.modules), Path.cwd(), list(sys.path), list(sys.argv)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = [str(project.program)]
    try:
        yield
    finally:
        os.chdir(cwd)
        sys.path[:] = path
        sys.argv = argv
        # The project's own modules are forgotten so that another project's modules of the same name are found.
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder) and "site-packages" not in file:
                # An installed-in-place library inside the project folder is no part of the program.
                if name.split(".")[0] == "modelinfra":
                    continue
                del sys.modules[name]

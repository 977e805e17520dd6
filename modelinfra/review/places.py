"""Where what a finding is about was written: the line of the stack's file that names its component, else the line of the program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import yaml

from modelinfra.graph.model import Graph, Node
from modelinfra.review.findings.words import bare_name
from modelinfra.review.touched import ENVIRONMENT


@dataclass(frozen=True)
class Place:
    """file: from the top of the repository, with slashes. line: counted from 1."""

    file: str
    line: int


@dataclass(frozen=True)
class Places:
    """Of one project. top: the repository, or the project where it is in none. stack_file: it may lie outside of the repository, and has no place then."""

    top: Path
    project: Path
    stack_file: Path

    @property
    def whole(self) -> Place:
        """Where what has no line of its own is shown: the first line of the stack's file, else of Pulumi.yaml."""
        return self._of_stack_file(1) or Place((self.project / "Pulumi.yaml").relative_to(self.top).as_posix(), 1)

    def of_item(self, key: str, index: int) -> Place | None:
        """The place of one item of a list in the stack's configuration; None where it is not written there."""
        entries = _below(_below(self._written, "config"), key)
        items = entries.value if isinstance(entries, yaml.SequenceNode) else []
        return self._of_stack_file(items[index].start_mark.line + 1) if index < len(items) else None

    def of(self, urn: str, *graphs: Graph) -> Place | None:
        """The place of a resource, by the first graph that holds it; None where nothing says it."""
        graph = next((each for each in graphs if urn in each), None)
        if graph is None:
            return None
        for name in _names(graph, graph[urn]):
            line = self._lines.get(name)
            place = self._of_stack_file(line) if line is not None else None
            if place is not None:
                return place
        return self._of_program(graph[urn].source)

    @cached_property
    def _written(self) -> yaml.Node | None:
        try:
            return yaml.compose(self.stack_file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            return None

    @cached_property
    def _lines(self) -> dict[str, int]:
        return dict(_keys(self._written))

    def _of_stack_file(self, line: int) -> Place | None:
        if not self.stack_file.is_relative_to(self.top):
            return None
        return Place(self.stack_file.relative_to(self.top).as_posix(), line)

    def _of_program(self, source: str) -> Place | None:
        file, _, position = source.partition("#")
        line = position.partition(",")[0]
        # A URI, in the engine's state relative to the project: a space in a path is written %20.
        file = unquote(file.removeprefix("file://"))
        path = (self.project / file).resolve()
        # A line of the library, or of another package, is nothing that the author of the change wrote.
        if not file or not line.isdigit() or not path.is_file() or not path.is_relative_to(self.top):
            return None
        if any(part.startswith(".") or part == "site-packages" for part in path.relative_to(self.top).parts):
            return None
        return Place(path.relative_to(self.top).as_posix(), int(line))


def places(project: Path, stack_file: Path) -> Places:
    """For a project on disk; the repository is the nearest folder above with `.git`."""
    here = project.resolve()
    top = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    # A file that is a link is shown by its own name, wherever it points to.
    return Places(top, here, stack_file.parent.resolve() / stack_file.name)


def _names(graph: Graph, node: Node) -> Iterator[str]:
    """The names of the components around a resource as a stack's file writes them, the innermost first."""
    here: Node | None = node
    while here is not None:
        if not here.custom:
            yield bare_name(graph, here)
        here = graph.nodes.get(here.parent)


def _keys(written: yaml.Node | None) -> Iterator[tuple[str, int]]:
    """Every key of an environment and of the parts within it, with its line; of two the first."""
    found: dict[str, int] = {}
    environment = _below(_below(written, "config"), ENVIRONMENT)
    for key, value in _entries(environment):
        for name, _ in _entries(value):
            found.setdefault(str(name.value), name.start_mark.line + 1)
        found.setdefault(str(key.value), key.start_mark.line + 1)
    yield from found.items()


def _below(node: yaml.Node | None, key: str) -> yaml.Node | None:
    return next((value for name, value in _entries(node) if name.value == key), None)


def _entries(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []

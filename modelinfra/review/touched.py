"""Which files differ from a git revision, and which keys of a stack's own file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modelinfra import engine_yaml
from modelinfra.review.revision import Checkout, changed_files

ENVIRONMENT = "modelinfra:environment"


@dataclass(frozen=True)
class Touched:
    """files: paths from the top of the repository, sorted. keys: paths in the stack's own file that differ, such as `config.modelinfra:environment.endpoints.chat`."""

    files: tuple[str, ...]
    keys: tuple[str, ...]
    stack_file: str


def touched(base: Checkout, stack_file: Path) -> Touched:
    """What the working tree changes since the revision: what git tracks, and what it neither tracks nor ignores."""
    files = changed_files(base.repository, base.commit)
    real = stack_file.resolve()
    # A link out of the repository is known by its own name only.
    named = real if real.is_relative_to(base.repository) else stack_file.parent.resolve() / stack_file.name
    own = named.relative_to(base.repository).as_posix()
    keys = tuple(differing(_read(base.root / own), _read(stack_file))) if own in files else ()
    return Touched(files, keys, own)


def differing(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The shortest paths of the keys that differ, sorted."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=str):
            yield from differing(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    elif before != after:
        yield path


def _read(path: Path) -> Any:
    try:
        return engine_yaml.read(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        # The capture says what is wrong with the file; here everything in it is new.
        return {}

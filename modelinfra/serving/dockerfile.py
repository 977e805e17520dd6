"""Reads the few Dockerfile instructions that say how a container starts."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

# What changes files in the image in a way that cannot be followed without building it.
_BUILT = frozenset({"RUN", "ADD", "ARG", "ONBUILD", "SHELL", "VOLUME"})
_FILE_WITHIN = re.compile(r"""<<-?(["']?)(\w+)\1""")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_WITHOUT_EFFECT = frozenset({"EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL"})


@dataclass(frozen=True)
class Copy:
    """`COPY source destination`: source relative to the build context, destination absolute in the container."""

    source: PurePosixPath
    destination: PurePosixPath


@dataclass
class Dockerfile:
    """What the last stage of a Dockerfile says.

    base: image after FROM. environment: ENV. copies: COPY, in order. command, entrypoint: exec form, a shell form
    becomes `/bin/sh -c`; None when absent. user: USER. opaque: instructions whose effect only a build can show. stages: earlier
    ones by their names.
    """

    base: str
    environment: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    user: str | None = None
    opaque: list[str] = field(default_factory=list)
    stages: dict[str, Dockerfile] = field(default_factory=dict)


def parse(text: str) -> Dockerfile:
    """Reads a Dockerfile. Raises ValueError with the line when it has no FROM or an instruction cannot be read."""
    stage: Dockerfile | None = None
    named: dict[str, Dockerfile] = {}
    for number, line in _instructions(text):
        keyword, _, rest = line.partition(" ")
        keyword, rest = keyword.upper(), rest.strip()
        if keyword == "FROM":
            words = [word for word in rest.split() if not word.startswith("--")]
            if not words:
                raise ValueError(f"line {number}: FROM names no image")
            stage = Dockerfile(base=words[0], stages=named)
            if len(words) == 3 and words[1].upper() == "AS":
                named[words[2]] = stage
        elif stage is None:
            if keyword != "ARG":
                raise ValueError(f"line {number}: {keyword} comes before FROM")
        else:
            _apply(stage, number, keyword, rest)
    if stage is None:
        raise ValueError("there is no FROM")
    return stage


def _apply(stage: Dockerfile, number: int, keyword: str, rest: str) -> None:
    match keyword:
        case "ENV":
            words = _environment(number, rest)
            known = stage.environment
            used = {found[1] or found[2] for value in words.values() for found in _VARIABLE.finditer(value)}
            if used <= known.keys():
                expanded = {
                    name: _VARIABLE.sub(lambda found: known[found[1] or found[2]], value)
                    for name, value in words.items()
                }
                stage.environment.update(expanded)
            else:  # a variable of the base image, or unset
                stage.opaque.append(f"ENV {rest}")
        case "COPY":
            _copy(stage, number, rest)
        case "CMD":
            stage.command = _command(number, rest)
        case "ENTRYPOINT":
            stage.entrypoint = _command(number, rest)
        case "USER":
            stage.user = rest
        case "WORKDIR":
            # A relative command or path would depend on it.
            stage.opaque.append(f"WORKDIR {rest}")
        case _ if keyword in _BUILT:
            stage.opaque.append(f"{keyword} {rest}")
        case _ if keyword in _WITHOUT_EFFECT:
            pass
        case _:
            raise ValueError(f"line {number}: {keyword} is not a Dockerfile instruction")


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """(line number, instruction) with continuations joined, without comments, empty lines and files within."""
    parts: list[str] = []
    start = 0
    ends: list[str] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if ends:
            if line == ends[0]:
                ends.pop(0)
            continue
        if not line or line.startswith("#"):
            continue
        start = start if parts else number
        if line.endswith("\\"):
            parts.append(line[:-1].strip())
            continue
        parts.append(line)
        if line.split()[0].upper() in ("COPY", "ADD", "RUN"):
            ends = [found[2] for found in _FILE_WITHIN.finditer(line)]
        yield start, " ".join(parts)
        parts = []
    if parts:
        yield start, " ".join(parts)


def _environment(number: int, rest: str) -> dict[str, str]:
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise ValueError(f"line {number}: ENV {rest}: {error}") from None
    if words and "=" not in words[0]:
        words = [f"{words[0]}={' '.join(words[1:])}"]  # the old form: ENV NAME value
    result: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise ValueError(f"line {number}: ENV {rest}: {word!r} is not NAME=value")
        result[name] = value
    return result


def _copy(stage: Dockerfile, number: int, rest: str) -> None:
    flags = [word for word in rest.split() if word.startswith("--")]
    body = " ".join(word for word in rest.split() if not word.startswith("--"))
    words = _exec_form(body) or tuple(shlex.split(body))
    if len(words) < 2:
        raise ValueError(f"line {number}: COPY {rest}: needs a source and a destination")
    destination = PurePosixPath(words[-1])
    elsewhere = any(flag.startswith("--from") for flag in flags) or any(word.startswith("<<") for word in words)
    if elsewhere or not destination.is_absolute():
        stage.opaque.append(f"COPY {rest}")
        return
    for source in words[:-1]:
        stage.copies.append(Copy(PurePosixPath(source), destination))


def _command(number: int, rest: str) -> tuple[str, ...]:
    if rest.startswith("[") and (words := _exec_form(rest)) is not None:
        return words
    if not rest:
        raise ValueError(f"line {number}: the command is empty")
    return ("/bin/sh", "-c", rest)


def _exec_form(text: str) -> tuple[str, ...] | None:
    try:
        words = json.loads(text)
    except ValueError:
        return None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return tuple(words)
    return None

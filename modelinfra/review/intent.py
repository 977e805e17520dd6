"""Whether what changes is what its author set out to change: the files and keys that were touched, and what the author claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from modelinfra.graph.model import Graph, Node
from modelinfra.review.changes import Changes, ResourceChange
from modelinfra.review.context import Context
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import bare_name, called, listing, owner, plural
from modelinfra.review.touched import ENVIRONMENT, Touched

# Keys of an environment that hold parts by name; every other key concerns all of it.
_PARTS = ("endpoints", "platforms", "gpuNodePools", "edgeFleets", "tenants")
# What says how the stack is looked at, and changes nothing in it.
_BESIDE = ("config.modelinfra:usage", "config.modelinfra:exceptions")
_PROSE = (".md", ".rst", ".txt", ".svg", ".png")


def intended(changes: Changes, touched: Touched) -> Context:
    """What was touched, and which components change although nothing that was touched names them.

    A component is named by its key below `endpoints`, `platforms` and the like. Everything is named where the change touches a key that
    concerns the whole environment, or a file that may be part of the program; prose and the files of other stacks are not.
    """
    shown = listing(touched.files, 8) or "none"
    keys = f"; in {PurePosixPath(touched.stack_file).name}: {listing(touched.keys, 8)}" if touched.keys else ""
    note = f"Files that differ from the base: {shown}{keys}."
    named = _named(touched)
    if named is None or not changes:
        return Context(notes=(note,))
    return Context(tuple(_unnamed(changes, named, touched)), (), (note,))


def claimed(changes: Changes, patterns: Iterable[str]) -> Context:
    """Every changed resource that none of the globs covers: by its name, its URN, or the component that it belongs to."""
    globs = tuple(patterns)
    if not globs:
        return Context()
    outside = [each for each in changes.resources if not _covered(changes, each, globs)]
    return Context(
        tuple(
            Finding(
                "intent", "high", each.urn, f"{each.operation}s {called(_graph(changes, each), each.node)}, outside of what was claimed",
                f"Claimed: {listing(globs)}.", "Claim it, too, or take it out of this change.",
            )
            for each in outside
        ),
        notes=(f"Claimed: {listing(globs)}; {plural(len(changes.resources) - len(outside), 'changed resource')} within.",),
    )  # fmt: skip


def _named(touched: Touched) -> set[str] | None:
    """The names of the parts that were touched; None where all may be meant."""
    for file in touched.files:
        path = PurePosixPath(file)
        other_stack = path.name.startswith("Pulumi.") and path.suffix == ".yaml" and path.name != "Pulumi.yaml"
        if file != touched.stack_file and not other_stack and path.suffix not in _PROSE and not _is_lock(path):
            return None
    names = set()
    for key in touched.keys:
        if key.startswith(_BESIDE):
            continue
        part = key.removeprefix(f"config.{ENVIRONMENT}.")
        group, _, rest = part.partition(".")
        if part == key or group not in _PARTS or not rest:
            return None
        names.add(rest.partition(".")[0])
    return names


def _is_lock(path: PurePosixPath) -> bool:
    return path.suffix == ".lock" or path.name in ("requirements.txt", "pyproject.toml")


def _unnamed(changes: Changes, named: set[str], touched: Touched) -> Iterator[Finding]:
    found: dict[str, list[ResourceChange]] = defaultdict(list)
    for each in changes.resources:
        home = _home(changes, each)
        name = bare_name(_graph(changes, each), home) if home is not None else each.name
        if name not in named:
            found[name].append(each)
    locks = [file for file in touched.files if _is_lock(PurePosixPath(file))]
    for name, resources in sorted(found.items()):
        grave = [each for each in resources if each.operation in ("replace", "delete")]
        behind = {urn.rpartition("::")[2] for each in resources for urn in each.because}
        why = (
            f"It follows from {listing(sorted(behind))}." if behind
            else f"The libraries changed: {listing(locks)}." if locks
            else "What it shares with what was touched may be behind it."
        )  # fmt: skip
        yield Finding(
            "intent", "medium" if grave else "low", resources[0].urn,
            f"{name} changes ({plural(len(resources), 'resource')}), though nothing that was touched names it",
            why, "Read its changes below before you believe the title of the pull request.",
        )  # fmt: skip


def _covered(changes: Changes, change: ResourceChange, globs: Iterable[str]) -> bool:
    home = _home(changes, change)
    texts = [change.name, change.urn]
    if home is not None:
        texts += [home.name, bare_name(_graph(changes, change), home)]
    return any(fnmatchcase(text, glob) for glob in globs for text in texts)


def _home(changes: Changes, change: ResourceChange) -> Node | None:
    return owner(_graph(changes, change), change.node)


def _graph(changes: Changes, change: ResourceChange) -> Graph:
    return changes.after if change.after is not None else changes.before

"""Stack files that are right, and ways to break them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from modelinfra.stackfile.read import KEY
from tests.stackfile.adopted import ADOPTED
from tests.stackfile.clusters import CLUSTERS
from tests.stackfile.rich import RICH

STACKS = Path(__file__).parents[2] / "stacks"


def stack(name: str) -> dict[str, Any]:
    """The environment that a stack file of this repository declares."""
    found: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{name}.yaml").read_text())["config"][KEY]
    return found


GOOD = {"sandbox": stack("sandbox"), "dev": stack("dev"), "rich": RICH, "adopted": ADOPTED, "clusters": CLUSTERS}

WORDS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", "0", "-1", "1e400", "4GiB", "٤GiB", "½", "30s", "a\x00b", "é" * 70, "true", "~", "../..", "/", "*"]
    ),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**30), 2**63]),
    st.floats(),
    WORDS,
    st.binary(max_size=4),
    st.dates(),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(WORDS, st.integers(), st.none(), st.booleans()), inner, max_size=3),
    ),
    max_leaves=6,
)


def nested(depth: int) -> Any:
    """A list within a list, and so on."""
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in an environment but the environment itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """A good environment with one to three places deleted, replaced, swapped for another's value, or joined by a junk key."""
    environment = copy.deepcopy(GOOD[draw(st.sampled_from(sorted(GOOD)))])
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(environment))
        if not found:
            break
        *above, last = draw(st.sampled_from(found))
        holder: Any = environment
        for key in above:
            holder = holder[key]
        kind = draw(st.sampled_from(["delete", "junk", "swap", "join", "deep"]))
        if kind == "delete":
            del holder[last]
        elif kind == "junk":
            holder[last] = draw(JUNK)
        elif kind == "swap":
            holder[last] = copy.deepcopy(
                draw(st.sampled_from(list(holder.values() if isinstance(holder, dict) else holder)))
            )
        elif kind == "deep":
            holder[last] = nested(draw(st.sampled_from([10, 200])))
        elif isinstance(holder, dict):
            holder[draw(st.one_of(WORDS, st.integers(), st.none()))] = draw(JUNK)
        else:
            holder.append(draw(JUNK))
    return environment

"""What a deployment would change: the program's inputs against the cloud's state, as the bridged AWS provider compares.

A property that the program leaves out differs only when an earlier program set it; sets have no order; equivalent JSON is
equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.graph import sdk
from modelinfra.graph.values import AssetRef, Unknown
from modelinfra.testing.cloud.equivalence import same_text
from modelinfra.testing.cloud.tables import NOT_COMPUTED, SETS

_ABSENT: Final = object()
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {}, False, 0)

# Credentials of a registry change with every log-in; docker-build keeps them out of its diff.
_IGNORED: Final = {"docker-build:index:Image": re.compile(r"registries\.password$")}


@dataclass(frozen=True)
class Difference:
    """One changed property. `kind` is ADD, UPDATE or DELETE."""

    path: str
    """With list indices, as the engine wants it."""
    plain_path: str
    """Without, as tables name it."""
    kind: str

    @property
    def key(self) -> str:
        """The top-level property."""
        return self.plain_path.split(".")[0]


def differences(
    token: str,
    wanted: Mapping[str, Any],
    state: Mapping[str, Any],
    earlier: Mapping[str, Any],
    ignored: tuple[str, ...] = (),
) -> list[Difference]:
    """What changes when the program wants `wanted`, the cloud has `state` and the program wanted `earlier` before."""
    skip = {_without_indices(path) for path in ignored}
    never = _IGNORED.get(token)
    comparison = _Comparison(token)
    found = []
    for key in sorted({*wanted, *earlier, *(k for t, k in NOT_COMPUTED if t == token)}):
        if key.startswith("__"):
            continue
        triple = (wanted.get(key, _ABSENT), state.get(key, _ABSENT), earlier.get(key, _ABSENT))
        annotation = sdk.type_info(token).outputs.get(key)
        for difference in comparison.walk(key, key, *triple, annotation):
            path = difference.plain_path
            if any(path == p or path.startswith(p + ".") or p.startswith(path + ".") for p in skip):
                continue
            if never is None or not never.search(path):
                found.append(difference)
    return found


def reported(
    token: str, actual: Mapping[str, Any], earlier: Mapping[str, Any], annotations: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The inputs that a Read gives back: the keys that the program had set, with the values that the cloud has."""
    known = sdk.type_info(token).outputs if annotations is None else annotations
    return {
        key: _reported(token, actual[key], value, known.get(key)) if actual.get(key) is not None else value
        for key, value in earlier.items()
        if key in actual or key.startswith("__") or annotations is None
    }


def _reported(token: str, actual: Any, earlier: Any, annotation: Any) -> Any:
    if isinstance(actual, Mapping) and isinstance(earlier, Mapping):
        if sdk.is_mapping(annotation) if annotation is not None else False:
            return dict(actual)
        return reported(token, actual, earlier, sdk.object_properties(annotation) if annotation is not None else {})
    if isinstance(actual, list) and isinstance(earlier, list):
        inner = annotation
        # Blocks lose what the provider filled in; where the number of blocks changed, they are given back whole.
        if len(actual) == len(earlier) and all(isinstance(item, Mapping) for item in actual):
            properties = sdk.object_properties(inner) if inner is not None else {}
            return [
                reported(token, one, other, properties) if isinstance(other, Mapping) else one
                for one, other in zip(actual, earlier, strict=True)
            ]
    return actual


def _without_indices(path: str) -> str:
    path = re.sub(r'\["?([A-Za-z_][^"\]]*)"?\]', r".\1", path)
    return re.sub(r"\[[^\]]*\]", "", path)


class _Comparison:
    def __init__(self, token: str) -> None:
        self.token = token
        self.sets = SETS.get(token, frozenset())

    def walk(
        self, path: str, plain_path: str, wanted: Any, state: Any, earlier: Any, annotation: Any = None
    ) -> Iterator[Difference]:
        if wanted is _ABSENT or wanted is None:
            computed = NOT_COMPUTED.get((self.token, plain_path), _ABSENT)
            if computed is not _ABSENT and state not in (_ABSENT, None, computed):
                yield Difference(path, plain_path, "UPDATE")
            elif not (earlier is _ABSENT or earlier in _EMPTY or state is _ABSENT or state in _EMPTY):
                yield Difference(path, plain_path, "DELETE")
            return
        if state is _ABSENT or state is None:
            # Write-only properties are not in the state, so the last word of the program counts.
            reference = earlier if earlier is not _ABSENT else None
            if wanted not in _EMPTY and not self.same(path, plain_path, wanted, reference):
                yield Difference(path, plain_path, "ADD" if reference is None else "UPDATE")
        elif isinstance(wanted, Mapping) and isinstance(state, Mapping):
            yield from self._mapping(path, plain_path, wanted, state, earlier, annotation)
        elif isinstance(wanted, list) and isinstance(state, list):
            yield from self._list(path, plain_path, wanted, state, earlier)
        elif not self._scalar(plain_path, wanted, state):
            yield Difference(path, plain_path, "UPDATE")

    def same(self, path: str, plain_path: str, wanted: Any, state: Any) -> bool:
        return next(self.walk(path, plain_path, wanted, state, _ABSENT), None) is None if state is not None else False

    def _mapping(
        self, path: str, plain_path: str, wanted: Any, state: Any, earlier: Any, annotation: Any
    ) -> Iterator[Difference]:
        before = earlier if isinstance(earlier, Mapping) else {}
        properties = sdk.object_properties(annotation) if annotation is not None else {}
        for key in sorted({*wanted, *before}):
            inner = (wanted.get(key, _ABSENT), state.get(key, _ABSENT), before.get(key, _ABSENT))
            yield from self.walk(f"{path}.{key}", f"{plain_path}.{key}", *inner, properties.get(key))

    def _list(self, path: str, plain_path: str, wanted: Any, state: Any, earlier: Any) -> Iterator[Difference]:
        before = earlier if isinstance(earlier, list) else []
        if plain_path in self.sets:
            wanted, state = self._unmatched(path, plain_path, wanted, state)
            before = []
        for index in range(max(len(wanted), len(state))):
            place = f"{path}[{index}]"
            if index >= len(state):
                yield Difference(place, plain_path, "ADD")
            elif index >= len(wanted):
                yield Difference(place, plain_path, "DELETE")
            else:
                previous = before[index] if index < len(before) else _ABSENT
                yield from self.walk(place, plain_path, wanted[index], state[index], previous)

    def _unmatched(
        self, path: str, plain_path: str, wanted: list[Any], state: list[Any]
    ) -> tuple[list[Any], list[Any]]:
        left, rest = [], list(state)
        for item in wanted:
            match = next((i for i, other in enumerate(rest) if self.same(path, plain_path, item, other)), None)
            if match is None:
                left.append(item)
            else:
                del rest[match]
        return left, rest

    def _scalar(self, plain_path: str, wanted: Any, state: Any) -> bool:
        if wanted is Unknown or state is Unknown:
            return False
        if isinstance(wanted, str) and isinstance(state, str):
            return same_text(self.token, plain_path, wanted, state)
        if isinstance(wanted, AssetRef) or isinstance(state, (AssetRef, Mapping)):
            return bool(wanted == state)
        # Terraform converts between texts, numbers and booleans.
        return bool(wanted == state) or _text(wanted) == _text(state)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

"""How sure a model is of its answer, read from the answer itself.

Of several rows the least sure one counts: a request is handed over as a whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from modelinfra.shipper.masks import Path

# Rounding of a model that computes in 16 bits.
_ROUNDING: Final = 1e-3


class UnreadableError(ValueError):
    """The answer does not say how sure the model is; the message says why."""


def _probabilities(row: Sequence[float], least: int) -> list[float]:
    if len(row) < least:
        raise UnreadableError(f"a row has {len(row)} probabilities, not {least} or more")
    if not all(-_ROUNDING <= each <= 1 + _ROUNDING for each in row):
        raise UnreadableError("what should be probabilities is not within 0 and 1")
    return sorted(row, reverse=True)


def _max(row: Sequence[float]) -> float:
    return _probabilities(row, 2)[0]


def _margin(row: Sequence[float]) -> float:
    first, second, *_ = _probabilities(row, 2)
    return first - second


def _alone(row: Sequence[float]) -> float:
    if len(row) != 1:
        raise UnreadableError(f"a row has {len(row)} values, not one")
    return row[0]


def _binary(row: Sequence[float]) -> float:
    probability = _probabilities([_alone(row)], 1)[0]
    return max(probability, 1 - probability)


RULES: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "max": _max,
    "margin": _margin,
    "binary": _binary,
    "value": _alone,
}
"""Of one row: the largest probability; the largest less the second; the larger of one probability and its rest; the one number itself."""


def confidence(body: bytes, *, output: str, path: Path, rule: str) -> float:
    """How sure a model is. output: name of an output (v2), or empty; path: into the answer otherwise. Raises UnreadableError."""
    try:
        answer = json.loads(body)
        rows = list(_output(answer, output) if output else _rows(select(answer, path)))
    except UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise UnreadableError("the answer is no JSON") from None
    if not rows:
        raise UnreadableError("the answer has no such value")
    return min(RULES[rule](row) for row in rows)


def select(value: Any, path: Path) -> Iterator[Any]:
    """What a path (`masks.parse`) names."""
    if not path:
        yield value
        return
    step, rest = path[0], path[1:]
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        if step.takes(key):
            yield from select(child, rest)
        if step.deep:
            yield from select(child, path)


def _output(answer: Any, name: str) -> Iterator[list[float]]:
    """Rows of an output of the Open Inference Protocol: its first dimension counts them; its data may be nested or flat."""
    outputs = answer.get("outputs") if isinstance(answer, dict) else None
    for each in outputs if isinstance(outputs, list) else ():
        if isinstance(each, dict) and each.get("name") == name:
            # What is given as raw bytes behind the JSON has no data.
            flat = _flat(each.get("data"))
            shape = each.get("shape")
            count = shape[0] if isinstance(shape, list) and shape else 0
            if not isinstance(count, int) or count < 1 or len(flat) % count or not flat:
                raise UnreadableError(f"the shape of {name} does not fit its data")
            width = len(flat) // count
            yield from (flat[at : at + width] for at in range(0, len(flat), width))
            return
    raise UnreadableError(f"there is no output {name}")


def _rows(found: Iterable[Any]) -> Iterator[list[float]]:
    for each in found:
        if isinstance(each, list) and each and all(isinstance(row, list) for row in each):
            yield from (_flat(row) for row in each)
        else:
            yield _flat(each if isinstance(each, list) else [each])


def _flat(data: Any) -> list[float]:
    if not isinstance(data, list):
        raise UnreadableError("the answer has no such numbers")
    numbers: list[float] = []
    for each in data:
        if isinstance(each, list):
            numbers += _flat(each)
        elif isinstance(each, (int, float)) and not isinstance(each, bool) and math.isfinite(each):
            numbers.append(float(each))
        else:
            raise UnreadableError("a value is no number")
    return numbers

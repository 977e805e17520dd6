"""Shows a small grey-scale image from a request as text, so that a person sees what was sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_SHADES = " ░▒▓█"
_LARGEST_SIDE = 64


def picture(values: Sequence[float], width: int) -> str:
    """Rows of blocks, two characters per pixel, from lightest (the least value) to darkest (the greatest).

    Raises ValueError when the values do not fill whole rows.
    """
    if width < 1 or len(values) % width:
        raise ValueError(f"{len(values)} values do not make rows of {width}")
    low, high = min(values, default=0), max(values, default=0)
    span = (high - low) or 1
    shades = [_SHADES[round((value - low) / span * (len(_SHADES) - 1))] * 2 for value in values]
    return "\n".join("".join(shades[start : start + width]) for start in range(0, len(shades), width))


def picture_of_request(request: Mapping[str, Any]) -> str | None:
    """The picture in an Open Inference v2 request with one numeric input that is one square image; None for others."""
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        return None
    values, shape = inputs[0].get("data"), inputs[0].get("shape")
    if not isinstance(values, list) or not isinstance(shape, list) or not shape or shape[0] != 1:
        return None
    side = math.isqrt(len(values))
    if side * side != len(values) or not 4 <= side <= _LARGEST_SIDE:
        return None
    if not all(isinstance(value, int | float) for value in values):
        return None
    return picture(values, side)

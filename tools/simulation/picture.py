"""Replica-hours and kept objectives as one SVG: a panel for each shape and start-up time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from simulation import strategies
from simulation.strategies import Result

_COLOURS: Final = {
    strategies.OURS: "#0b6e4f",
    strategies.UNGUARDED: "#7cc6a4",
    strategies.CPU: "#c1440e",
    strategies.CPU_WAITS: "#e9a178",
    strategies.GPU: "#7b2d8b",
    strategies.FIXED: "#555555",
    strategies.FORESEEN: "#1f5fbf",
}
_WIDTH, _HEIGHT, _LEFT, _TOP, _BESIDE, _BELOW = 250, 150, 60, 30, 70, 46
# Shares of requests too late on a scale of powers of ten: from all of them to one in ten thousand.
_DECADES: Final = 4


def picture(results: Sequence[Result]) -> str:
    """The whole of it; what lies further up and further left is better."""
    shapes = list(dict.fromkeys(each.shape for each in results))
    start_ups = list(dict.fromkeys(each.start_up for each in results))
    width = _LEFT + len(start_ups) * (_WIDTH + _BESIDE)
    height = _TOP + len(shapes) * (_HEIGHT + _BELOW) + 24 * math.ceil(len(_COLOURS) / 3)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        "<title>Requests within the objective against replica-hours, for four shapes and three start-up times</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for row, shape in enumerate(shapes):
        widest = max(each.hours for each in results if each.shape == shape)
        for column, start_up in enumerate(start_ups):
            here = [each for each in results if (each.shape, each.start_up) == (shape, start_up)]
            x, y = _LEFT + column * (_WIDTH + _BESIDE), _TOP + row * (_HEIGHT + _BELOW)
            lines += _panel(here, x, y, widest, f"{shape}, start-up {start_up // 60} min")
    lines += _legend(_LEFT, height - 24 * math.ceil(len(_COLOURS) / 3) + 8)
    return "\n".join([*lines, "</svg>", ""])


def _panel(results: Sequence[Result], x: int, y: int, widest: float, title: str) -> Iterator[str]:
    yield f'<text x="{x}" y="{y - 8}" font-weight="bold">{escape(title)}</text>'
    yield f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#bbb"/>'
    for decade in range(_DECADES + 1):
        at = y + _HEIGHT - decade * _HEIGHT / _DECADES
        label = f"{100 - 100 / 10**decade:.6g} %"
        yield f'<line x1="{x}" x2="{x + _WIDTH}" y1="{at:g}" y2="{at:g}" stroke="#eee"/>'
        yield f'<text x="{x - 4}" y="{at + 4:g}" text-anchor="end" fill="#555">{label}</text>'
    for part in (0, 0.5, 1):
        yield (
            f'<text x="{x + part * _WIDTH:g}" y="{y + _HEIGHT + 14}" text-anchor="middle" fill="#555">'
            f"{part * widest:.0f} h</text>"
        )
    # The default is drawn last, over what lies at the same place.
    for each in reversed(results):
        late = max(1 - each.attained, 10**-_DECADES)
        cx, cy = x + each.hours / widest * _WIDTH, y + _HEIGHT + math.log10(late) * _HEIGHT / _DECADES
        told = f"{each.strategy}: {100 * each.attained:.2f} %, {each.hours:.1f} replica-hours"
        yield (
            f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="5" fill="{_COLOURS[each.strategy]}" fill-opacity="0.85">'
            f"<title>{escape(told)}</title></circle>"
        )


def _legend(x: int, y: int) -> Iterator[str]:
    for index, (name, colour) in enumerate(_COLOURS.items()):
        left, top = x + index % 3 * 270, y + index // 3 * 24
        yield f'<circle cx="{left + 6}" cy="{top}" r="5" fill="{colour}"/>'
        yield f'<text x="{left + 16}" y="{top + 4}">{escape(name)}</text>'

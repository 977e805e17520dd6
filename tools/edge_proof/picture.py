"""Two panels: what handing over buys, and how much waits while the cloud is away."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from edge_proof.cut import Cut
from edge_proof.tables import Outcome

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 380, 240, 60, 40, 90
_ROUTER, _ALONE, _AWAY, _LINE = "#0b6e4f", "#c1440e", "#f3e3d3", "#1f5fbf"


def picture(outcomes: Sequence[Outcome], cut: Cut) -> str:
    width, height = _LEFT + 2 * _WIDTH + _GAP + 30, _TOP + _HEIGHT + 60
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        "<title>Accuracy against the share handed over; requests that wait while the cloud is away</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_bought(outcomes, _LEFT, _TOP),
        *_waiting(cut, _LEFT + _WIDTH + _GAP, _TOP),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def _frame(x: float, y: float, title: str, below: str) -> Iterator[str]:
    yield f'<text x="{x}" y="{y - 14}" font-weight="bold">{escape(title)}</text>'
    yield f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#bbb"/>'
    yield f'<text x="{x + _WIDTH / 2}" y="{y + _HEIGHT + 34}" text-anchor="middle" fill="#555">{escape(below)}</text>'


def _bought(outcomes: Sequence[Outcome], x: float, y: float) -> Iterator[str]:
    yield from _frame(x, y, "Accuracy, and the median time of an answer", "share handed over to the cloud")
    least = math.floor(min(each.accuracy for each in outcomes) * 100) / 100
    most = math.ceil(max(each.accuracy for each in outcomes) * 100) / 100
    for part in range(5):
        at = y + _HEIGHT - part * _HEIGHT / 4
        yield f'<line x1="{x}" x2="{x + _WIDTH}" y1="{at}" y2="{at}" stroke="#eee"/>'
        yield f'<text x="{x - 4}" y="{at + 4}" text-anchor="end" fill="#555">{100 * (least + part * (most - least) / 4):.1f} %</text>'
        yield f'<text x="{x + part * _WIDTH / 4}" y="{y + _HEIGHT + 16}" text-anchor="middle" fill="#555">{25 * part} %</text>'
    for index, each in enumerate(outcomes):
        cx = x + each.handed * _WIDTH
        cy = y + _HEIGHT - (each.accuracy - least) / (most - least) * _HEIGHT
        colour = _ROUTER if each.name.startswith("router") else _ALONE
        told = f"{each.name}: {100 * each.accuracy:.2f} %, median {each.median:.1f} ms, {100 * each.handed:.1f} % handed over"
        yield f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="5" fill="{colour}"><title>{escape(told)}</title></circle>'
        side, anchor = (-9, "end") if each.handed > 0.8 else (9, "start")
        below = 16 if index % 2 and 0 < each.handed < 1 else 4
        label = f"{each.name.removeprefix('router, ')} ({each.median:.0f} ms)"
        yield f'<text x="{cx + side:.1f}" y="{cy + below:.1f}" text-anchor="{anchor}">{escape(label)}</text>'


def _waiting(cut: Cut, x: float, y: float) -> Iterator[str]:
    yield from _frame(x, y, "Requests that wait for the cloud", "seconds")
    end = max(cut.empty, cut.moments[-1].at)
    most = max(each.stored for each in cut.moments) or 1

    def across(at: float) -> float:
        return x + at / end * _WIDTH

    yield f'<rect x="{across(cut.silent):.1f}" y="{y}" width="{across(cut.back) - across(cut.silent):.1f}" height="{_HEIGHT}" fill="{_AWAY}"/>'
    yield f'<text x="{across(cut.silent) + 4:.1f}" y="{y + 14}" fill="#8a5a2b">the cloud is away</text>'
    yield f'<line x1="{across(cut.killed):.1f}" x2="{across(cut.killed):.1f}" y1="{y}" y2="{y + _HEIGHT}" stroke="{_ALONE}" stroke-dasharray="4 3"/>'
    yield f'<text x="{across(cut.killed) + 4:.1f}" y="{y + 28}" fill="{_ALONE}">the router is killed</text>'
    points = " ".join(
        f"{across(each.at):.1f},{y + _HEIGHT - each.stored / most * _HEIGHT * 0.9:.1f}" for each in cut.moments
    )
    yield f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="1.5"/>'
    for part in range(5):
        yield f'<text x="{x + part * _WIDTH / 4}" y="{y + _HEIGHT + 16}" text-anchor="middle" fill="#555">{part * end / 4:.0f}</text>'
    for part in (0, 0.5, 1):
        yield f'<text x="{x - 4}" y="{y + _HEIGHT - part * _HEIGHT * 0.9 + 4}" text-anchor="end" fill="#555">{part * most:.0f}</text>'

"""The picture as SVG in fixed layers, for a given width: what a browser shows, with colours from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from modelinfra.review.render.outline import LAYERS, MARK_WORDS, Arrow, Box, Layer, Mark, Picture

MARGIN, PADDING, GAP, LABEL, LINE = 2, 14, 26, 40, 17
NARROWEST_BOX = 150
MOST_IN_A_LAYER = 48
ALT = "Architecture in layers, from clients to data"
LANES, LANE = 5, 7
_TITLE_LETTER, _LETTER = 7.3, 6.3


@dataclass(frozen=True)
class Place:
    """Where a box stands. row: counted over all layers from the top."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    row: int


@dataclass(frozen=True)
class Band:
    """A layer's background."""

    layer: Layer
    x: float
    y: float
    width: float
    height: float
    more: int


def draw(picture: Picture, width: int) -> str:
    """The picture, `width` pixels wide. Every text is escaped."""
    sides = _Sides(LANES, LANES)
    for _ in range(2):  # the first time to see which arrows go round, the second with no more room than they need
        bands, places, height = _laid_out(picture, width, sides)
        where = {place.box.id: place for place in places}
        arrows = [arrow for arrow in picture.arrows if _is_drawn(arrow, where)]
        sides = _Sides(*(len(_round(arrows, where, left=left)) for left in (True, False)))
    parts = [
        f'<svg class="picture" viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}" role="img" aria-label="{ALT}">',
        _heads(width),
        *(_band(band) for band in bands),
        *_arrows(arrows, where, width),
        *(_box(place) for place in places),
        "</svg>",
    ]
    return "\n".join(parts)


@dataclass(frozen=True)
class _Sides:
    """How many lanes the arrows need that go round boxes: requests on the left, the rest on the right."""

    left: int
    right: int

    def room(self, lanes: int) -> float:
        """Pixels for so many lanes."""
        return MARGIN + (LANE * (min(lanes, LANES) + 1) if lanes else 0)


def _is_drawn(arrow: Arrow, where: dict[str, Place]) -> bool:
    if arrow.source not in where or arrow.target not in where:
        return False
    # Who uses what says its name, too; a line round other boxes would say no more.
    return arrow.kind != "uses" or _is_next(where[arrow.source], where[arrow.target])


def _is_next(one: Place, other: Place) -> bool:
    return abs(one.row - other.row) == 1


def _round(arrows: Iterable[Arrow], where: dict[str, Place], *, left: bool) -> list[str]:
    """The sources of the arrows that go round on one side; those of one source share a lane."""
    found = [
        arrow.source
        for arrow in arrows
        if (arrow.kind == "request") is left and not _is_next(where[arrow.source], where[arrow.target])
    ]
    return list(dict.fromkeys(found))


def _laid_out(picture: Picture, width: int, sides: _Sides) -> tuple[list[Band], list[Place], float]:
    bands: list[Band] = []
    places: list[Place] = []
    y, row = float(MARGIN), 0
    left, right = sides.room(sides.left), sides.room(sides.right)
    inner = width - left - right - 2 * PADDING
    for layer in LAYERS:
        boxes = [box for box in picture.boxes if box.layer == layer]
        if not boxes:
            continue
        shown = _shown(boxes)
        columns = _columns(shown, inner)
        box_width = (inner - (columns - 1) * PADDING) / columns
        top = y
        y += LABEL
        for line in _lines(shown, columns):
            height = max(_height(box) for box in line if box is not None)
            for column, box in enumerate(line):
                if box is not None:
                    x = left + PADDING + column * (box_width + PADDING)
                    places.append(Place(box, x, y, box_width, height, row))
            y += height + GAP
            row += 1
        y += PADDING - GAP
        bands.append(Band(layer, left, top, inner + 2 * PADDING, y - top, len(boxes) - len(shown)))
        y += GAP
    return bands, places, y - GAP + MARGIN if bands else 2.0 * MARGIN


def _shown(boxes: list[Box]) -> list[Box]:
    """What changes stays; of the rest, the first."""
    if len(boxes) <= MOST_IN_A_LAYER:
        return boxes
    changed = {box.id for box in boxes if box.mark != "same"}
    chosen = sorted(boxes, key=lambda box: box.id not in changed)[:MOST_IN_A_LAYER]
    return [box for box in boxes if box in chosen]


def _columns(boxes: list[Box], inner: float) -> int:
    zones = {box.zone for box in boxes if box.zone}
    fitting = max(int((inner + PADDING) // (NARROWEST_BOX + PADDING)), 1)
    wanted = len(zones) if zones else min(len(boxes), 4)
    return max(min(wanted, fitting), 1)


def _lines(boxes: list[Box], columns: int) -> Iterator[list[Box | None]]:
    """Boxes of one zone stand below each other; what has no zone fills lines of its own."""
    zones = sorted({box.zone for box in boxes if box.zone})
    for first in range(0, len(zones), columns):
        stacks = [[box for box in boxes if box.zone == zone] for zone in zones[first : first + columns]]
        for depth in range(max(len(stack) for stack in stacks)):
            yield [stack[depth] if depth < len(stack) else None for stack in stacks]
    free = [box for box in boxes if not box.zone]
    for start in range(0, len(free), columns):
        yield list(free[start : start + columns])


def _height(box: Box) -> float:
    return 32 + LINE * len(_texts(box)) + (22 if box.mark != "same" else 0)


def _texts(box: Box) -> list[str]:
    return [*box.lines[:4], *([f"zone {box.zone}"] if box.zone else [])]


def _box(place: Place) -> str:
    box, x, y, width, height = place.box, place.x, place.y, place.width, place.height
    rect = f'<rect class="frame" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8"/>'
    if box.mark == "replace":
        rect += (
            f'<rect class="second" x="{x + 4:g}" y="{y + 4:g}" width="{width - 8:g}" height="{height - 8:g}" rx="5"/>'
        )
    room = width - 28
    texts = [_text(box.title, x + 14, y + 21, "title", room / _TITLE_LETTER)]
    texts += [
        _text(line, x + 14, y + 21 + LINE * (index + 1), "line", room / _LETTER)
        for index, line in enumerate(_texts(box))
    ]
    tag = _tag(box.mark, x + 14, y + height - 25) if box.mark != "same" else ""
    hint = escape("\n".join([box.title, *_texts(box), MARK_WORDS[box.mark]]))
    return f'<g class="box {box.mark}"><title>{hint}</title>{rect}{"".join(texts)}{tag}</g>'


def _tag(mark: Mark, x: float, y: float) -> str:
    word = MARK_WORDS[mark].upper()
    width = 8 * len(word) + 12
    return (
        f'<rect class="tag" x="{x:g}" y="{y:g}" width="{width}" height="17" rx="8.5"/>'
        f'<text class="tagged" x="{x + width / 2:g}" y="{y + 12.5:g}" text-anchor="middle">{word}</text>'
    )


def _text(text: str, x: float, y: float, role: str, letters: float) -> str:
    most = max(int(letters), 4)
    short = text if len(text) <= most else f"{text[: most // 2]}…{text[len(text) - most + most // 2 + 1 :]}"
    return f'<text class="{role}" x="{x:g}" y="{y:g}">{escape(short)}</text>'


def _band(band: Band) -> str:
    label = LAYERS[band.layer] + (f" (and {band.more} more that stay as they are)" if band.more else "")
    return (
        f'<rect class="band" x="{band.x:g}" y="{band.y:g}" width="{band.width:g}" height="{band.height:g}" rx="12"/>'
        f'<text class="layer" x="{band.x + PADDING:g}" y="{band.y + 21:g}">{escape(label)}</text>'
    )


def _heads(width: int) -> str:
    # Identifiers are the page's: two pictures of one page need two.
    heads = "".join(
        f'<marker id="{kind}-{width}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path class="head {kind}" d="M0,0 L8,4 L0,8 z"/></marker>'
        for kind in ("request", "out", "uses")
    )
    return f"<defs>{heads}</defs>"


def _arrows(arrows: list[Arrow], where: dict[str, Place], width: int) -> Iterator[str]:
    lanes = {left: _round(arrows, where, left=left) for left in (True, False)}
    for arrow in arrows:
        one, other = where[arrow.source], where[arrow.target]
        side = lanes[arrow.kind == "request"]
        lane = side.index(arrow.source) % LANES if arrow.source in side else 0
        x = MARGIN + (lane + 1) * LANE
        path = _way(one, other, x if arrow.kind == "request" else width - x, lane * 3)
        hint = f"{one.box.title} to {other.box.title}" + (f": {arrow.label}" if arrow.label else "")
        yield (
            f'<path class="arrow {arrow.kind}" d="{path}" marker-end="url(#{arrow.kind}-{width})">'
            f"<title>{escape(hint)}</title></path>"
        )


def _way(one: Place, other: Place, around: float, apart: float) -> str:
    """Straight or with one bend to the next row; else round the boxes between, at `around` and so far from other lanes."""
    sign = 1 if other.row > one.row else -1
    start, end = one.x + one.width / 2, other.x + other.width / 2
    leave = one.y + one.height if sign > 0 else one.y
    arrive = other.y if sign > 0 else other.y + other.height
    bend = arrive - sign * (10 + apart)
    if _is_next(one, other):
        return (
            f"M{start:g},{leave:g} V{arrive:g}"
            if abs(start - end) < 1
            else f"M{start:g},{leave:g} V{bend:g} H{end:g} V{arrive:g}"
        )
    return f"M{start:g},{leave:g} V{leave + sign * (6 + apart):g} H{around:g} V{bend:g} H{end:g} V{arrive:g}"

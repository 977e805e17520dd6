"""What is written of a simulation: the table, and the picture; and that the page shows the shapes and strategies that there are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True, scope="module")
def tools() -> Iterator[None]:
    """The tools are programs and no package: they find each other beside themselves."""
    sys.path.insert(0, str(ROOT / "tools"))
    yield
    sys.path.remove(str(ROOT / "tools"))


def results() -> list[Any]:
    from simulation.strategies import FIXED, OURS, Result

    return [
        Result("steady", start_up, strategy, attained, hours, 7)
        for start_up in (60, 900)
        for strategy, attained, hours in ((OURS, 0.999, 20.0), (FIXED, 1.0, 40.0))
    ]


def test_a_row_has_a_strategy_and_a_column_a_start_up_time() -> None:
    import simulate

    lines = list(simulate.report(results(), ["steady: made up"]))
    assert lines[0] == "| Shape | Strategy | start-up 1 min | start-up 15 min |"
    assert lines[2] == "| steady | modelinfra's default | 99.90 %, 20.0 h, 7 | 99.90 %, 20.0 h, 7 |"
    assert lines[-1] == "- steady: made up."


def test_a_panel_has_what_is_cheap_on_the_left_and_what_is_in_time_at_the_top() -> None:
    from simulation.picture import picture

    drawing = ElementTree.fromstring(picture(results()))
    dots = {
        each.findtext(f"{SVG}title"): (float(each.attrib["cx"]), float(each.attrib["cy"]))
        for each in drawing.iter(f"{SVG}circle")
        if each.find(f"{SVG}title") is not None
    }
    ours = dots["modelinfra's default: 99.90 %, 20.0 replica-hours"]
    fixed = dots["fixed: 100.00 %, 40.0 replica-hours"]
    assert ours[0] < fixed[0]
    assert ours[1] > fixed[1]


def test_the_page_shows_every_shape_and_strategy() -> None:
    from simulation import strategies
    from simulation.traffic import SHAPES

    page = (ROOT / "docs" / "scaling.md").read_text()
    named = (
        strategies.OURS, strategies.UNGUARDED, strategies.CPU, strategies.CPU_WAITS,
        strategies.GPU, strategies.FIXED, strategies.FORESEEN,
    )  # fmt: skip
    assert [(shape, name) for shape in SHAPES for name in named if f"| {shape} | {name} |" not in page] == []
    ElementTree.parse(ROOT / "docs" / "scaling.svg")


def test_the_default_serves_in_time_for_a_fraction_of_what_gpu_use_asks_for() -> None:
    import random

    from simulation.strategies import GPU, OURS, _run, scalers
    from simulation.traffic import SHAPES, Shape

    whole = SHAPES["steady"](Path("nowhere"), random.Random(7))
    part = Shape("part", [each for each in whole.requests if each.at < 2700], whole.slots, whole.patience, "")
    outcomes = {name: _run(part, 240, scaler) for name, scaler in scalers(part, 240).items() if name in (OURS, GPU)}
    assert outcomes[OURS].attained(part.patience) > 0.99
    assert outcomes[OURS].replica_hours < 0.6 * outcomes[GPU].replica_hours

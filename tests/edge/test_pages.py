"""What the pages show is what is reckoned, and what was measured is all there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope="module")
def tools() -> Iterator[None]:
    """The tools are programs and no package: they find each other beside themselves."""
    sys.path.insert(0, str(ROOT / "tools"))
    yield
    sys.path.remove(str(ROOT / "tools"))


def part(page: str, name: str) -> list[str]:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", (ROOT / "docs" / page).read_text(), flags=re.S)
    assert found is not None
    return found[1].splitlines()


def test_the_table_of_rollouts_is_what_is_reckoned_now() -> None:
    from edge_proof import tables

    assert part("edge.md", "rollouts") == list(tables.rollouts())


def test_the_pages_have_every_measured_row_and_none_was_lost_or_computed_twice() -> None:
    import edge

    rows = part("edge-router.md", "measured")
    names = ["the light model alone", "the cloud alone", *(f"router, {each:g}" for each in edge.THRESHOLDS)]
    assert [row.split("|")[1].strip() for row in rows[2:7]] == names
    assert rows[-1].startswith(f"{edge.COUNT:,} requests each")
    cut = part("edge-router.md", "cut")
    assert "| of these never computed there | 0 |" in cut
    assert "| computed twice | 0 |" in cut
    assert "possible cuts were made and checked" in part("edge.md", "splits")[-1]
    cuts = {row.split("|")[1] for row in part("edge.md", "splits")[2:-2]}
    assert cuts == {row.split("|")[1] for row in part("edge.md", "served")[2:-2]}
    assert "possible cuts were served and asked" in part("edge.md", "served")[-1]
    ElementTree.parse(ROOT / "docs" / "edge-router.svg")

"""What three stack files install, in which order; a change of this list is one that someone has looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kubernetes.stacks import STACKS, rounds
from tests.kubernetes.whole import whole

GOLDEN = Path(__file__).parents[1] / "golden" / "kubernetes-stacks.txt"


@pytest.mark.parametrize("stack", STACKS)
def test_it_is_installed_in_the_order_of_the_golden_file(stack: str, tmp_path: Path) -> None:
    said = "\n".join(f"{at} {what}" for at, what in rounds(whole(tmp_path, STACKS[stack])))
    sections = {each.partition("\n")[0]: each.partition("\n")[2] for each in GOLDEN.read_text().split("# ")[1:]}
    assert said == sections[stack].strip()

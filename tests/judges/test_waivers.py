"""What checkov finds is mended, or waived for a reason that still holds."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.judges import waivers as waivers_file
from tests.judges.checkov import Checkov
from tests.judges.conftest import Ask, Cases
from tests.judges.judges import JUDGES
from tests.judges.waivers import waivers


@pytest.mark.slow_judge
def test_every_waiver_still_fits_something_in_each_place_it_names(ask: Ask, cases: Cases) -> None:
    checkov = next(judge for judge in JUDGES if isinstance(judge, Checkov))
    ask(checkov)
    shown = {case.environment for case in cases.examples.values()}
    idle = [
        f"{waiver.check} of {waiver.kind} in {pattern}: take it away"
        for waiver in waivers()
        for pattern in waiver.environments
        if not any(fnmatchcase(e, pattern) for w, e in checkov.waived if e in shown and w == waiver)
    ]
    assert idle == []


@pytest.mark.parametrize("reason", ["", "we know.", "Because it is known to be fine"])
def test_a_waiver_wants_a_reason_that_is_a_sentence(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text(f'[[waiver]]\ncheck = "CKV_AWS_2"\nkind = "aws_lb_listener"\nreason = "{reason}"\n')
    monkeypatch.setattr(waivers_file, "FILE", file)
    with pytest.raises(ValueError, match="wants a reason that is a sentence"):
        waivers()


def test_a_waiver_without_reason_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text('[[waiver]]\ncheck = "CKV_AWS_2"\nkind = "aws_lb_listener"\n')
    monkeypatch.setattr(waivers_file, "FILE", file)
    with pytest.raises(TypeError, match="reason"):
        waivers()

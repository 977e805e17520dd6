"""What the tests of judges share: every case, and what each judge says, asked once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.judges.case import Case, Judge, Verdicts
from tests.judges.examples import examples, goods
from tests.judges.judges import JUDGES
from tests.judges.planted import PLANTED


@dataclass(frozen=True)
class Cases:
    """What is judged."""

    examples: dict[str, Case]
    planted: dict[str, Case]


@dataclass(frozen=True)
class Answer:
    """What one judge says, and how long it took."""

    examples: Verdicts
    planted: Verdicts
    seconds: float


Ask = Callable[[Judge], Answer]


def asked(config: pytest.Config, judge: Judge) -> bool:
    """Whether a judge is asked in this run; one that cannot be is skipped aloud where all are."""
    return config.getoption("--judges") == "all" or (judge.quick and judge.missing() is None)


def pytest_itemcollected(item: pytest.Item) -> None:
    """All on one worker: cases and answers are made once."""
    item.add_marker(pytest.mark.xdist_group("judges"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what asks no judge of this run."""
    kept, left_out = [], []
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            kept.append(item)
            continue
        (kept if _is_asked(config, item) else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _is_asked(config: pytest.Config, item: pytest.Item) -> bool:
    if config.getoption("--judges") == "all":
        return True
    given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    if "judge" in given:
        return asked(config, given["judge"])
    if "row" in given:
        return any(asked(config, judge) for judge in JUDGES if judge.name in given["row"].caught_by)
    return True


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    root: Path = tmp_path_factory.mktemp("judged")
    good = goods(root)
    planted = {
        row.mistake.name: Case.changed(
            good[row.mistake.base], row.mistake.planted(good[row.mistake.base]), f"tests/{row.mistake.base}"
        )
        for row in PLANTED
    }
    return Cases(examples(root), planted)


@pytest.fixture(scope="session")
def ask(cases: Cases) -> Ask:
    """Asks a judge; skips where it cannot be asked, and fails in CI where it could be had."""
    answers: dict[str, Answer] = {}

    def answer(judge: Judge) -> Answer:
        reason = judge.missing()
        if reason is not None and judge.obtainable and os.environ.get("CI") == "true":
            pytest.fail(f"{judge.name}: {reason}")
        if reason is not None:
            pytest.skip(f"{judge.name}: {reason}")
        if judge.name not in answers:
            begin = time.monotonic()
            both = {("example", name): case for name, case in cases.examples.items()}
            both |= {("planted", name): case for name, case in cases.planted.items()}
            keys = {f"{kind} {name}": (kind, name) for kind, name in both}
            said = judge.judge({key: both[place] for key, place in keys.items()})
            parts: dict[str, Verdicts] = {"example": {}, "planted": {}}
            for key, found in said.items():
                kind, name = keys[key]
                parts[kind][name] = found
            answers[judge.name] = Answer(parts["example"], parts["planted"], time.monotonic() - begin)
        return answers[judge.name]

    return answer

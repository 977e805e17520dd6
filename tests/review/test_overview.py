"""Many stacks in one comment: worst first, equal changes in one row, never longer than a comment may be."""

from __future__ import annotations

import random
import re
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from modelinfra.review.render.outline import Amount, Cost, Outline, Property, Resource, Said
from modelinfra.review.render.overview import LIMIT, entry, failed, overview
from tests.review.test_hostile_text import BENIGN, HOSTILE, github, outline_of, several, skeleton, visible

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def outline(
    stack: str, *, project: str = "shop", after: str = "512", severity: Any = "medium", **changed: Any
) -> Outline:
    """A stack in which one service changes, named after the stack."""
    urn = f"urn:pulumi:{stack}::{project}::aws:ecs/service:Service::{stack}-web"
    return Outline(
        kind="change", project=project, stack=stack, source="capture",
        verdict=changed.pop("verdict", f"replaces the service of {stack}-web"),
        findings=(Said(severity=severity, kind="traffic", urn=urn, title=f"{stack}-web stops", file=f"Pulumi.{stack}.yaml", line=len(stack)),),
        resources=(
            Resource(
                urn=urn, name=f"{stack}-web", type="aws:ecs/service:Service", mark="replace",
                properties=(Property(path="memory", before="256", after=after),),
            ),
        ),
        unchanged=len(stack),
        **changed,
    )  # fmt: skip


def cost(before: int, after: int) -> Cost:
    return Cost(before=Amount(min=Decimal(before), max=Decimal(before)), after=Amount(min=Decimal(after), max=Decimal(after)))  # fmt: skip


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")][1:]


def test_the_same_change_of_many_stacks_is_one_row_that_names_them() -> None:
    (row,) = rows(overview(map(entry, (outline("dev"), outline("prod"), outline("eu-1")))))
    assert row.startswith("| `dev`, `eu-1`, `prod` | **medium**: replaces the service of dev-web<br>1 replaced")


@pytest.mark.parametrize(
    "other",
    [
        outline("prod", after="1024"),
        outline("prod", severity="high"),
        outline("prod", verdict="replaces two services of prod-web"),
        outline("prod", cost=cost(10, 20)),
        # The value that becomes the stack's name in one is another value in the other.
        outline("prod", after="dev"),
    ],
)
def test_what_is_not_quite_the_same_has_a_row_of_its_own(other: Outline) -> None:
    assert len(rows(overview(map(entry, (outline("dev"), other))))) == 2


def test_a_stacks_name_inside_another_word_is_no_name() -> None:
    assert entry(outline("q", after="a-q")).same == entry(outline("j", after="a-j")).same
    assert entry(outline("q", after="xqx")).same != entry(outline("j", after="xjx")).same


def test_stacks_of_several_projects_are_told_apart() -> None:
    (row,) = rows(overview(map(entry, (outline("dev"), outline("dev", project="store")))))
    assert row.startswith("| `shop/dev`, `store/dev` |")


def test_the_worst_comes_first_and_what_has_no_review_before_all() -> None:
    entries = [
        entry(outline("calm", severity="note")),
        failed("shop", "broken"),
        entry(outline("dear", severity="low", cost=cost(1, 900))),
        entry(outline("cheap", severity="low", cost=cost(900, 1))),
        entry(outline("grave", severity="high")),
    ]
    text = overview(entries, COMMIT)
    assert [re.findall("`(.*?)`", row)[0] for row in rows(text)] == ["broken", "grave", "dear", "cheap", "calm"]
    assert text.startswith("### 5 stacks: 1 could not be reviewed, 1 with findings of severity high, 2 with")
    assert f"Reviewed at commit {COMMIT}." in text
    assert r"+\$899" in text
    assert r"-\$899" in text
    assert "Together: no change a month, and what 3 more cost is not known." in text


def test_the_order_in_which_they_are_given_does_not_matter() -> None:
    entries = [entry(outline(f"s{index}", after=str(index % 7), severity="high" if index % 3 else "note")) for index in range(60)]  # fmt: skip
    expected = overview(entries)
    random.Random(1).shuffle(entries)
    assert overview(entries) == expected


def test_600_reviews_are_under_60000_characters_in_5_seconds_and_the_worst_are_kept() -> None:
    ugly = "`|<@_*\\" * 60
    outlines = []
    for index in range(600):
        one = outline(f"stack-{index}", after=str(index), severity="high" if index % 100 == 7 else "low", verdict=f"{ugly} {index}")  # fmt: skip
        many = tuple(
            each.model_copy(update={"urn": f"{each.urn}-{n}"}) for each in one.resources * 20 for n in range(5)
        )
        outlines.append(one.model_copy(update={"resources": many, "findings": one.findings * 10}))
    started = time.process_time()
    text = overview(map(entry, outlines))
    assert time.process_time() - started < 5
    assert 30_000 < len(text) <= LIMIT
    shown = rows(text)
    assert [re.findall("`stack-(.*?)`", row)[0] for row in shown[:6]] == ["107", "207", "307", "407", "507", "7"]
    left = re.search(r"\*\*(\d+) more stacks are left out here, none of them worse than those above:\*\* (\d+) low\.", text)  # fmt: skip
    assert left is not None
    assert left[1] == left[2] == str(600 - len(shown))


def test_600_stacks_with_the_same_change_are_one_row() -> None:
    text = overview(entry(outline(f"stack-{index:03}")) for index in range(600))
    (row,) = rows(text)
    assert "`stack-029`, and 570 more |" in row


@several
@given(HOSTILE.filter(visible))
def test_nothing_breaks_out_of_the_overview(text: str) -> None:
    def shown(value: str) -> Any:
        return skeleton(github(overview([entry(outline_of(value)), failed(value, f"{value}y"), entry(outline("dev"))])))

    assert shown(text).tags == shown(BENIGN).tags
    # A reference does not reach over a tag: `#<br>1` is none.
    assert not re.search(r"@\w|#\d|gh-\d|www\.|https?://", "\n".join(shown(text).text), re.IGNORECASE)

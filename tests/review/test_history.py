"""What is usual for a stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelinfra.review.history import ENOUGH, NotReviews, earlier_reviews, usual
from modelinfra.review.render import json
from modelinfra.review.render.outline import Mark, Outline, Resource
from tests.review.making import changes, node

QUEUE, CLUSTER = "aws:sqs/queue:Queue", "aws:eks/cluster:Cluster"


def earlier(mark: Mark, token: str, *, stack: str = "prod", quiet: bool = False) -> Outline:
    resource = Resource(urn="urn:x", name="x", type=token, mark=mark, quiet=quiet)
    return Outline(kind="change", project="shop", stack=stack, source="capture", resources=(resource,))


UPDATED = changes([node(QUEUE, "q", delaySeconds=1)], [node(QUEUE, "q", delaySeconds=2)])
DELETED = changes([node(CLUSTER, "c"), node(CLUSTER, "d")], [])


def test_what_no_earlier_review_did_is_unusual() -> None:
    found = usual(DELETED, "shop", "prod", [earlier("update", QUEUE)] * 23)
    assert [(each.severity, each.title) for each in found.findings] == [
        ("low", "unusual: none of the last 23 reviews deleted an EKS cluster")
    ]
    assert found.findings[0].text == "This one does: the EKS cluster c and the EKS cluster d."
    assert usual(DELETED, "shop", "prod", [earlier("delete", CLUSTER)] * 5).findings == ()


def test_what_half_of_them_did_is_routine() -> None:
    half = [earlier("update", QUEUE)] * 3 + [earlier("create", QUEUE)] * 3
    assert usual(UPDATED, "shop", "prod", half).notes == ("History: 6 earlier reviews; all of it is routine.",)
    less = [*half, earlier("create", QUEUE)]
    assert usual(UPDATED, "shop", "prod", less).notes == ("History: 7 earlier reviews; not all of it is routine.",)


def test_tags_and_hashes_are_no_history() -> None:
    quiet = [earlier("update", QUEUE, quiet=True)] * 6
    assert "not all of it is routine" in usual(UPDATED, "shop", "prod", quiet).notes[0]


def test_few_reviews_say_nothing_and_those_of_other_stacks_are_left_aside() -> None:
    found = usual(
        DELETED, "shop", "prod", [earlier("update", QUEUE)] * (ENOUGH - 1) + [earlier("delete", CLUSTER, stack="dev")]
    )
    assert found.findings == ()
    assert found.notes == (
        "History: 4 earlier reviews, too few to say what is usual. 1 review of other stacks left aside.",
    )


def test_reviews_are_read_from_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.write(earlier("update", QUEUE)))
    (tmp_path / "a.json").write_text(json.write(earlier("create", QUEUE)))
    (tmp_path / "c.txt").write_text("no review")
    assert [each.resources[0].mark for each in earlier_reviews([tmp_path, tmp_path / "b.json"])] == [
        "create",
        "update",
        "update",
    ]


@pytest.mark.parametrize("text", ["{", '{"version": 1}', "\xff"])
def test_what_is_no_review_is_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(NotReviews) as caught:
        earlier_reviews([file])
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(NotReviews, match="cannot be read"):
        earlier_reviews([tmp_path / "missing.json"])

"""Names of children are stable, different from each other, and short enough."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra import naming
from tests.making import LONG

KINDS = sorted(naming.LIMITS)
# Pulumi's AWS provider adds a hyphen and seven random characters.
SUFFIX_OF_THE_PROVIDER = 8

parents = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True)


def test_a_short_name_is_taken_as_it_is() -> None:
    assert naming.child("dev-digits", "to", "target group") == "dev-digits-to"


def test_a_child_without_a_physical_name_keeps_its_whole_name() -> None:
    assert naming.child(LONG * 9, "rule") == f"{LONG * 9}-rule"


def test_a_kind_without_a_known_limit_is_a_mistake_of_the_library() -> None:
    with pytest.raises(KeyError, match="planet"):
        naming.child("dev", "models", "planet")


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_just_fits_is_not_cut_and_one_character_more_is(kind: str) -> None:
    room = naming.LIMITS[kind] - SUFFIX_OF_THE_PROVIDER - len("-end")
    assert naming.child("p" * room, "end", kind) == "p" * room + "-end"
    cut = naming.child("p" * (room + 1), "end", kind)
    assert re.fullmatch(r"p+-[0-9a-f]{6}-end", cut)
    assert len(cut) == room + len("-end")


@given(
    parent=parents, suffix=st.sampled_from(["to", "lb", "execution", "unhealthy-hosts"]), kind=st.sampled_from(KINDS)
)
def test_a_physical_name_never_passes_the_limit_of_its_kind(parent: str, suffix: str, kind: str) -> None:
    name = naming.child(parent, suffix, kind)
    assert len(name) + SUFFIX_OF_THE_PROVIDER <= naming.LIMITS[kind]
    assert name.endswith(f"-{suffix}")
    assert "--" not in name


@pytest.mark.parametrize("kind", KINDS)
def test_two_long_names_that_begin_alike_stay_different(kind: str) -> None:
    one, other = (naming.child("n" * 600 + end, "to", kind) for end in "ab")
    assert one != other


def test_a_shortened_name_is_the_same_in_every_run() -> None:
    assert naming.child(f"{LONG}-{LONG}", "to", "target group") == "a-name-of-sixt-5f1e98-to"


@given(path=st.text(min_size=1))
def test_a_rule_priority_is_one_that_a_load_balancer_takes(path: str) -> None:
    assert 1 <= naming.rule_priority(path) <= 50_000


def test_a_rule_priority_follows_from_the_path_alone() -> None:
    assert naming.rule_priority("/digits") == 7593
    assert naming.rule_priority("/digit") != 7593

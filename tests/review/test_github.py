"""The sticky comment, against a server that is as moody as GitHub."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from modelinfra.review.github.client import GitHub, GitHubError
from modelinfra.review.github.comments import LONGEST, comment, marker
from modelinfra.review.github.pulls import pull_request_of, stands_at
from tests.review.fake_github import Repository, serving

MARK = marker("shop", "dev")
TOKEN = "ghs_" + "a" * 36


@pytest.fixture
def repository() -> Iterator[Repository]:
    with serving() as running:
        yield running


def github(repository: Repository, waits: list[float] | None = None) -> GitHub:
    return GitHub("acme/shop", TOKEN, repository.address, sleep=(waits if waits is not None else []).append)


def bodies(repository: Repository) -> list[str]:
    return [each["body"] for each in repository.comments]


def test_the_first_time_it_is_posted_and_later_it_is_updated(repository: Repository) -> None:
    assert comment(github(repository), 7, MARK, "one") == "https://example.com/1"
    assert comment(github(repository), 7, MARK, "two") == "https://example.com/1"
    assert bodies(repository) == [f"{MARK}\ntwo"]
    assert repository.tokens == {f"Bearer {TOKEN}"}


def test_the_same_text_again_is_not_written_again(repository: Repository) -> None:
    comment(github(repository), 7, MARK, "one")
    comment(github(repository), 7, MARK, "one")
    assert [method for method, _ in repository.asked] == ["GET", "POST", "GET"]


def test_each_stack_has_a_comment_of_its_own_also_beyond_the_first_page(repository: Repository) -> None:
    for _ in range(150):
        repository.add("talk", "somebody")
    repository.add(f"{MARK}\nold")
    comment(github(repository), 7, MARK, "new")
    comment(github(repository), 7, marker("shop", "prod"), "other")
    assert bodies(repository)[150:] == [f"{MARK}\nnew", f"{marker('shop', 'prod')}\nother"]


def test_a_comment_of_somebody_else_that_holds_the_marker_is_left_alone(repository: Repository) -> None:
    repository.add(f"{MARK}\nforged", "mallory")
    comment(github(repository), 7, MARK, "ours")
    assert bodies(repository) == [f"{MARK}\nforged", f"{MARK}\nours"]


def test_a_marker_within_a_text_is_none(repository: Repository) -> None:
    repository.add(f"as {MARK} says")
    comment(github(repository), 7, MARK, "ours")
    assert len(repository.comments) == 2


@pytest.mark.parametrize(
    "failure",
    [(500, {}, "oops"), (502, {}, ""), (429, {}, "slow down"), (403, {}, "You have exceeded a secondary rate limit")],
)
def test_what_passes_is_tried_again_with_growing_waits(
    repository: Repository, failure: tuple[int, dict[str, str], str]
) -> None:
    repository.failures = [failure] * 3
    waits: list[float] = []
    comment(github(repository, waits), 7, MARK, "one")
    assert waits == [1.0, 2.0, 4.0]
    assert bodies(repository) == [f"{MARK}\none"]


def test_it_waits_as_long_as_github_asks(repository: Repository) -> None:
    soon = str(int(time.time()) + 30)
    repository.failures = [
        (429, {"Retry-After": "17"}, "slow"),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": soon}, "limit"),
    ]
    waits: list[float] = []
    comment(github(repository, waits), 7, MARK, "one")
    assert waits[0] == 17
    assert 25 < waits[1] <= 30


def test_it_does_not_wait_for_ever(repository: Repository) -> None:
    repository.failures = [(429, {"Retry-After": "3600"}, "slow")]
    with pytest.raises(GitHubError, match="429 slow"):
        comment(github(repository), 7, MARK, "one")
    repository.failures = [(503, {}, "down")] * 9
    with pytest.raises(GitHubError, match=r"503 down \(asked 5 times\)"):
        comment(github(repository), 7, MARK, "one")


def test_an_answer_that_was_lost_does_not_make_a_second_comment(repository: Repository) -> None:
    repository.lost = 1
    comment(github(repository), 7, MARK, "one")
    assert bodies(repository) == [f"{MARK}\none"]


def test_what_does_not_pass_is_told_at_once_without_the_token(repository: Repository) -> None:
    repository.failures = [(401, {}, f"Bad credentials {TOKEN}")]
    with pytest.raises(GitHubError) as caught:
        comment(github(repository), 7, MARK, "one")
    assert str(caught.value) == "GET issues/7/comments: 401 Bad credentials [token]"
    assert len(repository.asked) == 1
    assert TOKEN not in repr(github(repository))


def test_a_redirect_is_not_followed(repository: Repository) -> None:
    repository.failures = [(302, {"Location": f"{repository.address}/elsewhere"}, "")]
    with pytest.raises(GitHubError, match="302"):
        comment(github(repository), 7, MARK, "one")
    assert [path for _, path in repository.asked if "elsewhere" in path] == []


def test_a_server_that_is_not_there() -> None:
    with serving() as repository:
        pass
    with pytest.raises(GitHubError, match="gives no answer"):
        comment(github(repository), 7, MARK, "one")


def test_a_pull_request_is_found_by_branch_and_commit_until_it_moves_on(repository: Repository) -> None:
    repository.pulls = [{"number": 7, "head": {"sha": "abc"}}]
    assert pull_request_of(github(repository), "mallory:main", "abc") == 7
    assert pull_request_of(github(repository), "mallory:main", "old") is None
    assert "head=mallory%3Amain" in repository.asked[0][1]


def test_a_pull_request_stands_at_its_commit_while_it_is_open(repository: Repository) -> None:
    repository.pulls = [{"number": 7, "state": "open", "head": {"sha": "abcdef0123"}}]
    assert stands_at(github(repository), 7, "ABCDEF0")
    assert not stands_at(github(repository), 7, "abcdef1")
    repository.pulls[0]["state"] = "closed"
    assert not stands_at(github(repository), 7, "abcdef0123")


def test_what_the_token_may_not_do_is_told_with_the_permission_that_it_needs(repository: Repository) -> None:
    repository.permissions = set()
    with pytest.raises(GitHubError) as caught:
        comment(github(repository), 7, MARK, "one")
    assert str(caught.value) == (
        "POST issues/7/comments: 403 Resource not accessible by integration. "
        "The job's `permissions` must hold issues=write; pull_requests=write"
    )
    assert len(repository.asked) == 2


def test_a_comment_that_github_would_refuse_is_not_sent(repository: Repository) -> None:
    with pytest.raises(GitHubError, match="65,536"):
        comment(github(repository), 7, MARK, "x" * LONGEST)
    assert repository.asked == []


def test_a_marker_cannot_be_broken_out_of() -> None:
    assert marker("a--> <script>", "--x--") == "<!-- modelinfra-comment:a-script/x -->"


@pytest.mark.parametrize(
    ("repository_name", "api", "said"),
    [
        ("acme", "https://api.github.com", "is no repository"),
        ("acme/shop/../other", "https://api.github.com", "is no repository"),
        ("acme/shop", "http://api.github.com", "is not encrypted"),
    ],
)
def test_a_token_goes_only_to_a_repository_over_tls(repository_name: str, api: str, said: str) -> None:
    with pytest.raises(GitHubError, match=said):
        GitHub(repository_name, TOKEN, api)

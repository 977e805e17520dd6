"""The pytest plugin: fixtures `capture` and `sandbox`, there in every repository that has modelinfra installed.

    def test_every_log_group_expires(capture):
        graph = capture(my_program)
        assert all(node.inputs["retentionInDays"] for node in graph.all("aws:cloudwatch/logGroup:LogGroup"))

    def test_a_second_up_changes_nothing(sandbox):
        stack = sandbox("path/to/project")
        stack.up(check=True)
        assert stack.up(check=True).changes == {}

Without an engine, tests that ask for `sandbox` are skipped, and one line at the end says how many; with CI=true they fail.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from modelinfra.graph.model import Graph
    from modelinfra.testing.sandbox import Sandbox

# Nothing of Pulumi is imported before a test asks for it: pytest loads plugins in every run.

_not_proven: list[str] = []


@pytest.fixture
def capture() -> Callable[..., Graph]:
    """`modelinfra.graph.capture.capture`: the graph of a program, without engine or cloud."""
    from modelinfra.graph.capture import capture as function

    return function


def require_engine(request: pytest.FixtureRequest) -> None:
    """Skip what asks for it when there is no engine, and count it; fail with CI=true. For fixtures of one's own."""
    from modelinfra.testing.engine import EngineMissing, find_engine

    try:
        find_engine()
    except EngineMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have the engine: {missing}", pytrace=False)
        _not_proven.append(request.node.nodeid)
        pytest.skip(str(missing))


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Callable[..., Sandbox]]:
    """Makes `modelinfra.testing.sandbox.Sandbox`es (same arguments) that end with the test."""
    require_engine(request)
    from modelinfra.testing.sandbox import Sandbox

    with contextlib.ExitStack() as open_ones:

        def make(*args: Any, **kwargs: Any) -> Sandbox:
            return open_ones.enter_context(Sandbox(*args, **kwargs))

        yield make


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One loud line for what was not proven."""
    if _not_proven:
        count = len(set(_not_proven))
        terminalreporter.write_line(
            f"NOT PROVEN: {count} test(s) or group(s) of tests with the real Pulumi engine were skipped, as there is no engine "
            "(python tools/engine/build.py builds it)",
            red=True,
            bold=True,
        )

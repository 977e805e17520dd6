"""What the library costs, counted so that a busy machine does not matter: function calls, not seconds. `make bench` takes times."""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph import Graph, Node

TOOLS = str(Path(__file__).resolve().parents[2] / "tools")
SIZES = (2, 8, 14)


@dataclass
class Run:
    """A captured program, and how many Python and C functions that took."""

    graph: Graph
    calls: int


@pytest.fixture(scope="module")
def tools() -> Iterator[None]:
    """The benchmark's modules can be imported; they are no part of the package."""
    sys.path.insert(0, TOOLS)
    yield
    sys.path.remove(TOOLS)


@pytest.fixture(scope="module")
def runs(tools: None) -> dict[tuple[str, int], Run]:
    """(Program, number of endpoints) -> its run."""
    from benchmark import hand_written, measure, with_library

    def run(program: Any, endpoints: int, model: str) -> Run:
        profile = cProfile.Profile()
        graph = profile.runcall(measure.captured, program, endpoints, model, preview=True)
        return Run(graph, pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]

    with measure.tiny_model() as model:
        for program in (with_library.program, hand_written.program):
            measure.captured(program, 1, model)  # what the first capture of a process loads is not compared
        found = {("library", size): run(with_library.program, size, model) for size in SIZES}
        found["hand-written", SIZES[1]] = run(hand_written.program, SIZES[1], model)
    return found


def test_the_hand_written_program_of_the_benchmark_asks_for_the_same(runs: dict[tuple[str, int], Run]) -> None:
    from benchmark.measure import differences

    assert differences(runs["hand-written", SIZES[1]].graph, runs["library", SIZES[1]].graph) == []


def test_endpoints_cost_at_most_a_tenth_more_than_written_by_hand(runs: dict[tuple[str, int], Run]) -> None:
    assert runs["library", SIZES[1]].calls < 1.10 * runs["hand-written", SIZES[1]].calls


def test_a_further_endpoint_costs_as_much_as_the_ones_before(runs: dict[tuple[str, int], Run]) -> None:
    few, some, more = (runs["library", size].calls for size in SIZES)
    assert more - some < 1.05 * (some - few)


def test_more_endpoints_make_no_longer_chain(runs: dict[tuple[str, int], Run]) -> None:
    from benchmark.chains import longest_chain

    lengths = {len(longest_chain(runs["library", size].graph)) for size in SIZES}
    assert len(lengths) == 1
    assert max(lengths) < 20


def test_the_longest_chain_goes_through_properties_dependencies_and_parents(tools: None) -> None:
    from benchmark.chains import longest_chain

    graph = Graph("project", "dev")
    for node in (
        Node("vpc", "vpc", "Vpc"),
        Node("group", "group", "Group", custom=False, depends_on=["vpc"]),
        Node("subnet", "subnet", "Subnet", parent="group"),
        Node("alone", "alone", "Role"),
        Node("service", "service", "Service", depends_on=["alone", "subnet"], property_deps={"subnets": ["subnet"]}),
        Node("policy", "policy", "Policy", depends_on=["service"]),
    ):
        graph.nodes[node.urn] = node
    chain = [(link.node.name, link.because) for link in longest_chain(graph)]
    assert chain == [("vpc", ""), ("subnet", ""), ("service", "subnets"), ("policy", "depends_on")]

"""The smallest Fargate task that is large enough."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.catalog.fargate import SIZES, TaskSize, smallest_size

GIB = 1024
ALL = [TaskSize(cpu, memory) for cpu, sizes in SIZES.items() for memory in sizes]


@pytest.mark.parametrize(
    ("cpu", "memory", "size"),
    [
        (256, 512, TaskSize(256, 512)),
        (256, 513, TaskSize(256, 1 * GIB)),
        (256, 2 * GIB + 1, TaskSize(512, 3 * GIB)),
        (1024, 1, TaskSize(1024, 2 * GIB)),
        (1025, 4 * GIB, TaskSize(2048, 4 * GIB)),
        (8192, 17 * GIB, TaskSize(8192, 20 * GIB)),
        (16384, 120 * GIB, TaskSize(16384, 120 * GIB)),
    ],
)
def test_the_smallest_size_holds_what_is_asked(cpu: int, memory: int, size: TaskSize) -> None:
    assert smallest_size(cpu, memory) == size


@pytest.mark.parametrize(("cpu", "memory"), [(16385, 1 * GIB), (256, 120 * GIB + 1)])
def test_there_is_no_size_beyond_the_largest(cpu: int, memory: int) -> None:
    assert smallest_size(cpu, memory) is None


@given(cpu=st.integers(1, 16384), memory=st.integers(1, 120 * GIB))
def test_no_offered_size_with_as_little_cpu_has_less_memory(cpu: int, memory: int) -> None:
    found = smallest_size(cpu, memory)
    holding = [size for size in ALL if size.cpu >= cpu and size.memory >= memory]
    assert found == min(holding, key=lambda size: (size.cpu, size.memory))


def test_the_table_is_that_of_the_developer_guide() -> None:
    assert {cpu: (sizes[0], sizes[-1], len(sizes)) for cpu, sizes in SIZES.items()} == {
        256: (512, 2 * GIB, 3),
        512: (1 * GIB, 4 * GIB, 4),
        1024: (2 * GIB, 8 * GIB, 7),
        2048: (4 * GIB, 16 * GIB, 13),
        4096: (8 * GIB, 30 * GIB, 23),
        8192: (16 * GIB, 60 * GIB, 12),
        16384: (32 * GIB, 120 * GIB, 12),
    }
    assert all(a < b for sizes in SIZES.values() for a, b in itertools.pairwise(sizes))


def test_a_size_reads_as_a_person_says_it() -> None:
    assert str(TaskSize(512, 1536)) == "0.5 vCPU, 1.5 GiB"

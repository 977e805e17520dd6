"""Quantities as people write them, and the ambiguous refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.options.quantities import (
    QuantityError,
    read_bytes,
    read_seconds,
    read_vcpu,
    shown_bytes,
    shown_seconds,
)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("4Gi", 4 * 2**30),
        ("512MiB", 512 * 2**20),
        (" 1.5 GiB ", 3 * 2**29),
        ("1Ti", 2**40),
        ("0.3KiB", 308),
        ("0GiB", 0),
    ],
)
def test_a_size_is_read_in_binary_units(written: str, number: int) -> None:
    assert read_bytes(written) == number


@pytest.mark.parametrize(
    ("written", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("1m30s", 90), ("1h1m1s", 3661)]
)
def test_a_duration_is_read_in_seconds(written: str, seconds: int) -> None:
    assert read_seconds(written) == seconds


@pytest.mark.parametrize(
    ("written", "vcpu"), [(2, 2), (0.5, 0.5), ("0.5", 0.5), ("500m", 0.5), ("16", 16), ("256m", 0.256)]
)
def test_processor_is_read_in_vcpu(written: Any, vcpu: float) -> None:
    assert read_vcpu(written) == vcpu


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (4, "Write 4GiB or 4MiB."),
        ("4", "Write 4GiB or 4MiB."),
        ("512MB", "Write 512MiB."),
        ("512mb", "Write 512MiB."),
        ("4G", "Write 4GiB."),
        ("4gib", "Write KiB, MiB, GiB or TiB."),
        (True, "Write a number and a unit, for example 4GiB or 512MiB."),
        ("-1GiB", "Write a number and a unit, for example 4GiB or 512MiB."),
        ("٤GiB", "Write a number and a unit, for example 4GiB or 512MiB."),
        ("9" * 400 + "GiB", "Write a smaller one."),
    ],
)
def test_a_size_that_could_mean_two_things_is_refused_with_what_to_write(given: Any, remedy: str) -> None:
    with pytest.raises(QuantityError) as refused:
        read_bytes(given)
    assert refused.value.remedy == remedy


@pytest.mark.parametrize(
    "given", [30, "30", 0.5, "0.5m", "500ms", "m30s", "1d", "1:30", "", True, None, [], "9" * 5000 + "s"]
)
def test_a_duration_that_could_mean_two_things_is_refused(given: Any) -> None:
    with pytest.raises(QuantityError):
        read_seconds(given)


@pytest.mark.parametrize("given", [1024, "1024", 256, 0, "0m", "two", True, None, "1e3", "1 vCPU", -1])
def test_processor_in_other_units_is_refused(given: Any) -> None:
    with pytest.raises(QuantityError):
        read_vcpu(given)


@given(seconds=st.integers(1, 10**6))
def test_a_duration_that_is_shown_reads_as_itself(seconds: int) -> None:
    assert read_seconds(shown_seconds(seconds)) == seconds


@given(number=st.integers(1, 2**13), unit=st.sampled_from(["KiB", "MiB", "GiB"]))
def test_a_whole_size_that_is_shown_reads_as_nearly_itself(number: int, unit: str) -> None:
    size = read_bytes(f"{number}{unit}")
    # One decimal is shown, of a number that is 1 at least.
    assert abs(read_bytes(shown_bytes(size)) - size) <= 0.05 * size + 1


@given(text=st.text(max_size=12))
def test_any_text_is_a_quantity_or_refused_with_a_remedy(text: str) -> None:
    for read in (read_bytes, read_seconds, read_vcpu):
        try:
            number = read(text)
        except QuantityError as error:
            number = len(error.remedy)
        assert number >= 0


def test_sizes_and_durations_are_shown_as_people_say_them() -> None:
    assert [shown_bytes(size) for size in (3 * 2**29, 12 * 2**20, 2048, 5)] == ["1.5 GiB", "12 MiB", "2 KiB", "5 bytes"]
    assert [shown_seconds(number) for number in (90, 3600, 59, 0)] == ["1m30s", "1h", "59s", "0s"]

"""Which address ranges AWS lets a VPC have."""

from __future__ import annotations

from ipaddress import IPv4Network as Range

import pytest

from modelinfra.catalog.address_ranges import refused_beside, special


@pytest.mark.parametrize(
    ("main", "second", "refused"),
    [
        ("10.0.0.0/16", "100.64.0.0/16", None),
        ("10.0.0.0/16", "10.1.0.0/16", None),
        ("10.0.0.0/16", "8.8.0.0/16", None),
        ("10.1.0.0/16", "10.0.0.0/16", "10.0.0.0/16"),
        ("10.0.0.0/16", "172.16.0.0/16", "172.16.0.0/12"),
        ("10.0.0.0/16", "192.168.0.0/16", "192.168.0.0/16"),
        ("10.0.0.0/16", "198.19.0.0/16", "198.19.0.0/16"),
        ("172.16.0.0/16", "172.20.0.0/16", None),
        ("172.16.0.0/16", "172.31.0.0/16", "172.31.0.0/16"),
        ("192.168.0.0/16", "10.0.0.0/16", "10.0.0.0/8"),
        ("100.64.0.0/16", "100.65.0.0/16", None),
        ("100.64.0.0/16", "10.0.0.0/16", "10.0.0.0/8"),
    ],
)
def test_a_second_range_is_refused_beside_certain_ones(main: str, second: str, refused: str | None) -> None:
    found = refused_beside(Range(main), Range(second))
    assert found == (Range(refused) if refused else None)


@pytest.mark.parametrize("given", ["127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16", "0.0.0.0/16"])
def test_special_addresses_are_no_networks(given: str) -> None:
    assert special(Range(given)) is not None


@pytest.mark.parametrize("given", ["10.0.0.0/16", "100.64.0.0/16", "172.16.0.0/16", "8.8.0.0/16"])
def test_other_addresses_are(given: str) -> None:
    assert special(Range(given)) is None

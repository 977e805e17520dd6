"""Domains under which endpoints are reached, and where their certificates come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.options.declare import Option
from modelinfra.options.problems import Problem

DOMAIN = Option(
    pattern=r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    pattern_text="a domain name in small letters",
    pattern_example="sentiment.example.com",
)

HOSTED_ZONE = Option(
    pattern=r"Z[A-Z0-9]{1,31}",
    pattern_text="the id of a Route 53 hosted zone",
    pattern_example="Z0123456789ABCDEFGHIJ",
)


def certificate_problems(given: Mapping[str, Any]) -> Iterable[Problem]:
    """A domain needs a certificate, or a zone in which one is validated."""
    if given["domain"] is not None and given["hosted_zone_id"] is None and given["certificate_arn"] is None:
        reason = "nothing says where its certificate comes from"
        yield Problem("domain", reason, "Add `hosted_zone_id` to have one made, or `certificate_arn`.", given["domain"])

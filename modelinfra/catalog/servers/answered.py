"""What a server counts of the requests that it answers, as Prometheus sees it. No Pulumi import, no I/O."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """A metric, and which of its series are meant: matchers of PromQL without braces; all of them where there are none."""

    name: str
    matchers: str = ""


@dataclass(frozen=True)
class Answered:
    """What a server tells of its answers; probes are not among them.

    requests: counters whose sum is every request. errors: counters whose sum is what went wrong in the server, as a status of 5xx says; none
    where no source tells them from mistakes of clients. latency: a histogram of seconds (its name without `_bucket`); None where there is none.
    """

    requests: tuple[Counted, ...]
    errors: tuple[Counted, ...] = ()
    latency: Counted | None = None

"""Questions to Prometheus about one revision. Pure data: text of PromQL, which the tests have a real Prometheus evaluate."""

from __future__ import annotations

from modelinfra.platforms.kubernetes.measured import Measured, Source


def per_second(source: Source, window: str, *, errors: bool = False) -> str:
    """Requests a second, or those that went wrong. Nothing where there were none yet."""
    found = [f"sum(rate({source.of(each)}[{window}]))" for each in (source.errors if errors else source.requests)]
    # Of several counters one may not be there yet, and nothing plus something is nothing.
    return found[0] if len(found) == 1 else " + ".join(f"({each} or {_nothing(source)})" for each in found)


def counted_per_second(source: Source, window: str) -> str:
    """Requests a second: 0 where there were none yet, and nothing only where nobody counts."""
    return f"({per_second(source, window)}) or {_nothing(source)}"


def _nothing(source: Source) -> str:
    """0 as long as the source is scraped."""
    return f"(0 * sum({source.there}{{{source.scope}}}))"


def share_of_errors(source: Source, window: str) -> str:
    """From 0 to 1. Nothing where nothing ever went wrong, and no number where nothing was asked; neither is above anything."""
    return f"({per_second(source, window, errors=True)}) / ({per_second(source, window)})"


def quantile(source: Source, share: float, window: str = "1m") -> str:
    """Within how long so many of the requests are answered, in units of the source. Prometheus draws a line between buckets."""
    assert source.latency is not None, "asked of those that know"
    buckets = source.of(source.latency, "_bucket")
    return f"histogram_quantile({share:g}, sum by (le) (rate({buckets}[{window}])))"


def answered(source: Source, window: str) -> str:
    """How many requests the histogram of latencies has seen."""
    assert source.latency is not None, "asked of those that know"
    return f"sum(increase({source.of(source.latency, '_count')}[{window}]))"


def available(measured: Measured) -> str:
    """Replicas that serve; 0 where nothing says so."""
    return f"(max(kube_deployment_status_replicas_available{{{measured.deployment}}}) or vector(0))"


def steady(measured: Measured, window: str) -> str:
    """1 where all replicas that there should be have served throughout, else 0."""
    ready = f"max(kube_deployment_status_replicas_ready{{{measured.deployment}}})"
    asked = f"max(kube_deployment_spec_replicas{{{measured.deployment}}})"
    return f"(min_over_time(({ready} >= bool {asked})[{window}:1m]) or vector(0))"

"""What can be seen of an endpoint on any platform: CloudWatch metrics and alarms, as dashboards ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pulumi import Output


@dataclass(frozen=True)
class Metric:
    """One metric. label: which part of the endpoint it is of, where it has several; empty otherwise."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    label: str = ""


@dataclass(frozen=True)
class Signals:
    """What is to be seen of one endpoint; each signal is one metric for every set of replicas.

    name: of the endpoint. region: where its metrics are. requests, errors: counts (errors: answered with 5xx; none of an endpoint whose
    clients do not wait). latency: in seconds, likewise. replicas: how many serve, where that is counted, as `counted` of a minute says. alarms:
    ARNs.
    """

    name: str
    region: str
    requests: tuple[Metric, ...]
    errors: tuple[Metric, ...]
    latency: tuple[Metric, ...]
    replicas: tuple[Metric, ...]
    alarms: tuple[str, ...]
    counted: str = "Minimum"


Watched: TypeAlias = Callable[[], Output[Signals]]
"""What is to be seen of an endpoint, computed when somebody asks."""

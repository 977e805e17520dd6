"""What Prometheus can be asked about one revision: selectors of PromQL, of what its server counts and of what the gateway counts. Pure data.

The server comes first: it tells its revision from the others. Envoy keeps one count for all that one rule of a route divides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelinfra.catalog.servers import ModelServer
from modelinfra.catalog.servers.answered import Counted
from modelinfra.platforms.kubernetes.pod import service

SCRAPED_SECONDS = 15
"""How often a replica is asked. Four values stand within a minute, by which alarms count."""

# k8s.io/apiserver, names.SimpleNameGenerator: a generated name has 63 characters, and five of them are random.
_LONGEST_BASE = 58


@dataclass(frozen=True)
class Source:
    """One that counts requests. Selectors: of counters that add up to `requests`, and to `errors` (none where it does not tell them).

    latency: a histogram, without the ending of its name; None where there is none. unit: how many of its units are a second.
    scope: matchers of all its series. there: a metric that is told from the beginning. gateway: whether it counts all revisions together.
    """

    requests: tuple[Counted, ...]
    errors: tuple[Counted, ...]
    latency: Counted | None
    unit: int
    scope: str
    there: str
    gateway: bool

    def of(self, counted: Counted, ending: str = "") -> str:
        """The selector of a metric."""
        return f"{counted.name}{ending}{{{','.join(filter(None, (self.scope, counted.matchers)))}}}"


@dataclass(frozen=True)
class Measured:
    """One revision. sources: who counts its requests, the better one first."""

    name: str
    namespace: str
    sources: tuple[Source, ...]

    @property
    def requests(self) -> Source | None:
        """Who counts requests."""
        return next(iter(self.sources), None)

    @property
    def errors(self) -> Source | None:
        """Who counts those that went wrong, and all of them."""
        return next((each for each in self.sources if each.errors), None)

    @property
    def latency(self) -> Source | None:
        """Who knows how long they take."""
        return next((each for each in self.sources if each.latency is not None), None)

    @property
    def deployment(self) -> str:
        """Matchers of what kube-state-metrics tells of its Deployment."""
        return f'namespace="{self.namespace}",deployment="{service(self.name)}"'

    @property
    def pods(self) -> str:
        """Matchers of what is told of its pods."""
        return pods_of(self.name, self.namespace)


def pods_of(name: str, namespace: str) -> str:
    """Matchers of the pods of an InferenceService; Kubernetes cuts long names before it adds to them."""
    return f'namespace="{namespace}",pod=~"{f"{service(name)}-"[:_LONGEST_BASE]}.*"'


def scope_of(name: str, namespace: str, *, operator: bool) -> str:
    """Matchers of what the server itself tells: by its own PodMonitor, whoever else scrapes it, where the operator is there."""
    return f'job="{namespace}/{name}"' if operator else pods_of(name, namespace)


def measured(
    name: str, namespace: str, server: ModelServer, platform: Any, *, route: str, scraped: bool = True
) -> Measured:
    """platform: its options. route: the HTTPRoute's name, empty of a revision that shares one with others, or where there is none."""
    prometheus, sources = platform.prometheus, []
    if prometheus is None:
        return Measured(name, namespace, ())
    if server.answered is not None and scraped:
        told = server.answered
        scope = scope_of(name, namespace, operator=prometheus.operator)
        sources.append(Source(told.requests, told.errors, told.latency, 1, scope, "up", gateway=False))
    if prometheus.envoy_gateway and route:
        sources.append(_envoy(namespace, route))
    return Measured(name, namespace, tuple(sources))


def _envoy(namespace: str, route: str) -> Source:
    """Envoy, "Cluster manager: statistics"; names: dashboards of its chart gateway-addons-helm 1.9, and
    internal/gatewayapi/helpers.go, irRouteDestinationName, for clusters."""
    answered = "envoy_cluster_upstream_rq_xx"
    return Source(
        requests=(Counted(answered),),
        errors=(Counted(answered, 'envoy_response_code_class="5"'),),
        latency=Counted("envoy_cluster_upstream_rq_time"),
        unit=1000,
        scope=f'envoy_cluster_name=~"httproute/{namespace}/{route}/rule/[0-9]+(/backend/[0-9]+)?"',
        there="envoy_cluster_membership_total",
        gateway=True,
    )

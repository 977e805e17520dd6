"""What stands before an endpoint's own load balancer: a gateway, an endpoint service; and what can be seen of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi_aws as aws
from pulumi import Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs import gateway, private_link
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.traffic import Way
from modelinfra.platforms.signals import Metric
from modelinfra.platforms.widgets import Widget, graph, line

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster

_PERCENTILES: Final = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Doors:
    """Those of one endpoint; None where it has no such door."""

    gateway: gateway.Gateway | None = None
    link: private_link.PrivateLink | None = None

    @property
    def alarms(self) -> Sequence[aws.cloudwatch.MetricAlarm]:
        """Alarms that tell, and take no deployment back."""
        return [each.alarm for each in (self.gateway, self.link) if each is not None]

    @property
    def ids(self) -> Mapping[str, Output[str]]:
        """As metrics name them."""
        found = {
            "gateway": self.gateway.api_id if self.gateway is not None else None,
            "link": self.link.service_id if self.link is not None else None,
        }
        return {door: id_ for door, id_ in found.items() if id_ is not None}

    @property
    def outputs(self) -> Mapping[str, Output[str] | None]:
        """Outputs of the endpoint, by name."""
        found: dict[str, Output[str] | None] = {}
        if self.gateway is not None:
            found = {
                "gateway_url": self.gateway.url,
                "gateway_dns_name": self.gateway.dns_name,
                "gateway_invoke_arn": self.gateway.invoke_arn,
                "gateway_policy_arn": self.gateway.policy_arn,
                "gateway_role_arn": self.gateway.role_arn,
            }
        if self.link is not None:
            found["private_link_service_name"] = self.link.service_name
        return found


NO_DOORS: Final = Doors()


def register_doors(
    request: EndpointRequest,
    cluster: EcsCluster,
    balancer: LoadBalancerReference,
    way: Way,
    service: aws.ecs.Service,
    *,
    longest_request: int,
) -> Doors:
    """Those that the exposure asks for; only what the load balancer's rule forwards passes them."""
    exposure, network = request.options.exposure, cluster.network
    return Doors(
        gateway.register_gateway(request, network, balancer, way.paths, service)
        if exposure.gateway is not None
        else None,
        private_link.register_private_link(
            request, network, balancer, service, production=cluster.production, longest_request=longest_request
        )
        if exposure.private_link is not None
        else None,
    )


def door_rows(ids: Mapping[str, str], region: str) -> list[list[Widget]]:
    """A row of the dashboard for each door. ids: as metrics name it."""
    rows: list[list[Widget]] = []
    if "gateway" in ids:

        def told(name: str, stat: str, label: str) -> Any:
            return line(Metric(gateway.NAMESPACE, name, {"ApiId": ids["gateway"]}), stat=stat, label=label)

        rows.append(
            [
                graph("Requests by the gateway, a minute", region, [told("Count", "Sum", "requests")]),
                graph(
                    "Answered by the gateway with an error, a minute",
                    region,
                    [told("4xx", "Sum", "4xx: refused, or too many"), told("5xx", "Sum", "5xx")],
                ),
                graph(
                    "Milliseconds to answer by the gateway",
                    region,
                    [told("Latency", percentile, percentile) for percentile in _PERCENTILES],
                ),
            ]
        )
    if "link" in ids:

        def seen(name: str, stat: str, label: str) -> Any:
            return line(Metric(private_link.NAMESPACE, name, {"Service Id": ids["link"]}), stat=stat, label=label)

        rows.append(
            [
                graph("Consumers by PrivateLink", region, [seen("EndpointsCount", "Maximum", "interface endpoints")]),
                graph("Connections by PrivateLink", region, [seen("ActiveConnections", "Maximum", "open at once")]),
                graph("Reset by the load balancer of PrivateLink", region, [seen("RstPacketsSent", "Sum", "packets")]),
            ]
        )
    return rows

"""The way of requests from the platform's gateway to an endpoint: its route, who may come by it, and the certificate of its domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra.options.grpc import methods
from modelinfra.platforms.kubernetes import client_keys, domain, policy, route
from modelinfra.platforms.kubernetes.objects import Objects
from modelinfra.platforms.kubernetes.planner import KubernetesEndpointPlan

WAIT_FOR = "pulumi.com/waitFor"

PUBLIC_LABEL = "modelinfra/public"
"""On routes that clients on the internet reach: `kubectl get httproutes -A -l modelinfra/public`, and what reviews read."""


def address_of(gateway: Any, host: str | None) -> Input[str]:
    """Where clients reach what hangs at the gateway, or what has a host of its own there."""
    if host is None:
        return Output.from_input(gateway.url)
    if gateway.cluster_issuer is not None:
        return f"https://{host}"
    # The listener's own port, where it is not that of HTTPS.
    return Output.from_input(gateway.url).apply(lambda url: f"https://{host}{_port(url)}")


def _port(url: str) -> str:
    port = urlsplit(url).port
    return "" if port is None else f":{port}"


def register_entrance(
    objects: Objects,
    name: str,
    plan: KubernetesEndpointPlan,
    services: Mapping[str, str],
    after: Sequence[pulumi.Resource],
    explained: tuple[str, str] | None = None,
) -> tuple[pulumi.CustomResource, Mapping[str, Mapping[str, str]]]:
    """The route, and client -> generation -> Secret that holds its key. services: revision -> name of its Service. explained: path of
    explanations at the explainer, and its Service.

    Whoever is asked is asked from the first request on: the policy is there before the route, and goes after it.
    """
    options, served, gateway = objects.request.options, objects.request.served, objects.platform.options.gateway
    exposure = options.exposure
    keys, secrets = _keys(objects, name, exposure)
    guards: list[pulumi.Resource] = []
    if policy.asked(exposure):
        names = [each for of_client in keys.values() for each in of_client.values()]
        spec = policy.security_policy(name, exposure, names)
        version = "gateway.envoyproxy.io/v1alpha1"
        guards.append(objects.custom("security-policy", version, "SecurityPolicy", name, spec, secrets))
    host, parent = exposure.domain, route.to_gateway(gateway)
    if host is not None and gateway.cluster_issuer is not None:
        guards.append(_listener(objects, name, host, gateway))
        parent = domain.to_listener_set(name)
    ways = [route.below(plan.path)] if host is None else [route.at_host(exposure.paths or served.open_paths)]
    if called := methods(exposure, served.server.grpc_methods):
        ways.append(route.at_host(called, served.server.ports["grpc"]))
    made = objects.custom(
        "http-route",
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        name,
        route.http_route(
            options,
            parent,
            host,
            ways,
            services,
            plan.longest_request,
            (plan.path, *explained) if explained is not None else None,
        ),
        [*after, *guards],
        labels={PUBLIC_LABEL: "true"} if exposure.public else None,
    )
    namespace = objects.platform.namespace
    found = {client: {each: f"{namespace}/{key}" for each, key in known.items()} for client, known in keys.items()}
    return made, found


def _keys(
    objects: Objects, name: str, exposure: Any
) -> tuple[Mapping[str, Mapping[str, str]], Sequence[pulumi.Resource]]:
    """Client -> generation -> name of the Secret; and the Secrets."""
    found: dict[str, dict[str, str]] = {}
    made = []
    for client, generation in client_keys.valid(exposure):
        secret = client_keys.secret_of(name, client, generation)
        found.setdefault(client, {})[str(generation)] = secret
        made.append(
            kubernetes.core.v1.Secret(
                objects.request.children.named(f"key-{client}-{generation}"),
                metadata=objects.metadata(secret),
                type="Opaque",
                data=client_keys.content(name, client, generation),
                opts=objects.opts("client-key", ignore_changes=["data"], additional_secret_outputs=["data"]),
            )
        )
    return found, made


def _listener(objects: Objects, name: str, host: str, gateway: Any) -> pulumi.Resource:
    """A listener that has its certificate when a deployment is done, or the deployment says why there is none."""
    issued = objects.custom(
        "domain-certificate",
        "cert-manager.io/v1",
        "Certificate",
        name,
        domain.certificate(name, host, gateway.cluster_issuer),
        annotations={WAIT_FOR: "condition=Ready"},
        minutes=domain.ISSUED_MINUTES,
    )
    spec = domain.listener_set(name, host, gateway)
    return objects.custom("listener-set", "gateway.networking.k8s.io/v1", "ListenerSet", name, spec, [issued])

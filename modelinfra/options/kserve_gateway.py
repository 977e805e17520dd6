"""What a user can say about the gateway through which requests reach endpoints on Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.declare import Option, rule
from modelinfra.options.kserve_landing import (
    CONTROLLER,
    ENVOY_GATEWAY,
    GATEWAY,
    SERVICE_OF_PROXY,
)  # fmt: skip
from modelinfra.options.landing import ADDED
from modelinfra.options.problems import Problem

_HOST = Option(
    pattern=r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+",
    pattern_text="a host name in lower-case letters, or one that begins with *.",
    pattern_example="*.models.example.com",
    example="*.models.example.com",
    lands=(f"{GATEWAY}.spec.listeners[0].hostname",),
)


class ExistingGatewayOptions(TypedDict):
    """An existing gateway."""

    name: str
    """Name of the Gateway."""

    namespace: str
    """Its namespace."""

    tls: NotRequired[Annotated[bool, Option(default=False)]]
    """Whether clients speak HTTPS to it."""


class InstalledGatewayOptions(TypedDict):
    """The gateway through which requests reach endpoints."""

    existing: NotRequired[
        Annotated[
            ExistingGatewayOptions,
            Option(
                lands=(
                    *ENVOY_GATEWAY,
                    f"{ADDED}{GATEWAY}",
                    f"{CONTROLLER}.gateway.ingressGateway.kserveGateway",
                    f"{CONTROLLER}.gateway.urlScheme",
                )
            ),
        ]
    ]
    """An existing Gateway, in place of one that is made. It is not changed: its listeners must let routes of the endpoints' namespaces in."""

    class_name: NotRequired[
        Annotated[
            str,
            Option(
                example="gke-l7-rilb",
                lands=(
                    *ENVOY_GATEWAY,
                    f"{GATEWAY}.spec.gatewayClassName",
                    f"{GATEWAY}.spec.infrastructure",
                ),
            ),
        ]
    ]
    """The GatewayClass of an implementation that is in the cluster already, in place of Envoy Gateway. None otherwise."""

    host: NotRequired[Annotated[Input[str], _HOST]]
    """Only requests for this host, or for hosts that match it (`*.models.example.com`), are taken. Any otherwise."""

    tls_secret: NotRequired[
        Annotated[
            Input[str],
            Option(
                example="models-tls",
                lands=(
                    f"{GATEWAY}.spec.listeners[0].name",
                    f"{GATEWAY}.spec.listeners[0].port",
                    f"{GATEWAY}.spec.listeners[0].protocol",
                    f"{GATEWAY}.spec.listeners[0].tls",
                    f"{CONTROLLER}.gateway.urlScheme",
                ),
            ),
        ]
    ]
    """Name of a Secret of type kubernetes.io/tls in KServe's namespace: the gateway speaks HTTPS, and no HTTP. A cert-manager Certificate
    keeps such a Secret. HTTP alone otherwise."""

    listener_sets: NotRequired[
        Annotated[
            bool,
            Option(default=False, example=True, lands=(f"{GATEWAY}.spec.allowedListeners",)),
        ]
    ]
    """Whether ListenerSets of any namespace may add listeners to it: hosts with certificates of their own, which endpoints with a `domain`
    need where `cluster_issuer` is written of their platform. Who may write ListenerSets, Kubernetes' own rights say."""

    service: NotRequired[
        Annotated[
            Literal["ClusterIP", "LoadBalancer", "NodePort"],
            Option(
                default_text="ClusterIP",
                example="NodePort",
                lands=(f"{SERVICE_OF_PROXY}.type",),
            ),
        ]
    ]
    """Who reaches Envoy Gateway's proxies: the cluster itself (ClusterIP), what reaches its nodes (NodePort), or a load balancer of the
    cloud, which `service_annotations` describes."""

    service_annotations: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(lands=(f"{SERVICE_OF_PROXY}.annotations",)),
        ]
    ]
    """What the load balancer is like, in the words of the cloud: see docs/kserve.md for internal ones. Needed with LoadBalancer, since most
    clouds make one that faces the internet unless they are told otherwise; `{}` says that this is meant."""

    load_balancer_class: NotRequired[Annotated[str, Option(lands=(f"{SERVICE_OF_PROXY}.loadBalancerClass",))]]
    """Which controller makes the load balancer, for example `eks.amazonaws.com/nlb` with EKS Auto Mode. The cluster's default otherwise."""


_MADE_BY_ENVOY = ("service", "service_annotations", "load_balancer_class")


@rule(InstalledGatewayOptions, "existing", "class_name", "host", "tls_secret", "listener_sets", *_MADE_BY_ENVOY)
def an_existing_gateway_is_as_it_is(options: Mapping[str, Any]) -> Iterable[Problem]:
    if options["existing"] is None:
        return
    if options["listener_sets"]:
        reason = "the existing gateway is used and not changed"
        yield Problem("listener_sets", reason, "Write `allowedListeners` of that gateway where it is made.", True)
    for key in ("class_name", "host", "tls_secret", *_MADE_BY_ENVOY):
        if options[key] is not None:
            reason = "the existing gateway is used and not changed"
            yield Problem(
                key, reason, "Remove it, or existing.", options[key] if isinstance(options[key], str) else None
            )


@rule(InstalledGatewayOptions, "existing", "class_name", *_MADE_BY_ENVOY)
def another_class_has_its_own_proxies(options: Mapping[str, Any]) -> Iterable[Problem]:
    if options["class_name"] is None or options["existing"] is not None:
        return
    for key in _MADE_BY_ENVOY:
        if options[key] is not None:
            reason = "it says how Envoy Gateway's proxies are reached, and class_name names another implementation"
            yield Problem(key, reason, "Remove it, or class_name.")


@rule(InstalledGatewayOptions, "existing", "class_name", *_MADE_BY_ENVOY)
def a_load_balancer_is_described(options: Mapping[str, Any]) -> Iterable[Problem]:
    if options["existing"] is not None or options["class_name"] is not None:
        return
    balanced = options["service"] == "LoadBalancer"
    if balanced and options["service_annotations"] is None:
        reason = "most clouds make a load balancer that faces the internet unless annotations say otherwise"
        yield Problem(
            "service_annotations", reason, "Write those of an internal load balancer, or {} if the internet is meant."
        )
    for key in ("service_annotations", "load_balancer_class"):
        if not balanced and options[key] is not None:
            yield Problem(
                key, "there is no load balancer that it could describe", "Write service: LoadBalancer, or remove it."
            )

"""What a user can say about the gateways at which endpoints on Kubernetes hang."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.declare import Option
from modelinfra.options.landing import ADDED, DOMAIN_CERTIFICATE, POLICY_OF_NETWORK, REFERENCE_GRANT, ROUTE_OF_GATEWAY

# Kubernetes: names of namespaces and of most objects (RFC 1123 labels).
LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
LABEL_TEXT = "a name of lower-case letters, digits and hyphens (63 characters at most)"

# Gateway API, SectionName.
_SECTION = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"


class GatewayOptions(TypedDict):
    """A gateway of the Gateway API that is there already. Its listeners say who reaches it, and hold the certificates."""

    name: Annotated[str, Option(pattern=LABEL, pattern_text=LABEL_TEXT, pattern_example="inference")]
    """Name of the Gateway object."""

    namespace: Annotated[str, Option(pattern=LABEL, pattern_text=LABEL_TEXT, pattern_example="gateways")]
    """Its namespace. Its listeners must allow routes from the namespace of the endpoints."""

    url: Annotated[
        Input[str],
        Option(
            pattern=r"https?://[^/\s]+",
            pattern_text="an address without a path",
            pattern_example="https://models.example.com",
        ),
    ]
    """Address under which clients reach it."""

    listener: NotRequired[
        Annotated[
            str,
            Option(
                pattern=_SECTION,
                pattern_text="the name of a listener (small letters, digits, hyphens and dots)",
                pattern_example="https",
                lands=(f"{ROUTE_OF_GATEWAY}.spec.parentRefs[0].sectionName",),
                example="another",
            ),
        ]
    ]
    """Name of the listener that takes routes. Left out, every listener does that lets them in. A `domain` of an endpoint needs one that
    speaks HTTPS and has its certificate, or `cluster_issuer`."""

    cluster_issuer: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?",
                pattern_text="the name of a ClusterIssuer",
                pattern_example="letsencrypt",
                lands=(f"{DOMAIN_CERTIFICATE}.spec.issuerRef.name",),
                example="another-issuer",
            ),
        ]
    ]
    """A ClusterIssuer of cert-manager. With it each `domain` of an endpoint gets a certificate, and a listener of its own at this gateway (a
    ListenerSet, which the gateway's `allowedListeners` must let in). Left out, `listener` has certificates already."""

    implementation: NotRequired[Annotated[Literal["envoy-gateway"], Option()]]
    """What serves the gateway: Envoy Gateway (1.9), whose policies ask clients who they are. Left out, it may be any, and endpoints
    cannot have `exposure.auth` or `cidrs`, which the Gateway API itself does not know."""

    public: NotRequired[
        Annotated[
            bool,
            Option(default=False, lands=(f"{ADDED}{ROUTE_OF_GATEWAY}",), example=True),
        ]
    ]
    """Whether clients on the internet reach it: say so where its load balancer faces it. Then only endpoints with `exposure.public`
    have a route, and the others are reached from inside the cluster."""

    admitted_namespaces: NotRequired[
        Annotated[
            Sequence[Annotated[str, Option(pattern=LABEL, pattern_text=LABEL_TEXT, pattern_example="gateways")]],
            Option(
                default_text="all of the cluster's",
                at_least=1,
                lands=(f"{POLICY_OF_NETWORK}.spec.ingress[0].from",),
                example=["envoy-gateway-system"],
            ),
        ]
    ]
    """Namespaces whose pods reach the replicas of endpoints with `exposure.auth` or `cidrs`: that of the gateway's proxies, and that of
    the Prometheus which scrapes the replicas. Left out, whoever is in the cluster reaches them past the gateway."""


class KnativeGatewayOptions(TypedDict):
    """The Service of Knative's networking layer for requests from inside the cluster. It answers on port 80."""

    name: NotRequired[
        Annotated[
            str,
            Option(
                default="kourier-internal",
                pattern=LABEL,
                pattern_text=LABEL_TEXT,
                pattern_example="kourier-internal",
                lands=(f"{ROUTE_OF_GATEWAY}.spec.rules",),
                example="knative-local-gateway",
            ),
        ]
    ]
    """Its name; Istio's is `knative-local-gateway`."""

    namespace: NotRequired[
        Annotated[
            str,
            Option(
                default="knative-serving",
                pattern=LABEL,
                pattern_text=LABEL_TEXT,
                pattern_example="kourier-system",
                lands=(f"{ROUTE_OF_GATEWAY}.spec.rules", f"{REFERENCE_GRANT}.metadata.namespace"),
                example="istio-system",
            ),
        ]
    ]
    """Its namespace; that of Kourier's own manifests is `kourier-system`."""

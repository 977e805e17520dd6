"""A certificate for an endpoint's domain, and a listener for it at the platform's gateway. Pure data.

The gateway itself is not edited: a ListenerSet adds the listener, so a platform team's object has one writer (Gateway API 1.5, standard
channel; Envoy Gateway 1.9 serves it).
"""

from __future__ import annotations

from typing import Any, Final

SECTION: Final = "https"
"""The name of the one listener."""

PORT: Final = 443

ISSUED_MINUTES: Final = 15
"""How long a deployment waits for a certificate. An assumption: an authority that asks for a DNS record waits until it is seen."""


def secret_of(name: str) -> str:
    """Where the certificate of an endpoint lies. It stays when the endpoint goes: cert-manager does not delete it."""
    return f"{name}-tls"


def certificate(name: str, domain: str, issuer: str) -> dict[str, Any]:
    """What cert-manager keeps issued."""
    return {
        "secretName": secret_of(name),
        "dnsNames": [domain],
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
    }


def listener_set(name: str, domain: str, gateway: Any) -> dict[str, Any]:
    """HTTPS at the domain, for routes of the endpoints' own namespace."""
    return {
        "parentRef": {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": gateway.name,
            "namespace": gateway.namespace,
        },
        "listeners": [
            {
                "name": SECTION,
                "hostname": domain,
                "port": PORT,
                "protocol": "HTTPS",
                "tls": {
                    "mode": "Terminate",
                    "certificateRefs": [{"group": "", "kind": "Secret", "name": secret_of(name)}],
                },
                "allowedRoutes": {
                    "namespaces": {"from": "Same"},
                    "kinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
                },
            }
        ],
    }


def to_listener_set(name: str) -> dict[str, str]:
    """The parent of the endpoint's route."""
    return {"group": "gateway.networking.k8s.io", "kind": "ListenerSet", "name": name, "sectionName": SECTION}

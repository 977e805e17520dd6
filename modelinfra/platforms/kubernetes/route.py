"""Which requests at a gateway go to which revision: an HTTPRoute of the Gateway API. Pure data.

One of our own and not KServe's: it divides traffic between InferenceServices that scale each by itself, sends headers to one of them, and is
Pulumi's alone, so that what `traffic` says is what there is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelinfra.options.revisions import STABLE, headers, weights
from modelinfra.platforms.kubernetes.pod import service

_PORT = 80


def http_route(options: Any, path: str, gateway: Any, services: Mapping[str, str], seconds: int) -> dict[str, Any]:
    """services: revision -> name of its InferenceService, `stable` the endpoint's own. seconds: the longest request."""
    shares = weights(options)
    divided = [_backend(services[name], share) for name, share in shares.items() if share or name == STABLE]
    return {
        "parentRefs": [
            {
                "group": "gateway.networking.k8s.io",
                "kind": "Gateway",
                "name": gateway.name,
                "namespace": gateway.namespace,
            }
        ],
        "rules": [
            *(
                _rule(path, headers(name, each), [_backend(services[name], 1)], seconds)
                for name, each in sorted(options.revisions.items())
            ),
            _rule(path, {}, divided, seconds),
        ],
    }


def _rule(path: str, asked: Mapping[str, str], backends: list[dict[str, Any]], seconds: int) -> dict[str, Any]:
    match: dict[str, Any] = {"path": {"type": "PathPrefix", "value": path}}
    if asked:
        match["headers"] = [_header(name, value) for name, value in sorted(asked.items())]
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
    return {
        "matches": [match],
        "filters": [rewrite],
        "backendRefs": backends,
        "timeouts": {"request": f"{seconds}s"},
    }


def _header(name: str, value: str) -> dict[str, Any]:
    if "*" not in value:
        return {"type": "Exact", "name": name, "value": value}
    return {"type": "RegularExpression", "name": name, "value": ".*".join(map(re.escape, value.split("*")))}


def _backend(name: str, weight: int) -> dict[str, Any]:
    return {"group": "", "kind": "Service", "name": service(name), "port": _PORT, "weight": weight}

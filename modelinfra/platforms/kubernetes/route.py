"""Which requests at a gateway go to which revision: an HTTPRoute of the Gateway API. Pure data.

One of our own and not KServe's: it divides traffic between InferenceServices that scale each by itself, sends headers to one of them, and is
Pulumi's alone, so that what `traffic` says is what there is.

gRPC is in the same route: the Gateway API lets one listener take either an HTTPRoute or a GRPCRoute for a host, the older of the two
(GRPCRouteSpec.hostnames). A method of gRPC is a path of HTTP/2, and KServe writes `appProtocol: kubernetes.io/h2c` at the port of that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.options.revisions import STABLE, headers, weights

_HTTP_PORT: Final = 80
"""Of KServe's Service: it leads to the first port of the container. Its other ports have their own numbers."""

# Gateway API, HTTPPathMatch: what an exact value may be made of, and what it may not have in it.
_EXACT: Final = re.compile(r"/([-A-Za-z0-9/._~!$&'()+,;=:@]|%[0-9a-fA-F]{2})*")
_NOT_EXACT: Final = ("//", "/./", "/../", "%2f", "%2F")


@dataclass(frozen=True)
class Way:
    """Requests that go to one port of the replicas. paths: those that they ask for, as matches."""

    paths: Sequence[Mapping[str, str]]
    port: int = _HTTP_PORT
    filters: Sequence[Mapping[str, Any]] = ()


def below(path: str) -> Way:
    """Everything below a path of a host that endpoints share; the path is cut off."""
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
    return Way([{"type": "PathPrefix", "value": path}], filters=[rewrite])


def at_host(patterns: Sequence[str], port: int = _HTTP_PORT) -> Way:
    """These paths of a host of the endpoint's own, or methods of gRPC; `*` and `?` stand for anything, as on a load balancer of AWS."""
    return Way([_path(each) for each in patterns], port)


def to_gateway(gateway: Any) -> dict[str, str]:
    """The parent of a route: the platform's gateway, or one listener of it."""
    section = {} if gateway.listener is None else {"sectionName": gateway.listener}
    return {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace,
        **section,
    }


def http_route(
    options: Any,
    parent: Mapping[str, str],
    host: str | None,
    ways: Sequence[Way],
    services: Mapping[str, str],
    seconds: int,
    explained: tuple[str, str, str] | None = None,
) -> dict[str, Any]:
    """host: of the endpoint's own; None for whatever hosts the gateway takes.

    services: revision -> name of its Service, `stable` the endpoint's own. seconds: the longest request. explained: where the endpoint hangs,
    path of explanations at the explainer, and its Service.
    """
    shares = weights(options)
    divided = {services[name]: share for name, share in shares.items() if share or name == STABLE}
    return {
        "parentRefs": [dict(parent)],
        **({} if host is None else {"hostnames": [host]}),
        "rules": [
            *([_exact(*explained, seconds)] if explained is not None else []),
            *(
                _rule(way, headers(name, each), {services[name]: 1}, seconds)
                for name, each in sorted(options.revisions.items())
                for way in ways
            ),
            *(_rule(way, {}, divided, seconds, _copied(options.mirror, services, way.port)) for way in ways),
        ],
    }


def _rule(
    way: Way,
    asked: Mapping[str, str],
    shares: Mapping[str, int],
    seconds: int,
    copied: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    filters = [*way.filters, *copied]
    of_headers = {"headers": [_header(name, value) for name, value in sorted(asked.items())]} if asked else {}
    return {
        "matches": [{"path": dict(path), **of_headers} for path in way.paths],
        **({"filters": filters} if filters else {}),
        "backendRefs": [_backend(name, way.port, share) for name, share in shares.items()],
        "timeouts": {"request": f"{seconds}s"},
    }


def _copied(mirror: Any, services: Mapping[str, str], port: int) -> list[dict[str, Any]]:
    """The gateway waits for no answer to a copy."""
    if mirror is None:
        return []
    backend = {key: value for key, value in _backend(services[mirror.revision], port, 1).items() if key != "weight"}
    return [{"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": mirror.percent}}]


def _exact(path: str, under: str, of: str, seconds: int) -> dict[str, Any]:
    """One path, and no other, to a service of its own."""
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": under}}}
    return {
        "matches": [{"path": {"type": "Exact", "value": f"{path}{under}"}}],
        "filters": [rewrite],
        "backendRefs": [_backend(of, _HTTP_PORT, 1)],
        "timeouts": {"request": f"{seconds}s"},
    }


def route_of(gateway: Any, path: str, of: str, seconds: int) -> dict[str, Any]:
    """Everything below a path to one service. of: its name."""
    return {"parentRefs": parents(gateway), "rules": [forwarded(path, {}, [_backend(of, _HTTP_PORT, 1)], seconds)]}


def parents(gateway: Any) -> list[dict[str, str]]:
    """The gateway of a route."""
    return [to_gateway(gateway)]


def forwarded(
    path: str,
    asked: Mapping[str, str],
    backends: list[dict[str, Any]],
    seconds: int,
    *,
    host: str | None = None,
    replaced: str = "/",
) -> dict[str, Any]:
    """A rule: requests at the path with these headers go to the backends, the path replaced by another, cut off by
    default. host: what they are told to be for, else the client's."""
    match: dict[str, Any] = {"path": {"type": "PathPrefix", "value": path}}
    if asked:
        match["headers"] = [_header(name, value) for name, value in sorted(asked.items())]
    rewrite: dict[str, Any] = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": replaced}}
    return {
        "matches": [match],
        "filters": [{"type": "URLRewrite", "urlRewrite": rewrite | ({"hostname": host} if host else {})}],
        "backendRefs": backends,
        "timeouts": {"request": f"{seconds}s"},
    }


def _path(pattern: str) -> dict[str, str]:
    if _EXACT.fullmatch(pattern) and not any(each in pattern for each in _NOT_EXACT):
        return {"type": "Exact", "value": pattern}
    anything = {"*": ".*", "?": "."}
    return {"type": "RegularExpression", "value": "".join(anything.get(each, re.escape(each)) for each in pattern)}


def _header(name: str, value: str) -> dict[str, Any]:
    if "*" not in value:
        return {"type": "Exact", "name": name, "value": value}
    return {"type": "RegularExpression", "name": name, "value": ".*".join(map(re.escape, value.split("*")))}


def _backend(name: str, port: int, weight: int) -> dict[str, Any]:
    return {"group": "", "kind": "Service", "name": name, "port": port, "weight": weight}

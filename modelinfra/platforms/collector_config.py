"""The configuration of the OpenTelemetry Collector beside a server: pure data, the same on every platform.

JSON is YAML, which the collector reads. No `$` stands in it but before the name of a variable: the collector would take it for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.platforms.signals import Metric

GRPC_PORT: Final = 4317
HTTP_PORT: Final = 4318
_LOCAL: Final = "127.0.0.1"

ADDRESSES: Final = {"grpc": f"http://localhost:{GRPC_PORT}", "http": f"http://localhost:{HTTP_PORT}"}
"""Where the collector takes traces, as the server beside it is told."""

# Of the container's memory: what is above is refused, before the kernel kills it.
_MEMORY_LIMIT_MIB: Final = 200
_MEMORY_SPIKE_MIB: Final = 40


@dataclass(frozen=True)
class Source:
    """Whose telemetry it is. namespace: of its metrics in CloudWatch. name: of whose metrics they are. kind: the dimension that says so."""

    namespace: str
    stack: str
    name: str
    kind: str = "Endpoint"

    def metric(self, name: str) -> Metric:
        """One of the server's own metrics, as CloudWatch knows it."""
        return Metric(self.namespace, name, self.labels)

    @property
    def labels(self) -> dict[str, str]:
        """Dimensions of its metrics; each replica, or GPU, gives its own values under them, so that an average is one of replicas."""
        return {self.kind: self.name, "Stack": self.stack}


@dataclass(frozen=True)
class Scraped:
    """Where the server's metrics are. names: those that go to CloudWatch, through a log group; workspace: an ARN, to which all go. host: as
    the collector calls it."""

    port: int
    path: str
    interval_seconds: int
    names: Sequence[str]
    log_group: str | None
    workspace: str | None
    host: str = _LOCAL


@dataclass(frozen=True)
class Traced:
    """Where traces go: an address, or None for X-Ray. headers: name -> environment variable that holds its value."""

    address: str | None
    sample_percent: float
    headers: Mapping[str, str]


def collector_config(source: Source, region: str, scraped: Scraped | None, traced: Traced | None) -> str:
    """The configuration's text. region: where the server runs."""
    parts = [
        *(_cloudwatch(source, region, scraped) if scraped is not None and scraped.log_group is not None else ()),
        *(_workspace(source, scraped) if scraped is not None and scraped.workspace is not None else ()),
        *(_traces(region, traced) if traced is not None else ()),
    ]
    config: dict[str, Any] = {
        "receivers": {},
        "processors": {
            "memory_limiter": {
                "check_interval": "1s",
                "limit_mib": _MEMORY_LIMIT_MIB,
                "spike_limit_mib": _MEMORY_SPIKE_MIB,
            },
            "batch": {"timeout": "10s"},
        },
        "exporters": {},
        # Its own metrics would take port 8888 of the replica.
        "service": {"pipelines": {}, "telemetry": {"metrics": {"level": "none"}}},
    }
    for section, name, value in parts:
        where = config["service"] if section in ("pipelines", "extensions") else config
        if section == "extensions":
            config.setdefault("extensions", {})[name] = value
            where.setdefault("extensions", []).append(name)
        else:
            where[section][name] = value
    return json.dumps(config)


_Part = tuple[str, str, Any]


def _prometheus(source: Source, scraped: Scraped, only: Sequence[str] = ()) -> dict[str, Any]:
    kept = [{"source_labels": ["__name__"], "regex": "|".join(only), "action": "keep"}] if only else []
    job = {
        "job_name": "server",
        "scrape_interval": f"{scraped.interval_seconds}s",
        "metrics_path": scraped.path,
        "static_configs": [{"targets": [f"{scraped.host}:{scraped.port}"], "labels": source.labels}],
        **({"metric_relabel_configs": kept} if kept else {}),
    }
    return {"config": {"scrape_configs": [job]}}


def _cloudwatch(source: Source, region: str, scraped: Scraped) -> list[_Part]:
    """Embedded metric format through a log group; without a declaration every label would be a dimension, and each dimension costs."""
    emf = {
        "region": region,
        "namespace": source.namespace,
        "log_group_name": scraped.log_group,
        "log_stream_name": "{TaskId}",
        "dimension_rollup_option": "NoDimensionRollup",
        "metric_declarations": [
            {"dimensions": [sorted(source.labels)], "metric_name_selectors": [f"^{name}" for name in scraped.names]}
        ],
    }
    pipeline = {
        "receivers": ["prometheus/few"],
        "processors": ["memory_limiter", "resourcedetection", "batch"],
        "exporters": ["awsemf"],
    }
    return [
        ("receivers", "prometheus/few", _prometheus(source, scraped, scraped.names)),
        ("processors", "resourcedetection", {"detectors": ["ecs"]}),
        ("exporters", "awsemf", emf),
        ("pipelines", "metrics/few", pipeline),
    ]


def _workspace(source: Source, scraped: Scraped) -> list[_Part]:
    assert scraped.workspace is not None
    _, _, _, region, _, resource = scraped.workspace.split(":")
    address = f"https://aps-workspaces.{region}.amazonaws.com/workspaces/{resource.rpartition('/')[2]}"
    remote = {
        "endpoint": f"{address}/api/v1/remote_write",
        "auth": {"authenticator": "sigv4auth"},
        # Every replica has the same address: the task tells their series apart.
        "resource_to_telemetry_conversion": {"enabled": True},
    }
    pipeline = {
        "receivers": ["prometheus/all"],
        "processors": ["memory_limiter", "resourcedetection", "batch"],
        "exporters": ["prometheusremotewrite"],
    }
    return [
        ("receivers", "prometheus/all", _prometheus(source, scraped)),
        ("processors", "resourcedetection", {"detectors": ["ecs"]}),
        ("exporters", "prometheusremotewrite", remote),
        ("extensions", "sigv4auth", {"region": region, "service": "aps"}),
        ("pipelines", "metrics/all", pipeline),
    ]


def _traces(region: str, traced: Traced) -> list[_Part]:
    headers = {name: f"${{env:{variable}}}" for name, variable in traced.headers.items()}
    exporter, settings = (
        ("awsxray", {"region": region})
        if traced.address is None
        else ("otlphttp", {"endpoint": traced.address.rstrip("/"), **({"headers": headers} if headers else {})})
    )
    protocols = {"grpc": {"endpoint": f"{_LOCAL}:{GRPC_PORT}"}, "http": {"endpoint": f"{_LOCAL}:{HTTP_PORT}"}}
    pipeline = {
        "receivers": ["otlp"],
        "processors": ["memory_limiter", "probabilistic_sampler", "batch"],
        "exporters": [exporter],
    }
    return [
        ("receivers", "otlp", {"protocols": protocols}),
        ("processors", "probabilistic_sampler", {"sampling_percentage": traced.sample_percent}),
        ("exporters", exporter, settings),
        ("pipelines", "traces", pipeline),
    ]

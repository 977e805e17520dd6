"""The dashboard of one endpoint in Grafana: the graphs that its dashboard in CloudWatch has, asked of Prometheus. Pure data.

Grafana's own reference, "JSON model"; of a panel only what is not its default is said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelinfra.platforms import graphs
from modelinfra.platforms.kubernetes.measured import Measured
from modelinfra.platforms.kubernetes.pod import CONTAINER
from modelinfra.platforms.kubernetes.promql import per_second, quantile, share_of_errors

LABELS: Final = {"grafana_dashboard": "1"}
"""By which Grafana's sidecar finds ConfigMaps with dashboards, unless it is told others (chart `grafana`, sidecar.dashboards)."""

_SCHEMA: Final = 39
"""Version of the model: of Grafana 11, and newer ones raise it by themselves."""

_COLUMNS: Final = 24
_HEIGHT: Final = 8
_IN_A_ROW: Final = 4
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

Panel = dict[str, Any]
Line = tuple[str, str]
"""A question of PromQL, and what its line is called."""


def dashboard(
    endpoint: str,
    namespace: str,
    revisions: Mapping[str, Measured],
    own: Mapping[str, Sequence[str]],
    options: Any,
) -> dict[str, Any]:
    """revisions: by name, the endpoint's own first. own: metrics of each revision's server, with their matchers. options: the endpoint's."""
    rows = [
        [_alarms(endpoint, namespace)],
        [
            _graph(graphs.REQUESTS, _requests(revisions), stacked=True),
            _graph(graphs.ERROR_SHARE, _shares(revisions), limits={"alarm": options.rollback.error_percent}),
            _graph(graphs.TIMES, _times(revisions), limits=graphs.promised(options.slo), unit="s"),
        ],
        [
            _graph(graphs.REPLICAS, _replicas(revisions)),
            _graph(graphs.SATURATION, _saturation(revisions), most=100),
            _graph(graphs.WRONG, _wrong(revisions)),
        ],
        *_rows_of(own),
    ]
    return {
        "uid": hashlib.sha256(f"{namespace}/{endpoint}".encode()).hexdigest()[:40],
        "title": f"Endpoint {endpoint}",
        "tags": ["modelinfra", namespace],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [{"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"}]
        },
        "panels": list(_placed(rows)),
    }


def text(found: Mapping[str, Any]) -> str:
    """As it stands in a ConfigMap."""
    return json.dumps(found, indent=1)


def own_metrics(names: Sequence[str], scope: str) -> list[str]:
    """Questions to the server's own metrics: the average of replicas of what is a level, and of what is counted upwards how fast."""
    return [
        f"avg(rate({name}{{{scope}}}[1m]))" if name.endswith("_total") else f"avg({name}{{{scope}}})" for name in names
    ]


def _requests(revisions: Mapping[str, Measured]) -> Iterator[Line]:
    for name, each in _labelled(revisions):
        if each.requests is not None:
            yield f"60 * ({per_second(each.requests, '1m')})", _of("requests", name)


def _shares(revisions: Mapping[str, Measured]) -> Iterator[Line]:
    for name, each in _labelled(revisions):
        if each.errors is not None:
            yield f"100 * {share_of_errors(each.errors, '1m')}", _of("5xx", name)


def _times(revisions: Mapping[str, Measured]) -> Iterator[Line]:
    for name, each in _labelled(revisions):
        if each.latency is not None:
            for percentile in graphs.PERCENTILES:
                question = quantile(each.latency, int(percentile[1:]) / 100)
                unit = each.latency.unit
                yield question if unit == 1 else f"{question} / {unit}", _of(percentile, name)


def _replicas(revisions: Mapping[str, Measured]) -> Iterator[Line]:
    for name, each in _labelled(revisions):
        yield f"max(kube_deployment_status_replicas_available{{{each.deployment}}})", _of("healthy", name)
        yield f"max(kube_deployment_spec_replicas{{{each.deployment}}})", _of("desired", name)


def _saturation(revisions: Mapping[str, Measured]) -> Iterator[Line]:
    for name, each in _labelled(revisions):
        of = f'{each.pods},container="{CONTAINER}"'
        used = {
            "processor": (f"sum by (pod) (rate(container_cpu_usage_seconds_total{{{of}}}[2m]))", "cpu"),
            "memory": (f"sum by (pod) (container_memory_working_set_bytes{{{of}}})", "memory"),
        }
        for words, (taken, resource) in used.items():
            limit = f'sum by (pod) (kube_pod_container_resource_limits{{{of},resource="{resource}"}})'
            for how, which in (("avg", "average"), ("max", "busiest replica")):
                yield f"100 * {how}({taken} / {limit})", _of(f"{words}, {which}", name)


def _wrong(revisions: Mapping[str, Measured]) -> Iterator[Line]:
    for name, each in _labelled(revisions):
        if each.errors is not None:
            yield f"60 * ({per_second(each.errors, '1m', errors=True)})", _of("5xx", name)


def _labelled(revisions: Mapping[str, Measured]) -> Iterator[tuple[str, Measured]]:
    """Each revision and what its lines end in, where there are several."""
    several = len(revisions) > 1
    yield from ((name if several else "", each) for name, each in revisions.items())


def _of(words: str, revision: str) -> str:
    return f"{words}, {revision}" if revision else words


def _rows_of(own: Mapping[str, Sequence[str]]) -> list[list[Panel]]:
    """Each of the server's metrics in a graph of its own: a queue's length beside microseconds would be a line at the bottom."""
    found: dict[str, list[Line]] = {}
    for revision, questions in own.items():
        for question in questions:
            name = question.removeprefix("avg(").removeprefix("rate(").partition("{")[0]
            found.setdefault(name, []).append((question, _of("average of replicas", revision)))
    panels = [_graph(name, lines) for name, lines in found.items()]
    return [panels[start : start + _IN_A_ROW] for start in range(0, len(panels), _IN_A_ROW)]


def _alarms(endpoint: str, namespace: str) -> Panel:
    """What Alertmanager's labels say of the endpoint."""
    return {
        "type": "alertlist",
        "title": "Alarms",
        "datasource": _SOURCE,
        "options": {
            "alertInstanceLabelFilter": f'{{endpoint="{endpoint}",namespace="{namespace}"}}',
            "viewMode": "list",
            "stateFilter": {"firing": True, "pending": True, "error": True, "noData": False, "normal": False},
        },
    }


def _graph(
    title: str,
    lines: Any,
    *,
    stacked: bool = False,
    limits: Mapping[str, float] | None = None,
    most: float | None = None,
    unit: str = "short",
) -> Panel:
    """limits: what -> value of a line that is drawn across."""
    marks = [
        {"color": "green", "value": None},
        *({"color": "red", "value": value} for value in (limits or {}).values()),
    ]
    described = "; ".join(f"{label}: {value:g}" for label, value in (limits or {}).items())
    custom: dict[str, Any] = {"fillOpacity": 10, "showPoints": "never"}
    custom |= {"stacking": {"mode": "normal", "group": "A"}} if stacked else {}
    custom |= {"thresholdsStyle": {"mode": "line"}} if limits else {}
    return {
        "type": "timeseries",
        "title": title,
        **({"description": described} if described else {}),
        "datasource": _SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": question,
                "legendFormat": label,
                "range": True,
            }
            for index, (question, label) in enumerate(lines)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "min": 0,
                **({"max": most} if most is not None else {}),
                "custom": custom,
                "thresholds": {"mode": "absolute", "steps": marks},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    }


def _placed(rows: Sequence[Sequence[Panel]]) -> Iterator[Panel]:
    """The panels of a row share its width."""
    number, y = 0, 0
    for row in rows:
        if not row:
            continue
        width = _COLUMNS // len(row)
        for index, panel in enumerate(row):
            number += 1
            yield {**panel, "id": number, "gridPos": {"x": index * width, "y": y, "w": width, "h": _HEIGHT}}
        y += _HEIGHT

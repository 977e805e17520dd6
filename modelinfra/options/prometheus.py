"""What a user can say about the Prometheus that sees the endpoints of a Kubernetes cluster, and whom it tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ALERTMANAGER_CONFIG,
    DASHBOARD_OF_GRAFANA,
    POD,
    POD_MONITOR,
    PROMETHEUS_RULE,
    SCALED_OBJECT,
)
from modelinfra.options.problems import Problem

_LABEL_TEXT = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_TOPIC = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?"


class AlertOptions(TypedDict):
    """Whom the cluster's Alertmanager tells of the alarms of endpoints."""

    webhook: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[-._a-zA-Z0-9]+",
                pattern_text="NAME/KEY of a secret of the namespace",
                pattern_example="pager/url",
                lands=(f"{ALERTMANAGER_CONFIG}.spec.receivers",),
                example="other/url",
            ),
        ]
    ]
    """Who is told over HTTP: NAME/KEY of the Kubernetes secret, in the endpoints' namespace, that holds the address. None otherwise."""

    topic_arn: NotRequired[
        Annotated[
            str,
            Option(
                pattern=_TOPIC,
                pattern_text="the ARN of an SNS topic",
                pattern_example="arn:aws:sns:us-west-2:123456789012:alarms",
                lands=(f"{ALERTMANAGER_CONFIG}.spec.receivers",),
                example="arn:aws:sns:us-west-2:123456789012:others",
            ),
        ]
    ]
    """SNS topic that is told, too. Alertmanager signs with the role of its own service account, which must be allowed to publish. None otherwise."""


class ClusterPrometheusOptions(TypedDict):
    """A Prometheus that is in the cluster."""

    url: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"https?://\S+",
                pattern_text="an address",
                pattern_example="http://prometheus-operated.monitoring:9090",
                lands=(f"{SCALED_OBJECT}.spec.triggers",),
                example="http://prometheus-operated.elsewhere:9090",
            ),
        ]
    ]
    """Its address, as KEDA reaches it. Autoscaling by what Prometheus knows asks it (`scaling.concurrency`,
    `requests_per_second_per_replica`, `p95_latency_ms`); KEDA must be installed. None otherwise."""

    operator: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                lands=(f"{ADDED}{POD_MONITOR}", f"{ADDED}{PROMETHEUS_RULE}", f"{POD}.labels"),
                example=True,
            ),
        ]
    ]
    """Whether the Prometheus operator runs it, and kube-state-metrics beside it: then each endpoint brings what scrapes it (PodMonitor) and its
    alarms (PrometheusRule)."""

    labels: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(
                default={},
                lands=(
                    f"{POD_MONITOR}.metadata.labels",
                    f"{PROMETHEUS_RULE}.metadata.labels",
                    f"{ALERTMANAGER_CONFIG}.metadata.labels",
                ),
                example={"release": "kube-prometheus-stack"},
            ),
        ]
    ]
    """Labels by which it finds monitors, rules and Alertmanager configurations, for example `release: kube-prometheus-stack`."""

    grafana: NotRequired[
        Annotated[bool, Option(default=False, lands=(f"{ADDED}{DASHBOARD_OF_GRAFANA}",), example=True)]
    ]
    """Whether a Grafana with the sidecar for dashboards reads the same Prometheus: then each endpoint brings a dashboard, unless its `dashboard`
    is false."""

    envoy_gateway: NotRequired[
        Annotated[
            bool,
            Option(default=False, lands=(f"{PROMETHEUS_RULE}.spec.groups",), example=True),
        ]
    ]
    """Whether `gateway` is one of Envoy Gateway whose proxies are scraped: what a server does not count itself is counted there."""

    alerts: NotRequired[
        Annotated[AlertOptions, Option(lands=(f"{ADDED}{ALERTMANAGER_CONFIG}",), example={"webhook": "pager/url"})]
    ]
    """Whom Alertmanager tells. Left out, the alarms are there, and Alertmanager's own configuration says who hears of them."""


def has_operator(platform: Any) -> bool:
    """Whether the Prometheus operator is in a platform's cluster. platform: validated options of any platform, or None."""
    prometheus = getattr(platform, "prometheus", None)
    return prometheus is not None and bool(prometheus.operator)


@rule(AlertOptions, "webhook", "topic_arn")
def somebody_is_told(alerts: Mapping[str, Any]) -> Iterable[Problem]:
    if alerts["webhook"] is None and alerts["topic_arn"] is None:
        yield Problem("", "nobody is told", "Write `webhook` or `topic_arn`, or remove `alerts`.")


@rule(ClusterPrometheusOptions, "url", "operator", "labels", "grafana", "envoy_gateway", "alerts")
def a_prometheus_is_there_for_something(prometheus: Mapping[str, Any]) -> Iterable[Problem]:
    operator = prometheus["operator"]
    if prometheus["url"] is None and not operator and not prometheus["grafana"]:
        yield Problem("", "nothing asks it", "Write `url` to scale by it, `operator` for alarms, or remove it.")
    if not operator:
        for key in ("labels", "alerts"):
            if prometheus[key]:
                reason = "they are those of objects of the Prometheus operator"
                yield Problem(key, reason, "Write `operator: true`, or remove it.")
    for key, value in prometheus["labels"].items():
        if not _LABEL_TEXT.fullmatch(value):
            yield Problem(f"labels.{key}", "this is no value of a label", "Write letters, digits, - _ and dots.", value)

"""What a user can say about parts of KServe that are off unless they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.kserve_landing import (
    NAMESPACE,
    NODE_GROUP,
    RELEASE,
)  # fmt: skip
from modelinfra.options.landing import ADDED, POD_MONITOR
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes

_PROMETHEUS_SPEC = f"{RELEASE}.values.prometheus.prometheusSpec"

LOCAL_MODEL_LABEL = ("kserve/localmodel", "worker")
"""Of the nodes that keep models. Helm merges a selector of ours into the chart's own, so that another label would be one more."""


class LocalModelsOptions(TypedDict):
    """Models that are kept on the disks of nodes."""

    size: Annotated[
        Bytes,
        Option(
            at_least=1 << 30,
            example="500GiB",
            lands=(
                f"{NODE_GROUP}.spec.persistentVolumeClaimSpec.resources.requests.storage",
                f"{NODE_GROUP}.spec.persistentVolumeSpec.capacity.storage",
                f"{NODE_GROUP}.spec.storageLimit",
            ),
        ),
    ]
    """How much of each node's disk models may take. They lie in the directory /models of the node, and the nodes are those with the label
    `kserve/localmodel: worker`: the chart fixes both."""


class RemoteWriteOptions(TypedDict):
    """A workspace of Amazon Managed Service for Prometheus to which all is written, too."""

    workspace_url: Annotated[
        str,
        Option(
            pattern=r"https://aps-workspaces\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/workspaces/ws-[a-z0-9-]+/?",
            pattern_text="the address of a workspace",
            pattern_example="https://aps-workspaces.us-west-2.amazonaws.com/workspaces/ws-0123456789",
            lands=(f"{_PROMETHEUS_SPEC}.remoteWrite",),
            example="https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-0123456789",
        ),
    ]
    """Its address, without /api/v1/remote_write. Requests are signed with the role of Prometheus' service account, which needs
    aps:RemoteWrite."""

    role_arn: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
                pattern_text="the ARN of a role",
                pattern_example="arn:aws:iam::123456789012:role/prometheus",
                lands=(f"{RELEASE}.values.prometheus.serviceAccount.annotations",),
                example="arn:aws:iam::123456789012:role/prometheus",
            ),
        ]
    ]
    """That role by IRSA. Left out, a Pod Identity association of the service account `kube-prometheus-stack-prometheus` in the namespace
    `monitoring` gives it."""


class PrometheusOptions(TypedDict):
    """Scraping by a Prometheus Operator."""

    install: NotRequired[
        Annotated[bool, Option(default=False, lands=(f"{ADDED}{RELEASE}", f"{ADDED}{NAMESPACE}"), example=True)]
    ]
    """Whether to install one: kube-prometheus-stack, with Prometheus, Alertmanager, kube-state-metrics and Grafana, in the namespace `monitoring`.
    Without it, it is there already."""

    storage: NotRequired[
        Annotated[Bytes, Option(at_least=1 << 30, lands=(f"{_PROMETHEUS_SPEC}.storageSpec",), example="50GiB")]
    ]
    """Volume of each Prometheus that is installed, of the cluster's default storage class. Left out, what was measured goes with its pod: alarms that
    look six hours back begin anew."""

    remote_write: NotRequired[
        Annotated[
            RemoteWriteOptions,
            Option(
                lands=(f"{_PROMETHEUS_SPEC}.remoteWrite",),
                example={"workspace_url": "https://aps-workspaces.us-west-2.amazonaws.com/workspaces/ws-0123456789"},
            ),
        ]
    ]
    """Where what is installed writes to, too. Nowhere otherwise."""

    labels: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(
                default={},
                example={"release": "kube-prometheus-stack"},
                lands=(
                    f"{POD_MONITOR}.metadata.labels",
                    f"{RELEASE}.values.prometheus.podmonitor.labels",
                    f"{RELEASE}.values.prometheus.metricServer.podMonitor.additionalLabels",
                    f"{RELEASE}.values.prometheus.operator.podMonitor.additionalLabels",
                ),
            ),
        ]
    ]
    """Labels by which the Prometheus finds its monitors (its `podMonitorSelector`), for example `release: kube-prometheus-stack`."""


@rule(PrometheusOptions, "install", "storage", "remote_write")
def only_what_is_installed_is_shaped(prometheus: Mapping[str, Any]) -> Iterable[Problem]:
    for key in ("storage", "remote_write"):
        if prometheus[key] is not None and not prometheus["install"]:
            yield Problem(key, "the Prometheus that is there is not changed", "Write `install: true`, or remove it.")

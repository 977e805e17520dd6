"""What a user can say about parts of KServe that are off unless they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

from modelinfra.options.declare import Option
from modelinfra.options.kserve_landing import (
    NODE_GROUP,
    POD_MONITOR,
    RELEASE,
)  # fmt: skip
from modelinfra.options.quantities import Bytes

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


class PrometheusOptions(TypedDict):
    """Scraping by a Prometheus Operator."""

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

"""What a user can say about parts of KServe that are off unless they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

from modelinfra.options.declare import Option
from modelinfra.options.quantities import Bytes

LOCAL_MODEL_LABEL = {"kserve/localmodel": "worker"}
"""What KServe's chart selects nodes by."""


class LocalModelsOptions(TypedDict):
    """Models that are kept on the disks of nodes."""

    size: Annotated[
        Bytes,
        Option(
            at_least=1 << 30,
            example="500GiB",
            lands=(
                "LocalModelNodeGroup.spec.persistentVolumeClaimSpec.resources.requests.storage",
                "LocalModelNodeGroup.spec.persistentVolumeSpec.capacity.storage",
                "LocalModelNodeGroup.spec.storageLimit",
            ),
        ),
    ]
    """How much of each node's disk models may take. They lie in the directory /models of the node, which the chart fixes."""

    node_labels: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(
                default_text="kserve/localmodel: worker",
                at_least=1,
                example={"cache": "models"},
                lands=(
                    "kserve-localmodel-resources.kserve.localmodelnode.controller.nodeSelector.cache",
                    "kserve-localmodel-resources.kserve.localmodelnode.controller.nodeSelector.kserve/localmodel",
                    "LocalModelNodeGroup.spec.persistentVolumeSpec.nodeAffinity.required.nodeSelectorTerms",
                ),
            ),
        ]
    ]
    """Labels of the nodes that keep models. Endpoints that use the cache run on these nodes only."""


class PrometheusOptions(TypedDict):
    """Scraping by a Prometheus Operator."""

    labels: NotRequired[
        Annotated[
            Mapping[str, str],
            Option(
                default={},
                example={"release": "kube-prometheus-stack"},
                lands=(
                    "PodMonitor.metadata.labels.release",
                    "cert-manager.prometheus.podmonitor.labels.release",
                    "keda.prometheus.metricServer.podMonitor.additionalLabels.release",
                    "keda.prometheus.operator.podMonitor.additionalLabels.release",
                ),
            ),
        ]
    ]
    """Labels by which the Prometheus finds its monitors (its `podMonitorSelector`), for example `release: kube-prometheus-stack`."""

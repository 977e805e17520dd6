"""The Helm charts that accelerated nodes need: device plugins, and NVIDIA's exporter.

Their projects name no newest version of Kubernetes, and at most an oldest one (kubeVersion). Which values they have: gpu_chart_values.tsv.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from modelinfra.catalog.chart_values import values_of
from modelinfra.catalog.charts import Chart

CHARTS: Final[Mapping[str, Chart]] = MappingProxyType(
    {
        chart.name: chart
        for chart in (
            Chart(
                name="nvidia-device-plugin",
                repository="https://nvidia.github.io/k8s-device-plugin",
                version="0.20.0",
                day="2026-08-19",
                kubernetes=("1.10", None),
                kubernetes_source="its Chart.yaml",
                git=(
                    "NVIDIA/k8s-device-plugin",
                    "1b826acc6af3079d8923bac395c3124b8861a9a6",
                    "deployments/helm/nvidia-device-plugin",
                ),
            ),
            Chart(
                # The newest whose values were at hand.
                name="neuron-helm-chart",
                repository="oci://public.ecr.aws/neuron",
                version="1.0.0",
                day="2024-09-17",
                kubernetes=(None, None),
                kubernetes_source="none is named",
                git=(
                    "aws-neuron/neuron-helm-charts",
                    "8172e5e144bd49fec836619d2a41ab8cc10e83a8",
                    "charts/neuron-helm-chart",
                ),
            ),
            Chart(
                name="aws-efa-k8s-device-plugin",
                repository="https://aws.github.io/eks-charts",
                version="v0.5.30",
                day="2026-08-03",
                kubernetes=(None, None),
                kubernetes_source="none is named",
                git=(
                    "aws/eks-charts",
                    "5239609242f3430be50fb0b714a24d3ef2b47983",
                    "stable/aws-efa-k8s-device-plugin",
                ),
            ),
            Chart(
                name="dcgm-exporter",
                repository="https://nvidia.github.io/dcgm-exporter/helm-charts",
                version="4.8.2",
                day="2026-05-12",
                kubernetes=("1.19", None),
                kubernetes_source="its Chart.yaml",
                git=("NVIDIA/dcgm-exporter", "d5e5f510a1b6b393f39a43293ccd9dc985defc79", "deployment"),
            ),
        )
    }
)
"""By the charts' own names."""


def known_values(chart: str) -> Mapping[str, str]:
    """Path -> kind of every value in the chart's values.yaml at that commit. A mapping that is named is open: users fill it."""
    return values_of("gpu_chart_values.tsv", chart)

"""The Helm charts that are installed on a cluster of EKS.

A version is written here when somebody read at that version what the chart's values mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from modelinfra.catalog.charts import Chart


def _karpenter(name: str) -> Chart:
    return Chart(
        name=name,
        repository="oci://public.ecr.aws/karpenter",
        version="1.14.1",
        day="2026-08-21",
        kubernetes=("1.30", "1.36"),
        kubernetes_source="aws/karpenter-provider-aws@1d92708: website/content/en/docs/upgrading/compatibility.md",
        git=("aws/karpenter-provider-aws", "1d927085dd81a9df9301e613f371dac5b4d16bfe", f"charts/{name}"),
    )


CHARTS: Final[Mapping[str, Chart]] = MappingProxyType(
    {chart.name: chart for chart in (_karpenter("karpenter-crd"), _karpenter("karpenter"))}
)
"""By the charts' own names."""

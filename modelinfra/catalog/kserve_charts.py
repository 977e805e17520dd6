"""The Helm charts that make a cluster ready for KServe: where each lies, which version, since when, and on which Kubernetes it is tested.

The versions are one set: what KServe's release needs of the others, and a window of Kubernetes versions that all of them share. A newer
version is a row here, and `tools/refresh_kserve_charts.py`, which reads the values that the chart knows at that version.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from modelinfra.catalog.chart_values import unknown_paths, values_of
from modelinfra.catalog.charts import Chart, minor

_KSERVE_WINDOW: Final = (
    ("1.32", None),
    "kserve/website@05b83a6:docs/install/dependencies.md: 1.32 or newer, no newest is named",
)


def _kserve(name: str) -> Chart:
    return Chart(
        name=name,
        repository="oci://ghcr.io/kserve/charts",
        version="v0.20.0",
        day="2026-08-06",
        kubernetes=_KSERVE_WINDOW[0],
        kubernetes_source=_KSERVE_WINDOW[1],
        git=("kserve/kserve", "1fb781055dd1567164358233e1125142ca6ef1fe", f"charts/{name}"),
    )


def _envoy(name: str) -> Chart:
    return Chart(
        name=name,
        repository="oci://docker.io/envoyproxy",
        version="v1.9.0",
        day="2026-08-15",
        kubernetes=("1.33", "1.36"),
        kubernetes_source="envoyproxy/gateway@d32f282:site/content/en/news/releases/matrix.md",
        git=("envoyproxy/gateway", "39763b1c07ec30a5526fe70434a2cfe4181de642", f"charts/{name}"),
        end_of_life="2027-02-14",
    )


CHARTS: Final[Mapping[str, Chart]] = MappingProxyType(
    {
        chart.name: chart
        for chart in (
            Chart(
                name="cert-manager",
                repository="https://charts.jetstack.io",
                version="v1.21.1",
                day="2026-07-29",
                kubernetes=("1.33", "1.36"),
                # cert-manager/website#2007 says 1.32 to 1.35 of 1.20; of 1.21 only others were at hand.
                kubernetes_source="second-hand: notes of Rusty-Gopher/kupre v0.3.0, which reads cert-manager's own matrix",
                git=(
                    "cert-manager/cert-manager",
                    "24e33194fb39488eff2bbf10c6dc640f407cad44",
                    "deploy/charts/cert-manager",
                ),
            ),
            _envoy("gateway-crds-helm"),
            _envoy("gateway-helm"),
            Chart(
                name="keda",
                repository="https://kedacore.github.io/charts",
                version="2.20.2",
                day="2026-07-31",
                kubernetes=("1.33", "1.35"),
                kubernetes_source="keda.sh/docs/2.20/operate/cluster",
                git=("kedacore/charts", "cbb9bb8ce0809dc9048f72302f7c09765d66ed56", "keda"),
            ),
            Chart(
                name="kube-prometheus-stack",
                repository="https://prometheus-community.github.io/helm-charts",
                version="88.5.3",
                day="2026-08-21",
                kubernetes=("1.25", None),
                kubernetes_source="kubeVersion of its Chart.yaml; no newest is named",
                git=(
                    "prometheus-community/helm-charts",
                    "ea930baeebeba39f56d6b44e351f23b2a072a600",
                    "charts/kube-prometheus-stack",
                ),
            ),
            Chart(
                name="knative-operator",
                repository="https://knative.github.io/operator",
                version="v1.21.1",
                day="2026-02-25",
                kubernetes=("1.33", None),
                kubernetes_source="knative.dev/pkg@4a022ed:version/version.go: 1.33 or newer, no newest is named",
                git=("knative/operator", "b01459c41a4e07577696d47769b34f156d28e67a", "config/charts/knative-operator"),
            ),
            _kserve("kserve-crd"),
            _kserve("kserve-resources"),
            _kserve("kserve-runtime-configs"),
            _kserve("kserve-localmodel-crd"),
            _kserve("kserve-localmodel-resources"),
            _kserve("kserve-llmisvc-crd"),
            _kserve("kserve-llmisvc-resources"),
        )
    }
)
"""By the charts' own names."""

GATEWAY_API_VERSION: Final = "v1.6.1"
"""What gateway-crds-helm v1.9.0 brings (annotation gateway.networking.k8s.io/bundle-version of its CRDs)."""


def supported_kubernetes() -> tuple[str, str]:
    """Oldest and newest minor version of Kubernetes that every chart's project tests or supports."""
    oldest = max((chart.kubernetes[0] for chart in CHARTS.values() if chart.kubernetes[0]), key=minor)
    newest = min((chart.kubernetes[1] for chart in CHARTS.values() if chart.kubernetes[1]), key=minor)
    return oldest, newest


def known_values(chart: str) -> Mapping[str, str]:
    """Path -> kind of every value in the chart's values.yaml at the pinned version. A mapping that is named is open: users fill it."""
    return values_of("kserve_chart_values.tsv", chart)


def unknown_values(chart: str, values: Mapping[str, Any]) -> list[str]:
    """What is wrong with values for a chart: paths that it does not have, and values of another kind than its own."""
    return unknown_paths(known_values(chart), values, "")

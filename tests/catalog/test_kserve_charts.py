"""The pinned charts of KServe: one set that fits together, and tables that say where everything comes from."""

from __future__ import annotations

from datetime import date

import pytest

from modelinfra.catalog.charts import Chart
from modelinfra.catalog.eks_versions import eks_versions
from modelinfra.catalog.kserve_charts import CHARTS, known_values, supported_kubernetes, unknown_values

NO_VALUES = {"kserve-crd", "kserve-localmodel-crd", "kserve-llmisvc-crd"}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=list(CHARTS))
def test_a_chart_says_where_it_comes_from_and_since_when(chart: Chart) -> None:
    assert date.fromisoformat(chart.day) < date.today()
    assert chart.repository.startswith(("oci://", "https://"))
    assert len(chart.git[1]) == 40
    assert chart.kubernetes_source
    assert bool(known_values(chart.name)) == (chart.name not in NO_VALUES)


def test_the_set_shares_a_window_of_kubernetes_versions_that_eks_has() -> None:
    oldest, newest = supported_kubernetes()
    assert (oldest, newest) == ("1.33", "1.35")
    assert {oldest, newest} <= set(eks_versions())


def test_all_charts_of_kserve_are_of_one_release() -> None:
    assert len({(chart.version, chart.git[1]) for name, chart in CHARTS.items() if name.startswith("kserve")}) == 1


def test_a_value_that_a_chart_does_not_have_is_found() -> None:
    assert unknown_values("kserve-resources", {"kserve": {"controller": {"deploymentmode": "Standard"}}}) == [
        "kserve.controller.deploymentmode: the chart has no such value"
    ]


def test_a_value_of_another_kind_is_found() -> None:
    wrong = {"kserve": {"controller": {"gateway": {"disableIngressCreation": "true"}}}}
    assert unknown_values("kserve-resources", wrong) == [
        "kserve.controller.gateway.disableIngressCreation: a switch is expected, not a text"
    ]


def test_what_is_empty_by_default_takes_anything_of_its_kind() -> None:
    assert unknown_values("keda", {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "a"}]}) == []


def test_the_traps_of_the_charts_are_still_there() -> None:
    """When one is gone, what is written against it can go, too."""
    values = known_values("kserve-runtime-configs")
    assert "kserve.servingruntime.enabled" in values
    assert known_values("kserve-llmisvc-resources")["kserve.createSharedResources"] == "switch"

"""What an edit of KServe's objects does to requests."""

from __future__ import annotations

from modelinfra.review.findings import definitions, removal, updates
from tests.review.making import ENDPOINT, node, only, told, urn

SERVICE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
GRAPH = "kubernetes:serving.kserve.io/v1alpha1:InferenceGraph"
BARE = {"predictor": {"containers": [{"image": "server"}]}}


def shaped(image: str) -> dict[str, object]:
    return {**BARE, "transformer": {"containers": [{"image": image}]}}


def test_a_program_before_the_server_that_comes_or_goes_loses_requests() -> None:
    said = [("medium", "the inference service churn gets or loses the program before its server, and requests with it")]
    bare, with_one = node(SERVICE, "churn", spec=BARE), node(SERVICE, "churn", spec=shaped("a"))
    assert told(updates.findings, [bare], [with_one]) == said
    assert told(updates.findings, [with_one], [bare]) == said


def test_another_image_of_it_rolls_as_the_server_does() -> None:
    assert (
        told(updates.findings, [node(SERVICE, "churn", spec=shaped("a"))], [node(SERVICE, "churn", spec=shaped("b"))])
        == []
    )


def test_a_graph_that_goes_takes_its_address_along() -> None:
    ((severity, title),) = told(removal.findings, [node(GRAPH, "scans")], [])
    assert severity == "high"
    assert title.endswith("its address no longer answers")


CRDS = "oci://ghcr.io/kserve/charts/kserve-crd"


def test_a_chart_that_goes_with_the_definitions_of_services_that_stay_names_their_endpoints() -> None:
    chart = node("kubernetes:helm.sh/v3:Release", "kserve-crds", chart=CRDS)
    endpoint = node(ENDPOINT, "churn")
    service = node(SERVICE, "churn-inference-service", parent=urn(ENDPOINT, "churn"), spec=BARE)
    found = only(definitions.findings, [chart, endpoint, service], [endpoint, service])
    assert (found.severity, "those of churn" in found.text) == ("high", True)
    assert told(definitions.findings, [chart, endpoint, service], []) == []
    other = node(
        "kubernetes:helm.sh/v3:Release", "kserve-controller", chart="oci://ghcr.io/kserve/charts/kserve-resources"
    )
    assert told(definitions.findings, [other, service], [service]) == []

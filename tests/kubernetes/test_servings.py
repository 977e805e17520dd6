"""One declaration, four ways to run it: the same outputs, objects that a cluster takes, and edits that land where they should."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.catalog.servers import SERVERS
from modelinfra.graph.compare import changes
from modelinfra.graph.values import plain
from modelinfra.policies import READINESS, check
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import GATEWAY, KNATIVE, SELDON, VLLM, deployed, manifests, refusal
from tests.walk.compare import landed, unexplained

SERVINGS: dict[str, dict[str, Any]] = {
    "kserve": {"gateway": GATEWAY},
    "kserve-knative": {**KNATIVE, "gateway": GATEWAY},
    "kserve-llm": {"serving": "kserve-llm", "gateway": GATEWAY},
    "seldon": {**SELDON, "gateway": GATEWAY},
}
TAKES = {"kserve-llm": {"vllm"}, "seldon": {"mlserver", "triton"}}
"""Those that do not take every server."""


def declared(server: str) -> dict[str, Any]:
    row = SERVERS[server]
    found: dict[str, Any] = {"server": server, "model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}}
    if row.starts_with_a_file:
        found["model"]["file"] = "iris.bin"
    if row.image is None:
        found |= {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "iris"}}
    if row.needs_gpu:
        found |= {"accelerator": {"name": "A10G"}}
    return found | {"scaling": {"min": 2}}


@pytest.mark.parametrize("serving", SERVINGS)
@pytest.mark.parametrize("server", ["mlserver", "triton", "vllm", "llama-cpp", "bentoml"])
def test_an_endpoint_has_the_same_outputs_or_is_refused_with_a_way_that_takes_it(
    server: str, serving: str, tmp_path: Path
) -> None:
    asked = declared(server)
    if server not in TAKES.get(serving, {server}):
        told = refusal(tmp_path, platform=SERVINGS[serving], **asked)
        assert any(each.startswith("server ") and "a platform with `serving: kserve`" in each for each in told)
        return
    graph = deployed(tmp_path, platform=SERVINGS[serving], **asked)
    outputs = graph.one("modelinfra:index:ModelEndpoint").outputs
    base = "https://models.acme.ai/iris"
    assert plain(outputs["url"]) == base
    assert plain(outputs["predict_url"]) == base + SERVERS[server].predict_path("iris")
    assert plain(outputs["health_url"]) == base + SERVERS[server].model_readiness_path("iris")
    assert [found for each in manifests(graph) for found in complaints(each)] == []


@pytest.mark.parametrize("serving", [each for each in SERVINGS if each != "kserve"])
def test_our_rules_find_no_more_there_than_in_standard_mode(serving: str, tmp_path: Path) -> None:
    options = {**(VLLM if serving == "kserve-llm" else {"memory": "2GiB"}), "scaling": {"min": 2}}
    found = [
        {each.rule for each in check(deployed(tmp_path, platform=SERVINGS[each_of], **options), rules=READINESS)}
        for each_of in (serving, "kserve")
    ]
    assert found[0] <= found[1]


@settings(max_examples=8, deadline=None)
@given(
    serving=st.sampled_from(sorted(SERVINGS)),
    cpu=st.sampled_from([0.25, 1, 2.5, 16]),
    least=st.integers(1, 4),
    more=st.integers(0, 3),
    environment=st.dictionaries(
        st.from_regex(r"[A-Z]{1,8}", fullmatch=True),
        st.text(max_size=5).filter(lambda text: "{{" not in text),
        max_size=3,
    ),
    wait=st.integers(10, 7200),
    candidate=st.integers(0, 100) | st.none(),
)
def test_whatever_is_asked_for_the_api_server_takes_it(
    serving: str,
    cpu: float,
    least: int,
    more: int,
    environment: dict[str, str],
    wait: int,
    candidate: int | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    environment.pop("PORT", None)  # Knative's own
    divided = {} if candidate is None else {"traffic": {"stable": 100 - candidate, "candidate": candidate}}
    options = declared("vllm" if serving == "kserve-llm" else "mlserver") | {
        "cpu": cpu,
        "scaling": {"min": least, "max": least + more} | ({"concurrency": 4} if more and serving != "kserve" else {}),
        "environment": environment,
        "startup_budget": f"{wait}s",
        **({"revisions": {"candidate": {"cpu": 2}}, **divided} if divided else {}),
    }
    graph = deployed(tmp_path_factory.mktemp("asked"), platform=SERVINGS[serving], **options)
    assert [found for each in manifests(graph) for found in complaints(each)] == []


_ISVC = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
_LLM = "kubernetes:serving.kserve.io/v1alpha2:LLMInferenceService"
_SERVER, _MODEL = (f"kubernetes:mlops.seldon.io/v1alpha1:{kind}" for kind in ("Server", "Model"))
_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
_KEDA = "kubernetes:keda.sh/v1alpha1:ScaledObject"
_MAIN, _POD = f"{_LLM}.spec.template.containers[0]", f"{_SERVER}.spec.podSpec"
_PREDICTOR = f"{_ISVC}.spec.predictor"

EDITS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("kserve-knative", {"scaling": {"min": 3, "max": 6, "concurrency": 8}}, {f"{_PREDICTOR}.minReplicas"}),
    ("kserve-knative", {"scaling": {"min": 2, "max": 9, "concurrency": 8}}, {f"{_PREDICTOR}.maxReplicas"}),
    ("kserve-knative", {"scaling": {"min": 2, "max": 6, "concurrency": 4}}, {f"{_PREDICTOR}.scaleTarget"}),
    (
        "kserve-knative",
        {"scaling": {"min": 2, "max": 6, "requests_per_second_per_replica": 20}},
        {f"{_PREDICTOR}.scaleMetric", f"{_PREDICTOR}.scaleTarget"},
    ),
    (
        "kserve-knative",
        {"scaling": {"min": 2, "max": 6, "concurrency": 8, "scale_in_cooldown": "10m"}},
        {f"{_PREDICTOR}.annotations"},
    ),
    ("kserve-knative", {"longest_request": "120s"}, {f"{_PREDICTOR}.timeout", f"{_ROUTE}.spec.rules"}),
    ("kserve-knative", {"cpu": 3}, {f"{_PREDICTOR}.containers[0].resources"}),
    ("kserve-llm", {"scaling": {"min": 3, "max": 6, "concurrency": 8}}, {f"{_KEDA}.spec"}),
    ("kserve-llm", {"scaling": {"min": 2, "max": 6, "concurrency": 4}}, {f"{_KEDA}.spec.triggers"}),
    ("kserve-llm", {"environment": {"A": "1"}}, {f"{_MAIN}.env"}),
    ("kserve-llm", {"memory": "30GiB"}, {f"{_MAIN}.resources"}),
    ("kserve-llm", {"path": "/chat"}, {f"{_LLM}.spec.router.route.http.spec.rules"}),
    (
        "kserve-llm",
        {"accelerator": {"name": "A10G", "count": 2}},
        {f"{_LLM}.spec.parallelism", f"{_MAIN}.resources"},
    ),
    ("seldon", {"scaling": {"min": 3, "max": 6, "concurrency": 8}}, {f"{_SERVER}.spec.minReplicas", f"{_MODEL}.spec.minReplicas"}),
    ("seldon", {"scaling": {"min": 2, "max": 6, "concurrency": 4}}, {f"{_POD}.containers[1].env"}),
    ("seldon", {"environment": {"A": "1"}}, {f"{_POD}.containers[0].env"}),
    ("seldon", {"model": {"uri": "s3://acme-models/iris/8", "size": "1GiB"}}, {f"{_MODEL}.spec.storageUri"}),
    ("seldon", {"cpu": 3}, {f"{_POD}.containers[0].resources"}),
    ("seldon", {"longest_request": "5m"}, {f"{_POD}.terminationGracePeriodSeconds", f"{_ROUTE}.spec.rules"}),
]  # fmt: skip


@pytest.mark.parametrize(("serving", "edit", "lands"), EDITS, ids=[f"{row[0]}: {row[1]}" for row in EDITS])
def test_an_edit_changes_what_it_should_and_nothing_else(
    serving: str, edit: dict[str, Any], lands: set[str], tmp_path: Path
) -> None:
    base = declared("vllm" if serving == "kserve-llm" else "mlserver") | {
        "scaling": {"min": 2, "max": 6, "concurrency": 8}
    }
    before = deployed(tmp_path, platform=SERVINGS[serving], **copy.deepcopy(base))
    after = deployed(tmp_path, platform=SERVINGS[serving], **copy.deepcopy(base | edit))
    found = {each for each in landed(changes(before, after)) if not each.startswith("+modelinfra:")}
    extra, missing = unexplained({each for each in found if "modelinfra:index" not in each}, lands)
    assert (extra, missing) == (set(), set())

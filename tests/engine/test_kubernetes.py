"""An endpoint on Kubernetes through the real engine: made, scaled, given another model, tried beside a second revision, and gone."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of

pytestmark = pytest.mark.engine

NAMESPACE = "kubernetes:core/v1:Namespace"
QUOTA = "kubernetes:core/v1:ResourceQuota"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SERVING = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SECRET = "kubernetes:core/v1:Secret"
SECURITY_POLICY = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"

CLUSTER: dict[str, Any] = {
    "type": "kubernetes",
    "cluster": {"context": "models"},
    "gateway": {
        "name": "inference",
        "namespace": "gateways",
        "url": "https://models.acme.ai",
        "implementation": "envoy-gateway",
        "clusterIssuer": "letsencrypt",
    },
}
IRIS: dict[str, Any] = {
    "server": "mlserver",
    "model": {"uri": "s3://acme-models/iris/7", "size": "10MiB"},
    "scaling": {"min": 2, "max": 5},
}


def environment(**endpoint: Any) -> dict[str, Any]:
    return {"platforms": {"k8s": CLUSTER}, "endpoints": {"iris": {**copy.deepcopy(IRIS), **endpoint}}}


def touched(result: Any) -> set[tuple[str, str]]:
    """(operation, type) of what an update did, components aside."""
    return {
        (op, urn.split("::")[2].rpartition("$")[2])
        for op, urn in result.steps
        if "modelinfra:" not in urn.rpartition("$")[2]
    }


def test_an_endpoint_comes_changes_and_goes_and_each_edit_touches_what_it_should(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:

        def up(**endpoint: Any) -> Any:
            sandbox.config["modelinfra:environment"] = environment(**endpoint)
            return sandbox.up(check=True)

        up()
        assert sandbox.outputs["predictUrls"] == {"iris": "https://models.acme.ai/iris/v2/models/iris/infer"}
        assert aws(sandbox) == []
        assert sandbox.up(check=True).changes == {}

        # More replicas are the autoscaler's alone: nothing that runs is touched.
        assert touched(up(scaling={"min": 2, "max": 9})) == {("update", AUTOSCALER)}
        assert touched(up(scaling={"min": 2, "max": 9}, model={"uri": "s3://acme-models/iris/8", "size": "10MiB"})) == {
            ("update", SERVING)
        }

        # A program before the server: replicas of its own, and the route leads to it.
        image = f"r.example/features@sha256:{'0' * 64}"
        up()
        assert touched(up(transformer={"image": image})) == {
            ("create", POLICY),
            ("update", SERVING),
            ("create", AUTOSCALER),
            ("create", BUDGET),
            ("update", ROUTE),
        }

        candidate = {"candidate": {"model": {"uri": "s3://acme-models/iris/9", "size": "10MiB"}, "scaling": {"min": 1}}}
        up()
        steps = up(revisions=candidate, traffic={"stable": 90, "candidate": 10}).steps
        assert at(steps, "create", "--candidate-inference-service") < at(steps, "update", "proof-iris-http-route")
        assert not [urn for op, urn in steps if op != "same" and urn.endswith("proof-iris-inference-service")]
        promoted = up(revisions=candidate, traffic={"candidate": 100})
        assert touched(promoted) == {("update", ROUTE)}
        steps = up().steps
        assert at(steps, "update", "proof-iris-http-route") < at(steps, "delete", "--candidate-inference-service")

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


@pytest.mark.slow_judge
def test_a_key_is_drawn_once_and_replaced_beside_its_successor_and_nobody_comes_by_unasked(
    project: Path, tmp_path: Path
) -> None:
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:

        def up(**endpoint: Any) -> Any:
            sandbox.config["modelinfra:environment"] = environment(**endpoint)
            return sandbox.up(check=True)

        def keyed(**key: Any) -> Any:
            return up(exposure={"domain": "iris.acme.ai", "auth": {"apiKeys": {"orders": key}}})

        up()
        steps = keyed().steps
        assert sandbox.outputs["predictUrls"] == {"iris": "https://iris.acme.ai/v2/models/iris/infer"}
        routed = at(steps, "update", "iris-http-route")
        asked = at(steps, "create", "iris-security-policy")
        assert at(steps, "create", "iris-key-orders-1") < asked < routed
        assert at(steps, "create", "iris-domain-certificate") < at(steps, "create", "iris-listener-set") < routed
        (first,) = drawn(sandbox)
        assert len(first["orders-1"]) > 43
        assert sandbox.up(check=True).changes == {}

        assert touched(keyed(generation=2)) == {("create", SECRET), ("update", SECURITY_POLICY)}
        assert drawn(sandbox)[0] == first
        assert len({str(each) for each in drawn(sandbox)}) == 2
        steps = keyed(generation=2, keepPrevious=False).steps
        assert at(steps, "update", "iris-security-policy") < at(steps, "delete", "iris-key-orders-1")

        steps = up().steps
        assert at(steps, "update", "iris-http-route") < at(steps, "delete", "iris-security-policy")
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def drawn(sandbox: Sandbox) -> list[dict[str, str]]:
    """What is in the Secrets of the cluster, the oldest first."""
    return [each.actual["data"] for each in sandbox.cloud.things if each.type == SECRET]


def test_a_tenant_comes_grows_leaves_and_in_production_its_namespace_stays(project: Path, tmp_path: Path) -> None:
    bank = {"groups": ["bank-ml"], "quota": {"cpu": 16}}
    tenanted = {**environment(tenant="bank"), "tenants": {"bank": {"kubernetes": bank}}}
    with sandbox_of(project, tmp_path / "home", tenanted) as sandbox:

        def up(**changes: Any) -> Any:
            sandbox.config["modelinfra:environment"] = {**tenanted, **changes}
            return sandbox.up(check=True)

        steps = up().steps
        assert at(steps, "create", "tenant-bank") < at(steps, "create", "tenant-bank-policy")
        assert at(steps, "create", "tenant-bank-policy") < at(steps, "create", "proof-iris-inference-service")
        larger = {"bank": {"kubernetes": {**bank, "quota": {"cpu": 32}}}}
        assert touched(up(tenants=larger)) == {("update", QUOTA)}
        # Given to the tenant, or taken from it, an endpoint is a new one in another namespace, and the old one goes first.
        shared = environment()["endpoints"]
        steps = up(endpoints=shared).steps
        gone = at(steps, "delete-replaced", "proof-iris-inference-service")
        assert gone < at(steps, "create-replacement", "proof-iris-inference-service")

        up(endpoints=shared, production=True)
        sandbox.config["modelinfra:environment"] = {**tenanted, "endpoints": shared, "production": True, "tenants": {}}
        kept = sandbox.up()
        assert not kept.ok
        assert "protected" in kept.text
        # And as long as it is there it is closed.
        left = {each.type for each in sandbox.cloud.things if "tenant-bank" in each.name}
        assert {NAMESPACE, POLICY} <= left


def aws(sandbox: Sandbox) -> list[str]:
    return [each.type for each in sandbox.cloud.things if each.type.startswith("aws:")]


def at(steps: list[tuple[str, str]], operation: str, ending: str) -> int:
    """When the step of this kind ended."""
    return max(place for place, (op, urn) in enumerate(steps) if op == operation and urn.endswith(ending))


@pytest.mark.slow_judge
def test_an_endpoint_is_watched_from_one_update_to_the_next(project: Path, tmp_path: Path) -> None:
    watched = {"url": "http://prometheus.monitoring:9090", "operator": True, "grafana": True}
    alerts = {"alerts": {"webhook": "pager/url"}}
    monitoring = "kubernetes:monitoring.coreos.com"
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:

        def up(prometheus: dict[str, Any] | None = None, **endpoint: Any) -> set[tuple[str, str]]:
            asked = environment(**endpoint)
            asked["platforms"]["k8s"] = {**CLUSTER, **({"prometheus": prometheus} if prometheus else {})}
            sandbox.config["modelinfra:environment"] = asked
            return touched(sandbox.up(check=True))

        up()
        # The pods get a label, and are replaced one after the other; nothing else that runs is touched.
        assert up(watched) == {
            ("update", SERVING),
            ("create", f"{monitoring}/v1:PodMonitor"),
            ("create", f"{monitoring}/v1:PrometheusRule"),
            ("create", "kubernetes:core/v1:ConfigMap"),
        }
        slo = {"availability": 99.9, "p99LatencyMs": 300}
        assert up(watched, slo=slo) == {
            ("update", f"{monitoring}/v1:PrometheusRule"),
            ("update", "kubernetes:core/v1:ConfigMap"),
        }
        assert up({**watched, **alerts}, slo=slo) == {("create", f"{monitoring}/v1alpha1:AlertmanagerConfig")}
        # KEDA's autoscaler comes before the one that was there goes.
        scaling = {"min": 2, "max": 5, "requestsPerSecondPerReplica": 20}
        assert up({**watched, **alerts}, slo=slo, scaling=scaling) == {
            ("create", "kubernetes:keda.sh/v1alpha1:ScaledObject"),
            ("delete", AUTOSCALER),
        }
        assert sandbox.up(check=True).changes == {}


KNATIVE: dict[str, Any] = {**CLUSTER, "serving": "kserve-knative"}
KNATIVE_ROUTE = "kubernetes:serving.knative.dev/v1:Route"


@pytest.mark.slow_judge
def test_another_mode_replaces_what_kserve_would_not_change_and_traffic_touches_the_route_alone(
    project: Path, tmp_path: Path
) -> None:
    asleep = {"scaling": {"min": 0, "max": 2}, "revisions": {"candidate": {"cpu": 2}}}
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:

        def up(platform: dict[str, Any], **endpoint: Any) -> Any:
            sandbox.config["modelinfra:environment"] = environment(**endpoint) | {"platforms": {"k8s": platform}}
            return sandbox.up(check=True)

        up(KNATIVE, **asleep, traffic={"stable": 90, "candidate": 10})
        assert sandbox.up(check=True).changes == {}
        assert touched(up(KNATIVE, **asleep, traffic={"stable": 50, "candidate": 50})) == {("update", KNATIVE_ROUTE)}
        steps = up(CLUSTER).steps
        assert at(steps, "replace", "proof-iris-inference-service") >= 0
        assert at(steps, "update", "proof-iris-http-route") < at(steps, "delete", "proof-iris-knative-route")
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []

"""Whatever may be said of an installation of KServe, its charts know the values and the cluster takes the objects."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.catalog.kserve_charts import unknown_values
from modelinfra.options.kserve import KServeOptions
from modelinfra.options.problems import InvalidOptionsError
from modelinfra.options.strict import validate
from modelinfra.platforms.kserve.plan import parts, values
from tests.kubernetes.schemas import complaints

_LABELS = st.dictionaries(st.sampled_from(["group", "kserve/localmodel", "kubernetes.io/os"]), st.just("a"), max_size=2)
_TAINTS = st.lists(st.sampled_from([{"key": "a", "operator": "Exists"}, {"effect": "NoSchedule"}]), max_size=2)
_BYTES = st.sampled_from(["1GiB", "1536MiB", "500GiB", "2TiB"])
_GATEWAY = st.fixed_dictionaries(
    {},
    optional={
        "existing": st.just({"name": "shared", "namespace": "gateways"}),
        "class_name": st.just("istio"),
        "host": st.sampled_from(["a.example.com", "*.example.com"]),
        "tls_secret": st.just("models-tls"),
        "service": st.sampled_from(["ClusterIP", "LoadBalancer", "NodePort"]),
        "service_annotations": _LABELS,
        "load_balancer_class": st.just("eks.amazonaws.com/nlb"),
    },
)
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: st.booleans()
            for name in (
                "cert_manager", "gateway_api", "envoy_gateway", "keda", "knative", "crds", "runtimes", "llm_inference_services",
            )
        },
        "gateway": _GATEWAY,
        "ingress_domain": st.just("models.example.com"),
        "download_memory": _BYTES,
        "local_models": st.fixed_dictionaries({"size": _BYTES}),
        "prometheus": st.fixed_dictionaries({}, optional={"labels": _LABELS, "install": st.booleans()}),
        "node_selector": _LABELS,
        "tolerations": _TAINTS,
    },
)  # fmt: skip


@given(_OPTIONS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_installation_is_one_that_charts_and_cluster_take(given_options: dict[str, Any], production: bool) -> None:
    try:
        options = validate(KServeOptions, given_options)
    except InvalidOptionsError:
        return
    found = parts(options, production)
    roles: list[str] = []
    for part in found:
        assert set(part.after) <= set(roles), "a part comes after all that it waits for"
        roles.append(part.role)
        if part.chart:
            assert unknown_values(part.chart, values(part, options, production)) == []
        elif part.manifest:
            assert complaints(part.manifest) == []
    assert len(roles) == len(set(roles))

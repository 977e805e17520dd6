"""What the API server would say of an object: built-in kinds by Kubernetes' own schemas, custom resources by their definitions.

The definitions come from the Go modules of the releases that docs/kubernetes.md names and of the pinned charts, whose content Go verifies; nothing of them is kept here.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from modelinfra.catalog import eks_charts, kserve_charts
from tests.kubernetes import seldon_fields

KUBERNETES = ("1.32", "1.37")
"""The oldest version that KServe 0.20 takes, and the newest whose schemas there are."""

_KARPENTER = f"github.com/aws/karpenter-provider-aws@v{eks_charts.CHARTS['karpenter'].version}"
KSERVE = f"github.com/kserve/kserve@{kserve_charts.CHARTS['kserve-crd'].version}"
_ENVOY = f"github.com/envoyproxy/gateway@{kserve_charts.CHARTS['gateway-crds-helm'].version}"
_GATEWAY_API = f"sigs.k8s.io/gateway-api@{kserve_charts.GATEWAY_API_VERSION}"
# That of the chart kube-prometheus-stack (appVersion).
_PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.93.1"
_OF_OPERATOR = (
    ("v1", "PodMonitor", "podmonitors"),
    ("v1", "PrometheusRule", "prometheusrules"),
    ("v1", "Prometheus", "prometheuses"),
    ("v1alpha1", "AlertmanagerConfig", "alertmanagerconfigs"),
)
_KNATIVE = "knative.dev/serving@v0.48.0"
# Of the operator 1.21.1: the modules of Knative 1.N are numbered 0.(N+27).
_KNATIVE_OPERATOR = "knative.dev/operator@v0.48.1"
_DEFINITIONS = {
    "karpenter.sh/v1/NodePool": (_KARPENTER, "pkg/apis/crds/karpenter.sh_nodepools.yaml"),
    "karpenter.k8s.aws/v1/EC2NodeClass": (_KARPENTER, "pkg/apis/crds/karpenter.k8s.aws_ec2nodeclasses.yaml"),
    "karpenter.sh/v1alpha1/NodeOverlay": (_KARPENTER, "pkg/apis/crds/karpenter.sh_nodeoverlays.yaml"),
    "serving.kserve.io/v1beta1/InferenceService": (
        KSERVE,
        "config/crd/full/serving.kserve.io_inferenceservices.yaml",
    ),
    "serving.kserve.io/v1alpha1/InferenceGraph": (
        KSERVE,
        "config/crd/full/serving.kserve.io_inferencegraphs.yaml",
    ),
    "serving.kserve.io/v1alpha1/LocalModelNodeGroup": (
        KSERVE,
        "config/crd/full/localmodel/serving.kserve.io_localmodelnodegroups.yaml",
    ),
    "serving.kserve.io/v1alpha2/LLMInferenceService": (
        KSERVE,
        "config/crd/full/llmisvc/serving.kserve.io_llminferenceservices.yaml",
    ),
    "serving.knative.dev/v1/Route": (_KNATIVE, "config/core/300-resources/route.yaml"),
    "serving.knative.dev/v1/Service": (_KNATIVE, "config/core/300-resources/service.yaml"),
    "operator.knative.dev/v1beta1/KnativeServing": (
        _KNATIVE_OPERATOR,
        "config/crd/bases/operator.knative.dev_knativeservings.yaml",
    ),
    "gateway.networking.k8s.io/v1beta1/ReferenceGrant": (
        _GATEWAY_API,
        "config/crd/standard/gateway.networking.k8s.io_referencegrants.yaml",
    ),
    "keda.sh/v1alpha1/ScaledObject": (
        "github.com/kedacore/keda/v2@v2.20.2",
        "config/crd/bases/keda.sh_scaledobjects.yaml",
    ),
    "gateway.networking.k8s.io/v1/HTTPRoute": (
        _GATEWAY_API,
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    ),
    "gateway.networking.k8s.io/v1/GatewayClass": (
        _GATEWAY_API,
        "config/crd/standard/gateway.networking.k8s.io_gatewayclasses.yaml",
    ),
    "gateway.networking.k8s.io/v1/Gateway": (
        _GATEWAY_API,
        "config/crd/standard/gateway.networking.k8s.io_gateways.yaml",
    ),
    "gateway.envoyproxy.io/v1alpha1/EnvoyProxy": (
        _ENVOY,
        "charts/gateway-crds-helm/templates/generated/gateway.envoyproxy.io_envoyproxies.yaml",
    ),
    "gateway.networking.k8s.io/v1/ListenerSet": (
        _GATEWAY_API,
        "config/crd/standard/gateway.networking.k8s.io_listenersets.yaml",
    ),
    "gateway.envoyproxy.io/v1alpha1/SecurityPolicy": (
        _ENVOY,
        "charts/gateway-crds-helm/templates/generated/gateway.envoyproxy.io_securitypolicies.yaml",
    ),
    "cert-manager.io/v1/Certificate": (
        f"github.com/cert-manager/cert-manager@{kserve_charts.CHARTS['cert-manager'].version}",
        "deploy/crds/cert-manager.io_certificates.yaml",
    ),
    **{
        f"monitoring.coreos.com/{version}/{kind}": (
            _PROMETHEUS_OPERATOR,
            f"example/prometheus-operator-crd/monitoring.coreos.com_{plural}.yaml",
        )
        for version, kind, plural in _OF_OPERATOR
    },
}
"""Kind -> Go module and file of its definition. A kind that is not here is not made."""

_NOT_ASKED = {"default", "format"}


def complaints(manifest: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with an object, unknown fields included."""
    kind = f"{manifest['apiVersion']}/{manifest['kind']}"
    if kind in _DEFINITIONS:
        return [
            *_placed(manifest, _definition(kind)["spec"]["scope"]),
            *(
                f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
                for error in _validator(kind).iter_errors(manifest)
            ),
        ]
    if manifest["kind"] in seldon_fields.FIELDS:
        pods = [seldon_fields.pod_of(manifest)] if manifest["kind"] == "Server" else []
        return [*seldon_fields.complaints(manifest), *(found for pod in pods for found in complaints(pod))]
    return [found for version in KUBERNETES for found in _built_in(manifest, version)]


def unknown_values(given: Any, known: Any, path: str = "values") -> Iterator[str]:
    """What a chart's values have that the chart does not know, or of another kind; what is empty there takes anything."""
    if not isinstance(given, Mapping) or known == {}:
        if known not in (None, {}, []) and type(given) is not type(known):
            yield f"{path}: {given!r} where the chart has {known!r}"
        return
    for key, value in given.items():
        if not isinstance(known, Mapping) or key not in known:
            yield f"{path}.{key}: the chart knows no such value"
        else:
            yield from unknown_values(value, known[key], f"{path}.{key}")


def karpenter_values() -> Any:
    """The values of Karpenter's chart at the pinned version."""
    return yaml.safe_load((module(_KARPENTER) / "charts/karpenter/values.yaml").read_text())


def _built_in(manifest: Mapping[str, Any], version: str) -> Iterator[str]:
    try:
        kubernetes_validate.validate(dict(manifest), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{version}: {'.'.join(map(str, error.path))}: {error.message[:200]}"


def _placed(manifest: Mapping[str, Any], scope: str) -> Iterator[str]:
    if bool(manifest["metadata"].get("namespace")) != (scope == "Namespaced"):
        yield f"metadata.namespace: objects of this kind are {scope}"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """In a list of choices `=` is text, which PyYAML takes for a tag of YAML 1.1."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


@functools.cache
def _definition(kind: str) -> Any:
    source, path = _DEFINITIONS[kind]
    # Definitions in a chart have lines of its templates around them.
    text = "\n".join(line for line in (module(source) / path).read_text().splitlines() if not line.startswith("{{"))
    return yaml.load(text, _Loader)


@functools.cache
def _validator(kind: str) -> Any:
    definition = _definition(kind)
    version = kind.split("/")[1]
    schema = next(each for each in definition["spec"]["versions"] if each["name"] == version)["schema"][
        "openAPIV3Schema"
    ]
    return validator(schema)


def validator(schema: Mapping[str, Any]) -> Any:
    """Of objects of a custom resource whose structural schema this is."""
    whole = strict(schema)
    whole["properties"]["metadata"] = {"type": "object"}
    return jsonschema.Draft202012Validator(whole)


@functools.cache
def module(name: str) -> Path:
    """Where Go has unpacked a module; fetched at the first call of a machine."""
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"no Go: objects were NOT held against the custom resource definitions of {name}")
    done = subprocess.run(
        [go, "mod", "download", "-json", name],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "GOFLAGS": "-mod=mod"},
        cwd="/",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(json.loads(done.stdout)["Dir"])


def strict(schema: Any) -> Any:
    """A structural schema as JSON Schema in which unknown fields are wrong, as `fieldValidation: Strict` has it."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        pattern = {"pattern": schema["pattern"]} if "pattern" in schema else {}
        return {"anyOf": [{"type": "integer"}, {"type": "string", **pattern}]}
    found = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in _NOT_ASKED}
    if "properties" in found:
        found["properties"] = {name: strict(value) for name, value in found["properties"].items()}
    if "items" in found:
        found["items"] = strict(found["items"])
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = strict(found["additionalProperties"])
    elif "properties" in found and not schema.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    return found

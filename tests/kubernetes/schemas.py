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

from modelinfra.catalog.charts import CHARTS

KUBERNETES = ("1.32", "1.37")
"""The oldest version that KServe 0.20 takes, and the newest whose schemas there are."""

_KARPENTER = f"github.com/aws/karpenter-provider-aws@v{CHARTS['karpenter'].version}"
_DEFINITIONS = {
    "karpenter.sh/v1/NodePool": (_KARPENTER, "pkg/apis/crds/karpenter.sh_nodepools.yaml"),
    "karpenter.k8s.aws/v1/EC2NodeClass": (_KARPENTER, "pkg/apis/crds/karpenter.k8s.aws_ec2nodeclasses.yaml"),
    "serving.kserve.io/v1beta1/InferenceService": (
        "github.com/kserve/kserve@v0.20.0",
        "config/crd/full/serving.kserve.io_inferenceservices.yaml",
    ),
    "keda.sh/v1alpha1/ScaledObject": (
        "github.com/kedacore/keda/v2@v2.18.0",
        "config/crd/bases/keda.sh_scaledobjects.yaml",
    ),
    "gateway.networking.k8s.io/v1/HTTPRoute": (
        "sigs.k8s.io/gateway-api@v1.5.1",
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    ),
}
"""Kind -> Go module and file of its definition. A kind that is not here is not made."""

_NOT_ASKED = {"default", "format"}


def complaints(manifest: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with an object, unknown fields included."""
    kind = f"{manifest['apiVersion']}/{manifest['kind']}"
    if kind in _DEFINITIONS:
        return [
            f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in _validator(kind).iter_errors(manifest)
        ]
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
    return yaml.safe_load((_module(_KARPENTER) / "charts/karpenter/values.yaml").read_text())


def _built_in(manifest: Mapping[str, Any], version: str) -> Iterator[str]:
    try:
        kubernetes_validate.validate(dict(manifest), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{version}: {'.'.join(map(str, error.path))}: {error.message[:200]}"


@functools.cache
def _validator(kind: str) -> Any:
    module, path = _DEFINITIONS[kind]
    definition = yaml.load((_module(module) / path).read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
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
def _module(name: str) -> Path:
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

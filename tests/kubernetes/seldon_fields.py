"""What the custom resources of Seldon Core v2 have as fields, at SeldonIO/seldon-core@7b77f8b (2.10.2), operator/config/crd/bases.

A list of facts: Seldon's definitions have a licence of their own (BSL 1.1) and stand in no registry that tests could ask, so nothing of them is
kept here. `python -m tests.kubernetes.seldon_fields CLONE` says where this list and a clone differ.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

TEXT, WHOLE, SWITCH, AMOUNT = "string", "integer", "boolean", "amount"
"""Kinds of a field; an amount is a number or a text."""

_NUMBERS = {"replicas": WHOLE, "minReplicas": WHOLE, "maxReplicas": WHOLE}
_POD = "pod"

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "Model": {
        "storageUri": TEXT,
        "requirements": [TEXT],
        "server": TEXT,
        "memory": AMOUNT,
        "secretName": TEXT,
        "dedicated": SWITCH,
        **_NUMBERS,
    },
    "Server": {"serverConfig": TEXT, "capabilities": [TEXT], "extraCapabilities": [TEXT], "podSpec": _POD, **_NUMBERS},
    "Experiment": {
        "default": TEXT,
        "candidates": [{"name": TEXT, "weight": WHOLE}],
        "mirror": {"name": TEXT, "percent": WHOLE},
        "resourceType": TEXT,
    },
}
"""Kind -> field of its spec -> what it takes. Others that there are would be complained of, until they are written here."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Model": ("storageUri",),
    "Server": ("serverConfig",),
    "Experiment": ("candidates",),
}


def complaints(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with an object; what its pod says is held against Kubernetes elsewhere (`pod_of`)."""
    kind, spec = manifest["kind"], manifest["spec"]
    if manifest["apiVersion"] != "mlops.seldon.io/v1alpha1":
        yield f"{kind}: {manifest['apiVersion']}"
    yield from (f"{kind}.{each}: is required" for each in REQUIRED[kind] if each not in spec)
    yield from _wrong(kind, spec, FIELDS[kind])


def pod_of(server: Mapping[str, Any]) -> dict[str, Any]:
    """What a Server says of its pod, as a Pod. Its containers' images come from the ServerConfig."""
    spec = {**server["spec"]["podSpec"]}
    spec["containers"] = [{"image": "of-the-server-config", **each} for each in spec["containers"]]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "replica"}, "spec": spec}


def _wrong(path: str, given: Any, known: Any) -> Iterator[str]:
    if isinstance(known, Mapping):
        if not isinstance(given, Mapping):
            yield f"{path}: no mapping"
            return
        for key, value in given.items():
            if key in known:
                yield from _wrong(f"{path}.{key}", value, known[key])
            else:
                yield f"{path}.{key}: there is no such field"
    elif isinstance(known, list):
        if not isinstance(given, list):
            yield f"{path}: no list"
            return
        for each in given:
            yield from _wrong(path, each, known[0])
    elif known != _POD and not _is(given, known):
        yield f"{path}: {given!r} is no {known}"


def _is(given: Any, kind: str) -> bool:
    if kind == SWITCH:
        return isinstance(given, bool)
    if kind == TEXT:
        return isinstance(given, str)
    return isinstance(given, int | str if kind == AMOUNT else int) and not isinstance(given, bool)


def main() -> None:
    """Compare with a clone."""
    for kind, fields in FIELDS.items():
        path = f"7b77f8b:operator/config/crd/bases/mlops.seldon.io_{kind.lower()}s.yaml"
        text = subprocess.run(["git", "-C", sys.argv[1], "show", path], capture_output=True, text=True, check=True)
        (version,) = yaml.safe_load(text.stdout)["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        for each in _differs(kind, spec, fields):
            print(each)
        if set(spec.get("required", ())) != set(REQUIRED[kind]):
            print(f"{kind}: required are {spec.get('required')}")


def _differs(path: str, schema: Mapping[str, Any], known: Any) -> Iterator[str]:
    if isinstance(known, Mapping):
        for key, below in known.items():
            if key in schema.get("properties", {}):
                yield from _differs(f"{path}.{key}", schema["properties"][key], below)
            else:
                yield f"{path}.{key}: not there"
    elif isinstance(known, list):
        yield from _differs(path, schema.get("items", {}), known[0])
    elif known == AMOUNT:
        if not schema.get("x-kubernetes-int-or-string"):
            yield f"{path}: no amount"
    elif schema.get("type") != ("object" if known == _POD else known):
        yield f"{path}: {schema.get('type')}"


if __name__ == "__main__":
    main()

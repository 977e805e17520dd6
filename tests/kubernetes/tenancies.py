"""Tenants on one Kubernetes cluster, captured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from modelinfra import Environment
from modelinfra.graph.model import Graph
from tests.kubernetes.worlds import CLUSTER, NAMESPACE
from tests.making import captured

SERVED = {"server": "mlserver", "model": {"uri": "hf://acme/iris@" + "a" * 40, "size": "1GiB"}}
TENANTS: dict[str, Any] = {
    "bank": {
        "kubernetes": {"groups": ["bank-ml"], "users": ["ada"], "quota": {"cpu": 8, "memory": "64GiB", "pods": 9}}
    },
    "studio": {"kubernetes": {"groups": ["studio-ml"]}},
}
ENDPOINTS: dict[str, Any] = {"fraud": {"tenant": "bank"}, "words": {"tenant": "studio"}, "common": {}}


def environment(
    root: Path,
    *,
    tenants: Mapping[str, Any] = TENANTS,
    endpoints: Mapping[str, Any] = ENDPOINTS,
    platform: Mapping[str, Any] | None = None,
    **more: Any,
) -> Graph:
    """An environment whose one platform is a cluster, with endpoints of tenants."""
    declared = {
        "platforms": {"k8s": {"type": "kubernetes", **CLUSTER, "namespace": "models", **(platform or {})}},
        "tenants": tenants,
        "endpoints": {name: {**SERVED, **each} for name, each in endpoints.items()},
        **more,
    }
    return captured(lambda: Environment("dev", **declared), root)


def refused(root: Path, **declared: Any) -> list[str]:
    """What is said of a wrong one."""
    said: list[str] = []

    def program() -> None:
        platforms = {"k8s": {"type": "kubernetes", **CLUSTER, "namespace": "models"}}
        try:
            Environment("dev", **{"platforms": platforms, "tenants": TENANTS, **declared})
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    assert captured(program, root).all(NAMESPACE) == []
    return said

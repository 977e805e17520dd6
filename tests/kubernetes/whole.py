"""A stack file that declares the whole of Kubernetes, captured, and what is refused of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from modelinfra import Environment
from modelinfra.graph.model import Graph
from tests.kubernetes.worlds import HUB
from tests.making import captured

EKS: dict[str, Any] = {"version": "1.34", "nodes": "karpenter"}
POOL: dict[str, Any] = {"accelerator": {"name": "A10G"}, "max_nodes": 4, "spot": True}
CHAT: dict[str, Any] = {
    "server": "vllm",
    "model": {"uri": HUB, "size": "14GiB"},
    "accelerator": {"name": "A10G"},
    "scaling": {"min": 1},
}
IRIS: dict[str, Any] = {"server": "kserve-sklearnserver", "model": {"uri": "s3://acme-models/iris/7", "size": "20MiB"}}


def environment(
    cluster: Mapping[str, Any],
    endpoints: Mapping[str, Any] | None = None,
    pools: Mapping[str, Any] | None = None,
    *,
    platform: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An environment with one platform `k8s` on this cluster; an endpoint `iris` unless others are given."""
    return {
        "platforms": {"k8s": {"type": "kubernetes", "cluster": cluster, **(platform or {})}},
        "endpoints": {"iris": IRIS} if endpoints is None else endpoints,
        **({"gpu_node_pools": pools} if pools else {}),
        **more,
    }


def whole(root: Path, declared: Mapping[str, Any]) -> Graph:
    """The graph of an environment `dev`."""
    return captured(lambda: Environment("dev", dict(declared)), root)  # type: ignore[call-overload]


def whole_refusal(root: Path, declared: Mapping[str, Any]) -> list[str]:
    """What is said of a wrong environment; that nothing of it was registered is checked on the way."""
    said: list[str] = []

    def program() -> None:
        try:
            Environment("dev", dict(declared))  # type: ignore[call-overload]
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    graph = captured(program, root)
    assert [node.type for node in graph if ":" in node.type and not node.type.startswith("pulumi:")] == []
    return said

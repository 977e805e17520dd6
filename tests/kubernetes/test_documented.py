"""What docs/kubernetes.md shows as a program is one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes

import modelinfra
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import SERVING, manifests
from tests.making import captured
from tests.platforms.eks import waits_for

PAGE = Path(__file__).parents[2] / "docs" / "kubernetes.md"


def test_the_program_makes_a_cluster_what_runs_endpoints_and_an_endpoint_that_waits_for_both(tmp_path: Path) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {name: getattr(modelinfra, name) for name in modelinfra.__all__}
    graph = captured(lambda: exec(text, {**names, "pulumi": pulumi, "pulumi_kubernetes": pulumi_kubernetes}), tmp_path)
    needed = {graph[urn].name for urn in waits_for(graph, graph.one(SERVING).urn)}
    assert {"k8s-cluster", "k8s-karpenter", "k8s-node-pool-a10g"} <= needed
    assert [name for name in needed if name.startswith("serving-")]
    of_the_endpoint = [each for each in manifests(graph) if each.get("metadata", {}).get("namespace") == "models"]
    assert of_the_endpoint
    assert [found for each in of_the_endpoint for found in complaints(each)] == []

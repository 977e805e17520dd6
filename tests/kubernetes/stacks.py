"""Three stack files that declare a whole of Kubernetes, and the order in which what they make comes and goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelinfra.graph.model import Graph
from modelinfra.options.strict import Style
from modelinfra.options.wording import spelled
from tests.kubernetes.whole import CHAT, EKS, POOL, environment

_NLB = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}

STACKS: Mapping[str, dict[str, Any]] = {
    "EKS with Karpenter and GPUs": environment({"eks": EKS}, {"chat": CHAT}, {"a10g": POOL}),
    "EKS Auto Mode": environment(
        {"eks": {"version": "1.34", "nodes": "auto-mode"}},
        platform={
            "kserve": {
                "gateway": {
                    "host": "models.acme.ai",
                    "service": "LoadBalancer",
                    "service_annotations": _NLB,
                    "load_balancer_class": "eks.amazonaws.com/nlb",
                }
            }
        },
    ),
    "any kubeconfig": environment({"context": "models"}, platform={"kserve": True}),
}
"""By what stands in the golden file."""

_SHOWN = ("aws:eks/", "kubernetes:")


def camel(value: Any) -> Any:
    """Keys as a stack file spells them; what users name themselves has no underscores here."""
    style: Style = "camel"
    if isinstance(value, dict):
        return {
            spelled(key, style) if "_" in key and "/" not in key else key: camel(each) for key, each in value.items()
        }
    return [camel(each) for each in value] if isinstance(value, list) else value


def needed(graph: Graph, urn: str) -> set[str]:
    """What a resource itself waits for."""
    node = graph[urn]
    provider = {node.provider.rpartition("::")[0]} if node.provider else set()
    found = {*node.depends_on, *(each for urns in node.property_deps.values() for each in urns), *provider}
    return {each for each in found if each in graph.nodes}


def rounds(graph: Graph) -> list[tuple[int, str]]:
    """(round, type and name) of everything of EKS and in the cluster: what is in a round waits for earlier rounds only."""
    known: dict[str, int] = {}

    def round_of(urn: str) -> int:
        if urn not in known:
            earlier = [round_of(each) for each in needed(graph, urn)]
            shown = graph[urn].type.startswith(_SHOWN)
            known[urn] = max(earlier, default=0) + (1 if shown else 0)
        return known[urn]

    found = [(round_of(node.urn), label(node.type, node.name)) for node in graph if node.type.startswith(_SHOWN)]
    return sorted(found)


def label(token: str, name: str) -> str:
    """A resource as the golden file writes it, without the environment's name."""
    return f"{token.rpartition(':')[2]} {name.partition('-')[2]}"

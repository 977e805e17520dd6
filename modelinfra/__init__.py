"""Pulumi components that serve machine-learning models.

The public names are loaded when they are first used, so that `import modelinfra` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelinfra.components.edge_fleet import EdgeFleet as EdgeFleet
    from modelinfra.components.environment import Environment as Environment
    from modelinfra.components.inference_graph import InferenceGraph as InferenceGraph
    from modelinfra.components.model_endpoint import ModelEndpoint as ModelEndpoint
    from modelinfra.components.serving_network import ServingNetwork as ServingNetwork
    from modelinfra.platforms.base import NetworkReference as NetworkReference
    from modelinfra.platforms.ecs.cluster import EcsCluster as EcsCluster
    from modelinfra.platforms.eks.cluster import EksCluster as EksCluster
    from modelinfra.platforms.kserve.component import KServe as KServe
    from modelinfra.platforms.kubernetes.platform import KubernetesPlatform as KubernetesPlatform

_HOMES = {
    "EcsCluster": "modelinfra.platforms.ecs.cluster",
    "EdgeFleet": "modelinfra.components.edge_fleet",
    "EksCluster": "modelinfra.platforms.eks.cluster",
    "Environment": "modelinfra.components.environment",
    "InferenceGraph": "modelinfra.components.inference_graph",
    "KServe": "modelinfra.platforms.kserve.component",
    "KubernetesPlatform": "modelinfra.platforms.kubernetes.platform",
    "ModelEndpoint": "modelinfra.components.model_endpoint",
    "NetworkReference": "modelinfra.platforms.base",
    "ServingNetwork": "modelinfra.components.serving_network",
}

__all__ = [
    "EcsCluster",
    "EdgeFleet",
    "EksCluster",
    "Environment",
    "InferenceGraph",
    "KServe",
    "KubernetesPlatform",
    "ModelEndpoint",
    "NetworkReference",
    "ServingNetwork",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'modelinfra' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])

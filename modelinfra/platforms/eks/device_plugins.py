"""What runs on accelerated nodes beside pods: the device plugins that a machine image lacks, and NVIDIA's exporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as kubernetes

from modelinfra.catalog.gpu_charts import CHARTS
from modelinfra.catalog.gpu_sharing import EFA, GPU, MPS, NEURON, SHARED
from modelinfra.catalog.gpu_telemetry import EXPORTER_IMAGE, EXPORTER_PORT
from modelinfra.children import Children
from modelinfra.options.gpu_metrics import DEFAULT_INTERVAL
from modelinfra.options.gpu_node_pool import types_of
from modelinfra.platforms.eks.gpu_specs import EFA_LABEL, PLUGIN_LABEL, WHOLE, image_for
from modelinfra.platforms.eks.gpu_way import POOL_LABEL, EksGpuNodes

_NAMESPACE: Final = "kube-system"


def charts(
    pools: Mapping[str, Any], ways: Mapping[str, EksGpuNodes], *, auto_mode: bool
) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Name, role, chart and values of every release. Auto Mode has device plugins of its own."""
    needing = {} if auto_mode else {name: image_for(pool).plugin for name, pool in pools.items()}
    nvidia = [name for name, plugin in needing.items() if plugin == "nvidia"]
    neuron = [name for name, plugin in needing.items() if plugin == "neuron"]
    if nvidia:
        yield (
            "nvidia-device-plugin",
            "device-plugin",
            "nvidia-device-plugin",
            _nvidia({name: pools[name] for name in nvidia}),
        )
    if neuron:
        yield "neuron-device-plugin", "device-plugin", "neuron-helm-chart", _neuron([pools[name] for name in neuron])
    if any(pool.efa is not None for pool in pools.values()):
        yield "efa-device-plugin", "device-plugin", "aws-efa-k8s-device-plugin", _efa()
    for name, pool in pools.items():
        if pool.gpu_metrics is not None:
            yield f"gpu-exporter-{name}", "gpu-exporter", "dcgm-exporter", _exporter(pool.gpu_metrics, ways[name])


def register_charts(
    children: Children,
    provider: kubernetes.Provider,
    pools: Mapping[str, Any],
    ways: Mapping[str, EksGpuNodes],
    *,
    auto_mode: bool,
    after: Sequence[pulumi.Resource],
) -> list[pulumi.Resource]:
    """Install what the pools' nodes need. It comes before them: a node whose accelerators nobody tells of takes no pod."""
    return [
        kubernetes.helm.v3.Release(
            children.named(name),
            name=name,
            namespace=_NAMESPACE,
            version=CHARTS[chart].version,
            # A release that fails is taken back whole, and the next `up` installs it again.
            atomic=True,
            timeout=600,
            values=values,
            opts=children.opts(role, provider=provider, depends_on=list(after)),
            **CHARTS[chart].where,
        )
        for name, role, chart, values in charts(pools, ways, auto_mode=auto_mode)
    ]


def _nvidia(pools: Mapping[str, Any]) -> dict[str, Any]:
    """One plugin for all pools; a label of the node says which configuration is its."""
    configurations = {WHOLE: _configuration(None)} | {
        name: _configuration(pool.sharing) for name, pool in pools.items() if pool.sharing is not None
    }
    return {
        "config": {"map": configurations, "default": WHOLE},
        "nodeSelector": {PLUGIN_LABEL: "nvidia"},
        "tolerations": [_tolerated(key) for key in (GPU, SHARED, EFA)],
    }


def _configuration(sharing: Any) -> str:
    """The plugin's own file (k8s-device-plugin 0.20, README, "Shared Access to GPUs")."""
    lines = ["version: v1", "flags:", "  migStrategy: none"]
    if sharing is not None:
        way = "mps" if sharing.way == MPS else "timeSlicing"
        lines += ["sharing:", f"  {way}:", "    renameByDefault: true"]
        # Two shares of a GPU are no more of it than one; MPS refuses such requests by itself.
        lines += [] if sharing.way == MPS else ["    failRequestsGreaterThanOne: true"]
        lines += ["    resources:", f"      - name: {GPU}", f"        replicas: {sharing.replicas}"]
    return "\n".join(lines) + "\n"


def _neuron(pools: Sequence[Any]) -> dict[str, Any]:
    return {
        # The chart's own list ends before Trainium 2.
        "neuronInstances": sorted({each.name for pool in pools for each in types_of(pool)}),
        "devicePlugin": {
            "nodeSelector": {PLUGIN_LABEL: "neuron"},
            "tolerations": [_tolerated(key) for key in (NEURON, EFA)],
        },
        # It may reboot instances, and asks for rights to do so: EKS's own agent watches nodes here.
        "npd": {"enabled": False},
    }


def _efa() -> dict[str, Any]:
    return {"nodeSelector": {EFA_LABEL: "true"}, "tolerations": [_tolerated(key) for key in (GPU, SHARED, NEURON, EFA)]}


def _exporter(metrics: Any, way: EksGpuNodes) -> dict[str, Any]:
    """An exporter on each node of the pool, which a Prometheus finds by the annotations of its pods, as it does servers of models."""
    repository, tag = EXPORTER_IMAGE.rsplit(":", 1)
    if metrics.exporter_image is not None:
        # The chart writes a colon between the two.
        repository, tag = metrics.exporter_image.rsplit(":", 1)
    interval = 1000 * (metrics.interval or DEFAULT_INTERVAL)
    return {
        "fullnameOverride": f"gpu-exporter-{way.name}",
        "image": {"repository": repository, "tag": tag},
        "arguments": ["-f", "/etc/dcgm-exporter/default-counters.csv", "-c", str(interval)],
        "nodeSelector": {POOL_LABEL: way.name},
        "tolerations": [_tolerated(key) for key in (way.resource, EFA)],
        "podAnnotations": {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(EXPORTER_PORT),
            "prometheus.io/path": "/metrics",
        },
        # It is an object of the Prometheus Operator, which need not be there.
        "serviceMonitor": {"enabled": False},
    }


def _tolerated(key: str) -> dict[str, str]:
    return {"key": key, "operator": "Exists", "effect": "NoSchedule"}

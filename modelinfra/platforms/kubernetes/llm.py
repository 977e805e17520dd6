"""An LLMInferenceService of KServe: vLLM behind a scheduler that knows what each replica has in its cache. Pure data.

"KServe" is kserve/kserve at v0.20.0. What stands here is merged over its own configurations (config/llmisvcconfig): they start vLLM and the
scheduler, and hold a replica back for 15 seconds when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.options.problems import Problem
from modelinfra.options.revisions import STABLE, headers, weights
from modelinfra.platforms.kubernetes.pod import (
    NODE,
    ZONE,
    environment_of,
    probes,
    pull_secrets,
    resources,
    spread,
)
from modelinfra.platforms.kubernetes.route import forwarded, parents
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.kubernetes.sources import storage_uri
from modelinfra.platforms.served_model import ServedModel

SERVER: Final = "vllm"
LONGEST_NAME: Final = 63 - len("-kserve-workload-svc")
"""Names below are KServe's as they stand up to here; longer ones it would shorten with a hash."""

_CONTAINER: Final = "main"
_PORT: Final = 8000
_SHARED_MEMORY: Final = "dshm"

_SCHEDULED: Final = ("/v1/completions", "/v1/chat/completions", "/v1/responses", "/v1/messages")
"""Paths whose requests the scheduler reads (KServe, config-llm-router-route.yaml); the others go to any replica."""


def deployment(name: str) -> str:
    """Name of the Deployment that KServe makes (mainDeploymentName)."""
    return f"{name}-kserve"


def selected(name: str) -> dict[str, str]:
    """Labels of the replicas, and not of the scheduler (KServe, config-llm-scheduler.yaml)."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "llminferenceservice",
        "kserve.io/component": "workload",
    }


def unservable(options: Any, served: ServedModel, gateway: Any) -> Iterator[Problem]:
    """What it does not take, with paths relative to the endpoint."""
    if served.server.name != SERVER:
        reason = "an LLMInferenceService runs vLLM"
        yield Problem("server", reason, "Write vllm, or use a platform with `serving: kserve`.", served.server.name)
    for name, value in (options.environment or {}).items():
        if isinstance(value, str) and "{{" in value:
            # pkg/controller/v1alpha2/llmisvc/config_merge.go: ReplaceVariables, over all that was merged.
            reason = "KServe takes the whole service for a template, and this for a place to fill"
            yield Problem(f"environment.{name}", reason, "Write it without {{, or take it from `secrets`.", value)
    if gateway is None:
        reason = "its scheduler works at a gateway, and the platform names none"
        yield Problem("platform", reason, "Write `gateway` there, or use one with `serving: kserve`.")


def llm_inference_service(
    name: str,
    options: Any,
    platform: Any,
    served: ServedModel,
    sizing: PodSizing,
    found: Mapping[str, Any],
    replicas: int | None,
    route: Mapping[str, Any],
) -> dict[str, Any]:
    """Its spec. found: the values of Outputs. replicas: None where an autoscaler has the number. route: spec of its HTTPRoute."""
    accelerated = sizing.accelerated
    tensor = {"parallelism": {"tensor": accelerated.count}} if accelerated and accelerated.count > 1 else {}
    return {
        "model": {"uri": storage_uri(served.fetched[0].source), "name": served.model},
        **({"replicas": replicas} if replicas is not None else {}),
        **tensor,
        "template": _template(name, options, platform, served, sizing, found),
        # The route is KServe's, which says so when the gateway takes neither it nor the pool.
        "router": {"scheduler": {}, "route": {"http": {"spec": dict(route)}}},
    }


def _template(
    name: str, options: Any, platform: Any, served: ServedModel, sizing: PodSizing, found: Mapping[str, Any]
) -> dict[str, Any]:
    accelerated, server = sizing.accelerated, served.server
    return {
        "serviceAccountName": found["service_account"],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": sizing.grace,
        "nodeSelector": {
            "kubernetes.io/arch": "arm64" if options.architecture == "arm64" else "amd64",
            **(accelerated.node_selector if accelerated else {}),
        },
        **({"tolerations": [{"key": accelerated.resource, "operator": "Exists"}]} if accelerated else {}),
        **pull_secrets(platform),
        "topologySpreadConstraints": [spread(selected(name), key) for key in (ZONE, NODE)],
        "containers": [
            {
                "name": _CONTAINER,
                # The catalogue's, as on every platform; KServe's command starts it. Its user is root, which KServe's own image is not.
                "image": found["image"],
                "securityContext": {"runAsNonRoot": False},
                "env": environment_of(found["environment"], found["secrets"]),
                "resources": resources(sizing),
                **probes(served, sizing),
            }
        ],
        "volumes": [
            {
                "name": _SHARED_MEMORY,
                "emptyDir": {"medium": "Memory", "sizeLimit": f"{server.shared_memory_mib}Mi"},
            }
        ],
    }


def llm_route(
    options: Any, path: str, gateway: Any, names: Mapping[str, str], revision: str, seconds: int
) -> dict[str, Any]:
    """Spec of the route of one revision: the stable one's divides traffic, another's takes requests with its headers.

    names: revision -> name of its LLMInferenceService.
    """
    if revision == STABLE:
        asked: Mapping[str, str] = {}
        shares = {name: share for name, share in weights(options).items() if share or name == STABLE}
    else:
        asked, shares = headers(revision, options.revisions[revision]), {revision: 1}
    pools = [_pool(names[name], share) for name, share in shares.items()]
    workloads = [_workload(names[name], share) for name, share in shares.items()]
    return {
        "parentRefs": parents(gateway),
        "rules": [
            *(forwarded(f"{path}{each}", asked, pools, seconds, replaced=each) for each in _SCHEDULED),
            forwarded(path, asked, workloads, seconds),
        ],
    }


def _pool(name: str, weight: int) -> dict[str, Any]:
    group = "inference.networking.k8s.io"
    return {"group": group, "kind": "InferencePool", "name": f"{name}-inference-pool", "port": _PORT, "weight": weight}


def _workload(name: str, weight: int) -> dict[str, Any]:
    return {"group": "", "kind": "Service", "name": f"{name}-kserve-workload-svc", "port": _PORT, "weight": weight}


def warnings(gateway: Any) -> tuple[str, ...]:
    """What keeps it from becoming ready, in words for the preview."""
    if gateway is None or gateway.implementation != "envoy-gateway":
        return ()
    return (
        "its gateway is Envoy Gateway, which alone serves no InferencePools: without an AI gateway beside it the endpoint never becomes ready",
    )

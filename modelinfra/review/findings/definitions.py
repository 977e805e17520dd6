"""Charts that take the definitions of custom resources along, and with these every object of their kinds that stays in the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import called, listing, plural, whose

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "kserve-crd": (
        "serving.kserve.io/v1beta1:InferenceService",
        "serving.kserve.io/v1alpha1:InferenceGraph",
        "serving.kserve.io/v1alpha1:LocalModelNodeGroup",
    ),
    "kserve-llmisvc-crd": ("serving.kserve.io/v1alpha2:LLMInferenceService",),
    "gateway-crds-helm": (
        "gateway.networking.k8s.io/v1:Gateway",
        "gateway.networking.k8s.io/v1:HTTPRoute",
        "gateway.networking.k8s.io/v1:ListenerSet",
        "gateway.envoyproxy.io/v1alpha1:SecurityPolicy",
    ),
    "keda": ("keda.sh/v1alpha1:ScaledObject",),
    "cert-manager": ("cert-manager.io/v1:Certificate",),
    "karpenter-crd": ("karpenter.sh/v1:NodePool", "karpenter.k8s.aws/v1:EC2NodeClass"),
    "kube-prometheus-stack": ("monitoring.coreos.com/v1:PodMonitor", "monitoring.coreos.com/v1:PrometheusRule"),
}
"""Chart -> kinds whose definitions go with it, of those that the library writes."""

_CHARTS: Final = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart")


def findings(changes: Changes) -> Iterator[Finding]:
    """One finding for each chart that goes while objects of its kinds stay."""
    for change in changes.of("delete"):
        if change.type not in _CHARTS or change.node.retain_on_delete:
            continue
        kinds = _KINDS.get(_chart(change.node), ())
        staying = [node for kind in kinds for node in changes.after.all(f"kubernetes:{kind}")]
        if not staying:
            continue
        whom = listing((whose(changes.after, node) for node in staying), 6)
        text = (
            f"Kubernetes deletes {plural(len(staying), 'object')} of its kinds with it, although the program still has them: those of {whom}. "
            "Remove these first, or keep it."
        )
        title = f"deletes {called(changes.before, change.node)}: with its definitions goes what stands on them"
        yield Finding("traffic", "high", change.urn, title, text)


def _chart(node: Node) -> str:
    return str(plain(node.inputs).get("chart", "")).rpartition("/")[2]

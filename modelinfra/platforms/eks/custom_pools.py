"""Pools of nodes as custom resources: those of Karpenter, and of EKS Auto Mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.eks.node_pool import POOL

# Nodes are drained and their instances ended before a pool is gone; Karpenter says nothing of a limit, and so this one is long: as long as
# an instance lives, its pool is there.
_POOL_DELETE: Final = "45m"

KARPENTER_CLASS: Final = ("karpenter.k8s.aws/v1", "EC2NodeClass")
AUTO_MODE_CLASS: Final = ("eks.amazonaws.com/v1", "NodeClass")


@dataclass(frozen=True)
class CustomPools:
    """Registers pools. of_class: version and kind of what their nodes look like; place_of_nodes: what every such object says of where they
    stand; after: what must be there before."""

    children: Children
    provider: kubernetes.Provider
    of_class: tuple[str, str]
    place_of_nodes: Mapping[str, Input[Any]]
    after: Sequence[pulumi.Resource]

    def register(
        self,
        name: str,
        kind: str,
        looks: Callable[..., Mapping[str, Any]],
        spec: Mapping[str, Any],
        tags: Mapping[str, Input[str]],
        *,
        more: Mapping[str, Input[Any]] | None = None,
        overlay: Mapping[str, Any] | None = None,
    ) -> pulumi.Resource:
        """A pool and the class of its nodes. kind: what their roles begin with; more: what `looks` is given beside; overlay: spec of a
        NodeOverlay, without which Karpenter does not know what the nodes will have."""
        suffix = "" if name == POOL and not kind else f"-{name}"
        of_class = self._custom(
            f"{kind}node-class",
            f"node-class{suffix}",
            (*self.of_class, name),
            Output.all(**self.place_of_nodes, **(more or {}), tags=tags).apply(lambda found: looks(**found)),
            self.after,
        )
        needed = [of_class]
        if overlay is not None:
            what = ("karpenter.sh/v1alpha1", "NodeOverlay", name)
            needed.append(self._custom(f"{kind}node-overlay", f"node-overlay{suffix}", what, overlay, self.after))
        return self._custom(
            f"{kind}node-pool", f"node-pool{suffix}", ("karpenter.sh/v1", "NodePool", name), spec, needed
        )

    def _custom(
        self, role: str, suffix: str, what: tuple[str, str, str], spec: Any, after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        api_version, kind, name = what
        return kubernetes.apiextensions.CustomResource(
            self.children.named(suffix),
            api_version=api_version,
            kind=kind,
            metadata={"name": name},
            spec=spec,
            opts=self.children.opts(
                role,
                provider=self.provider,
                depends_on=list(after),
                custom_timeouts=pulumi.CustomTimeouts(delete=_POOL_DELETE),
            ),
        )

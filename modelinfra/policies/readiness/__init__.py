"""What makes an environment ready for production, as far as its graph says: rules on top of what AWS refuses.

Their sources name the row of facts readiness.md section 1 or demand.md section 1; docs/checks.md says which rows no graph can decide.
"""

from __future__ import annotations

from modelinfra.policies.readiness import (
    availability,
    eks_version,
    front_doors,
    gpu_pods,
    karpenter,
    kubernetes_scaling,
    network,
    nodes,
    pods,
    routes,
    sagemaker,
    scaling,
    services,
    side_routes,
    spending,
    stores,
    tasks,
    tenants,
    updates,
)
from modelinfra.policies.rule import Rule

READINESS: tuple[Rule, ...] = (
    *services.RULES,
    *tasks.RULES,
    *front_doors.RULES,
    *network.RULES,
    *stores.RULES,
    *nodes.RULES,
    *sagemaker.RULES,
    *eks_version.RULES,
    *availability.RULES,
    *pods.RULES,
    *gpu_pods.RULES,
    *kubernetes_scaling.RULES,
    *routes.RULES,
    *karpenter.RULES,
    *tenants.RULES,
    *scaling.RULES,
    *side_routes.RULES,
    *spending.RULES,
    *updates.RULES,
)
"""Every rule of readiness."""

"""What makes an environment ready for production, as far as its graph says: rules on top of what AWS refuses.

Their sources name the row of facts readiness.md section 1 or demand.md section 1; docs/checks.md says which rows no graph can decide.
"""

from __future__ import annotations

from modelinfra.policies.readiness import (
    front_doors,
    network,
    nodes,
    sagemaker,
    scaling,
    services,
    side_routes,
    spending,
    stores,
    tasks,
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
    *scaling.RULES,
    *side_routes.RULES,
    *spending.RULES,
    *updates.RULES,
)
"""Every rule of readiness."""

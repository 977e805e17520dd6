"""Whether EKS still supports the version of a cluster: asked of a dated table, for the day of the check."""

from __future__ import annotations

from modelinfra.catalog.eks_versions import AS_OF, eks_version
from modelinfra.policies.readiness.nodes import EKS, NODES
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View


def _unsupported(view: View) -> Found:
    for token in (EKS, NODES):
        for node, given in view.each(token):
            version = given.get("version")
            known = eks_version(version) if isinstance(version, str) else None
            if known is None or view.today < known.standard:
                continue
            if view.today < known.extended:
                yield (
                    node,
                    f"standard support of {known.name} ended on {known.standard}: extended support costs more by the hour",
                )
            else:
                yield (
                    node,
                    f"support of {known.name} ended on {known.extended}: AWS upgrades the cluster on a day of its own",
                )


RULES = (
    Rule(
        "ready-eks-version",
        "A cluster runs a version in standard support",
        f"facts readiness.md section 1 row 24; EKS's release calendar as of {AS_OF}: a newer version is not known, and no finding",
        "Upgrade the cluster, one minor version at a time, then its add-ons and nodes.",
        _unsupported,
        "medium",
    ),
)

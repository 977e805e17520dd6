"""Rules over a resource graph: what AWS would refuse though every tool accepts it, and whether what is made can be reached.

`check(graph)` says everything that is wrong. A captured graph tells most; of a preview, what is not known yet is left out.
"""

from __future__ import annotations

from datetime import date

from modelinfra.graph.model import Graph
from modelinfra.policies import (
    addresses,
    fargate,
    fetching,
    gateways,
    load_balancing,
    names,
    permissions,
    reachability,
    service,
    tenants,
    watching,
    ways_out,
)
from modelinfra.policies.readiness import READINESS
from modelinfra.policies.rule import Finding, Rule
from modelinfra.policies.view import View

__all__ = ["READINESS", "RULES", "Finding", "Rule", "check"]

RULES: tuple[Rule, ...] = (
    *fargate.RULES,
    *service.RULES,
    *load_balancing.RULES,
    *names.RULES,
    *watching.RULES,
    *addresses.RULES,
    *reachability.RULES,
    *gateways.RULES,
    *ways_out.RULES,
    *permissions.RULES,
    *tenants.RULES,
    *fetching.RULES,
)
"""What AWS would refuse and what could not be reached, each with its fact and source."""


def check(
    graph: Graph,
    rules: tuple[Rule, ...] = RULES,
    *,
    production: bool = True,
    today: date | None = None,
    region: str | None = None,
) -> list[Finding]:
    """Everything in the graph at odds with the rules, in the order of the rules.

    production: whether rules of production are asked. today: the day for which calendars are asked; the machine's without it.
    region: of the default provider, where the graph does not hold it (prices differ).
    What a program only reads is not judged: it belongs to somebody else, and little of it is known.
    """
    view = View(graph, today, region)
    return [
        Finding(rule.id, node.urn, message, rule.remedy, rule.severity)
        for rule in rules
        if production or not rule.production
        for node, message in rule.find(view)
        if not node.read
    ]

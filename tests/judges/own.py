"""The library's own rules as judges."""

from __future__ import annotations

from collections.abc import Mapping

from modelinfra.policies import (
    Rule,
    addresses,
    check,
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
from tests.judges.case import Case, Verdicts


class Own:
    """Some of the rules of `modelinfra.policies`."""

    quick = True
    obtainable = True

    def __init__(self, name: str, rules: tuple[Rule, ...]) -> None:
        self.name = name
        self._rules = rules

    def missing(self) -> str | None:
        return None

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        return {case: [str(found) for found in check(given.graph, self._rules)] for case, given in cases.items()}


TABLE = Own(
    "own table",
    (*fargate.RULES, *service.RULES, *load_balancing.RULES, *names.RULES, *watching.RULES, *addresses.RULES),
)
REACHABILITY = Own(
    "reachability",
    (*reachability.RULES, *gateways.RULES, *ways_out.RULES, *permissions.RULES, *fetching.RULES, *tenants.RULES),
)

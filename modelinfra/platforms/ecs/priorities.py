"""In which order a load balancer asks its rules: the lower number first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelinfra import naming
from modelinfra.options.grpc import methods, of_one_rule
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.revisions import headers
from modelinfra.options.rollout import shifts

# Of the rule on a load balancer of one's own, the last that there can be: what is asked before it has room.
_LAST_RULE = 50_000


@dataclass(frozen=True)
class Priorities:
    """Of the rules that lead to the replicas of one revision. grpc: of those for gRPC. test, grpc_test: of those for test traffic."""

    rule: int
    grpc: tuple[int, ...] = ()
    test: int | None = None
    grpc_test: int | None = None

    def __iter__(self) -> Iterator[int]:
        """All of them."""
        return (each for each in (self.rule, *self.grpc, self.test, self.grpc_test) if each is not None)


def of_endpoint(options: Any, path: str, grpc_methods: Sequence[str], *, shared: bool) -> Priorities:
    """Of the endpoint's own replicas. path: where it hangs on a shared load balancer. grpc_methods: of the server's row."""
    spoken = bool(methods(options.exposure, grpc_methods))
    tested = shifts(options.rollout)
    if not shared:
        grpc = (_LAST_RULE - 1,) if spoken else ()
        test = (_LAST_RULE - 2, _LAST_RULE - 3 if spoken else None) if tested else (None, None)
        return Priorities(_LAST_RULE, grpc, *test)
    rule = options.rule_priority or naming.rule_priority(path)
    if not tested:
        return Priorities(rule)
    _room_before(rule, "the rule for test traffic of `rollout` is")
    return Priorities(rule, test=naming.rule_priority_before(rule, f"{path}?test traffic"))


def of_revisions(options: Any, own: Priorities, path: str, grpc_methods: Sequence[str]) -> Mapping[str, Priorities]:
    """Of each other revision. own: of the endpoint's own replicas. path: where it hangs on a shared load balancer, else empty.

    Raises InvalidOptionsError where two meet.
    """
    if not options.revisions:
        return {}
    _room_before(own.rule, "rules of `revisions` are")
    found: dict[str, Priorities] = {}
    taken = set(own)
    for name, each in options.revisions.items():
        rules = range(len(of_one_rule(methods(options.exposure, grpc_methods), len(headers(name, each)))))
        found[name] = Priorities(
            naming.rule_priority_before(own.rule, f"{path}?{name}"),
            # Before the endpoint's own rule for gRPC, too, which takes the same methods.
            tuple(naming.rule_priority_before(own.grpc[0], f"{path}?{name}?grpc{rule}") for rule in rules),
        )
        asked = list(found[name])
        if taken & set(asked) or len(set(asked)) < len(asked):
            reason = "the priority of its rule, which is made of its name, is another rule's"
            raise InvalidOptionsError([Problem(f"revisions.{name}", reason, "Write another name.")])
        taken |= set(asked)
    return found


def _room_before(rule: int, what: str) -> None:
    if rule == 1:
        reason = f"{what} asked before the endpoint's own, and nothing comes before 1"
        raise InvalidOptionsError([Problem("rule_priority", reason, "Write a larger number.", 1)])

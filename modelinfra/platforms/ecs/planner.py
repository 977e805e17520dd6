"""What an ECS cluster will take: checks and computes endpoints before the cluster, or anything else, is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelinfra import naming
from modelinfra.options.cluster import DEFAULT_IDLE_TIMEOUT
from modelinfra.options.exposure import stands_alone
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_seconds
from modelinfra.platforms.ecs import collector
from modelinfra.platforms.ecs.adopted import needs_of_adopted
from modelinfra.platforms.ecs.exposed import notes_of_exposure, unreachable
from modelinfra.platforms.ecs.fit import unfit
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.ecs.node_sizing import size_on_nodes
from modelinfra.platforms.ecs.placement import Placement, place
from modelinfra.platforms.ecs.sizing import EcsSizing, size_endpoint
from modelinfra.platforms.served_model import ServedModel


@dataclass(frozen=True)
class EcsEndpointPlan:
    """An endpoint that ECS will take. `path` and `rule_priority` count on a shared load balancer only.

    placement: None on Fargate.
    """

    shared: bool
    path: str
    rule_priority: int
    sizing: EcsSizing
    placement: Placement | None
    needs: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen, and why, and what the things that are handed in must allow."""
        return (*self.sizing.notes, *self.needs)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, or may go wrong."""
        return (*self.sizing.warnings, *(self.placement.warnings if self.placement else ()))


@dataclass
class EcsPlanner:
    """Checks endpoints against one cluster's options, and against each other where they share its load balancer."""

    options: Any
    internet: bool = True
    """Whether tasks, and internal load balancers, reach the internet."""
    public: bool = True
    """Whether the network has public subnets."""
    pools: Mapping[str, PlannedPool] = field(default_factory=dict)
    """Nodes with accelerators, by name."""
    idle_timeout: int | None = field(init=False)
    """Of the shared load balancer, in seconds; None while it is not known, because it is handed in."""
    _longest: dict[str, int] = field(default_factory=dict)
    _priorities: dict[int, str] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)
    _rules: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        adopted = self.options.listener_arn is not None
        self.idle_timeout = None if adopted else self.options.idle_timeout or DEFAULT_IDLE_TIMEOUT

    def check_idle_timeout(self) -> None:
        """Raises InvalidOptionsError when an endpoint that was planned before `idle_timeout` was known needs a longer one."""
        problems = [
            problem.below(f"endpoints.{name}")
            for name, longest in self._longest.items()
            for problem in self._too_long(longest)
        ]
        if problems:
            raise InvalidOptionsError(problems)

    def plan(self, name: str, path: str, options: Any, served: ServedModel) -> EcsEndpointPlan:
        """Check one endpoint. Raises InvalidOptionsError with everything that does not fit."""
        refused = [
            *(unfit(served) if options.accelerator is None else ()),
            *(served.remote.unreachable(self.internet) if served.remote else ()),
            *unreachable(options.exposure, internet=self.internet, public=self.public),
            *collector.unreachable(options, internet=self.internet),
        ]
        if refused:
            raise InvalidOptionsError(refused)
        placement = place(name, options, served, self.pools)
        shared = not stands_alone(options.load_balancer, options.exposure)
        plan = EcsEndpointPlan(
            shared,
            path,
            options.rule_priority or naming.rule_priority(path),
            size_on_nodes(options, served, placement) if placement else size_endpoint(options, served),
            placement,
            (
                *needs_of_adopted(self.options, options, served),
                *notes_of_exposure(options.exposure, served),
                *collector.notes(options, served),
            ),
        )
        problems = list(self._sharing_problems(name, plan, options)) if shared else []
        if problems:
            raise InvalidOptionsError(problems)
        if shared:
            self._priorities[plan.rule_priority] = self._paths[path] = name
            self._rules[path] = plan.rule_priority
            self._longest[name] = plan.sizing.longest_request
        return plan

    def _sharing_problems(self, name: str, plan: EcsEndpointPlan, options: Any) -> Iterator[Problem]:
        if not self.options.shared_load_balancer:
            yield Problem(
                "load_balancer",
                "the platform has no shared load balancer",
                "Write `load_balancer: own`, or give the platform one with `shared_load_balancer: true`.",
                options.load_balancer or "shared",
            )
            return
        yield from self._too_long(plan.sizing.longest_request)
        if plan.path in self._paths:
            yield Problem(
                "path",
                f"'{self._paths[plan.path]}' is already at {plan.path} on the same load balancer",
                "Write another `path`.",
                plan.path,
            )
        elif plan.rule_priority in self._priorities:
            yield Problem(
                "rule_priority",
                f"the priority {plan.rule_priority} belongs to the rule of '{self._priorities[plan.rule_priority]}' on the same load balancer",
                "Write another number from 1 to 50000.",
                options.rule_priority if options.rule_priority is not None else f"computed from {plan.path}",
            )
        for path, priority in self._rules.items():
            yield from _shadowing(plan, path, priority, self._paths[path])

    def _too_long(self, longest: int) -> Iterator[Problem]:
        if self.idle_timeout is None or longest <= self.idle_timeout:
            return
        whose = "the platform's `idle_timeout`" if self.options.listener_arn is None else "its idle timeout"
        yield Problem(
            "longest_request",
            f"the shared load balancer gives up after {shown_seconds(self.idle_timeout)}",
            f"Raise {whose} to {shown_seconds(longest)}, or write `load_balancer: own`.",
            shown_seconds(longest),
        )


def _shadowing(plan: EcsEndpointPlan, path: str, priority: int, other: str) -> Iterator[Problem]:
    """A path below another one needs the rule that is asked first: the one with the lower number."""
    below, above = plan.path.startswith(f"{path}/"), path.startswith(f"{plan.path}/")
    if below and plan.rule_priority > priority:
        remedy = f"Write another `path`, or a `rule_priority` below {priority}."
        yield Problem("path", f"'{other}' at {path} takes what is meant for paths below it", remedy, plan.path)
    if above and plan.rule_priority < priority:
        remedy = f"Write another `path`, or a `rule_priority` above {priority}."
        yield Problem("path", f"this takes what is meant for '{other}' at {path}", remedy, plan.path)

"""What an ECS cluster will take: checks and computes endpoints before the cluster, or anything else, is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.cluster import DEFAULT_IDLE_TIMEOUT
from modelinfra.options.exposure import stands_alone
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_seconds
from modelinfra.platforms.base import Revision
from modelinfra.platforms.ecs import capture, collector, disk, priorities
from modelinfra.platforms.ecs.adopted import needs_of_adopted
from modelinfra.platforms.ecs.checks import unanswered
from modelinfra.platforms.ecs.elsewhere import of_kubernetes_alone
from modelinfra.platforms.ecs.exposed import notes_of_exposure, too_slow, unreachable
from modelinfra.platforms.ecs.fit import unfit
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.ecs.node_sizing import size_on_nodes
from modelinfra.platforms.ecs.placement import Placement, place
from modelinfra.platforms.ecs.priorities import Priorities
from modelinfra.platforms.ecs.queue_notes import notes_of_queue
from modelinfra.platforms.ecs.scaling_plan import ScalingPlan, plan_scaling, unworkable
from modelinfra.platforms.ecs.sizing import EcsSizing, size_endpoint
from modelinfra.platforms.served_model import ServedModel


@dataclass(frozen=True)
class EcsReplicas:
    """The replicas of one revision. placement: None on Fargate. priorities: of the rules that lead to them."""

    priorities: Priorities
    sizing: EcsSizing
    scaling: ScalingPlan
    placement: Placement | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen, and why."""
        return (*self.sizing.notes, *self.scaling.notes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, or may go wrong."""
        return (*self.sizing.warnings, *(self.placement.warnings if self.placement else ()))


@dataclass(frozen=True)
class EcsEndpointPlan:
    """An endpoint that ECS will take. `path` counts on a shared load balancer only.

    own: the replicas of the endpoint's own keys. revisions: those of the other revisions, by name.
    """

    shared: bool
    path: str
    own: EcsReplicas
    revisions: Mapping[str, EcsReplicas]
    needs: tuple[str, ...]

    @property
    def longest_request(self) -> int:
        """In seconds, of any revision."""
        return max(each.sizing.longest_request for each in (self.own, *self.revisions.values()))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen, and why, and what the things that are handed in must allow."""
        of_revisions = (f"{name}: {note}" for name, each in self.revisions.items() for note in each.notes)
        return (*self.own.notes, *of_revisions, *self.needs)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, or may go wrong."""
        of_revisions = (f"{name}: {warning}" for name, each in self.revisions.items() for warning in each.warnings)
        return (*self.own.warnings, *of_revisions)


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

    def plan(
        self, name: str, path: str, options: Any, served: ServedModel, revisions: Mapping[str, Revision]
    ) -> EcsEndpointPlan:
        """Check one endpoint. Raises InvalidOptionsError with everything that does not fit."""
        refused = [
            *self._refused(options, served),
            *unreachable(options.exposure, internet=self.internet, public=self.public),
            *unanswered(options, served),
        ]
        for revision, each in revisions.items():
            refused += [problem.below(f"revisions.{revision}") for problem in self._refused(each.options, each.served)]
        if refused:
            raise InvalidOptionsError(refused)
        queued = is_asynchronous(options)
        shared = not queued and not stands_alone(options.load_balancer, options.exposure)
        grpc = served.server.grpc_methods
        own = priorities.of_endpoint(options, path, grpc, shared=shared)
        others = priorities.of_revisions(options, own, path if shared else "", grpc)
        needs = [*needs_of_adopted(self.options, options, served), *notes_of_exposure(options.exposure, served)]
        needs += [*(notes_of_queue(options) if queued else ()), *collector.notes(options, served)]
        needs += capture.notes(options, served)
        for each in revisions.values():
            needs += [
                *needs_of_adopted(self.options, each.options, each.served),
                *collector.notes(each.options, each.served),
            ]
        plan = EcsEndpointPlan(
            shared,
            path,
            self._replicas(name, options, served, own),
            self._revisions(name, revisions, others),
            tuple(dict.fromkeys(needs)),
        )
        problems = list(self._sharing_problems(name, plan, options)) if shared else []
        if problems:
            raise InvalidOptionsError(problems)
        if shared:
            self._paths[path] = name
            self._rules[path] = own.rule
            self._priorities |= dict.fromkeys((number for each in (own, *others.values()) for number in each), name)
            self._longest[name] = plan.longest_request
        return plan

    def _refused(self, options: Any, served: ServedModel) -> Iterator[Problem]:
        yield from of_kubernetes_alone(options)
        yield from disk.no_such_disk(options)
        if options.accelerator is None:
            yield from unfit(served)
        for remote in served.remotes:
            yield from remote.unreachable(self.internet)
        yield from collector.unreachable(options, internet=self.internet)
        yield from unworkable(options.scaling, self.options)
        yield from too_slow(options.exposure, served.longest_request_seconds)

    def _replicas(self, name: str, options: Any, served: ServedModel, priorities: Priorities) -> EcsReplicas:
        placement = place(name, options, served, self.pools)
        sizing = size_on_nodes(options, served, placement) if placement else size_endpoint(options, served)
        scaling = plan_scaling(options, served, sizing, placement.devices if placement else 0)
        return EcsReplicas(priorities, sizing, scaling, placement)

    def _revisions(
        self, name: str, revisions: Mapping[str, Revision], priorities: Mapping[str, Priorities]
    ) -> Mapping[str, EcsReplicas]:
        found: dict[str, EcsReplicas] = {}
        for revision, each in revisions.items():
            try:
                found[revision] = self._replicas(f"{name}/{revision}", each.options, each.served, priorities[revision])
            except InvalidOptionsError as error:
                where = f"revisions.{revision}"
                raise InvalidOptionsError(problem.below(where) for problem in error.problems) from None
        return found

    def _sharing_problems(self, name: str, plan: EcsEndpointPlan, options: Any) -> Iterator[Problem]:
        if not self.options.shared_load_balancer:
            yield Problem(
                "load_balancer",
                "the platform has no shared load balancer",
                "Write `load_balancer: own`, or give the platform one with `shared_load_balancer: true`.",
                options.load_balancer or "shared",
            )
            return
        yield from self._too_long(plan.longest_request)
        if plan.path in self._paths:
            yield Problem(
                "path",
                f"'{self._paths[plan.path]}' is already at {plan.path} on the same load balancer",
                "Write another `path`.",
                plan.path,
            )
        elif (taken := self._taken(plan.own)) is not None:
            yield Problem(
                "rule_priority",
                f"the priority {taken} belongs to the rule of '{self._priorities[taken]}' on the same load balancer",
                "Write another number from 1 to 50000.",
                options.rule_priority if options.rule_priority is not None else f"computed from {plan.path}",
            )
        for revision, each in plan.revisions.items():
            if (taken := self._taken(each)) is not None:
                reason = f"the priority of its rule, which is made of its name, belongs to '{self._priorities[taken]}' on the same load balancer"
                yield Problem(f"revisions.{revision}", reason, "Write another name.")
        for path, priority in self._rules.items():
            yield from _shadowing(plan, path, priority, self._paths[path])

    def _taken(self, replicas: EcsReplicas) -> int | None:
        return next((each for each in replicas.priorities if each in self._priorities), None)

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
    if below and plan.own.priorities.rule > priority:
        remedy = f"Write another `path`, or a `rule_priority` below {priority}."
        yield Problem("path", f"'{other}' at {path} takes what is meant for paths below it", remedy, plan.path)
    if above and plan.own.priorities.rule < priority:
        remedy = f"Write another `path`, or a `rule_priority` above {priority}."
        yield Problem("path", f"this takes what is meant for '{other}' at {path}", remedy, plan.path)

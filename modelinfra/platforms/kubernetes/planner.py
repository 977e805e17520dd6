"""What a Kubernetes cluster will take: checks and computes endpoints before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.base import Revision
from modelinfra.platforms.kubernetes.autoscaling import Autoscaling, plan_autoscaling
from modelinfra.platforms.kubernetes.options import refused
from modelinfra.platforms.kubernetes.sizing import PodSizing, size_pod
from modelinfra.platforms.kubernetes.sources import unfetchable
from modelinfra.platforms.served_model import ServedModel


@dataclass(frozen=True)
class Replicas:
    """The replicas of one revision."""

    sizing: PodSizing
    scaling: Autoscaling


@dataclass(frozen=True)
class KubernetesEndpointPlan:
    """An endpoint that the cluster will take. path: where it hangs at the gateway; empty where there is none.

    own: the replicas of the endpoint's own keys. revisions: those of the other revisions, by name.
    """

    path: str
    own: Replicas
    revisions: Mapping[str, Replicas]

    @property
    def longest_request(self) -> int:
        """In seconds, of any revision."""
        return max(each.sizing.longest_request for each in (self.own, *self.revisions.values()))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen, and why."""
        return tuple(self._said(lambda each: (*each.sizing.notes, *each.scaling.notes)))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, or may go wrong."""
        return tuple(self._said(lambda each: each.sizing.warnings))

    def _said(self, words: Any) -> Iterator[str]:
        yield from words(self.own)
        for name, each in self.revisions.items():
            yield from (f"{name}: {text}" for text in words(each))


@dataclass
class KubernetesPlanner:
    """Checks endpoints against one cluster's options, and against each other where they share its gateway."""

    options: Any
    _paths: dict[str, str] = field(default_factory=dict)

    def plan(
        self, name: str, path: str, options: Any, served: ServedModel, revisions: Mapping[str, Revision]
    ) -> KubernetesEndpointPlan:
        """Check one endpoint. Raises InvalidOptionsError with everything that does not fit."""
        problems = [
            *refused(options, getattr(self.options, "tenant", None)),
            *self._unservable(options, served),
            *self._at_the_gateway(name, path, options),
        ]
        own, wrong = self._replicas(options, served)
        problems += wrong
        planned: dict[str, Replicas] = {}
        for revision, each in revisions.items():
            replicas, wrong = self._replicas(each.options, each.served)
            # What the endpoint itself says wrong is told once.
            wrong = [
                problem for problem in [*self._unservable(each.options, each.served), *wrong] if problem not in problems
            ]
            problems += [problem.below(f"revisions.{revision}") for problem in wrong]
            if replicas is not None:
                planned[revision] = replicas
        if problems or own is None:
            raise InvalidOptionsError(problems)
        if self.options.gateway is None:
            return KubernetesEndpointPlan("", own, planned)
        self._paths[path] = name
        return KubernetesEndpointPlan(path, own, planned)

    def _replicas(self, options: Any, served: ServedModel) -> tuple[Replicas | None, list[Problem]]:
        try:
            sizing = size_pod(options, served, self.options)
            return Replicas(sizing, plan_autoscaling(options, served, sizing, self.options)), []
        except InvalidOptionsError as error:
            return None, list(error.problems)

    def _unservable(self, options: Any, served: ServedModel) -> Iterator[Problem]:
        if served.remote is not None:
            yield from unfetchable(served.remote)
        elif served.image is None:
            text = isinstance(options.model, str)
            where, given = ("model", options.model) if text else ("model.uri", options.model.uri)
            reason = "no image is built for Kubernetes, so that a directory of this machine reaches no replica"
            yield Problem(where, reason, "Store the model at s3://, hf:// or https://, or write `image`.", given)

    def _at_the_gateway(self, name: str, path: str, options: Any) -> Iterator[Problem]:
        if self.options.gateway is None:
            if options.path is not None:
                reason = "the platform names no `gateway` below whose address it could hang"
                yield Problem("path", reason, "Remove it, or write `gateway` there.", options.path)
            if options.revisions:
                reason = "a gateway divides requests between revisions, and the platform names none"
                yield Problem("revisions", reason, "Write `gateway` there.")
        elif path in self._paths:
            reason = f"'{self._paths[path]}' is already at {path} of the same gateway"
            yield Problem("path", reason, "Write another `path`.", path)


@dataclass(frozen=True)
class KubernetesPlan:
    """A platform that was found to work, before anything of it is registered."""

    options: Any
    planner: KubernetesPlanner

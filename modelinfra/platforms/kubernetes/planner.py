"""What a Kubernetes cluster will take: checks and computes endpoints before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from modelinfra import naming
from modelinfra.options.kubernetes import named_cluster
from modelinfra.options.models import models_of
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.registry import ECR
from modelinfra.options.sources import source_of
from modelinfra.platforms.base import Revision
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.eks.gpu_way import way_of
from modelinfra.platforms.kubernetes import agent, exposure, knative, llm, seldon
from modelinfra.platforms.kubernetes.autoscaling import Autoscaling, plan_autoscaling
from modelinfra.platforms.kubernetes.beside import Beside, planned_beside
from modelinfra.platforms.kubernetes.graph_plan import Asked, GraphPlan, plan_graph
from modelinfra.platforms.kubernetes.knative_scaling import KnativeScaling, plan_knative
from modelinfra.platforms.kubernetes.needed import needed_for_keda, needed_of_tenant
from modelinfra.platforms.kubernetes.options import refused, refused_by
from modelinfra.platforms.kubernetes.quota import Takes, exceeded, tight
from modelinfra.platforms.kubernetes.servings import KNATIVE, KSERVE, LLM, SELDON
from modelinfra.platforms.kubernetes.sizing import PodSizing, size_pod
from modelinfra.platforms.kubernetes.sources import secrets_needed, unfetchable
from modelinfra.platforms.kubernetes.tenant_space import Space, spaces
from modelinfra.platforms.kubernetes.watched import unseen, unwatchable
from modelinfra.platforms.served_model import ServedModel

_ENDINGS = ("-predictor", "-transformer", "-explainer")

Scaling = Autoscaling | KnativeScaling | seldon.SeldonScaling


@dataclass(frozen=True)
class Replicas:
    """The replicas of one revision. unseen: what nobody will be told of them, in words."""

    sizing: PodSizing
    scaling: Scaling
    unseen: tuple[str, ...] = ()
    beside: Mapping[str, Beside] = field(default_factory=dict)
    """Transformer and explainer, where there are such."""

    warnings: tuple[str, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether any of their numbers is an autoscaler's: KServe writes all of them or none."""
        own = isinstance(self.scaling, Autoscaling) and self.scaling.varies
        return own or any(each.scaling.varies for each in self.beside.values())

    @property
    def by_knative(self) -> bool:
        """Whether Knative runs them."""
        return isinstance(self.scaling, KnativeScaling)


@dataclass(frozen=True)
class KubernetesEndpointPlan:
    """An endpoint that the cluster will take. routed: whether requests come by the gateway. path: where it hangs there; empty where it
    does not, or has a domain of its own.

    own: the replicas of the endpoint's own keys. revisions: those of the other revisions, by name. tenant: in whose namespace; None for the
    platform's. storage_secrets: with which models are fetched, and needs: what is in them. said: of its exposure, for the preview.
    """

    routed: bool
    path: str
    own: Replicas
    revisions: Mapping[str, Replicas]
    said: tuple[str, ...] = ()
    tenant: str | None = None
    storage_secrets: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def longest_request(self) -> int:
        """In seconds, of any revision."""
        return max(each.sizing.longest_request for each in (self.own, *self.revisions.values()))

    @property
    def wake_seconds(self) -> int:
        """How long a request may wait for the first replica of any revision."""
        every = (self.own, *self.revisions.values())
        return max(each.sizing.start_seconds if each.scaling.least == 0 else 0 for each in every)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen, and why."""
        return (
            *self._said(lambda each: (*each.sizing.notes, *each.scaling.notes, *each.unseen)),
            *self.said,
            *self.needs,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, or may go wrong."""
        return tuple(self._said(lambda each: (*each.sizing.warnings, *each.warnings)))

    def _said(self, words: Any) -> Iterator[str]:
        yield from words(self.own)
        for name, each in self.revisions.items():
            yield from (f"{name}: {text}" for text in words(each))


@dataclass
class KubernetesPlanner:
    """Checks endpoints against one cluster's options, and against each other where they share its gateway."""

    options: Any
    """Of the platform, with the gateway and the Prometheus that come with KServe."""
    pools: Mapping[str, PlannedPool] = field(default_factory=dict)
    """Nodes with accelerators that are made with the cluster."""
    tenants: Mapping[str, Any] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)
    _domains: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _asked: dict[str, list[Takes]] = field(default_factory=dict)

    @cached_property
    def spaces(self) -> Mapping[str, Space]:
        """Tenant -> its namespace here."""
        return spaces(self.options, self.tenants)

    @property
    def at_gateway(self) -> Mapping[tuple[Any, ...], Mapping[str, str]]:
        """What hangs where: the gateway, with its cluster -> path or domain -> what is there, as a path from the environment on."""
        gateway, cluster = self.options.gateway, named_cluster(self.options)
        if gateway is None or cluster is None:
            return {}
        where = {"an endpoint": "endpoints", "a graph": "inference_graphs"}
        hung = {place: f"{where[self._names[name]]}.{name}" for place, name in {**self._paths, **self._domains}.items()}
        return {(*cluster, gateway.namespace, gateway.name): hung}

    @property
    def tight(self) -> Iterator[str]:
        """What of the planned endpoints does not always fit into a tenant's quota, in words for the preview."""
        for tenant, space in self.spaces.items():
            for text in tight(space.options.quota, self._asked.get(tenant, ()), self.resources):
                yield f"tenant '{tenant}': {text}"

    def exceeded(self) -> Iterator[Problem]:
        """What of them never fits, with paths relative to the environment."""
        for tenant, space in self.spaces.items():
            for problem in exceeded(space.options.quota, self._asked.get(tenant, ()), self.resources):
                yield problem.below(f"tenants.{tenant}.kubernetes.quota")

    @property
    def resources(self) -> list[str]:
        """What the device plugins of its nodes call accelerators."""
        described = {each.resource for each in self.options.accelerators.values()}
        return sorted(described | {way_of(name, pool.options).resource for name, pool in self.pools.items()})

    def plan(
        self, name: str, path: str, options: Any, served: ServedModel, revisions: Mapping[str, Revision]
    ) -> KubernetesEndpointPlan:
        """Check one endpoint. Raises InvalidOptionsError with everything that does not fit."""
        every = [served, *(each.served for each in revisions.values())]
        problems = [
            *self._named(name, "an endpoint"),
            *refused(options, self.options.serving, pools=bool(self.pools), in_ecr=self.options.registry == ECR),
            *self._without_repository(options, every),
            *self._credentials(options, every),
            *self._homeless(options),
            *exposure.problems(options, self.options.gateway),
            *self._unservable(options, served),
            *self._at_the_gateway(path, options),
            *unwatchable(options, served.server, self.options),
        ]
        own, wrong = self._replicas(name, options, served, own=True)
        problems += wrong
        planned: dict[str, Replicas] = {}
        for revision, each in revisions.items():
            replicas, wrong = self._replicas(naming.of_revision(name, revision), each.options, each.served, own=False)
            # What the endpoint itself says wrong is told once.
            wrong = [
                problem
                for problem in [
                    *refused_by(each.options, self.options.serving),
                    *self._unservable(each.options, each.served),
                    *wrong,
                ]
                if problem not in problems
            ]
            problems += [problem.below(f"revisions.{revision}") for problem in wrong]
            if replicas is not None:
                planned[revision] = replicas
        if problems or own is None:
            raise InvalidOptionsError(problems)
        self._names[name] = "an endpoint"
        routed = exposure.on_gateway(options, self.options.gateway)
        hangs = routed and options.exposure.domain is None
        if hangs:
            self._paths[path] = name
        if routed and not hangs:
            self._domains[options.exposure.domain] = name
        said = tuple(exposure.notes(options, served, self.options.gateway))
        owner = getattr(options, "tenant", None)
        tenant = str(owner) if owner in self.spaces else None
        if tenant is not None:
            self._asked.setdefault(tenant, []).extend(
                asked for each in (own, *planned.values()) for asked in Takes.of_all(each)
            )
        secrets = self._secrets(options)
        fetched = [remote for each in every for remote in each.fetched]
        needs = tuple(secrets_needed(secrets, fetched))
        hung = path if hangs else ""
        return KubernetesEndpointPlan(routed, hung, own, planned, said, tenant, tuple(secrets), needs)

    def _credentials(self, options: Any, served: list[ServedModel]) -> Iterator[Problem]:
        if options.storage_secrets is None:
            return
        owner = getattr(options, "tenant", None)
        if options.service_account is not None:
            reason = "the `service_account` that is named is not changed"
            yield Problem("storage_secrets", reason, "Remove it, and name the secrets in `secrets` of that account.")
        elif owner in self.spaces:
            reason = f"replicas of the tenant {owner} run with the tenant's service account"
            yield Problem("storage_secrets", reason, f"Write it below `tenants.{owner}.kubernetes`.")
        if options.model_volume is not None or not any(each.fetched for each in served):
            yield Problem("storage_secrets", "no model is fetched", "Remove it.")

    def _secrets(self, options: Any) -> list[str]:
        """With which models are fetched, where it is not for a service account of the user's to say."""
        space = self._space(options)
        if options.service_account is None and space is not None:
            return list(space.options.storage_secrets)
        return list(options.storage_secrets or ())

    def _space(self, options: Any) -> Space | None:
        """The namespace of its tenant, where that has one here."""
        return self.spaces.get(getattr(options, "tenant", None) or "")

    def _homeless(self, options: Any) -> Iterator[Problem]:
        tenant = getattr(options, "tenant", None)
        if tenant in self.spaces and self.options.serving != "kserve":
            reason = (
                f"namespaces of tenants are closed for what `serving: kserve` makes, and not for {self.options.serving}"
            )
            yield Problem("tenant", reason, "Give the tenant a platform with `serving: kserve`.", tenant)
        if tenant in (None, getattr(self.options, "tenant", None)) or tenant in self.spaces:
            return
        reason = "endpoints of one namespace are not kept apart, and the tenant has no namespace of its own here"
        remedy = f"Write `kubernetes: {{}}` below `tenants.{tenant}`, or give the tenant a platform of its own."
        yield Problem("tenant", reason, remedy, tenant)

    def plan_graph(self, name: str, path: str, options: Any, endpoints: Mapping[str, Asked]) -> GraphPlan:
        """Check a graph of endpoints of this cluster. Raises InvalidOptionsError with everything that does not fit."""
        problems = [*self._named(name, "a graph"), *self._path_problems(path, options.path)]
        if self.options.serving in (LLM, SELDON):
            reason = f"its endpoints are run by `serving: {self.options.serving}`, and a graph asks InferenceServices"
            problems.append(Problem("nodes", reason, "Let them run on a platform with `serving: kserve`."))
        try:
            plan = plan_graph(options, endpoints, path if self.options.gateway is not None else "")
        except InvalidOptionsError as error:
            raise InvalidOptionsError([*problems, *error.problems]) from None
        if problems:
            raise InvalidOptionsError(problems)
        self._names[name] = "a graph"
        if self.options.gateway is not None:
            self._paths[path] = name
        return plan

    def _named(self, name: str, what: str) -> Iterator[Problem]:
        """Objects of both kinds have the same names. What is of one kind twice, Pulumi itself tells."""
        other = self._names.get(name, what)
        if other != what:
            yield Problem("", f"{other} of the platform is called '{name}', too", "Give one of them another name.")
        if what == "a graph" and name.endswith(_ENDINGS):
            reason = f"KServe gives what it makes of endpoints names that end in {', '.join(_ENDINGS)}"
            yield Problem("", reason, "Give the graph another name.")

    def _replicas(
        self, name: str, options: Any, served: ServedModel, *, own: bool
    ) -> tuple[Replicas | None, list[Problem]]:
        """name: of the endpoint, and of the revision. own: whether they are those of the endpoint's own keys."""
        problems: list[Problem] = []
        try:
            sizing = size_pod(name, options, served, self.options, self.pools)
            scaling: Scaling
            said: tuple[str, ...] = ()
            if self.options.serving == KNATIVE:
                problems += knative.unservable(options, served, sizing)
                scaling = plan_knative(options, served, sizing)
            elif self.options.serving == SELDON:
                scaling = seldon.plan_seldon(options, served)
            else:
                alone = own and not options.revisions
                scaling = plan_autoscaling(options, served, sizing, self.options, alone=alone)
                said = tuple(unseen(options, served.server, self.options, own=own))
            beside, told = planned_beside(options, served), tuple(self._told(options, served, scaling))
            return Replicas(sizing, scaling, said, beside, told), problems
        except InvalidOptionsError as error:
            return None, [*problems, *error.problems]

    def _told(self, options: Any, served: ServedModel, scaling: Scaling) -> Iterator[str]:
        """What may go wrong with replicas."""
        yield from seldon.warnings(served) if self.options.serving == SELDON else ()
        yield from llm.warnings(self.options.gateway) if self.options.serving == LLM else ()
        if isinstance(scaling, Autoscaling) and scaling.by_keda:
            yield from needed_for_keda(self.options)
        space = self._space(options)
        if space is not None:
            yield from needed_of_tenant(self.options, space, options, served, self._secrets(options))

    def _unservable(self, options: Any, served: ServedModel) -> Iterator[Problem]:
        yield from agent.problems(options, served)
        yield from self._unmounted(options, served)
        yield from self._served_otherwise(options, served)
        if self.options.serving == LLM and not served.several:
            yield from llm.unservable(options, served, self.options.gateway)
        if self.options.serving == SELDON and not served.several:
            yield from seldon.unservable(options, served)
        for remote in served.fetched if self.options.serving != SELDON else ():
            yield from unfetchable(remote)
        if not served.built:
            return
        if self.options.registry is not None and self.options.serving not in (LLM, SELDON):
            return
        reason = "images are built for a cluster whose platform has a `registry`, and this one has none"
        for where, _, model in models_of(vars(options)):
            uri = model if isinstance(model, str) else model.uri
            if source_of(uri).kind == "local":
                remedy = "Write `registry` there, store the model at s3://, hf:// or https://, or write `image`."
                yield Problem(where if isinstance(model, str) else f"{where}.uri", reason, remedy, uri)
            else:
                remedy = "Write `registry` there, or remove it to have replicas fetch the model."
                yield Problem(f"{where}.delivery", reason, remedy, "baked")

    def _served_otherwise(self, options: Any, served: ServedModel) -> Iterator[Problem]:
        """What is built for InferenceServices in Standard mode alone."""
        if self.options.serving == "kserve":
            return
        only = "with `serving: kserve` of the platform only"
        if served.several:
            yield Problem(
                "models", f"several models are served on one container {only}", "Write `model`, or `serving`."
            )
        if self.options.serving in (LLM, SELDON):
            if options.storage_secrets is not None:
                yield Problem("storage_secrets", f"models are fetched with secrets {only}", "Remove it.")
            if options.ephemeral_storage is not None:
                yield Problem("ephemeral_storage", f"disk is asked for {only}", "Remove it.")

    def _unmounted(self, options: Any, served: ServedModel) -> Iterator[Problem]:
        if options.model_volume is None:
            return
        if served.several:
            yield Problem("model_volume", "a volume holds one model here", "Remove it.")
        elif not served.remotes:
            reason = "the model lies at no address, whose copy the volume could have"
            yield Problem("model_volume", reason, "Remove it, or write the address of the model.")
        elif served.built:
            yield Problem("model_volume", "the model is put into an image", "Remove it, or `model.delivery`.")

    def _without_repository(self, options: Any, served: list[ServedModel]) -> Iterator[Problem]:
        if not options.repository.model_fields_set:
            return
        if not any(each.built for each in served):
            yield Problem("repository", "no image is built for it", "Remove it.")
        elif self.options.registry != ECR:
            reason = "the platform's `registry` is not ECR, and has a repository for each endpoint by its name"
            yield Problem("repository", reason, "Remove it.")

    def _at_the_gateway(self, path: str, options: Any) -> Iterator[Problem]:
        if options.exposure.domain in self._domains:
            reason = f"'{self._domains[options.exposure.domain]}' is already there at the same gateway"
            yield Problem("exposure.domain", reason, "Write another `domain`.", options.exposure.domain)
        elif options.exposure.domain is None or self.options.gateway is None:
            yield from self._path_problems(path, options.path)
        gateway, serving = self.options.gateway, self.options.serving
        if gateway is not None and gateway.public and serving != KSERVE:
            reason = (
                f"the platform's gateway faces the internet, and routes of `serving: {serving}` ask nobody who they are"
            )
            yield Problem("platform", reason, "Use a platform with `serving: kserve`, or with an internal gateway.")
        if gateway is None and options.revisions and not self._divided_without(options):
            reason = "a gateway divides requests between revisions, and the platform names none"
            yield Problem("revisions", reason, "Write `gateway` there.")

    def _path_problems(self, path: str, given: str | None) -> Iterator[Problem]:
        """given: what the user wrote."""
        if self.options.gateway is None:
            if given is not None:
                reason = "the platform names no `gateway` below whose address it could hang"
                yield Problem("path", reason, "Remove it, or write `gateway` there.", given)
        elif path in self._paths:
            reason = f"'{self._paths[path]}' is already at {path} of the same gateway"
            yield Problem("path", reason, "Write another `path`.", path)

    def _divided_without(self, options: Any) -> bool:
        """Whether requests are divided between revisions where there is no gateway: Seldon does, but heeds no headers."""
        headers = any(each.headers for each in options.revisions.values())
        return self.options.serving == SELDON and not headers

"""What tenants may not share: capacity, models, secrets, roles, logs. Told before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any, Final

from modelinfra.catalog.gpu_sharing import MIG
from modelinfra.options.declare import rule
from modelinfra.options.models import models_of, owners_of_models
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.options.sources import problem_of_uri, source_of
from modelinfra.options.tenants import TAG, TenantOptions, api_keys
from modelinfra.options.variables import of_kubernetes


@rule(TenantOptions, "tags")
def the_tag_of_tenants_is_the_librarys(options: Mapping[str, Any]) -> Iterable[Problem]:
    yield from _no_own_tag("", options["tags"])


@dataclass(frozen=True)
class _Read:
    """What an endpoint's replicas read. path: of the option that says so, below the environment. thing: URI or ARN."""

    endpoint: str
    tenant: str | None
    path: str
    thing: str
    prefix: bool = False
    """Whether everything below is read, and not what lies beside it."""

    @property
    def above(self) -> str:
        """The prefix that replicas may read: of a model the one above it, in which its other versions lie."""
        if self.prefix:
            return self.thing
        source = source_of(self.thing)
        return f"s3://{source.bucket}/{source.parent}"


def tenant_problems(environment: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong between tenants and the parts of an environment. environment: its validated options, by key."""
    tenants = environment["tenants"]
    yield from _of_models(environment)
    owned = {
        **{f"endpoints.{name}": each for name, each in environment["endpoints"].items()},
        **{f"platforms.{name}": each for name, each in environment["platforms"].items()},
        **{f"gpu_node_pools.{name}": each for name, each in environment["gpu_node_pools"].items()},
    }
    for path, each in owned.items():
        if each.tenant is not None and each.tenant not in tenants:
            remedy = (
                did_you_mean(each.tenant, list(tenants)) if tenants else f"Add {each.tenant}: {{}} below `tenants`."
            )
            yield Problem(f"{path}.tenant", "there is no such tenant", remedy, each.tenant)
        if each.tenant is not None:
            yield from _no_own_tag(f"{path}.", getattr(each, "tags", None))
    if len(tenants) > 1:
        yield from _on_one_gpu(environment)
    if tenants:
        yield from _no_own_tag("", environment["tags"])
    yield from _capacity(environment)
    yield from _namespaces(environment)
    yield from _clients(environment)
    yield from _quotas(environment)
    yield from _prefixes(tenants)
    yield from _models(environment)
    yield from _handed_in(environment)


def _on_one_gpu(environment: Mapping[str, Any]) -> Iterator[Problem]:
    """Pods that take turns on a GPU, or run on it at once, see each other's faults, and nothing bounds their memory."""
    only = next(iter(environment["platforms"]), "")
    for name, pool in environment["gpu_node_pools"].items():
        platform = environment["platforms"].get(pool.platform or only)
        if pool.sharing is None or pool.sharing.way == MIG or pool.tenant is not None:
            continue
        if platform is not None and platform.tenant is None:
            reason = "nothing keeps apart pods that share a GPU so, and endpoints of several tenants may come there"
            yield Problem(
                f"gpu_node_pools.{name}.sharing.way", reason, "Write `tenant` of the pool, or mig.", pool.sharing.way
            )


def _of_models(environment: Mapping[str, Any]) -> Iterator[Problem]:
    """Whose the models of an endpoint are that several tenants share."""
    tenants = environment["tenants"]
    for name, endpoint in environment["endpoints"].items():
        for owner, models in owners_of_models(endpoint).items():
            path = f"endpoints.{name}.models.{models[0]}.tenant"
            if owner not in tenants:
                remedy = did_you_mean(owner, list(tenants)) if tenants else f"Add {owner}: {{}} below `tenants`."
                yield Problem(path, "there is no such tenant", remedy, owner)
            if endpoint.tenant is not None:
                reason = f"the endpoint is the tenant {endpoint.tenant}'s alone, and so are its models"
                yield Problem(path, reason, "Remove it, or remove the endpoint's `tenant` to share it.", owner)


def _no_own_tag(path: str, tags: Mapping[str, Any] | None) -> Iterator[Problem]:
    for name in tags or ():
        if name.lower() == TAG:
            yield Problem(
                f"{path}tags.{name}", "what is a tenant's has this tag already, with the tenant's name", "Remove it."
            )


def _capacity(environment: Mapping[str, Any]) -> Iterator[Problem]:
    """Who runs on what is a tenant's alone."""
    platforms, pools = environment["platforms"], environment["gpu_node_pools"]
    only = next(iter(platforms), None)
    for kind, parts in (("endpoints", environment["endpoints"]), ("gpu_node_pools", pools)):
        for name, part in parts.items():
            platform = platforms.get(part.platform or only)
            if platform is not None and platform.tenant not in (None, part.tenant):
                yield _foreign(f"{kind}.{name}.platform", "platform", part.platform or only, platform.tenant)
    for name, endpoint in environment["endpoints"].items():
        if endpoint.accelerator is None:
            continue
        here = endpoint.platform or only
        fitting = {
            key: pool
            for key, pool in pools.items()
            if (pool.platform or only) == here and pool.accelerator.name == endpoint.accelerator.name
        }
        chosen = endpoint.node_pool or (next(iter(fitting)) if len(fitting) == 1 else None)
        owner = fitting[chosen].tenant if chosen is not None and chosen in fitting else None
        if owner not in (None, endpoint.tenant):
            yield _foreign(f"endpoints.{name}.node_pool", "node pool", chosen, owner)


def _namespaces(environment: Mapping[str, Any]) -> Iterator[Problem]:
    """What is said of namespaces of tenants where there are none."""
    clusters = {name: each for name, each in environment["platforms"].items() if each.type == "kubernetes"}
    having = [name for name, each in environment["tenants"].items() if each.kubernetes is not None]
    for name in having:
        if not any(each.tenant in (None, name) for each in clusters.values()):
            reason = "no platform of type kubernetes is the tenant's or shared, so that it gets no namespace"
            yield Problem(f"tenants.{name}.kubernetes", reason, "Remove it.")
    for name, each in clusters.items():
        if each.tenant_callers is not None and not any(each.tenant in (None, tenant) for tenant in having):
            reason = "no tenant has a namespace here (`tenants.NAME.kubernetes`)"
            yield Problem(f"platforms.{name}.tenant_callers", reason, "Remove it.")


def _foreign(path: str, what: str, name: str | None, owner: str) -> Problem:
    reason = f"the {what} '{name}' is the tenant {owner}'s alone"
    return Problem(path, reason, f"Name another one, or write `tenant: {owner}`.", name)


def _clients(environment: Mapping[str, Any]) -> Iterator[Problem]:
    for name, endpoint in environment["endpoints"].items():
        for client in api_keys(endpoint):
            if endpoint.tenant is not None and client in environment["tenants"] and client != endpoint.tenant:
                path = f"endpoints.{name}.exposure.auth.api_keys.{client}"
                reason = f"this is the name of another tenant, and the endpoint is {endpoint.tenant}'s alone"
                yield Problem(path, reason, "Write another name, or remove the endpoint's `tenant` to share it.")


def _quotas(environment: Mapping[str, Any]) -> Iterator[Problem]:
    endpoints = environment["endpoints"].values()
    for name, tenant in environment["tenants"].items():
        counted = any(name in api_keys(each) or (each.tenant == name and api_keys(each)) for each in endpoints)
        if tenant.requests_per_five_minutes is not None and not counted:
            reason = "nothing counts its requests: no endpoint asks it for a key"
            remedy = f"Add {name}: {{}} below `exposure.auth.api_keys` of an endpoint, or remove it."
            yield Problem(f"tenants.{name}.requests_per_five_minutes", reason, remedy, tenant.requests_per_five_minutes)


def _prefixes(tenants: Mapping[str, Any]) -> Iterator[Problem]:
    given = {name: each.model_prefix for name, each in tenants.items() if each.model_prefix is not None}
    for (one, first), (other, second) in combinations(sorted(given.items()), 2):
        if first.startswith(second) or second.startswith(first):
            reason = f"it overlaps with that of {one}, {first}"
            yield Problem(f"tenants.{other}.model_prefix", reason, "Give each tenant a prefix of its own.", second)


def _models(environment: Mapping[str, Any]) -> Iterator[Problem]:
    """That every model lies where its tenant's do, and nobody may read the prefix above another tenant's."""
    tenants = environment["tenants"]
    reads = [read for each in environment["endpoints"].items() for read in _models_of(*each)]
    told = set()
    for read in reads:
        prefix = tenants[read.tenant].model_prefix if read.tenant in tenants else None
        if prefix is not None and not read.prefix and not read.above.startswith(prefix):
            told.add(read.path)
            yield Problem(read.path, f"the models of {read.tenant} lie below {prefix}", "Move it there.", read.thing)
        for name, tenant in tenants.items():
            other = tenant.model_prefix
            overlaps = other is not None and (read.above.startswith(other) or other.startswith(read.above))
            if name != read.tenant and overlaps and read.path not in told:
                told.add(read.path)
                reason = f"its replicas may read what lies in {read.above}, and {other} is the tenant {name}'s"
                yield Problem(read.path, reason, f"Put it elsewhere, or write `tenant: {name}`.", read.thing)
    for read, other in permutations(reads, 2):
        if other.tenant not in (None, read.tenant) and other.thing.startswith(read.above) and read.path not in told:
            told.add(read.path)
            reason = f"its replicas may read what lies in {read.above}, and there is {other.endpoint}'s of the tenant {other.tenant}"
            yield Problem(read.path, reason, "Give each tenant's models a prefix of their own.", read.thing)


def _models_of(name: str, endpoint: Any) -> Iterator[_Read]:
    """The models in S3 that an endpoint and its revisions name, and the inputs that its messages may name."""
    parts = {"": endpoint, **{f"revisions.{key}.": each for key, each in endpoint.revisions.items()}}
    for prefix, part in parts.items():
        models = models_of(vars(endpoint)) if part is endpoint else [("model", None, part.model)]
        for where, _, model in models:
            uri = model if isinstance(model, str) else getattr(model, "uri", None)
            owner = getattr(model, "tenant", None) or endpoint.tenant
            if isinstance(uri, str) and uri.startswith("s3://") and problem_of_uri(uri) is None:
                yield _Read(name, owner, f"endpoints.{name}.{prefix}{where}", uri)
    for index, uri in enumerate((endpoint.queue.inputs if endpoint.queue is not None else None) or ()):
        yield _Read(name, endpoint.tenant, f"endpoints.{name}.queue.inputs[{index}]", uri, prefix=True)


# What is handed in and read, or grants reading: the option, and whether endpoints of no tenant may share it with one.
_SHARED: Final = (
    ("execution_role_arn", False),
    ("task_role_arn", False),
    ("logs.group_arn", False),
    ("repository.arn", False),
    ("secrets", True),
    ("model.token", True),
    ("tracing.headers", True),
    ("exposure.auth.oidc.client_secret_arn", True),
)


def _handed_in(environment: Mapping[str, Any]) -> Iterator[Problem]:
    told = set()
    for option, with_none in _SHARED:
        given = [read for each in environment["endpoints"].items() for read in _given(each[0], each[1], option)]
        for one, other in combinations(given, 2):
            apart = one.tenant != other.tenant and not (with_none and None in (one.tenant, other.tenant))
            if one.thing == other.thing and apart and other.path not in told:
                told.add(other.path)
                whose = f"of the tenant {one.tenant}" if one.tenant else "of no tenant"
                reason = f"'{one.endpoint}' {whose} has the same, and would share what it opens"
                yield Problem(other.path, reason, "Name another one.", other.thing)


def _given(name: str, endpoint: Any, option: str) -> Iterator[_Read]:
    if option == "model.token":
        for where, _, model in models_of(vars(endpoint)):
            token = getattr(model, "token", None)
            if isinstance(token, str):
                owner = getattr(model, "tenant", None) or endpoint.tenant
                yield _Read(name, owner, f"endpoints.{name}.{where}.token", token)
        return
    value: Any = endpoint
    for part in option.split("."):
        value = getattr(value, part, None)
    for key, thing in value.items() if isinstance(value, Mapping) else [("", value)]:
        # A Kubernetes secret is one of the namespace of the tenant that names it.
        if isinstance(thing, str) and not (option == "secrets" and of_kubernetes(thing)):
            yield _Read(name, endpoint.tenant, f"endpoints.{name}.{option}{f'.{key}' if key else ''}", thing)

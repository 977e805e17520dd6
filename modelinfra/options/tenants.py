"""Tenants: who shares an environment, and what is theirs alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, NotRequired

from modelinfra.options.adjustments import TaggedOptions
from modelinfra.options.declare import Option
from modelinfra.options.firewall import RATE
from modelinfra.options.landing import ADDED, LIMIT_RANGE, NAMESPACE, NETWORK_POLICY, SERVICE_ACCOUNT, TAGS
from modelinfra.options.models import owners_of_models
from modelinfra.options.tenant_namespaces import TenantNamespaceOptions

TAG: Final = "tenant"
"""Name of the tag that everything of a tenant has, with the tenant's name: what cost reports group by."""


class TenantOptions(TaggedOptions):
    """A team, customer or title. Endpoints, node pools and platforms may be its own; what several share knows it by its API key."""

    model_prefix: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[^\s?#*]+/)?",
                pattern_text="a bucket, or a prefix of one, that ends with a slash",
                pattern_example="s3://acme-models/fraud-team/",
            ),
        ]
    ]
    """Where its models in S3 lie, below this and nowhere else; nobody else's do. Left out, they lie where they like, but not beside another
    tenant's."""

    requests_per_five_minutes: NotRequired[
        Annotated[
            int,
            RATE,
        ]
    ]
    """Its quota of each endpoint: most requests in five minutes of the client with the tenant's name, and of each client of endpoints of its
    own, unless the client says otherwise. Left out, the endpoint's own limit holds."""

    kubernetes: NotRequired[
        Annotated[
            TenantNamespaceOptions,
            Option(
                lands=tuple(f"{ADDED}{each}" for each in (NAMESPACE, NETWORK_POLICY, LIMIT_RANGE, SERVICE_ACCOUNT)),
                example={},
            ),
        ]
    ]
    """A namespace of its own on every Kubernetes platform that is nobody's alone; on a platform of its own, what holds in the platform's
    namespace. Left out, its endpoints run on no Kubernetes platform that it shares."""


OWNER = Option(lands=(TAGS,), example="bolt")
"""`tenant` of an endpoint, a node pool, a platform."""


def api_keys(endpoint: Any) -> Mapping[str, Any]:
    """The clients that a validated endpoint asks for keys."""
    auth = endpoint.exposure.auth
    return (auth.api_keys if auth is not None else None) or {}


def with_quotas(endpoint: Any, tenants: Mapping[str, Any]) -> Any:
    """The endpoint with its tenants' quotas and tags on the clients that are theirs."""
    keys = api_keys(endpoint)
    if not keys or not tenants:
        return endpoint
    found = {
        client: _of_tenant(key, client if client in tenants else endpoint.tenant, tenants)
        for client, key in keys.items()
    }
    auth = endpoint.exposure.auth.model_copy(update={"api_keys": found})
    return endpoint.model_copy(update={"exposure": endpoint.exposure.model_copy(update={"auth": auth})})


def _of_tenant(key: Any, owner: str | None, tenants: Mapping[str, Any]) -> Any:
    if owner is None or owner not in tenants:
        return key
    tenant = tenants[owner]
    quota = key.requests_per_five_minutes or tenant.requests_per_five_minutes
    return key.model_copy(
        update={"requests_per_five_minutes": quota, "tags": {**owners_tags(owner, tenants), **(key.tags or {})}}
    )


def owners_tags(owner: str | None, tenants: Mapping[str, Any]) -> dict[str, Any]:
    """The tags of what is a tenant's; none of what is nobody's."""
    return {} if owner is None or owner not in tenants else {**(tenants[owner].tags or {}), TAG: owner}


def with_owners_of_models(endpoint: Any) -> Any:
    """A validated endpoint with a tag for each tenant whose models it serves among those of others. What a user says does not take its place:
    who may read which model is judged by it."""
    owners = {f"{TAG}:{owner}": " ".join(models) for owner, models in owners_of_models(endpoint).items()}
    return endpoint.model_copy(update={"tags": {**(endpoint.tags or {}), **owners}}) if owners else endpoint


def unused_tenants(environment: Any) -> list[str]:
    """The tenants of validated options of an environment that own nothing and are no client."""
    parts = [*environment.endpoints.values(), *environment.platforms.values(), *environment.gpu_node_pools.values()]
    used = {part.tenant for part in parts} | {
        name for each in environment.endpoints.values() for name in api_keys(each)
    }
    used |= {name for name, each in environment.tenants.items() if each.kubernetes is not None}
    return [name for name in environment.tenants if name not in used]

"""What tenants may not share is told before anything is made; what is theirs gets their tags and quotas."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from modelinfra.options.environment import EnvironmentOptions
from modelinfra.options.problems import InvalidOptionsError
from modelinfra.options.strict import validate
from modelinfra.options.tenants import with_quotas

GOOD: dict[str, Any] = {
    "tenants": {"acme": {"model_prefix": "s3://models/acme/"}, "bolt": {"model_prefix": "s3://models/bolt/"}},
    "platforms": {"web": {"type": "ecs"}},
    "endpoints": {
        "one": {"tenant": "acme", "server": "mlserver", "model": {"uri": "s3://models/acme/one/7", "size": "1GiB"}},
        "two": {"tenant": "bolt", "server": "mlserver", "model": {"uri": "s3://models/bolt/two/7", "size": "1GiB"}},
    },
}
ROLE = "arn:aws:iam::123456789012:role/serve"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:token-AbCdEf"
KEYED = {"domain": "a.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
HUB = f"hf://acme/model@{'0' * 40}"
NODES = {"accelerator": {"name": "A10G"}, "max_nodes": 2}


def shared(**models: dict[str, Any]) -> dict[str, Any]:
    """An endpoint with these models, which asks everybody for a key."""
    clients: dict[str, Any] = {each["tenant"]: {} for each in models.values() if "tenant" in each} or {"orders": {}}
    return {
        "server": "mlserver",
        "models": models,
        "exposure": {**KEYED, "domain": "s.example.com", "auth": {"api_keys": clients}},
    }


def edited(**changes: Any) -> dict[str, Any]:
    """The good environment with values put at paths, in which `__` is a dot."""
    made = copy.deepcopy(GOOD)
    for path, value in changes.items():
        *parents, last = path.split("__")
        here = made
        for part in parents:
            here = here.setdefault(part, {})
        if value is None:
            here.pop(last)
        else:
            here[last] = value
    return made


def said(environment: dict[str, Any]) -> list[str]:
    try:
        validate(EnvironmentOptions, environment, style="snake")
    except InvalidOptionsError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_tenants_with_prefixes_of_their_own_are_right() -> None:
    assert said(GOOD) == []
    assert said(edited(tenants__acme__model_prefix=None, tenants__bolt__model_prefix=None)) == []


def test_tenants_may_share_an_endpoint_with_models_below_their_own_prefixes() -> None:
    models = {
        "a": {"uri": "s3://models/acme/a/1", "tenant": "acme"},
        "b": {"uri": "s3://models/bolt/b/1", "tenant": "bolt"},
    }
    assert said(edited(endpoints__shared=shared(**models, c={"uri": "s3://models/everybody/c/1"}))) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"endpoints__one__tenant": "acne"}, "endpoints.one.tenant (given: 'acne'): there is no such tenant. Did you mean 'acme'?"),
        (
            {"endpoints__one__tags": {"Tenant": "me"}},
            "endpoints.one.tags.Tenant: what is a tenant's has this tag already, with the tenant's name. Remove it.",
        ),
        ({"tags": {"tenant": "me"}}, "tags.tenant: what is a tenant's has this tag already"),
        ({"tenants__acme__tags": {"tenant": "me"}}, "tenants.acme.tags.tenant: what is a tenant's has this tag already"),
        (
            {"tenants__bolt__model_prefix": "s3://models/acme/b/"},
            "tenants.bolt.model_prefix (given: 's3://models/acme/b/'): it overlaps with that of acme, s3://models/acme/",
        ),
        ({"tenants__bolt__model_prefix": "s3://models/bolt"}, "ends with a slash"),
        (
            {"endpoints__one__model": {"uri": "s3://elsewhere/one/7", "size": "1GiB"}},
            "endpoints.one.model (given: 's3://elsewhere/one/7'): the models of acme lie below s3://models/acme/. Move it there.",
        ),
        (
            # The prefix above it is the whole bucket.
            {"endpoints__one__model": {"uri": "s3://models/acme", "size": "1GiB"}},
            "endpoints.one.model (given: 's3://models/acme'): the models of acme lie below s3://models/acme/. Move it there.",
        ),
        (
            {"endpoints__one__tenant": None},
            "its replicas may read what lies in s3://models/acme/one/, and s3://models/acme/ is the tenant acme's. Put it elsewhere",
        ),
        (
            {
                "tenants": {"acme": {}, "bolt": {}},
                "endpoints__one__model": {"uri": "s3://models/one-7", "size": "1GiB"},
            },
            "endpoints.one.model (given: 's3://models/one-7'): its replicas may read what lies in s3://models/, and there is two's of the tenant bolt",
        ),
        (
            {"endpoints__one__revisions": {"next": {"model": {"uri": "s3://models/bolt/one/8", "size": "1GiB"}}}},
            "endpoints.one.revisions.next.model (given: 's3://models/bolt/one/8'): the models of acme lie below s3://models/acme/",
        ),
        (
            {"endpoints__one__task_role_arn": ROLE, "endpoints__two__task_role_arn": ROLE},
            f"endpoints.two.task_role_arn (given: '{ROLE}'): 'one' of the tenant acme has the same, and would share what it opens",
        ),
        (
            {"endpoints__one__secrets": {"A": SECRET}, "endpoints__two__secrets": {"B": SECRET}},
            "endpoints.two.secrets.B",
        ),
        (
            {"endpoints__one__tenant": None, "endpoints__one__model": "s3://models/shared/one/7",
             "endpoints__one__execution_role_arn": ROLE, "endpoints__two__execution_role_arn": ROLE},
            "'one' of no tenant has the same",
        ),
        (
            {"endpoints__one__tracing": {"to": "https://otel.example.com", "headers": {"k": SECRET}},
             "endpoints__two__tracing": {"to": "https://otel.example.com", "headers": {"k": SECRET}}},
            f"endpoints.two.tracing.headers.k (given: '{SECRET}'): 'one' of the tenant acme has the same",
        ),
        (
            {"endpoints__one__mode": "async", "endpoints__one__queue": {"inputs": ["s3://models/bolt/"]}},
            "endpoints.one.queue.inputs[0] (given: 's3://models/bolt/'): its replicas may read what lies in s3://models/bolt/, and s3://models/bolt/ is the tenant bolt's",
        ),
        (
            {"endpoints__one__mode": "async", "endpoints__one__queue": {"inputs": ["s3://photos/all/"]},
             "endpoints__two__mode": "async", "endpoints__two__queue": {"inputs": ["s3://photos/all/"]}},
            "endpoints.one.queue.inputs[0] (given: 's3://photos/all/'): its replicas may read what lies in s3://photos/all/, and there is two's",
        ),
        (
            {"platforms__web__tenant": "acme"},
            "endpoints.two.platform (given: 'web'): the platform 'web' is the tenant acme's alone. Name another one, or write `tenant: acme`.",
        ),
        (
            {"gpu_node_pools": {"a10g": {**NODES, "tenant": "acme"}}, "endpoints__two__accelerator": {"name": "A10G"}},
            "endpoints.two.node_pool (given: 'a10g'): the node pool 'a10g' is the tenant acme's alone",
        ),
        (
            {"tenants__acme__requests_per_five_minutes": 500},
            "tenants.acme.requests_per_five_minutes (given: 500): nothing counts its requests: no endpoint asks it for a key",
        ),
        (
            {"endpoints__shared": shared(a={"uri": "s3://models/acme/a/1", "tenant": "acne"})},
            "endpoints.shared.models.a.tenant (given: 'acne'): there is no such tenant. Did you mean 'acme'?",
        ),
        (
            {"endpoints__shared": {**shared(a={"uri": "s3://models/acme/a/1", "tenant": "acme"}), "tenant": "bolt"}},
            "endpoints.shared.models.a.tenant (given: 'acme'): the endpoint is the tenant bolt's alone, and so are its models. Remove it, or",
        ),
        (
            {"endpoints__shared": shared(a={"uri": "s3://elsewhere/a/1", "tenant": "acme"}, b={"uri": "s3://models/bolt/b/1", "tenant": "bolt"})},
            "endpoints.shared.models.a (given: 's3://elsewhere/a/1'): the models of acme lie below s3://models/acme/. Move it there.",
        ),
        (
            {"endpoints__shared": shared(a={"uri": "s3://models/bolt/a/1"})},
            "endpoints.shared.models.a (given: 's3://models/bolt/a/1'): its replicas may read what lies in s3://models/bolt/a/, and s3://models/bolt/ is the tenant bolt's",
        ),
        (
            # Two tenants' models beside each other, on one endpoint.
            {"tenants": {"acme": {}, "bolt": {}},
             "endpoints__shared": shared(a={"uri": "s3://all/a-1", "tenant": "acme"}, b={"uri": "s3://all/b-1", "tenant": "bolt"})},
            "endpoints.shared.models.a (given: 's3://all/a-1'): its replicas may read what lies in s3://all/, and there is shared's of the tenant bolt.",
        ),
        (
            {"endpoints__shared": shared(
                a={"uri": HUB, "token": SECRET, "tenant": "acme"}, b={"uri": HUB, "token": SECRET, "tenant": "bolt"})},
            f"endpoints.shared.models.b.token (given: '{SECRET}'): 'shared' of the tenant acme has the same, and would share what it opens",
        ),
        (
            {"endpoints__one__exposure": {**KEYED, "auth": {"api_keys": {"bolt": {}}}}},
            "endpoints.one.exposure.auth.api_keys.bolt: this is the name of another tenant, and the endpoint is acme's alone",
        ),
    ],
)  # fmt: skip
def test_what_tenants_may_not_share_is_told(changes: dict[str, Any], words: str) -> None:
    found = said(edited(**changes))
    assert any(words in each for each in found), found


def test_a_secret_of_no_tenant_may_be_one_tenants_too() -> None:
    shared = {"endpoints__one__tenant": None, "endpoints__one__model": "s3://models/shared/one/7"}
    assert said(edited(**shared, endpoints__one__secrets={"A": SECRET}, endpoints__two__secrets={"A": SECRET})) == []


def test_a_tenants_own_nodes_serve_its_endpoints() -> None:
    pool = {"a10g": {**NODES, "tenant": "bolt"}}
    assert said(edited(gpu_node_pools=pool, endpoints__two__accelerator={"name": "A10G"})) == []


def test_clients_of_tenants_get_their_quota_and_tags_unless_they_say_otherwise() -> None:
    shared = {**KEYED, "auth": {"api_keys": {"acme": {}, "bolt": {"requests_per_five_minutes": 50}, "batch": {}}}}
    options: Any = validate(
        EnvironmentOptions,
        edited(
            tenants__acme__requests_per_five_minutes=500,
            tenants__acme__tags={"cost-center": "1"},
            endpoints__shared={"server": "mlserver", "model": "models/shared", "exposure": shared},
            endpoints__one__exposure={**KEYED, "domain": "b.example.com", "auth": {"api_keys": {"batch": {}}}},
        ),
        style="snake",
    )
    keys = with_quotas(options.endpoints["shared"], options.tenants).exposure.auth.api_keys
    assert [(name, key.requests_per_five_minutes, key.tags) for name, key in keys.items()] == [
        ("acme", 500, {"cost-center": "1", "tenant": "acme"}),
        ("bolt", 50, {"tenant": "bolt"}),
        ("batch", None, None),
    ]
    own = with_quotas(options.endpoints["one"], options.tenants).exposure.auth.api_keys["batch"]
    assert (own.requests_per_five_minutes, own.tags) == (500, {"cost-center": "1", "tenant": "acme"})


@pytest.mark.parametrize(
    ("pool", "wrong"),
    [
        ({"sharing": {"way": "time-slicing", "replicas": 2}}, True),
        ({"sharing": {"way": "time-slicing", "replicas": 2}, "tenant": "acme"}, False),
        ({"accelerator": {"name": "H100"}, "sharing": {"way": "mig", "profile": "1g.10gb"}}, False),
        ({}, False),
    ],
)
def test_tenants_do_not_share_a_gpu_on_which_nothing_keeps_them_apart(pool: dict[str, Any], wrong: bool) -> None:
    found = said(edited(gpu_node_pools={"a10g": {**NODES, **pool}}))
    assert (
        any(
            line.startswith("gpu_node_pools.a10g.sharing.way (given: 'time-slicing'): nothing keeps apart")
            for line in found
        )
        is wrong
    )

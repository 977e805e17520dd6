"""What an endpoint's keys say to each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from modelinfra.catalog.child_roles import ROLES_OF_ENDPOINTS
from modelinfra.options import asynchronous, endpoint_children
from modelinfra.options.adjustments import transforms_name
from modelinfra.options.capture import predictions_pass_a_proxy
from modelinfra.options.checks import checks_reach_new_replicas
from modelinfra.options.doors import doors_go_together
from modelinfra.options.endpoint_accelerator import (
    accelerated_replicas_scale_on_demand,
    nodes_say_what_fargate_is_told,
)
from modelinfra.options.exposure import exposed, open_side_routes, stands_alone
from modelinfra.options.grpc import grpc_goes_with_the_rest
from modelinfra.options.mirror import a_mirror_is_a_revision
from modelinfra.options.model import problems_of_model
from modelinfra.options.models import (
    has_remote_model,
    has_token,
    one_model_or_several,
    problems_of_models,
    tenants_of_models_are_clients,
)
from modelinfra.options.problems import Problem
from modelinfra.options.revisions import (
    conditions_fit_into_a_rule,
    overrides,
    revisions_differ,
    traffic_is_divided,
    weights_have_one_writer,
)
from modelinfra.options.rollout import shifts
from modelinfra.options.server import problems_of_server
from modelinfra.options.telemetry import a_server_tells_what_is_asked
from modelinfra.options.variables import (
    a_name_is_not_both_plain_and_secret,
    secrets_are_references,
    the_servers_own_variables_stay,
    variables_have_names,
)

_Rules: TypeAlias = tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Iterable[Problem]]], ...]


def a_boundary_bounds_roles_that_are_made(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    if None not in endpoint.values():
        reason = "both roles are handed in, and what is handed in is not changed"
        yield Problem("permissions_boundary", reason, "Remove it, and bound the roles where they are made.")


def a_ready_image_has_its_repository(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    # The image that fetches a model lies in it, though, and those that work a queue off and keep what passes.
    beside = has_remote_model(endpoint) or endpoint["mode"] == "async" or endpoint["capture"] is not None
    if endpoint["image"] is not None and endpoint["repository"].arn is not None and not beside:
        yield Problem(
            "repository.arn", "the image lies elsewhere: in the repository of `image`", "Remove one of the two."
        )


def a_ready_image_is_pinned(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    image = endpoint["image"]
    if isinstance(image, str) and not re.fullmatch(r"[^@\s]+@sha256:[0-9a-f]{64}", image):
        reason = (
            "this is not a digest of 64 hexadecimal digits"
            if "@" in image
            else "a tag can move, so that two replicas of one revision may differ"
        )
        yield Problem("image", reason, "Write repository@sha256:digest.", image)


def a_shared_path_needs_a_shared_load_balancer(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    if not stands_alone(endpoint["load_balancer"], endpoint["exposure"]):
        return
    if exposed(endpoint["exposure"]):
        reason = "what `exposure` opens is one endpoint's own, and serves it at /"
        remedy = "Remove it, or `exposure`."
    else:
        reason = "a load balancer of one's own serves one endpoint, at /"
        remedy = "Remove it, or write `load_balancer: shared`."
    for key in ("path", "rule_priority"):
        if endpoint[key] is not None:
            yield Problem(key, reason, remedy, endpoint[key])


def an_exposed_endpoint_stands_alone(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    if endpoint["load_balancer"] == "shared" and exposed(endpoint["exposure"]):
        reason = "the shared load balancer is for the network's own addresses, over HTTP, and `exposure` asks for something else"
        yield Problem("load_balancer", reason, "Remove it, or write own; or remove `exposure`.", "shared")


def traffic_moves_where_nobody_is_asked(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    auth = endpoint["exposure"].auth
    asked = next(
        (key for key in ("jwt", "oidc", "cognito") if auth is not None and getattr(auth, key) is not None), None
    )
    if shifts(endpoint["rollout"]) and asked is not None:
        # ECS developer guide, "Application Load Balancer resources for blue/green deployments", limitations.
        reason = f"ECS moves traffic only between rules that do nothing but forward, and `exposure.auth.{asked}` makes the rule ask first"
        remedy = "Write `strategy: rolling`, or let clients prove who they are by `mtls` or `api_keys`."
        yield Problem("rollout.strategy", reason, remedy, endpoint["rollout"].strategy)


def paths_keep_the_operators_routes_closed(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    yield from open_side_routes(endpoint["exposure"], endpoint["server"])


def a_key_of_secrets_has_secrets(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    key = endpoint["secrets_kms_key_arn"]
    if key is not None and not endpoint["secrets"] and not has_token(endpoint):
        reason = "there are no secrets and no token that it could have encrypted"
        yield Problem("secrets_kms_key_arn", reason, "Remove it.", key)


def spot_needs_room_to_scale(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    scaling = endpoint["scaling"]
    if endpoint["spot"] and (scaling.max is None or scaling.max == scaling.min):
        yield Problem(
            "spot",
            "replicas above `scaling.min` run on spare capacity, and there are none while `scaling.max` equals it",
            f"Write a `scaling.max` above {scaling.min}.",
            True,
        )


_OF_ITS_OWN_KEYS: Final[_Rules] = (
    (("server", "image"), problems_of_server),
    (("mode", "scaling"), asynchronous.a_queue_is_scaled_by_its_backlog),
    (("accelerator", "server", "scaling", "mode"), accelerated_replicas_scale_on_demand),
    (("accelerator", "node_pool", "spot"), nodes_say_what_fargate_is_told),
    (("server", "model", "models", "image"), problems_of_model),
    (("server", "models"), problems_of_models),
    (("permissions_boundary", "execution_role_arn", "task_role_arn"), a_boundary_bounds_roles_that_are_made),
    (("model", "models", "image", "repository", "mode", "capture"), a_ready_image_has_its_repository),
    (("image",), a_ready_image_is_pinned),
    (("load_balancer", "exposure", "path", "rule_priority"), a_shared_path_needs_a_shared_load_balancer),
    (("load_balancer", "exposure"), an_exposed_endpoint_stands_alone),
    (("exposure",), doors_go_together),
    (("rollout", "exposure"), traffic_moves_where_nobody_is_asked),
    (("rollout", "exposure"), checks_reach_new_replicas),
    (("server", "exposure"), paths_keep_the_operators_routes_closed),
    (("server", "metrics", "tracing", "collector"), a_server_tells_what_is_asked),
    (("environment", "secrets"), a_name_is_not_both_plain_and_secret),
    (("secrets",), secrets_are_references),
    (("environment", "secrets"), variables_have_names),
    (("server", "environment", "secrets"), the_servers_own_variables_stay),
    (("secrets", "model", "models", "secrets_kms_key_arn"), a_key_of_secrets_has_secrets),
    (("spot", "scaling"), spot_needs_room_to_scale),
)


def revisions_could_be_endpoints(endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    """What a revision says anew must be as sound as if the endpoint itself said it; what the endpoint says wrong is told once."""
    for name, revision in endpoint["revisions"].items():
        said = overrides(endpoint, revision)
        for keys, check in _OF_ITS_OWN_KEYS:
            if said.keys() & set(keys):
                known = list(check({key: endpoint[key] for key in keys}))
                problems = check({key: said.get(key, endpoint[key]) for key in keys})
                yield from (each.below(f"revisions.{name}") for each in problems if each not in known)


RULES: Final[_Rules] = (
    (("transforms",), transforms_name(ROLES_OF_ENDPOINTS)),
    (endpoint_children.KEYS, endpoint_children.transforms_find_what_is_made),
    *_OF_ITS_OWN_KEYS,
    *asynchronous.RULES,
    (("model", "models", "image", "mode", "revisions"), one_model_or_several),
    (("models", "exposure"), tenants_of_models_are_clients),
    (("mode", "capture"), predictions_pass_a_proxy),
    (("revisions",), revisions_differ),
    (
        tuple(dict.fromkeys(["revisions", *(key for keys, _ in _OF_ITS_OWN_KEYS for key in keys)])),
        revisions_could_be_endpoints,
    ),
    (("traffic", "revisions", "stickiness"), traffic_is_divided),
    (("mirror", "revisions"), a_mirror_is_a_revision),
    (("revisions", "rollout"), weights_have_one_writer),
    (("revisions", "rollout", "exposure"), conditions_fit_into_a_rule),
    (("exposure", "server"), grpc_goes_with_the_rest),
)
"""The keys that a rule reads -> the rule, in the order in which problems are told."""

"""What an endpoint's keys say to each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from modelinfra.catalog.child_roles import ENDPOINT_ROLES
from modelinfra.options import endpoint_children
from modelinfra.options.adjustments import transforms_name
from modelinfra.options.endpoint_accelerator import (
    accelerated_replicas_scale_on_demand,
    nodes_say_what_fargate_is_told,
)
from modelinfra.options.exposure import exposed, open_side_routes, stands_alone
from modelinfra.options.model import is_remote, problems_of_model
from modelinfra.options.problems import Problem
from modelinfra.options.rollout import shifts
from modelinfra.options.server import problems_of_server
from modelinfra.options.telemetry import a_server_tells_what_is_asked
from modelinfra.options.variables import (
    a_name_is_not_both_plain_and_secret,
    secrets_are_references,
    the_servers_own_variables_stay,
    variables_have_names,
)


def a_boundary_bounds_roles_that_are_made(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    if None not in endpoint.values():
        reason = "both roles are handed in, and what is handed in is not changed"
        yield Problem("permissions_boundary", reason, "Remove it, and bound the roles where they are made.")


def a_ready_image_has_its_repository(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    # The image that fetches a model lies in it, though.
    if endpoint["image"] is not None and endpoint["repository"].arn is not None and not is_remote(endpoint["model"]):
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
    for key in ("path", "rule_priority"):
        if stands_alone(endpoint["load_balancer"], endpoint["exposure"]) and endpoint[key] is not None:
            yield Problem(
                key,
                "a load balancer of one's own serves one endpoint, at /",
                "Remove it, or write `load_balancer: shared`.",
                endpoint[key],
            )


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
        remedy = "Write `strategy: rolling`, or let clients prove who they are by `mtls`."
        yield Problem("rollout.strategy", reason, remedy, endpoint["rollout"].strategy)


def requests_are_counted_where_one_set_of_replicas_serves(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    target = endpoint["scaling"].requests_per_second_per_replica
    if shifts(endpoint["rollout"]) and target is not None:
        reason = (
            "the load balancer counts the requests of one set of replicas, and after a rollout the other one serves"
        )
        yield Problem(
            "scaling.requests_per_second_per_replica",
            reason,
            "Write `cpu_percent` or `memory_percent`, or `strategy: rolling`.",
            target,
        )


def paths_keep_the_operators_routes_closed(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    yield from open_side_routes(endpoint["exposure"], endpoint["server"])


def a_key_of_secrets_has_secrets(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    key = endpoint["secrets_kms_key_arn"]
    if key is not None and not endpoint["secrets"] and getattr(endpoint["model"], "token", None) is None:
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


RULES: Final[tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Iterable[Problem]]], ...]] = (
    (("transforms",), transforms_name(ENDPOINT_ROLES)),
    (endpoint_children.KEYS, endpoint_children.transforms_find_what_is_made),
    (("server", "image"), problems_of_server),
    (("accelerator", "scaling"), accelerated_replicas_scale_on_demand),
    (("accelerator", "node_pool", "spot", "ephemeral_storage"), nodes_say_what_fargate_is_told),
    (("server", "model", "image"), problems_of_model),
    (("permissions_boundary", "execution_role_arn", "task_role_arn"), a_boundary_bounds_roles_that_are_made),
    (("model", "image", "repository"), a_ready_image_has_its_repository),
    (("image",), a_ready_image_is_pinned),
    (("load_balancer", "exposure", "path", "rule_priority"), a_shared_path_needs_a_shared_load_balancer),
    (("load_balancer", "exposure"), an_exposed_endpoint_stands_alone),
    (("rollout", "exposure"), traffic_moves_where_nobody_is_asked),
    (("rollout", "scaling"), requests_are_counted_where_one_set_of_replicas_serves),
    (("server", "exposure"), paths_keep_the_operators_routes_closed),
    (("server", "metrics", "tracing", "collector"), a_server_tells_what_is_asked),
    (("environment", "secrets"), a_name_is_not_both_plain_and_secret),
    (("secrets",), secrets_are_references),
    (("environment", "secrets"), variables_have_names),
    (("server", "environment", "secrets"), the_servers_own_variables_stay),
    (("secrets", "model", "secrets_kms_key_arn"), a_key_of_secrets_has_secrets),
    (("spot", "scaling"), spot_needs_room_to_scale),
)
"""The keys that a rule reads -> the rule, in the order in which problems are told."""

"""Rules over the environment variables of a server, plain and secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.catalog.servers import ModelServer
from modelinfra.options.problems import Problem
from modelinfra.options.server import known_row


def a_name_is_not_both_plain_and_secret(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    for name in sorted(set(endpoint["environment"] or ()) & set(endpoint["secrets"] or ())):
        yield Problem(f"secrets.{name}", "`environment` sets the same variable", "Remove one of the two.")


def secrets_are_references(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    for name, value in (endpoint["secrets"] or {}).items():
        if isinstance(value, str) and not is_reference(value):
            yield Problem(
                f"secrets.{name}",
                "a secret is given by reference, never by value",
                "Write the ARN of a Secrets Manager secret or of an SSM parameter; on Kubernetes NAME/KEY of a secret.",
            )


def is_reference(value: str) -> bool:
    """Whether a secret is named: by an ARN, or as the key of a Kubernetes secret."""
    return re.match(r"arn:[^:]+:(secretsmanager|ssm):", value) is not None or of_kubernetes(value)


def of_kubernetes(value: str) -> bool:
    """Whether this names a key of a Kubernetes secret: `name/key`, both in the words that Kubernetes takes."""
    return re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/[-._a-zA-Z0-9]{1,253}", value) is not None


def variables_have_names(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    for key in ("environment", "secrets"):
        for name in endpoint[key] or ():
            if not re.fullmatch(r"[^=\s\0]+", name):
                yield Problem(
                    f"{key}.{name}",
                    "this is no name of an environment variable",
                    "Write a name without spaces and without '='.",
                )


def the_servers_own_variables_stay(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    server = known_row(endpoint["server"])
    if server is None:
        return
    for name in endpoint["environment"] or ():
        if name in server.contract_variables:
            yield Problem(
                f"environment.{name}",
                f"the load balancer relies on {server.title}'s own {_setting(server, name)}",
                "Remove it.",
            )
    for name in endpoint["secrets"] or ():
        if name in server.environment:
            yield Problem(
                f"secrets.{name}", f"{server.title} is started with {name}={server.environment[name]}", "Remove it."
            )


def _setting(server: ModelServer, name: str) -> str:
    return f"{name}={server.environment[name]}" if name in server.environment else name

"""Whether the containers of tasks are what they should be: pinned, logged, without plain secrets and rights that they do not need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.fargate import containers
from modelinfra.policies.permissions import allows, statements
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_CREDENTIAL = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRET_KEY|SECRET_ACCESS_KEY|TOKEN|API_?KEY|PRIVATE_KEY|CREDENTIALS?)$",
    re.IGNORECASE,
)


def _each(view: View) -> Iterator[tuple[Node, dict[str, Any], dict[str, Any]]]:
    for node, task in view.each(tokens.TASK):
        for container in containers(task):
            yield node, task, container


def _pinned(view: View) -> Found:
    for node, _, container in _each(view):
        image = container.get("image")
        if not isinstance(image, str) or _DIGEST.search(image):
            continue
        name, _, tag = image.rpartition(":")
        repository = view.named(tokens.REPOSITORY, name)
        fixed = view.inputs(repository).get("imageTagMutability") if repository is not None else None
        if not (tag and tag != "latest" and isinstance(fixed, str) and fixed.startswith("IMMUTABLE")):
            yield node, f"{container.get('name')} runs {image}, which may be another image tomorrow"


def _credentials(view: View) -> Found:
    for node, _, container in _each(view):
        for variable in map(mapping, listed(container.get("environment"))):
            name, value = variable.get("name"), variable.get("value")
            # An ARN or a path says where a secret is, not what it is.
            given = isinstance(value, str) and value and not value.startswith(("arn:", "/"))
            if given and isinstance(name, str) and _CREDENTIAL.search(name):
                yield node, f"{name} of {container.get('name')} stands in plain text"


def _logged(view: View) -> Found:
    for node, _, container in _each(view):
        if not mapping(container.get("logConfiguration")).get("logDriver"):
            yield node, f"{container.get('name')} has no log"


def _read_only(view: View) -> Found:
    for node, _, container in _each(view):
        if container.get("readonlyRootFilesystem") is not True:
            yield node, f"{container.get('name')} may write to its image's file system"


def _privileged(view: View) -> Found:
    for node, _, container in _each(view):
        if container.get("privileged") is True:
            yield node, f"{container.get('name')} is privileged"


def _host(view: View) -> Found:
    for node, task in view.each(tokens.TASK):
        for key in ("networkMode", "pidMode", "ipcMode"):
            if task.get(key) == "host":
                yield node, f"{key} is host"


def _roles(view: View) -> Found:
    for node, task in view.each(tokens.TASK):
        own, starting = (view.target(node, key, tokens.ROLE) for key in ("taskRoleArn", "executionRoleArn"))
        if own is not None and own is starting:
            yield node, f"{own.name} is its execution role and its task role"
        elif isinstance(task.get("taskRoleArn"), str) and task.get("taskRoleArn") == task.get("executionRoleArn"):
            yield node, "its execution role is its task role"


def _read(value: Any) -> Mapping[str, Any] | None:
    try:
        return mapping(json.loads(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _captured(view: View) -> Found:
    for node, _, container in _each(view):
        for variable in map(mapping, listed(container.get("environment"))):
            if variable.get("name") != "MODELINFRA_SHIPPER":
                continue
            told = _read(variable.get("value"))
            if told is None:
                continue
            if not listed(told.get("mask")):
                yield node, f"{container.get('name')} writes requests and answers to {told.get('store')} as they are"
            elif told.get("unparsed") == "keep":
                yield node, f"{container.get('name')} writes what is no JSON to {told.get('store')} as it is"


def _pull_right(view: View) -> Found:
    for node, policy in view.each(tokens.ROLE_POLICY):
        role = view.target(node, "role", tokens.ROLE)
        serving = [
            each
            for each in view.all(tokens.TASK)
            if role is not None
            and view.target(each, "taskRoleArn", tokens.ROLE) is role
            and view.target(each, "executionRoleArn", tokens.ROLE) is not role
        ]
        if serving and allows(statements(policy.get("policy")), "ecr:GetAuthorizationToken", "*"):
            yield node, f"the task role of {serving[0].name} may log in to the registry"


def _own_role(view: View) -> Found:
    owners: dict[str, Node] = {}
    for node in view.all(tokens.TASK):
        role = view.target(node, "taskRoleArn", tokens.ROLE)
        if role is not None and owners.setdefault(role.urn, node) is not node:
            yield node, f"it shares the role {role.name} with {owners[role.urn].name}"


_FACTS = "facts readiness.md section 1 row"

RULES = (
    Rule(
        "ready-image-pinned",
        "A task runs the image that was tested: by digest, or by a tag that cannot move",
        f"{_FACTS} 14",
        "Name the image by the digest that its push returned.",
        _pinned,
        "medium",
    ),
    Rule(
        "ready-plain-secret",
        "No credential stands in a plain environment variable",
        f"{_FACTS} 15 (prowler ecs_task_definitions_no_environment_secrets)",
        "Put it into Secrets Manager and name its ARN under secrets.",
        _credentials,
    ),
    Rule(
        "ready-capture-masked",
        "Requests and answers that are kept for retraining are masked",
        "docs/capture.md; GDPR article 5 (1) (c), data minimisation",
        "Write `capture.mask`, and leave `capture.unparsed` out; or an exception that says why nothing personal is in them.",
        _captured,
        "medium",
    ),
    Rule(
        "ready-log",
        "Every container has a log",
        f"{_FACTS} 15 (prowler ecs_task_definitions_logging_enabled)",
        "Write logConfiguration.",
        _logged,
        "medium",
    ),
    Rule(
        "ready-read-only",
        "A container cannot change its own file system",
        f"{_FACTS} 16 (prowler ecs_task_definitions_containers_readonly_access)",
        "Write readonlyRootFilesystem true, with a volume for what the server writes.",
        _read_only,
        "low",
    ),
    Rule(
        "ready-privileged",
        "No container has the rights of its host",
        f"{_FACTS} 16",
        "Remove privileged.",
        _privileged,
    ),
    Rule(
        "ready-host-namespace",
        "No task shares network, processes or memory with its host",
        f"{_FACTS} 16",
        "Remove it, and use awsvpc.",
        _host,
    ),
    Rule(
        "ready-roles-apart",
        "What starts a task and what it may do are two roles",
        f"{_FACTS} 17",
        "Make a task role of its own.",
        _roles,
        "medium",
    ),
    Rule(
        "ready-registry-login",
        "Only the execution role logs in to the registry",
        f"{_FACTS} 17",
        "Remove ecr:GetAuthorizationToken from the task role.",
        _pull_right,
        "low",
    ),
    Rule(
        "ready-role-per-task",
        "Each workload has a role of its own",
        f"{_FACTS} 37",
        "Make a task role for each.",
        _own_role,
        "medium",
    ),
)

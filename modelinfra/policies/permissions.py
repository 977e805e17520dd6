"""Whether roles may do what their task needs."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import texts
from modelinfra.policies import tokens
from modelinfra.policies.fargate import containers
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, parsed

_INLINE_CHARACTERS = 10_240
_IMAGE = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document in JSON."""
    found = mapping(parsed(document)).get("Statement")
    return [dict(mapping(each)) for each in (found if isinstance(found, list) else [found]) if each]


def allows(given: list[dict[str, Any]], action: str, resource: str) -> bool:
    """Whether statements allow an action on a resource; conditions are taken to hold."""

    def matches(statement: dict[str, Any]) -> bool:
        return any(
            fnmatch.fnmatchcase(action.lower(), each.lower()) for each in texts(statement.get("Action"))
        ) and any(fnmatch.fnmatchcase(resource, each) for each in texts(statement.get("Resource")))

    effects = {statement.get("Effect") for statement in given if matches(statement)}
    return "Allow" in effects and "Deny" not in effects


def _tasks(view: View) -> Iterator[tuple[Node, dict[str, Any], Node]]:
    """Task definitions whose execution role, with all its rights, the graph holds."""
    for node, task in view.each(tokens.TASK):
        role = view.target(node, "executionRoleArn", tokens.ROLE)
        if role is not None and not listed(view.inputs(role).get("managedPolicyArns")):
            yield node, task, role


def _policies(view: View, role: Node) -> list[Any]:
    found = [
        policy.get("policy")
        for node, policy in view.each(tokens.ROLE_POLICY)
        if view.target(node, "role", tokens.ROLE) is role
    ]
    return found + [mapping(each).get("policy") for each in listed(view.inputs(role).get("inlinePolicies"))]


def _attached(view: View, role: Node) -> Iterator[Any]:
    for node in view.all(tokens.ROLE_POLICY_ATTACHMENT):
        policy = view.target(node, "policyArn", tokens.POLICY)
        if policy is not None and view.target(node, "role", tokens.ROLE) is role:
            yield view.inputs(policy).get("policy")


def rights_of(view: View, role: Node) -> list[dict[str, Any]] | None:
    """What a role may do by its inline policies and by those of the graph that are attached to it; None while a part of it is not known."""
    documents = [*_policies(view, role), *_attached(view, role)]
    if any(not isinstance(each, str) for each in documents):
        return None
    return [statement for each in documents for statement in statements(each)]


def _image(view: View) -> Found:
    for node, task, role in _tasks(view):
        rights = rights_of(view, role)
        for container in containers(task) if rights is not None else []:
            image = container.get("image")
            if not isinstance(image, str) or ".dkr.ecr." not in image or rights is None:
                continue
            repository = view.named(
                tokens.REPOSITORY, image.partition("@")[0].rpartition(":")[0] or image.partition("@")[0]
            )
            repository = repository or view.named(tokens.REPOSITORY, image.partition("@")[0])
            if repository is None:
                continue
            arn = str(repository.outputs.get("arn"))
            missing = [action for action in _IMAGE if not allows(rights, action, arn)]
            if not allows(rights, "ecr:GetAuthorizationToken", "*"):
                missing.append("ecr:GetAuthorizationToken")
            if missing:
                yield node, f"{role.name} lacks {', '.join(missing)} for {repository.name}"


def _secrets(view: View) -> Found:
    for node, task, role in _tasks(view):
        rights = rights_of(view, role)
        for container in containers(task) if rights is not None else []:
            for secret in listed(container.get("secrets")):
                arn = mapping(secret).get("valueFrom")
                if not isinstance(arn, str) or rights is None:
                    continue
                managed = ":secretsmanager:" in arn
                action = "secretsmanager:GetSecretValue" if managed else "ssm:GetParameters"
                if not allows(rights, action, ":".join(arn.split(":")[:7]) if managed else arn):
                    yield node, f"{role.name} lacks {action} for {arn}"


def _log(view: View) -> Found:
    for node, task, role in _tasks(view):
        rights = rights_of(view, role)
        for container in containers(task) if rights is not None else []:
            options = mapping(mapping(container.get("logConfiguration")).get("options"))
            group = view.named(tokens.LOG_GROUP, options.get("awslogs-group"))
            if group is None or rights is None:
                continue
            stream = f"{group.outputs.get('arn')}:log-stream:x"
            missing = [action for action in _LOG if not allows(rights, action, stream)]
            if missing:
                yield node, f"{role.name} lacks {', '.join(missing)} for {group.name}"


def _needed_role(view: View) -> Found:
    for node, task in view.each(tokens.TASK):
        for container in containers(task):
            logs = mapping(container.get("logConfiguration")).get("logDriver") == "awslogs"
            if (logs or listed(container.get("secrets"))) and task.get("executionRoleArn") is None:
                yield node, "it logs or has secrets, and names no execution role"


def _log_group(view: View) -> Found:
    """A group that ECS would have to make (without `awslogs-create-group` it does not), while one that was made lies idle.

    Where none lies idle, the group was made elsewhere.
    """
    named = [
        (node, options)
        for node, task in view.each(tokens.TASK)
        for container in containers(task)
        if (options := mapping(mapping(container.get("logConfiguration")).get("options"))).get("awslogs-group")
    ]
    used = [view.named(tokens.LOG_GROUP, options["awslogs-group"]) for _, options in named]
    used += [view.target(node, "logDestination", tokens.LOG_GROUP) for node in view.all(tokens.FLOW_LOG)]
    if all(group in used for group in view.all(tokens.LOG_GROUP)):
        return
    for node, options in named:
        name = options["awslogs-group"]
        looked_for = isinstance(name, str) and options.get("awslogs-create-group") != "true"
        if looked_for and view.named(tokens.LOG_GROUP, name) is None:
            yield node, f"the log group {name} is none of this environment's"


def _trust(view: View) -> Found:
    users = [
        (node, key, "ecs-tasks.amazonaws.com")
        for node in view.all(tokens.TASK)
        for key in ("executionRoleArn", "taskRoleArn")
    ]
    users += [(node, "iamRoleArn", "vpc-flow-logs.amazonaws.com") for node in view.all(tokens.FLOW_LOG)]
    for node, key, principal in users:
        role = view.target(node, key, tokens.ROLE)
        given = view.inputs(role).get("assumeRolePolicy") if role is not None else None
        if role is None or not isinstance(given, str):
            continue
        trusted = [
            each
            for statement in statements(given)
            if statement.get("Effect") == "Allow" and "sts:AssumeRole" in texts(statement.get("Action"))
            for each in texts(mapping(statement.get("Principal")).get("Service"))
        ]
        if principal not in trusted:
            yield role, f"{node.name} uses it, and it does not trust {principal}"


def _inline_size(view: View) -> Found:
    for role in view.all(tokens.ROLE):
        characters = sum(len("".join(each.split())) for each in _policies(view, role) if isinstance(each, str))
        if characters > _INLINE_CHARACTERS:
            yield role, f"its inline policies have {characters} characters"


def _wide(view: View) -> Found:
    for node, policy in view.each(tokens.ROLE_POLICY):
        for statement in statements(policy.get("policy")):
            actions = texts(statement.get("Action"))
            wide = [each for each in actions if each == "*" or each.endswith(":*")]
            if statement.get("Effect") == "Allow" and (wide or "NotAction" in statement):
                yield node, f"it allows {', '.join(wide) or 'all but a list'}"


_GUIDE = "ECS developer guide, task execution IAM role"

RULES = (
    Rule("right-image", "The execution role may pull the task's image", _GUIDE, "Allow it on the repository.", _image),
    Rule("right-secrets", "The execution role may read each secret", _GUIDE, "Allow it on the secret.", _secrets),
    Rule("right-log", "The execution role may write the task's log", _GUIDE, "Allow it on the log group.", _log),
    Rule(
        "execution-role",
        "A task on Fargate that logs or has secrets has an execution role",
        "botocore ecs RegisterTaskDefinitionRequest.executionRoleArn",
        "Name one.",
        _needed_role,
    ),
    Rule(
        "log-group-exists",
        "A task whose log group does not exist does not start",
        "ECS developer guide, awslogs-create-group",
        "Name the endpoint's log group.",
        _log_group,
    ),
    Rule(
        "role-trust",
        "A role trusts the service that is to take it",
        "IAM user guide, service roles",
        "Name the service as principal of sts:AssumeRole.",
        _trust,
    ),
    Rule(
        "role-inline-size",
        "The inline policies of a role have 10,240 characters at most, white space aside",
        "IAM user guide, quotas",
        "Use wildcards within one path, or a managed policy.",
        _inline_size,
    ),
    Rule(
        "right-wide",
        "No right is to every action of a service",
        "design.md section 4 rule 10",
        "Name the actions.",
        _wide,
    ),
)

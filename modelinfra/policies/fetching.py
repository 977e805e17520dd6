"""Models that a task fetches before its server starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.fargate import containers
from modelinfra.policies.permissions import allows, rights_of
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, parsed

_WORK = "MODELINFRA_FETCH"
_ECR = re.compile(r"oci://(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+/([^@:]+)")
_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def works(container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a container fetches: one model, or each of several; nothing for any other container."""
    for variable in listed(container.get("environment")):
        if mapping(variable).get("name") == _WORK:
            work = mapping(parsed(mapping(variable).get("value")))
            return [mapping(each) for each in listed(work.get("models"))] or [work]
    return []


def fetched_from(container: Mapping[str, Any]) -> list[str]:
    """The addresses of the models that a container fetches."""
    return [str(each["uri"]) for each in works(container) if each.get("uri")]


def services_for(uri: str) -> tuple[str, ...]:
    """What a task calls for a model at this address: services of AWS, or the internet."""
    if uri.startswith("s3://"):
        return ("s3",)
    return ("ecr.api", "ecr.dkr", "s3") if _ECR.match(uri) else ("internet",)


def _model(view: View) -> Found:
    for node, task in view.each(tokens.TASK):
        role = view.target(node, "taskRoleArn", tokens.ROLE)
        uris = [uri for each in containers(task) for uri in fetched_from(each)]
        if not uris or role is None or listed(view.inputs(role).get("managedPolicyArns")):
            continue
        given = rights_of(view, role)
        for uri in uris if given is not None else []:
            missing = [
                action
                for action, resource in _needed(uri, _partition(role))
                if not allows(given or [], action, resource)
            ]
            if missing:
                yield node, f"{role.name} lacks {', '.join(missing)} for {uri}"


def _needed(uri: str, partition: str) -> list[tuple[str, str]]:
    """The actions, each with the resource that it is asked for."""
    ecr = _ECR.match(uri)
    if ecr is not None:
        account, region, repository = ecr.groups()
        arn = f"arn:{partition}:ecr:{region}:{account}:repository/{repository}"
        return [("ecr:GetAuthorizationToken", "*"), *((action, arn) for action in _PULL)]
    if uri.startswith("s3://"):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        arn = f"arn:{partition}:s3:::{bucket}"
        return [("s3:GetObject", f"{arn}/{key}"), ("s3:ListBucket", arn)]
    return []


def _partition(role: Node) -> str:
    arn = role.outputs.get("arn")
    return arn.split(":")[1] if isinstance(arn, str) and arn.startswith("arn:") else "aws"


def _order(view: View) -> Found:
    """The server must not find half a model, nor none."""
    for node, task in view.each(tokens.TASK):
        fetching = [each["name"] for each in containers(task) if fetched_from(each)]
        for container in containers(task) if fetching else []:
            done = _ended(str(container.get("name")), {str(each.get("name")): each for each in containers(task)})
            if container.get("essential") is not False and not set(fetching) <= done:
                yield node, f"{container.get('name')} does not wait for the success of {', '.join(fetching)}"


def _ended(name: str, by_name: dict[str, dict[str, Any]]) -> set[str]:
    """Containers that have ended well before this one starts: what it waits for itself, and what that has waited for."""
    found: set[str] = set()
    todo, seen = [name], {name}
    while todo:
        for wait in map(mapping, listed(by_name.get(todo.pop(), {}).get("dependsOn"))):
            other = str(wait.get("containerName"))
            if wait.get("condition") == "SUCCESS":
                found.add(other)
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return found


RULES = (
    Rule(
        "right-model",
        "The task role may read the model that the task fetches",
        "IAM service authorization reference, Amazon S3 and Amazon ECR",
        "Allow it on the model's prefix or repository.",
        _model,
    ),
    Rule(
        "model-first",
        "The server starts when its model was fetched",
        "ECS developer guide, container dependency",
        "Add a dependsOn with the condition SUCCESS.",
        _order,
    ),
)
"""Rules over tasks with a container of `modelinfra.fetcher`."""

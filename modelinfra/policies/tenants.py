"""Whether the roles of one tenant open what is another's: models, results, logs, secrets, images, queues. Evaluated, statement by statement.

What is a tenant's has the tag `tenant` with its name, or is in a namespace of Kubernetes with that label. What a role is granted and what is somebody's are patterns of ARNs; one ARN in common
is enough. Conditions are taken to hold, but for the one that says which prefix of a bucket may be listed.

A task that several tenants share is nobody's, and has a tag `tenant:NAME` for each of them with the names of its models there. The role that it
runs with may read these models, which are fetched into it; everything else of these tenants is closed to it, as to anybody.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import texts
from modelinfra.policies import tokens
from modelinfra.policies.fargate import containers
from modelinfra.policies.fetching import works
from modelinfra.policies.permissions import rights_of
from modelinfra.policies.readiness.gpu_pods import tenant_of
from modelinfra.policies.readiness.kubernetes import each_of, name_of, namespace_of
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping

TAG: Final = "tenant"

SHARED: Final = f"{TAG}:"
"""What the tags begin with that name a tenant's models on something that several share."""

# What reads or changes the content of things. Their names and sizes are no content.
_OPENING: Final = (
    *(f"s3:{each}" for each in ("GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "ListBucket")),
    *(f"sqs:{each}" for each in ("ReceiveMessage", "SendMessage", "DeleteMessage")),
    *(f"secretsmanager:{each}" for each in ("GetSecretValue", "PutSecretValue")),
    *(f"ssm:{each}" for each in ("GetParameter", "GetParameters", "GetParametersByPath")),
    *(f"logs:{each}" for each in ("GetLogEvents", "FilterLogEvents", "StartQuery", "PutLogEvents")),
    *(f"ecr:{each}" for each in ("BatchGetImage", "GetDownloadUrlForLayer", "PutImage")),
)

# Type whose content is somebody's -> what stands behind its ARN in statements.
_HOLDING: Final = {
    tokens.LOG_GROUP: ":*",
    tokens.REPOSITORY: "",
    "aws:s3/bucket:Bucket": "/*",
    "aws:secretsmanager/secret:Secret": "",
    "aws:sqs/queue:Queue": "",
}

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]+)/([^\s\"'\\]*)")


@dataclass(frozen=True)
class Grant:
    """An action that a role may take, and the pattern of ARNs on which."""

    action: str
    pattern: str


def members(view: View) -> dict[str | None, list[Node]]:
    """Tenant -> what has its tag; None -> what has none."""
    found: dict[str | None, list[Node]] = {}
    for token in view.types():
        for node, given in view.each(token):
            name = mapping(given.get("tags")).get(TAG)
            found.setdefault(name if isinstance(name, str) else None, []).append(node)
    return found


def grants(view: View, role: Node) -> list[Grant]:
    """What of content a role opens. Rights that are known only after the deployment open nothing here."""
    return [
        Grant(action, pattern)
        for statement in rights_of(view, role) or ()
        if statement.get("Effect") == "Allow"
        for action in _OPENING
        if _takes(statement, action)
        for pattern in _patterns(statement, action)
    ]


def belongings(view: View, tenant: str) -> dict[str, str]:
    """Pattern of ARNs -> in words, of all content that is a tenant's: what has its tag, and what its tasks name."""
    found: dict[str, str] = {}
    for node in members(view).get(tenant, ()):
        arn = node.outputs.get("arn")
        if node.type in _HOLDING and isinstance(arn, str):
            found[arn + _HOLDING[node.type]] = node.name
        if node.type == tokens.TASK:
            for container in containers(view.inputs(node)):
                found |= _named(container)
    for _, given in view.each(tokens.TASK):
        found |= _shared_models(given, tenant)
    for owner, served in _in_namespaces(view):
        if owner == tenant:
            found |= {_pattern(*place): f"s3://{place[0]}/{place[1]}" for place in _S3.findall(served)}
    return found


def _in_namespaces(view: View) -> Iterator[tuple[str, str]]:
    """Tenant, and where the models lie of an InferenceService in its namespace, as text."""
    owners = {name_of(view, node): tenant_of(view, node) for node, _ in each_of(view, "core", "Namespace")}
    for node, given in each_of(view, "serving.kserve.io", "InferenceService"):
        owner = owners.get(namespace_of(view, node))
        if isinstance(owner, str):
            yield owner, json.dumps(mapping(given.get("spec")), default=str)


def _tags(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(given.get("tags"))


def _shared_models(task: dict[str, Any], tenant: str) -> dict[str, str]:
    """Pattern of ARNs -> in words, of a tenant's models that a task fetches for several tenants."""
    names = str(_tags(task).get(f"{SHARED}{tenant}", "")).split()
    return {
        _pattern(*place): f"s3://{place[0]}/{place[1]}"
        for container in containers(task)
        for work in works(container)
        if PurePosixPath(str(work.get("to"))).name in names
        for place in _S3.findall(str(work.get("uri")))
    }


def _served_by(view: View, role: Node, tenant: str) -> set[str]:
    """The models of a tenant, as patterns of ARNs, that tasks with this role serve for it among others."""
    return {
        pattern
        for task, given in view.each(tokens.TASK)
        if view.target(task, "taskRoleArn", tokens.ROLE) is role
        for pattern in _shared_models(given, tenant)
    }


def trespasses(view: View, tenant: str | None, other: str) -> Iterator[tuple[Node, Grant, str]]:
    """Roles of a tenant (None: of nobody) that open what is another tenant's: the role, the grant, and what it opens."""
    theirs = belongings(view, other)
    for role in members(view).get(tenant, ()):
        if role.type != tokens.ROLE:
            continue
        served = _served_by(view, role, other)
        for each in grants(view, role):
            for pattern, name in theirs.items():
                if pattern in served:
                    continue
                service = pattern.split(":")[2]
                if each.action.startswith(f"{service}:") and overlap(each.pattern, pattern):
                    yield role, each, name


def overlap(one: str, other: str) -> bool:
    """Whether two patterns of ARNs, in which `*` is any text and `?` one character, have an ARN in common. `*` alone is every ARN.

    >>> overlap("arn:aws:s3:::models/acme/*", "arn:aws:s3:::models/*/7"), overlap("arn:aws:s3:::a/b/*", "arn:*:s3:::a/c/*")
    (True, False)
    """
    parts, others = (pattern.split(":", 5) for pattern in (one, other))
    if len(parts) == len(others):
        return all(itertools.starmap(_overlap, zip(parts, others, strict=True)))
    return _overlap(one, other)


def _overlap(one: str, other: str) -> bool:
    seen, todo = set(), [(0, 0)]
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        first, second = here
        left, right = one[first : first + 1], other[second : second + 1]
        if not left and not right:
            return True
        if left == "*":
            todo += [(first + 1, second), *([(first, second + 1)] if right else [])]
        elif right == "*":
            todo += [(first, second + 1), *([(first + 1, second)] if left else [])]
        elif left and right and (left == right or "?" in (left, right)):
            todo.append((first + 1, second + 1))
    return False


def _named(container: Mapping[str, Any]) -> dict[str, str]:
    """Secrets that a container is given, and models that its variables name."""
    name = container.get("name")
    secrets = [mapping(each).get("valueFrom") for each in listed(container.get("secrets"))]
    found = {":".join(arn.split(":")[:7]): f"a secret of {name}" for arn in secrets if isinstance(arn, str)}
    for bucket, key in _S3.findall(json.dumps(listed(container.get("environment")), default=str)):
        found[_pattern(bucket, key)] = f"s3://{bucket}/{key}"
    return found


def _pattern(bucket: str, key: str) -> str:
    return f"arn:*:s3:::{bucket}/{key}*"


def _takes(statement: Mapping[str, Any], action: str) -> bool:
    def any_of(key: str) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), each.lower()) for each in texts(statement.get(key)))

    return not any_of("NotAction") if "NotAction" in statement else any_of("Action")


def _patterns(statement: Mapping[str, Any], action: str) -> list[str]:
    """The ARNs of a statement; of a bucket that may be listed, the prefixes."""
    resources = ["*"] if "NotResource" in statement else texts(statement.get("Resource"))
    if action != "s3:ListBucket":
        return resources
    conditions = [mapping(each).get("s3:prefix") for each in mapping(statement.get("Condition")).values()]
    prefixes = [text for each in conditions for text in texts(each)] or ["*"]
    return [f"{bucket}/{prefix}" for bucket in resources for prefix in prefixes]


def _apart(view: View) -> Found:
    of_shared = (
        name.removeprefix(SHARED)
        for token in view.types()
        for _, given in view.each(token)
        for name in _tags(given)
        if name.startswith(SHARED)
    )
    owners = (owner for owner, _ in _in_namespaces(view))
    names = list(dict.fromkeys([*(each for each in members(view) if each is not None), *of_shared, *owners]))
    told = set()
    for tenant, other in (*itertools.permutations(names, 2), *((None, each) for each in names)):
        for role, grant, thing in trespasses(view, tenant, other):
            if (role.urn, other) not in told:
                told.add((role.urn, other))
                yield role, f"it may {grant.action} on {grant.pattern}, where {thing} of the tenant {other} is"


RULES = (
    Rule(
        "tenant-apart",
        "No role opens models, results, logs, secrets, images or queues of another tenant",
        "design.md section 4 rule 10; the tag `tenant` says whose something is",
        "Name the tenant's own prefix, secret, log group or repository.",
        _apart,
    ),
)

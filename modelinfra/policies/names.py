"""Names and descriptions that AWS refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View


@dataclass(frozen=True)
class Naming:
    """What one service makes of a name. `pattern`: what the whole name must match."""

    kind: str
    token: str
    most: int
    pattern: str
    source: str
    key: str = "name"


NAMINGS = (
    Naming(
        "load-balancer",
        tokens.LOAD_BALANCER,
        32,
        r"(?!internal-)[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?",
        "Elastic Load Balancing API, CreateLoadBalancer.Name",
    ),
    Naming(
        "target-group",
        tokens.TARGET_GROUP,
        32,
        r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?",
        "Elastic Load Balancing API, CreateTargetGroup.Name",
    ),
    Naming("role", tokens.ROLE, 64, r"[\w+=,.@-]+", "botocore iam roleNameType"),
    Naming("managed-policy", tokens.POLICY, 128, r"[\w+=,.@-]+", "botocore iam policyNameType"),
    Naming("http-api", tokens.API, 128, r"[\s\S]+", "API Gateway API, CreateApi.Name"),
    Naming("vpc-link", tokens.API_LINK, 128, r"[\s\S]+", "API Gateway API, CreateVpcLink.Name"),
    Naming("role-policy", tokens.ROLE_POLICY, 128, r"[\w+=,.@-]+", "botocore iam policyNameType"),
    Naming(
        "repository",
        tokens.REPOSITORY,
        256,
        r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
        "botocore ecr RepositoryName",
    ),
    Naming(
        "security-group",
        tokens.GROUP,
        255,
        r"(?!sg-)[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]+",
        "EC2 API, CreateSecurityGroup.GroupName",
    ),
    Naming("alarm", tokens.ALARM, 255, r".+", "botocore cloudwatch AlarmName"),
    Naming("log-group", tokens.LOG_GROUP, 512, r"[.\-_/#A-Za-z0-9]+", "botocore logs LogGroupName"),
    Naming("cluster", tokens.CLUSTER, 255, r"[a-zA-Z0-9_-]+", "botocore ecs CreateClusterRequest.clusterName"),
    Naming("service", tokens.SERVICE, 255, r"[a-zA-Z0-9_-]+", "botocore ecs CreateServiceRequest.serviceName"),
    Naming(
        "task-family",
        tokens.TASK,
        255,
        r"[a-zA-Z0-9_-]+",
        "botocore ecs RegisterTaskDefinitionRequest.family",
        "family",
    ),
    Naming(
        "scaling-policy",
        tokens.SCALING_POLICY,
        256,
        r"[^\x00-\x1f]+",
        "botocore application-autoscaling PolicyName",
    ),
)
"""One row a type: the longest name, and what it may be made of."""

_DESCRIBED = (tokens.GROUP, tokens.INGRESS, tokens.EGRESS)
_DESCRIPTION = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}"


def _named(naming: Naming) -> Rule:
    def find(view: View) -> Found:
        for node in view.all(naming.token):
            name = _name(view, node, naming.key)
            if name is None:
                continue
            if len(name) > naming.most:
                yield node, f"the name {name} has {len(name)} characters"
            elif not re.fullmatch(naming.pattern, name):
                yield node, f"the name {name} has characters, or an order of them, that are not allowed"

    return Rule(
        f"name-{naming.kind}",
        f"This name has {naming.most} characters at most and matches {naming.pattern}",
        naming.source,
        "Write another name.",
        find,
    )


def _name(view: View, node: Node, key: str) -> str | None:
    """The name as written, else as the provider made it, else as it would (a hyphen and seven characters behind the logical name)."""
    for given in (view.inputs(node).get(key), node.outputs.get(key)):
        if isinstance(given, str):
            return given
    return f"{node.name}-1234567"


def _descriptions(view: View) -> Found:
    for token in _DESCRIBED:
        for node, given in view.each(token):
            text = given.get("description")
            if isinstance(text, str) and not re.fullmatch(_DESCRIPTION, text):
                odd = sorted(set(re.sub(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]", "", text)))
                yield node, f"the description {text!r} has {' '.join(odd) or 'more than 255 characters'}"


RULES = (
    *(_named(naming) for naming in NAMINGS),
    Rule(
        "security-group-description",
        "A security group's and a rule's description has 255 characters at most of a-z A-Z 0-9 space and ._-:/()#,@[]+=&;{}!$*",
        "EC2 API, CreateSecurityGroup.GroupDescription and IpRange.Description: InvalidParameterValue",
        "Write it with these characters; an apostrophe is not among them.",
        _descriptions,
    ),
)

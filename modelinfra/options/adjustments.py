"""What a user can say of everything that a component makes: tags, a permissions boundary, transforms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
from pulumi import Input

from modelinfra.catalog.child_roles import ChildRole
from modelinfra.options.arns import POLICY_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import ROLE, TAGS
from modelinfra.options.problems import Problem, did_you_mean, stray

# What the library itself writes, because AWS or Kubernetes reads it.
_TAKEN = ("Name", "kubernetes.io/", "karpenter.sh/")

# A resource has 50 at most; some are the library's and Pulumi's own.
_MOST_TAGS = 45

# One character of a tag's name or value.
_TAG = r"[\w .:/=+@-]"


class TaggedOptions(TypedDict):
    """Tags."""

    tags: NotRequired[
        Annotated[
            Mapping[str, Input[str]], Option(lands=(TAGS,), example={"team": "forecasting", "cost-center": "4711"})
        ]
    ]
    """Tags of every AWS resource that is made and that takes tags: name -> value. None otherwise but those that AWS or Kubernetes reads."""


class BoundedOptions(TypedDict):
    """A permissions boundary."""

    permissions_boundary: NotRequired[
        Annotated[
            Input[str],
            replace(
                POLICY_ARN,
                lands=(f"{ROLE}.permissionsBoundary",),
                example="arn:aws:iam::123456789012:policy/another-boundary",
            ),
        ]
    ]
    """ARN of the managed policy that bounds what every role that is made may ever do."""


class TransformedOptions(TypedDict):
    """Transforms."""

    transforms: NotRequired[
        Annotated[
            Mapping[
                str,
                Mapping[str, Any]
                | Callable[[pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None],
            ],
            Option(),
        ]
    ]
    """The last word on what is made, by [child role](child-roles.md): properties that are merged into the resource's own; an empty value
    takes one away, a list takes the place of the whole list. In Python also a Pulumi resource transformation. None otherwise."""


@rule(TaggedOptions, "tags")
def tags_are_ones_that_aws_takes(options: Mapping[str, Any]) -> Iterable[Problem]:
    tags = options["tags"] or {}
    if len(tags) > _MOST_TAGS:
        yield Problem(
            "tags", f"AWS takes 50 tags, and the library and Pulumi need some: the most is {_MOST_TAGS}", "Write fewer."
        )
    spellings: dict[str, str] = {}
    for name, value in tags.items():
        other = spellings.setdefault(name.lower(), name)
        if other != name:
            reason = f"IAM takes this and '{other}' as one name, since it does not tell large letters from small ones in tags of roles"
            yield Problem(f"tags.{name}", reason, "Remove one of the two, or write another name.")
        if name.lower().startswith("aws:"):
            yield Problem(f"tags.{name}", "AWS keeps names that begin with aws: to itself", "Write another name.")
        elif name.startswith(_TAKEN):
            yield Problem(f"tags.{name}", "the library writes this tag itself", "Write another name.")
        elif not re.fullmatch(f"{_TAG}{{1,128}}", name):
            reason = "AWS takes 1 to 128 letters, digits, spaces and _.:/=+-@ as a tag's name" + stray(name, _TAG)
            yield Problem(f"tags.{name}", reason, "Write another name.")
        elif isinstance(value, str) and not re.fullmatch(f"{_TAG}{{0,256}}", value):
            reason = "AWS takes up to 256 letters, digits, spaces and _.:/=+-@ as a tag's value" + stray(value, _TAG)
            yield Problem(f"tags.{name}", reason, "Write another value.", value)


def transforms_name(roles: Mapping[str, ChildRole]) -> Callable[[Mapping[str, Any]], Iterable[Problem]]:
    """A rule: every transform names one of these roles."""

    def check(options: Mapping[str, Any]) -> Iterable[Problem]:
        for role in options["transforms"] or ():
            if role not in roles:
                yield Problem(f"transforms.{role}", "there is no such child role", did_you_mean(role, list(roles)))

    return check


def childless(transforms: Mapping[str, Any] | None, absent: Mapping[str, str]) -> Iterable[Problem]:
    """What is wrong with transforms of children that these options do not make. absent: role -> why there is none."""
    for role in transforms or ():
        if role in absent:
            yield Problem(f"transforms.{role}", f"there is nothing for it to adjust: {absent[role]}", "Remove it.")

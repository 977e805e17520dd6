"""How a component registers its children: below itself, by their roles, with the user's tags, boundary and transforms."""

from __future__ import annotations

import importlib
import inspect
import re
import types
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.catalog.child_roles import ChildRole
from modelinfra.options.problems import Problem, did_you_mean

Transform = (
    Mapping[str, Any] | Callable[[pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None]
)
"""What a user does to a child: properties to merge into its own (RFC 7396), or a Pulumi resource transformation."""


@dataclass(frozen=True)
class Adjustments:
    """What a user says of all children of a component. tags, permissions_boundary: for every child that takes them.

    transforms: child role -> transform, applied last.
    """

    tags: Mapping[str, Input[str]] = field(default_factory=dict)
    permissions_boundary: Input[str] | None = None
    transforms: Mapping[str, Transform] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, options: Any) -> Adjustments:
        """Those of validated options."""
        return cls(
            options.tags or {},
            getattr(options, "permissions_boundary", None),
            getattr(options, "transforms", None) or {},
        )

    def transformations(self, role: str) -> list[pulumi.ResourceTransformation] | None:
        """What is to be done to the child of this role, or None."""
        transform = self.transforms.get(role)
        if transform is not None:
            self._met.add(role)
        if not self.tags and self.permissions_boundary is None:
            return None if transform is None else [_transformation(transform)]
        return [self._common, *([] if transform is None else [_transformation(transform)])]

    @property
    def unmet(self) -> list[str]:
        """The roles whose transform has found no child so far."""
        return [role for role in self.transforms if role not in self._met]

    def _common(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith(("aws:", "aws-native:")):
            return None
        props: dict[str, Any] = dict(args.props)
        if self.tags and "tags" in props:
            # What the library writes has a meaning for AWS or Kubernetes; the options' rules keep the user from it.
            props["tags"] = (
                [*_propagated(self.tags), *(props["tags"] or ())]
                if args.type_ == _GROUP
                else {**self.tags, **(props["tags"] or {})}
            )
        if self.permissions_boundary is not None and args.type_ == "aws:iam/role:Role":
            props["permissions_boundary"] = self.permissions_boundary
        return pulumi.ResourceTransformationResult(props, args.opts)


# Its tags are a list, and say of each whether instances get it, too.
_GROUP = "aws:autoscaling/group:Group"


def _propagated(tags: Mapping[str, Input[str]]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value, "propagate_at_launch": True} for name, value in tags.items()]


NONE = Adjustments()


@dataclass(frozen=True)
class Children:
    """The children of one component. name: what their names begin with."""

    component: pulumi.ComponentResource
    name: str
    adjustments: Adjustments = NONE

    def named(self, suffix: str, kind: str | None = None) -> str:
        """The name of a child, see `naming.child`."""
        return naming.child(self.name, suffix, kind)

    def unique(self, suffix: str, kind: str) -> str:
        """The physical name of a child to which Pulumi gives none, see `naming.unique`."""
        return naming.unique(self.named(suffix, kind), pulumi.get_project(), pulumi.get_stack())

    def opts(self, role: str, **more: Any) -> pulumi.ResourceOptions:
        """Resource options of the child with this role, and `more` of them."""
        return pulumi.ResourceOptions(
            parent=self.component, transformations=self.adjustments.transformations(role), **more
        )

    def tell_unmet(self) -> None:
        """Warn of transforms that found no child; the last thing before a component's outputs.

        The options' rules refuse those that are known to find none; what is left depends on other components.
        """
        for role in self.adjustments.unmet:
            pulumi.log.warn(f"the transform of {role} adjusts nothing: there is no such child here", self.component)

    @property
    def invoke(self) -> pulumi.InvokeOptions:
        """Options of a look-up with the component's provider."""
        return pulumi.InvokeOptions(parent=self.component)


def look_up_options(opts: pulumi.ResourceOptions | None) -> pulumi.InvokeOptions:
    """Options for look-ups with the provider that a component will have, before it is registered."""
    if opts is None:
        return pulumi.InvokeOptions()
    provider: Any = opts.provider
    if provider is None and opts.providers is not None:
        given: Any = opts.providers.values() if isinstance(opts.providers, Mapping) else opts.providers
        provider = next((each for each in given if each.package == "aws"), None)
    return pulumi.InvokeOptions(parent=opts.parent, provider=provider)


def transform_problems(options: Any, roles: Mapping[str, ChildRole]) -> list[Problem]:
    """What transforms say of properties that their resources do not have, or that are of another kind.

    Looked up in Pulumi's SDK, hence not one of the options' own rules.
    """
    return [
        problem.below(f"transforms.{role}")
        for role, transform in (options.transforms or {}).items()
        if isinstance(transform, Mapping) and role in roles
        for key, value in transform.items()
        for problem in _property_problems(roles[role], key, value)
    ]


def _property_problems(role: ChildRole, key: str, value: Any) -> Iterator[Problem]:
    """Only what stands directly below the role: what lies deeper, the AWS provider judges."""
    known = _inputs(role)
    if _snake(key) not in known:
        yield Problem(key, f"{role.sdk_class} has no such property", did_you_mean(_snake(key), sorted(known)))
        return
    kinds = _kinds(known[_snake(key)])
    if not kinds or _kind(value) in {*kinds, None}:
        return
    words = " or ".join(sorted(kinds))
    yield Problem(key, f"{words} is expected here", f"Write {words}.", value)


def properties(role: ChildRole) -> set[str]:
    """The input properties of a role's resource, as Python spells them."""
    return set(_inputs(role))


def _inputs(role: ChildRole) -> dict[str, Any]:
    """Property -> its type."""
    package, *path = role.sdk_class.split(".")
    found: Any = importlib.import_module(package)
    for name in path:
        found = getattr(found, name)
    if not hasattr(found, "_internal_init"):  # a custom resource of Kubernetes: its kind alone knows more
        return {"api_version": str, "kind": str, "metadata": Mapping, "spec": Mapping}
    parameters = inspect.signature(found._internal_init).parameters
    return {each: parameter.annotation for each, parameter in parameters.items() if each not in _NO_PROPERTIES}


_NO_PROPERTIES = {"__self__", "resource_name", "opts", "__props__"}

_LIST, _MAPPING, _PLAIN, _ARCHIVE = "a list", "a mapping", "a plain value", "a pulumi.Archive"


def _kind(value: Any) -> str | None:
    """Of what a stack file can say; None for what takes a property away, for Outputs and for objects of the SDK."""
    if isinstance(value, Mapping):
        return _MAPPING
    if isinstance(value, (list, tuple)):
        return _LIST
    return _PLAIN if isinstance(value, (str, bool, int, float)) else None


def _kinds(annotation: Any) -> set[str]:
    """Which kinds of value a property of this type takes; none where the type does not say."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        members = [each for each in typing.get_args(annotation) if typing.get_origin(each) not in (Output, Awaitable)]
        return {kind for each in members if each is not type(None) for kind in _kinds(each)}
    if annotation in (str, bool, int, float) or origin is typing.Literal:
        return {_PLAIN}
    if annotation is pulumi.Archive:
        return {_ARCHIVE}
    if origin in (Sequence, list):
        return {_LIST}
    if isinstance(annotation, typing.ForwardRef):  # Input's own Output, or the Args of a nested type
        return set() if annotation.__forward_arg__.startswith("Output[") else {_MAPPING}
    return {_MAPPING} if Mapping in (origin, annotation) or origin is dict else set()


def _transformation(transform: Transform) -> pulumi.ResourceTransformation:
    if not isinstance(transform, Mapping):
        return transform
    patch = transform

    def merge(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        # A property that was taken away stays as None: Pulumi makes the resource's attributes from the keys.
        return pulumi.ResourceTransformationResult(
            {**dict.fromkeys(args.props), **merged(args.props, patch)}, args.opts
        )

    return merge


def merged(given: Any, patch: Any) -> Any:
    """`given` with `patch` merged into it as RFC 7396 has it: mappings key by key, None takes a key away, anything else replaces.

    A key of the patch finds the same key in Python's spelling; what it does not find, Pulumi itself translates.
    """
    if not isinstance(patch, Mapping):
        return patch
    if isinstance(given, Output):
        return given.apply(lambda known: merged(known, patch))
    if isinstance(given, str):
        raise pulumi.RunError(
            f"a transform gives a mapping ({', '.join(patch)}) where the library writes the text {given[:40]!r}: write the "
            "whole text, or in Python a function."
        )
    result = dict(given) if isinstance(given, Mapping) else {}
    for key, value in patch.items():
        own = key if key in result or _snake(key) not in result else _snake(key)
        if value is None:
            result.pop(own, None)
        else:
            result[own] = merged(result.get(own), value)
    return result


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()

"""How a component registers its children: below itself, by their roles, with the user's tags, boundary and transforms."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.catalog.child_roles import ChildRole
from modelinfra.options.problems import InvalidOptionsError, Problem, did_you_mean

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
        if not args.type_.startswith("aws:"):
            return None
        props: dict[str, Any] = dict(args.props)
        if self.tags and "tags" in props:
            # What the library writes has a meaning for AWS or Kubernetes; the options' rules keep the user from it.
            props["tags"] = {**self.tags, **(props["tags"] or {})}
        if self.permissions_boundary is not None and args.type_ == "aws:iam/role:Role":
            props["permissions_boundary"] = self.permissions_boundary
        return pulumi.ResourceTransformationResult(props, args.opts)


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


def check_transforms(options: Any, roles: Mapping[str, ChildRole]) -> None:
    """Raises InvalidOptionsError when a transform names a property that its resource does not have."""
    problems = transform_problems(options, roles)
    if problems:
        raise InvalidOptionsError(problems)


def transform_problems(options: Any, roles: Mapping[str, ChildRole]) -> list[Problem]:
    """What transforms name that their resources do not have. Looked up in Pulumi's SDK, hence not one of the options' own rules."""
    return [
        Problem(
            f"transforms.{role}.{key}",
            f"{roles[role].sdk_class} has no such property",
            did_you_mean(_snake(key), known),
        )
        for role, key, known in _unknown_properties(options.transforms or {}, roles)
    ]


def _unknown_properties(
    transforms: Mapping[str, Transform], roles: Mapping[str, ChildRole]
) -> Iterator[tuple[str, str, list[str]]]:
    for role, transform in transforms.items():
        if isinstance(transform, Mapping):
            known = sorted(properties(roles[role]))
            yield from ((role, key, known) for key in transform if _snake(key) not in known)


def properties(role: ChildRole) -> set[str]:
    """The input properties of a role's resource, as Python spells them."""
    module, _, name = role.sdk_class.rpartition(".")
    package, _, submodule = module.partition(".")
    home = getattr(importlib.import_module(package), submodule) if submodule else importlib.import_module(package)
    return set(inspect.signature(getattr(home, name)._internal_init).parameters) - _NO_PROPERTIES


_NO_PROPERTIES = {"__self__", "resource_name", "opts", "__props__"}


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

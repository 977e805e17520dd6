"""How every component takes its arguments: a mapping or keywords, checked in one go, mistakes as one pulumi.RunError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from modelinfra.options.problems import InvalidOptionsError


def checked(declaration: type, args: Any, kwargs: Mapping[str, Any], subject: str) -> Any:
    """Validated options, from a mapping, keywords, or both; options that a parent component has validated pass through.

    Raises pulumi.RunError, which Pulumi prints without a traceback.
    """
    if args is not None and not isinstance(args, Mapping):
        return args
    # Imported here so that pydantic loads with the first component, not with the package.
    from modelinfra.options.strict import validate

    try:
        return validate(declaration, {**(args or {}), **kwargs}, subject=subject)
    except InvalidOptionsError as error:
        raise run_error(error) from None


def run_error(error: InvalidOptionsError) -> pulumi.RunError:
    """Mistakes in options as the one kind of error that Pulumi shows without a traceback."""
    return pulumi.RunError(str(error))

"""How every component takes its arguments: a mapping or keywords, checked in one go, mistakes as one pulumi.RunError."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from modelinfra.options.problems import InvalidOptionsError, Problem


def checked(declaration: type, args: Any, kwargs: Mapping[str, Any], subject: str, also: Iterable[Problem] = ()) -> Any:
    """Validated options, from a mapping, keywords, or both; options that a parent component has validated pass through.

    also: what the component itself found wrong, to be reported with the rest. Raises pulumi.RunError, which Pulumi prints
    without a traceback.
    """
    # Imported here so that pydantic loads with the first component, not with the package.
    from modelinfra.options.strict import is_validated, validate

    problems = list(also)
    options: Any = None
    if is_validated(args):
        options = args
    elif args is not None and not isinstance(args, Mapping):
        problems.append(Problem("args", "a mapping is expected here", "Pass a dictionary, or keywords.", args))
    else:
        try:
            options = validate(declaration, {**(args or {}), **kwargs})
        except InvalidOptionsError as error:
            problems += error.problems
    if problems:
        raise run_error(InvalidOptionsError(problems, subject))
    return options


def mapping_of(args: Any, kwargs: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """Arguments given as a mapping, as keywords, or as both; raises pulumi.RunError for anything else."""
    if args is not None and not isinstance(args, Mapping):
        problem = Problem("args", "a mapping is expected here", "Pass a dictionary, or keywords.", args)
        raise run_error(InvalidOptionsError([problem], subject))
    return {**(args or {}), **kwargs}


def run_error(error: InvalidOptionsError) -> pulumi.RunError:
    """Mistakes in options as the one kind of error that Pulumi shows without a traceback."""
    return pulumi.RunError(str(error))

"""Whether a fleet can be one on Greengrass: checked before anything is registered."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.options.problems import Problem

# Greengrass v2 developer guide, "AWS IoT Greengrass component recipe reference", recipe variables.
_VARIABLE: Final = re.compile(r"\{[A-Za-z0-9._-]+:[^{}]+\}")


def _environments(options: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The fleet's own variables, and those of its revisions."""
    yield "", options.environment or {}
    for name, revision in options.revisions.items():
        yield f"revisions.{name}.", revision.environment or {}


def misfits(options: Any) -> Iterator[Problem]:
    """options: validated ones."""
    if options.router.auth is not None:
        reason = "each device shows credentials of AWS, which its own certificate gets it"
        yield Problem("router.auth", reason, "Remove it, and let the gateway ask for these (`auth.iam`).")
    for where, environment in _environments(options):
        for name, value in sorted(environment.items()):
            if isinstance(value, str) and _VARIABLE.search(value):
                reason = "the nucleus writes something of its own in place of what stands in braces"
                yield Problem(f"{where}environment.{name}", reason, "Write it without braces.", value)
    if importlib.util.find_spec("pulumi_aws_native") is None:
        reason = "Greengrass is declared by AWS's native provider, whose package is not installed"
        yield Problem("runtime", reason, "Install it: pip install modelinfra[greengrass].", options.runtime)

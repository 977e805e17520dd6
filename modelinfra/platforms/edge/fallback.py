"""The endpoint in the cloud to which devices hand over what they are not sure of: whether they can reach it, and as whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pulumi import Output

from modelinfra.options.problems import Problem
from modelinfra.platforms.served_model import ServedModel


class Fallback(Protocol):
    """The endpoint as it was planned."""

    @property
    def name(self) -> str:
        """The user's word for it."""

    @property
    def options(self) -> Any:
        """Validated."""

    @property
    def served(self) -> ServedModel:
        """What it serves."""


@dataclass(frozen=True)
class Door:
    """Where devices knock: the API gateway's address, and the policy that lets a role through; None where devices show something else."""

    url: Output[str]
    policy_arn: Output[str] | None


Unknown = Callable[[Fallback], Iterator[Problem]]
"""Why devices of a runtime do not reach an endpoint, or are nobody there."""


def unknown_outside(shown: Any) -> Unknown:
    """Why devices of ECS Anywhere and Greengrass do not reach an endpoint, or are nobody there. shown: validated `router.auth`, or None."""

    def unknown(fallback: Fallback) -> Iterator[Problem]:
        gateway = fallback.options.exposure.gateway
        if gateway is not None:
            yield from _way_problems(fallback, gateway.auth, shown)
            return
        reason = (
            f"devices outside of the network do not reach '{fallback.name}', or would need a key that all of them share"
        )
        remedy = (
            "Name an endpoint on ECS with `exposure.gateway` and `auth.iam`: each ring's own role lets its devices in."
        )
        yield Problem("fallback", reason, remedy, fallback.name)

    return unknown


def fallback_problems(fallback: Fallback, served: ServedModel, unknown: Unknown, *, split: bool) -> Iterator[Problem]:
    """What keeps devices that serve this from handing over to that endpoint. unknown: of their runtime. split: it is the first half of a
    model."""
    yield from unknown(fallback)
    where = f"'{fallback.name}'"
    if fallback.served.several and not split:
        reason = f"{where} serves several models, and a device would not know which to ask"
        yield Problem("fallback", reason, "Name an endpoint with one `model`.", fallback.name)
    elif served.server.streams or fallback.served.server.streams:
        reason = "answers that come piece by piece are not passed on: the router reads an answer as a whole before it trusts it"
        yield Problem("fallback", reason, "Remove it, or serve a model that answers at once.", fallback.name)
    elif _shape(served) != _shape(fallback.served):
        reason = f"clients ask devices at {served.predict_path}, and {where} at {fallback.served.predict_path}: these are two protocols"
        yield Problem("fallback", reason, "Take servers of one protocol for both.", fallback.name)


def _way_problems(fallback: Fallback, auth: Any, shown: Any) -> Iterator[Problem]:
    """Whether devices have what the gateway asks for, one thing of its own for each device or ring."""
    where = f"the gateway of '{fallback.name}'"
    asked = [key for key in ("iam", "jwt", "mtls") if getattr(auth, key) is not None]
    if len(asked) != 1:
        reason = f"{where} asks {'nobody who he is' if not asked else 'for two things, and a router shows one'}"
        remedy = "Write one of `iam`, `jwt` and `mtls` below its `exposure.gateway.auth`, and nothing beside it."
        yield Problem("fallback", reason, remedy, fallback.name)
        return
    (way,) = asked
    given = None if shown is None else ("jwt" if shown.token_file is not None else "mtls")
    if way == "iam" and given is not None:
        reason = f"{where} asks for credentials of AWS, and devices have those of their ring's role"
        yield Problem("router.auth", reason, "Remove it.")
    elif way != "iam" and given != way:
        reason = f"{where} asks for {_WAYS[way][0]}, and nothing says where a device has its own"
        yield Problem("router.auth", reason, f"Write `router.auth` with {_WAYS[way][1]}, or `auth.iam` at the gateway.")


_WAYS: Final = {
    "jwt": ("a token", "`token_file`"),
    "mtls": ("a certificate", "`certificate` and `key`"),
}
"""What else a gateway asks for, and how a fleet says where it is."""


def _shape(served: ServedModel) -> str:
    """The path of predictions without the model's name, which may be another there."""
    return re.sub(rf"(?<=/){re.escape(served.model)}(?=[/:]|$)", "{model}", served.predict_path)

"""A model whose first half runs on devices and whose rest is the fallback: whether both halves are of one model, and how one is asked after
the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelinfra.catalog.halves import Half, TensorType, UnknownHalfError, read_half
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.platforms.edge.fallback import Fallback
from modelinfra.platforms.served_model import OneModel, ServedModel

# Amazon API Gateway, quotas of HTTP APIs: payload size.
MAX_BODY: Final = 10_000_000

_AT: Final = "router.split.at"


@dataclass(frozen=True)
class Joint:
    """tensor: what goes from the device to the cloud. rest: name of the fallback's model that takes it. binary_here, binary_there: whether
    the servers take and give tensors as raw bytes. unchecked: why it is not known whether the halves fit; empty where they do."""

    tensor: str
    rest: str
    binary_here: bool
    binary_there: bool
    unchecked: str


def joint(tensor: str, served: ServedModel, fallback: Fallback) -> tuple[Joint, list[Problem]]:
    """How a fleet's model and the fallback's are one; problems are told below the fleet."""
    here, why_here = _half(served.models[0])
    there: dict[str, tuple[Half | None, str]] = {each.name: _half(each) for each in fallback.served.models}
    rest = _rest(fallback, here, {name: half for name, (half, _) in there.items()})
    if rest is None:
        fact = (
            f"'{fallback.name}' serves {', '.join(there)}, and none of them is known to be the rest of {served.model}"
        )
        remedy = "Name an endpoint that serves the rest of it, or cut with `modelinfra split --server`, which writes down what belongs together."
        problems = [Problem("fallback", fact, remedy, fallback.name)]
        return Joint(tensor, next(iter(there)), False, False, ""), problems
    half, why_there = there[rest]
    problems = [*_protocol(served), *_misfits(tensor, here, half, served.model, rest, fallback.name)]
    made = Joint(
        tensor,
        rest,
        served.server.binary_tensors,
        fallback.served.server.binary_tensors,
        why_here or why_there,
    )
    if half is not None and not problems:
        (taken,) = half.inputs
        problems += _too_large(taken, binary=made.binary_there)
    return made, problems


def joint_note(revision: str, made: Joint, fallback: Fallback) -> str:
    """What the preview says of it."""
    form = "as raw bytes" if made.binary_there else "as JSON, several times its bytes"
    told = f"revision '{revision}': hands {made.tensor} over to {made.rest} of '{fallback.name}' {form}"
    return f"{told}; not checked whether the halves fit: {made.unchecked}" if made.unchecked else told


def _rest(fallback: Fallback, here: Half | None, there: dict[str, Half | None]) -> str | None:
    """The model of the fallback that takes what the device gives."""
    if not fallback.served.several:
        return fallback.served.model
    if here is None or not here.pair:
        return None
    return next((name for name, half in there.items() if half is not None and half.pair == here.pair), None)


def _half(model: OneModel) -> tuple[Half | None, str]:
    if model.directory is None:
        return None, f"{model.name} is in no directory on this machine"
    try:
        return read_half(model.directory.path), ""
    except UnknownHalfError as error:
        return None, str(error)


def _protocol(served: ServedModel) -> Iterator[Problem]:
    """The fallback's is the same (`fallback_problems`)."""
    if not re.fullmatch(r"/v2/models/[^/]+/infer", served.predict_path):
        reason = f"tensors are handed over as protocol v2 has them, and {served.server.title} is asked at {served.predict_path}"
        yield Problem(
            "router.split", reason, "Take servers of protocol v2 for both halves, such as mlserver or triton."
        )


def _misfits(
    tensor: str, here: Half | None, there: Half | None, first: str, rest: str, fallback: str
) -> Iterator[Problem]:
    """What is known of the halves and cannot be."""
    given = {each.name: each for each in here.outputs} if here is not None else {}
    taken = {each.name: each for each in there.inputs} if there is not None else {}
    if here is not None and here.part == "cloud":
        yield Problem("model", f"{first} is the rest of a model, and devices run its beginning", "Name the other half.")
    elif here is not None and tensor not in given:
        reason = f"{first} gives {', '.join(given)}, and not {tensor}, at which `router.split` cuts"
        yield Problem("model", reason, "Name the first half of a model that is cut there.")
    if there is None:
        return
    others = sorted(taken.keys() - {tensor})
    if there.part == "device":
        reason = f"{rest} of '{fallback}' is the beginning of a model, and the cloud runs the rest"
        yield Problem("fallback", reason, "Name an endpoint with the other half.", fallback)
    elif tensor not in taken:
        reason = f"{rest} of '{fallback}' takes {', '.join(taken)}, and no such tensor"
        yield Problem(_AT, reason, did_you_mean(tensor, list(taken)), tensor)
    elif others:
        reason = f"{rest} of '{fallback}' takes {', '.join(others)} besides, which nobody would give it"
        yield Problem("fallback", reason, "Cut where everything passes through one tensor.", fallback)
    elif tensor in given and not given[tensor].fits(taken[tensor]):
        reason = f"{first} gives it as {given[tensor]}, and {rest} of '{fallback}' takes it as {taken[tensor]}"
        yield Problem(_AT, reason, "Cut both halves from one model.", tensor)
    elif here is not None and here.pair and there.pair and here.pair != there.pair:
        reason = f"it is of another cut than {rest} of '{fallback}', and together they answer what no model would"
        yield Problem("model", reason, "Serve both halves of one `modelinfra split`.")


def _too_large(tensor: TensorType, *, binary: bool) -> Iterator[Problem]:
    # In JSON a value takes two bytes at least, a digit and a comma; most take ten times as many.
    least = (tensor.bytes if binary else 2 * (tensor.values or 0)) or 0
    if least > MAX_BODY:
        form = "" if binary else " or more, in JSON,"
        reason = f"it takes {least:,} bytes{form} for each request, and an API gateway takes {MAX_BODY:,}"
        remedy = "Cut further behind: `modelinfra split MODEL` lists the bytes of each cut."
        yield Problem(_AT, reason, remedy, tensor.name)

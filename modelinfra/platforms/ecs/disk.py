"""The disk of a replica on Fargate: image and model count against it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from modelinfra.catalog.fargate import (
    EPHEMERAL_STORAGE_DEFAULT_GIB,
    EPHEMERAL_STORAGE_LEAST_GIB,
    EPHEMERAL_STORAGE_MOST_GIB,
)
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.platforms.served_model import ServedModel

_GIB = 2**30


def no_such_disk(options: Any) -> Iterator[Problem]:
    """What no task has, with paths relative to the endpoint."""
    asked = options.ephemeral_storage
    if asked is None:
        return
    least, most = EPHEMERAL_STORAGE_LEAST_GIB, EPHEMERAL_STORAGE_MOST_GIB
    if options.accelerator is not None:
        reason, remedy = "replicas share the disk of their node", "Remove it, and write `disk` at the node pool."
        yield Problem("ephemeral_storage", reason, remedy, shown_bytes(asked))
    elif not least * _GIB <= asked <= most * _GIB:
        reason = f"on Fargate the least is {least}GiB, and the most {most}GiB"
        remedy = f"Write {least}GiB or more." if asked < least * _GIB else f"Write {most}GiB or less."
        yield Problem("ephemeral_storage", reason, remedy, shown_bytes(asked))


def ephemeral_storage_gib(asked: int | None, served: ServedModel) -> int | None:
    """GiB to ask Fargate for; None where its default is enough. asked: bytes that the user wants, or None.

    Raises InvalidOptionsError when the largest disk is too small, or the one that was asked for smaller than the model itself.
    """
    needed = _needed_gib(served)
    if asked is not None:
        if served.size_bytes is not None and asked < served.size_bytes:
            raise InvalidOptionsError([_smaller_than_the_model(asked, served.size_bytes, needed)])
        return math.ceil(asked / _GIB)
    if needed > EPHEMERAL_STORAGE_MOST_GIB:
        raise InvalidOptionsError([_larger_than_any_disk(needed, served)])
    return None if needed <= EPHEMERAL_STORAGE_DEFAULT_GIB else max(needed, EPHEMERAL_STORAGE_LEAST_GIB)


def warnings(asked: int | None, served: ServedModel) -> Iterator[str]:
    """What may become too narrow. The user may know better than the estimate, so that this is no refusal."""
    needed = _needed_gib(served)
    if asked is not None and asked < needed * _GIB:
        yield f"the disk is {shown_bytes(asked)}, and image and model are expected to need {needed} GiB: the task may run out of disk"


def _needed_gib(served: ServedModel) -> int:
    return served.server.unpacked_image_gib + math.ceil(served.disk_bytes / _GIB)


def _smaller_than_the_model(asked: int, size: int, needed: int) -> Problem:
    remedy = (
        f"Remove it, or write {needed}GiB."
        if needed <= EPHEMERAL_STORAGE_MOST_GIB
        else f"Serve a smaller model: the largest disk of Fargate has {EPHEMERAL_STORAGE_MOST_GIB} GiB."
    )
    return Problem("ephemeral_storage", f"the model alone has {shown_bytes(size)}", remedy, shown_bytes(asked))


def _larger_than_any_disk(needed: int, served: ServedModel) -> Problem:
    reason = (
        f"image and model are expected to need {needed} GiB of disk, and the largest of Fargate has "
        f"{EPHEMERAL_STORAGE_MOST_GIB} GiB"
    )
    remedy = "Serve a smaller model, or write an `ephemeral_storage` that you know to be enough."
    said = not served.several and served.models[0].directory is None and served.size_bytes is not None
    where = "model.size" if said else served.option
    return Problem(where, reason, remedy, shown_bytes(served.counted_bytes))

"""What an endpoint with accelerators may say besides, and must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.options.problems import Problem
from modelinfra.options.quantities import shown_bytes

# Of the host, which is idle while the accelerator is busy (facts serving.md 2c: such metrics say nothing of a GPU's load).
_OF_THE_HOST = ("cpu_percent", "memory_percent")

# What says how many replicas there may be and how fast they change, but not when.
_OF_NO_LOAD = ("min", "max", "scale_out_cooldown", "scale_in_cooldown")


def accelerated_replicas_scale_on_demand(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `accelerator`, `scaling` and `mode`: CPU or memory alone does not scale accelerators (facts demand.md section 1 row 1)."""
    scaling = endpoint["scaling"]
    # The backlog of a queue is load, whatever works it off.
    if endpoint["mode"] == "async" or endpoint["accelerator"] is None or scaling.max in (None, scaling.min):
        return
    said = [key for key in type(scaling).model_fields if key not in _OF_NO_LOAD and getattr(scaling, key)]
    if set(said) <= set(_OF_THE_HOST):
        what = " and ".join(f"`{key}`" for key in said) + " alone" if said else "CPU, the default,"
        yield Problem(
            "scaling",
            f"by {what} nothing is learnt of an accelerator's load: replicas would be added late or never",
            "Write `requests_per_second_per_replica`, with others or alone, or a `max` that equals `min`.",
        )


def nodes_say_what_fargate_is_told(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `accelerator`, `node_pool`, `spot` and `ephemeral_storage`: spare capacity and disk are the node pool's."""
    if endpoint["accelerator"] is None:
        if endpoint["node_pool"] is not None:
            reason = "without `accelerator` replicas run on Fargate"
            yield Problem("node_pool", reason, "Write `accelerator`, or remove it.", endpoint["node_pool"])
        return
    if endpoint["spot"]:
        yield Problem("spot", "the node pool says whether nodes are spare capacity", "Write `spot` there.", True)
    if endpoint["ephemeral_storage"] is not None:
        reason = "replicas share the disk of their node"
        given = shown_bytes(endpoint["ephemeral_storage"])
        yield Problem("ephemeral_storage", reason, "Remove it, and write `disk` at the node pool.", given)

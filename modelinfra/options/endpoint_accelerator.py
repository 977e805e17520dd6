"""What an endpoint with accelerators may say besides, and must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.options.problems import Problem
from modelinfra.options.scaling import named, varies
from modelinfra.options.server import known_row

# Of the host, which is idle while the accelerator is busy (facts serving.md 2c: such metrics say nothing of a GPU's load).
_OF_THE_HOST = ("cpu_percent", "memory_percent")


def accelerated_replicas_scale_on_demand(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `accelerator`, `server`, `scaling` and `mode`: CPU or memory alone does not scale accelerators (facts demand.md section 1 row 1)."""
    scaling = endpoint["scaling"]
    # The backlog of a queue is load, whatever works it off.
    if endpoint["accelerator"] is None or not varies(scaling) or endpoint["mode"] == "async":
        return
    said = named(scaling)
    row = known_row(endpoint["server"])
    if not said and row is not None and row.streams:
        yield Problem(
            "scaling",
            f"answers of {row.title} are streamed as a rule, and the load balancer sees when they begin: how many are in flight it cannot say",
            "Write `requests_per_second_per_replica`; `concurrency` where no client streams; or a `max` that equals `min`.",
        )
    elif said and set(said) <= set(_OF_THE_HOST):
        what = " and ".join(f"`{key}`" for key in said)
        yield Problem(
            "scaling",
            f"by {what} alone nothing is learnt of an accelerator's load: replicas would be added late or never",
            "Write `concurrency` or `requests_per_second_per_replica`, with others or alone, or a `max` that equals `min`.",
        )


def nodes_say_what_fargate_is_told(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `accelerator`, `node_pool` and `spot`: spare capacity is the node pool's."""
    if endpoint["accelerator"] is None:
        if endpoint["node_pool"] is not None:
            reason = "its nodes have accelerators, and without `accelerator` replicas run elsewhere"
            yield Problem("node_pool", reason, "Write `accelerator`, or remove it.", endpoint["node_pool"])
        return
    if endpoint["spot"]:
        yield Problem("spot", "the node pool says whether nodes are spare capacity", "Write `spot` there.", True)

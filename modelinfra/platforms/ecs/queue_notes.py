"""What a reader of the preview should know of an asynchronous endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.options.asynchronous import DEFAULT_BACKLOG
from modelinfra.options.quantities import shown_seconds
from modelinfra.options.queue import queue_of


def notes_of_queue(options: Any) -> Iterator[str]:
    """In words for the preview."""
    scaling, queue = options.scaling, queue_of(options)
    if scaling.max not in (None, scaling.min):
        backlog = scaling.backlog_per_replica or DEFAULT_BACKLOG
        yield (
            f"{scaling.min} to {scaling.max} replicas, one for every {backlog} messages that wait or are worked on; {scaling.min} again "
            f"when there were none for {shown_seconds(scaling.scale_in_cooldown)}"
        )
    if scaling.min == 0:
        # SQS developer guide, "Monitoring Amazon SQS queues using CloudWatch".
        yield (
            "with no replica the first message waits for the metric of its queue (a minute; up to 15 after six hours without any), for a "
            "task and for the server's start"
        )
    if queue.bucket is not None:
        yield "the bucket of results is handed in: its policy must let the task role and clients in, and its rules say what expires"

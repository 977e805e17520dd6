"""The Dockerfile of the worker, which takes messages from the queue of an asynchronous endpoint."""

from __future__ import annotations

from modelinfra.components.program_image import BASE, HEAD, USER, environment, home, stage

_WORKER = "worker"


def worker_dockerfile() -> str:
    """The image that runs beside the server. Nothing runs in the last stage, so that no emulator of another architecture is needed."""
    return (
        f"{HEAD}# Takes messages from a queue and asks a model server, made by modelinfra.\n"
        f"{stage(_WORKER, 'worker')}"
        f"FROM {BASE}\n"
        f"COPY --from=worker {home(_WORKER)} {home(_WORKER)}\n"
        f"{environment(_WORKER)}"
        f"USER {USER}\n"
        'CMD ["python", "-m", "modelinfra.worker"]\n'
    )

"""Answers on a device, and hands over to the cloud what the device cannot answer well: what runs in the container `router` beside a light
model server.

The same protocol goes in and out (KServe v1 or v2: one path). The light model answers. Where it is not sure, too busy, too slow or not
there, the endpoint in the cloud is asked. Where the cloud is away, the light answer is given all the same, and the request is kept on disk
and sent up later. docs/edge-router.md says it in words.

It stands alone: beside these files only `masks`, `records`, `spool` and `traces` of `modelinfra/shipper` are in its container, and what
`requirements.lock` says, which is plain Python for any processor.

    python -m modelinfra.router          routes, until SIGTERM
    python -m modelinfra.router health   whether it answers: exit code 0 or 1

It reads what to do from `MODELINFRA_ROUTER`, a JSON object (`settings`).
"""

from __future__ import annotations

from typing import Final

SHIPPER_FILES: Final = ("__init__.py", "masks.py", "records.py", "spool.py", "traces.py")
"""What of `modelinfra/shipper` is in the router's container, too: how masks, samples and their spool are written is said once."""

"""Serves moto on a free port of 127.0.0.1, and answers calls of AWS's API for whoever started it, until its input ends.

This file is run by the linters' environment (`make judge` makes it) and imports nothing of the project. It prints the port; then it takes
JSON lines {"service", "call", "args"}, and prints what boto3 answers.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from typing import Any


def main() -> None:
    """Serve until the parent closes the pipe or ends."""
    # AWS's own policies are there in every account.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    logging.disable(logging.CRITICAL)
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    answer_more()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    print(port, flush=True)
    for line in sys.stdin:
        print(json.dumps(called(port, **json.loads(line)), default=str), flush=True)
    server.stop()


def answer_more() -> None:
    """Reads that the Terraform provider makes of everything and moto 5.2.5 lacks: AWS's answers for what has no tags."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

    ApplicationAutoScalingResponse.list_tags_for_resource = lambda _self: json.dumps({"Tags": {}})  # type: ignore[attr-defined]


def called(port: int, service: str, call: str, args: dict[str, Any]) -> Any:
    """What AWS's API answers."""
    import boto3

    client = boto3.client(
        service,
        region_name="us-west-2",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    return getattr(client, call)(**args)


if __name__ == "__main__":
    main()

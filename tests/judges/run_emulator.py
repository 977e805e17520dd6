"""Serves moto on a free port of 127.0.0.1 until its standard input ends, and prints the port.

This file is run by the linters' environment (`make judge` makes it) and imports nothing of the project. The provider reads more of what
it made than moto answers; what is missing is answered here, each with what AWS answers for a resource that has no tags.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys


def main() -> None:
    """Serve until the parent closes the pipe or dies."""
    # The execution roles of AWS's own are looked up by ARN.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    logging.disable(logging.CRITICAL)
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    ApplicationAutoScalingResponse.list_tags_for_resource = lambda _self: json.dumps({"Tags": {}})  # type: ignore[attr-defined]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()

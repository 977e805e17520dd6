"""Serves the stand-in cloud until it is told to stop: `python -m modelinfra.testing.cloud --port 5555 --state cloud.json`.

Then run Pulumi with PULUMI_DEBUG_PROVIDERS=aws:5555,docker-build:5555.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from types import FrameType

from modelinfra.testing.cloud import StandInCloud, serve


def main() -> None:
    """Parse the command line, print the port, serve."""
    parser = argparse.ArgumentParser(prog="python -m modelinfra.testing.cloud", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="local port; 0 takes a free one (default)")
    parser.add_argument("--state", type=Path, help="file that keeps what exists (default: memory)")
    parser.add_argument("--control", type=Path, help="JSON list of failures, followed while it runs")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each change takes (default 0)")
    arguments = parser.parse_args()
    cloud = StandInCloud(arguments.state, latency=arguments.latency, control=arguments.control)
    server, port = serve(cloud, arguments.port)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop(grace=0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()

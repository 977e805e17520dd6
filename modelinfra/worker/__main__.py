"""Reads the settings, and works, waits or asks how it is."""

from __future__ import annotations

import os
import signal
import sys

from modelinfra.worker.loop import Loop
from modelinfra.worker.server import Server
from modelinfra.worker.settings import Settings, SettingsError, read
from modelinfra.worker.status import serve, well


def main(arguments: list[str]) -> int:
    """Exit code 0 when all went well."""
    try:
        settings = read(os.environ.get("MODELINFRA_WORKER", ""))
    except SettingsError as error:
        print(f"worker: {error}", file=sys.stderr)
        return 1
    if arguments == ["wait"]:
        return 0 if Server(settings).wait(say) else 1
    if arguments == ["health"]:
        return 0 if well(settings) else 1
    work(settings)
    return 0


def say(line: str) -> None:
    """Write a line to the log."""
    print(f"worker: {line}", flush=True)


def work(settings: Settings) -> None:
    """Until SIGTERM."""
    # What only working needs is loaded with it: the health check is asked every half a minute.
    import boto3
    from botocore.config import Config

    from modelinfra.worker.job import Work
    from modelinfra.worker.protection import Protection
    from modelinfra.worker.queue import Queue
    from modelinfra.worker.store import Store

    # A receive waits up to 20 s by itself.
    config = Config(
        max_pool_connections=settings.concurrency + 4,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 5},
    )
    session = boto3.Session()
    server = Server(settings)
    loop = Loop(
        Work(
            settings,
            Queue(session.client("sqs", config=config), settings),
            Store(session.client("s3", config=config), settings),
            server,
            say,
        ),
        Protection(os.environ.get("ECS_AGENT_URI", ""), settings.longest_request_seconds, say),
    )
    signal.signal(signal.SIGTERM, loop.stop)
    signal.signal(signal.SIGINT, loop.stop)
    serve(settings, lambda: loop.busy or server.ready())
    say(f"takes messages, {settings.concurrency} at once")
    loop.run()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

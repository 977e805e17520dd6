"""Reads the settings, and routes until SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import urllib.request

from modelinfra.router.settings import Settings, SettingsError, read

# What answers, closes its files and ships its last samples after the last request.
_LAST_SECONDS = 1


def main(arguments: list[str]) -> int:
    """Exit code 0 when all went well."""
    try:
        settings = read(os.environ.get("MODELINFRA_ROUTER", ""))
    except SettingsError as error:
        print(f"router: {error}", file=sys.stderr)
        return 1
    if arguments == ["health"]:
        return 0 if well(settings) else 1
    route(settings)
    return 0


def say(line: str) -> None:
    """Write a line to the log."""
    tell(f"router: {line}")


def tell(line: str) -> None:
    """Write a line as it is, and all at once: several threads have something to say."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def well(settings: Settings) -> bool:
    """Whether the router on this machine answers."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def route(settings: Settings) -> None:
    """Until SIGTERM: then no more comes in, and what is in is answered."""
    import uvicorn

    from modelinfra.router.app import application

    # uvicorn stops in peace and then raises the signal anew: this process ends with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    told = settings.local
    uvicorn.run(
        application(settings, say, tell),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        # Connections beyond what may wait are refused before anything is read of them; some are for health and metrics.
        limit_concurrency=told.waiting + told.concurrency + settings.cloud.concurrency + 64,
        timeout_graceful_shutdown=max(1, settings.stop_seconds - _LAST_SECONDS),
        timeout_keep_alive=30,
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Reads the settings, and ships until SIGTERM."""

from __future__ import annotations

import os
import signal
import sys

from modelinfra.shipper.settings import SettingsError, read


def main() -> int:
    """Exit code 0 when all went well."""
    try:
        settings = read(os.environ.get("MODELINFRA_SHIPPER", ""))
    except SettingsError as error:
        print(f"capture: {error}", file=sys.stderr)
        return 1
    import boto3
    from botocore.config import Config

    from modelinfra.shipper.shipping import Shipping

    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
    shipping = Shipping(settings, boto3.client("s3", config=config), say)
    signal.signal(signal.SIGTERM, shipping.stop)
    signal.signal(signal.SIGINT, shipping.stop)
    shipping.run()
    return 0


def say(line: str) -> None:
    """Write a line to the log."""
    print(f"capture: {line}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())

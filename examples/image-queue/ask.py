"""Asks for every photo below a prefix, and prints what comes.

python ask.py QUEUE_URL STORE_URI s3://acme-photos/incoming/
"""

from __future__ import annotations

import sys

from modelinfra.client import AsyncEndpoint, RequestFailedError


def main(queue_url: str, store_uri: str, prefix: str) -> int:
    """Exit code 0 when every photo has an answer."""
    batch = AsyncEndpoint(queue_url, store_uri).batch(prefix, suffix=".jpg", content_type="image/jpeg")
    print(f"{batch.sent} of {len(batch.ids)} photos sent")
    failed = 0
    for photo, found in batch.results(timeout=3600):
        if isinstance(found, RequestFailedError):
            failed += 1
            print(f"{photo}: {found.reason}")
        else:
            print(f"{photo}: {found.json()}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:4]))

"""The way to the cloud, and its door: takes only the device's token, lasts some milliseconds, and remembers keys.

    python tools/edge_proof/gateway.py PORT SERVER TOKEN WAY_SECONDS JOURNAL

JOURNAL gets a line for each request that arrives and one for each that is computed, and is read again after a crash: so it is known
afterwards what came, and how often.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application(server: str, token: str, way_seconds: float, journal: Path) -> Starlette:
    client = httpx.AsyncClient(base_url=server, trust_env=False, timeout=60)
    answers: dict[str, asyncio.Future[bytes]] = {}
    known = (
        {row.split()[1] for row in journal.read_text().splitlines() if row.startswith("computed")}
        if journal.exists()
        else set()
    )
    file = journal.open("a", buffering=1)

    async def predict(request: Request) -> Response:
        body = await request.body()
        await asyncio.sleep(way_seconds)
        if request.headers.get("authorization") != f"Bearer {token}":
            return Response(status_code=401)
        key = request.headers.get("idempotency-key", "-")
        file.write(f"arrived {key}\n")
        if key in known and key not in answers:
            # Computed before this process began; the model has no state, so nothing is lost by computing its answer again for the log.
            file.write(f"known {key}\n")
            answer = await ask(body)
        elif key in answers:
            answer = await asyncio.shield(answers[key])
        else:
            answers[key] = asyncio.get_running_loop().create_future()
            answer = await ask(body)
            file.write(f"computed {key}\n")
            answers[key].set_result(answer)
        await asyncio.sleep(way_seconds)
        return Response(answer, media_type="application/json")

    async def ask(body: bytes) -> bytes:
        found = await client.post("/v2/models/digits/infer", content=body, headers={"content-type": "application/json"})
        found.raise_for_status()
        return found.content

    async def ready(_: Request) -> Response:
        return Response("{}")

    return Starlette(
        routes=[
            Route("/v2/models/digits/infer", predict, methods=["POST"]),
            Route("/v2/models/digits/ready", ready),
        ]
    )


if __name__ == "__main__":
    port, server, token, way, journal = sys.argv[1:]
    uvicorn.run(
        application(server, token, float(way), Path(journal)),
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_level="error",
    )

"""Keeps a sample of requests and answers for retraining: what runs in the container `capture` beside the proxy and the model server.

The proxy (Envoy) copies whole requests with their answers to whoever listens at its admin address, and this program listens: it masks,
writes JSON lines, and puts them into S3. It is not in the way of any request: without it the proxy copies nothing.

It stands alone: nothing else of modelinfra is imported here, because only these files are in the container (and what
`modelinfra/fetcher/requirements.lock` says). `masks` says how masks are written, and the options use it, too.

    python -m modelinfra.shipper        ships, until SIGTERM

It reads what to do from `MODELINFRA_SHIPPER`, a JSON object (`settings`).
"""

"""KServe's agent before a server: it puts requests together, and copies what passes. Pure.

What it does was read in cmd/agent, pkg/batcher and pkg/logger of kserve/kserve 0.20.0. Of `batcher` it reads no `timeout`, which its definition has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from modelinfra.options.problems import Problem
from modelinfra.options.server import CUSTOM
from modelinfra.platforms.served_model import ServedModel

AGENT_PORT: Final = 9081
"""The Service leads there where there is an agent (constants.InferenceServiceDefaultAgentPort)."""

# Servers that put requests together themselves -> where that is said in their documentation.
_BATCH_THEMSELVES: Final = {
    "mlserver": "Write max_batch_size and max_batch_time in model-settings.json.",
    "triton": "Write dynamic_batching in config.pbtxt.",
    "vllm": "Remove it: it batches continuously.",
    "sglang": "Remove it: it batches continuously.",
    "tgi": "Remove it: it batches continuously.",
    "torchserve": "Write batchSize and maxBatchDelay in the model's configuration.",
}


def problems(options: Any, served: ServedModel) -> Iterator[Problem]:
    """What the agent cannot do with this server."""
    if options.batching is None:
        return
    server = served.server
    if server.name in _BATCH_THEMSELVES:
        reason = f"{server.title} puts requests together itself, and KServe's agent knows protocol V1 alone"
        yield Problem("batching", reason, _BATCH_THEMSELVES[server.name])
    elif v1_path(served) is None:
        reason = f"KServe's agent puts requests of protocol V1 together, and {server.title} is asked at {served.predict_path}"
        yield Problem("batching", reason, "Remove it.")


def v1_path(served: ServedModel) -> str | None:
    """Path of a prediction in protocol V1; None where the server is not known to speak it."""
    if served.server.name == CUSTOM:
        return served.predict_path if served.predict_path.endswith(":predict") else None
    return served.server.v1_predict_path_template.replace("{model}", served.model) or None


def warnings(options: Any, served: ServedModel) -> Iterator[str]:
    """What may go wrong, in words for the preview."""
    if options.batching is not None:
        path = v1_path(served)
        if path != served.predict_path:
            yield f"requests are put together at {path} only, and `predict_url` is another path of the server"
        yield (
            "with `batching` a replica works on one batch at a time, and an error of the server reaches clients as status 200 with "
            "`message` and no predictions"
        )
    if options.payload_logging is not None:
        yield (
            f"requests and answers go to {options.payload_logging.url} as they are: nothing is masked. While it does not answer, they "
            "pile up in the memory of the agent, which is ended at 1 GiB, and its requests with it"
        )


def has_agent(options: Any) -> bool:
    """Whether KServe's agent stands before the server."""
    return options.batching is not None or options.payload_logging is not None


def of_agent(options: Any) -> dict[str, Any]:
    """Keys of the predictor that bring it."""
    found: dict[str, Any] = {}
    if options.batching is not None:
        found["batcher"] = {
            "maxBatchSize": options.batching.max_batch_size,
            "maxLatency": options.batching.max_latency_ms,
        }
    logging = options.payload_logging
    if logging is not None:
        headers = ["-".join(word.capitalize() for word in each.split("-")) for each in logging.metadata_headers]
        # Without a mode nothing would be copied: the agent compares with each of the words.
        found["logger"] = {
            "url": logging.url,
            "mode": logging.mode,
            **({"metadataHeaders": headers} if headers else {}),
        }
    return found

"""What of an accelerator's memory is left for requests when vLLM serves a language model: exact arithmetic over measured overheads.

Formulas: facts demand.md section 3a (llm-d-planner 0.3.3, Apache-2.0, commit e50305a). `gpu_memory_utilization` is a share of the whole memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from modelinfra.catalog.attention import Attention

GIB: Final = 2**30

BLOCK: Final = 16
"""Tokens of one block of vLLM's cache (its default); a sequence takes whole blocks."""

Family = Literal["llama", "qwen", "gemma", "multimodal", "moe", "dense"]

# GiB that vLLM's profiling run takes beside the weights, as measured on H100: least and most over the versions that were measured. The most is
# of 0.11 (docs/empirical-vllm-memory-results.md of llm-d-planner e50305a: 4.84, 5.64, 2.12, 7.38), the least of 0.19 (facts demand.md 3b: 1.89,
# 2.21, 3.65 to 3.94, 2.5). They differ by versions, and not by context or batch; for a dense model of another family the widest of the two is taken.
_ACTIVATION: Final[dict[Family, tuple[float, float]]] = {
    "llama": (1.89, 4.84),
    "qwen": (2.21, 5.64),
    "gemma": (3.65, 5.64),
    "multimodal": (2.12, 5.64),
    "moe": (2.5, 8.0),
    "dense": (1.89, 5.64),
}

# Of CUDA and NCCL: with one accelerator and with several. 0.13 and 0.54 with 0.11, 0.27 and 2.10 with 0.19 (the same sources).
_NON_TORCH: Final[tuple[tuple[float, float], tuple[float, float]]] = ((0.13, 0.27), (0.54, 2.10))

# "±10 % or 3 GiB": what the 0.19 constants missed the older runs by, on average (facts demand.md 3b); newer versions are not measured at all.
_MARGIN_SHARE: Final = 0.10

Verdict = Literal["fits", "too close to say", "does not fit"]


@dataclass(frozen=True)
class Load:
    """A language model as it is to be served. weight_bytes: of all weights. context: longest sequence, in tokens. tensor_parallel: over how
    many accelerators each replica is spread. kv_bytes: of one value in the cache. utilization: share of memory that vLLM may take."""

    attention: Attention
    family: Family
    weight_bytes: int
    context: int
    tensor_parallel: int = 1
    kv_bytes: float = 2
    utilization: float = 0.9


@dataclass(frozen=True)
class Fit:
    """What is left. largest_context, sequences: by the largest overheads that were measured and a margin; 0 where nothing is left."""

    verdict: Verdict
    largest_context: int
    sequences: int


def fit(load: Load, memory_bytes: int) -> Fit:
    """Whether one sequence of the stated context fits on accelerators with so much memory each."""
    needed = math.ceil(load.context / BLOCK) * BLOCK
    surely = _tokens(load, memory_bytes, most=True)
    perhaps = _tokens(load, memory_bytes, most=False)
    verdict: Verdict = "fits" if surely >= needed else "too close to say" if perhaps >= needed else "does not fit"
    return Fit(verdict, surely, surely // needed if needed else 0)


def cache_bytes(memory_bytes: int, utilization: float, weights: float, activation: float, non_torch: float) -> float:
    """Bytes of one accelerator that are left for the cache; may be negative."""
    return memory_bytes * utilization - weights - activation - non_torch


def kv_bytes_per_token(load: Load) -> float:
    """Bytes that one token takes of each accelerator's cache."""
    attention = load.attention
    if attention.kv_lora_rank is not None:
        # The latent is the same for all heads, and every accelerator holds it whole.
        return attention.layers * (attention.kv_lora_rank + attention.qk_rope_head_dim) * load.kv_bytes
    heads = max(1, math.ceil(attention.kv_heads / load.tensor_parallel))
    return 2 * attention.layers * heads * attention.head_dim * load.kv_bytes


def divides(attention: Attention, tensor_parallel: int) -> bool:
    """Whether vLLM can spread the model over so many accelerators: heads are dealt out evenly, those of keys and values repeated where too few."""
    if attention.heads % tensor_parallel:
        return False
    if attention.kv_lora_rank is not None:
        return True
    return attention.kv_heads % tensor_parallel == 0 or tensor_parallel % attention.kv_heads == 0


def _tokens(load: Load, memory_bytes: int, *, most: bool) -> int:
    """Tokens that the cache of one replica holds. most: with the largest overheads and a margin, else with the least."""
    activation = _ACTIVATION[load.family][most]
    non_torch = _NON_TORCH[load.tensor_parallel > 1][most]
    left = cache_bytes(
        memory_bytes,
        load.utilization,
        load.weight_bytes / load.tensor_parallel,
        activation * GIB,
        non_torch * GIB,
    )
    if most:
        left -= _MARGIN_SHARE * max(left, 0)
    return max(0, math.floor(left / kv_bytes_per_token(load) / BLOCK) * BLOCK)

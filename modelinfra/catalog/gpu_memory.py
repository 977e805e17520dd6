"""What of an accelerator's memory is left for requests when vLLM serves a language model: exact arithmetic over measured overheads.

Formulas: facts demand.md section 3a (llm-d-planner 0.3.3, Apache-2.0, commit e50305a). `gpu_memory_utilization` is a share of the whole memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from modelinfra.catalog.accelerators import Accelerator
from modelinfra.catalog.attention import Attention

GIB: Final = 2**30

BLOCK: Final = 16
"""Tokens of one block of vLLM's cache (its default); a sequence takes whole blocks."""

Family = Literal["llama", "qwen", "gemma", "multimodal", "moe", "dense"]

# vLLM's version -> GiB that its profiling run takes beside the weights, measured on H100, the least and the most of a family. They depend on the
# version, and not on context or batch. 0.11: docs/empirical-vllm-memory-results.md of llm-d-planner e50305a (its code keeps 8.0 for experts,
# which is taken here). 0.19: docs/accuracy/vllm-v0.19.0-accuracy-report.md of the same repository (2d557dc: 49 runs of 28 models; Granite, Phi and
# Phi3 are `dense`), and of Gemma facts demand.md 3b.
_ACTIVATION: Final[dict[str, dict[Family, tuple[float, float]]]] = {
    "0.11": {"llama": (4.76, 4.84), "qwen": (5.56, 5.64), "multimodal": (2.12, 2.12), "moe": (7.38, 8.0)},
    "0.19": {
        "llama": (0.77, 1.97),
        "qwen": (2.21, 2.29),
        "gemma": (3.65, 3.94),
        "multimodal": (0.79, 2.49),
        "moe": (1.21, 3.19),
        "dense": (0.75, 1.52),
    },
}

# The same of CUDA and NCCL: with one accelerator, and with several. 0.19: 0.27 and 2.10 on average, Granite 0.46 and four accelerators 2.17.
_NON_TORCH: Final[dict[str, tuple[tuple[float, float], tuple[float, float]]]] = {
    "0.11": ((0.13, 0.14), (0.54, 0.55)),
    "0.19": ((0.24, 0.46), (2.06, 2.17)),
}

MEASURED_VERSIONS: Final = frozenset(_ACTIVATION)
"""Of vLLM, whose overheads are known by themselves; of any other, `fits` takes the largest of all, and `does not fit` none."""

# CUDA graphs are captured after the cache is laid out, beside it: 0.51 to 1.85 GiB (the report of 0.19).
_GRAPHS: Final = 1.85

# Weights of four accelerators took 0.8 % more than a quarter each (the report of 0.19).
_UNEVEN: Final = 1.01

# What is kept of the cache: llm-d-planner's own error of it was 7.8 % on average (the report of 0.19), facts demand.md section 3 asks for 10 % or 3 GiB. The
# 3 GiB are between constants of two versions, both of which count where the version is not known.
_MARGIN_SHARE: Final = 0.10

# GiB that CUDA says an accelerator has, the least that reports tell: less than EC2 says, since error correction and the driver take of it. H100: the
# source of 0.11. A100: vllm-project/vllm#4408. A10G, L4: rhymes-ai/Aria#24, vllm-project/vllm#17835. T4: Zheng-Chong/CatVTON#133. L40S: out-of-memory
# reports in public repositories (44.34 to 44.67).
_SEEN_GIB: Final = {"T4": 14.56, "A10G": 21.96, "L4": 21.96, "L40S": 44.34, "A100-80GB": 79.15, "H100": 79.18}
# Of another one, as much less as of the T4, the one that loses most.
_SEEN_SHARE: Final = 0.91

Verdict = Literal["fits", "too close to say", "does not fit"]


@dataclass(frozen=True)
class Load:
    """A language model as it is to be served. weight_bytes: of all weights. context: longest sequence, in tokens. tensor_parallel: over how
    many accelerators each replica is spread. kv_bytes: of one value in the cache. utilization: share of memory that vLLM may take.
    version: of vLLM, such as `0.19`; None where it is not known."""

    attention: Attention
    family: Family
    weight_bytes: int
    context: int
    tensor_parallel: int = 1
    kv_bytes: float = 2
    utilization: float = 0.9
    version: str | None = None


@dataclass(frozen=True)
class Fit:
    """What is left. largest_context, sequences: by the largest overheads that were measured and a margin; 0 where nothing is left."""

    verdict: Verdict
    largest_context: int
    sequences: int


def fit(load: Load, device: Accelerator) -> Fit:
    """Whether one sequence of the stated context fits on so many of an accelerator."""
    needed = blocks(load.context)
    surely = _tokens(load, _surely_left(load, device))
    perhaps = _tokens(load, _perhaps_left(load, device))
    verdict: Verdict = "fits" if surely >= needed else "too close to say" if perhaps >= needed else "does not fit"
    return Fit(verdict, surely, surely // needed)


def blocks(tokens: int) -> int:
    """Tokens that a sequence takes of the cache: whole blocks, and one at the least.

    >>> blocks(17)
    32
    """
    return max(1, math.ceil(tokens / BLOCK)) * BLOCK


def cache_bytes(memory_bytes: float, utilization: float, weights: float, activation: float, non_torch: float) -> float:
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


def divides(attention: Attention, tensor_parallel: int) -> bool | None:
    """Whether vLLM can spread the model over so many accelerators; None where the widths of its layers are not known.

    Heads and widths are dealt out evenly, heads of keys and values repeated where too few, the vocabulary padded to multiples of 64.
    """
    if tensor_parallel == 1:
        return True
    if attention.heads % tensor_parallel:
        return False
    spread = attention.kv_heads % tensor_parallel == 0 or tensor_parallel % attention.kv_heads == 0
    if attention.kv_lora_rank is None and not spread:
        return False
    if attention.vocabulary is None or not attention.widths:
        return None
    return all(each % tensor_parallel == 0 for each in (*attention.widths, math.ceil(attention.vocabulary / 64) * 64))


def overheads(family: Family, tensor_parallel: int, version: str | None) -> tuple[float, float]:
    """GiB beside weights and cache, the least and the most."""
    several = tensor_parallel > 1
    if version not in _ACTIVATION:
        return 0.0, max(overheads(family, tensor_parallel, each)[1] for each in _ACTIVATION)
    low, high = _activation(family, _ACTIVATION[version])
    least, most = _NON_TORCH[version][several]
    return low + least, high + most


def _activation(family: Family, measured: dict[Family, tuple[float, float]]) -> tuple[float, float]:
    # Of a family that was not measured nothing is known at the least, and the largest of all but experts is taken; and of a dense model
    # of any other family, too, since a few of them do not speak for all.
    if family in measured and family != "dense":
        return measured[family]
    return 0.0, max(most for each, (_, most) in measured.items() if each != "moe")


def _surely_left(load: Load, device: Accelerator) -> float:
    seen = _SEEN_GIB.get(device.name, device.memory_gib * _SEEN_SHARE)
    utilization = min(load.utilization, 1 - _GRAPHS / seen)
    weights = load.weight_bytes / load.tensor_parallel * (_UNEVEN if load.tensor_parallel > 1 else 1)
    most = overheads(load.family, load.tensor_parallel, load.version)[1]
    left = cache_bytes(seen * GIB, utilization, weights, most * GIB, 0)
    return left - _MARGIN_SHARE * max(left, 0)


def _perhaps_left(load: Load, device: Accelerator) -> float:
    least = overheads(load.family, load.tensor_parallel, load.version)[0]
    return cache_bytes(
        device.memory_gib * GIB, load.utilization, load.weight_bytes / load.tensor_parallel, least * GIB, 0
    )


def _tokens(load: Load, left: float) -> int:
    """Tokens that the cache of one replica holds."""
    return max(0, math.floor(left / kv_bytes_per_token(load) / BLOCK) * BLOCK)

"""How a language model attends, read from the `config.json` that Hugging Face keeps beside its weights. What is not known is said, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# Models whose every layer attends to the whole context (transformers, configuration_*.py of each). What mixes in sliding windows, chunks or
# recurrent layers (gemma2, gemma3, gpt_oss, llama4, qwen3_next, jamba) needs less cache, by rules of its own.
_WHOLE: Final = frozenset(
    {"llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "granite", "gemma", "olmo", "olmo2", "phi", "phi3"}
)  # fmt: skip
_LATENT: Final = frozenset({"deepseek_v2", "deepseek_v3"})
_SPARSE: Final = ("mixtral", "qwen2_moe", "qwen3_moe", *_LATENT)
_EXPERTS: Final = ("num_local_experts", "num_experts", "n_routed_experts")
_WIDTHS: Final = ("intermediate_size", "moe_intermediate_size", "shared_expert_intermediate_size")


@dataclass(frozen=True)
class Attention:
    """Numbers as in `config.json`. kv_lora_rank, qk_rope_head_dim: of multi-head latent attention, where there is one. widths: of the layers
    between (intermediate_size and its like), none where they are not stated. vocabulary: vocab_size."""

    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int = 0
    widths: tuple[int, ...] = ()
    vocabulary: int | None = None


class UnknownAttentionError(ValueError):
    """The configuration does not say how the model attends, or in a way that is not known here. The message is the reason."""


def attention_of(config: Mapping[str, Any]) -> Attention:
    """Read a `config.json`. Raises UnknownAttentionError."""
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in _WHOLE | _LATENT:
        raise UnknownAttentionError(f"how a model of the type {kind!r} attends is not known here")
    if config.get("sliding_window") is not None and config.get("use_sliding_window", True) is not False:
        raise UnknownAttentionError("it attends to a sliding window, whose cache is not computed here")
    mixed = config.get("layer_types")
    if mixed is not None and (not isinstance(mixed, list) or any(each != "full_attention" for each in mixed)):
        raise UnknownAttentionError("not all of its layers attend to the whole context (layer_types)")
    layers, heads = _count(config, "num_hidden_layers"), _count(config, "num_attention_heads")
    kv_heads, head_dim, rank, rope = heads, 0, None, 0
    if kind in _LATENT:
        rank, rope = _count(config, "kv_lora_rank"), _count(config, "qk_rope_head_dim")
        kv_heads, head_dim = 1, rank + rope
    else:
        if "num_key_value_heads" in config:
            kv_heads = _count(config, "num_key_value_heads")
        head_dim = _head_dim(config, heads)
    widths = tuple(_count(config, key) for key in _WIDTHS if config.get(key) is not None)
    vocabulary = _count(config, "vocab_size") if config.get("vocab_size") is not None else None
    return Attention(
        layers, heads, kv_heads, head_dim, rank, rope, widths if "intermediate_size" in config else (), vocabulary
    )


def has_experts(config: Mapping[str, Any]) -> bool:
    """Whether it is a mixture of experts."""
    return config.get("model_type") in _SPARSE or any(
        isinstance(config.get(key), int) and config[key] > 1 for key in _EXPERTS
    )


def _head_dim(config: Mapping[str, Any], heads: int) -> int:
    if config.get("head_dim") is not None:
        return _count(config, "head_dim")
    hidden = _count(config, "hidden_size")
    if hidden % heads:
        raise UnknownAttentionError(f"hidden_size {hidden} is no multiple of num_attention_heads {heads}")
    return hidden // heads


def _count(config: Mapping[str, Any], key: str) -> int:
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**7:
        raise UnknownAttentionError(f"its configuration has no {key}")
    return value

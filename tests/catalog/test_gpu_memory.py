"""What is left of an accelerator's memory, against figures that others measured."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.attention import Attention, UnknownAttentionError, attention_of
from modelinfra.catalog.gpu_memory import (
    GIB,
    MEASURED_VERSIONS,
    Load,
    cache_bytes,
    divides,
    fit,
    kv_bytes_per_token,
    overheads,
)

H100_GIB = 79.18

# llm-d-planner e50305a (Apache-2.0), docs/empirical-vllm-memory-results.md: GiB on an H100 with vLLM 0.11. Weights, activation, non-torch,
# measured cache, utilization.
MEASURED = {
    "gpt-oss-20b": (13.47, 7.38, 0.13, 50.28, 0.9),
    "gpt-oss-120b": (64.38, 7.38, 0.13, 3.33, 0.9),
    "Llama-3.3-70B-FP8, 2 accelerators": (33.88, 4.84, 0.55, 32.00, 0.9),
    "Llama-3.1-8B": (14.99, 4.76, 0.13, 51.38, 0.9),
    "Qwen3-0.6B": (1.12, 5.56, 0.13, 64.45, 0.9),
    "Qwen3-32B": (61.03, 5.64, 0.14, 4.45, 0.9),
    "Qwen3-32B, 2 accelerators": (30.59, 5.64, 0.54, 34.49, 0.9),
    "Mistral-Small-3.2-24B": (44.76, 2.12, 0.14, 28.20, 0.95),
}

LLAMA_8B = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "vocab_size": 128256,
}
DEEPSEEK = {
    "model_type": "deepseek_v3",
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
}


def named(name: str) -> Accelerator:
    found = accelerator(name)
    assert found is not None
    return found


def sized(mib: int) -> Accelerator:
    return Accelerator("another", "NVIDIA", mib, "Ampere")


def left(name: str) -> tuple[float, float]:
    weights, activation, non_torch, measured, utilization = MEASURED[name]
    return cache_bytes(
        int(H100_GIB * GIB), utilization, weights * GIB, activation * GIB, non_torch * GIB
    ) / GIB, measured


@pytest.mark.parametrize("name", [each for each in MEASURED if each != "gpt-oss-120b"])
def test_seven_of_eight_measured_caches_add_up(name: str) -> None:
    computed, measured = left(name)
    assert computed == pytest.approx(measured, abs=0.01)


def test_the_eighth_adds_up_at_the_utilization_that_its_row_does_not_state() -> None:
    computed, measured = left("gpt-oss-120b")
    assert computed < 0 < measured
    assert computed + H100_GIB * 0.05 == pytest.approx(measured, abs=0.01)


def test_a_token_takes_what_was_measured() -> None:
    # The same source: Mistral-Small-3.2-24B, 40 layers, 8 of 32 heads, 128 each: 163,840 bytes a token.
    attention = Attention(40, 32, 8, 128)
    assert kv_bytes_per_token(Load(attention, "multimodal", 0, 1)) == 163_840


def test_latent_attention_is_not_spread_over_accelerators() -> None:
    latent = attention_of(DEEPSEEK)
    one, eight = (kv_bytes_per_token(Load(latent, "moe", 0, 1, each)) for each in (1, 8))
    assert one == eight == 61 * (512 + 64) * 2


@pytest.mark.parametrize(("parallel", "heads"), [(1, 8), (4, 2), (8, 1), (16, 1)])
def test_heads_of_keys_and_values_are_dealt_out_and_repeated_where_too_few(parallel: int, heads: int) -> None:
    attention = attention_of(LLAMA_8B)
    assert divides(attention, parallel)
    assert kv_bytes_per_token(Load(attention, "llama", 0, 1, parallel)) == 2 * 32 * heads * 128 * 2


def test_heads_that_are_not_dealt_out_evenly_are_refused() -> None:
    assert divides(attention_of(LLAMA_8B), 3) is False


def test_widths_and_the_padded_vocabulary_are_dealt_out_evenly_too() -> None:
    # Qwen2-7B: 28 heads, 4 of keys and values, 18944 = 37 * 512 wide.
    qwen = {"model_type": "qwen2", "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "hidden_size": 3584,
            "intermediate_size": 18944, "vocab_size": 152064}  # fmt: skip
    assert [each for each in range(1, 9) if divides(attention_of(qwen), each)] == [1, 2, 4]
    assert divides(attention_of({**qwen, "intermediate_size": 18945}), 2) is False
    assert divides(attention_of({**qwen, "vocab_size": 152001}), 4) is True


@pytest.mark.parametrize("missing", ["intermediate_size", "vocab_size"])
def test_without_widths_it_is_not_known_whether_several_accelerators_can_share(missing: str) -> None:
    attention = attention_of({key: value for key, value in LLAMA_8B.items() if key != missing})
    assert (divides(attention, 1), divides(attention, 2)) == (True, None)


def test_eight_billion_parameters_on_three_accelerators_of_ec2() -> None:
    load = Load(attention_of(LLAMA_8B), "llama", int(8.03e9 * 2), 8192)
    verdicts = {name: fit(load, named(name)).verdict for name in ("T4", "A10G", "L40S")}
    assert verdicts == {"T4": "does not fit", "A10G": "too close to say", "L40S": "fits"}


def test_with_a_version_that_was_measured_less_is_left_open() -> None:
    # vLLM 0.19 on an H100 with 0.95 of its memory: 58.11 GiB of cache (the report of 0.19: Llama-3.1-8B-Instruct).
    load = Load(attention_of(LLAMA_8B), "llama", int(14.99 * GIB), 8192, utilization=0.95, version="0.19")
    known, unknown = fit(load, named("H100")), fit(replace(load, version=None), named("H100"))
    assert unknown.largest_context < known.largest_context <= 58.11 * GIB / kv_bytes_per_token(load)
    assert fit(replace(load, utilization=0.9, version="0.19"), named("A10G")).verdict == "fits"


@pytest.mark.parametrize("name", [each for each in MEASURED if "gpt-oss" not in each])
def test_overheads_of_the_measured_version_hold_what_was_measured(name: str) -> None:
    _, activation, non_torch, *_ = MEASURED[name]
    family = "llama" if "Llama" in name else "qwen" if "Qwen" in name else "multimodal"
    least, most = overheads(family, 2 if "2 acc" in name else 1, "0.11")
    assert least - 0.01 <= activation + non_torch <= most + 0.01


def test_of_a_version_that_was_not_measured_the_largest_overheads_count_and_none_at_the_least() -> None:
    least, most = overheads("llama", 2, "0.25")
    assert least == 0
    assert most == max(overheads("llama", 2, each)[1] for each in MEASURED_VERSIONS)


def test_room_for_cuda_graphs_is_kept_beside_a_very_large_share() -> None:
    load = Load(attention_of(LLAMA_8B), "llama", 8 * GIB, 8192, utilization=1.0)
    assert fit(load, named("L40S")).largest_context < fit(replace(load, kv_bytes=1), named("L40S")).largest_context
    assert fit(load, named("L40S")) == fit(replace(load, utilization=0.98), named("L40S"))


def test_what_cuda_says_counts_and_not_what_is_sold() -> None:
    # A T4 of 16 GiB shows 14.56 of them.
    load = Load(attention_of(LLAMA_8B), "llama", 7 * GIB, 1)
    same = Accelerator("another", "NVIDIA", 17000, "Turing")
    assert fit(load, named("T4")).largest_context < fit(load, same).largest_context


@given(
    weights=st.integers(0, 200 * GIB),
    mib=st.integers(8 * 1024, 300 * 1024),
    context=st.integers(1, 200_000),
    parallel=st.sampled_from([1, 2, 4, 8]),
    version=st.sampled_from([None, "0.11", "0.19", "0.30"]),
)
def test_what_fits_is_counted_and_fits_on_more_memory_too(
    weights: int, mib: int, context: int, parallel: int, version: str | None
) -> None:
    load = Load(attention_of(LLAMA_8B), "llama", weights, context, parallel, version=version)
    here, larger = fit(load, sized(mib)), fit(load, sized(mib + 1024))
    assert (here.sequences > 0) == (here.verdict == "fits")
    assert here.largest_context % 16 == 0
    assert here.sequences * math.ceil(context / 16) * 16 <= here.largest_context
    order = ["does not fit", "too close to say", "fits"]
    assert order.index(here.verdict) <= order.index(larger.verdict)
    # What is not known only ever widens what cannot be said.
    anything = fit(replace(load, version=None), sized(mib)).verdict
    assert anything in (here.verdict, "too close to say")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, "a model of the type None"),
        ({**LLAMA_8B, "model_type": "gpt_oss"}, "a model of the type 'gpt_oss'"),
        ({**LLAMA_8B, "model_type": "mistral", "sliding_window": 4096}, "sliding window"),
        ({key: value for key, value in LLAMA_8B.items() if key != "num_hidden_layers"}, "no num_hidden_layers"),
        ({**LLAMA_8B, "num_attention_heads": 0}, "no num_attention_heads"),
        ({**LLAMA_8B, "hidden_size": "4096"}, "no hidden_size"),
        ({**LLAMA_8B, "model_type": ["llama"]}, "a model of the type"),
        ({**LLAMA_8B, "layer_types": ["full_attention", "sliding_attention"]}, "layer_types"),
        ({**LLAMA_8B, "num_key_value_heads": None}, "no num_key_value_heads"),
        ({**LLAMA_8B, "hidden_size": 4097}, "is no multiple of num_attention_heads"),
    ],
)
def test_what_is_not_known_is_said_and_never_guessed(config: dict[str, object], reason: str) -> None:
    with pytest.raises(UnknownAttentionError, match=reason):
        attention_of(config)


def test_a_sliding_window_that_is_switched_off_is_none() -> None:
    config = {**LLAMA_8B, "model_type": "qwen2", "sliding_window": 32768, "use_sliding_window": False}
    assert attention_of(config).kv_heads == 8

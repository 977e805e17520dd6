"""What the command of a container says to vLLM. What it says and is not understood is not known: it never stands for a default."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.review.served import LATER, Container, NotKnownError


@dataclass(frozen=True)
class Flags:
    """None where a flag is not given: then vLLM's default holds. quantization: whether it is given. version: of the image, such as `0.19`."""

    context: int | None = None
    tensor_parallel: int | None = None
    utilization: float | None = None
    kv_bits: float | None = None
    bits: float | None = None
    quantization: bool = False
    version: str | None = None


def server_among(containers: Sequence[Container]) -> Container | None:
    """The container that runs vLLM; None where no image and no command says so. Raises NotKnownError where several do, or it cannot be seen."""
    found = [each for each in containers if _runs_vllm(each)]
    if not found and any(each.words is None or not isinstance(each.image, str) for each in containers):
        raise NotKnownError(f"what a container of {containers[0].node.name} runs is {LATER}")
    if len({(each.words, each.image) for each in found}) > 1:
        raise NotKnownError("several of its containers run vLLM")
    return found[0] if found else None


def flags_of(server: Container) -> Flags:
    """What a container's command says. Raises NotKnownError for a flag that is not understood, or changes what fits in a way that is not computed."""
    if server.words is None:
        raise NotKnownError(f"the command of {server.node.name} is {LATER}")
    words = _split(server.words)
    _refuse_unread(words)
    found: dict[str, Any] = {}
    for flag, value in _flags(words):
        if flag in _HARMLESS and value in _HARMLESS[flag]:
            continue
        if flag in _NOT_COMPUTED:
            raise NotKnownError(f"what {flag} changes is not computed here")
        if flag in _AT_MOST:
            number = _natural(value)
            if number is None or number > _AT_MOST[flag]:
                raise NotKnownError(f"the overheads of {flag} {value} were not measured")
        elif flag == "--quantization":
            found["quantization"] = value not in ("none", "None")
        elif flag in _FLAGS:
            key, read = _FLAGS[flag]
            found[key] = read(value)
            if found[key] is None and value != "auto":
                raise NotKnownError(f"{flag} {value} is not understood")
            if found[key] is None and key == "context":
                raise NotKnownError("vLLM chooses the longest context itself (--max-model-len auto)")
    image = _VERSION.search(server.image) if isinstance(server.image, str) else None
    return Flags(**found, version=image[1] if image else None)


# `8k` is 8,000 and `8K` 8,192 (vllm/engine/arg_utils.py, human_readable_int).
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)([kKmM]?)")
_FACTORS: Final = {"": 1, "k": 10**3, "K": 2**10, "m": 10**6, "M": 2**20}
# vLLM's own image; what a tag means in another repository only its owner knows.
_VERSION: Final = re.compile(r"(?:^|/)vllm/vllm-openai:v?(\d+\.\d+)(?:[.\-+@]|$)")


def _natural(text: str) -> int | None:
    match = _SIZE.fullmatch(text)
    number = float(match[1]) * _FACTORS[match[2]] if match else 0
    return int(number) if number >= 1 else None


def _share(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number <= 1 else None


_BITS: Final = {"half": 16.0, "float16": 16.0, "bfloat16": 16.0, "float": 32.0, "float32": 32.0}
_KV_BITS: Final = {"float16": 16.0, "bfloat16": 16.0, "fp8": 8.0, "fp8_e4m3": 8.0, "fp8_e5m2": 8.0, "fp8_inc": 8.0}

_FLAGS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "--max-model-len": ("context", _natural),
    "--tensor-parallel-size": ("tensor_parallel", _natural),
    "--gpu-memory-utilization": ("utilization", _share),
    "--kv-cache-dtype": ("kv_bits", _KV_BITS.get),
    "--dtype": ("bits", _BITS.get),
}
_SHORT: Final = {
    "-tp": "--tensor-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-dp": "--data-parallel-size",
    "-dcp": "--decode-context-parallel-size",
    "-pcp": "--prefill-context-parallel-size",
    "-ep": "--enable-expert-parallel",
    "-sc": "--speculative-config",
    "-q": "--quantization",
}
_NOT_COMPUTED: Final = frozenset(
    {
        "--pipeline-parallel-size", "--data-parallel-size", "--decode-context-parallel-size", "--prefill-context-parallel-size",
        "--enable-expert-parallel", "--cpu-offload-gb", "--enable-lora", "--speculative-config", "--speculative-model",
        "--kv-cache-memory-bytes", "--kv-cache-memory", "--num-gpu-blocks-override", "--hf-overrides", "--rope-scaling", "--config",
    }
)  # fmt: skip
_HARMLESS: Final = {
    "--pipeline-parallel-size": ("1",),
    "--data-parallel-size": ("1",),
    "--decode-context-parallel-size": ("1",),
    "--prefill-context-parallel-size": ("1",),
    "--cpu-offload-gb": ("0",),
}
# The profiling run is as large as these; the measured ones had vLLM's defaults on H100 (from memory of vllm/engine/arg_utils.py, not read again).
_AT_MOST: Final = {"--max-num-batched-tokens": 8192, "--max-num-seqs": 1024}

_ALL: Final = frozenset({*_FLAGS, *_NOT_COMPUTED, *_AT_MOST, "--quantization"})

# A variable in the place of one of these says nothing of memory; one that stands alone may be any flag.
_TAKE_TEXT: Final = frozenset(
    {
        "serve",
        "--model",
        "--served-model-name",
        "--tokenizer",
        "--revision",
        "--host",
        "--port",
        "--api-key",
        "--download-dir",
    }
)


def _runs_vllm(container: Container) -> bool:
    words = container.words or ()
    return "vllm" in str(container.image) or any("vllm" in each for each in words) or any(
        flag in _FLAGS for flag, _ in _flags(_split(words))
    )  # fmt: skip


def _split(words: Sequence[str]) -> list[str]:
    """A command as its words, that of a shell, too; what is no command of a shell (an open quote) stays as it is."""
    found: list[str] = []
    for word in words:
        try:
            found.extend(shlex.split(word) if _is_script(word) else [word])
        except ValueError:
            found.append(word)
    return found


def _is_script(word: str) -> bool:
    # Flags take JSON as one word.
    return any(each.isspace() for each in word) and not word.startswith(("{", "["))


def _flags(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each flag with its value, empty without one. `_` in a name stands for `-`, as in vLLM, and `--flag.key` sets a part of it."""
    for index, word in enumerate(words):
        if not word.startswith("-"):
            continue
        name, equals, value = word.partition("=")
        flag = name.replace("_", "-").partition(".")[0] if name.startswith("--") else name
        following = words[index + 1] if index + 1 < len(words) and not words[index + 1].startswith("--") else ""
        yield _SHORT.get(flag, flag), value if equals else following


def _refuse_unread(words: Sequence[str]) -> None:
    for before, word in itertools.pairwise(("", *words)):
        if word.startswith("$") and before not in _TAKE_TEXT:
            raise NotKnownError(f"its command takes {word}, which is known only where it runs")
        if _is_script(word) and "--" in word:
            raise NotKnownError("its command is no line of a shell that can be read here")
        name = word.partition("=")[0].replace("_", "-")
        whole = next((flag for flag in _ALL if flag.startswith(name) and flag != name), None)
        if name.startswith("--") and len(name) > 2 and whole is not None and name not in _ALL:
            raise NotKnownError(f"{name} is not understood; write {whole}")

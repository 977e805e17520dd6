"""What a stack file states of a language model below `modelinfra:usage`, since no resource says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel

from modelinfra.catalog.accelerators import accelerator
from modelinfra.catalog.attention import attention_of, has_experts
from modelinfra.catalog.gpu_memory import GIB, Family, Load
from modelinfra.review.served import NotKnownError
from modelinfra.review.vllm_flags import Flags

_LARGEST_CONFIG: Final = 1_000_000

# vLLM's default, as in the measured versions.
_UTILIZATION: Final = 0.9

# The first word of a model's type -> whose overheads it has.
_FAMILIES: Final[dict[str, Family]] = {"llama": "llama", "qwen2": "qwen", "qwen3": "qwen", "gemma": "gemma"}


class LanguageModel(BaseModel):
    """A language model, and what it is to run on. config: `config.json` of its repository at Hugging Face, as a path within the project or
    as a mapping; the weights' size by either of two figures."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    config: dict[str, Any] = Field(description="config.json, as a mapping or as its path in the project.")
    parameters_billion: float | None = Field(None, gt=0, le=100_000, description="Billions of parameters.")
    weight_gib: float | None = Field(None, gt=0, le=100_000, description="GiB of all files with weights.")
    weight_bits: float | None = Field(
        None,
        ge=1,
        le=32,
        description="Bits of a parameter in memory. Default: 16, unless config or command say that it is quantised.",
    )
    kv_bits: float | None = Field(None, ge=1, le=32, description="Bits of a value in the cache. Default: 16.")
    context: int | None = Field(
        None, gt=0, description="A sequence, in tokens. Default: max_position_embeddings of config."
    )
    accelerator: str | None = Field(
        None, description="Such as A10G. Default: that of the resources, where they say it."
    )
    tensor_parallel: int | None = Field(
        None, gt=0, le=64, description="Over how many accelerators each replica is spread. Default: 1, as vLLM's."
    )
    gpu_memory_utilization: float = Field(_UTILIZATION, gt=0, le=1, description="As vLLM's flag.")

    @field_validator("config", mode="before")
    @classmethod
    def _read(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, str):
            return given
        root = (info.context or {}).get("directory")
        path = Path(given)
        if root is None or path.is_absolute() or ".." in path.parts:
            raise ValueError("write the path of a config.json within the project, relative to Pulumi.yaml")
        try:
            return _parsed(Path(root), path)
        except OSError:
            raise ValueError("there is no such file in the project") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(str(error) if isinstance(error, _RefusedError) else "the file is no JSON") from None

    @field_validator("accelerator")
    @classmethod
    def _known(cls, given: str | None) -> str | None:
        if given is not None and accelerator(given) is None:
            raise ValueError("EC2 has no accelerator of that name that the catalogue knows")
        return given

    @model_validator(mode="after")
    def _sized(self) -> LanguageModel:
        if (self.parameters_billion is None) == (self.weight_gib is None):
            raise ValueError("one of parametersBillion and weightGib is needed")
        return self

    def weight_bytes(self, flags: Flags) -> int:
        """Of all weights, in memory. Raises NotKnownError where they are quantised and nobody says how large they are then."""
        # A quantised repository's files are as large as its weights in memory; what a flag quantises is smaller than its files.
        stored = self.config.get("quantization_config") is not None
        if self.weight_gib is not None and (stored or not flags.quantization):
            # --dtype float32 makes twice as much of files that hold 16 bits.
            return int(self.weight_gib * GIB * (1 if stored else (flags.bits or 16) / 16))
        if (flags.quantization or stored) and self.weight_bits is None:
            raise NotKnownError("the weights are quantised: state weightBits")
        if self.parameters_billion is None:
            raise NotKnownError("the weights are quantised: state parametersBillion and weightBits")
        return int(self.parameters_billion * 1e9 * (self.weight_bits or flags.bits or 16) / 8)

    @property
    def family(self) -> Family:
        """Whose overheads it has."""
        if has_experts(self.config):
            return "moe"
        if "vision_config" in self.config:
            return "multimodal"
        return _FAMILIES.get(str(self.config.get("model_type")), "dense")

    def longest(self, flags: Flags, *, server: bool) -> int:
        """The longest sequence that the server takes, and must have room for. server: whether its command is known.

        Raises NotKnownError where nothing says it.
        """
        if flags.context is not None:
            return flags.context
        of_model = self.config.get("max_position_embeddings")
        if not isinstance(of_model, int) or isinstance(of_model, bool) or of_model <= 0:
            of_model = None
        # Without --max-model-len vLLM takes what the model was made for, whatever anybody means to send.
        if (server or self.context is None) and of_model is not None:
            scaling = self.config.get("rope_scaling")
            if isinstance(scaling, dict) and scaling.get("rope_type", scaling.get("type")) not in ("llama3", "default"):
                raise NotKnownError("its rope_scaling changes the longest context: write --max-model-len")
            return of_model
        if self.context is None:
            raise NotKnownError("the longest context is stated nowhere")
        return self.context

    def load(self, flags: Flags, tensor_parallel: int, *, server: bool) -> Load:
        """The load on the accelerators; what the server's command says wins, and its silence, too. Raises UnknownAttentionError and NotKnownError."""
        # Only a repository that is quantised can ask for a smaller cache by itself.
        plain = server and self.config.get("quantization_config") is None
        return Load(
            attention_of(self.config),
            self.family,
            self.weight_bytes(flags),
            self.longest(flags, server=server),
            tensor_parallel,
            (flags.kv_bits or (None if plain else self.kv_bits) or flags.bits or 16) / 8,
            flags.utilization or (_UTILIZATION if server else self.gpu_memory_utilization),
            flags.version,
        )


class _RefusedError(ValueError):
    pass


def _parsed(root: Path, path: Path) -> Any:
    file = root / path
    if not file.is_file() or not file.resolve().is_relative_to(root.resolve()):
        raise _RefusedError("there is no such file in the project")
    if file.stat().st_size > _LARGEST_CONFIG:
        raise _RefusedError("a config.json of more than a million bytes is none")
    return json.loads(file.read_text(encoding="utf-8"))

"""What a stack file states of a language model below `modelinfra:usage`, since no resource says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.alias_generators import to_camel

from modelinfra.catalog.accelerators import accelerator
from modelinfra.catalog.attention import UnknownAttentionError, attention_of, has_experts
from modelinfra.catalog.gpu_memory import GIB, Family, Load

_LARGEST_CONFIG: Final = 1_000_000

# The first word of a model's type -> whose overheads it has.
_FAMILIES: Final[dict[str, Family]] = {"llama": "llama", "qwen2": "qwen", "qwen3": "qwen", "gemma": "gemma"}


class LanguageModel(BaseModel):
    """A language model, and what it is to run on. config: `config.json` of its repository at Hugging Face, as a path within the project or
    as a mapping; the weights' size by either of two figures."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    config: dict[str, Any] = Field(description="config.json, as a mapping or as its path in the project.")
    parameters_billion: float | None = Field(None, gt=0, le=100_000, description="Billions of parameters.")
    weight_gib: float | None = Field(None, gt=0, le=100_000, description="GiB of all files with weights.")
    weight_bits: float = Field(16, ge=1, le=32, description="Bits of a parameter in memory.")
    kv_bits: float = Field(16, ge=1, le=32, description="Bits of a value in the cache.")
    context: int | None = Field(
        None, gt=0, description="Longest sequence, in tokens. Default: max_position_embeddings of config."
    )
    accelerator: str | None = Field(
        None, description="Such as A10G. Default: that of the resources, where they say it."
    )
    accelerators: Annotated[int, Field(gt=0, le=64)] | None = None
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1, description="As vLLM's flag.")

    @field_validator("config", mode="before")
    @classmethod
    def _read(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, str):
            return given
        root = (info.context or {}).get("directory")
        path = Path(given)
        if root is None or path.is_absolute() or ".." in path.parts:
            raise ValueError("write the path of a config.json within the project, relative to Pulumi.yaml")
        file = Path(root, path)
        if not file.is_file() or not file.resolve().is_relative_to(Path(root).resolve()):
            raise ValueError("there is no such file in the project")
        if file.stat().st_size > _LARGEST_CONFIG:
            raise ValueError("a config.json of more than a million bytes is none")
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            raise ValueError("the file is no JSON") from None

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

    @property
    def weight_bytes(self) -> int:
        """Of all weights, in memory."""
        if self.weight_gib is not None:
            return int(self.weight_gib * GIB)
        assert self.parameters_billion is not None, "the validator asks for one of the two"
        return int(self.parameters_billion * 1e9 * self.weight_bits / 8)

    @property
    def family(self) -> Family:
        """Whose overheads it has."""
        if has_experts(self.config):
            return "moe"
        if "vision_config" in self.config:
            return "multimodal"
        return _FAMILIES.get(str(self.config.get("model_type")), "dense")

    def load(
        self, *, context: int | None, tensor_parallel: int | None, kv_bits: float | None, utilization: float | None
    ) -> Load:
        """The load on the accelerators; what is given (by the server's command) wins. Raises UnknownAttentionError."""
        attention = attention_of(self.config)
        longest = context or self.context or self.config.get("max_position_embeddings")
        if not isinstance(longest, int) or longest <= 0:
            raise UnknownAttentionError("the longest context is stated nowhere")
        return Load(
            attention,
            self.family,
            self.weight_bytes,
            longest,
            tensor_parallel or self.accelerators or 1,
            (kv_bits or self.kv_bits) / 8,
            utilization or self.gpu_memory_utilization,
        )

"""What the command of a container says to vLLM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import mapping, plain

_TASK: Final = "aws:ecs/taskDefinition:TaskDefinition"
_FLAGS: Final = {
    "--max-model-len": "context",
    "--tensor-parallel-size": "tensor_parallel",
    "-tp": "tensor_parallel",
    "--gpu-memory-utilization": "utilization",
    "--kv-cache-dtype": "kv_bits",
}


@dataclass(frozen=True)
class Flags:
    """None where a flag is not given, or not understood."""

    context: int | None = None
    tensor_parallel: int | None = None
    utilization: float | None = None
    kv_bits: float | None = None


def flags_of(words: list[str]) -> Flags:
    """Read a command, `--flag value` or `--flag=value`; the last word counts, as in vLLM."""
    found: dict[str, Any] = {}
    for index, word in enumerate(words):
        flag, equals, value = word.partition("=")
        key = _FLAGS.get(flag)
        if key is None:
            continue
        text = value if equals else words[index + 1] if index + 1 < len(words) else ""
        found[key] = _read(key, text)
    return Flags(**found)


def commands(graph: Graph) -> Iterator[tuple[Node, list[str]]]:
    """Every command of a container: of ECS tasks, and of what runs pods."""
    for node in graph:
        if node.type == _TASK:
            text = plain(node.inputs.get("containerDefinitions"))
            containers = _parsed(text) if isinstance(text, str) else []
        elif node.type.startswith("kubernetes:"):
            spec = mapping(mapping(plain(node.inputs.get("spec"))).get("template")).get("spec")
            containers = mapping(spec).get("containers") or []
        else:
            continue
        for each in containers if isinstance(containers, list) else []:
            words = [*_words(mapping(each).get("command")), *_words(mapping(each).get("args"))]
            if words:
                yield node, words


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return []


def _words(given: Any) -> list[str]:
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _read(key: str, text: str) -> Any:
    try:
        if key == "kv_bits":
            return 8.0 if text.startswith("fp8") else 16.0 if text in ("bfloat16", "float16") else None
        number = float(text) if key == "utilization" else int(text)
    except ValueError:
        return None
    return number if number > 0 else None

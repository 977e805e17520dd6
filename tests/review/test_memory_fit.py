"""Whether a language model fits, as far as stack file and resources say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.finding import Finding
from modelinfra.review.report import report
from modelinfra.review.usage import UsageError, read_usage
from tests.catalog.test_gpu_memory import LLAMA_8B
from tests.review.making import ENDPOINT, changes, node, task

MODEL: dict[str, Any] = {
    "config": {**LLAMA_8B, "max_position_embeddings": 131072},
    "parametersBillion": 8.03,
    "context": 8192,
}
CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


def on_ecs(*command: str) -> list[Node]:
    home = node(ENDPOINT, "chat")
    definition = task({"name": "model", "image": "vllm", "command": ["vllm", "serve", *command]})
    definition.parent = home.urn
    return [home, definition]


def on_sagemaker(instance: Any) -> list[Node]:
    home = node(ENDPOINT, "chat")
    return [home, node(CONFIG, "config", parent=home.urn, productionVariants=[{"instanceType": instance}])]


def told(before: list[Node], after: list[Node], **model: Any) -> tuple[list[tuple[str, ...]], list[Finding]]:
    usage = read_usage({"components": {"chat": {"languageModel": {**MODEL, **model}}}})
    found = report(changes(before, after), usage=usage)
    rows = [row for table in found.tables if table.title == "What fits in accelerator memory" for row in table.rows]
    return rows, [each for each in found.findings if "does not fit" in each.title]


def verdict(nodes: list[Node], **model: Any) -> str:
    return told([], nodes, **model)[0][0][3]


def test_a_model_that_fits_is_told_with_what_is_left() -> None:
    ((name, on, context, now, largest, sequences),), found = told([], on_ecs(), accelerator="L40S")
    assert (name, on, context, now, found) == ("chat", "1 x L40S", "8,192", "fits", [])
    assert int(largest.replace(",", "")) >= 8192 * int(sequences)


def test_a_change_of_the_machine_to_one_that_is_too_small_is_a_high_finding_with_the_smallest_that_holds_it() -> None:
    rows, (found,) = told(on_sagemaker("ml.g6e.xlarge"), on_sagemaker("ml.g4dn.xlarge"))
    assert rows[0][3:5] == ("fits", "does not fit")
    assert (found.severity, found.title) == ("high", "the model of chat does not fit on 1 x T4")
    assert "g6e.xlarge (1 x L40S)" in found.remedy


def test_what_did_not_fit_before_is_not_told_again() -> None:
    assert told(on_sagemaker("ml.g4dn.xlarge"), on_sagemaker("ml.g4dn.2xlarge"))[1] == []


def test_flags_of_the_servers_command_win() -> None:
    rows, _ = told(on_ecs(), on_ecs("--max-model-len=131072", "--tensor-parallel-size", "4"), accelerator="A10G")
    assert rows[0][1:3] == ("4 x A10G", "131,072")


def test_a_cache_of_eight_bits_holds_twice_as_much() -> None:
    def largest(*flags: str) -> int:
        return int(told([], on_ecs(*flags), accelerator="L40S")[0][0][4].replace(",", ""))

    assert largest("--kv-cache-dtype=fp8") == pytest.approx(2 * largest(), abs=16)


@pytest.mark.parametrize(
    ("nodes", "model"),
    [
        (on_ecs(), {}),
        (on_sagemaker(Unknown), {}),
        (on_sagemaker("ml.nothing.large"), {}),
        (on_sagemaker("ml.inf2.xlarge"), {}),
        (on_ecs(), {"accelerator": "A10G", "accelerators": 3}),
        (on_ecs(), {"accelerator": "A10G", "config": {"model_type": "jamba"}}),
        (on_ecs(), {"accelerator": "A10G", "config": LLAMA_8B, "context": None}),
    ],
)
def test_what_is_not_known_never_fits(nodes: list[Node], model: dict[str, Any]) -> None:
    assert verdict(nodes, **model).startswith("not known: ")


def test_without_a_language_model_nothing_is_said() -> None:
    found = report(changes([], on_ecs()), usage=read_usage({"logGb": 1}))
    assert "What fits in accelerator memory" not in {table.title for table in found.tables}


def test_a_config_of_the_project_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_8B))
    usage = read_usage({"components": {"chat": {"languageModel": {**MODEL, "config": "config.json"}}}}, tmp_path)
    model = usage.components["chat"].language_model
    assert model is not None
    assert model.config == LLAMA_8B


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"config": "/etc/passwd"}, "the path of a config.json within the project"),
        ({"config": "../config.json"}, "the path of a config.json within the project"),
        ({"config": "missing.json"}, "there is no such file in the project"),
        ({"config": "text.json"}, "the file is no JSON"),
        ({"accelerator": "A1000"}, "EC2 has no accelerator of that name"),
        ({"weightGib": 15}, "one of parametersBillion and weightGib is needed"),
        ({"modelType": "llama"}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_statements_are_refused(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    (tmp_path / "text.json").write_text("no")
    with pytest.raises(UsageError, match=said):
        read_usage({"components": {"chat": {"languageModel": {**MODEL, **wrong}}}}, tmp_path)


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text(json.dumps(LLAMA_8B))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "config.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(UsageError, match="there is no such file in the project"):
        read_usage(
            {"components": {"chat": {"languageModel": {**MODEL, "config": "config.json"}}}}, tmp_path / "project"
        )

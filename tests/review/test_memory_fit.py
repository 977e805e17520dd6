"""Whether a language model fits, as far as stack file and resources say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.model import Node
from modelinfra.graph.values import Secret, Unknown
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


def containers(*given: dict[str, Any]) -> list[Node]:
    home = node(ENDPOINT, "chat")
    definition = task(*({"name": "model", "image": "server", **each} for each in given))
    definition.parent = home.urn
    return [home, definition]


def on_ecs(*command: str) -> list[Node]:
    return containers({"image": "vllm", "command": ["vllm", "serve", *command]})


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
    ((name, on, longest, now, largest, sequences),), found = told(
        [], on_ecs("--max-model-len=16384"), accelerator="L40S"
    )
    assert (name, on, longest, now, found) == ("chat", "1 x L40S", "16,384", "fits", [])
    many, _, usual = sequences.partition(" of ")
    assert usual == "8,192"
    # 44.34 GiB * 0.9 less weights, 4.84 and 0.46 of overheads and a tenth of the rest, at 128 KiB a token.
    assert (largest, many) == ("131,072", "17")


def test_without_a_flag_vllm_keeps_room_for_the_longest_sequence_of_the_model() -> None:
    rows, (found,) = told([], on_ecs(), accelerator="A10G")
    assert rows[0][2:4] == ("131,072", "does not fit")
    assert "vLLM stops while it starts" in found.text
    assert told([], on_ecs("--max-model-len", "8K"), accelerator="A10G")[0][0][2:4] == ("8,192", "too close to say")


def test_what_fits_is_no_more_than_the_model_was_made_for() -> None:
    assert told([], on_sagemaker("ml.p4de.24xlarge"), tensorParallel=1)[0][0][4] == "131,072"


def test_a_change_of_the_machine_to_one_that_is_too_small_is_a_high_finding_with_the_smallest_that_holds_it() -> None:
    rows, (found,) = told(on_sagemaker("ml.g6e.xlarge"), on_sagemaker("ml.g4dn.xlarge"))
    assert rows[0][3:5] == ("fits", "does not fit")
    assert (found.severity, found.title) == ("high", "the model of chat does not fit on 1 x T4")
    assert "g6e.xlarge (1 x L40S)" in found.remedy


def test_a_shorter_context_is_offered_where_one_fits() -> None:
    _, (found,) = told([], on_ecs(), accelerator="A10G", weightGib=8, parametersBillion=None)
    assert "Or write --max-model-len" in found.remedy


def test_what_did_not_fit_before_is_not_told_again() -> None:
    assert told(on_sagemaker("ml.g4dn.xlarge"), on_sagemaker("ml.g4dn.2xlarge"))[1] == []


def test_a_new_component_that_does_not_fit_is_told() -> None:
    other = node(ENDPOINT, "other")
    rows, found = told([other], [other, *on_ecs()], accelerator="T4")
    assert rows[0][3:5] == ("not there", "does not fit")
    assert len(found) == 1


def test_what_the_resources_say_wins_over_what_is_stated() -> None:
    assert told([], on_sagemaker("ml.g4dn.xlarge"), accelerator="H200")[0][0][1:4] == (
        "1 x T4",
        "8,192",
        "does not fit",
    )
    rows, _ = told(
        on_ecs(), on_ecs("--max-model-len=131072", "--tensor-parallel-size", "4"), accelerator="A10G", tensorParallel=2
    )
    assert rows[0][1:3] == ("4 x A10G", "131,072")


@pytest.mark.parametrize(
    "command",
    [
        ("sh", "-c", "exec vllm serve $MODEL --max-model-len 4096 -tp 2"),
        ("vllm", "serve", "--max_model_len=4096", "-tp=2"),
        (
            "python3",
            "-m",
            "vllm.entrypoints.openai.api_server",
            "--max-model-len",
            "8192",
            "-tp",
            "2",
            "--max-model-len",
            "4096",
        ),
    ],
)
def test_a_command_is_read_as_vllm_reads_it(command: tuple[str, ...]) -> None:
    assert told([], containers({"command": list(command)}), accelerator="L40S")[0][0][1:3] == ("2 x L40S", "4,096")


def test_a_sidecar_is_not_taken_for_the_server() -> None:
    nodes = containers(
        {"image": "nginx", "command": ["nginx", "--max", "$N"]},
        {"image": "vllm/vllm-openai:v0.19.0", "command": ["--max-model-len=4096"]},
    )
    assert told([], nodes, accelerator="A10G")[0][0][1:4] == ("1 x A10G", "4,096", "fits")


def test_a_cache_of_eight_bits_holds_twice_as_much() -> None:
    def largest(*flags: str) -> int:
        return int(
            told([], on_ecs("--max-model-len=8192", *flags), accelerator="A10G", parametersBillion=6, config=LLAMA_8B)[
                0
            ][0][4].replace(",", "")
        )

    assert largest("--kv-cache-dtype=fp8") == pytest.approx(2 * largest(), abs=16)


def test_weights_of_thirty_two_bits_are_twice_as_large() -> None:
    assert verdict(on_ecs("--dtype", "float32", "--max-model-len=8192"), accelerator="A10G") == "does not fit"


def test_quantised_weights_need_their_size_stated() -> None:
    nodes = on_ecs("--quantization", "awq", "--max-model-len=8192")
    assert verdict(nodes, accelerator="A10G") == "not known: the weights are quantised: state weightBits"
    assert verdict(nodes, accelerator="A10G", weightBits=4) == "fits"
    assert verdict(on_ecs(), accelerator="A10G", config={**MODEL["config"], "quantization_config": {}}).startswith(
        "not known"
    )


def pods(selector: Any, devices: Any = "1", command: Any = ("vllm", "serve", "--max-model-len=8192")) -> list[Node]:
    home = node(ENDPOINT, "chat")
    container = {"name": "model", "image": "vllm/vllm-openai:v0.19.0", "command": command if command is Unknown else list(command),
                 "resources": {"limits": devices if isinstance(devices, dict) else {"nvidia.com/gpu": devices}}}  # fmt: skip
    template = {
        "spec": {"containers": [container], "nodeSelector": dict(selector) if isinstance(selector, dict) else selector}
    }
    return [home, node("kubernetes:apps/v1:Deployment", "server", parent=home.urn, spec={"template": template})]


@pytest.mark.parametrize(
    ("selector", "on"),
    [
        ({"node.kubernetes.io/instance-type": "g6e.xlarge"}, "1 x L40S"),
        ({"karpenter.k8s.aws/instance-gpu-name": "l40s"}, "1 x L40S"),
        ({"eks.amazonaws.com/instance-family": "g6e"}, "1 x L40S"),
        ({"nvidia.com/gpu.product": "NVIDIA-L40S"}, "1 x L40S"),
    ],
)
def test_pods_say_their_accelerator_by_the_nodes_that_they_select(selector: dict[str, str], on: str) -> None:
    assert told([], pods(selector), accelerator="T4")[0][0][1:4] == (on, "8,192", "fits")


def test_more_accelerators_than_a_pod_asks_for_are_not_known_to_hold_it() -> None:
    nodes = pods({"karpenter.k8s.aws/instance-gpu-name": "l40s"}, "2", ("vllm", "serve", "-tp", "4"))
    assert verdict(nodes) == "not known: it is spread over 4 accelerators, and has 2"


def on_instances(instance: Any, provider: Any = "gpus") -> list[Node]:
    template = node("aws:ec2/launchTemplate:LaunchTemplate", "template", instanceType=instance)
    group = node("aws:autoscaling/group:Group", "group", launchTemplate={"id": template.id})
    capacity = node(
        "aws:ecs/capacityProvider:CapacityProvider",
        "gpus",
        autoScalingGroupProvider={"autoScalingGroupArn": group.outputs["arn"]},
    )
    nodes = on_ecs("--max-model-len=8192")
    service = node("aws:ecs/service:Service", "service", parent=nodes[0].urn, deps={"taskDefinition": [nodes[1]]},
                   capacityProviderStrategies=[{"capacityProvider": provider, "weight": 1}])  # fmt: skip
    return [template, group, capacity, *nodes, service]


def test_tasks_run_on_the_instances_of_their_capacity_provider() -> None:
    assert told([], on_instances("g6e.xlarge"), accelerator="T4")[0][0][1:4] == ("1 x L40S", "8,192", "fits")


L40S: dict[str, Any] = {"accelerator": "L40S"}
SELECTED = {"karpenter.k8s.aws/instance-gpu-name": "l40s"}


@pytest.mark.parametrize(
    ("nodes", "model"),
    [
        (on_ecs(), {}),
        (on_sagemaker(Unknown), L40S),
        (on_sagemaker(Secret("ml.g6e.xlarge")), L40S),
        (on_sagemaker("ml.nothing.large"), L40S),
        (on_sagemaker("ml.m5.large"), L40S),
        (on_sagemaker("ml.inf2.xlarge"), {}),
        (on_sagemaker("ml.g6e.12xlarge"), {}),
        (on_ecs("-tp=3"), L40S),
        (on_ecs(), {"accelerator": "A10G", "config": {"model_type": "jamba"}}),
        (on_ecs(), {"accelerator": "A10G", "config": LLAMA_8B, "context": None}),
        (on_ecs(), {**L40S, "config": {**MODEL["config"], "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}}),
        (on_ecs("--max-model-len", "auto"), L40S),
        (on_ecs("--max-model-len=$LENGTH"), L40S),
        (on_ecs("--max-model", "4096"), L40S),
        (on_ecs("m", "$FLAGS"), L40S),
        (on_ecs("--enforce-eager", "$FLAGS"), L40S),
        (on_ecs("--kv-cache-dtype", "turbo"), L40S),
        (on_ecs("--enable-lora"), L40S),
        (on_ecs("--speculative-config.model", "x"), L40S),
        (on_ecs("-pp", "2"), L40S),
        (on_ecs("--max-num-batched-tokens", "65536"), L40S),
        (containers({"command": ["sh", "-c", "vllm serve 'm --max-model-len 9"]}), L40S),
        (on_instances(Unknown), L40S),
        (on_instances("g6e.xlarge", Unknown), {}),
        (on_instances("g6e.xlarge", "FARGATE"), L40S),
        (pods(Unknown), L40S),
        (pods(SELECTED, Unknown), L40S),
        (pods(SELECTED, Secret("1")), L40S),
        (pods(SELECTED, {"nvidia.com/mig-1g.10gb": "1"}), L40S),
        (pods(SELECTED, command=Unknown), L40S),
        (pods({"nvidia.com/gpu.product": "NVIDIA-L40S-SHARED"}), L40S),
    ],
)
def test_what_is_not_known_never_fits(nodes: list[Node], model: dict[str, Any]) -> None:
    assert verdict(nodes, **model).startswith("not known: ")


@pytest.mark.parametrize("hidden", [Unknown, Secret("[]"), "[", '{"a": 1}'])
def test_containers_that_cannot_be_read_are_not_known(hidden: Any) -> None:
    nodes = on_ecs()
    nodes[1].inputs["containerDefinitions"] = hidden
    assert verdict(nodes, **L40S).startswith("not known: what the containers of task run")


def test_variants_that_are_not_known_are_not_known() -> None:
    nodes = on_sagemaker("ml.g6e.xlarge")
    nodes[1].inputs["productionVariants"] = Unknown
    assert verdict(nodes, **L40S).startswith("not known: ")


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*at, key))


@given(data=st.data(), kind=st.sampled_from(["pods", "flags", "sagemaker", "instances"]), secret=st.booleans())
def test_one_value_that_becomes_unknown_or_secret_never_makes_a_model_fit(
    data: st.DataObject, kind: str, secret: bool
) -> None:
    # On a T4 it does not fit, nor with so long a context; that is hidden, and an L40S and a short one are stated, with which it would.
    made = {
        "pods": lambda: pods({"node.kubernetes.io/instance-type": "g4dn.xlarge"}),
        "flags": lambda: pods(SELECTED, command=("vllm", "serve", "--max-model-len", "400000")),
        "sagemaker": lambda: on_sagemaker("ml.g4dn.xlarge"),
        "instances": lambda: on_instances("g4dn.xlarge"),
    }[kind]()
    assert verdict(made, **L40S) == "does not fit"
    place = data.draw(st.sampled_from([(each, path) for each in made for path in paths(each.inputs)]))
    target: Any = place[0].inputs
    for key in place[1][:-1]:
        target = target[key]
    was = target[place[1][-1]]
    target[place[1][-1]] = Secret(was) if secret else Unknown
    assert verdict(made, **L40S) != "fits"


def test_a_component_that_is_not_there_is_said() -> None:
    usage = read_usage({"components": {"chta": {"languageModel": {**MODEL, **L40S}}}})
    (table,) = [
        each for each in report(changes([], on_ecs()), usage=usage).tables if each.title.startswith("What fits")
    ]
    assert table.rows[0][3] == "not known: there is no component of that name"


def test_a_stack_as_a_whole_has_no_language_model() -> None:
    with pytest.raises(UsageError, match="languageModel"):
        read_usage({"languageModel": MODEL})


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


def on_kserve(*command: str, count: Any = "1", resource: str = "nvidia.com/gpu", **annotations: str) -> list[Node]:
    """An endpoint as a Kubernetes platform makes it: the annotations say what the labels of a cluster's nodes do not."""
    home = node(ENDPOINT, "chat")
    server = {
        "name": "kserve-container",
        "image": "vllm",
        "args": ["serve", *command],
        "resources": {"limits": {resource: count}},
    }
    predictor = {
        "annotations": {f"modelinfra.dev/{key.replace('_', '-')}": value for key, value in annotations.items()},
        "nodeSelector": {"gpu": "the-big-ones"},
        "containers": [server],
    }
    service = node(
        "kubernetes:serving.kserve.io/v1beta1:InferenceService",
        "chat-predictor",
        parent=home.urn,
        apiVersion="serving.kserve.io/v1beta1",
        kind="InferenceService",
        metadata={"name": "chat", "namespace": "models"},
        spec={"predictor": predictor},
    )
    return [home, service]


def test_on_kubernetes_the_accelerator_of_the_platform_is_reckoned_with() -> None:
    flags = ("--max-model-len=8192",)
    ((_, on, longest, now, *_),), _ = told([], on_kserve(*flags, accelerator="L40S"))
    assert (on, longest, now) == ("1 x L40S", "8,192", "fits")
    assert verdict(on_kserve(*flags, accelerator="T4")) == "does not fit"
    assert verdict(on_kserve(*flags)) == "not known: neither the resources nor `languageModel` name the accelerator"


def test_of_a_slice_the_memory_of_the_slice_counts() -> None:
    flags = ("--max-model-len=8192",)
    whole = on_kserve(*flags, accelerator="H100")
    assert verdict(whole) == "fits"
    slice_ = on_kserve(*flags, accelerator="H100", accelerator_memory="10240Mi")
    _, (found,) = told(whole, slice_)
    assert found.title == "the model of chat does not fit on 1 x 10.0 GiB of H100"
    named = on_kserve(*flags, resource="nvidia.com/mig-1g.10gb", accelerator="H100", accelerator_memory="10240Mi")
    assert verdict(named) == "does not fit"
    unsaid = verdict(on_kserve(*flags, resource="nvidia.com/mig-1g.10gb", accelerator="H100"))
    assert unsaid == "not known: how much memory comes with nvidia.com/mig-1g.10gb is said nowhere"


def test_who_shares_a_gpu_must_not_take_all_of_it() -> None:
    shared = {"resource": "nvidia.com/gpu.shared", "accelerator": "H100", "accelerator_memory": "40960Mi"}
    said = verdict(on_kserve("--max-model-len=8192", **shared))
    assert (
        said == "not known: vLLM takes 90% of the GPU, of which its share is 50%: write --gpu-memory-utilization 0.50"
    )
    modest = on_kserve("--max-model-len=8192", "--gpu-memory-utilization=0.5", **shared)
    ((_, on, _, now, *_),), _ = told([], modest)
    assert (on, now) == ("1 x H100", "fits")

"""What docs/kubernetes.md and docs/seldon.md show is so: programs and stack files, those of a move to another cloud among them."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
import yaml

import modelinfra
from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import SERVING, manifests
from tests.making import captured
from tests.platforms.eks import waits_for

PAGE = Path(__file__).parents[2] / "docs" / "kubernetes.md"


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(text) for _, text in found]


STACKS = {
    (text.split("\n")[0].removeprefix("# ") if text.startswith("#") else f"stack {index}"): text
    for index, text in enumerate(blocks("yaml"))
    if "platforms:" in text
}


def declared(text: str) -> Graph:
    """The graph of an environment that the page shows."""

    def program() -> None:
        modelinfra.Environment.from_config("prod")

    config = {"aws:region": "us-west-2", "modelinfra:environment": json.dumps(yaml.safe_load(text))}
    return captured(program, PAGE.parents[1], config=config)


def test_the_program_makes_a_cluster_what_runs_endpoints_and_an_endpoint_that_waits_for_both(tmp_path: Path) -> None:
    (text,) = blocks("python")
    names: dict[str, Any] = {name: getattr(modelinfra, name) for name in modelinfra.__all__}
    graph = captured(lambda: exec(text, {**names, "pulumi": pulumi, "pulumi_kubernetes": pulumi_kubernetes}), tmp_path)
    needed = {graph[urn].name for urn in waits_for(graph, graph.one(SERVING).urn)}
    assert {"models-eks-cluster", "models-eks-karpenter", "models-eks-node-pool-a10g"} <= needed
    assert [name for name in needed if name.startswith("models-kserve-")]
    of_the_endpoint = [each for each in manifests(graph) if each.get("metadata", {}).get("namespace") == "models"]
    assert of_the_endpoint
    assert [found for each in of_the_endpoint for found in complaints(each)] == []


@pytest.mark.parametrize("text", STACKS.values(), ids=list(STACKS))
def test_a_stack_file_on_the_page_is_one(text: str) -> None:
    assert declared(text).all("modelinfra:index:ModelEndpoint")


def test_the_environment_that_moved_makes_nothing_of_aws_and_serves_below_the_same_path() -> None:
    both, after = declared(STACKS["both"]), declared(STACKS["after"])
    assert [node.type for node in both if node.type.startswith("aws:eks/cluster")] == ["aws:eks/cluster:Cluster"]
    assert [node.type for node in after if node.type.startswith("aws:")] == []
    route = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
    assert {node.name: paths(node) for node in both.all(route)} == {
        "prod-chat-http-route": {"/chat"},
        "prod-chat-gke-http-route": {"/chat"},
    }
    # What stays on the other cloud is what stood beside the first one: nothing of it changes when that goes.
    moved = [node for node in after if node.name.startswith(("prod-gke", "prod-chat-gke"))]
    assert len(moved) >= 15
    for node in moved:
        assert both[node.urn].inputs == node.inputs


def paths(route: Any) -> set[str]:
    return {each["matches"][0]["path"]["value"] for each in route.inputs["spec"]["rules"]}


SHOWN = [
    (page.name, text)
    for page in (PAGE.with_name("seldon.md"),)
    for text in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
    # The others are a part of one, for what the text beside them says.
    if "platforms:" in text
]


@pytest.mark.parametrize(("page", "text"), SHOWN, ids=[f"{page}-{index}" for index, (page, _) in enumerate(SHOWN)])
def test_every_stack_file_that_is_shown_is_taken_and_makes_what_a_cluster_takes(page: str, text: str) -> None:
    given = {"modelinfra:environment": json.dumps(yaml.safe_load(text))}
    graph = capture(lambda: modelinfra.Environment.from_config(), stack="shown", config=given)
    made = [each for each in manifests(graph) if each.get("kind") not in (None, "Provider")]
    assert len(made) >= 3
    assert [found for each in made for found in complaints(each)] == []

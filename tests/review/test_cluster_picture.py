"""The picture of a stack on Kubernetes: services with their replicas, nodes that come for them, and the gateway before both."""

from __future__ import annotations

from pathlib import Path

from modelinfra.review.render.outline import Box, Picture
from modelinfra.review.render.outlines import of_graph
from tests.kubernetes.whole import CHAT, EKS, IRIS, POOL, environment, whole


def boxes(picture: Picture) -> dict[str, Box]:
    return {box.title: box for box in picture.boxes}


def test_a_cluster_that_is_made_is_drawn_with_its_gateway_its_nodes_and_its_services(tmp_path: Path) -> None:
    chat = {**CHAT, "scaling": {"min": 1}}
    endpoints = {"chat": chat, "iris": {**IRIS, "cpu": 1, "scaling": {"min": 2, "max": 4}}}
    picture = of_graph(whole(tmp_path, environment({"eks": EKS}, endpoints, {"a10g": POOL})), None).picture
    drawn = boxes(picture)
    assert (drawn["dev-k8s-kserve-gateway"].layer, drawn["dev-k8s-kserve-gateway"].lines) == (
        "edge",
        ("Gateway", "HTTP 80"),
    )
    pool = drawn["dev-k8s-eks-node-pool-a10g"]
    assert pool.lines == (
        "NodePool",
        "g5.xlarge, g5.2xlarge, g5.4xlarge",
        "spot, on-demand",
        "at most 4 nvidia.com/gpu",
    )
    assert drawn["dev-iris-inference-service"].lines[:2] == ("InferenceService", "2 to 4 replicas")
    assert drawn["dev-chat-inference-service"].lines[1] == "1 replica"
    assert drawn["dev-chat-inference-service"].lines[2].endswith("A10G")
    assert drawn["dev-k8s-eks-system"].lines[-1] == "m6i.large, m5.large"
    by_id = {box.id: box.title for box in picture.boxes}
    asked = {(by_id[arrow.source], by_id[arrow.target]) for arrow in picture.arrows if arrow.kind == "request"}
    assert asked == {
        ("dev-k8s-kserve-gateway", "dev-chat-inference-service"),
        ("dev-k8s-kserve-gateway", "dev-iris-inference-service"),
    }


def test_a_gateway_that_is_there_already_is_drawn_once(tmp_path: Path) -> None:
    theirs = {"name": "shared", "namespace": "gateways", "url": "https://models.example.com"}
    both = environment({"context": "models"}, {"iris": IRIS, "wine": IRIS}, platform={"gateway": theirs})
    picture = of_graph(whole(tmp_path, both), None).picture
    (door,) = (box for box in picture.boxes if box.layer == "edge")
    assert (door.title, door.lines) == ("gateways/shared", ("Gateway that is there already",))
    assert len([arrow for arrow in picture.arrows if arrow.source == door.id]) == 2

"""The picture: what stands in which layer, what is marked, and what can be reached from where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelinfra.graph.model import Graph, Node
from modelinfra.review.changes import between
from modelinfra.review.reach import ways
from modelinfra.review.render import render, render_graph
from modelinfra.review.render.outline import LAYERS, Box, Layer, Outline, Picture
from modelinfra.review.render.outlines import of_graph, of_report
from modelinfra.review.render.svg import MOST_IN_A_LAYER, draw
from tests.review.rendered import Report, example, graph_of, node, report

BALANCER = "aws:lb/loadBalancer:LoadBalancer"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return example("sandbox", tmp_path_factory.mktemp("here"))


def changed(name: str, directory: Path) -> Outline:
    return of_report(report(name, directory))


def titles(picture: Picture, layer: str) -> set[str]:
    return {box.title for box in picture.boxes if box.layer == layer}


def box(picture: Picture, title: str, layer: str) -> Box:
    (found,) = (each for each in picture.boxes if (each.title, each.layer) == (title, layer))
    return found


def test_each_thing_stands_in_its_layer(sandbox: Graph) -> None:
    picture = of_graph(sandbox, None).picture
    assert titles(picture, "clients") == {"Inside the network"}
    assert titles(picture, "edge") == {"sandbox-web-shared-lb"}
    assert titles(picture, "public") == {
        "sandbox-network-public-a",
        "sandbox-network-public-b",
        "sandbox-network-nat-a",
    }
    assert titles(picture, "private") == {"sandbox-network-private-a", "sandbox-network-private-b"}
    assert titles(picture, "endpoints") == {"sandbox-digits-service"}
    assert titles(picture, "data") == {"sandbox", "sandbox-digits"}


def test_a_service_says_its_replicas_and_size(sandbox: Graph) -> None:
    service = box(of_graph(sandbox, None).picture, "sandbox-digits-service", "endpoints")
    assert service.lines == ("2 to 6 replicas", "CPU 1024, memory 2048")


def test_requests_go_through_the_load_balancer_and_out_through_the_nat_gateway(sandbox: Graph) -> None:
    picture = of_graph(sandbox, None).picture
    names = {each.id: each.title for each in picture.boxes}
    arrows = {(each.kind, names[each.source], names[each.target]) for each in picture.arrows}
    assert ("request", "Inside the network", "sandbox-web-shared-lb") in arrows
    assert ("request", "sandbox-web-shared-lb", "sandbox-digits-service") in arrows
    assert ("out", "sandbox-network-private-a", "sandbox-network-nat-a") in arrows
    assert ("out", "sandbox-network-public-a", "sandbox-network-nat-a") not in arrows


def test_what_changes_is_marked_where_it_stands(tmp_path: Path) -> None:
    picture = changed("sandbox", tmp_path).picture
    assert box(picture, "sandbox-network-vpc", "network").mark == "replace"
    assert box(picture, "sandbox-network-public-c", "public").mark == "create"
    assert box(picture, "sandbox-digits-service", "endpoints").mark == "update"
    assert box(picture, "sandbox-words-service", "endpoints").mark == "create"
    assert box(picture, "sandbox-digits", "data").mark == "update"


def test_a_store_that_is_deleted_is_seen_for_itself(tmp_path: Path) -> None:
    outline = changed("own-program", tmp_path)
    assert box(outline.picture, "doubts", "data").mark == "delete"
    assert outline.picture.undrawn == 1


def test_a_component_that_goes_away_is_drawn_as_deleted(sandbox: Graph) -> None:
    empty = Graph(sandbox.project, sandbox.stack)
    picture = of_report(Report(between(sandbox, empty))).picture
    assert {each.mark for each in picture.boxes if each.layer != "clients"} == {"delete"}


@pytest.mark.parametrize("word", ["DELETED", "REPLACED", "UPDATED", "CREATED"])
def test_marks_are_words_and_not_colours_alone(tmp_path: Path, word: str) -> None:
    reports = [report(name, tmp_path) for name in ("sandbox", "own-program")]
    for name in ("html", "mermaid"):
        assert any(word in render(each, name) for each in reports)


@pytest.mark.parametrize(
    ("inputs", "clients", "public"),
    [
        ({"internal": False}, "the internet", True),
        ({}, "the internet", True),
        ({"internal": True}, "inside the network", False),
    ],
)
def test_a_load_balancer_says_who_can_knock(inputs: dict[str, object], clients: str, public: bool) -> None:
    graph = graph_of(*balanced(**inputs))
    (way,) = ways(graph)
    assert (way.clients, way.public, way.how) == (clients, public, "HTTPS 443")
    assert f"{clients}: lb to service (HTTPS 443)" in render_graph(graph, None, "tree")


def balanced(**inputs: object) -> list[Node]:
    """A load balancer, and a service behind it."""
    balancer, group = node("lb", BALANCER, **inputs), node("to", "aws:lb/targetGroup:TargetGroup")
    balancer.outputs, group.outputs = {"arn": "arn:lb"}, {"arn": "arn:to"}
    forward = [{"type": "forward", "targetGroupArn": "arn:to"}]
    listener = node(
        "web", "aws:lb/listener:Listener", loadBalancerArn="arn:lb", port=443, protocol="HTTPS", defaultActions=forward
    )
    entry = [{"targetGroupArn": "arn:to", "containerPort": 8080}]
    return [balancer, group, listener, node("service", "aws:ecs/service:Service", loadBalancers=entry)]


def test_a_url_of_a_function_without_authentication_is_said_to_be_so() -> None:
    url = node("url", "aws:lambda/functionUrl:FunctionUrl", authorizationType="NONE")
    assert "the internet: url (without authentication)" in render_graph(graph_of(url), None, "tree")


@pytest.mark.parametrize("width", [358, 1120])
@pytest.mark.parametrize("count", [1, 3, 30, 300])
def test_no_box_lies_on_another_or_outside(width: int, count: int) -> None:
    layers: tuple[Layer, ...] = tuple(LAYERS)
    boxes = tuple(
        Box(
            id=f"{index}",
            layer=layers[index % len(layers)],
            title="a name that is longer than any box is wide on a phone",
            lines=("x",) * (index % 5),
            zone="abc"[index % 3] if layers[index % len(layers)] in ("public", "private") else "",
            mark="update" if index == count - 1 else "same",
        )
        for index in range(count)
    )
    drawn = draw(Picture(boxes=boxes), width)
    frames = [
        tuple(map(float, found))
        for found in re.findall(r'class="frame" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"', drawn)
    ]
    assert len(frames) == sum(min(sum(each.layer == layer for each in boxes), MOST_IN_A_LAYER) for layer in layers)
    for index, (x, y, wide, high) in enumerate(frames):
        assert x >= 0
        assert x + wide <= width
        for other_x, other_y, other_wide, other_high in frames[:index]:
            assert x >= other_x + other_wide or other_x >= x + wide or y >= other_y + other_high or other_y >= y + high
    assert drawn.count("UPDATED") == 1

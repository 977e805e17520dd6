"""The rules in Pulumi's policy engine, with resources in the shapes of its SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Unknown
from modelinfra.policies import READINESS, RULES, check
from modelinfra.policies.pack import Collected, report, rules, values
from tests.policies.ready import ready

AWS = "urn:pulumi:dev::shop::pulumi:providers:aws"
TIMEOUTS = {"25m": 1500.0}


class UnknownValueError(Exception):
    """As the SDK calls it."""


class Proxy(Mapping[str, Any]):
    """As the SDK hands properties over: reading what is not known raises."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def __getitem__(self, key: str) -> Any:
        if self.data[key] is Unknown:
            raise UnknownValueError(key)
        return self.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


def resources(graph: Graph, side: str) -> list[SimpleNamespace]:
    made: dict[str, SimpleNamespace] = {}

    def behind(urns: list[str]) -> list[SimpleNamespace]:
        return [made[urn] for urn in urns]

    def one(node: Node) -> SimpleNamespace:
        return SimpleNamespace(
            urn=node.urn, name=node.name, resource_type=node.type, parent=made.get(node.parent),
            props=Proxy(node.inputs if side == "inputs" else node.inputs | node.outputs | {"id": node.id}),
            opts=SimpleNamespace(
                protect=node.protect, ignore_changes=node.ignore_changes, delete_before_replace=node.delete_before_replace,
                custom_timeouts=SimpleNamespace(**{f"{key}_seconds": TIMEOUTS.get(node.custom_timeouts.get(key, ""), 0.0)
                                                   for key in ("create", "update", "delete")}),
            ),
            provider=SimpleNamespace(urn=f"{AWS}::default", name="default") if node.custom else None,
            dependencies=behind(node.depends_on),
            property_dependencies={key: behind(urns) for key, urns in node.property_deps.items()},
        )  # fmt: skip

    for node in graph:
        made[node.urn] = one(node)
    return list(made.values())


def collected(graph: Graph) -> Graph:
    keeping = Collected()
    for each in resources(graph, "inputs"):
        keeping.add(each)
    return keeping.graph(resources(graph, "outputs"))


def test_what_the_engine_hands_over_is_the_same_graph_to_the_rules() -> None:
    given = ready()
    there = collected(given)
    assert [(each.urn, each.inputs, each.id, each.protect) for each in there] == [
        (each.urn, each.inputs, each.id, each.protect) for each in given
    ]
    assert check(there, READINESS) == []
    assert (there.project, there.stack) == (given.project, given.stack)


def test_a_mistake_is_a_violation_of_its_resource() -> None:
    given = ready()
    service = given.one("aws:ecs/service:Service")
    del service.inputs["deploymentCircuitBreaker"]
    said: list[tuple[str, str]] = []
    for rule in rules():
        if rule.id == "ready-rollback":
            report(collected(given), rule, lambda message, urn: said.append((message, urn)), production=True)
    assert [urn for _, urn in said] == [service.urn]
    assert said[0][0].startswith("a deployment that fails is not rolled back. Write deploymentCircuitBreaker")


def test_rules_of_production_wait_for_it() -> None:
    given = ready()
    given.one("aws:s3/bucket:Bucket").protect = None
    (kept,) = [rule for rule in rules() if rule.id == "ready-kept"]
    for production in (False, True):
        said: list[str] = []
        report(collected(given), kept, lambda message, _, said=said: said.append(message), production=production)  # type: ignore[misc]
        assert bool(said) is production


def test_what_is_not_known_keeps_its_marker_at_any_depth() -> None:
    deep = Proxy({"a": Unknown, "b": [Proxy({"c": Unknown})]})
    assert values(deep) == {"a": Unknown, "b": [{"c": Unknown}]}


def test_a_whole_number_is_one_though_the_engine_has_floats_only() -> None:
    assert str(values(Proxy({"port": 8080.0, "share": 0.5, "on": True}))) == "{'port': 8080, 'share': 0.5, 'on': True}"


def test_resources_stand_in_the_order_in_which_their_inputs_came() -> None:
    given = resources(ready(), "outputs")
    keeping = Collected()
    for each in resources(ready(), "inputs"):
        keeping.add(each)
    there = keeping.graph(reversed(given))
    assert [(node.urn, node.seq) for node in there] == [(each.urn, number) for number, each in enumerate(given)]


def test_what_the_program_only_reads_is_known_by_its_missing_inputs() -> None:
    first, *others = resources(ready(), "outputs")
    keeping = Collected()
    for each in others:
        keeping.add(each)
    there = keeping.graph([first, *others])
    assert [node.urn for node in there if node.read] == [first.urn]


def test_what_no_provider_makes_is_a_component_and_an_explicit_provider_says_the_region() -> None:
    def made(kind: str, name: str, provider: SimpleNamespace | None, **props: Any) -> SimpleNamespace:
        (one,) = resources(
            Graph("shop", "dev", {name: Node(f"{head}{kind}::{name}", name, kind, inputs=props)}), "inputs"
        )
        return SimpleNamespace(**{**vars(one), "provider": provider})

    head = "urn:pulumi:dev::shop::"
    far = made("pulumi:providers:aws", "far", None, region="eu-west-1")
    both = [
        far, made("acme:web:Site", "site", None),
        made("aws:s3/bucket:Bucket", "models", SimpleNamespace(urn=far.urn, name="far")),
    ]  # fmt: skip
    graph = Collected().graph(both)
    assert {node.name: node.custom for node in graph} == {"far": True, "site": False, "models": True}
    assert graph.region_of(graph.one("aws:s3/bucket:Bucket")) == "eu-west-1"


def test_a_time_out_is_seconds_to_the_engine() -> None:
    given = ready()
    service = given.one("aws:ecs/service:Service")
    service.custom_timeouts = {"delete": "25m"}
    given.one("aws:lb/targetGroup:TargetGroup").inputs["deregistrationDelay"] = 1400
    assert collected(given)[service.urn].custom_timeouts == {"delete": 1500.0}
    drain = tuple(rule for rule in rules() if rule.id == "service-delete-time")
    assert check(collected(given), drain) == []
    given.one("aws:lb/targetGroup:TargetGroup").inputs["deregistrationDelay"] = 1500
    (finding,) = check(collected(given), drain)
    assert finding.message == "draining takes 1500 s, and its removal is given up after 25 minutes"


def test_without_inputs_outputs_that_say_something_stand_for_them() -> None:
    node = Node(
        "urn:pulumi:dev::shop::aws:ecs/service:Service::s",
        "s",
        "aws:ecs/service:Service",
        inputs={"launchType": "", "name": "s"},
    )
    graph = Collected().graph(resources(Graph("shop", "dev", {node.urn: node}), "outputs"))
    assert graph[node.urn].inputs == {"name": "s"}


def test_the_pack_has_every_rule() -> None:
    assert rules() == (*RULES, *READINESS)

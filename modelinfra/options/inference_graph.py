"""What a user can say about an InferenceGraph of KServe: how one request goes through several endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from modelinfra.catalog.child_roles import INFERENCE_GRAPH_ROLES
from modelinfra.options.adjustments import TransformedOptions, transforms_name
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import INFERENCE_GRAPH, POD_AUTOSCALER, ROUTE_OF_GATEWAY
from modelinfra.options.names import Name
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes, Duration, VCpu

_NODES = f"{INFERENCE_GRAPH}.spec.nodes"


class GraphStepOptions(TypedDict):
    """One step of a node: an endpoint that is asked, or another node."""

    endpoint: NotRequired[Annotated[str, Option()]]
    """Name of an endpoint of the same platform, whose predictions are asked for. Required unless `node` is given."""

    node: NotRequired[Annotated[str, Option()]]
    """Name of another node of the graph. Required unless `endpoint` is given."""

    name: NotRequired[Annotated[Name, Option(default_text="the endpoint's, or the node's")]]
    """What the step is called in the router's log, and its answer within that of an Ensemble. The target's own name otherwise."""

    protocol: NotRequired[Annotated[Literal["v1", "v2"], Option(default_text="that of the endpoint's `predict_url`")]]
    """Which protocol the endpoint is asked in, where its server speaks two, as KServe's own do: KServe's V1, or the Open Inference
    Protocol (V2)."""

    data: NotRequired[Annotated[Literal["$request", "$response"], Option(default_text="$response")]]
    """Only in a Sequence, from its second step on: whether the step is sent the answer of the one before, or what the node was sent."""

    map_predictions_to_instances: NotRequired[
        Annotated[bool, Option(default_text="where an answer of protocol V1 is sent to a step of V1")]
    ]
    """Only in a Sequence: whether `predictions` of what is sent becomes `instances`. Other keys of it are lost."""

    weight: NotRequired[Annotated[int, Option(at_least=0, at_most=100)]]
    """The step's share of requests in percent, 100 together. Only with `router_type: Splitter`, and required there."""

    condition: NotRequired[Annotated[str, Option()]]
    """A path of GJSON. In a Switch, where it is required: the first step is taken for which the path is in what the node was sent. In
    a Sequence: the step, and what comes after it, is left out unless the path is in the answer of the step before. None otherwise."""

    dependency: NotRequired[Annotated[Literal["Hard", "Soft"], Option(default_text="Hard")]]
    """Only in a Sequence or an Ensemble: whether a status other than 2xx ends the node and is its answer (Hard), or is taken for an answer
    like any other (Soft)."""


_STEPS_EXAMPLE = [{"endpoint": "iris", "name": "first"}]


class GraphNodeOptions(TypedDict):
    """One node: what it does with its steps."""

    router_type: Annotated[
        Literal["Sequence", "Switch", "Splitter", "Ensemble"], Option(lands=(_NODES,), example="Ensemble")
    ]
    """Sequence: one step after the other. Switch: the first step whose `condition` holds. Splitter: one step, by chance and `weight`.
    Ensemble: all of them at the same time, with an object of their answers."""

    steps: Annotated[Sequence[GraphStepOptions], Option(at_least=1, lands=(_NODES,), example=_STEPS_EXAMPLE)]
    """The steps, in the order in which they are asked."""


class GraphScalingOptions(TypedDict):
    """Replicas and autoscaling of a graph's router."""

    min: NotRequired[
        Annotated[
            int,
            Option(default=2, at_least=1, at_most=5000, lands=(f"{POD_AUTOSCALER}.spec.minReplicas",), example=3),
        ]
    ]
    """Fewest replicas."""

    max: NotRequired[
        Annotated[
            int,
            Option(
                default_text="`min`",
                at_least=1,
                at_most=5000,
                lands=(f"{POD_AUTOSCALER}.spec.maxReplicas",),
                example=12,
            ),
        ]
    ]
    """Most replicas. More than `min` turns autoscaling on."""

    cpu_percent: NotRequired[
        Annotated[
            float,
            Option(
                default_text="60",
                at_least=1,
                at_most=100,
                lands=(f"{POD_AUTOSCALER}.spec.metrics",),
                example=40,
            ),
        ]
    ]
    """Target: mean use of the processor, in percent of `cpu`. Only with `max` above `min`."""


_RESOURCES = f"{INFERENCE_GRAPH}.spec.resources"
_NODES_EXAMPLE = {"root": {"router_type": "Ensemble", "steps": [{"endpoint": "iris"}]}}


class InferenceGraphOptions(TransformedOptions):
    """A graph of endpoints behind one address: KServe's router asks them. Only on a platform of type kubernetes."""

    nodes: Annotated[Mapping[Name, GraphNodeOptions], Option(lands=(_NODES,), example=_NODES_EXAMPLE)]
    """The nodes, by name. Each request begins at `root`."""

    cpu: NotRequired[Annotated[VCpu, Option(default=1, at_least=0.1, at_most=192, lands=(_RESOURCES,), example=2)]]
    """Processor of each replica of the router. The default is the most that KServe's own configuration lets it have."""

    memory: NotRequired[
        Annotated[
            Bytes, Option(default="1GiB", at_least=2**26, at_most=2048 * 2**30, lands=(_RESOURCES,), example="2GiB")
        ]
    ]
    """Memory of each replica of the router, which holds every request and every answer of a step whole. The default is the most that
    KServe's own configuration lets it have."""

    scaling: NotRequired[Annotated[GraphScalingOptions, Option(default={})]]
    """Replicas of the router, and autoscaling."""

    longest_request: NotRequired[
        Annotated[
            Duration,
            Option(
                default_text="that of the longest way through the endpoints",
                at_least=1,
                at_most=3600,
                lands=(f"{INFERENCE_GRAPH}.spec.routerTimeouts", f"{ROUTE_OF_GATEWAY}.spec.rules"),
                example="45s",
            ),
        ]
    ]
    """The longest that one request may take, through all its steps. Each step has as long as its endpoint's own longest request."""

    path: NotRequired[
        Annotated[
            str,
            Option(
                default_text="`/` and the graph's name",
                pattern=r"(?=.{1,126}$)(/[A-Za-z0-9._~-]+)+",
                pattern_text="a path of 126 characters at most that begins with a slash and does not end with one",
                pattern_example="/triage",
                lands=(f"{ROUTE_OF_GATEWAY}.spec.rules",),
                example="/elsewhere",
            ),
        ]
    ]
    """Path of the graph below the address of the platform's `gateway`."""


GRAPHS = Option(default={})
"""Of an environment."""

rule(InferenceGraphOptions, "transforms")(transforms_name(INFERENCE_GRAPH_ROLES))


@rule(GraphScalingOptions, "min", "max", "cpu_percent")
def a_target_has_something_to_scale(scaling: Mapping[str, Any]) -> Iterable[Problem]:
    most = scaling["max"] if scaling["max"] is not None else scaling["min"]
    if most < scaling["min"]:
        yield Problem("max", f"this is less than `min` ({scaling['min']})", "Write `min` or more.", most)
    if most <= scaling["min"] and scaling["cpu_percent"] is not None:
        reason = "nothing scales while `max` equals `min`"
        yield Problem("cpu_percent", reason, "Write a `max` above `min`, or remove it.", scaling["cpu_percent"])

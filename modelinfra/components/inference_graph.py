"""`InferenceGraph`: several endpoints behind one address, on a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Required, Unpack, overload

import pulumi
from pulumi import Output

from modelinfra.catalog.child_roles import INFERENCE_GRAPH_ROLES
from modelinfra.children import Adjustments, Children, transform_problems
from modelinfra.components.telling import tell
from modelinfra.options.arguments import checked, mapping_of, run_error
from modelinfra.options.graph_rules import problems_of_nodes
from modelinfra.options.inference_graph import InferenceGraphOptions
from modelinfra.options.names import MAX_NAME, name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.strict import Style
from modelinfra.platforms.kubernetes.graph_plan import Asked, GraphPlan, asked
from modelinfra.platforms.kubernetes.planner import KubernetesPlanner

if TYPE_CHECKING:
    from modelinfra.components.model_endpoint import ModelEndpoint, PlannedEndpoint


class InferenceGraphArgs(InferenceGraphOptions, total=False):
    """Arguments of InferenceGraph."""

    endpoints: Required[Mapping[str, ModelEndpoint]]
    """The endpoints that steps ask, by the names that the steps have for them. All are of one `KubernetesPlatform`, the graph's, too."""


@dataclass(frozen=True)
class PlannedGraph:
    """A graph that was found to work, before anything of it is registered. `name` is the user's word for it."""

    name: str
    options: Any
    plan: GraphPlan
    style: Style = "snake"
    """How whoever declared it writes keys."""


class InferenceGraph(pulumi.ComponentResource):
    """A graph of endpoints: one request goes through several of them, as `nodes` say, and one answer comes back.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    url: Output[str]
    """Base address."""

    predict_url: Output[str]
    """Where requests are sent to."""

    health_url: Output[str]
    """Answers 200 while a router serves. It says nothing of the endpoints behind it."""

    @overload
    def __init__(self, name: str, args: InferenceGraphArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        name: str,
        args: PlannedGraph,
        opts: pulumi.ResourceOptions | None = None,
        *,
        endpoints: Mapping[str, ModelEndpoint],
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[InferenceGraphArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        if isinstance(args, PlannedGraph):  # an Environment checks all graphs before it registers the first
            planned, endpoints = args, kwargs["endpoints"]
        else:
            planned, endpoints = _planned(name, mapping_of(args, kwargs, f"InferenceGraph '{name}'"))
        super().__init__("modelinfra:index:InferenceGraph", name, None, opts)
        tell(self, f"graph '{planned.name}'", planned.plan, planned.style)
        children = Children(self, name, Adjustments(transforms=planned.options.transforms or {}))
        named = {key: endpoints[key] for key in endpoints_of(planned.options)}
        platform: Any = next(iter(named.values())).platform
        outputs = platform.register_graph(planned.plan, children, {key: each.within for key, each in named.items()})
        self.url, self.predict_url, self.health_url = outputs.url, outputs.predict_url, outputs.health_url
        children.tell_unmet()
        self.register_outputs(vars(outputs))


def endpoints_of(options: Any) -> list[str]:
    """The names of endpoints in the steps of a graph, each once."""
    named = (step.endpoint for node in options.nodes.values() for step in node.steps if step.endpoint is not None)
    return list(dict.fromkeys(named))


def plan_graph(
    name: str, options: Any, planner: KubernetesPlanner, endpoints: Mapping[str, PlannedEndpoint]
) -> PlannedGraph:
    """Check a graph of endpoints of one cluster. Raises InvalidOptionsError; registers nothing."""
    problems = [*transform_problems(options, INFERENCE_GRAPH_ROLES), *problems_of_nodes(options)]
    if problems:
        raise InvalidOptionsError(problems)
    plan = planner.plan_graph(
        name, options.path or f"/{name}", options, {key: _asked(each) for key, each in endpoints.items()}
    )
    return PlannedGraph(name, options, plan)


def _asked(endpoint: PlannedEndpoint) -> Asked:
    options = endpoint.options
    return asked(endpoint.served, divided=bool(options.traffic), transformed=options.transformer is not None)


def _planned(name: str, given: dict[str, Any]) -> tuple[PlannedGraph, Mapping[str, ModelEndpoint]]:
    subject = f"InferenceGraph '{name}'"
    endpoints: Any = given.pop("endpoints", None)
    also = [*name_problems(name, most=MAX_NAME), *_endpoint_problems(endpoints)]
    options = checked(InferenceGraphOptions, given, {}, subject, also=also)
    planner: Any = next(iter(endpoints.values())).platform.planner
    planned = {key: each.planned for key, each in endpoints.items()}
    try:
        return plan_graph(name, options, planner, planned), endpoints
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None


def _endpoint_problems(endpoints: Any) -> Iterator[Problem]:
    if not isinstance(endpoints, Mapping) or not endpoints:
        yield Problem("endpoints", "this is required, as a mapping", "Pass the ModelEndpoints that steps ask, by name.")
        return
    first: Any = None
    for name, each in endpoints.items():
        platform = getattr(each, "platform", None)
        if not isinstance(getattr(platform, "planner", None), KubernetesPlanner):
            reason = "an InferenceGraph is KServe's, and asks endpoints of a KubernetesPlatform"
            yield Problem(f"endpoints.{name}", reason, "Pass a ModelEndpoint whose platform is one.")
            continue
        first = first or platform
        if platform is not first:
            reason = "it is of another platform than the first one, and a graph is of one"
            yield Problem(f"endpoints.{name}", reason, "Pass endpoints of one platform.")

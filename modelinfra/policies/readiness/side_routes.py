"""Whether the internet reaches routes of a model server that are for its operator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from modelinfra.catalog.servers import SERVERS, ModelServer
from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.asking import AUTHENTICATING
from modelinfra.policies.doors import ANYWHERE, doors
from modelinfra.policies.fargate import containers
from modelinfra.policies.gateways import open_routes
from modelinfra.policies.readiness.front_doors import guarded_balancers
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.service import balanced, task_of
from modelinfra.policies.view import View, listed, mapping, number

_PATH: Final = "pathPattern"
_HOST: Final = "hostHeader"


@dataclass(frozen=True)
class _Step:
    """A rule of a listener, or its default: who comes this far with a path it matches goes where it says."""

    node: Node
    patterns: tuple[str, ...] | None
    """Any of them; None for every path."""
    narrow: bool
    """Whether it asks for something else, too, so that a stranger may pass it by."""
    actions: tuple[Mapping[str, Any], ...]

    def takes(self, path: str) -> bool:
        """Whether it takes a request for exactly this path."""
        return self.patterns is None or any(fnmatchcase(path, _as_glob(pattern)) for pattern in self.patterns)

    @property
    def asks(self) -> bool:
        """Whether it asks who comes."""
        return any(action.get("type") in AUTHENTICATING for action in self.actions)


def _as_glob(pattern: str) -> str:
    """A path pattern of a load balancer knows `*` and `?`, and takes brackets as they are."""
    return pattern.replace("[", "[[]")


def _conditions(given: Any) -> tuple[tuple[str, ...] | None, bool, bool] | None:
    """What a rule asks for: paths, whether more than host and path, whether more than paths. None when it is not known."""
    if not isinstance(given, list):
        return None
    paths: tuple[str, ...] | None = None
    more = narrow = False
    for condition in map(mapping, given):
        for kind, wanted in condition.items():
            if kind == _PATH:
                values = mapping(wanted).get("values")
                if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                    return None
                paths = tuple(values)
            elif wanted:
                narrow = True
                more = more or kind != _HOST
    return paths, more, narrow


def _steps(view: View, listener: Node) -> list[_Step] | None:
    """What a listener does, in order, its default last. None when a part of it is not known, or stands elsewhere."""
    rules: list[tuple[float, _Step, bool]] = []
    for node, rule in view.each(tokens.LISTENER_RULE):
        if view.target(node, "listenerArn", tokens.LISTENER) is not listener:
            continue
        asked, priority, actions = (
            _conditions(rule.get("conditions")),
            number(rule.get("priority")),
            rule.get("actions"),
        )
        if asked is None or priority is None or not isinstance(actions, list):
            return None
        paths, more, narrow = asked
        rules.append((priority, _Step(node, paths, narrow, tuple(map(mapping, actions))), more))
    default = view.inputs(listener).get("defaultActions")
    if not isinstance(default, list):
        return None
    # A rule that asks for a method, a header or an address is not for strangers in general: it neither opens nor closes a route.
    ordered = [step for _, step, more in sorted(rules, key=lambda each: each[0]) if not more]
    return [*ordered, _Step(listener, None, False, tuple(map(mapping, default)))]


def _groups(view: View, step: _Step) -> list[Node]:
    """The target groups to which a step forwards."""
    key = "actions" if step.node.type == tokens.LISTENER_RULE else "defaultActions"
    wanted = [action.get("targetGroupArn") for action in step.actions]
    wanted += [
        mapping(each).get("arn")
        for action in step.actions
        for each in listed(mapping(action.get("forward")).get("targetGroups"))
    ]
    return view.targets(step.node, key, tokens.TARGET_GROUP, [each for each in wanted if each is not None])


def _open_to_all(view: View, listener: Node) -> bool:
    """Whether the listener is known to be open to the whole internet, and nothing before it asks or filters."""
    balancer = view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER)
    port = number(view.inputs(listener).get("port"))
    if balancer is None or port is None or balancer.urn in guarded_balancers(view):
        return False
    given = view.inputs(balancer)
    if given.get("internal") not in (None, False):
        return False
    groups = view.targets(balancer, "securityGroups", tokens.GROUP, given.get("securityGroups"))
    return any(
        door.passes(port) and door.cidr in ANYWHERE for group in groups for door in doors(view, group, "ingress")
    )


def _server_of(image: Any) -> ModelServer | None:
    """The row of the catalogue with this image's repository, whatever the tag: routes outlive versions."""
    repository = _repository(image) if isinstance(image, str) else ""
    for row in SERVERS.values():
        path = _repository(row.image.removeprefix("docker.io/")) if row.image is not None else ""
        if path and (repository == path or repository.endswith("/" + path)):
            return row
    return None


def _repository(image: str) -> str:
    name, colon, tag = image.partition("@")[0].rpartition(":")
    return name if colon and "/" not in tag else image.partition("@")[0]


def _servers(view: View) -> Iterator[tuple[Node, Node, ModelServer]]:
    """Every service behind a target group whose container is a model server that is known, with the group."""
    for service, entry, group in balanced(view):
        for container in containers(task_of(view, service) or {}):
            row = _server_of(container.get("image"))
            port = number(entry.get("containerPort"))
            if (
                row is not None
                and container.get("name") == entry.get("containerName")
                and port == row.ports.get("http")
            ):
                yield service, group, row


def _reaches(view: View, steps: list[_Step], path: str, group: Node) -> bool:
    """Whether a stranger's request for a path may come to a target group."""
    for step in steps:
        if step.takes(path):
            if group in _groups(view, step) and not step.asks:
                return True
            if not step.narrow:
                return False
    return False


def _side_routes(view: View) -> Found:
    listeners = [(node, _steps(view, node)) for node in view.all(tokens.LISTENER) if _open_to_all(view, node)]
    gates = [(gate, _steps(view, gate.listener)) for gate in open_routes(view) if gate.listener is not None]
    for service, group, row in _servers(view):
        # A route with the model's name in it is not known here.
        routes = [route for route in row.side_routes if "{" not in route]
        for listener, steps in listeners:
            reached = [route for route in routes if _reaches(view, steps or [], route, group)]
            if reached:
                yield service, f"{listener.name} hands {', '.join(reached)} of {row.title} to the whole internet"
        for gate, steps in gates:
            reached = [
                route for route in routes if _leads(gate.path, route) and _reaches(view, steps or [], route, group)
            ]
            if reached:
                yield service, f"{gate.api.name} hands {', '.join(reached)} of {row.title} to the whole internet"


def _leads(path: str, route: str) -> bool:
    """Whether a route of an API gateway, in which `{name}` is a segment and `{name+}` all that follows, takes a path."""
    pattern = re.sub(r"\\{\w+\\\+\\}$", ".+", re.escape(path))
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", pattern), route) is not None


RULES = (
    Rule(
        "ready-side-routes",
        "Routes of a model server that tell of it or change it are not for the internet",
        "facts demand.md section 1 row 16; the routes are those of modelinfra.catalog.servers",
        "Forward the path of predictions only, or answer these routes in a rule before it with a fixed response.",
        _side_routes,
    ),
)

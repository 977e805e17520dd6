"""The rules for Pulumi's policy engine: from its resources to a graph, from findings to violations. Knows no policy SDK; policy-pack/ does.

The engine hands inputs over resource by resource and, at the end, the outputs of all: `Collected` keeps the first for the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.values import Unknown, decode_json
from modelinfra.policies import READINESS, RULES, check
from modelinfra.policies.rule import Rule

_UNKNOWN_ERROR: Final = "UnknownValueError"
"""What the SDK raises for a value that is known after the deployment."""


class Collected:
    """The inputs of the resources of one run, by URN."""

    def __init__(self) -> None:
        self._inputs: dict[str, dict[str, Any]] = {}

    def add(self, resource: Any) -> None:
        """Keep the inputs of one resource, as a resource policy is given them."""
        self._inputs[resource.urn] = values(resource.props)

    def graph(self, resources: Iterable[Any]) -> Graph:
        """The graph of all resources, as a stack policy is given them.

        The engine hands inputs over in the order of registration, and the outputs of all in no order: the first one is kept, so
        that findings are in the same order each time; only the stack comes first, as in a preview. A resource whose inputs never came is one that the program only reads;
        when none came at all, outputs that say something stand for them.
        """
        found = Graph("", "")
        order = {urn: number for number, urn in enumerate(self._inputs)}
        late = len(order)
        for resource in sorted(
            resources, key=lambda each: (each.resource_type != STACK_TYPE, order.get(each.urn, late), each.urn)
        ):
            node = self._node(resource)
            node.seq = len(found)
            found.nodes[node.urn] = node
        if found.nodes:
            head = next(iter(found.nodes)).split("::")
            found.stack, found.project = head[0].rpartition(":")[2], head[1]
        return found

    def _node(self, resource: Any) -> Node:
        outputs, options, provider = values(resource.props), resource.opts, resource.provider
        known = resource.urn in self._inputs
        timeouts = options.custom_timeouts
        return Node(
            urn=resource.urn,
            name=resource.name,
            type=resource.resource_type,
            parent=resource.parent.urn if resource.parent is not None else "",
            # Every resource of a provider names it, and a component has none.
            custom=provider is not None or resource.resource_type.startswith("pulumi:providers:"),
            inputs=self._inputs[resource.urn] if known else {key: each for key, each in outputs.items() if _says(each)},
            outputs=outputs,
            id=outputs.get("id", Unknown),
            read=bool(self._inputs) and not known,
            # The engine names the default providers `default` or `default_VERSION`; a program never refers to them.
            provider="" if provider is None or provider.name.startswith("default") else f"{provider.urn}::",
            depends_on=[each.urn for each in resource.dependencies],
            property_deps={
                key: [each.urn for each in behind] for key, behind in resource.property_dependencies.items() if behind
            },
            protect=options.protect,
            ignore_changes=list(options.ignore_changes),
            delete_before_replace=options.delete_before_replace,
            custom_timeouts={
                key: seconds
                for key in ("create", "update", "delete")
                if (seconds := getattr(timeouts, f"{key}_seconds"))  # 0 where the program gave none
            },
        )


def report(graph: Graph, rule: Rule, say: Callable[[str, str], None], *, production: bool) -> None:
    """Tell every violation of a rule: message and URN."""
    for finding in check(graph, (rule,), production=production):
        say(f"{finding.message}. {finding.remedy}", finding.urn)


def rules() -> tuple[Rule, ...]:
    """All rules of the pack."""
    return (*RULES, *READINESS)


def values(given: Any) -> Any:
    """A value of the SDK, which may be a proxy that raises for what is not known, as plain Python with our markers."""
    if isinstance(given, Mapping):
        return decode_json({str(key): _item(given, key) for key in given})
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        return [_item(given, index) for index in range(len(given))]
    if isinstance(given, float) and given.is_integer():
        return int(given)  # the SDK has every number as a float
    return given


def _item(container: Any, key: Any) -> Any:
    try:
        return values(container[key])
    except Exception as error:
        if type(error).__name__ == _UNKNOWN_ERROR:
            return Unknown
        raise


def _says(value: Any) -> bool:
    """A provider answers with empty values where a program said nothing."""
    return value not in (None, "", [], {})

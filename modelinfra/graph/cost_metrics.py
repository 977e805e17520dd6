"""Custom metrics that a collector beside a server writes (OpenTelemetry's exporter `awsemf`), as its configuration says, and those that the
routers on a fleet's devices tell."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from modelinfra.graph.cost_view import CostView, Unclear, Use
from modelinfra.graph.model import Node
from modelinfra.graph.values import listed, mapping

_CONFIGURATION = "AOT_CONFIG_CONTENT"
_ROUTER = "MODELINFRA_ROUTER"


def task(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """Each metric is paid once for each set of dimensions, however many replicas give values; other metrics of a task are not known here."""
    told = _variables(_parsed(view.inputs(node).get("containerDefinitions"), []), "environment")
    count = sum(
        len(listed(declared.get("metric_name_selectors"))) * len(listed(declared.get("dimensions")))
        for name, value in told
        if name == _CONFIGURATION
        for declared in map(mapping, _declarations(value))
    )
    if count:
        yield Use("custom metric", "metric.custom", Decimal(count), Decimal(count))
    yield from _of_router(told)


def component(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """What a ring's routers tell, of a component of Greengrass."""
    recipe = mapping(_parsed(view.inputs(node).get("inlineRecipe"), {}))
    for manifest in map(mapping, listed(recipe.get("Manifests"))):
        yield from _of_router(mapping(mapping(manifest.get("Lifecycle")).get("Setenv")).items())


def daemon_set(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """The same, of a DaemonSet."""
    spec = mapping(mapping(view.inputs(node).get("spec")).get("template")).get("spec")
    yield from _of_router(_variables(mapping(spec).get("containers"), "env"))


def _variables(containers: Any, key: str) -> list[tuple[Any, Any]]:
    return [
        (variable.get("name"), variable.get("value"))
        for container in map(mapping, listed(containers))
        for variable in map(mapping, listed(container.get(key)))
    ]


def _of_router(variables: Iterable[tuple[Any, Any]]) -> Iterator[Use]:
    for name, value in variables:
        metrics = (
            listed(mapping(mapping(_parsed(value, {})).get("telemetry")).get("metrics")) if name == _ROUTER else []
        )
        if metrics:
            # A ring without devices tells none.
            yield Use("custom metric of a ring", "metric.custom", Decimal(0), Decimal(len(metrics)))


def _declarations(text: Any) -> list[Any]:
    exporters = mapping(mapping(_parsed(text, {})).get("exporters"))
    return listed(mapping(exporters.get("awsemf")).get("metric_declarations"))


def _parsed(text: Any, otherwise: Any) -> Any:
    if isinstance(text, str):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return otherwise

"""Custom metrics that a collector beside a server writes (OpenTelemetry's exporter `awsemf`), as its configuration says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from modelinfra.graph.cost_view import CostView, Unclear, Use
from modelinfra.graph.model import Node
from modelinfra.graph.values import listed, mapping

_CONFIGURATION = "AOT_CONFIG_CONTENT"


def task(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """Each metric is paid once for each set of dimensions, however many replicas give values; other metrics of a task are not known here."""
    count = sum(
        len(listed(declared.get("metric_name_selectors"))) * len(listed(declared.get("dimensions")))
        for container in map(mapping, _parsed(view.inputs(node).get("containerDefinitions"), []))
        for variable in map(mapping, listed(container.get("environment")))
        if variable.get("name") == _CONFIGURATION
        for declared in map(mapping, _declarations(variable.get("value")))
    )
    if count:
        yield Use("custom metric", "metric.custom", Decimal(count), Decimal(count))


def _declarations(text: Any) -> list[Any]:
    exporters = mapping(mapping(_parsed(text, {})).get("exporters"))
    return listed(mapping(exporters.get("awsemf")).get("metric_declarations"))


def _parsed(text: Any, otherwise: Any) -> Any:
    if isinstance(text, str):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return otherwise

"""What a server tells of itself while it runs: its metrics and its traces, and the collector beside it that passes them on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, NotRequired, TypedDict
from urllib.parse import urlsplit

from pulumi import Input

from modelinfra.options.arns import CLIENT_SECRET_ARN, WORKSPACE_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ASKED_OF_POD,
    COLLECTOR,
    DASHBOARD_BODY,
    EXECUTION_POLICY,
    GRAPHS_OF_GRAFANA,
    LOG_GROUP,
    TASK_POLICY,
)
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration
from modelinfra.options.server import known_row

XRAY: Final = "xray"

RECEIVERS: Final = (4317, 4318)
"""Ports on which the collector takes traces of the same replica: OTLP over gRPC, and over HTTP."""

_CONFIG: Final = f"{COLLECTOR}.environment"
_POLICY: Final = f"{TASK_POLICY}.policy"


class MetricsOptions(TypedDict):
    """The server's own metrics, read where it offers them to Prometheus."""

    names: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                default_text="the few that the catalogue names for the server",
                at_least=0,
                at_most=50,
                lands=(_CONFIG, DASHBOARD_BODY, GRAPHS_OF_GRAFANA),
                example=["rest_server_requests_total"],
            ),
        ]
    ]
    """Metrics that go to CloudWatch, by the names that Prometheus sees; each is a custom metric and costs $0.30 a month."""

    interval: NotRequired[
        Annotated[Duration, Option(default="60s", at_least=10, at_most=300, lands=(_CONFIG,), example="30s")]
    ]
    """How often they are read. CloudWatch keeps one value a minute of each; what is written to its log costs by the read."""

    path: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the server's own",
                pattern=r"/[^\s?#]*",
                pattern_text="a path",
                pattern_example="/metrics",
                lands=(_CONFIG, ASKED_OF_POD),
                example="/stats/prometheus",
            ),
        ]
    ]
    """Where the server offers them."""

    port: NotRequired[
        Annotated[
            int,
            Option(default_text="the server's own", at_least=1, at_most=65535, lands=(_CONFIG,), example=9100),
        ]
    ]
    """Port on which it does. It is not opened: the collector asks within the replica."""

    workspace_arn: NotRequired[
        Annotated[
            Input[str],
            Option(
                pattern=WORKSPACE_ARN.pattern,
                pattern_text=WORKSPACE_ARN.pattern_text,
                pattern_example=WORKSPACE_ARN.pattern_example,
                lands=(_CONFIG, _POLICY),
                example=WORKSPACE_ARN.pattern_example,
            ),
        ]
    ]
    """Workspace of Amazon Managed Service for Prometheus to which all of the server's metrics are written, too. None otherwise."""


class TracingOptions(TypedDict):
    """Traces of requests, where the server can send them (OpenTelemetry)."""

    to: Annotated[
        str,
        Option(lands=(_CONFIG, f"{ADDED}{TASK_POLICY}"), example="https://otlp.example.com"),
    ]
    """Where they go: xray (AWS X-Ray), or the https:// address of a receiver of OTLP over HTTP, without its /v1/traces."""

    sample_percent: NotRequired[
        Annotated[float, Option(default=5, at_least=0.01, at_most=100, lands=(_CONFIG,), example=50)]
    ]
    """Share of requests whose traces are kept, in percent. X-Ray costs $5 for a million of them."""

    headers: NotRequired[
        Annotated[
            Mapping[str, Annotated[Input[str], CLIENT_SECRET_ARN]],
            Option(
                lands=(_CONFIG, f"{COLLECTOR}.secrets", f"{EXECUTION_POLICY}.policy"),
                example={"api-key": "arn:aws:secretsmanager:us-west-2:123456789012:secret:traces-AbCdEf"},
            ),
        ]
    ]
    """Headers that the receiver asks for: name -> ARN of the Secrets Manager secret whose whole text is the value. None otherwise."""


class CollectorOptions(TypedDict):
    """The container beside the server that reads its metrics and takes its traces."""

    image: NotRequired[
        Annotated[
            Input[str],
            Option(
                default_text="AWS Distro for OpenTelemetry, from Amazon's public registry",
                lands=(f"{COLLECTOR}.image", f"{EXECUTION_POLICY}.policy"),
                example="123456789012.dkr.ecr.us-west-2.amazonaws.com/otel@sha256:" + "0" * 64,
            ),
        ]
    ]
    """A copy of your own, by digest; needed where the network has no way to the internet."""


METRICS: Final = Option(
    lands=(f"{COLLECTOR}", f"{ADDED}{LOG_GROUP}", f"{ADDED}{TASK_POLICY}", DASHBOARD_BODY), example={}
)


@rule(MetricsOptions, "names", "workspace_arn")
def metrics_have_names_and_a_place(metrics: Mapping[str, Any]) -> Iterable[Problem]:
    names = metrics["names"]
    for index, name in enumerate(names or ()):
        if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name):
            yield Problem(f"names[{index}]", "this is no name of a metric", "Write it as Prometheus shows it.", name)
        elif name in names[:index]:
            yield Problem(f"names[{index}]", "this stands here twice", "Remove it.", name)
    if names is not None and not names and metrics["workspace_arn"] is None:
        yield Problem("names", "nothing is to be told", "Write names, or remove `metrics`.", [])


@rule(TracingOptions, "to", "headers")
def traces_go_somewhere(tracing: Mapping[str, Any]) -> Iterable[Problem]:
    to = tracing["to"]
    if to == XRAY:
        if tracing["headers"] is not None:
            yield Problem("headers", "X-Ray asks for none", "Remove them.")
        return
    address = urlsplit(to)
    if address.scheme != "https" or not address.hostname or address.query or address.username:
        yield Problem(
            "to", "this is neither xray nor an https:// address", "Write for example https://otlp.acme.ai.", to
        )
    elif address.port not in (None, 443):
        yield Problem("to", "replicas speak HTTPS to port 443 alone", "Write an address with that port.", to)
    elif address.path.rstrip("/").endswith("/v1/traces"):
        yield Problem("to", "/v1/traces is added to it", "Leave that out.", to)
    for name in tracing["headers"] or ():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name):
            yield Problem(f"headers.{name}", "this is no name of a header", "Write for example api-key.")


@rule(CollectorOptions, "image")
def the_collector_is_pinned(collector: Mapping[str, Any]) -> Iterable[Problem]:
    image = collector["image"]
    if isinstance(image, str) and not re.fullmatch(r"[^@\s]+@sha256:[0-9a-f]{64}", image):
        reason = "a tag can move, so that two replicas of one revision may differ"
        yield Problem("image", reason, "Write repository@sha256:digest.", image)


def a_server_tells_what_is_asked(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Whether the server of validated options has metrics and can trace, and whether there is something for a collector to do."""
    row = known_row(endpoint["server"])
    metrics, tracing = endpoint["metrics"], endpoint["tracing"]
    if row is None:
        return
    if metrics is not None:
        if row.metrics_path is None and metrics.path is None:
            reason = f"{row.title} offers none that are known: {row.metrics_note}"
            yield Problem("metrics", reason, "Write `path` and `port` where it does, or remove it.")
        if not row.key_metrics and metrics.names is None and metrics.workspace_arn is None:
            reason = f"the catalogue names no metrics of {row.title}"
            yield Problem("metrics.names", reason, "Write which ones go to CloudWatch.")
    if tracing is not None:
        if not row.traces:
            yield Problem("tracing", f"{row.title} is not known to send traces over OTLP", "Remove it.")
        taken = [port for port in row.ports.values() if port in RECEIVERS]
        for port in taken:
            yield Problem("tracing", f"the server listens on {port}, where the collector would", "Move the server.")
    if metrics is None and tracing is None and endpoint["collector"].image is not None:
        yield Problem("collector.image", "there is nothing to collect", "Write `metrics` or `tracing`, or remove it.")

"""The collector of an endpoint on ECS: a container beside the server, its log group, and the rights that it takes.

It is not essential: a replica serves on when it ends. Its image must be there, though: ECS starts no task of which it cannot pull one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.options.problems import Problem
from modelinfra.options.sources import repository_arn_of
from modelinfra.options.telemetry import XRAY
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.collector_config import (
    ADDRESSES,
    Scraped,
    Source,
    Traced,
    collector_config,
)
from modelinfra.platforms.ecs.containers import logged_beside
from modelinfra.platforms.iam import document
from modelinfra.platforms.served_model import ServedModel
from modelinfra.platforms.signals import Metric

CONTAINER_NAME: Final = "collector"

# aws-otel.github.io/download, read on 2026-11-29. Nobody here has pulled it, so that no digest is known.
IMAGE: Final = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"

MEMORY_MIB: Final = 256
"""Of a replica's memory. An assumption: AWS's own templates give it 512 for whole tasks."""

CPU_SHARES: Final = 64
"""Of the task's processor, when all containers want it."""

# What is written here has become a metric within minutes; CloudWatch keeps that for 15 months by itself.
_RETENTION_DAYS: Final = 1


@dataclass(frozen=True)
class Collector:
    """What was registered for it. log_group: name of that of metrics, where some go to CloudWatch."""

    source: Source
    names: Sequence[str]
    log_group: Output[str] | None
    policies: Sequence[pulumi.Resource]

    @property
    def metrics(self) -> list[Metric]:
        """The server's own metrics, as CloudWatch knows them."""
        return [self.source.metric(name) for name in self.names]


def wanted(options: Any) -> bool:
    """Whether validated options of an endpoint ask for a collector."""
    return options.metrics is not None or options.tracing is not None


def memory_mib(options: Any) -> int:
    """What it adds to a replica's memory."""
    return MEMORY_MIB if wanted(options) else 0


def names_of(options: Any, served: ServedModel) -> tuple[str, ...]:
    """The server's metrics that go to CloudWatch."""
    if options.metrics is None:
        return ()
    return served.server.key_metrics if options.metrics.names is None else tuple(options.metrics.names)


def environment(options: Any, name: str) -> dict[str, str]:
    """Variables by which OpenTelemetry's SDKs find the collector; the server's own are in its row."""
    if options.tracing is None:
        return {}
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": ADDRESSES["grpc"], "OTEL_SERVICE_NAME": name}


def unreachable(options: Any, *, internet: bool) -> Iterator[Problem]:
    """What of it lies where a network without a way to the internet does not lead."""
    if internet or not wanted(options):
        return
    if options.collector.image is None:
        remedy = "Copy it to ECR and name it there by digest, or let the network have NAT."
        yield Problem("collector.image", f"{IMAGE} is on the internet, to which the network has no way", remedy)
    if options.tracing is not None and options.tracing.to != XRAY:
        reason = "this is on the internet, to which the network has no way"
        yield Problem("tracing.to", reason, "Write xray, or let the network have NAT.", options.tracing.to)


def services(options: Any) -> list[str]:
    """Interface endpoints that it needs where there is no NAT, beside that of logs."""
    traced = options.tracing is not None and options.tracing.to == XRAY
    stored = options.metrics is not None and options.metrics.workspace_arn is not None
    return [*(["xray"] if traced else []), *(["aps-workspaces"] if stored else [])]


def notes(options: Any, served: ServedModel) -> Iterator[str]:
    """In words for the preview."""
    if not wanted(options):
        return
    names = names_of(options, served)
    if names:
        yield f"{len(names)} metrics of the server go to CloudWatch, each a custom metric: {', '.join(names)}"
    if options.tracing is not None and served.server.tracing_arguments and options.image is not None:
        words = " ".join(served.server.tracing(**ADDRESSES).command[-len(served.server.tracing_arguments) :])
        yield f"the image is handed in: its command must send traces itself, with {words}"
    if options.task_role_arn is not None and (options.metrics is not None or services(options)):
        yield (
            "the task role is handed in: it must allow what the collector does (logs:CreateLogStream, DescribeLogStreams and PutLogEvents on "
            "its log group, aps:RemoteWrite on the workspace, xray:PutTraceSegments and PutTelemetryRecords), as far as it is asked for"
        )


def register_collector(request: EndpointRequest, role: aws.iam.Role | None) -> Collector | None:
    """Log group and rights. role: the server's, where it is made here."""
    options, children = request.options, request.children
    if not wanted(options):
        return None
    names = names_of(options, request.served)
    group = (
        aws.cloudwatch.LogGroup(
            children.named("metrics", "log group"),
            retention_in_days=_RETENTION_DAYS,
            kms_key_id=options.logs.kms_key_arn,
            opts=children.opts("metrics-log-group"),
        )
        if names
        else None
    )
    policies: list[pulumi.Resource] = []
    workspace = options.metrics.workspace_arn if options.metrics is not None else None
    traced = options.tracing is not None and options.tracing.to == XRAY
    if role is not None and (group is not None or workspace is not None or traced):
        policy = Output.all(group=group.arn if group is not None else None, workspace=workspace).apply(
            lambda found: may_pass_on(**found, traced=traced)
        )
        policies.append(
            aws.iam.RolePolicy(
                children.named("collector", "role policy"),
                role=role.name,
                policy=policy,
                opts=children.opts("collector-policy"),
            )
        )
    source = Source(f"modelinfra/{pulumi.get_project()}", pulumi.get_stack(), request.name)
    return Collector(source, names, group.name if group is not None else None, policies)


def known_later(request: EndpointRequest, collector: Collector | None) -> dict[str, Any]:
    """Outputs of which the container is made."""
    if collector is None:
        return {}
    metrics, tracing = request.options.metrics, request.options.tracing
    return {
        "collector_image": request.options.collector.image or IMAGE,
        "collector_group": collector.log_group,
        "collector_workspace": metrics.workspace_arn if metrics is not None else None,
        "collector_headers": (tracing.headers or {}) if tracing is not None else {},
    }


def collector_container(
    request: EndpointRequest, collector: Collector | None, found: Mapping[str, Any], logs: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The container. found: the values of Outputs. logs: where the server's output goes."""
    if collector is None:
        return []
    headers = {name: f"OTLP_HEADER_{index}" for index, name in enumerate(sorted(found["collector_headers"]))}
    scraped, traced = _scraped(request, collector, found), _traced(request, headers)
    config = collector_config(collector.source, found["region"], scraped, traced)
    secrets = [{"name": variable, "valueFrom": found["collector_headers"][name]} for name, variable in headers.items()]
    return [
        {
            "name": CONTAINER_NAME,
            "image": found["collector_image"],
            "essential": False,
            "cpu": CPU_SHARES,
            "memory": MEMORY_MIB,
            "environment": [{"name": "AOT_CONFIG_CONTENT", "value": config}],
            **({"secrets": secrets} if secrets else {}),
            "logConfiguration": logged_beside(logs, CONTAINER_NAME),
        }
    ]


def secrets(request: EndpointRequest) -> list[Input[str]]:
    """What ECS reads for the container before it starts."""
    tracing = request.options.tracing
    return list((tracing.headers or {}).values()) if tracing is not None else []


def repository(request: EndpointRequest) -> list[Input[str]]:
    """ARN of the repository in ECR from which it is pulled, if that is one; empty otherwise."""
    image: Input[str] | None = request.options.collector.image
    return [] if image is None else [Output.from_input(image).apply(lambda known: repository_arn_of(known) or "")]


def _scraped(request: EndpointRequest, collector: Collector, found: Mapping[str, Any]) -> Scraped | None:
    metrics, server = request.options.metrics, request.served.server
    if metrics is None:
        return None
    return Scraped(
        port=metrics.port or server.ports.get("metrics", server.ports["http"]),
        path=metrics.path or server.metrics_path or "/metrics",
        interval_seconds=metrics.interval,
        names=collector.names,
        log_group=found["collector_group"],
        workspace=found["collector_workspace"],
    )


def _traced(request: EndpointRequest, headers: Mapping[str, str]) -> Traced | None:
    tracing = request.options.tracing
    if tracing is None:
        return None
    return Traced(None if tracing.to == XRAY else tracing.to, tracing.sample_percent, headers)


def may_pass_on(group: str | None, workspace: str | None, *, traced: bool) -> str:
    statements: list[dict[str, Any]] = []
    if group is not None:
        actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": f"{group}:*"})
    if workspace is not None:
        statements.append({"Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": workspace})
    if traced:
        # Neither knows a resource (service authorization reference, AWS X-Ray).
        actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    return document(*statements)

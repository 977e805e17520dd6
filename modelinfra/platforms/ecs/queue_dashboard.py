"""The dashboard of an asynchronous endpoint: what waits, what is finished, what failed, what it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.platforms import dashboards
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.gpu_signals import Gpus, rows_of
from modelinfra.platforms.ecs.queue import Queue
from modelinfra.platforms.ecs.queue_scaling import NAMESPACE
from modelinfra.platforms.signals import Metric, Signals, Watched
from modelinfra.platforms.widgets import Line, alarm_rows, body, graph, line

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster

_INSIGHTS: Final = "ECS/ContainerInsights"


def register_queue_dashboard(
    request: EndpointRequest,
    cluster: EcsCluster,
    queue: Queue,
    service: aws.ecs.Service,
    alarms: Sequence[aws.cloudwatch.MetricAlarm],
    gpus: Gpus | None,
) -> Watched:
    """What can be seen of the endpoint, and, unless the options say no, the dashboard that shows it."""
    insights = cluster.options.container_insights != "disabled"
    known = Output.all(
        region=cluster.arn.apply(lambda arn: arn.split(":")[3]),
        queue={"QueueName": queue.queue.name},
        dead={"QueueName": queue.dead.name},
        service={"ClusterName": cluster.cluster_name, "ServiceName": service.name},
        alarms=[alarm.arn for alarm in alarms],
    )
    if request.options.dashboard:
        text: Input[str] = known.apply(
            lambda found: queue_dashboard_body(found, insights, request.options.slo, [gpus] if gpus else [])
        )
        dashboards.register(request.children, "dashboard", "dashboard", text)
    return lambda: known.apply(lambda found: _signals(request.name, found, insights))


def queue_dashboard_body(known: Mapping[str, Any], insights: bool, slo: Any, gpus: Sequence[Gpus] = ()) -> str:
    """The dashboard's text. known: region, dimensions and alarms. insights: whether the cluster counts tasks. slo: what is promised, or None.
    gpus: what it runs on."""
    region, queue, dead = known["region"], known["queue"], known["dead"]
    oldest = slo.oldest_message if slo is not None else None
    running = _lines(_INSIGHTS, known["service"], {"RunningTaskCount": "running", "DesiredTaskCount": "desired"})
    rows = [
        [
            graph("Messages", region, _lines(NAMESPACE, queue, {
                "ApproximateNumberOfMessagesVisible": "wait",
                "ApproximateNumberOfMessagesNotVisible": "are worked on",
            }), stacked=True),
            graph("Messages a minute", region, _lines(NAMESPACE, queue, {
                "NumberOfMessagesSent": "sent", "NumberOfMessagesReceived": "tried", "NumberOfMessagesDeleted": "finished",
            }, "Sum")),
            graph(
                "Seconds that the oldest waits",
                region,
                _lines(NAMESPACE, queue, {"ApproximateAgeOfOldestMessage": "oldest"}),
                limits={} if oldest is None else {"promised": oldest},
            ),
        ],
        [
            graph("Dead letters", region, _lines(NAMESPACE, dead, {"ApproximateNumberOfMessagesVisible": "lie there"})),
            *([graph("Replicas", region, running)] if insights else []),
            graph("Processor and memory, percent", region, _lines("AWS/ECS", known["service"], {
                "CPUUtilization": "processor", "MemoryUtilization": "memory",
            }), most=100),
        ],
    ]  # fmt: skip
    rows += rows_of(gpus, region, {"": known["service"]})
    return body([*alarm_rows("Alarms", known["alarms"]), *rows])


def _lines(
    namespace: str, dimensions: Mapping[str, str], names: Mapping[str, str], stat: str = "Maximum"
) -> list[Line]:
    return [line(Metric(namespace, name, dimensions), stat=stat, label=words) for name, words in names.items()]


def _signals(name: str, known: Mapping[str, Any], insights: bool) -> Signals:
    """Of a queue what is finished counts as a request; nobody waits for an answer."""
    running = (Metric(_INSIGHTS, "RunningTaskCount", known["service"]),) if insights else ()
    finished = (Metric(NAMESPACE, "NumberOfMessagesDeleted", known["queue"]),)
    return Signals(name, known["region"], finished, (), (), running, tuple(known["alarms"]))

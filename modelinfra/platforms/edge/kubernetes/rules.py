"""The alarms of a ring as rules of the cluster's Prometheus: the names, limits and meaning that CloudWatch's have, and one for devices that do not
serve. Pure data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelinfra.platforms.edge.alarms import RingAlarm, ring_alarms
from modelinfra.platforms.edge.planner import FleetPlan, PlannedRing
from modelinfra.platforms.kubernetes.rules import BEYOND, CRITICAL, WARNING, Alarm

_WINDOW: Final = "5m"
_WINDOW_SECONDS: Final = 300
_ABSENT_SECONDS: Final = 900

_REMEDIES: Final = {
    "handed-over": "Look whether inputs have changed, or devices are too slow: modelinfra_router_answers_total says why, by reason.",
    "refused": "Look at the link, and at the model's log on the devices.",
    "lost": "Give devices more room (`router.offline.size`), or look why the endpoint fails on what it gets.",
    "latency": "Look at the light model's load: modelinfra_router_waiting.",
    "store": "Look at the link; give devices more room (`router.offline.size`).",
    "temperature": "Look at the device's place, and at its load.",
}
_SEVERE: Final = ("refused", "lost")


def alarms_of(plan: FleetPlan, ring: PlannedRing, job: str, namespace: str, daemon_set: str) -> tuple[Alarm, ...]:
    """job: how Prometheus calls what it asks; empty where devices have no router."""
    pods = f'job="{job}",pod=~"{daemon_set}-[a-z0-9]+"'
    there = (_absent(namespace, daemon_set),)
    return (*there, *_of_router(plan, ring, pods)) if job else there


def _of_router(plan: FleetPlan, ring: PlannedRing, pods: str) -> Iterator[Alarm]:
    for each in ring_alarms(plan, ring):
        yield Alarm(
            each.kind,
            _question(plan, each, pods),
            _WINDOW_SECONDS * (each.windows - 1),
            CRITICAL if each.kind in _SEVERE else WARNING,
            each.said.format(each.most),
            _REMEDIES[each.kind],
        )


def _question(plan: FleetPlan, alarm: RingAlarm, pods: str) -> str:
    # The histogram has each of those who answer from the beginning; the counter by reason has one when it comes.
    counted = "modelinfra_router_answer_seconds_count"
    answers = f"sum(increase({counted}{{{pods}}}[{_WINDOW}]))"
    seconds = f"modelinfra_router_answer_seconds_bucket{{{pods}}}"

    def share(by: str) -> str:
        those = f'sum(increase({counted}{{{pods},answered_by="{by}"}}[{_WINDOW}]))'
        return f"100 * {those} / {answers}"

    asked = {
        "handed-over": share("cloud"),
        "refused": share("nobody"),
        "lost": f"sum(increase(modelinfra_router_lost_total{{{pods}}}[{_WINDOW}]))",
        "latency": f"histogram_quantile(0.99, sum by (le) (rate({seconds}[{_WINDOW}])))",
        "store": f"100 * max(modelinfra_router_stored_bytes{{{pods}}}) / {plan.options.router.offline.size:d}",
        "temperature": f"max(modelinfra_router_temperature_celsius{{{pods}}})",
    }[alarm.kind]
    question = f"{asked} > {alarm.most:g}"
    # Of a handful of requests the slowest is no percentile.
    return f"({question}) and ({answers} >= {round(BEYOND / 0.01)})" if alarm.kind == "latency" else question


def _absent(namespace: str, daemon_set: str) -> Alarm:
    told = f'kube_daemonset_status_number_unavailable{{namespace="{namespace}",daemonset="{daemon_set}"}}'
    return Alarm(
        "unavailable",
        f"max({told}) > 0",
        _ABSENT_SECONDS,
        WARNING,
        "{{ $value }} devices do not serve: they are offline, or the model is not ready",
        "kubectl get nodes; then the pods' log. A device that is gone for good is taken out: modelinfra fleet revoke.",
    )

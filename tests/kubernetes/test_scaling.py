"""What makes replicas more or fewer on Kubernetes: what KEDA asks Prometheus, as a real Prometheus answers it, and what the calendar says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra.options.scaling_schedule import ScheduleOptions
from modelinfra.options.strict import validate
from modelinfra.platforms.kubernetes.schedule import stretches, unscheduled
from tests.kubernetes.prometheus import Story, complaints, unreadable
from tests.kubernetes.schemas import complaints as of_schema
from tests.kubernetes.test_alarms import ENVOY, OPERATOR, SLO
from tests.kubernetes.worlds import AUTOSCALER, SCALED_OBJECT, VLLM, deployed, manifests, refusal
from tests.making import inputs

RATE = {"min": 2, "max": 8, "requests_per_second_per_replica": 25}


def triggers(root: Path, **options: Any) -> dict[str, dict[str, Any]]:
    """Name or type of a trigger -> it. What the API server says of everything is asked on the way."""
    graph = deployed(root, **options)
    assert [each for manifest in manifests(graph) for each in of_schema(manifest)] == []
    assert graph.all(AUTOSCALER) == []
    return {each.get("name", each["type"]): each for each in inputs(graph, SCALED_OBJECT)["spec"]["triggers"]}


def question(found: dict[str, Any]) -> str:
    text: str = found["metadata"]["query"]
    return text


@pytest.mark.slow_judge
def test_requests_a_second_are_counted_at_all_replicas_and_keda_divides_them(tmp_path: Path) -> None:
    found = triggers(tmp_path, scaling=RATE)["requests-per-second"]
    assert (found["metricType"], found["metadata"]["threshold"]) == ("AverageValue", "25")
    pods = 'namespace="k8s",pod="iris-predictor-5d-{}"'
    series = {
        f'rest_server_requests_total{{{pods.format(each)},method="{method}",status_code="200"}}': f"0+{more}x60"
        for each, method, more in (("a", "POST", 300), ("b", "POST", 600), ("b", "GET", 900))
    }
    idle = {f'up{{{pods.format("a")},job="j"}}': "1x60"}
    stories = [
        Story("two replicas are asked 20 and 40 times a second", series, values={question(found): 60}),
        Story("nobody ever asked", idle, values={question(found): 0}),
        Story("Prometheus does not see the replicas", {}, values={question(found): None}),
    ]
    assert complaints([], stories, tmp_path) == ""


@pytest.mark.slow_judge
def test_with_the_operator_nobody_counts_twice_what_two_scrape(tmp_path: Path) -> None:
    found = triggers(tmp_path, scaling=RATE, platform=OPERATOR)["requests-per-second"]
    series = {
        f'rest_server_requests_total{{namespace="k8s",job="{job}",pod="iris-predictor-a-b",method="POST"}}': "0+300x60"
        for job in ("k8s/iris", "kserve/kserve-model-servers")
    }
    assert complaints([], [Story("twice", series, values={question(found): 20})], tmp_path) == ""


@pytest.mark.slow_judge
def test_what_a_server_does_not_count_is_counted_at_the_gateway(tmp_path: Path) -> None:
    llama = {"server": "llama-cpp", "model": {"uri": "s3://acme-models/iris/7", "file": "a.gguf", "size": "1GiB"}}
    found = triggers(tmp_path, **llama, scaling=RATE, platform=ENVOY)["requests-per-second"]
    route = 'envoy_cluster_name="httproute/k8s/iris/rule/0"'
    series = {f'envoy_cluster_upstream_rq_xx{{envoy_response_code_class="2",{route}}}': "0+150x60"}
    stories = [
        Story("ten a second", series, values={question(found): 10}),
        Story("none yet", {f"envoy_cluster_membership_total{{{route}}}": "2x60"}, values={question(found): 0}),
    ]
    assert complaints([], stories, tmp_path) == ""


GUARDED = {"min": 2, "max": 8, "p95_latency_ms": 200}


def slow(le: str, ready: int = 4) -> dict[str, str]:
    """All answers take so long, and so many of four replicas are ready."""
    pods, deployment = 'namespace="k8s",pod="iris-predictor-5d-a"', 'namespace="k8s",deployment="iris-predictor"'
    steps = ["0.1", "0.25", "0.5", "1", "+Inf"]
    buckets = {each: 0 if steps.index(each) < steps.index(le) else 900 for each in steps}
    name = "rest_server_request_duration_seconds_bucket"
    return {
        **{f'{name}{{{pods},method="POST",le="{each}"}}': f"0+{more}x60" for each, more in buckets.items()},
        f"kube_deployment_status_replicas_ready{{{deployment}}}": f"{ready}x60",
        f"kube_deployment_spec_replicas{{{deployment}}}": "4x60",
    }


@pytest.mark.slow_judge
def test_replicas_are_added_while_answers_take_too_long_step_by_step(tmp_path: Path) -> None:
    found = triggers(tmp_path, scaling=GUARDED)
    assert (found["p95"]["metricType"], found["p95"]["metadata"]["threshold"]) == ("Value", "1")
    assert "cpu" in found  # the target that removes them again
    asked = question(found["p95"])
    stories = [
        Story("fast enough", slow("0.1"), values={asked: 0}),
        Story("too slow: a quarter more", slow("0.25"), values={asked: 1.25}),
        Story("twice too slow: half more", slow("0.5"), values={asked: 1.5}),
        Story("the step before does not serve yet: those that there are", slow("0.5", ready=3), values={asked: 1}),
        Story("nothing is known", {}, values={asked: 0}),
    ]
    assert complaints([], stories, tmp_path) == ""


def test_an_objective_is_a_guard_where_prometheus_can_be_asked(tmp_path: Path) -> None:
    assert "p95" in triggers(tmp_path, scaling={"min": 2, "max": 8}, slo=SLO, platform=OPERATOR)
    graph = deployed(tmp_path, scaling={"min": 2, "max": 8}, slo=SLO, platform={"prometheus": {"operator": True}})
    assert len(graph.all(AUTOSCALER)) == 1


@pytest.mark.slow_judge
def test_all_that_is_asked_is_read(tmp_path: Path) -> None:
    found = triggers(tmp_path, **{**VLLM, "scaling": {**RATE, "p95_latency_ms": 900, "concurrency": 8}})
    assert sorted(found) == ["in-flight", "p95", "requests-per-second"]
    assert unreadable(map(question, found.values()), tmp_path) == ""


def test_the_clusters_own_autoscaler_does_not_keep_kedas_from_coming_in_its_place(tmp_path: Path) -> None:
    annotations = inputs(deployed(tmp_path, scaling={"min": 2, "max": 4}), AUTOSCALER)["metadata"]["annotations"]
    assert annotations == {"validations.keda.sh/hpa-ownership": "false"}


def planned(**points: dict[str, Any]) -> dict[str, Any]:
    return {name: validate(ScheduleOptions, point) for name, point in points.items()}


DAY = {"at": "cron(0 8 ? * MON-FRI *)", "min": 4, "timezone": "Europe/Vienna"}
NIGHT = {"at": "cron(30 20 ? * MON-FRI *)", "timezone": "Europe/Vienna"}


def test_a_point_in_time_holds_until_the_next_one(tmp_path: Path) -> None:
    found = triggers(tmp_path, scaling={"min": 2, "max": 8, "schedule": {"day": DAY, "night": NIGHT}})
    assert found["cron"]["metadata"] == {
        "timezone": "Europe/Vienna",
        "start": "0 8 * * 1,2,3,4,5",
        "end": "30 20 * * 1,2,3,4,5",
        "desiredReplicas": "4",
    }


def test_the_last_point_of_a_week_reaches_into_the_next(tmp_path: Path) -> None:
    found = stretches(planned(a={"at": "cron(0 22 ? * FRI *)", "min": 6}, b={"at": "cron(0 6 ? * MON *)"}), 2)
    assert [(each.start, each.end) for each in found] == [("0 22 * * 5", "0 6 * * 1")]


def keda_holds(start: str, end: str, minute: int) -> bool:
    """Whether KEDA's cron scaler is active: its end comes before its next beginning."""

    def following(text: str) -> int:
        clock, days = text.split()[:2], text.split()[4]
        at = [
            day * 1440 + int(clock[1]) * 60 + int(clock[0])
            for day in (range(7) if days == "*" else map(int, days.split(",")))
        ]
        return min((each - minute - 1) % (7 * 1440) for each in at)

    return following(end) < following(start)


POINT = st.tuples(
    st.sets(st.sampled_from(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]), min_size=1),
    st.sampled_from(range(24)),
    st.sampled_from([None, 3, 4, 5]),
)


@settings(max_examples=25)
@given(points=st.lists(POINT, min_size=2, max_size=4, unique_by=lambda point: point[1]))
def test_at_every_hour_of_the_week_keda_asks_for_what_the_last_point_says(points: list[Any]) -> None:
    schedule = planned(
        **{
            f"p{index}": {"at": f"cron(0 {hour} ? * {','.join(sorted(days))} *)", **({"min": least} if least else {})}
            for index, (days, hour, least) in enumerate(points)
        }
    )
    found = stretches(schedule, 2)
    days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    events = sorted((days.index(day) * 1440 + hour * 60, least) for on, hour, least in points for day in on)
    for minute in range(30, 7 * 1440, 60):
        last = max((each for each in events if each[0] <= minute), default=events[-1])
        asked = [each.least for each in found if keda_holds(each.start, each.end, minute)]
        assert max(asked, default=2) == (last[1] or 2), (minute, found)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"a": {**DAY, "max": 6}, "b": NIGHT}, "scaling.schedule.a.max (given: 6): an autoscaler of Kubernetes has one upper limit, and a trigger can only ask for more. Remove it."),
        ({"a": {"at": "at(2027-03-01T08:00:00)", "min": 4}, "b": {"at": NIGHT["at"]}}, "scaling.schedule.a.at (given: 'at(2027-03-01T08:00:00)'): KEDA knows no single point in time. Write cron(…)."),
        ({"a": {"at": "cron(0 8 1 * ? *)", "min": 4}, "b": {"at": NIGHT["at"]}}, "scaling.schedule.a.at (given: 'cron(0 8 1 * ? *)'): here a schedule is one of the week: minutes, hours and weekdays. Write for example cron(0 8 ? * MON-FRI *)."),
        ({"a": DAY, "b": {"at": NIGHT["at"]}}, "scaling.schedule (given: 'Europe/Vienna, UTC'): points in time of one schedule follow each other, and these are of several time zones. Write the same `timezone` everywhere."),
        ({"a": DAY, "b": {**NIGHT, "at": DAY["at"]}}, "scaling.schedule.b.at (given: 'cron(0 8 ? * MON-FRI *)'): `a` is at the same time, and one of them would not hold. Write another time."),
    ],
)  # fmt: skip
def test_a_schedule_that_keda_cannot_keep_is_refused(schedule: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, scaling={"min": 2, "max": 8, "schedule": schedule}) == [said]


@pytest.mark.parametrize(
    ("platform", "options", "said"),
    [
        ({"prometheus": None}, {"scaling": RATE}, "scaling.requests_per_second_per_replica (given: 25): KEDA would ask a Prometheus for it, and the platform names none. Write `prometheus: {url: …}` there."),
        ({}, {"server": "torchserve", "model": {"uri": "s3://acme-models/iris/7", "file": "iris.mar"}, "scaling": RATE}, "scaling.requests_per_second_per_replica (given: 25): TorchServe does not tell how many requests it has. Write `cpu_percent` or `memory_percent`."),
        ({}, {"server": "triton", "scaling": GUARDED}, "scaling.p95_latency_ms (given: 200): Triton does not tell how long requests take. Remove it."),
        (ENVOY, {"server": "torchserve", "model": {"uri": "s3://acme-models/iris/7", "file": "iris.mar"}, "scaling": RATE, "revisions": {"candidate": {"cpu": 2}}}, "scaling.requests_per_second_per_replica (given: 25): TorchServe does not tell how many requests it has, and the gateway counts revisions together. Write `cpu_percent` or `memory_percent`."),
    ],
)  # fmt: skip
def test_targets_that_nothing_measures_are_refused(
    platform: dict[str, Any], options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert refusal(tmp_path, platform=platform, **options) == [said]


def test_a_schedule_of_the_week_is_one_that_keda_keeps() -> None:
    assert list(unscheduled(planned(day=DAY, night=NIGHT))) == []

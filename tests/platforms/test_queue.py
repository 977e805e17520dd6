"""An asynchronous endpoint: what stands before it, beside its server and behind it, and when replicas come and go."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.model import Graph
from modelinfra.platforms.ecs.queue_scaling import MOST_STEPS, steps
from modelinfra.worker.settings import read
from tests.platforms.worlds import (
    ALARM,
    EGRESS,
    IMAGE,
    INGRESS,
    POLICY,
    RULE,
    SCALING_POLICY,
    SCALING_TARGET,
    SERVICE,
    TARGET_GROUP,
    TASK,
    deployed,
    refusal,
)

QUEUE, QUEUE_POLICY = "aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"
BUCKET = "aws:s3/bucket:Bucket"
ENDPOINT = "modelinfra:index:ModelEndpoint"
TOPIC = "arn:aws:sns:us-west-2:123456789012:alarms"
KEY = "arn:aws:kms:us-west-2:123456789012:key/queues"
SCALING = {"min": 0, "max": 8}


def queued(root: Path, **options: Any) -> Graph:
    return deployed(root, **{"mode": "async", "scaling": SCALING, **options})


def containers(graph: Graph) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(graph.one(TASK).inputs["containerDefinitions"])}


def statements(graph: Graph, part: str) -> dict[str, Any]:
    """First action -> its resources, of one policy."""
    (node,) = [node for node in graph.all(POLICY) if part in node.name]
    found = {}
    for each in json.loads(node.inputs["policy"])["Statement"]:
        action = each["Action"] if isinstance(each["Action"], str) else each["Action"][0]
        found[action] = each["Resource"]
    return found


def alarm(graph: Graph, part: str) -> Mapping[str, Any]:
    (node,) = [node for node in graph.all(ALARM) if part in node.name]
    return node.inputs


def test_there_is_a_queue_and_no_load_balancer_and_nobody_comes_in(tmp_path: Path) -> None:
    graph = queued(tmp_path, cluster={"shared_load_balancer": False})
    assert graph.all(TARGET_GROUP) == graph.all(RULE) == graph.all(INGRESS) == []
    assert [node.inputs["fromPort"] for node in graph.all(EGRESS)] == [443]
    service = graph.one(SERVICE).inputs
    assert not {"loadBalancers", "healthCheckGracePeriodSeconds"} & set(service)
    assert service["desiredCount"] == 0


def test_a_message_is_hidden_for_as_long_as_a_request_may_take_and_then_goes_to_the_dead_letters(
    tmp_path: Path,
) -> None:
    graph = queued(tmp_path, longest_request="5m", queue={"max_receive_count": 3, "retention": "24h"})
    requests, dead = sorted(graph.all(QUEUE), key=lambda node: node.name, reverse=True)
    assert requests.inputs["visibilityTimeoutSeconds"] == 360
    assert requests.inputs["messageRetentionSeconds"] == 86400
    assert json.loads(requests.inputs["redrivePolicy"]) == {
        "deadLetterTargetArn": dead.outputs["arn"],
        "maxReceiveCount": 3,
    }
    assert dead.inputs["messageRetentionSeconds"] == 14 * 86400
    (allowed,) = graph.all("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
    assert json.loads(allowed.inputs["redriveAllowPolicy"])["sourceQueueArns"] == [requests.outputs["arn"]]


def test_both_queues_are_encrypted_and_refuse_plain_http(tmp_path: Path) -> None:
    graph = queued(tmp_path)
    assert [node.inputs["sqsManagedSseEnabled"] for node in graph.all(QUEUE)] == [True, True]
    for node in graph.all(QUEUE_POLICY):
        (statement,) = json.loads(node.inputs["policy"])["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    keyed = queued(tmp_path, queue={"kms_key_arn": KEY})
    assert [node.inputs["kmsMasterKeyId"] for node in keyed.all(QUEUE)] == [KEY, KEY]
    assert statements(keyed, "worker")["kms:Decrypt"] == KEY


def test_the_worker_starts_when_the_server_is_ready_and_stops_before_it(tmp_path: Path) -> None:
    found = containers(queued(tmp_path))
    assert list(found) == ["model", "server-ready", "worker"]
    assert [found[name]["essential"] for name in found] == [True, False, True]
    assert found["server-ready"]["command"][-1] == "wait"
    assert found["worker"]["dependsOn"] == [
        {"containerName": "model", "condition": "START"},
        {"containerName": "server-ready", "condition": "SUCCESS"},
    ]
    assert found["worker"]["stopTimeout"] == 75
    assert found["worker"]["healthCheck"]["command"][-1] == "health"
    assert all(found[name]["readonlyRootFilesystem"] for name in ("server-ready", "worker"))


def test_the_worker_is_told_what_it_reads(tmp_path: Path) -> None:
    graph = queued(tmp_path, queue={"concurrency": 4, "bucket": "acme-results"}, longest_request="10m")
    worker = containers(graph)["worker"]
    (text,) = [each["value"] for each in worker["environment"] if each["name"] == "MODELINFRA_WORKER"]
    told = read(text)
    assert (told.bucket, told.prefix) == ("acme-results", "digits/")
    assert (told.concurrency, told.longest_request_seconds, told.visibility_seconds) == (4, 600, 660)
    # No longer than Fargate waits.
    assert (told.stop_seconds, worker["stopTimeout"]) == (120, 120)
    assert told.server == "http://127.0.0.1:8080"
    assert told.predict_path == "/v2/models/digits/infer"
    assert graph.all(BUCKET) == []


def test_the_worker_asks_for_its_status_where_nobody_else_listens(tmp_path: Path) -> None:
    server = {"image": "own.example/s:1", "port": 47100, "health_path": "/h", "predict_path": "/p"}
    worker = containers(queued(tmp_path, server=server))["worker"]
    assert json.loads(worker["environment"][1]["value"])["statusPort"] == 47101


def test_a_replica_may_work_its_queue_off_and_nothing_else(tmp_path: Path) -> None:
    graph = queued(tmp_path, queue={"inputs": ["s3://acme-photos/incoming/"], "input_kms_key_arn": KEY})
    bucket, queue = graph.one(BUCKET).outputs["arn"], graph.all(QUEUE)
    (requests,) = [node.outputs["arn"] for node in queue if "requests" in node.name]
    assert statements(graph, "worker") == {
        "sqs:ReceiveMessage": requests,
        "s3:GetObject": [f"{bucket}/digits/inputs/*", "arn:aws:s3:::acme-photos/incoming/*"],
        "s3:PutObject": f"{bucket}/digits/results/*",
        "s3:ListBucket": bucket,
        "ecs:GetTaskProtection": graph.one("aws:ecs/cluster:Cluster").outputs["arn"].replace(":cluster/", ":task/")
        + "/*",
        "kms:Decrypt": KEY,
    }


def test_a_client_gets_a_policy_by_which_it_may_ask_and_read_answers(tmp_path: Path) -> None:
    graph = queued(tmp_path)
    outputs = graph.one(ENDPOINT).outputs
    allowed = json.loads(outputs["client_policy"])["Statement"]
    assert [each["Action"] for each in allowed] == ["sqs:SendMessage", "s3:PutObject", "s3:GetObject", "s3:ListBucket"]
    assert "*" not in [each["Resource"] for each in allowed]
    assert outputs["store_uri"] == f"s3://{graph.one(BUCKET).outputs['bucket']}/digits/"
    assert outputs["queue_url"].startswith("https://sqs.us-west-2.amazonaws.com/")
    assert "url" not in outputs


def test_queues_are_protected_in_production_and_results_outlive_the_endpoint(tmp_path: Path) -> None:
    def kept(production: bool) -> tuple[list[Any], Any, Any]:
        graph = queued(tmp_path, cluster={"production": production})
        bucket = graph.one(BUCKET)
        return (
            [bool(node.protect) for node in graph.all(QUEUE)],
            bool(bucket.retain_on_delete),
            bucket.inputs["forceDestroy"],
        )

    assert kept(False) == ([False, False], False, True)
    assert kept(True) == ([True, True], True, False)


def test_from_one_message_on_a_replica_comes_and_each_further_one_when_the_backlog_asks(tmp_path: Path) -> None:
    graph = queued(tmp_path, scaling={"min": 0, "max": 3, "backlog_per_replica": 5})
    target = graph.one(SCALING_TARGET).inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (0, 3)
    by_backlog, to_least = sorted(graph.all(SCALING_POLICY), key=lambda node: node.name)
    out = by_backlog.inputs["stepScalingPolicyConfiguration"]
    assert out["adjustmentType"] == "ExactCapacity"
    # Bounds are counted from the alarm's threshold, which is 1.
    assert [
        (each.get("metricIntervalLowerBound"), each.get("metricIntervalUpperBound"), each["scalingAdjustment"])
        for each in out["stepAdjustments"]
    ] == [("0", "5", 1), ("5", "10", 2), ("10", None, 3)]
    watched = alarm(graph, "by-backlog")
    assert (watched["threshold"], watched["evaluationPeriods"]) == (1, 1)
    assert watched["alarmActions"] == [by_backlog.outputs["arn"]]
    assert to_least.inputs["stepScalingPolicyConfiguration"]["stepAdjustments"] == [
        {"metricIntervalUpperBound": "0", "scalingAdjustment": 0}
    ]


def test_the_last_replica_goes_only_when_nothing_waits_and_nothing_is_worked_on(tmp_path: Path) -> None:
    idle = alarm(queued(tmp_path, scaling={**SCALING, "scale_in_cooldown": "10m"}), "to-least")
    assert (idle["comparisonOperator"], idle["threshold"], idle["evaluationPeriods"]) == ("LessThanThreshold", 1, 10)
    metrics = {query["id"]: query for query in idle["metricQueries"]}
    assert metrics["unfinished"]["expression"] == "waiting + FILL(taken, 0)"
    assert metrics["taken"]["metric"]["metricName"] == "ApproximateNumberOfMessagesNotVisible"
    # A queue that was not used for hours says nothing, and that is no reason for anything.
    assert idle["treatMissingData"] == "notBreaching"


def test_a_number_of_replicas_that_stays_has_no_policies(tmp_path: Path) -> None:
    graph = queued(tmp_path, scaling={"min": 2})
    assert graph.all(SCALING_POLICY) == []
    assert len(graph.all(ALARM)) == 2


@given(backlog=st.integers(1, 1000), least=st.integers(0, 200), more=st.integers(0, 4000))
def test_steps_never_give_too_few_replicas_and_never_more_than_there_may_be(
    backlog: int, least: int, more: int
) -> None:
    most = max(least + more, 1)
    table = steps(backlog, least, most)
    assert len(table) <= MOST_STEPS
    assert table[0][0] == 1
    assert [count for _, count in table] == sorted({count for _, count in table})
    assert table[-1][1] == most
    for (messages, count), (following, _) in itertools.pairwise(table):
        # Just before the next step each replica has no more than its share.
        assert (following - 1) <= count * backlog
        assert messages < following


def test_what_takes_a_deployment_back_is_messages_that_fail_and_messages_that_nobody_finishes(tmp_path: Path) -> None:
    graph = queued(tmp_path, startup_budget="10m", longest_request="5m", rollback={"error_percent": 2})
    names = graph.one(SERVICE).inputs["alarms"]["alarmNames"]
    failed, stalled = alarm(graph, "failed-messages"), alarm(graph, "stalled")
    assert len(names) == 2
    assert failed["threshold"] == 2
    # Placing the task takes 5 minutes, the start 10, a request 5, and two more for the metric.
    assert stalled["evaluationPeriods"] == 22
    assert "alarmActions" not in failed


def test_whoever_is_told_hears_of_dead_letters_of_old_messages_and_of_deployments_that_fail(tmp_path: Path) -> None:
    graph = queued(tmp_path, alarm_topic_arn=TOPIC, slo={"oldest_message": "30m"})
    for part in ("failed-messages", "stalled", "dead-letters", "oldest-message"):
        assert alarm(graph, part)["alarmActions"] == [TOPIC]
    assert alarm(graph, "oldest-message")["threshold"] == 1800
    assert len(graph.all("aws:cloudwatch/eventRule:EventRule")) == 1


def test_a_ready_image_gets_a_worker_beside_it(tmp_path: Path) -> None:
    ready = {"image": "a.example/served@sha256:" + "0" * 64, "model": {"name": "digits"}}
    graph = queued(tmp_path, **ready)
    assert [node.name for node in graph.all(IMAGE)] == ["digits-worker"]
    assert [name for name, each in containers(graph).items() if each["image"] == ready["image"]] == ["model"]


def test_a_model_that_is_fetched_comes_before_the_server_and_the_worker_after(tmp_path: Path) -> None:
    found = containers(queued(tmp_path, model="s3://acme-models/digits/7"))
    assert list(found) == ["model", "model-fetch", "server-ready", "worker"]


def test_what_is_handed_in_must_allow_what_a_worker_does(tmp_path: Path) -> None:
    role = "arn:aws:iam::123456789012:role/serve"
    graph = queued(
        tmp_path,
        task_role_arn=role,
        security_group_id="sg-0123456789abcdef0",
        queue={"bucket": "acme-results", "kms_key_arn": KEY},
    )
    said = " ".join(each["message"] for each in graph.logs)
    assert "and allow sqs:ReceiveMessage, DeleteMessage and ChangeMessageVisibility on the queue" in said
    assert f"and kms:Decrypt and kms:GenerateDataKey with {KEY}" in said
    assert "it must let HTTPS out to image, log, messages and secrets" in said
    assert "the bucket of results is handed in" in said


def test_the_preview_says_when_replicas_come_and_what_a_sleeping_endpoint_costs_in_time(tmp_path: Path) -> None:
    said = " ".join(each["message"] for each in queued(tmp_path).logs)
    assert (
        "0 to 8 replicas, one for every 10 messages that wait or are worked on; 0 again when there were none for 5m"
        in said
    )
    assert "up to 15 after six hours without any" in said


@pytest.mark.parametrize(
    ("options", "said"), [({"scaling": {"min": 0}}, "no part of AWS holds a request"), ({"queue": {}}, "has no queue")]
)
def test_only_an_asynchronous_endpoint_sleeps_or_has_a_queue(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    assert any(said in line for line in refusal(tmp_path, **options))


def test_a_message_is_dropped_before_it_is_as_old_as_was_promised(tmp_path: Path) -> None:
    given = {"mode": "async", "scaling": SCALING, "slo": {"oldest_message": "5h"}, "queue": {"retention": "4h"}}
    assert any("SQS drops a message after 4h (`queue.retention`)" in line for line in refusal(tmp_path, **given))
    assert any("retention" in line for line in refusal(tmp_path, mode="async", queue={"retention": "1m"}))


def test_what_a_stop_does_to_long_work_is_said_of_the_queue(tmp_path: Path) -> None:
    (said,) = (each for each in queued(tmp_path, longest_request="1h").warnings if "kills a stopping task" in each)
    assert "load balancer" not in said
    assert "its message is tried again" in said

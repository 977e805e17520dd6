"""Answers of look-ups from what exists in the stand-in cloud; the plausible ones of `modelinfra.graph.invokes` else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from modelinfra.graph import invokes as look_ups
from modelinfra.testing.cloud.store import Store, Thing

SERVICE = "aws:ecs/service:Service"
_FRESH = (
    "aws:ecr/getAuthorizationToken:getAuthorizationToken",
    "aws:secretsmanager/getRandomPassword:getRandomPassword",
)
_TIME = "2026-01-01T00:00:00Z"


class NoAnswer(LookupError):  # noqa: N818 - the cloud has nothing to say; that is no error of the stand-in
    """The cloud has no such thing, or the stand-in does not know the look-up. The message is for the user."""


def answer(store: Store, call: look_ups.Call) -> Mapping[str, Any]:
    """What the cloud says. Raises NoAnswer."""
    if call.token == "aws:ecs/getService:getService":
        return _service(store, call)
    if call.token in _FRESH:
        # A real one is another one each time; a diff that shows it would never be quiet.
        fresh = look_ups.Call(call.token, {**call.args, "nonce": os.urandom(8).hex()}, call.region, call.account)
        return look_ups.ANSWERS[call.token](fresh)
    made = look_ups.ANSWERS.get(call.token)
    if made is None:
        raise NoAnswer(f"the stand-in cloud does not know the look-up {call.token}")
    thing = _by_id(store, call)
    result = dict(made(call))
    if thing is not None:
        result |= {key: value for key, value in thing.actual.items() if key in result and value is not None}
    return result


def _by_id(store: Store, call: look_ups.Call) -> Thing | None:
    token = {
        "aws:ec2/getVpc:getVpc": "aws:ec2/vpc:Vpc",
        "aws:ec2/getSubnet:getSubnet": "aws:ec2/subnet:Subnet",
        "aws:lb/getListener:getListener": "aws:lb/listener:Listener",
        "aws:lb/getLoadBalancer:getLoadBalancer": "aws:lb/loadBalancer:LoadBalancer",
    }.get(call.token)
    # Elastic Load Balancing's ids are ARNs.
    identifier = call.args.get("id") or call.args.get("arn")
    return next((t for t in store if t.type == token and t.id == identifier and t.region == call.region), None)


def _service(store: Store, call: look_ups.Call) -> Mapping[str, Any]:
    name, cluster = call.args.get("serviceName"), str(call.args.get("clusterArn") or "default")
    for thing in store:
        same_name = thing.type == SERVICE and thing.region == call.region and thing.actual.get("name") == name
        if same_name and _tail(str(thing.actual.get("cluster") or "default")) == _tail(cluster):
            return _describe(thing)
    raise NoAnswer(f"reading ECS Service ({name}): couldn't find resource in cluster {cluster}")


def _tail(reference: str) -> str:
    return reference.rpartition("/")[2]


def _describe(thing: Thing) -> Mapping[str, Any]:
    actual = thing.actual
    desired = int(actual.get("desiredCount") or 0)
    rolled_back = thing.notes.get("rolledBack")
    running, deployments, events = desired, None, None
    task = str(actual.get("taskDefinition"))
    if rolled_back:
        task = rolled_back["to"] or task
        running = desired if rolled_back["to"] else 0
        deployments, events = _after_rollback(thing, rolled_back, desired)
    answer = look_ups.service_answer(
        arn=str(actual.get("arn")),
        cluster=str(actual.get("cluster") or "default"),
        name=str(actual.get("name")),
        region=thing.region,
        task_definition=task,
        desired=desired,
        running=running,
        deployments=deployments,
        events=events,
    )
    same = ("enableExecuteCommand", "availabilityZoneRebalancing", "launchType", "platformVersion", "tags")
    known = {key: actual[key] for key in same if actual.get(key) is not None}
    return {**answer, **known, "healthCheckGracePeriodSeconds": int(actual.get("healthCheckGracePeriodSeconds") or 0)}


def _after_rollback(
    thing: Thing, rolled_back: Mapping[str, Any], desired: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    failed_task, good_task, reason = rolled_back["from"], rolled_back["to"], rolled_back["reason"]
    failed_id, good_id = "ecs-svc/4000000000000000002", "ecs-svc/4000000000000000001"
    service = f"(service {thing.actual.get('name')})"
    failed = {
        "id": failed_id,
        "status": "INACTIVE" if good_task else "PRIMARY",
        "taskDefinition": failed_task,
        "desiredCount": desired,
        "pendingCount": 0,
        "runningCount": 0,
        "createdAt": _TIME,
        "updatedAt": _TIME,
    }
    texts = [f"{service} (deployment {failed_id}) deployment failed: {reason}."]
    deployments = [failed]
    if good_task:
        good = {**failed, "id": good_id, "status": "PRIMARY", "taskDefinition": good_task, "runningCount": desired}
        deployments = [good, failed]
        texts = [
            f"{service} has reached a steady state.",
            f"{service} rolling back to deployment {good_id}.",
            *texts,
        ]
    events = [{"id": f"event-{i}", "createdAt": _TIME, "message": text} for i, text in enumerate(texts)]
    return deployments, events

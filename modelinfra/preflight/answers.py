"""What AWS answers. Nothing is changed there: every call only reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from modelinfra.preflight.questions import Question

State = Literal["ok", "lacking", "not known"]


@dataclass(frozen=True)
class Answer:
    """state: `lacking` where nodes would not start. said: for people; remedy: what to do, where something is lacking."""

    question: Question
    state: State
    said: str
    remedy: str = ""


class CannotAskError(Exception):
    """There are no credentials, or AWS is not reached. The message is the reason."""


def ask(questions: list[Question], session: Any) -> list[Answer]:
    """Ask each with a session of boto3 that has a region. Raises CannotAskError."""
    from botocore.exceptions import BotoCoreError, ClientError

    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(service)
        return clients[service]

    answers = []
    for question in questions:
        try:
            answers.append(_ASKED[question.kind](question, client))
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"):
                raise CannotAskError(f"the credentials are not valid ({code})") from None
            answers.append(Answer(question, "not known", f"AWS does not tell ({code}): it takes {question.action}"))
        except BotoCoreError as error:
            raise CannotAskError(str(error)) from None
    return answers


def _quota(question: Question, client: Callable[[str], Any]) -> Answer:
    quotas = client("service-quotas")
    assert question.quota is not None
    assert question.needed is not None
    place = {"ServiceCode": "ec2", "QuotaCode": question.quota.code}
    try:
        found = quotas.get_service_quota(**place)
    except quotas.exceptions.NoSuchResourceException:
        # An account that was never granted anything else has the default.
        found = quotas.get_aws_default_service_quota(**place)
    allowed = int(found["Quota"]["Value"])
    said = f"{question.quota.name}: {allowed} {question.quota.unit}, and {question.needed} are asked for at the most"
    if allowed >= question.needed:
        return Answer(question, "ok", f"{said}; what else the account runs counts, too")
    remedy = (
        f"aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {question.quota.code} "
        f"--desired-value {question.needed}"
    )
    return Answer(question, "lacking", said, remedy)


def _zones(question: Question, client: Callable[[str], Any]) -> Answer:
    pages = client("ec2").get_paginator("describe_instance_type_offerings")
    wanted = [{"Name": "instance-type", "Values": list(question.types)}]
    found: dict[str, list[str]] = {each: [] for each in question.types}
    for page in pages.paginate(LocationType="availability-zone", Filters=wanted):
        for each in page["InstanceTypeOfferings"]:
            found.setdefault(each["InstanceType"], []).append(each["Location"])
    said = "; ".join(f"{name} in {', '.join(sorted(zones)) or 'no zone'}" for name, zones in found.items())
    if any(found.values()):
        return Answer(question, "ok", f"{said}. That there is one to be had is not promised")
    return Answer(question, "lacking", said, "Deploy to another region, or name other instance types.")


def _image(question: Question, client: Callable[[str], Any]) -> Answer:
    ssm = client("ssm")
    try:
        found = ssm.get_parameter(Name=question.name)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        remedy = "Write another version of Kubernetes, another `machine_image`, or deploy to another region."
        return Answer(question, "lacking", f"there is no {question.name}", remedy)
    return Answer(question, "ok", f"{found} ({question.name})")


def _reservation(question: Question, client: Callable[[str], Any]) -> Answer:
    from botocore.exceptions import ClientError

    remedy = "Name one of this account and region, of one of the pool's instance types."
    try:
        (found,) = client("ec2").describe_capacity_reservations(CapacityReservationIds=[question.name])[
            "CapacityReservations"
        ]
    except ClientError as error:
        if "NotFound" not in str(error.response.get("Error", {}).get("Code", "")):
            raise
        return Answer(question, "lacking", f"there is no reservation {question.name}", remedy)
    state, kind, free = found["State"], found["InstanceType"], found.get("AvailableInstanceCount", 0)
    said = f"{question.name} is {state}, of {kind}, with {free} of {found.get('TotalInstanceCount', 0)} free"
    if kind not in question.types:
        return Answer(question, "lacking", said, f"{remedy} These are {', '.join(question.types)}.")
    return Answer(question, "ok" if state == "active" else "lacking", said, "" if state == "active" else remedy)


_ASKED: dict[str, Callable[[Question, Callable[[str], Any]], Answer]] = {
    "quota": _quota,
    "zones": _zones,
    "image": _image,
    "reservation": _reservation,
}

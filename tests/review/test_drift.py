"""What was changed outside of Pulumi is kept apart from the change."""

from __future__ import annotations

from typing import Any

from modelinfra.graph.state import refreshed_states
from modelinfra.review.changes import between
from modelinfra.review.context import Context
from modelinfra.review.drift import drifted
from modelinfra.review.engine_preview import changes_of
from tests.review.making import urn

QUEUE, GROUP = "aws:sqs/queue:Queue", "aws:ec2/securityGroup:SecurityGroup"
OPEN, CLOSED = (
    {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": [cidr]}]}
    for cidr in ("0.0.0.0/0", "10.0.0.0/8")
)


def state(token: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "urn": urn(token, "it"),
        "type": token,
        "custom": True,
        "id": "it-id",
        "inputs": inputs,
        "outputs": inputs,
        **more,
    }


def steps(
    token: str, recorded: dict[str, Any], cloud: dict[str, Any] | None, wanted: dict[str, Any], **more: Any
) -> list[dict[str, Any]]:
    """As `pulumi preview --refresh --json --show-sames` of 3.259 prints them: looked up, then planned."""
    old = state(token, recorded, **more)
    new = state(token, wanted, **more)
    looked_up = {"op": "refresh", "urn": old["urn"], "oldState": old, "newState": old}
    if cloud is None:
        return [looked_up, {"op": "create", "urn": old["urn"], "newState": new}]
    kept = cloud == wanted or bool(more.get("ignoreChanges"))
    return [
        looked_up,
        {
            "op": "same" if kept else "update",
            "urn": old["urn"],
            "oldState": state(token, cloud, **more),
            "newState": new,
        },
    ]


def told(*given: dict[str, Any]) -> Context:
    preview = {"steps": list(given), "changeSummary": {}}
    found = refreshed_states(preview)
    return drifted(changes_of(preview), None if found is None else between(*found))


def test_what_was_changed_by_hand_is_told_and_that_the_change_sets_it_back() -> None:
    (found,) = told(*steps(QUEUE, {"delaySeconds": 1}, {"delaySeconds": 9}, {"delaySeconds": 1})).findings
    assert (found.severity, found.title) == ("low", "changed outside of Pulumi: the queue it (delaySeconds)")
    assert found.text == "delaySeconds was 1 and is 9: this change sets it back or anew."


def test_a_change_that_leaves_it_says_so() -> None:
    (found,) = told(*steps(QUEUE, {"delaySeconds": 1}, {"delaySeconds": 9}, {"delaySeconds": 9})).findings
    assert found.text.endswith("this change leaves it so.")


def test_what_was_opened_by_hand_weighs_as_much_as_if_the_change_did_it() -> None:
    (found,) = told(*steps(GROUP, CLOSED, OPEN, CLOSED)).findings
    assert found.severity == "high"
    assert "It lets the whole internet in to the security group it on port 22." in found.text


def test_what_is_gone_is_told() -> None:
    (found,) = told(*steps(QUEUE, {}, None, {})).findings
    assert (found.severity, found.title) == ("medium", "gone in the cloud: the queue it")
    assert "This change makes it again." in found.text


def test_what_an_autoscaler_writes_is_no_drift() -> None:
    ignoring = steps(
        QUEUE, {"delaySeconds": 1}, {"delaySeconds": 9}, {"delaySeconds": 1}, ignoreChanges=["delaySeconds"]
    )
    assert told(*ignoring).findings == ()


def test_nothing_that_moved_is_no_finding_and_a_preview_without_a_look_says_so() -> None:
    given = steps(QUEUE, {"delaySeconds": 1}, {"delaySeconds": 1}, {"delaySeconds": 2})
    assert told(*given).findings == ()
    assert told(given[1]).notes == (
        "The preview was made without --refresh: what was changed by hand since the last deployment is not told.",
    )


def test_the_changes_own_view_starts_from_the_cloud_and_not_from_the_record() -> None:
    preview = {
        "steps": steps(QUEUE, {"delaySeconds": 1}, {"delaySeconds": 9}, {"delaySeconds": 1}),
        "changeSummary": {},
    }
    (change,) = changes_of(preview).resources
    assert [(each.before, each.after) for each in change.properties] == [(9, 1)]


def test_what_vanished_is_not_there_before_and_what_is_deleted_not_afterwards() -> None:
    vanished = changes_of({"steps": steps(QUEUE, {}, None, {}), "changeSummary": {}})
    assert (len(vanished.before), len(vanished.after)) == (0, 1)
    old = state(QUEUE, {})
    gone = [
        {"op": "refresh", "urn": old["urn"], "oldState": old, "newState": old},
        {"op": "delete", "urn": old["urn"], "oldState": old},
    ]
    deleted = changes_of({"steps": gone, "changeSummary": {}})
    assert (len(deleted.before), len(deleted.after)) == (1, 0)


def test_a_change_of_a_property_that_is_only_spelled_alike_does_not_set_it_back() -> None:
    given = steps(
        QUEUE, {"delay": 1, "delaySeconds": 1}, {"delay": 9, "delaySeconds": 1}, {"delay": 9, "delaySeconds": 2}
    )
    (found,) = told(*given).findings
    assert found.text == "delay was 1 and is 9: this change leaves it so."

"""The stand-in cloud: what its provider does with a resource, without the wire."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelinfra.graph import invokes as look_ups
from modelinfra.graph import outputs as made_up
from modelinfra.testing.cloud import answers, conflicts, images
from modelinfra.testing.cloud.diffs import Difference, differences
from modelinfra.testing.cloud.drift import drift as let_drift
from modelinfra.testing.cloud.failures import Failure, Failures
from modelinfra.testing.cloud.store import Store, Thing
from modelinfra.testing.cloud.tables import filled

SERVICE = answers.SERVICE
_TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


class Refused(Exception):  # noqa: N818 - the cloud said no; that is no error of the stand-in
    """The cloud refuses or fails an operation. `thing` is set when it exists nevertheless and the engine may know."""

    def __init__(self, message: str, thing: Thing | None = None) -> None:
        super().__init__(message)
        self.thing = thing


@dataclass(frozen=True)
class Call:
    """One operation that the engine asked for."""

    op: str
    type: str
    name: str
    urn: str
    region: str


@dataclass(frozen=True)
class Target:
    """Which resource an operation is about, and where."""

    urn: str
    region: str
    default_tags: Mapping[str, str]

    @property
    def type(self) -> str:
        """The type token."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        """The Pulumi name."""
        return self.urn.rpartition("::")[2]


class StandInCloud:
    """A cloud for deployments in tests: it has state, makes up ids, refuses what AWS refuses, and can be told to fail.

    Args:
        state: File that keeps what exists; None keeps it in memory.
        root: Folder against which local build contexts are read.
        latency: Seconds that every create, update and delete takes.
        control: JSON file with a list of failures (the arguments of `fail`), followed while the cloud runs.
    """

    def __init__(
        self,
        state: Path | None = None,
        *,
        root: Path | None = None,
        latency: float = 0.0,
        control: Path | None = None,
    ) -> None:
        self.store = Store(state)
        self.root = root or Path.cwd()
        self.latency = latency
        self.calls: list[Call] = []
        """Creates, updates, reads and deletes in the order in which they came (previews are none)."""
        self._failures = Failures(control)
        self._roll_backs: list[tuple[str, str]] = []
        self._asked: dict[str, dict[str, None]] = {}
        self._making = threading.Lock()

    # What a test says

    @property
    def things(self) -> list[Thing]:
        """Everything that exists, in the order of its making; not what was only looked up."""
        return [thing for thing in self.store if not thing.adopted]

    def all(self, type: str) -> list[Thing]:  # noqa: A002 - the word that users of Pulumi know
        """Everything of one type token."""
        return [thing for thing in self.things if thing.type == type]

    def one(self, type: str, name: str | None = None) -> Thing:  # noqa: A002
        """The only thing of a type (and Pulumi name). Raises AssertionError with what there is."""
        found = [thing for thing in self.all(type) if name is None or thing.name == name]
        if len(found) != 1:
            there = ", ".join(f"{t.type} {t.name}" for t in self.things) or "nothing"
            raise AssertionError(f"{len(found)} things are {type} {name or ''}, expected one; the cloud holds {there}")
        return found[0]

    def fail(
        self,
        *,
        op: str = "create",
        type: str = "",  # noqa: A002
        urn: str = "",
        when: str = "before",
        times: int = 1,
        message: str = "InternalFailure: the stand-in cloud was told to fail",
        partial: bool = False,
    ) -> None:
        """Let the next `times` operations fail whose type token and URN match the regular expressions.

        `when="after"`: the thing is made, changed or deleted, and the engine is told that it failed. With `partial` it
        is told that the thing exists and did not become healthy, so that it keeps it in its state.
        """
        self._failures.add(Failure(op, type, urn, when, times, message, partial))

    def clear_failures(self) -> None:
        """Forget all failures that were ordered and did not happen."""
        self._failures.clear()

    def forget(self, thing: Thing) -> None:
        """Let a thing vanish, as if somebody had deleted it by hand."""
        self.store.remove(thing)

    def drift(self, *kinds: str) -> list[str]:
        """Let happen what happens between deployments; returns what moved.

        Kinds: desired_counts, schedules, weights, sets, policies, containers; none means all.
        """
        return let_drift(self.store, kinds)

    def roll_back(self, service: str = "", *, reason: str = "tasks failed to start") -> None:
        """The next deployment of a matching ECS service (regular expression on its name and URN) is rolled back."""
        self._roll_backs.append((service, reason))

    # What the provider does

    def diff(
        self,
        target: Target,
        wanted: Mapping[str, Any],
        state: Mapping[str, Any],
        earlier: Mapping[str, Any],
        ignored: tuple[str, ...] = (),
    ) -> list[Difference]:
        """What an update would change."""
        found = differences(target.type, wanted, state, earlier, ignored)
        known_hash = state.get("contextHash")
        if target.type == images.IMAGE and known_hash and images.context_hash(wanted, self.root) != known_hash:
            found.append(Difference("contextHash", "contextHash", "UPDATE"))
        has_tags = target.type.startswith("aws:") and "tagsAll" in state and not _is_about_tags(found, ignored)
        if has_tags and _all_tags(wanted, target) != (state["tagsAll"] or {}):
            # The provider's default tags changed, which no input of the resource shows.
            found.append(Difference("tagsAll", "tagsAll", "UPDATE"))
        return found

    def create(self, target: Target, inputs: dict[str, Any]) -> Thing:
        """Make a thing. Raises Refused."""
        self._begin("create", target)
        with self._making:
            refusal = conflicts.refusal_of_create(self.store, target.type, self.region_of(target, inputs), inputs)
            if refusal:
                raise Refused(refusal)
            seed = os.urandom(12).hex()
            thing = Thing(target.type, "", target.name, target.urn, self.region_of(target, inputs), seed, {})
            thing.id, thing.actual = self.outputs(target, inputs, seed)
            if target.type == _TASK_DEFINITION:
                self._revision(thing)
            self._push(thing)
            self._rolled_back(thing, None)
            self.store.put(thing)
        self._end("create", target, thing)
        return thing

    def update(
        self, target: Target, identifier: str, wanted: dict[str, Any], state: Mapping[str, Any], earlier: Mapping[str, Any],
        ignored: tuple[str, ...] = (),
    ) -> Thing:  # fmt: skip
        """Change a thing: only what differs from what the engine believes, as the provider does. Raises Refused."""
        self._begin("update", target)
        thing = self._existing(target, identifier, state)
        changed = {difference.key for difference in self.diff(target, wanted, state, earlier, ignored)}
        with self.store.lock:
            before = dict(thing.actual)
            _, fresh = self.outputs(target, wanted, thing.seed)
            for key in changed:
                if key in fresh:
                    thing.actual[key] = fresh[key]
                else:
                    thing.actual.pop(key, None)
            for key, value in fresh.items():
                thing.actual.setdefault(key, value)
            if "tagsAll" in fresh:
                thing.actual["tagsAll"] = fresh["tagsAll"]
            if target.type == images.IMAGE:
                thing.actual |= {
                    key: fresh[key] for key in ("contextHash", "digest", "ref", "registries") if key in fresh
                }
            self._push(thing)
            self._rolled_back(thing, str(before.get("taskDefinition")))
            self.store.put(thing)
        self._end("update", target, thing)
        return thing

    def read(self, target: Target, identifier: str, state: Mapping[str, Any]) -> Thing | None:
        """A thing as it is now; None when it is gone. What was never made here is taken to exist when looked up by id."""
        self._note("read", target)
        self._fail("read", target, "before", None)
        thing = self.store.find(target.type, identifier, self.region_of(target, state), dict(state))
        if thing is None and not state.get("arn") and len(state) <= 1:
            seed = f"{target.type}|{target.region}|{identifier}"
            _, actual = self.outputs(target, dict(state), seed, identifier)
            region = self.region_of(target, state)
            thing = Thing(target.type, identifier, target.name, target.urn, region, seed, actual, adopted=True)
            self.store.put(thing)
        return thing

    def delete(self, target: Target, identifier: str, state: Mapping[str, Any]) -> None:
        """Delete a thing; one that is gone is no error. Raises Refused."""
        self._begin("delete", target)
        thing = self.store.find(target.type, identifier, self.region_of(target, state), dict(state))
        if thing is not None:
            refusal = conflicts.refusal_of_delete(self.store, thing)
            if refusal:
                raise Refused(refusal)
            self.store.remove(thing)
        self._end("delete", target, None)

    def invoke(self, token: str, args: Mapping[str, Any], region: str) -> Mapping[str, Any]:
        """Answer a look-up. Raises Refused."""
        failure = self._failures.take("invoke", token, "", "before")
        if failure:
            raise Refused(failure.message)
        try:
            asked = self._asked.setdefault(token, {})
            call = look_ups.Call(token, args, str(args.get("region") or region), asked=tuple(asked))
            asked[str(args.get("id"))] = None
            return answers.answer(self.store, call)
        except answers.NoAnswer as error:
            raise Refused(str(error)) from None

    def check_failure(self, target: Target) -> str | None:
        """The message of a failure that was ordered for the check of this resource."""
        failure = self._failures.take("check", target.type, target.urn, "before")
        return failure.message if failure else None

    def outputs(
        self, target: Target, inputs: dict[str, Any], seed: str, identifier: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Id and properties that a thing with these inputs would have, or has when its id is given."""
        region = self.region_of(target, inputs)
        identifier, properties = made_up.outputs_of(
            target.type, target.name, inputs, region=region, seed=seed, identifier=identifier
        )
        if target.type == images.IMAGE:
            properties |= images.built(inputs, self.root)
        properties = filled(target.type, properties)
        if "tagsAll" in properties:
            properties["tagsAll"] = _all_tags(inputs, target)
        return identifier, properties

    def region_of(self, target: Target, properties: Mapping[str, Any]) -> str:
        """A resource's own region, else its provider's."""
        own = properties.get("region")
        return own if isinstance(own, str) and target.type.startswith("aws:") else target.region

    # How

    def _begin(self, op: str, target: Target) -> None:
        self._note(op, target)
        if self.latency:
            time.sleep(self.latency)
        self._fail(op, target, "before", None)

    def _end(self, op: str, target: Target, thing: Thing | None) -> None:
        self._fail(op, target, "after", thing)

    def _note(self, op: str, target: Target) -> None:
        self.calls.append(Call(op, target.type, target.name, target.urn, target.region))

    def _fail(self, op: str, target: Target, when: str, thing: Thing | None) -> None:
        failure = self._failures.take(op, target.type, target.urn, when)
        if failure:
            raise Refused(failure.message, thing if failure.partial else None)

    def _existing(self, target: Target, identifier: str, state: Mapping[str, Any]) -> Thing:
        thing = self.store.find(target.type, identifier, self.region_of(target, state), dict(state))
        if thing is None:
            raise Refused(f"ResourceNotFoundException: {target.type} {identifier} does not exist")
        return thing

    def _revision(self, thing: Thing) -> None:
        """Revisions of a task definition's family are counted, also over deregistered ones."""
        counters = [
            int(other.actual.get("revision") or 0)
            for other in self.store
            if other.type == thing.type and other.region == thing.region and other.id == thing.id
        ]
        revision = max(counters, default=0) + 1
        base = str(thing.actual["arnWithoutRevision"])
        thing.actual |= {"revision": revision, "arn": f"{base}:{revision}"}

    def _push(self, thing: Thing) -> None:
        if thing.type != images.IMAGE:
            return
        digest = str(thing.actual.get("digest"))
        refusal = images.refusal_of_push(self.store, thing.actual, digest)
        if refusal:
            raise Refused(refusal)
        images.push(self.store, thing.actual, digest)

    def _rolled_back(self, thing: Thing, previous: str | None) -> None:
        if thing.type != SERVICE or thing.actual.get("taskDefinition") == previous:
            return
        thing.notes.pop("rolledBack", None)
        for order in self._roll_backs:
            if re.search(order[0], str(thing.actual.get("name"))) or re.search(order[0], thing.urn):
                self._roll_backs.remove(order)
                thing.notes["rolledBack"] = {
                    "from": thing.actual.get("taskDefinition"),
                    "to": previous,
                    "reason": order[1],
                }
                # The provider reads the service after its wait, and then its state has the old revision, too.
                thing.actual["taskDefinition"] = previous or thing.actual["taskDefinition"]
                return


def _all_tags(inputs: Mapping[str, Any], target: Target) -> dict[str, Any]:
    return {**target.default_tags, **(inputs.get("tags") or {})}


def _is_about_tags(found: list[Difference], ignored: tuple[str, ...]) -> bool:
    return any(difference.key == "tags" for difference in found) or any(path.startswith("tags") for path in ignored)

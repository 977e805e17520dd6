"""Fault injection, the long form: every resource of an environment fails once in every way, and the same command again must mend it.

For each resource and each of create, update and delete, the stand-in cloud fails it before the effect, and after the effect, as when the
answer is lost. Then the command is run again, with the real engine throughout:

- create, update: the second run succeeds, a third changes nothing, and the cloud holds what it holds after a run without failure;
- delete: the second run succeeds, and the cloud holds nothing.

One thing nobody can mend: what was created and whose answer was lost is unknown to the engine, as it is with AWS. There, convergence
means that the second run makes another one, and that the first is the only thing too many (`1 orphan`); or, where the cloud allows
no second one of the kind, that it says so, and that the run after its removal by hand succeeds (`refused until removed`).
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modelinfra.testing.cloud.store import Thing
from modelinfra.testing.sandbox import Result, Sandbox

ROOT = Path(__file__).resolve().parents[1]
OPERATIONS = ("create", "update", "delete")
MOMENTS = ("before", "after")

# What AWS says of a second one where there can be but one.
_REFUSED = re.compile(r"exists|Duplicate|InUse|in use|Conflict|AlreadyAssociated|not idempotent")
PROGRAM = """
import pulumi
from modelinfra import Environment

environment = Environment.from_config()
pulumi.export("predictUrls", environment.predict_urls)
"""
_ENDPOINT = {"server": "mlserver", "model": "model", "scaling": {"min": 2, "max": 6, "requestsPerSecondPerReplica": 50}}
RICH: dict[str, Any] = {
    "network": {"zones": 3, "nat": "per-zone", "secondaryCidr": "100.64.0.0/16", "flowLogs": {}},
    "platforms": {"web": {"type": "ecs"}},
    "endpoints": {
        "iris": {
            **_ENDPOINT,
            "secrets": {"TOKEN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:token-AbCdEf"},
        },
        "second": {**_ENDPOINT, "spot": True, "scaling": {"min": 1, "max": 3, "cpuPercent": 50, "memoryPercent": 70}},
        "third": {**_ENDPOINT, "loadBalancer": "own"},
    },
}


@dataclass(frozen=True)
class Trial:
    """One failure."""

    environment: str
    operation: str
    moment: str
    urn: str

    @property
    def resource(self) -> str:
        """Type and name, as people know it."""
        return f"{self.urn.split('::')[2].rpartition('$')[2]} {self.urn.rpartition('::')[2]}"


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    trial: Trial
    said: str
    ok: bool
    seconds: float


class Broken(Exception):  # noqa: N818 - it is a finding
    """What should have been and is not."""


class Campaign:
    """The trials of one environment. Everything lies in `place`."""

    def __init__(self, name: str, environment: dict[str, Any], place: Path) -> None:
        self.name = name
        self._environment = environment
        self._place = place
        self._project = place / "project"
        model = self._project / "model"
        model.mkdir(parents=True)
        settings = {
            "name": "iris",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": "./model.joblib"},
        }
        (model / "model-settings.json").write_text(json.dumps(settings))
        (model / "model.joblib").write_text("weights")
        (self._project / "Pulumi.yaml").write_text("name: campaign\nruntime: python\n")
        (self._project / "__main__.py").write_text(PROGRAM)
        self._empty, self._deployed = place / "empty", place / "deployed"
        with self._sandbox(self._empty):
            pass
        shutil.copytree(self._empty, self._deployed)
        with self._sandbox(self._deployed) as sandbox:
            sandbox.up(check=True)
            self._whole = _counted(sandbox)
            self._urns = [thing.urn for thing in sandbox.cloud.things]
        self._new_version = place / "project-with-a-new-model"
        shutil.copytree(self._project, self._new_version)
        (self._new_version / "model" / "model.joblib").write_text("new weights")
        edited = place / "edited"
        shutil.copytree(self._deployed, edited)
        with self._sandbox(edited, edited=True) as sandbox:
            result = sandbox.up(check=True)
            self._edited, self._after_edit = _counted(sandbox), _held(sandbox)
            self._updated = [urn for op, urn in result.steps if op == "update" and urn in self._urns]

    def trials(self) -> Iterator[Trial]:
        """Every resource, operation and moment that there is."""
        for operation in OPERATIONS:
            for urn in self._updated if operation == "update" else self._urns:
                for moment in MOMENTS:
                    yield Trial(self.name, operation, moment, urn)

    @property
    def never_updated(self) -> list[str]:
        """Resources that no edit changes in place: what they hold makes another one of them."""
        return [Trial(self.name, "update", "", urn).resource for urn in self._urns if urn not in self._updated]

    def run(self, trial: Trial) -> Outcome:
        """One trial, in a copy of the state that it begins with."""
        begin = time.monotonic()
        home = Path(tempfile.mkdtemp(dir=self._place)) / "home"
        shutil.copytree(self._empty if trial.operation == "create" else self._deployed, home)
        try:
            with self._sandbox(home, edited=trial.operation == "update") as sandbox:
                sandbox.cloud.fail(op=trial.operation, urn=f"^{re.escape(trial.urn)}$", when=trial.moment)
                said = self._destroyed(sandbox) if trial.operation == "delete" else self._made(sandbox, trial)
            ok = True
        except Broken as broken:
            said, ok = f"FAILED: {broken}", False
        shutil.rmtree(home.parent)
        return Outcome(trial, said, ok, time.monotonic() - begin)

    def _made(self, sandbox: Sandbox, trial: Trial) -> str:
        _expect_failure(sandbox.up())
        lost = (trial.operation, trial.moment) == ("create", "after")
        orphans = [thing for thing in sandbox.cloud.things if lost and thing.urn == trial.urn]
        again = sandbox.up()
        said = "converged"
        if not again.ok and orphans and any(_REFUSED.search(each) for each in _errors(again)):
            for orphan in orphans:
                sandbox.cloud.forget(orphan)
            orphans, said = [], "refused until removed"
            again = sandbox.up()
        _expect_success(again)
        third = sandbox.up()
        _expect_success(third)
        if third.steps:
            raise Broken(f"the third run changes {third.steps}")
        wanted = self._edited if trial.operation == "update" else self._whole
        there = _counted(sandbox)
        expected = wanted + Counter(_of(orphan) for orphan in orphans)
        if there == expected and orphans:
            return "converged, 1 orphan"
        if there != wanted:
            raise Broken(f"too many: {dict(there - wanted)}, missing: {dict(wanted - there)}")
        held = _held(sandbox)
        differ = [each for each in held.keys() & self._after_edit.keys() if held[each] != self._after_edit[each]]
        if differ and trial.operation == "update":
            raise Broken(f"they hold something else than after an update without failure: {differ}")
        return said

    def _destroyed(self, sandbox: Sandbox) -> str:
        _expect_failure(sandbox.destroy())
        _expect_success(sandbox.destroy())
        left = [_of(thing) for thing in sandbox.cloud.things]
        if left:
            raise Broken(f"left behind: {left}")
        return "converged"

    def _sandbox(self, home: Path, *, edited: bool = False) -> Sandbox:
        environment = copy.deepcopy(self._environment)
        config: dict[str, Any] = {"aws:region": "us-west-2", "modelinfra:environment": environment}
        if edited:
            # Tags reach everything that has some; the rest of the edit reaches most of what has none.
            config["aws:defaultTags"] = {"tags": {"campaign": "edited"}}
            for endpoint in environment["endpoints"].values():
                endpoint["environment"] = {"EDITED": "1"}
                endpoint["secrets"] = {
                    "EDITED_TOKEN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:edited-AbCdEf"
                }
                endpoint["scaling"] = (
                    {**endpoint["scaling"], "max": 9}
                    | (
                        {"requestsPerSecondPerReplica": 40}
                        if "requestsPerSecondPerReplica" in endpoint["scaling"]
                        else {}
                    )
                    | ({"cpuPercent": 60, "memoryPercent": 60} if "cpuPercent" in endpoint["scaling"] else {})
                )
        return Sandbox(self._new_version if edited else self._project, home=home, stack="campaign", config=config)


def _of(thing: Thing) -> tuple[str, str]:
    return thing.type, thing.name


def _counted(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    return Counter(_of(thing) for thing in sandbox.cloud.things)


def _held(sandbox: Sandbox) -> dict[str, str]:
    """What each thing holds, by the seed of its ids: what two runs make anew has other ids in each, and is not compared."""
    held = {}
    for thing in sandbox.cloud.things:
        # A build logs in to its registry with a password of the hour.
        actual = {key: value for key, value in thing.actual.items() if key != "registries"}
        held[f"{thing.type} {thing.name} {thing.seed}"] = json.dumps(actual, sort_keys=True)
    return held


def _errors(result: Result) -> list[str]:
    return [" ".join(each.split()) for each in result.diagnostics if "told to fail" not in each] or [result.text[-300:]]


def _expect_failure(result: Result) -> None:
    if result.ok:
        raise Broken(f"the failure never came: {result!r}")


def _expect_success(result: Result) -> None:
    if not result.ok:
        raise Broken(f"the second run fails, too: {' | '.join(_errors(result))[:500]}")


def environments() -> dict[str, dict[str, Any]]:
    """What is put to the test."""
    document = yaml.safe_load((ROOT / "stacks" / "Pulumi.sandbox.yaml").read_text(encoding="utf-8"))
    sandbox = document["config"]["modelinfra:environment"]
    for endpoint in sandbox["endpoints"].values():
        endpoint["model"] = "model"  # `make model` trains the real one
    return {"sandbox": sandbox, "rich": RICH}


def main() -> int:
    """Run the trials that were asked for; 1 when one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--environment", choices=[*environments(), "all"], default="all")
    parser.add_argument("--operation", choices=OPERATIONS, action="append", help="only these; may be said again")
    parser.add_argument("--sample", type=int, help="as many trials, chosen by --seed; all without it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time")
    said = parser.parse_args()
    begin = time.monotonic()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="modelinfra-campaign-") as folder:
        campaigns = {
            name: Campaign(name, environment, Path(folder) / name)
            for name, environment in environments().items()
            if said.environment in (name, "all")
        }
        trials = [trial for each in campaigns.values() for trial in each.trials()]
        for name, each in campaigns.items():
            print(f"{name}: {sum(trial.environment == name for trial in trials)} trials")
            print("".join(f"  never updated in place: {resource}\n" for resource in each.never_updated), end="")
        trials = [trial for trial in trials if not said.operation or trial.operation in said.operation]
        if said.sample is not None:
            trials = random.Random(said.seed).sample(trials, min(said.sample, len(trials)))
        run: Callable[[Trial], Outcome] = lambda trial: campaigns[trial.environment].run(trial)  # noqa: E731
        with ThreadPoolExecutor(said.jobs) as pool:
            for outcome in pool.map(run, trials):
                outcomes.append(outcome)
                trial = outcome.trial
                row = f"{trial.environment:8} {trial.operation:6} {trial.moment:6} {trial.resource:84} {outcome.said}"
                print(f"{row}  {outcome.seconds:.0f} s", flush=True)
    counts = Counter(outcome.said.partition(":")[0] for outcome in outcomes)
    print(
        f"{len(outcomes)} trials in {time.monotonic() - begin:.0f} s: {', '.join(f'{n} {what}' for what, n in counts.items())}"
    )
    return 0 if outcomes and all(outcome.ok for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())

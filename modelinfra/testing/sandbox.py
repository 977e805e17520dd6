"""Runs the real Pulumi engine on a project against the stand-in cloud, in a home folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from modelinfra import engine_yaml
from modelinfra.graph.model import Graph
from modelinfra.graph.stack_folder import stack_folder
from modelinfra.graph.state import from_export, from_preview
from modelinfra.testing.cloud import StandInCloud, serve
from modelinfra.testing.engine import Engine, find_engine
from modelinfra.testing.process import Interrupt, Outcome, engine_environment, run_engine

DEFAULT_PACKAGES = ("aws", "aws-native", "docker-build", "kubernetes")


class SandboxError(Exception):
    """The engine did not do what was asked; the message holds what it printed."""


class Result:
    """What one operation did."""

    def __init__(self, operation: str, outcome: Outcome, sandbox: Sandbox) -> None:
        self.operation = operation
        self.exit_code = outcome.exit_code
        """0 for success; the CLI's own codes else, negative when a signal ended it."""
        self.text = outcome.text
        """Everything that the CLI printed, without colours; empty when it was shown on the terminal."""
        self.events = outcome.events
        """The engine's events (Pulumi's apitype.EngineEvent) as JSON data."""
        self._sandbox = sandbox

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.exit_code == 0

    @property
    def changes(self) -> dict[str, int]:
        """Number of resources per operation (create, update, replace, delete, ...), without those that stayed the same."""
        summaries = [event["summaryEvent"] for event in self.events if "summaryEvent" in event]
        counts = (summaries[-1].get("resourceChanges") or {}) if summaries else {}
        return {op: count for op, count in counts.items() if op != "same" and count}

    @property
    def steps(self) -> list[tuple[str, str]]:
        """(operation, URN) of every step that was begun, in order; for a refresh, of what had moved."""
        kind = "resOutputsEvent" if self.operation == "refresh" else "resourcePreEvent"
        steps = [(event.get(kind) or {}).get("metadata") for event in self.events]
        return [(step["op"], step["urn"]) for step in steps if step and step["op"] not in ("same", "refresh")]

    @property
    def diagnostics(self) -> list[str]:
        """Warnings and errors, without colours."""
        texts = [event.get("diagnosticEvent") or {} for event in self.events]
        return [_plain(text["message"]) for text in texts if text.get("severity") in ("warning", "error")]

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs as they are now."""
        return self._sandbox.outputs

    def __repr__(self) -> str:
        return f"<{self.operation}: exit {self.exit_code}, {self.changes or 'no changes'}>"


class Sandbox:
    """A project's stack in a sandbox: the real engine, its own state, the stand-in cloud.

    Args:
        project_dir: Folder with Pulumi.yaml. It is not written to.
        home: Folder for all state (engine, cloud, stack); kept. None takes a temporary one, gone at the end.
        stack: Name of the stack; its Pulumi.STACK.yaml is read when there is one.
        config: Values over those of the stack file; may be changed between operations (`sandbox.config[...] = ...`).
        packages: Pulumi packages whose providers the stand-in plays.
        latency: Seconds that each change takes in the cloud.
        env: Environment variables for the engine and the program.

    Use it as a context manager. Raises EngineMissing when there is no engine.
    """

    def __init__(
        self,
        project_dir: str | os.PathLike[str],
        *,
        home: str | os.PathLike[str] | None = None,
        stack: str = "dev",
        config: Mapping[str, Any] | None = None,
        packages: tuple[str, ...] = DEFAULT_PACKAGES,
        latency: float = 0.0,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.engine: Engine = find_engine()
        self.project_dir = Path(project_dir).resolve()
        self.stack = stack
        self.config: dict[str, Any] = dict(config or {})
        self.packages = packages
        self.env = dict(env or {})
        self._temporary = tempfile.mkdtemp(prefix="modelinfra-") if home is None else None
        self.home = Path(self._temporary or home or "").resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        document = engine_yaml.read((self.project_dir / "Pulumi.yaml").read_text(encoding="utf-8"))
        self._project_document: dict[str, Any] = document
        self.project = str(document["name"])
        main = self.project_dir / str(document.get("main") or "")
        self.cloud = StandInCloud(
            self.home / "cloud.json", root=main if main.is_dir() else main.parent, latency=latency
        )
        self._server, self.port = serve(self.cloud)
        try:
            self._create_stack()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the cloud; remove the home folder when it was a temporary one."""
        self._server.stop(grace=0).wait()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    # Operations

    def preview(
        self, *, stream: bool = False, check: bool = False, refresh: bool = False, arguments: tuple[str, ...] = ()
    ) -> Result:
        """`pulumi preview`. With `check`, a failure raises SandboxError."""
        return self._operate("preview", [*arguments], stream, check, refresh=refresh)

    def up(
        self,
        *,
        stream: bool = False,
        check: bool = False,
        refresh: bool = False,
        interrupt: Interrupt | None = None,
        arguments: tuple[str, ...] = (),
    ) -> Result:
        """`pulumi up` without asking. `stream` shows the engine's own progress on the terminal.

        `interrupt` ends it early (see `Interrupt`). With `check`, a failure raises SandboxError.
        """
        flags = ["--yes", "--skip-preview", *arguments]
        return self._operate("up", flags, stream, check, refresh=refresh, interrupt=interrupt)

    def refresh(self, *, stream: bool = False, check: bool = False) -> Result:
        """`pulumi refresh` without asking: `changes` tells what had moved."""
        return self._operate("refresh", ["--yes", "--skip-preview"], stream, check)

    def destroy(self, *, stream: bool = False, check: bool = False, interrupt: Interrupt | None = None) -> Result:
        """`pulumi destroy` without asking."""
        return self._operate("destroy", ["--yes", "--skip-preview"], stream, check, interrupt=interrupt)

    def cancel(self) -> None:
        """Release the lock that a killed operation left behind.

        An engine that is killed while it writes leaves half a checkpoint; then the one before it counts, as whoever
        repairs a stack by hand would have it. Half a file of attributes beside it (which the engine can do without)
        is removed.
        """
        checkpoint = self.home / "state/.pulumi/stacks" / self.project / f"{self.stack}.json"
        backup = checkpoint.with_name(checkpoint.name + ".bak")
        for attributes in checkpoint.parent.glob("*.attrs"):
            if not _is_json(attributes):
                attributes.unlink()
        if backup.exists() and not _is_json(checkpoint):
            shutil.copyfile(backup, checkpoint)
        self._command("cancel", "--yes", "--stack", self.stack)

    # What there is

    def export(self) -> dict[str, Any]:
        """`pulumi stack export`, secrets in plain text."""
        outcome = self._command("stack", "export", "--show-secrets", "--stack", self.stack)
        document: dict[str, Any] = json.loads(outcome.output)
        return document

    def graph(self) -> Graph:
        """The deployed stack as a graph."""
        return from_export(self.export())

    def plan(self) -> Graph:
        """`pulumi preview --json` as a graph. Raises SandboxError when the program fails."""
        return from_preview(self.plan_json())

    def plan_json(self, *, refresh: bool = False) -> dict[str, Any]:
        """`pulumi preview --json --show-sames`, secrets in plain text. Raises SandboxError when the program fails.

        refresh: whether the cloud is looked up first (`--refresh`).
        """
        flags = ["preview", "--json", "--show-sames", "--show-secrets", *self._operation_flags()]
        if refresh:
            flags.append("--refresh")
        document: dict[str, Any] = json.loads(self._command(*flags).output)
        return document

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in plain text."""
        outcome = self._command("stack", "output", "--json", "--show-secrets", "--stack", self.stack)
        values: dict[str, Any] = json.loads(outcome.output or "{}")
        return values

    # How

    def _operate(
        self,
        operation: str,
        flags: list[str],
        stream: bool,
        check: bool,
        *,
        refresh: bool = False,
        interrupt: Interrupt | None = None,
    ) -> Result:
        log = self.home / "events.jsonl"
        log.unlink(missing_ok=True)
        flags = [operation, *flags, *self._operation_flags(), "--event-log", str(log)]
        if refresh:
            flags.append("--refresh")
        outcome = run_engine(
            [str(self.engine.pulumi), *flags],
            cwd=self.project_dir,
            environment=self._environment(),
            stream=stream,
            event_log=log,
            interrupt=interrupt,
        )
        result = Result(operation, outcome, self)
        if check and not result.ok:
            raise SandboxError(f"pulumi {operation} failed with exit code {result.exit_code}\n{result.text}")
        return result

    def _operation_flags(self) -> list[str]:
        return ["--stack", self.stack, "--config-file", str(self._write_config()), "--skip-plugin-pre-install"]

    def _command(self, *arguments: str) -> Outcome:
        outcome = run_engine(
            [str(self.engine.pulumi), *arguments], cwd=self.project_dir, environment=self._environment()
        )
        if outcome.exit_code != 0:
            raise SandboxError(f"pulumi {' '.join(arguments[:2])} failed with {outcome.exit_code}\n{outcome.text}")
        return outcome

    def _environment(self) -> dict[str, str]:
        attached = ",".join(f"{package}:{self.port}" for package in self.packages)
        return {**engine_environment(self.engine, self.home, attached), **self.env}

    def _create_stack(self) -> None:
        """The stack is made from a scratch project, as the engine writes its salt beside the project's files."""
        scratch = self.home / "scratch"
        salted = scratch / f"Pulumi.{self.stack}.yaml"
        if salted.exists():
            return
        scratch.mkdir(exist_ok=True)
        (scratch / "Pulumi.yaml").write_text(yaml.safe_dump({"name": self.project, "runtime": "python"}))
        (self.home / "state").mkdir(exist_ok=True)
        arguments = ["stack", "init", self.stack, "--no-select", "--secrets-provider", "passphrase"]
        outcome = run_engine([str(self.engine.pulumi), *arguments], cwd=scratch, environment=self._environment())
        if outcome.exit_code != 0:
            raise SandboxError(f"pulumi stack init failed with {outcome.exit_code}\n{outcome.text}")

    def _write_config(self) -> Path:
        source = self.project_dir / stack_folder(self._project_document) / f"Pulumi.{self.stack}.yaml"
        document: dict[str, Any] = {}
        if source.exists():
            document = engine_yaml.read(source.read_text(encoding="utf-8")) or {}
        values = dict(document.get("config") or {})
        values |= {key if ":" in key else f"{self.project}:{key}": value for key, value in self.config.items()}
        with contextlib.suppress(FileNotFoundError):
            salted = engine_yaml.read((self.home / "scratch" / f"Pulumi.{self.stack}.yaml").read_text()) or {}
            document["encryptionsalt"] = salted.get("encryptionsalt")
        target = self.home / f"Pulumi.{self.stack}.yaml"
        target.write_text(yaml.safe_dump({**document, "config": values}), encoding="utf-8")
        return target


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _plain(text: str) -> str:
    return re.sub(r"<\{%[^%]*%\}>", "", text).strip()

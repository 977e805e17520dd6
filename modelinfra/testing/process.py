"""Runs the Pulumi command: its environment, its output, and its end, whoever ends it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelinfra.testing.engine import Engine

_PATIENCE = 30.0
"""Seconds that an interrupted engine gets to finish what is under way before it is killed."""


@dataclass(frozen=True)
class Interrupt:
    """Ends an operation once the engine has finished `after` resources: politely (^C), or with `kill` at once."""

    after: int
    kill: bool = False


@dataclass
class Outcome:
    """How a command ended."""

    exit_code: int
    output: str
    """Standard output."""
    text: str
    """Standard output and error output together."""
    events: list[dict[str, Any]] = field(default_factory=list)


def engine_environment(engine: Engine, home: Path, attached: str) -> dict[str, str]:
    """The variables that keep an engine to a folder, off the network, and attached to the stand-in cloud."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
    interpreter = str(Path(sys.executable).parent)
    path = os.pathsep.join([str(engine.pulumi.parent), interpreter, inherited.get("PATH", "")])
    return {
        **inherited,
        "PATH": path,
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{home / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
        "PULUMI_DEBUG_PROVIDERS": attached,
        # Only then does it know --event-log, which is the one machine-readable record beside its normal display.
        "PULUMI_DEBUG_COMMANDS": "true",
        "PULUMI_SKIP_CONFIRMATIONS": "true",
        # The language host that this project brings runs programs with the interpreter that has modelinfra.
        "MODELINFRA_PYTHON": sys.executable,
    }


def run_engine(
    command: list[str],
    *,
    cwd: Path,
    environment: dict[str, str],
    stream: bool = False,
    event_log: Path | None = None,
    interrupt: Interrupt | None = None,
) -> Outcome:
    """Run a Pulumi command to its end. Whatever ends this function, no process of the command is left."""
    if not stream:
        command = [*command, "--non-interactive", "--color", "never"]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=None if stream else output,
            stderr=None if stream else errors,
            start_new_session=True,
        )
        try:
            _wait(process, event_log, interrupt)
        except BaseException:
            _stop(process)
            raise
        finally:
            _sweep(process)
        shown, complaints = _text(output), _text(errors)
    return Outcome(process.returncode, shown, shown + complaints, _events(event_log))


def _wait(process: subprocess.Popen[bytes], event_log: Path | None, interrupt: Interrupt | None) -> None:
    if interrupt is None or event_log is None:
        process.wait()
        return
    while process.poll() is None:
        done = sum("resOutputsEvent" in event for event in _events(event_log))
        if done >= interrupt.after:
            if interrupt.kill:
                _sweep(process)
                process.wait()
            else:
                _stop(process)
            return
        time.sleep(0.01)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """^C, then patience, then the end: an engine that is interrupted politely saves its state."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        _sweep(process)
        process.wait()


def _sweep(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the command's process group, such as a program whose engine is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))


def _events(log: Path | None) -> list[dict[str, Any]]:
    if log is None or not log.exists():
        return []
    events = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError):  # the last line of an engine that was killed may be half written
            events.append(json.loads(line))
    return events

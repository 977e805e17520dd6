"""A server that runs on this machine for the length of a `with` block: where it answers, what it said."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL)\b|^\S*(Error|Exception)\b")
_ERROR_LINES = 4
_STOP_SECONDS = 10.0
"""Between SIGTERM and SIGKILL; MLServer needs less than one."""


@dataclass
class Running:
    """ports: container port -> port on 127.0.0.1. Filled in before the server is asked."""

    process: subprocess.Popen[bytes]
    log_file: Path
    ports: Mapping[int, int]

    def exit_code(self) -> int | None:
        """The server's exit code, or None while it runs."""
        return self.process.poll()

    def log_tail(self, lines: int = 8) -> str:
        """The last lines that the server wrote, and before them the earlier ones that name an error.

        A server that gives up often goes on to log its orderly shutdown, and the reason is out of sight by then.
        """
        text = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        written = [line for line in text.splitlines() if line.strip()]
        errors = list(dict.fromkeys(line for line in written[:-lines] if _ERROR.search(line)))
        return "\n".join([*errors[-_ERROR_LINES:], *written[-lines:]])


@contextmanager
def run_supervised(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, ports: Mapping[int, int]
) -> Iterator[Running]:
    """Runs the command in `folder` with exactly this environment and ends it with all its children at the block's end.

    The command also ends when this process is interrupted or killed, because the supervisor between them notices. The
    folder is scratch: it is removed with the command.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", str(_SUPERVISOR), str(_STOP_SECONDS), str(folder), *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    try:
        yield Running(process, log, ports)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()  # bounded: the supervisor kills after _STOP_SECONDS

"""A program or a language host in an interpreter that has loaded its packages already: where tests keep one (tests/warm.py), they start in a tenth of the
time. As a script it is the language host. Nothing is imported here that takes time.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys


class Warm:
    """As far as `subprocess.Popen` is needed of it."""

    def __init__(self, asked: socket.socket, command: list[str], environment: dict[str, str]) -> None:
        self._asked = asked
        wanted = {"command": command, "environment": environment, "directory": os.getcwd()}
        text = json.dumps(wanted).encode() + b"\n"
        sent = socket.send_fds(self._asked, [text], [1, 2])
        self._asked.sendall(text[sent:])
        self._told = self._asked.makefile()
        self._pid = int(self._told.readline())
        self._code: int | None = None

    def wait(self) -> int:
        """Its exit code."""
        said = self._told.readline()
        self._code = int(said) if said else 1
        return self._code

    def poll(self) -> int | None:
        """The same; None while it runs."""
        return self._code

    def terminate(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)


def warm(command: list[str], environment: dict[str, str]) -> Warm | None:
    """None where no tests keep one, or where the program is to find other packages than it has loaded."""
    place = environment.get("MODELINFRA_WARM")
    if not place or "PYTHONPATH" in environment:
        return None
    asked = socket.socket(socket.AF_UNIX)
    try:
        asked.connect(place)
    except OSError:
        asked.close()
        return None
    return Warm(asked, command, environment)


ENGINE = "MODELINFRA_ENGINE"
"""Process of the engine, for a language host whose parent is another."""

if __name__ == "__main__":
    # The engine ends a host by ^C, and waits for seconds where that is ignored, as it is in what a shell runs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    host = os.path.join(os.path.dirname(os.path.abspath(__file__)), "language_host.py")
    started = warm([host, *sys.argv[1:]], {**os.environ, ENGINE: str(os.getppid())})
    if started is None:
        os.execv(sys.executable, [sys.executable, host, *sys.argv[1:]])
    sys.exit(started.wait())

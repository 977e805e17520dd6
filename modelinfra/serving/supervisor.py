"""Runs one command and ends it, with everything it started, when the parent goes away, however the parent ends.

`python supervisor.py SECONDS FOLDER COMMAND ARGUMENTS`: the parent holds the other end of standard input open. When
it closes (the parent is done, was interrupted, or was killed), the command's process group gets SIGTERM, and SIGKILL
after SECONDS, and the scratch folder is removed, since a killed parent cannot. Uses the standard library only: it is
started by path, in any Python, and starts fast.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading


def main(arguments: list[str]) -> int:
    """Runs the command until it ends or standard input closes; returns its exit code, or 128 + signal."""
    seconds, folder, command = float(arguments[0]), arguments[1], arguments[2:]
    parent_gone = threading.Event()
    # Ctrl-C and a terminal's hang-up reach the parent, which then closes our standard input in its own time.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_default_signals)

    signal.signal(signal.SIGTERM, lambda *_: _signal(child.pid, signal.SIGTERM))

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        parent_gone.set()
        _signal(child.pid, signal.SIGTERM)
        timer = threading.Timer(seconds, _signal, (child.pid, signal.SIGKILL))
        timer.daemon = True
        timer.start()

    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    _signal(child.pid, signal.SIGKILL)  # what the command left behind in its group
    if parent_gone.is_set():
        os.chdir("/")
        shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _default_signals() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""An interpreter that has loaded what programs load, and forks one for each: half of what an operation of the engine takes is imports.

The engine's language host asks it in place of starting Python (`MODELINFRA_WARM`, tools/engine/language_host.py). A program has its own process,
arguments, environment and output as ever. What a program has loaded of packages, the next one finds loaded.

    python -u -m tests.warm SOCKET
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pulumi.runtime  # noqa: F401 what every program loads

import modelinfra

_PACKAGES = tuple(map(str, (sys.prefix, sys.base_prefix, Path(modelinfra.__file__).resolve().parent)))


def serve(place: Path) -> None:
    """Until this process's parent is gone."""
    parent, learnt = os.getppid(), place.with_suffix(".learnt")
    learnt.mkdir()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(place))
    listening.listen(16)
    waiting = selectors.DefaultSelector()
    waiting.register(listening, selectors.EVENT_READ)
    programs: dict[int, socket.socket] = {}
    while os.getppid() == parent:
        for key, _ in waiting.select(0.02 if programs else 1.0):
            if key.fileobj is listening:
                asked, _ = listening.accept()
                _learn(learnt)
                pid = _forked(asked, listening, learnt)
                programs[pid] = asked
                waiting.register(asked, selectors.EVENT_READ, pid)
            else:
                # Whoever asked says nothing more: it is gone, and the program goes with it.
                waiting.unregister(key.fileobj)
                _end(key.data)
        for pid, code in list(_ended(programs)):
            asked = programs.pop(pid)
            with contextlib.suppress(KeyError):
                waiting.unregister(asked)
            with contextlib.suppress(OSError):
                asked.sendall(f"{code}\n".encode())
            asked.close()
    for pid in programs:
        _end(pid)


def _forked(asked: socket.socket, listening: socket.socket, learnt: Path) -> int:
    """The process of the program that is asked for."""
    text, files, _, _ = socket.recv_fds(asked, 1 << 20, 2)
    while not text.endswith(b"\n"):
        text += asked.recv(1 << 20)
    pid = os.fork()
    if pid:
        for each in files:
            os.close(each)
        asked.sendall(f"{pid}\n".encode())
        return pid
    listening.close()
    asked.close()
    return _become(json.loads(text), files, learnt)


def _become(wanted: Mapping[str, Any], files: Sequence[int], learnt: Path) -> NoReturn:
    os.setsid()
    for number, each in enumerate(files, start=1):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["directory"])
    executor, *arguments = wanted["command"]
    sys.argv = [executor, *arguments]
    sys.path[0] = str(Path(executor).parent)
    code, before = 0, set(_loaded())
    try:
        runpy.run_path(executor, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    _tell(learnt, before)
    print(end="", flush=True)
    # Without taking apart, one by one, what thousands of modules have made: a third of a second.
    os._exit(code)


def _loaded() -> Iterator[str]:
    """Modules that are not only known: the first look at a lazy one loads it (pulumi._utils.lazy_import)."""
    return (name for name, module in list(sys.modules.items()) if type(module).__name__ != "_LazyModule")


def _tell(learnt: Path, before: set[str]) -> None:
    """What of packages this program has loaded, for those that come: nothing of what is its own. before: what it found loaded."""
    found = []
    for name in _loaded():
        place = getattr(getattr(sys.modules[name], "__spec__", None), "origin", None) or ""
        if str(place).startswith(_PACKAGES) and name not in before and name != "__main__":
            found.append(name)
    if found:
        unfinished = learnt.with_suffix(f".{os.getpid()}")
        unfinished.write_text("\n".join(found))
        unfinished.replace(learnt / unfinished.name)


def _learn(learnt: Path) -> None:
    for told in sorted(learnt.iterdir()):
        for name in told.read_text().splitlines():
            # Only a look at what is none of its introspection's loads a lazy one, and before what is in it.
            with contextlib.suppress(ImportError):
                hasattr(importlib.import_module(name), "loaded")
        told.unlink()
        gc.collect()
        gc.freeze()


def _ended(programs: Mapping[int, object]) -> Iterator[tuple[int, int]]:
    for pid in programs:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            yield pid, os.waitstatus_to_exitcode(status)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))

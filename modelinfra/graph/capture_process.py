"""Captures a project in a process of its own, with the interpreter and the libraries of another revision.

Run by path, not as a module: the environment that it runs in may hold another version of modelinfra, or none. The request comes on standard
input, the answer goes to standard output, both JSON; what the program prints goes to standard error.
"""

from __future__ import annotations

import sys

# The folder of this file, which Python put there: its modules have names that a program may want.
sys.path.pop(0)

import json
import os
from pathlib import Path
from typing import Any


def main() -> None:
    request = json.load(sys.stdin)
    answer_to = os.dup(1)
    os.dup2(2, 1)
    answer = json.dumps(_answer(request))
    with os.fdopen(answer_to, "w", encoding="utf-8") as out:
        out.write(answer)


def _answer(request: dict[str, Any]) -> dict[str, str]:
    try:
        capture_project, dump = _capturing()
    except ImportError as error:
        return {"error": f"its environment cannot capture a Pulumi program: {error}"}
    sys.path[:0] = request["paths"]
    try:
        graph = capture_project(request["directory"], request["stack"], preview=False)
        return {"graph": dump(graph, request["key"].encode())}
    except SystemExit as error:
        return {"error": f"the program stopped itself with {error.code!r}"}
    except Exception as error:
        kind = type(error)
        # The library's own errors are whole sentences; any other needs its name to be understood.
        named = kind.__module__.split(".")[0] in ("modelinfra", "pulumi")
        return {"error": str(error) if named else f"{kind.__name__}: {error}"}


def _capturing() -> tuple[Any, Any]:
    """What captures, from this copy of modelinfra; afterwards the program finds the copy that belongs to it."""
    own = str(Path(__file__).resolve().parents[2])
    sys.path.insert(0, own)
    try:
        from modelinfra.graph.project import capture_project
        from modelinfra.graph.transport import dump
    finally:
        sys.path.remove(own)
        for name in [each for each in sys.modules if each.split(".")[0] == "modelinfra"]:
            del sys.modules[name]
    return capture_project, dump


if __name__ == "__main__":
    main()

"""Takes times and memory. Times of a program are processor times: what else runs on the machine counts less."""

from __future__ import annotations

import functools
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelinfra.graph import Graph, changes
from modelinfra.graph.capture import capture

TOOLS = Path(__file__).resolve().parents[1]
REPOSITORY = TOOLS.parent

Program = Callable[[int, str], None]
"""Declares that many endpoints, which serve the model in that directory."""

# What a program calls its image is its own affair; everything else must be the same.
_OWN_WORDS = ("dockerfile.inline", "tags[0]")


@contextmanager
def tiny_model() -> Iterator[str]:
    """A model directory of some bytes, so that hashing a model is not what is measured."""
    with tempfile.TemporaryDirectory() as directory:
        settings = {"name": "digits", "implementation": "mlserver_sklearn.SKLearnModel"}
        Path(directory, "model-settings.json").write_text(json.dumps(settings), encoding="utf-8")
        yield directory


def captured(program: Program, endpoints: int, model: str, *, preview: bool = False) -> Graph:
    """The graph of a program with that many endpoints."""
    return capture(lambda: program(endpoints, model), preview=preview)


def differences(one: Graph, other: Graph) -> Sequence[str]:
    """Where the two graphs do not ask the engine for the same: resources, inputs, options, dependencies, look-ups."""
    found = [str(change) for change in changes(one, other) if change.path not in _OWN_WORDS]
    for node in other:
        if node.urn in one and one[node.urn].depends_on != node.depends_on:
            apart = sorted(set(one[node.urn].depends_on) ^ set(node.depends_on))
            found.append(
                f"{node.type} {node.name}: only one depends on {', '.join(urn.split('::')[-1] for urn in apart)}"
            )
    asked = [Counter(str(call["token"]) for call in graph.invokes) for graph in (one, other)]
    found += [
        f"look-up {token}: {asked[0][token]} and {asked[1][token]} times"
        for token in {*asked[0], *asked[1]}
        if asked[0][token] != asked[1][token]
    ]
    return found


def processor_seconds(program: Program, endpoints: int, model: str, *, preview: bool = False) -> float:
    """Processor time of one capture."""
    gc.collect()
    start = time.process_time()
    captured(program, endpoints, model, preview=preview)
    return time.process_time() - start


def interleaved(
    programs: Mapping[str, Program], endpoints: int, model: str, *, rounds: int, preview: bool = False
) -> Mapping[str, float]:
    """The least processor time of each program, taken in turns, so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            taken[name].append(processor_seconds(program, endpoints, model, preview=preview))
    return {name: min(seconds) for name, seconds in taken.items()}


def import_milliseconds(statement: str, *, after: str = "import pulumi", rounds: int = 7) -> float:
    """The least time that `statement` takes in a fresh process in which `after` has run."""
    code = f"import time\n{after}\nstart = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
    _python(code)
    return min(float(_python(code)) for _ in range(rounds)) * 1000


def service_modules_loaded(statement: str) -> Sequence[str]:
    """Modules of single AWS services that a statement loads: each costs 20 to 300 ms."""
    code = (
        f"import json, sys\n{statement}\n"
        "print(json.dumps(sorted(name for name in sys.modules if name.startswith('pulumi_aws.') and name.count('.') > 1)))"
    )
    found: list[str] = json.loads(_python(code))
    return found


def peak_megabytes(module: str, endpoints: int, model: str) -> float:
    """Most memory of a fresh process that captures `benchmark.<module>`'s program."""
    code = (
        f"from benchmark import measure, {module}\n"
        f"measure.captured({module}.program, {endpoints}, {model!r})\n"
        "print(measure.high_water_megabytes())"
    )
    return float(_python(code))


def high_water_megabytes() -> float:
    """Most resident memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():
        # `getrusage` would name the parent's, which a child takes over when it is started.
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def cold_preview_seconds(stack: str, *, rounds: int = 3) -> float:
    """The least time of a fresh process that previews a stack of this repository offline, the interpreter's start included."""
    code = f"from modelinfra.graph.project import capture_project\ncapture_project({str(REPOSITORY)!r}, {stack!r})"
    _python(code)
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        _python(code)
        taken.append(time.perf_counter() - start)
    return min(taken)


@functools.cache
def _bytecode_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="modelinfra-bench-")


def _bytecode_kept() -> dict[str, str]:
    """Where the environment forbids to write bytecode, a fresh process would compile a hundred megabytes of SDK first."""
    return (
        {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _bytecode_folder().name}
        if sys.dont_write_bytecode
        else {}
    )


def _python(code: str) -> str:
    environment = {**os.environ, **_bytecode_kept(), "PYTHONPATH": str(TOOLS)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=REPOSITORY, check=False
    )
    if run.returncode != 0:
        raise RuntimeError(f"a measured process failed:\n{run.stderr}")
    return run.stdout.strip().rpartition("\n")[2]

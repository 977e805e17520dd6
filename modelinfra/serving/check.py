"""Starts a deployed endpoint's contract on this machine, waits until it is healthy, and asks it for a prediction."""

from __future__ import annotations

import http.client
import json
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from modelinfra.catalog.layouts.found import ModelDirectoryError
from modelinfra.catalog.servers import MLSERVER, ModelServer, server_for_image, startup_budget_seconds
from modelinfra.graph.model import Graph
from modelinfra.serving.contract import read_contract
from modelinfra.serving.docker import run_in_docker
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.fetching import with_model
from modelinfra.serving.http import Reply, accepts, call, speaks_http2
from modelinfra.serving.local import run_as_process
from modelinfra.serving.promised import ServingContract
from modelinfra.serving.running import Running

__all__ = ["Answer", "ServingCheckError", "try_endpoint"]

_POLL_SECONDS = 0.1
_ELSEWHERE_SECONDS = 2.0
_PORT_SECONDS = 5.0
_REQUEST_SECONDS = 60.0
"""The load balancer's default idle time-out: a longer request would not be answered in the cloud either."""


@dataclass(frozen=True)
class Answer:
    """What came back. outputs: the prediction's `outputs` (Open Inference v2: name, shape, datatype, data).

    ready_seconds: from process start to the first healthy answer; request_seconds: the prediction alone; status: its
    HTTP status; body: the whole answer; path: where it was asked in the container; how: `process` or `docker`; others: of several models,
    the answers of the others, by their names.
    """

    endpoint: str
    how: str
    path: str
    status: int
    body: Mapping[str, Any]
    outputs: tuple[Mapping[str, Any], ...]
    ready_seconds: float
    request_seconds: float
    others: Mapping[str, Answer] = field(default_factory=dict)


def try_endpoint(
    graph: Graph,
    endpoint: str,
    *,
    request: bytes | Mapping[str, Any] | None = None,
    model: str | None = None,
    how: Literal["process", "docker"] = "process",
    report: Callable[[str], None] = lambda _: None,
    project: Path | None = None,
    budget_seconds: float | None = None,
) -> Answer:
    """Serve the endpoint's deployed contract here, send it a request, and return the checked answer.

    graph: the deployed state. request: an Open Inference v2 request, as bytes or data; None sends zeros in the shape
    that the model declares. model: which of several is sent the request; left out, each of them is sent one. how: `process` substitutes image, model path and ports and reports each; `docker` builds
    and runs the container as it is. report: gets one line per step. project: folder against which relative paths in
    the state are read; default: the current one. budget_seconds: how long to wait for health instead of the deployed
    grace period. Raises ServingCheckError for whatever keeps the endpoint from answering, with what was expected,
    what came, a remedy. Nothing keeps running afterwards.
    """
    contract = read_contract(graph, endpoint, project=project)
    asked = _asked(contract, model)
    row = server_for_image(contract.build.base if contract.build else contract.image)
    budget = budget_seconds if budget_seconds is not None else _budget(contract, row)
    run = run_as_process if how == "process" else run_in_docker
    with (
        _terminated_orderly(),
        with_model(contract, report, in_image=how == "docker") as contract,
        run(contract, report) as running,
    ):
        started = time.monotonic()
        _wait(contract, running, row, budget)
        ready = time.monotonic() - started
        report(f"healthy after {ready:.1f} s (GET {contract.health_path}; {budget:g} s allowed)")
        port = running.ports[contract.ports["http"]]
        _check_public_health(contract, running, port)
        answers = {}
        for name, path in asked.items():
            of_model = replace(contract, predict_path=path)
            body = _body(of_model, running, port, request, row)
            before = time.monotonic()
            reply = _predict(of_model, running, port, body, row)
            taken = time.monotonic() - before
            answer = _shape(of_model, reply)
            report(f"POST {path}: {reply.status} after {taken * 1000:.0f} ms")
            outputs = tuple(answer["outputs"]) if _open_inference(of_model) else ()
            answers[name] = Answer(endpoint, how, path, reply.status, answer, outputs, ready, taken)
        _check_other_ports(contract, running, row)
    first, *others = answers
    return replace(answers[first], others={name: answers[name] for name in others})


def _asked(contract: ServingContract, model: str | None) -> Mapping[str, str]:
    """Which models are asked, and where: the only one, the one that is named, or each."""
    if model is None:
        return contract.predict_paths or {"": contract.predict_path}
    if model in contract.predict_paths:
        return {model: contract.predict_paths[model]}
    names = ", ".join(contract.predict_paths) or "it serves one model, which needs no name"
    raise ServingCheckError(f"a model {model!r} of endpoint {contract.endpoint!r}", f"there are: {names}", "Name one")


@contextmanager
def _terminated_orderly() -> Iterator[None]:
    """SIGTERM unwinds the stack, as Ctrl-C does, so that containers and images are removed.

    Left alone when somebody else handles the signal, and outside the main thread, where no handler can be set.
    """
    free = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if free:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        if free:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _budget(contract: ServingContract, row: ModelServer | None) -> float:
    if contract.startup_budget_seconds is not None:
        return contract.startup_budget_seconds
    return startup_budget_seconds(row or MLSERVER, None)


def _wait(contract: ServingContract, running: Running, row: ModelServer | None, budget: float) -> None:
    elsewhere_since: float | None = None
    port = running.ports[contract.ports["http"]]
    deadline = time.monotonic() + budget
    last = "nothing listens there"
    while time.monotonic() < deadline:
        if (code := running.exit_code()) is not None:
            raise ServingCheckError(
                f"{' '.join(contract.command) or contract.image!r} to keep running",
                f"it ended with exit code {code}. Its last lines:\n{running.log_tail()}\n",
                "Correct what the server complains about",
            )
        try:
            reply = call(port, contract.health_path, seconds=min(5.0, budget))
            if reply.status in contract.health_status:
                return
            last = f"it answers {reply.status} {reply.text(120)}".rstrip()
        except (OSError, http.client.HTTPException) as error:
            last = f"port {contract.ports['http']} does not answer ({error})"
        # A server that is ready, but not where it is asked, never will be: no need to wait for the whole budget. It
        # has to stay so for a moment, since a server may be "ready" before it has even looked for models.
        elsewhere = _ready_elsewhere(contract, running, row)
        if elsewhere and elsewhere_since and time.monotonic() - elsewhere_since > _ELSEWHERE_SECONDS:
            last = f"{last}, while the server is ready at {elsewhere}"
            break
        elsewhere_since = (elsewhere_since or time.monotonic()) if elsewhere else None
        time.sleep(_POLL_SECONDS)
    raise ServingCheckError(
        f"status {_listed(contract.health_status)} at {contract.health_path} on port {contract.ports['http']} "
        f"within {budget:g} s, as {contract.asked_by} asks",
        f"{last}. The server's last lines:\n{running.log_tail()}\n",
        "Let the path and port that are asked, the ports of the container and the server's variables agree, or allow more time",
    )


def _ready_elsewhere(contract: ServingContract, running: Running, row: ModelServer | None) -> str | None:
    """Where the server is ready by its own account, if that is not where the target group asks."""
    if row is None:
        return None
    for number, port in running.ports.items():
        if "{" in row.readiness_path or (number, row.readiness_path) == (contract.ports["http"], contract.health_path):
            continue
        try:
            if call(port, row.readiness_path, seconds=1.0).status == 200:
                return f"{row.readiness_path} on port {number}"
        except (OSError, http.client.HTTPException):
            pass
    return None


def _listed(statuses: frozenset[int]) -> str:
    codes = sorted(statuses)
    consecutive = len(codes) > 2 and codes[-1] - codes[0] == len(codes) - 1
    return f"{codes[0]}-{codes[-1]}" if consecutive else " or ".join(map(str, codes))


def _check_public_health(contract: ServingContract, running: Running, port: int) -> None:
    reply = _call(running, port, contract.public_health_path, None)
    if reply.status != 200:
        raise ServingCheckError(
            f"200 at {contract.public_health_path}, where the health_url output arrives", f"{reply.status} came", _ROUTE
        )


_ROUTE = "Let the endpoint's outputs, listener rule and server agree on the path"


def _body(
    contract: ServingContract,
    running: Running,
    port: int,
    request: bytes | Mapping[str, Any] | None,
    row: ModelServer | None,
) -> bytes:
    if isinstance(request, bytes):
        return request
    return json.dumps(request if request is not None else _zeros(contract, running, port, row)).encode()


def _zeros(contract: ServingContract, running: Running, port: int, row: ModelServer | None) -> dict[str, Any]:
    """A request of zeros in the shape that the model's metadata declares."""
    if not _open_inference(contract):
        raise ServingCheckError(
            f"a request's body for {contract.predict_path}",
            "none was given, and only the Open Inference protocol tells what a model takes",
            "Give one with --request FILE",
        )
    path = contract.predict_path.removesuffix("/infer")
    reply = _call(running, port, path, None)
    if reply.status != 200:
        raise _not_served(contract, running, path, reply, row)
    try:
        inputs = json.loads(reply.body).get("inputs") or []
    except (ValueError, AttributeError):
        inputs = []
    if not inputs:
        raise ServingCheckError(
            "a request, or a model that declares its inputs",
            "none was given, and the model's metadata declares none",
            'Give a request, or add "inputs" to model-settings.json',
        )
    return {"inputs": [_zero(item) for item in inputs]}


def _zero(declared: Mapping[str, Any]) -> dict[str, Any]:
    shape = [size if size > 0 else 1 for size in declared["shape"]]
    value: Any = {"BYTES": "", "BOOL": False}.get(declared["datatype"], 0)
    data = [value] * math.prod(shape)
    return {"name": declared["name"], "shape": shape, "datatype": declared["datatype"], "data": data}


def _predict(contract: ServingContract, running: Running, port: int, body: bytes, row: ModelServer | None) -> Reply:
    reply = _call(running, port, contract.predict_path, body)
    if not 200 <= reply.status < 300:
        raise _not_served(contract, running, contract.predict_path, reply, row)
    return reply


def _not_served(
    contract: ServingContract, running: Running, path: str, reply: Reply, row: ModelServer | None
) -> ServingCheckError:
    return ServingCheckError(
        f"a 2xx answer from {path}, where the predict_url output arrives",
        f"{reply.status} came: {reply.text()}{_other_name(contract, row)}. The server's last lines:\n"
        f"{running.log_tail()}\n",
        _ROUTE if reply.status in (404, 405) else "Correct the request or the model",
    )


def _other_name(contract: ServingContract, row: ModelServer | None) -> str:
    """Names the model that the directory serves, when the prediction URL names another one."""
    if row is None or row.layout is None or contract.build is None or contract.predict_paths:
        return ""
    try:
        name = row.layout.check(contract.build.model_source, row.model_directory).name
    except ModelDirectoryError as error:
        return f" ({error.fact})"
    return "" if contract.predict_path == row.predict_path(name) else f" (the model directory serves {name!r})"


def _open_inference(contract: ServingContract) -> bool:
    """Whether predictions speak the Open Inference protocol v2; other servers' answers are taken as they are."""
    return contract.predict_path.endswith("/infer")


def _shape(contract: ServingContract, reply: Reply) -> dict[str, Any]:
    def wrong(came: str) -> ServingCheckError:
        return ServingCheckError(
            f"{'an Open Inference v2' if _open_inference(contract) else 'a JSON'} answer from {contract.predict_path}",
            f"{came}: {reply.text()}",
            _ROUTE,
        )

    try:
        answer = json.loads(reply.body)
    except ValueError:
        raise wrong("what came is not JSON") from None
    if not _open_inference(contract):
        return {"body": answer} if not isinstance(answer, dict) else answer
    outputs = answer.get("outputs") if isinstance(answer, dict) else None
    if not isinstance(outputs, list) or not outputs:
        raise wrong("it has no outputs")
    for output in outputs:
        if not isinstance(output, dict) or not isinstance(output.get("data"), list):
            raise wrong("an output has no data")
        shape = output.get("shape")
        if not isinstance(shape, list) or math.prod(shape) != len(output["data"]):
            raise wrong(f"output {output.get('name')!r} has {len(output['data'])} values for shape {shape}")
    return dict(answer)


def _check_other_ports(contract: ServingContract, running: Running, row: ModelServer | None) -> None:
    """Every port that the task maps must be served in its role."""
    for role, number in contract.ports.items():
        if role == "http":
            continue
        port = running.ports[number]
        if role == "metrics" and row and row.metrics_path:
            served = _served(port, row.metrics_path)
        elif role == "grpc":
            served = speaks_http2(port, _PORT_SECONDS)
        else:
            served = accepts(port, _PORT_SECONDS)
        if not served:
            path = f" at {row.metrics_path}" if role == "metrics" and row and row.metrics_path else ""
            raise ServingCheckError(
                f"the server to answer on its {role} port {number}{path}",
                "it does not",
                "Let the port mapping and the server's variables name the same port",
            )


def _served(port: int, path: str) -> bool:
    try:
        return call(port, path, seconds=_PORT_SECONDS).status == 200
    except (OSError, http.client.HTTPException):
        return False


def _call(running: Running, port: int, path: str, body: bytes | None) -> Reply:
    try:
        return call(port, path, body=body, seconds=_REQUEST_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise ServingCheckError(
            f"an HTTP answer at {path}",
            f"the connection failed ({error}). The server's last lines:\n{running.log_tail()}\n",
            "Correct what the server complains about",
        ) from None

"""The example of a graph: objects that the API server takes, and requests that KServe's own router leads through the three models."""

from __future__ import annotations

import copy
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from modelinfra.catalog.servers import MLSERVER
from modelinfra.graph.project import capture_project
from modelinfra.graph.values import plain
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.venv import server_python
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, EXAMPLES, declared
from tests.kubernetes.graphs import GRAPH, V1, deployed, environment, nodes_that_fit, spec
from tests.kubernetes.router import ask, redirected, routing
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import SERVING, manifests

EXAMPLE = EXAMPLES / "scan-cascade"


def test_it_makes_nothing_of_aws_and_the_api_server_takes_what_it_makes() -> None:
    graph = capture_project(EXAMPLE, "dev", preview=False)
    assert [node.type for node in graph if node.type.startswith(("aws:", "docker-build:"))] == []
    assert [found for each in manifests(graph) for found in complaints(each)] == []
    assert {each.urn for each in graph.all(SERVING)} <= set(graph.one(GRAPH).depends_on)


@pytest.mark.engine
def test_it_deploys_stays_changes_its_way_alone_and_goes(request: pytest.FixtureRequest) -> None:
    require_engine(request)
    with Sandbox(EXAMPLE, stack="dev") as sandbox:
        steps = sandbox.up(check=True).steps
        made = [urn.rpartition("::")[2] for operation, urn in steps if operation == "create"]
        assert made.index("dev-scans-inference-graph") > max(
            made.index(f"dev-{name}-inference-service") for name in ("clean", "read", "careful")
        )
        assert sandbox.outputs["predictUrls"]["scans"] == "https://models.acme.ai/scans/"
        assert sandbox.up(check=True).changes == {}
        without = copy.deepcopy(declared(EXAMPLE))
        without["inferenceGraphs"]["scans"]["nodes"]["root"]["steps"].pop()
        sandbox.config[ENVIRONMENT] = json.dumps(without)
        # The router is told another way, and has less time for it; no endpoint is touched.
        touched = {urn.rpartition("::")[2] for operation, urn in sandbox.up(check=True).steps if operation == "update"}
        assert touched == {"dev-scans-inference-graph", "dev-scans-http-route"}
        gone = [
            urn.rpartition("::")[2] for operation, urn in sandbox.destroy(check=True).steps if operation == "delete"
        ]
        assert gone.index("dev-scans-inference-graph") < gone.index("dev-clean-inference-service")
        assert sandbox.cloud.things == []


@pytest.mark.slow_judge
def test_kserves_router_asks_the_careful_model_only_where_the_quick_one_is_unsure(tmp_path: Path) -> None:
    try:
        python = server_python(MLSERVER)
    except ServingCheckError as error:
        pytest.skip(f"NOT PROVEN: scikit-learn cannot be installed here ({error})")
    subprocess.run([python, EXAMPLE / "train.py", tmp_path], check=True, capture_output=True)
    scans = json.loads((tmp_path / "requests.json").read_text())
    said = plain(spec(capture_project(EXAMPLE, "dev", preview=False)))
    server = subprocess.Popen(
        [python, Path(__file__).with_name("v1_server.py"), tmp_path], stdout=subprocess.PIPE, text=True
    )
    asked: list[str] = []
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        threading.Thread(target=lambda: asked.extend(server.stdout or ()), daemon=True).start()
        with routing(redirected(said, f"http://127.0.0.1:{port}")) as router:
            right = 0
            for each in scans:
                asked.clear()
                status, answer = ask(router, each["request"])
                assert status == 200, answer
                (read,) = answer["predictions"]
                way = ["clean 200", "read 200", *(["careful 200"] if each["read"] == "unsure" else [])]
                assert seen(asked, len(way)) == way
                assert read == each["read"] or each["read"] == "unsure"
                right += read == each["shows"]
            assert {"unsure"} < {each["read"] for each in scans}
            assert right / len(scans) > 0.85
            # What a step refuses is the answer: every step is needed unless `Soft` is said.
            asked.clear()
            status, _ = ask(router, {"instances": [[1, 2]]})
            assert (status, seen(asked, 1)) == (500, ["clean 500"])
    finally:
        server.kill()
        server.wait()


def seen(asked: list[str], count: int) -> list[str]:
    """Who was asked; the lines may come a moment after the answer."""
    deadline = time.monotonic() + 5
    while len(asked) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [line.strip() for line in asked]


class Echo(BaseHTTPRequestHandler):
    """Endpoints of protocol V1 that answer each instance with their own name."""

    def do_POST(self) -> None:
        instances = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        name = self.path.removeprefix("/v1/models/").removesuffix(":predict")
        text = json.dumps({"predictions": [name for _ in instances]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.slow_judge
@settings(max_examples=25, deadline=None)
@given(nodes=nodes_that_fit())
def test_every_graph_that_is_taken_is_one_that_kserves_router_walks_to_an_answer(
    nodes: dict[str, Any], echo: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = environment(nodes, endpoints={"one": V1, "two": V1})
    written = spec(deployed(said, tmp_path_factory.mktemp("graph")))
    with routing(redirected(written, echo)) as router:
        status, answer = ask(router, {"instances": ["x"], "language": "de"})
    assert status == 200, answer
    assert isinstance(answer, dict)


@pytest.mark.slow_judge
@pytest.mark.parametrize(
    ("condition", "body", "holds"),
    [
        ("language", {"language": "de"}, True),
        ("language", {"language": False}, True),
        ("language", {}, False),
        ('tags.#(=="spam")', {"tags": ["ham", "spam"]}, True),
        ('tags.#(=="spam")', {"tags": ["ham"]}, False),
        ("[@this].#(score>0.5)", {"score": 0.9}, True),
        ("[@this].#(score>0.5)", {"score": 0.1}, False),
        ("@this", {}, True),
        # Refused by the library, and this is why: the sign is a part of a name.
        ("score>0.5", {"score": 0.9}, False),
        ("$.language", {"language": "de"}, False),
    ],
)
def test_conditions_hold_as_the_page_says(condition: str, body: dict[str, Any], holds: bool, echo: str) -> None:
    steps = [
        {"name": "first", "serviceUrl": f"{echo}/v1/models/first:predict", "condition": condition},
        {"name": "else", "serviceUrl": f"{echo}/v1/models/else:predict", "condition": "@this"},
    ]
    with routing({"nodes": {"root": {"routerType": "Switch", "steps": steps}}}) as router:
        _, answer = ask(router, {"instances": ["x"], **body})
    assert answer == {"predictions": ["first" if holds else "else"]}

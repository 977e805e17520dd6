"""KServe's own router of InferenceGraphs, built from its source and started with what the library wrote for it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelinfra.cache import cache_folder
from tests.kubernetes.schemas import KSERVE, module

PORT = 28080
"""The router listens on 8080 and nothing can say otherwise, so that this is changed in the source."""

_PORT_IN_SOURCE = ("RouterPort                   = 8080", f"RouterPort                   = {PORT}")


def router_binary() -> Path:
    """The router; built at the first call of a machine, which takes minutes."""
    binary = cache_folder() / f"kserve-router-{KSERVE.rpartition('@')[2]}-{PORT}"
    if binary.exists():
        return binary
    source = module(KSERVE)
    go = shutil.which("go")
    assert go is not None, "the module came by it"
    with tempfile.TemporaryDirectory() as folder:
        # Within a copy, where the replacements in its go.mod count.
        copy = Path(folder, "kserve")
        shutil.copytree(source, copy)
        subprocess.run(["chmod", "-R", "u+w", str(copy)], check=True)
        constants = copy / "pkg/constants/constants.go"
        text = constants.read_text()
        assert _PORT_IN_SOURCE[0] in text
        constants.write_text(text.replace(*_PORT_IN_SOURCE))
        built = Path(folder, "router")
        done = subprocess.run(
            [go, "build", "-mod=mod", "-o", str(built), "./cmd/router"],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        binary.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(built, binary)
    return binary


def redirected(spec: Mapping[str, Any], base: str) -> dict[str, Any]:
    """The spec of an InferenceGraph whose steps ask one address; their paths stay."""
    found: dict[str, Any] = json.loads(json.dumps(spec))
    for node in found["nodes"].values():
        for step in node["steps"]:
            if "serviceUrl" in step:
                step["serviceUrl"] = base + "/" + step["serviceUrl"].split("/", 3)[3]
    return found


@contextlib.contextmanager
def routing(spec: Mapping[str, Any]) -> Iterator[str]:
    """The address of a router that was given this spec, as KServe's controller gives it."""
    with socket.socket() as taken:
        if taken.connect_ex(("127.0.0.1", PORT)) == 0:
            pytest.skip(f"NOT PROVEN: something else listens on port {PORT}")
    process = subprocess.Popen(
        [str(router_binary()), "--graph-json", json.dumps(spec)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    base = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{base}/readyz"):
                break
            time.sleep(0.1)
        yield base
    finally:
        # Not asked to end: it would wait for 30 seconds.
        process.kill()
        process.wait()


def ask(base: str, body: Any) -> tuple[int, Any]:
    """Status and answer of a request."""
    request = urllib.request.Request(f"{base}/", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)

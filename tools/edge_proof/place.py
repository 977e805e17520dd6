"""The processes of a proof: two model servers, the way to the cloud, and the router; and how each is started, cut and killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from modelinfra.catalog.servers import server
from modelinfra.serving.venv import server_python

ROOT: Final = Path(__file__).resolve().parents[2]
TOKEN: Final = "a-token-of-this-machine"
WAY_SECONDS: Final = 0.02
"""One way to the cloud, there and back twice as much: what a wired line within a continent takes."""


class Place:
    """A folder with models, requests, and what each process says."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.python = server_python(server("mlserver"), print)
        subprocess.run(
            [str(self.python), str(Path(__file__).with_name("train.py")), str(folder), str(count)],
            check=True,
            env=clean(),
        )
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {name: free_port() for name in ("light", "heavy", "gateway", "router")}
        (folder / "token").write_text(TOKEN)
        self.journal = folder / "journal"
        self.store = folder / "store.sqlite"

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def model(self, name: str) -> None:
        environment = {
            **clean(),
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(self.ports[name]),
            "MLSERVER_GRPC_PORT": str(free_port()),
            "MLSERVER_METRICS_PORT": str(free_port()),
            "MLSERVER_PARALLEL_WORKERS": "0",
            "MLSERVER_DEBUG": "false",
            "MLSERVER_LOGGING_SETTINGS": "",
            # One processor each: there are two on this machine.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._start(name, [str(self.python.parent / "mlserver"), "start", str(self.folder / name)], environment)

    def gateway(self) -> None:
        script = str(Path(__file__).with_name("gateway.py"))
        words = [str(self.ports["gateway"]), self.url("heavy"), TOKEN, str(WAY_SECONDS), str(self.journal)]
        self._start("gateway", [sys.executable, script, *words], dict(os.environ))

    def router(self, least: float, max_bytes: int = 32 * 1024 * 1024) -> None:
        environment = {
            **os.environ,
            "MODELINFRA_ROUTER": json.dumps(self.settings(least, max_bytes)),
            "PYTHONPATH": str(ROOT),
        }
        self._start("router", [sys.executable, "-m", "modelinfra.router"], environment)

    def settings(self, least: float, max_bytes: int) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.ports["router"],
            "device": "proof",
            "deviceFile": "",
            "model": "digits",
            "version": "light",
            "path": "/v2/models/digits/infer",
            "readyPath": "/v2/models/digits/ready",
            "maxBody": 65536,
            "requestSeconds": 10.0,
            "stopSeconds": 10,
            "thermal": "/sys/class/thermal",
            "local": {"url": self.url("light"), "concurrency": 2, "queue": 16, "waiting": 256, "timeoutSeconds": 2.0},
            "confidence": {"output": "predict_proba", "path": "", "rule": "max", "least": least},
            "split": None,
            "cloud": {
                "url": self.url("gateway"),
                "path": "/v2/models/digits/infer",
                "probePath": "/v2/models/digits/ready",
                "concurrency": 8,
                "timeoutSeconds": 2.0,
                "auth": {"sigv4": None, "bearer": {"file": str(self.folder / "token")}, "mtls": None},
            },
            "store": {"file": str(self.store), "maxBytes": max_bytes, "drop": "least-valuable", "sendPerSecond": 50.0},
            "samples": None,
            "telemetry": None,
            "sendBetween": None,
        }

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"{self.url('router')}/metrics", timeout=5) as answer:
            rows = answer.read().decode().splitlines()
        return sum(float(each.rpartition(" ")[2]) for each in rows if each.startswith(f"modelinfra_router_{name}"))

    def disk(self) -> int:
        """Bytes of the store."""
        found = 0
        for each in self.folder.glob("store.sqlite*"):
            try:
                found += each.stat().st_size
            except FileNotFoundError:
                continue
        return found

    def processor_seconds(self, name: str) -> float:
        """Of a process so far (proc(5): fields 14 and 15 of stat)."""
        fields = Path(f"/proc/{self.running[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def signal(self, name: str, what: signal.Signals) -> None:
        self.running[name].send_signal(what)

    def close(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder)

    def wait(self, name: str, seconds: float = 90) -> None:
        """Until it says that it is ready."""
        end = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"{self.url(name)}/v2/models/digits/ready", timeout=2):
                    return
            except OSError:
                if time.monotonic() > end or self.running[name].poll() is not None:
                    raise RuntimeError(
                        f"{name} does not start: {(self.folder / f'{name}.log').read_text()[-2000:]}"
                    ) from None
                time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def clean() -> dict[str, str]:
    """The library's own paths are not for the server's Python."""
    return {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }

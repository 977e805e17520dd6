"""Real model servers with halves of a real model: MLServer, and Triton's server with its Python backend, which PyPI has.

MLServer serves what `modelinfra split --server mlserver` lays out as it is, with the onnxruntime of its image. Of what is laid out for Triton
the server itself reads everything but the model: its backend for ONNX is on no package index, so that its Python backend runs the file here.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from modelinfra.cache import cache_folder
from modelinfra.catalog.servers import server
from modelinfra.serving.venv import locked_environment, server_python
from tests.edge.world import free_port

_LOCK = Path(__file__).parents[1] / "serving" / "onnx_servers.lock"
_LIBPYTHON = Path(
    sysconfig.get_config_var("LIBDIR") or "", f"libpython{sys.version_info[0]}.{sys.version_info[1]}.so.1.0"
)

_RUN = """
import os, sys
sys.path.append({site!r})
import onnxruntime
import triton_python_backend_utils as triton

class TritonPythonModel:
    def initialize(self, args):
        file = os.path.join(args["model_repository"], args["model_version"], "model.onnx")
        self.session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def execute(self, requests):
        return [self.one(each) for each in requests]

    def one(self, request):
        names = list(request.requested_output_names())
        given = {{each.name: triton.get_input_tensor_by_name(request, each.name).as_numpy() for each in self.session.get_inputs()}}
        try:
            found = self.session.run(names, given)
        except Exception as error:
            return triton.InferenceResponse([], triton.TritonError(str(error)))
        return triton.InferenceResponse([triton.Tensor(name, value) for name, value in zip(names, found)])
"""


def site_packages() -> Path:
    """Of onnxruntime and NumPy in the versions of MLServer's image, and of Triton's server."""
    environment = locked_environment(
        cache_folder() / "programs" / "onnx-servers",
        _LOCK.read_bytes(),
        "ONNX's servers",
        lambda: sys.executable,
        print,
    )
    (found,) = environment.glob("lib/python*/site-packages")
    return found


def triton_missing() -> str:
    """Why Triton's server does not run on this machine; empty where it does."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return "PyPI has Triton's server for Linux on x86_64 alone"
    return "" if _LIBPYTHON.exists() else f"its Python backend needs {_LIBPYTHON}"


class ModelServer:
    """A process at one port, that serves the directories of several halves. directories: the name of each -> where it was laid out."""

    def __init__(self, kind: str, folder: Path, directories: Mapping[str, Path]) -> None:
        self.port, self.folder, self.models = free_port(), folder, list(directories)
        folder.mkdir(parents=True)
        command, environment = {"mlserver": self._mlserver, "triton": self._triton}[kind](directories)
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self, seconds: float = 120) -> None:
        """Until all of its models are loaded."""
        end = time.monotonic() + seconds
        for model in self.models:
            while not answers(f"{self.url}/v2/models/{model}/ready"):
                if time.monotonic() > end or self._process.poll() is not None:
                    raise RuntimeError(f"{model} does not load: {(self.folder / 'log').read_text()[-3000:]}")
                time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _mlserver(self, directories: Mapping[str, Path]) -> tuple[list[str], dict[str, str]]:
        for name, directory in directories.items():
            shutil.copytree(directory, self.folder / "models" / name)
        environment = {
            **_clean(),
            **server("mlserver").environment,
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(self.port),
            "MLSERVER_GRPC_PORT": str(free_port()),
            "MLSERVER_METRICS_PORT": str(free_port()),
            "MLSERVER_PARALLEL_WORKERS": "0",
            "PYTHONPATH": str(site_packages()),
        }
        program = server_python(server("mlserver"), print).parent / "mlserver"
        return [str(program), "start", str(self.folder / "models")], environment

    def _triton(self, directories: Mapping[str, Path]) -> tuple[list[str], dict[str, str]]:
        home = site_packages() / "pytriton" / "tritonserver"
        backend = self.folder / "backends" / "python"
        shutil.copytree(home / "backends" / "python", backend)
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        shutil.copy(home / "python_backend_stubs" / version / "triton_python_backend_stub", backend)
        for name, directory in directories.items():
            model = self.folder / "models" / name
            shutil.copytree(directory / name, model)
            config = model / "config.pbtxt"
            config.write_text(config.read_text().replace('backend: "onnxruntime"', 'backend: "python"'))
            (model / "1" / "model.py").write_text(_RUN.format(site=str(site_packages())))
        options = {
            "model-repository": self.folder / "models",
            "backend-directory": self.folder / "backends",
            "http-port": self.port,
            "allow-grpc": "false",
            "allow-metrics": "false",
        }
        command = [str(home / "bin" / "tritonserver"), *(f"--{name}={value}" for name, value in options.items())]
        # Its backend is linked to libraries beside the package, by a path relative to where it lay.
        libraries = [_LIBPYTHON.parent, site_packages() / "nvidia_pytriton.libs"]
        return command, {**_clean(), "LD_LIBRARY_PATH": ":".join(map(str, libraries))}


class Wire:
    """Before a server: passes on what comes, and counts the bytes of it."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.up = self.down = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
                threading.Thread(target=self._pass, args=(client, there, "up"), daemon=True).start()
                threading.Thread(target=self._pass, args=(there, client, "down"), daemon=True).start()

    def _pass(self, one: socket.socket, two: socket.socket, way: str) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                # Each way has one thread at a time: the router asks one after the other here.
                setattr(self, way, getattr(self, way) + len(data))
                two.sendall(data)
            two.shutdown(socket.SHUT_WR)


def answers(url: str) -> bool:
    """Whether it says 200 there."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def _clean() -> dict[str, str]:
    """The library's own paths are not for the servers' Python."""
    found = {name: each for name, each in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    # One processor each: there are two on a small machine.
    return {**found, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

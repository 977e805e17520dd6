"""A Pulumi language host for Python programs, for machines where only the engine's Go module can be had.

The official host, `pulumi-language-python`, is a Go module of its own that no module proxy keeps by version, while the engine
(`pkg/v3`) and the SDK are. The engine starts a language host as an executable next to `pulumi`, reads a port from the first
line it prints and then speaks the `LanguageRuntime` service with it. This is that service for two cases: a program that runs in the interpreter that runs this
file, its dependencies already installed, by the SDK's own `pulumi-language-python-exec` as the official host does; and a plugin
(a policy pack is one) that runs in the virtual environment that it names.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2
from warm_process import ENGINE, Warm, warm

EXECUTOR = Path(__file__).with_name("pulumi-language-python-exec")

# The executor's way of saying that it has already shown the user what went wrong.
ALREADY_REPORTED = 32


class PythonLanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The part of LanguageRuntime that preview, up, refresh and destroy call."""

    def __init__(self, engine_address: str) -> None:
        self.engine_address = engine_address
        self.program: subprocess.Popen[bytes] | Warm | None = None
        self.plugins: list[subprocess.Popen[bytes]] = []

    def Handshake(self, request, context):
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="")

    def GetRequiredPackages(self, request, context):
        # Providers are attached by PULUMI_DEBUG_PROVIDERS; naming none here keeps the engine from looking for downloads.
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request, context):
        return language_pb2.GetRequiredPluginsResponse()

    def InstallDependencies(self, request, context):
        return iter(())

    def RuntimeOptionsPrompts(self, request, context):
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request, context):
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetProgramDependencies(self, request, context):
        return language_pb2.GetProgramDependenciesResponse()

    def Cancel(self, request, context):
        self.stop()
        return empty_pb2.Empty()

    def stop(self) -> None:
        """End the program and the plugins that are running."""
        for process in (self.program, *self.plugins):
            if process is not None and process.poll() is None:
                process.terminate()

    def Run(self, request, context):
        command = [
            sys.executable,
            "-u",
            str(EXECUTOR),
            "--monitor", request.monitor_address,
            "--engine", self.engine_address,
            "--project", request.project,
            "--stack", request.stack,
            "--organization", request.organization,
            "--root_directory", request.info.root_directory,
            "--pwd", request.pwd,
            "--dry_run", str(request.dryRun).lower(),
            "--parallel", str(request.parallel),
            _entry_point(request.info),
            *request.args,
        ]  # fmt: skip
        environment = {
            **os.environ,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        # What the program prints must reach the engine as this process's output, but never before the port line.
        self.program = warm(command[2:], environment) or subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL
        )
        code = self.program.wait()
        if code == 0:
            return language_pb2.RunResponse()
        if code == ALREADY_REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program exited with code {code}")

    def RunPlugin(self, request, context):
        python = _environment_of(request.info) / "bin" / "python"
        if not python.exists():
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, f"there is no virtual environment {python.parent.parent}"
            )
        plugin = subprocess.Popen(
            [str(python), request.info.program_directory, *request.args],
            cwd=request.pwd,
            env={
                **dict(entry.split("=", 1) for entry in request.env),
                "VIRTUAL_ENV": str(python.parent.parent),
                # The policy SDK writes its port and leaves it in the buffer, and the engine waits for it.
                "PYTHONUNBUFFERED": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.plugins.append(plugin)
        # The engine ends a plugin by ending this call.
        if not context.add_callback(plugin.terminate):
            plugin.terminate()
        yield from _output(plugin)
        yield language_pb2.RunPluginResponse(exitcode=plugin.wait())


def _environment_of(info: language_pb2.ProgramInfo) -> Path:
    """The folder of a plugin's virtual environment: its option `virtualenv`, `venv` unless given, as for the official host."""
    options = json_format.MessageToDict(info.options)
    return Path(info.root_directory) / (options.get("virtualenv") or "venv")


def _output(plugin: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """What a plugin writes, as it comes, until both of its streams have ended."""
    written: queue.SimpleQueue[language_pb2.RunPluginResponse | None] = queue.SimpleQueue()

    def read(name: str, stream: IO[bytes]) -> None:
        while part := os.read(stream.fileno(), 65536):
            written.put(language_pb2.RunPluginResponse(**{name: part}))
        written.put(None)

    streams = {"stdout": plugin.stdout, "stderr": plugin.stderr}
    for name, stream in streams.items():
        threading.Thread(target=read, args=(name, stream), daemon=True).start()
    for _ in streams:
        yield from iter(written.get, None)


def _entry_point(info: language_pb2.ProgramInfo) -> str:
    return str(Path(info.program_directory) / info.entry_point)


def main() -> None:
    parent, engine = os.getppid(), os.environ.pop(ENGINE, None)
    host = PythonLanguageHost(sys.argv[-1])
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopping.set())
    server.start()
    print(port, flush=True)
    # An engine that was killed says nothing more; its child gets another parent, and must not stay behind.
    while (
        not stopping.wait(timeout=0.5) and os.getppid() == parent and (engine is None or Path("/proc", engine).exists())
    ):
        pass
    host.stop()
    server.stop(grace=0).wait()


if __name__ == "__main__":
    main()

"""A Pulumi language host for Python programs, for machines where only the engine's Go module can be had.

The official host, `pulumi-language-python`, is a Go module of its own that no module proxy keeps by version, while the engine
(`pkg/v3`) and the SDK are. The engine starts a language host as an executable next to `pulumi`, reads a port from the first
line it prints and then speaks the `LanguageRuntime` service with it. This is that service for one case: a program that runs
in the interpreter that runs this file, its dependencies already installed. The program itself is run by the SDK's own
`pulumi-language-python-exec`, as the official host does.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

EXECUTOR = Path(__file__).with_name("pulumi-language-python-exec")

# The executor's way of saying that it has already shown the user what went wrong.
ALREADY_REPORTED = 32


class PythonLanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The part of LanguageRuntime that preview, up, refresh and destroy call."""

    def __init__(self, engine_address: str) -> None:
        self.engine_address = engine_address
        self.program: subprocess.Popen[bytes] | None = None

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
        self.stop_program()
        return empty_pb2.Empty()

    def stop_program(self) -> None:
        """End the program that is running, if one is."""
        if self.program is not None and self.program.poll() is None:
            self.program.terminate()

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
        self.program = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        code = self.program.wait()
        if code == 0:
            return language_pb2.RunResponse()
        if code == ALREADY_REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program exited with code {code}")


def _entry_point(info: language_pb2.ProgramInfo) -> str:
    return str(Path(info.program_directory) / info.entry_point)


def main() -> None:
    engine = os.getppid()
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
    while not stopping.wait(timeout=0.5) and os.getppid() == engine:
        pass
    host.stop_program()
    server.stop(grace=0).wait()


if __name__ == "__main__":
    main()

"""Runs a Pulumi program without an engine, cloud or credentials, and gives back its whole resource graph."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

from pulumi.runtime import config as sdk_config
from pulumi.runtime import settings as sdk_settings
from pulumi.runtime import stack as sdk_stack
from pulumi.runtime._callbacks import _CallbackServicer

from modelinfra.graph.model import Graph
from modelinfra.graph.monitor import CaptureEngine, CaptureError, CaptureMonitor, InlineExecutor, Invokes
from modelinfra.graph.positions import only_first_frames

__all__ = ["CaptureError", "capture"]

only_first_frames(lambda: isinstance(sdk_settings.get_monitor(), CaptureMonitor))

DEFAULT_REGION = "us-east-1"


def capture(
    program: Callable[[], Any],
    *,
    project: str = "project",
    stack: str = "dev",
    config: Mapping[str, Any] | None = None,
    secret_keys: Iterable[str] = (),
    preview: bool = False,
    invokes: Invokes | None = None,
    root_directory: str | None = None,
) -> Graph:
    """Run `program` (a function, sync or async) as a Pulumi program in this process; return what it registered.

    Args:
        config: Stack configuration; a key without a namespace belongs to the project, a value that is no string is
            given as JSON, as the engine does. `aws:region` is the default region (else us-east-1).
        secret_keys: Keys of `config` that are secrets.
        preview: Leave computed outputs unknown, as `pulumi preview` does for what does not exist yet. Otherwise
            they are made up in the shapes of the real ones, the same for the same URN.
        invokes: Answers of look-ups by token: a mapping, or a function of `modelinfra.graph.invokes.Call`.

    Captures do not influence each other or the caller's Pulumi state, also when a program fails. Registrations come in
    the same order each time. Whatever the program raises is raised (pulumi.RunError too); CaptureError is raised for
    what no engine would accept: a duplicate URN, an Output formatted as text, a look-up without an answer.
    """
    values = _config(project, config or {})
    graph = Graph(project, stack)
    monitor = CaptureMonitor(
        graph, preview=preview, region=values.get("aws:region", DEFAULT_REGION), invokes=invokes or {}
    )
    error: list[BaseException] = []

    def remembering() -> Any:
        # The SDK raises the failure of a registration that was under way rather than the program's own.
        try:
            return program()
        except BaseException as raised:
            error.append(raised)
            raise

    async def awaiting(result: Awaitable[Any]) -> Any:
        try:
            return await result
        except BaseException as raised:
            error.append(raised)
            raise

    def entry() -> Any:
        result = remembering()
        return awaiting(result) if isinstance(result, Awaitable) else None

    def run() -> None:
        sdk_settings.reset_options(
            project=project,
            stack=stack,
            preview=preview,
            organization="organization",
            root_directory=root_directory,
            monitor_address=monitor,  # type: ignore[arg-type] # it takes the service itself as well as its address
            engine_address=CaptureEngine(graph),  # type: ignore[arg-type]
        )
        # A namespace is never absent in a fresh context: the SDK's default is one dictionary shared by all.
        sdk_config.set_all_config(values, [_full_key(project, key) for key in secret_keys])
        with _own_loop() as loop, _without_gc():
            loop.run_until_complete(sdk_stack.run_in_stack(entry))

    # The SDK stops all callback servers that ever were at the end of each program, also those of loops long closed.
    servers = len(_CallbackServicer._servicers)
    try:
        # All of the SDK's settings are context variables, so a copied context keeps programs apart.
        contextvars.copy_context().run(run)
    except BaseException as raised:
        if error and raised is not error[0]:
            raise error[0] from None
        raise
    finally:
        monitor.transforms.close()
        del _CallbackServicer._servicers[servers:]
    return graph


def _full_key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _config(project: str, config: Mapping[str, Any]) -> dict[str, str]:
    return {
        _full_key(project, key): value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }


@contextlib.contextmanager
def _own_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(InlineExecutor())
    # Futures of a failed program that nobody awaits would be reported by the thousand; the language host is silent too.
    loop.set_exception_handler(lambda _loop, _context: None)
    logger = logging.getLogger("asyncio")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    before = _current_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        pending = [task for task in asyncio.all_tasks(loop) if not task.done()]
        for task in pending:
            task.cancel()
        with contextlib.suppress(BaseException):
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(before)
        logger.setLevel(level)


def _current_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        return None


@contextlib.contextmanager
def _without_gc() -> Iterator[None]:
    """Everything is kept until the end anyway, and the collector would walk it over and over: half of the run time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

"""Where a program registered a resource: the SDK sends the whole stack with each, and a capture reads the first frame of it alone.

To put the stack together, with each line of source, is a fifth of what a capture takes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from pulumi.runtime import resource as sdk_resource
from pulumi.runtime.proto import source_pb2

# Constructors between a registration and the program: of Resource, of CustomResource or ComponentResource, and of the resource itself.
_CONSTRUCTORS = 3

whole_stack = sdk_resource._get_stack_trace
"""The SDK's own."""


def only_first_frames(capturing: Callable[[], bool]) -> None:
    """From now on the SDK sends no more than that while `capturing` says so; a program that an engine runs sends its stacks as ever."""
    sdk_resource._get_stack_trace = lambda: _first_frame(sys._getframe(1)) if capturing() else whole_stack()


def _first_frame(frame: FrameType | None) -> source_pb2.StackTrace:
    """The frame behind the constructors, as the SDK finds it."""
    passed = 0
    while frame is not None and passed < _CONSTRUCTORS:
        passed += frame.f_code.co_name == "__init__"
        frame = frame.f_back
    path = Path(frame.f_code.co_filename) if frame is not None else None
    if frame is None or path is None or not path.is_absolute():
        return source_pb2.StackTrace()
    position = source_pb2.SourcePosition(uri=path.as_uri(), line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])

"""Failures that a test orders: before the effect, or after it (the thing exists, but the engine is told that it failed)."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPERATIONS = ("check", "create", "update", "read", "delete", "invoke")


@dataclass
class Failure:
    """One order. `type` and `urn` are regular expressions that must match somewhere in the token and the URN."""

    op: str = "create"
    type: str = ""
    urn: str = ""
    when: str = "before"
    times: int = 1
    message: str = "InternalFailure: the stand-in cloud was told to fail"
    partial: bool = False
    """After the effect: tell the engine that the thing exists but did not become healthy, so that it keeps it."""

    def __post_init__(self) -> None:
        if self.op not in OPERATIONS:
            raise ValueError(f"op must be one of {', '.join(OPERATIONS)}, not {self.op!r}")
        if self.when not in ("before", "after"):
            raise ValueError(f"when must be 'before' or 'after', not {self.when!r}")
        if self.partial and self.when != "after":
            raise ValueError("a partial failure is one after the effect: say when='after'")


class Failures:
    """The orders that are open. May be changed while the cloud runs, also through a JSON file with a list of orders."""

    def __init__(self, control: Path | None = None) -> None:
        self._open: list[Failure] = []
        self._lock = threading.Lock()
        self._control = control
        self._read_at = 0

    def add(self, failure: Failure) -> None:
        """Open an order."""
        with self._lock:
            self._open.append(failure)

    def clear(self) -> None:
        """Withdraw all orders."""
        with self._lock:
            self._open.clear()

    def take(self, op: str, token: str, urn: str, when: str) -> Failure | None:
        """The first open order that fits; it is used up by one."""
        self._follow_control_file()
        with self._lock:
            for failure in self._open:
                if (
                    failure.op == op
                    and failure.when == when
                    and failure.times > 0
                    and re.search(failure.type, token)
                    and re.search(failure.urn, urn)
                ):
                    failure.times -= 1
                    return failure
        return None

    def _follow_control_file(self) -> None:
        if self._control is None or not self._control.exists():
            return
        changed = self._control.stat().st_mtime_ns
        with self._lock:
            if changed != self._read_at:
                self._read_at = changed
                orders: list[dict[str, Any]] = json.loads(self._control.read_text(encoding="utf-8") or "[]")
                self._open = [Failure(**order) for order in orders]

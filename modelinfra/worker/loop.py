"""Takes messages, works on some at once, keeps them hidden meanwhile, and gives back what it cannot finish."""

from __future__ import annotations

import threading
import time
from typing import Final

from modelinfra.worker.job import Work
from modelinfra.worker.protection import Protection
from modelinfra.worker.queue import Message

# A task that is never idle would never be unprotected, and a deployment would wait for it for ever: so it pauses now and then.
PROTECTED_SECONDS: Final = 15 * 60.0
BREATH_SECONDS: Final = 30.0

# Kept for what follows when time is up: giving messages back.
_LAST_SECONDS: Final = 3.0

_PAUSE_SECONDS: Final = 5.0


class Loop:
    """One worker. protected_seconds, breath_seconds: how long the task is protected in one go, and how long it is not in between."""

    def __init__(
        self,
        work: Work,
        protection: Protection,
        *,
        protected_seconds: float = PROTECTED_SECONDS,
        breath_seconds: float = BREATH_SECONDS,
    ) -> None:
        self._work, self._protection = work, protection
        self._protected, self._breath = protected_seconds, breath_seconds
        self._running: dict[str, Message] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._since = 0.0

    def stop(self, *_: object) -> None:
        """Take no more messages; to be called from a signal, too: it may come while the lock of the event is held."""
        threading.Thread(target=self._stopping.set).start()

    @property
    def busy(self) -> bool:
        """Whether it works on something."""
        return bool(self._running)

    def run(self) -> None:
        """Work until `stop`; then wait for what runs, as long as there is time, and give the rest back."""
        settings = self._work.settings
        threading.Thread(target=self._keep, daemon=True, name="keeper").start()
        taker = threading.Thread(target=self._take, daemon=True, name="taker")
        taker.start()
        self._stopping.wait()
        self._work.say(f"stopping, {len(self._running)} messages are worked on")
        until = time.monotonic() + max(settings.stop_seconds - _LAST_SECONDS, 1.0)
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout=until - time.monotonic())
            left = list(self._running.values())
        for message in left:
            self._work.say(f"{message.id}: given back")
            self._work.queue.give_back(message)

    def _take(self) -> None:
        """Never more than can be worked on: what waits for a thread would be hidden from idle replicas."""
        concurrency = self._work.settings.concurrency
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(lambda: len(self._running) < concurrency)
            if self._protection.on and time.monotonic() - self._since > self._protected:
                self._breathe()
            try:
                messages = self._work.queue.receive(concurrency - len(self._running))
            except Exception as error:
                # Throttled, no network for a moment, rights that have not arrived yet.
                self._work.say(f"no messages could be asked for: {type(error).__name__}")
                self._stopping.wait(_PAUSE_SECONDS)
                continue
            if self._stopping.is_set():
                for message in messages:
                    self._work.queue.give_back(message)
                return
            if messages:
                self._protect()
            elif not self._running:
                self._protection.set(False)
            for message in messages:
                with self._changed:
                    self._running[message.receipt] = message
                threading.Thread(target=self._one, args=(message,), daemon=True).start()

    def _protect(self) -> None:
        if not self._protection.on:
            self._since = time.monotonic()
            self._protection.set(True)

    def _breathe(self) -> None:
        """Finish what runs, and let ECS stop the task if it wants to."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running)
        self._protection.set(False)
        self._stopping.wait(self._breath)

    def _one(self, message: Message) -> None:
        try:
            self._work.do(message)
        except Exception as error:
            # It becomes visible by itself, and is tried again.
            self._work.say(f"{message.id}: left as it is, {type(error).__name__}")
        finally:
            with self._changed:
                del self._running[message.receipt]
                self._changed.notify_all()

    def _keep(self) -> None:
        """Hide what is worked on for longer, again and again."""
        while True:
            time.sleep(self._work.settings.visibility_seconds / 3)
            with self._changed:
                running = list(self._running.values())
            for message in running:
                try:
                    self._work.queue.keep(message)
                except Exception as error:
                    self._work.say(f"{message.id}: could not be kept, {type(error).__name__}")

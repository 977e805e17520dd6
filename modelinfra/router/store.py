"""What waits for the cloud: on disk, bounded, and still there after a crash or a power cut.

One thread has the database. It takes all that was asked of it meanwhile and writes it in one transaction: a busy device waits for its disk
once, not for each request.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from modelinfra.router.messages import Asked
from modelinfra.router.metrics import DAMAGED, DISK, ROOM
from modelinfra.router.settings import Store as Told
from modelinfra.router.settings import log_bytes

_PAGE: Final = 4096
# Beside a body: the row, and its places in two indexes.
_BESIDE: Final = 512
# Of the whole: pages are never all full.
_FILLED: Final = 0.7
# A transaction stands in the write-ahead log as a whole, with each page that it touches: so many requests, and bytes of them, are one.
_AT_ONCE: Final = 32
_BYTES_AT_ONCE: Final = 256 * 1024
_LOG_PAGES: Final = 64
_TIMES: Final = 8

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, time REAL NOT NULL, value REAL NOT NULL,
    headers TEXT NOT NULL, body BLOB NOT NULL, size INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_value ON requests (value, id);
"""
_ORDER: Final = {"oldest": "id", "least-valuable": "value, id"}

T = TypeVar("T")


@dataclass(frozen=True)
class Waiting:
    """attempts: that failed. since: time when it was asked."""

    asked: Asked
    attempts: int
    since: float


Job = Callable[[sqlite3.Connection], Any]


class Store:
    """max_body: bytes of a request. lost: is told why, and how many. say: writes a line to the log."""

    def __init__(self, told: Told, max_body: int, lost: Callable[[str, int], None], say: Callable[[str], None]) -> None:
        self._told, self._lost, self._say = told, lost, say
        self._pages = (told.max_bytes - log_bytes(max_body)) // _PAGE
        self._most = int(self._pages * _PAGE * _FILLED)
        self._db: sqlite3.Connection | None = None
        # With the bytes that each will write.
        self._jobs: queue.SimpleQueue[tuple[Job, int, Future[Any]] | None] = queue.SimpleQueue()
        # When another attempt is due, and how many failed. After a restart all are due.
        self._later: dict[str, tuple[float, int]] = {}
        self.count, self.bytes, self._dropped = 0, 0, 0
        self._thread = threading.Thread(target=self._run, daemon=True, name="store")
        self._thread.start()

    async def add(self, asked: Asked, value: float) -> bool:
        """Whether it is on disk now. value: what goes last is worth most. The same key twice is one request."""
        try:
            return await self._do(lambda db: self._add(db, asked, value), len(asked.body))
        except sqlite3.Error as error:
            self._lost(DISK, 1)
            self._say(f"the store does not take requests ({error})")
            return False

    async def take(self, most: int) -> list[Waiting]:
        """The oldest of those that are due; they stay until `done`."""
        return await self._do(lambda db: self._take(db, most))

    async def done(self, keys: Sequence[str]) -> None:
        """They were answered, or refused for ever."""
        await self._do(lambda db: self._remove(db, keys))

    def later(self, key: str, seconds: float) -> None:
        """Another attempt, not before."""
        self._later[key] = time.monotonic() + seconds, self._later.get(key, (0.0, 0))[1] + 1

    def now(self) -> None:
        """All of them are due: the cloud is back."""
        self._later = {key: (0.0, attempts) for key, (_, attempts) in self._later.items()}

    async def opened(self) -> None:
        """What was left by the process before this one is counted. Raises sqlite3.Error where there is no disk to write to."""
        await self._do(lambda db: None)

    @property
    def full(self) -> float:
        """What is taken of its room, in percent."""
        return 100 * self.bytes / self._most

    def figures(self) -> Mapping[str, Callable[[], float | None]]:
        """What is so now, by the names in `figures.FIGURES`."""
        return {"Stored": lambda: self.count, "StoredPercent": lambda: self.full}

    def close(self) -> None:
        """When all that was asked is done."""
        self._jobs.put(None)
        self._thread.join()

    async def _do(self, job: Callable[[sqlite3.Connection], T], bytes_: int = 0) -> T:
        future: Future[T] = Future()
        self._jobs.put((job, bytes_, future))
        # Cancelled or not: what was asked of the disk is done.
        return await asyncio.shield(asyncio.wrap_future(future))

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            batch, bytes_, last = [first], first[1], False
            while len(batch) < _AT_ONCE and bytes_ < _BYTES_AT_ONCE and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    last = True
                    break
                batch.append(job)
                bytes_ += job[1]
            self._all([(job, future) for job, _, future in batch])
            if last:
                break
        if self._db is not None:
            self._db.close()

    def _all(self, batch: list[tuple[Job, Future[Any]]]) -> None:
        results: list[tuple[Future[Any], Any, Exception | None]] = []
        for again in range(_TIMES, -1, -1):
            try:
                db = self._open()
                with self._transaction(db):
                    results = [(future, job(db), None) for job, future in batch]
                break
            except (sqlite3.Error, OSError) as error:
                if again and self.count and _full(error) and self._make_room():
                    continue
                problem = error if isinstance(error, sqlite3.Error) else sqlite3.OperationalError(str(error))
                results = [(future, None, problem) for _, future in batch]
                break
        for future, value, failure in results:
            if not future.set_running_or_notify_cancel():
                continue
            if failure is None:
                future.set_result(value)
            else:
                future.set_exception(failure)

    @contextmanager
    def _transaction(self, db: sqlite3.Connection) -> Iterator[None]:
        """All of it, or nothing; what is counted, too."""
        before, self._dropped = (self.count, self.bytes), 0
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            self.count, self.bytes = before
            if db.in_transaction:
                db.rollback()
            raise
        if self._dropped:
            self._lost(ROOM, self._dropped)

    def _make_room(self) -> bool:
        """Pages are emptier than reckoned, or the disk is full: somewhat goes, and what was to be written is tried again."""
        try:
            db = self._open()
            with self._transaction(db):
                self._drop(db, _BYTES_AT_ONCE)
        except sqlite3.Error:
            return False
        return True

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            file = Path(self._told.file)
            try:
                self._db = _opened(file)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # the disk, not what is on it
                    raise
                self._say(f"{file} is damaged ({error}) and set aside as {file.name}.damaged")
                self._lost(DAMAGED, 1)
                os.replace(file, file.with_name(f"{file.name}.damaged"))
                for each in ("-wal", "-shm"):
                    file.with_name(file.name + each).unlink(missing_ok=True)
                self._db = _opened(file)
            self.count, self.bytes = self._db.execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM requests"
            ).fetchone()
            self._shrink(self._db)
        return self._db

    def _add(self, db: sqlite3.Connection, asked: Asked, value: float) -> bool:
        headers = json.dumps(dict(asked.headers))
        size = len(asked.body) + len(headers) + len(asked.key) + _BESIDE
        row = (asked.key, time.time(), value, headers, asked.body, size)
        found = db.execute(
            "INSERT OR IGNORE INTO requests (key, time, value, headers, body, size) VALUES (?, ?, ?, ?, ?, ?)", row
        )
        self.count, self.bytes = self.count + found.rowcount, self.bytes + found.rowcount * size
        # It may be the one that is worth least itself.
        return self.bytes <= self._most or asked.key not in self._drop(db, self.bytes - self._most)

    def _shrink(self, db: sqlite3.Connection) -> None:
        """Where the process before this one was told more bytes. In small steps: each stands in the log as a whole."""
        while self.bytes > self._most and self.count:
            with self._transaction(db):
                self._drop(db, min(_BYTES_AT_ONCE, self.bytes - self._most))
        while True:
            pages, free = (db.execute(f"PRAGMA {each}").fetchone()[0] for each in ("page_count", "freelist_count"))
            if pages <= self._pages or not free:
                break
            # Not `execute`: it steps once, which frees one page.
            db.executescript(f"PRAGMA incremental_vacuum({_LOG_PAGES})")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.execute(f"PRAGMA max_page_count = {self._pages}")

    def _take(self, db: sqlite3.Connection, most: int) -> list[Waiting]:
        now, found = time.monotonic(), []
        with closing(db.execute("SELECT id, key FROM requests ORDER BY id")) as rows:
            for id_, key in rows:
                due, attempts = self._later.get(key, (0.0, 0))
                if due <= now:
                    found.append((id_, attempts))
                    if len(found) == most:
                        break
        taken = []
        for id_, attempts in found:
            key, headers, body, since = db.execute(
                "SELECT key, headers, body, time FROM requests WHERE id = ?", (id_,)
            ).fetchone()
            taken.append(Waiting(Asked(body, json.loads(headers), key), attempts, since))
        return taken

    def _drop(self, db: sqlite3.Connection, least: int) -> list[str]:
        """The keys of what went."""
        keys: list[str] = []
        freed = 0
        with closing(db.execute(f"SELECT key, size FROM requests ORDER BY {_ORDER[self._told.drop]}")) as rows:
            for key, size in rows:
                keys.append(key)
                freed += size
                if freed >= least:
                    break
        self._remove(db, keys)
        self._dropped += len(keys)
        return keys

    def _remove(self, db: sqlite3.Connection, keys: Sequence[str]) -> None:
        for key in keys:
            gone = db.execute("DELETE FROM requests WHERE key = ? RETURNING size", (key,)).fetchall()
            self.count, self.bytes = self.count - len(gone), self.bytes - sum(size for (size,) in gone)
            self._later.pop(key, None)


def _opened(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        db.execute(f"PRAGMA page_size = {_PAGE}")
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        # What was promised survives a power cut, too: one fsync a transaction.
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_LOG_PAGES * _PAGE}")
        if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(found)
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _full(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL

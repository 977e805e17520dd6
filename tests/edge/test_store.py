"""What waits for the cloud survives, stays within its bytes, and the least valuable goes first."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.router.messages import Asked
from modelinfra.router.settings import Store as Told
from modelinfra.router.store import Store

MIB = 1024 * 1024


def size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.glob("store.sqlite*"))


class World:
    def __init__(self, folder: Path) -> None:
        self.folder, self.lost, self.lines = folder, dict[str, int](), list[str]()

    def run(self, job: Callable[[Store], Awaitable[Any]], drop: str = "oldest", most: int = 5 * MIB) -> Any:
        def lost(why: str, count: int) -> None:
            self.lost[why] = self.lost.get(why, 0) + count

        store = Store(Told(str(self.folder / "store.sqlite"), most, drop, 1.0), 64 * 1024, lost, self.lines.append)

        async def running() -> Any:
            return await job(store)

        try:
            return asyncio.run(running())
        finally:
            store.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def asked(key: str, bytes_: int = 1000) -> Asked:
    return Asked(random.Random(key).randbytes(bytes_), {"content-type": "a/b"}, key)


def test_what_was_put_in_is_there_for_the_next_process_in_order_and_unchanged(world: World) -> None:
    async def put(store: Store) -> None:
        assert all(await asyncio.gather(*(store.add(asked(f"{n}"), -n) for n in range(300))))

    async def take(store: Store) -> Any:
        return [each.asked for each in await store.take(1000)], store.count

    world.run(put)
    assert world.run(take) == ([asked(f"{n}") for n in range(300)], 300)


def test_the_same_key_twice_is_one_request(world: World) -> None:
    async def job(store: Store) -> int:
        assert await store.add(asked("a"), 0)
        assert await store.add(asked("a"), 0)
        return store.count

    assert world.run(job) == 1


def test_another_attempt_is_not_taken_before_it_is_due_and_all_are_when_the_cloud_is_back(world: World) -> None:
    async def job(store: Store) -> Any:
        await store.add(asked("a"), 0)
        await store.add(asked("b"), 0)
        store.later("a", 60)
        due = [each.asked.key for each in await store.take(9)]
        store.now()
        return due, [(each.asked.key, each.attempts) for each in await store.take(9)]

    assert world.run(job) == (["b"], [("a", 1), ("b", 0)])


@pytest.mark.parametrize(("drop", "left"), [("oldest", "last"), ("least-valuable", "first")])
def test_where_there_is_no_room_the_oldest_or_the_least_valuable_goes(world: World, drop: str, left: str) -> None:
    async def job(store: Store) -> list[int]:
        await asyncio.gather(*(store.add(asked(f"{n}", 10_000), -n) for n in range(500)))
        return [int(each.asked.key) for each in await store.take(1000)]

    found = world.run(job, drop)
    assert 150 < len(found) < 300
    assert found == list(range(500 - len(found), 500) if left == "last" else range(len(found)))
    assert world.lost == {"no room": 500 - len(found)}


def test_what_is_worth_less_than_all_that_waits_is_not_said_to_be_kept(world: World) -> None:
    async def job(store: Store) -> list[bool]:
        await asyncio.gather(*(store.add(asked(f"{n}", 10_000), 1) for n in range(300)))
        return [await store.add(asked("less", 10_000), 0), await store.add(asked("more", 10_000), 2)]

    assert world.run(job, "least-valuable") == [False, True]


@pytest.mark.parametrize(("bytes_", "filled"), [(10, 0.7), (700, 0.7), (5000, 0.7), (60_000, 0.7), (700, 9.0)])
def test_all_its_files_together_never_take_more_than_told(
    world: World, bytes_: int, filled: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Also where pages hold less than is reckoned: then SQLite itself says that there is no room.
    monkeypatch.setattr("modelinfra.router.store._FILLED", filled)
    largest = 0
    count = 5 * MIB // (bytes_ + 600)

    async def job(store: Store) -> int:
        nonlocal largest
        for start in range(0, count, 50):
            keys = [f"{n}" for n in range(start, min(start + 50, count))]
            await asyncio.gather(*(store.add(asked(key, bytes_), random.Random(key).random()) for key in keys))
            largest = max(largest, size(world.folder))
            if start % 500 == 0:
                await store.done([each.asked.key for each in await store.take(20)])
        return store.count

    left = world.run(job, "least-valuable")
    assert largest <= 5 * MIB
    assert left > 0
    # Nothing vanished: each one waits, was answered, or is counted as lost.
    assert left + world.lost.get("no room", 0) + 20 * len(range(0, count, 500)) == count
    assert set(world.lost) <= {"no room"}


def test_a_smaller_bound_makes_the_file_smaller_and_the_most_valuable_stay(world: World) -> None:
    async def put(store: Store) -> None:
        await asyncio.gather(*(store.add(asked(f"{n}", 5000), -n) for n in range(3000)))

    async def take(store: Store) -> list[str]:
        await store.opened()
        assert size(world.folder) <= 5 * MIB
        return [each.asked.key for each in await store.take(10_000)]

    world.run(put, most=30 * MIB)
    assert size(world.folder) > 12 * MIB
    found = world.run(take, "least-valuable")
    assert found == [f"{n}" for n in range(len(found))]
    assert len(found) > 200


def test_a_killed_process_loses_nothing_that_it_said_it_kept(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from modelinfra.router.messages import Asked\n"
        "from modelinfra.router.settings import Store as Told\n"
        "from modelinfra.router.store import Store\n"
        "async def one(store, n):\n"
        "    await store.add(Asked(b'x' * 500, {}, str(n)), 0)\n"
        "    print(n, flush=True)\n"
        "async def main():\n"
        "    store = Store(Told(sys.argv[1], 8 << 20, 'oldest', 1.0), 65536, lambda *_: None, print)\n"
        "    for start in range(0, 100_000, 8):\n"
        "        await asyncio.gather(*(one(store, n) for n in range(start, start + 8)))\n"
        "asyncio.run(main())\n"
    )
    file = str(tmp_path / "store.sqlite")
    running = subprocess.Popen([sys.executable, "-c", script, file], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    said = [running.stdout.readline().strip() for _ in range(200)]
    os.kill(running.pid, signal.SIGKILL)
    said += running.stdout.read().split()
    running.wait()

    async def take(store: Store) -> list[str]:
        return [each.asked.key for each in await store.take(100_000)]

    found = World(tmp_path).run(take, most=8 * MIB)
    assert set(said) <= set(found)
    # The disk may have had some that were not yet said to be there.
    assert len(found) - len(said) <= 16


def test_a_damaged_store_is_set_aside_and_the_device_goes_on(world: World) -> None:
    (world.folder / "store.sqlite").write_bytes(b"no database " * 1000)

    async def job(store: Store) -> bool:
        return await store.add(asked("a"), 0)

    assert world.run(job)
    assert (world.folder / "store.sqlite.damaged").read_bytes().startswith(b"no database")
    assert world.lost == {"the store was damaged": 1}


def test_without_a_disk_nothing_is_kept_and_that_is_counted(world: World) -> None:
    (world.folder / "store.sqlite").mkdir()

    async def job(store: Store) -> bool:
        with pytest.raises(sqlite3.Error):
            await store.opened()
        return await store.add(asked("a"), 0)

    assert not world.run(job)
    assert world.lost == {"the disk did not take it": 1}

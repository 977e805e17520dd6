"""The part of a day in which a device sends up what can wait: kept requests and samples, and nothing that somebody waits for."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from modelinfra.router.messages import Answer, Asked
from modelinfra.router.metrics import Metrics
from modelinfra.router.samples import Samples
from modelinfra.router.sending import Sending
from modelinfra.router.settings import Settings, Window, read
from modelinfra.router.store import Store
from modelinfra.router.window import is_open
from tests.edge.test_samples import BODY
from tests.edge.world import UNSURE, World, ask, metric, prediction, settings, until

DAY = 24 * 3600


def at(text: str) -> float:
    hours, minutes = text.split(":")
    return 20_000 * DAY + int(hours) * 3600 + int(minutes) * 60


@pytest.mark.parametrize(
    ("start", "end", "now", "opened"),
    [
        ("02:00", "05:00", "01:59", False),
        ("02:00", "05:00", "02:00", True),
        ("02:00", "05:00", "04:59", True),
        ("02:00", "05:00", "05:00", False),
        ("22:00", "05:00", "21:59", False),
        ("22:00", "05:00", "22:00", True),
        ("22:00", "05:00", "00:00", True),
        ("22:00", "05:00", "04:59", True),
        ("22:00", "05:00", "05:00", False),
        ("22:00", "00:00", "23:59", True),
        ("22:00", "00:00", "00:00", False),
    ],
)
def test_a_window_may_go_over_midnight_and_ends_before_its_end(start: str, end: str, now: str, opened: bool) -> None:
    assert is_open(Window(start, end), at(now) + 30) is opened


def told(tmp_path: Path, **more: Any) -> Settings:
    found = settings("http://127.0.0.1:1", "http://127.0.0.1:2", tmp_path)
    return read(json.dumps({**found, "sendBetween": {"start": "22:00", "end": "05:00"}, **more}))


def test_what_waits_is_sent_when_the_window_opens_and_no_more_when_it_has_closed(tmp_path: Path) -> None:
    sent: list[str] = []
    now = [at("21:59")]

    class Cloud:
        away = False

        async def ask(self, asked: Asked, _: float) -> Answer:
            sent.append(asked.key)
            return Answer(200, {}, b"{}")

    async def waits(true: Any) -> None:
        async with asyncio.timeout(15):
            while not true():
                await asyncio.sleep(0.02)

    async def run() -> None:
        found = told(tmp_path)
        metrics = Metrics(found)
        store = Store(found.store, found.max_body, metrics.lost, lambda _: None)
        sending = Sending(found, found.store, store, Cloud(), metrics, lambda *_: None, lambda: now[0])  # type: ignore[arg-type]
        task = asyncio.create_task(sending.run())
        await store.add(Asked(b"{}", {}, "evening"), 0)
        await asyncio.sleep(0.7)
        assert sent == []
        now[0] = at("22:00")
        await waits(lambda: sent == ["evening"])
        now[0] = at("05:00")
        await asyncio.sleep(0.7)
        await store.add(Asked(b"{}", {}, "morning"), 0)
        await asyncio.sleep(0.7)
        assert sent == ["evening"]
        now[0] = at("23:00")
        await waits(lambda: sent == ["evening", "morning"])
        task.cancel()
        await asyncio.to_thread(store.close)

    asyncio.run(run())


def test_samples_wait_in_the_spool_for_the_window_also_at_the_end(tmp_path: Path) -> None:
    put: list[str] = []
    now = [at("12:00")]

    class S3:
        def put_object(self, **given: Any) -> None:
            put.append(given["Key"])

    spool = tmp_path / "spool"
    samples = {
        "share": 1.0, "mask": [], "store": "s3://samples/", "spool": str(spool), "spoolBytes": 1_000_000, "everySeconds": 0.1,
    }  # fmt: skip
    found = told(tmp_path, samples=samples)
    assert found.samples is not None

    def offered() -> Samples:
        made = Samples(found, found.samples, Metrics(found), lambda _: None, S3, lambda: now[0])  # type: ignore[arg-type]
        answer = Answer(200, {"content-type": "application/json"}, b"{}")
        made.offer(Asked(BODY, {"content-type": "application/json"}), answer, time.time(), answeredBy="device")
        return made

    closed = offered()
    until(lambda: list(spool.glob("*.gz")))
    time.sleep(0.6)
    closed.close()
    assert put == []
    now[0] = at("22:30")
    opened = offered()
    until(lambda: len(put) == 2)
    opened.close()


def test_what_somebody_waits_for_is_asked_at_any_time(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    # Two hours from now, for an hour.
    hour = int(time.time() // 3600) % 24
    closed = {"start": f"{(hour + 2) % 24:02}:00", "end": f"{(hour + 3) % 24:02}:00"}
    with world.routing(sendBetween=closed) as client:
        assert ask(client).json()["model_name"] == "heavy"
        world.cloud.stop()
        assert ask(client).headers["x-modelinfra-cloud"] == "away, sent later"
        world.cloud.start()
        until(lambda: metric(client, "cloud_away") == 0)
        time.sleep(1.2)
        assert metric(client, "stored_requests") == 1
        assert ask(client).json()["model_name"] == "heavy"

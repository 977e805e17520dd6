"""The router as a process: killed in the middle, stopped in peace, and with nothing but what is in its container."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from pathlib import Path

import httpx

from modelinfra.cache import cache_folder
from modelinfra.components.router_image import router_dockerfile
from modelinfra.platforms.edge.router import HOME
from modelinfra.serving.venv import locked_environment
from tests.edge.world import UNSURE, World, ask, metric, prediction, until


def client(world: World) -> httpx.Client:
    def ready() -> bool:
        try:
            return "model_ready 1.0" in httpx.get(f"{world.url}/metrics", trust_env=False).text
        except httpx.HTTPError:
            return False

    until(ready)
    return httpx.Client(base_url=world.url, timeout=30, trust_env=False)


def test_a_router_that_is_killed_sends_up_all_that_it_said_it_kept_and_nothing_to_two_keys(world: World) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.stop()
    running = world.process()
    kept: list[int] = []

    def asking(part: int) -> None:
        for n in range(part, 400, 4):
            try:
                answer = ask(found, json.dumps({"n": n}).encode(), idempotency_key=f"key-{n}")
            except httpx.HTTPError:
                return
            if answer.headers.get("x-modelinfra-cloud") == "away, sent later":
                kept.append(n)

    with client(world) as found:
        threads = [threading.Thread(target=asking, args=(part,)) for part in range(4)]
        for each in threads:
            each.start()
        until(lambda: len(kept) >= 60)
        running.kill()
        running.wait()
        for each in threads:
            each.join()
    assert 60 <= len(kept) < 400
    again = world.process(store__sendPerSecond=100.0)
    with client(world) as found:
        until(lambda: metric(found, "stored_requests") >= len(kept))
        world.cloud.start()
        # And once more, while it sends.
        until(lambda: len(world.cloud.asked) > 10)
        again.kill()
        again.wait()
    last = world.process()
    with client(world) as found:
        until(lambda: "requests wait" in (last.stdout.readline() if last.stdout else ""))
        until(lambda: metric(found, "stored_requests") == 0)
    last.terminate()
    assert last.wait(15) == 0
    sent = [each.headers["idempotency-key"] for each in world.cloud.asked]
    assert {f"key-{n}" for n in kept} <= set(sent)
    # Sent again are at most those whose answers were on their way when it was killed, under the same keys.
    assert len(sent) - len(set(sent)) <= 4
    assert all(
        each.body == json.dumps({"n": int(each.headers["idempotency-key"][4:])}).encode() for each in world.cloud.asked
    )


def test_a_router_that_is_stopped_answers_what_it_took_and_takes_no_more(world: World) -> None:
    world.light.reply = lambda _: (time.sleep(0.7), prediction([0.9, 0.1]))[1]
    running = world.process()
    answers: list[int] = []
    with client(world) as found:
        asking = threading.Thread(target=lambda: answers.append(ask(found).status_code))
        asking.start()
        until(lambda: world.light.asked)
        running.send_signal(signal.SIGTERM)
        asking.join()
        assert running.wait(10) == 0
    assert answers == [200]
    assert running.stdout is not None
    assert running.stdout.read().splitlines()[-1] == "router: stopped, 0 requests wait for the cloud"


def container(folder: Path) -> Path:
    """What the router's Dockerfile writes into its home."""
    for path, text in re.findall(r'COPY <<"END_OF_FILE" (\S+)\n(.*?)END_OF_FILE\n', router_dockerfile(), flags=re.S):
        file = folder / Path(path).relative_to("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder / "opt" / "router"


def test_what_is_in_its_container_is_all_that_it_needs_on_any_processor(world: World) -> None:
    home = container(world.folder)
    lock = (home / "requirements.lock").read_bytes()
    environment = locked_environment(
        cache_folder() / "programs" / "router", lock, "what the router needs", lambda: sys.executable, lambda _: None
    )
    python = str(environment / "bin" / "python")
    assert not list(environment.glob("lib/python*/site-packages/**/*.so")), "an image for ARM would need an emulator"
    running = world.process(python=python, path=str(home))
    try:
        with client(world) as found:
            assert ask(found).status_code == 200
        assert world.process("health", python=python, path=str(home)).wait(15) == 0
    finally:
        running.terminate()
        running.wait(15)
    assert world.process("health", python=python, path=str(home)).wait(15) == 1


def test_nothing_runs_in_the_last_stage_of_its_image_and_its_state_is_a_volume() -> None:
    last = router_dockerfile().rpartition("\nFROM ")[2]
    assert "RUN" not in last
    assert f'VOLUME ["{HOME}"]' in last
    assert "USER 65532\n" in last

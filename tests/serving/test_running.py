"""A server never outlives the block that runs it, whatever happens to the program around it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelinfra.serving.picture import picture, picture_of_request
from modelinfra.serving.running import run_supervised

PATH = {"PATH": os.defpath}
# A server with a worker that ignores SIGTERM, as a stuck one would.
STUBBORN = ["sh", "-c", "sh -c 'trap \"\" TERM; sleep 1000 & wait; sleep 1000' & echo $! $$; wait"]


def _wait_for(condition, seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _pids(log: Path) -> list[int]:
    assert _wait_for(lambda: log.exists() and len(log.read_text().split()) == 2)
    return [int(word) for word in log.read_text().split()]


def _gone(pids: list[int]) -> bool:
    return not any(
        Path(f"/proc/{pid}").exists() and "zombie" not in Path(f"/proc/{pid}/status").read_text() for pid in pids
    )


def test_the_server_and_its_children_end_with_the_block(tmp_path: Path) -> None:
    with run_supervised(STUBBORN, PATH, tmp_path, {}) as running:
        pids = _pids(running.log_file)
        assert running.exit_code() is None
    assert _wait_for(lambda: _gone(pids))


def test_the_server_ends_when_the_block_fails(tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), run_supervised(STUBBORN, PATH, tmp_path, {}) as running:
        pids = _pids(running.log_file)
        raise KeyboardInterrupt
    assert _wait_for(lambda: _gone(pids))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_when_the_program_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "import sys, time; from pathlib import Path; from modelinfra.serving.running import run_supervised\n"
        f"with run_supervised({STUBBORN!r}, {PATH!r}, Path(sys.argv[1]), {{}}): time.sleep(1000)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, tmp_path], stderr=subprocess.DEVNULL)
    pids = _pids(tmp_path / "server.log")
    parent.send_signal(number)
    parent.wait(30)
    assert _wait_for(lambda: _gone(pids))
    assert _wait_for(lambda: not (tmp_path / "server.log").exists()), "the scratch folder goes too"


def test_a_server_that_ends_by_itself_says_how(tmp_path: Path) -> None:
    with run_supervised(["sh", "-c", "echo one; echo; echo two; exit 3"], PATH, tmp_path, {}) as running:
        assert _wait_for(lambda: running.exit_code() is not None)
        assert running.exit_code() == 3
        assert running.log_tail(1) == "two"
        assert running.log_tail() == "one\ntwo"


def test_the_reason_of_an_end_is_shown_even_when_much_was_written_after_it(tmp_path: Path) -> None:
    script = "echo ERROR the reason; for n in $(seq 50); do echo bye $n; done"
    with run_supervised(["sh", "-c", script], PATH, tmp_path, {}) as running:
        assert _wait_for(lambda: running.exit_code() is not None)
        assert running.log_tail(2) == "ERROR the reason\nbye 49\nbye 50"


def test_the_environment_of_the_shell_does_not_reach_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLSERVER_HTTP_PORT", "1")
    with run_supervised(["env"], PATH, tmp_path, {}) as running:
        assert _wait_for(lambda: running.exit_code() is not None)
        assert "MLSERVER" not in running.log_file.read_text()


def test_an_image_is_shown_as_blocks() -> None:
    assert picture([0, 16, 8, 0], 2) == "  ██\n▒▒  "
    assert picture([5, 5], 2) == "    "
    with pytest.raises(ValueError, match="3 values do not make rows of 2"):
        picture([1, 2, 3], 2)


def test_only_a_request_with_one_square_image_has_a_picture() -> None:
    one = {"shape": [1, 16], "data": [0] * 15 + [1]}
    assert picture_of_request({"inputs": [one]}) is not None
    assert picture_of_request({"inputs": [one, one]}) is None
    assert picture_of_request({"inputs": [{"shape": [1, 3], "data": [1, 2, 3]}]}) is None
    assert picture_of_request({"inputs": [{"shape": [1, 16], "data": ["x"] * 16}]}) is None
    assert picture_of_request({}) is None

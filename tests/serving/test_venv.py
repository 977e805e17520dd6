from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelinfra.catalog.servers import MLSERVER
from modelinfra.serving import venv
from modelinfra.serving.errors import ServingCheckError


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Counts installs, which make an interpreter and nothing else, into a cache of its own."""
    made: list[Path] = []

    def install(interpreter: str, lock: bytes, target: Path, what: str) -> None:
        assert not target.exists(), "an install begins from nothing"
        (target / "bin").mkdir(parents=True)
        (target / "bin" / "python").symlink_to(sys.executable)
        made.append(target)

    monkeypatch.setenv("MODELINFRA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(venv, "_install", install)
    return made


def test_the_server_is_installed_once_under_the_cache(installs: list[Path], tmp_path: Path) -> None:
    lines: list[str] = []
    first = venv.server_environment(MLSERVER, lines.append)
    assert first == tmp_path / "cache" / "servers" / "mlserver-1.7.1"
    assert venv.server_environment(MLSERVER, lines.append) == first
    assert len(installs) == len(lines) == 1


def test_an_interrupted_install_is_done_again(
    installs: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(interpreter: str, lock: bytes, target: Path, what: str) -> None:
        (target / "bin").mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(venv, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            venv.server_environment(MLSERVER)
    assert (tmp_path / "cache" / "servers" / "mlserver-1.7.1" / "bin").exists()
    venv.server_environment(MLSERVER)
    assert len(installs) == 1


def test_another_lock_or_a_vanished_interpreter_makes_a_new_environment(installs: list[Path]) -> None:
    target = venv.server_environment(MLSERVER)
    (target / "complete").write_text("another lock")
    venv.server_environment(MLSERVER)
    (target / "bin" / "python").unlink()
    (target / "bin" / "python").symlink_to("/no/such/python")
    venv.server_environment(MLSERVER)
    assert len(installs) == 3


def test_a_failed_install_says_what_the_installer_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELINFRA_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")  # no uv

    def fails(step: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(step, 1, "", "no matching distribution")

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(ServingCheckError, match=r"ended with 1: no matching distribution\. Give this machine a Python"):
        venv.server_environment(MLSERVER)
    assert not (tmp_path / "servers" / "mlserver-1.7.1" / "complete").exists()


def test_without_a_fitting_python_the_message_names_those_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELINFRA_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(venv.sys, "version_info", _Version((3, 14)))
    with pytest.raises(ServingCheckError, match=r"expected Python 3\.11 or 3\.12, .* but this is 3\.14"):
        venv.server_environment(MLSERVER)


class _Version(tuple[int, ...]):
    major = property(lambda self: self[0])
    minor = property(lambda self: self[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "usage: python -m"),
        (["mlserver", "train.py"], "usage: python -m"),
        (["mlsever"], "did you mean 'mlserver'?"),
    ],
)
def test_a_wrong_call_exits_with_2_and_says_why(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert venv.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_script_runs_with_the_servers_python_and_its_exit_code_comes_back(
    installs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text("import os, sys; assert 'PYTHONPATH' not in os.environ; sys.exit(int(sys.argv[1]))")
    monkeypatch.setenv("PYTHONPATH", "/anything")
    assert venv.main(["mlserver", "--", str(script), "7"]) == 7

"""What the process says when it ends: one line, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelinfra.fetcher import __main__ as program
from modelinfra.fetcher.checks import FetchError
from tests.fetcher.conftest import Host

SECRET = "hf_SECRET"


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ended:
    return Ended(tmp_path, monkeypatch, capfd)


class Ended:
    """Runs the program with a work of which `to` is a folder of the test's."""

    def __init__(self, to: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._to, self._monkeypatch, self._capfd = to / "model", monkeypatch, capfd
        self._to.mkdir()

    def with_work(self, work: object, token: str = "") -> tuple[int, str]:
        """The exit code, and what stderr got of a work that is written as it is."""
        self._monkeypatch.setenv("MODELINFRA_FETCH", work if isinstance(work, str) else json.dumps(work))
        self._monkeypatch.setenv("MODELINFRA_FETCH_TOKEN", token)
        code = program.main()
        return code, self._capfd.readouterr().err

    def with_uri(self, uri: str, token: str = "") -> tuple[int, str]:
        """The same, of an address."""
        return self.with_work({"uri": uri, "to": str(self._to)}, token)


def test_a_token_with_a_line_break_at_its_end_is_sent_without_it(host: Host, ended: Ended) -> None:
    host.serve("/net.gguf", b"weights")
    assert ended.with_uri(f"{host.url}/net.gguf", f"{SECRET}\n") == (0, "")
    assert host.seen[0][1]["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("token", [f"{SECRET}\nx", f"{SECRET} x", f"{SECRET}é"])
@pytest.mark.parametrize("kind", ["https", "hf"])
def test_a_token_that_no_header_holds_is_refused_without_being_shown(
    host: Host, ended: Ended, token: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", host.url)
    code, said = ended.with_uri(f"{host.url}/net.gguf" if kind == "https" else "hf://acme/net@main", token)
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("model-fetch: the token cannot be sent: ")
    assert SECRET not in said
    assert host.seen == []


def test_what_nobody_foresaw_is_told_by_its_type_alone(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise ValueError(f"Invalid header value b'Bearer {SECRET}'")

    monkeypatch.setattr(program, "fetch", failing)
    code, said = ended.with_uri("s3://models/x")
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("model-fetch: the fetcher itself failed: ValueError at test_main.py:")
    assert SECRET not in said


def test_a_foreseen_error_is_one_line(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise FetchError("it is wrong", "of a\nreason", "Do this")

    monkeypatch.setattr(program, "fetch", failing)
    assert ended.with_uri("s3://models/x") == (1, "model-fetch: it is wrong: of a reason. Do this.\n")


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("", "MODELINFRA_FETCH is not a JSON object"),
        ("{uri: x}", "MODELINFRA_FETCH is not a JSON object"),
        ([], "MODELINFRA_FETCH is not a JSON object"),
        ({"to": "/model"}, "the work is not complete: `uri` is missing"),
        ({"uri": "s3://a/b"}, "the work is not complete: `to` is missing"),
    ],
)
def test_work_that_cannot_be_read_is_told_in_one_line(ended: Ended, work: object, said: str) -> None:
    code, line = ended.with_work(work)
    assert (code, line.count("\n")) == (1, 1)
    assert line.startswith(f"model-fetch: {said}")


def test_a_missing_key_elsewhere_is_not_taken_for_missing_work(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise KeyError("digest")

    monkeypatch.setattr(program, "fetch", failing)
    assert "KeyError" in ended.with_uri("oci://h/a:1")[1]


def of_several(host: Host, to: Path, **described: object) -> dict[str, object]:
    return {
        "models": [
            {"uri": f"{host.url}/{name}/model-settings.json", "to": str(to / name), "token": f"TOKEN_OF_{name.upper()}"}
            | {"nameIn": "model-settings.json", "name": name, "besides": ["implementation"], **described}
            for name in ("fraud", "spam")
        ]
    }


def test_several_models_are_fetched_each_into_its_folder_and_with_its_token(
    host: Host, ended: Ended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fraud", "spam"):
        host.serve(f"/{name}/model-settings.json", {"name": name, "implementation": "a.B"})
        monkeypatch.setenv(f"TOKEN_OF_{name.upper()}", f"secret-of-{name}")
    assert ended.with_work(of_several(host, tmp_path / "model"), "nobody's") == (0, "")
    for name in ("fraud", "spam"):
        assert json.loads((tmp_path / "model" / name / "model-settings.json").read_text())["name"] == name
    assert [(path, sent["authorization"]) for path, sent in host.seen] == [
        (f"/{name}/model-settings.json", f"Bearer secret-of-{name}") for name in ("fraud", "spam")
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "other", "implementation": "a.B"}, "names the model 'other': clients ask for 'spam'. Correct one of the two."),
        ({"name": "spam"}, "says no implementation: the server would leave the model out. Add it."),
        (b"[1]", "cannot be read: the server knows the model by this file, and it is missing or no JSON. Store it with the model."),
    ],
)  # fmt: skip
def test_one_of_several_that_the_server_would_leave_out_keeps_the_server_from_starting(
    host: Host, ended: Ended, tmp_path: Path, settings: object, said: str
) -> None:
    host.serve("/fraud/model-settings.json", {"name": "fraud", "implementation": "a.B"})
    host.serve("/spam/model-settings.json", settings)
    address = f"{host.url}/spam/model-settings.json"
    assert ended.with_work(of_several(host, tmp_path / "model")) == (
        1,
        f"model-fetch: model-settings.json of {address} {said}\n",
    )
    # What was not verified is not there: a server that started anyway would not find it.
    assert not (tmp_path / "model" / "spam" / "model-settings.json").exists()


def test_a_mistake_in_the_last_of_several_costs_no_transfer(host: Host, ended: Ended, tmp_path: Path) -> None:
    work = of_several(host, tmp_path / "model")
    work["models"][1].pop("uri")  # type: ignore[index]
    assert ended.with_work(work)[0] == 1
    assert host.seen == []

"""Every mistake in a stack file is told with its place, what stands there, why it cannot work, and what to write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelinfra.catalog.model_directory import measure
from modelinfra.cli.main import app
from modelinfra.components.environment_plan import plan_environment
from modelinfra.options.problems import InvalidOptionsError
from modelinfra.stackfile.read import read_environment
from tests.making import write_model
from tests.stackfile.wrong import Wrong, environment
from tests.stackfile.wrong_files import SEVERAL, WRONG

BY_NAME = {wrong.name: wrong for wrong in WRONG}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with models right and wrong."""
    root = tmp_path_factory.mktemp("project")
    write_model(root / "model")
    for name in ("empty", "bare", "nameless"):
        (root / name).mkdir()
    (root / "bare" / "model.joblib").write_text("weights")
    (root / "nameless" / "model-settings.json").write_text('{"implementation": "mlserver_sklearn.SKLearnModel"}')
    (root / "file").write_text("weights")
    return root


def written(root: Path, wrong: Wrong) -> Path:
    path = root / "Pulumi.wrong.yaml"
    path.write_bytes(wrong.content if isinstance(wrong.content, bytes) else wrong.content.encode())
    return path


def expected(root: Path, wrong: Wrong) -> list[str]:
    digest = measure(root / "model").sha256
    return [line.replace("{root}", str(root)).replace("{digest}", digest) for line in wrong.lines]


@pytest.mark.parametrize("wrong", [pytest.param(each, id=each.name) for each in WRONG])
def test_each_mistake_is_told_with_exactly_these_words(wrong: Wrong, root: Path) -> None:
    with pytest.raises(InvalidOptionsError) as refused:
        plan_environment(read_environment(written(root, wrong)), "camel", root)
    head, *lines = str(refused.value).splitlines()
    assert [line.removeprefix("  ") for line in lines] == expected(root, wrong)
    assert head.endswith(f"{len(lines)} mistake{'s' if len(lines) > 1 else ''}, nothing was created")


def test_no_two_wrong_files_have_one_name() -> None:
    assert len(BY_NAME) == len(WRONG)


@pytest.mark.parametrize("name", ["bracket left open", "not UTF-8", "memory in MB", "one path twice", "empty model"])
def test_the_command_prints_the_message_without_a_traceback_and_exits_with_2(name: str, root: Path) -> None:
    wrong = BY_NAME[name]
    result = CliRunner().invoke(app, ["validate", str(written(root, wrong))])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.splitlines()[1:] == [f"  {line}" for line in expected(root, wrong)]


def test_the_command_names_the_file_and_counts_the_mistakes(root: Path) -> None:
    path = written(root, SEVERAL)
    result = CliRunner().invoke(app, ["validate", str(path)])
    assert result.stderr.splitlines()[0] == f"{path}: {len(SEVERAL.lines)} mistakes, nothing was created"


def test_the_command_prints_the_mistakes_as_data(root: Path) -> None:
    file = written(root, BY_NAME["memory in MB"])
    result = CliRunner().invoke(app, ["validate", "--json", str(file)])
    assert result.exit_code == 2
    assert json.loads(result.stdout) == [
        {
            "file": str(file),
            "path": "endpoints.digits.memory",
            "reason": "'MB' is read as powers of 1000 by some tools and of 1024 by others",
            "remedy": "Write 512MiB.",
            "given": "512MB",
        }
    ]


def test_data_without_a_json_form_is_still_printed_as_data(root: Path) -> None:
    wrong = Wrong("", environment("platforms: {web: {type: ecs}}\njunk: {2026-01-01: 2026-01-01}\n"), ())
    result = CliRunner().invoke(app, ["validate", "--json", str(written(root, wrong))])
    assert result.exit_code == 2
    assert [problem["path"] for problem in json.loads(result.stdout)] == ["junk"]


def test_a_file_that_is_not_there_is_a_mistake_and_no_traceback(root: Path) -> None:
    result = CliRunner().invoke(app, ["validate", str(root / "Pulumi.none.yaml")])
    assert result.exit_code == 2
    assert "the file cannot be read (No such file or directory). Name a stack file" in result.stderr


def test_a_right_file_is_said_to_be_right(root: Path) -> None:
    right = Wrong(
        "", environment("platforms: {web: {type: ecs}}\nendpoints: {a: {server: mlserver, model: model}}"), ()
    )
    result = CliRunner().invoke(app, ["validate", str(written(root, right))])
    assert (result.exit_code, result.stdout.strip().endswith("is right: 1 endpoint.")) == (0, True)


def test_merge_keys_are_taken_and_a_key_that_overrides_a_merged_one_is_no_second_one(root: Path) -> None:
    merged = """\
    platforms: {web: {type: ecs}}
    endpoints:
      a: &a {server: mlserver, model: model, cpu: 1}
      b: &b {<<: *a, cpu: 2}
      c: {<<: *b, cpu: 4}
    """
    path = written(root, Wrong("", environment(merged), ()))
    plan = plan_environment(read_environment(path), "camel", root)
    assert {name: planned.options.cpu for name, (_, planned) in plan.endpoints.items()} == {"a": 1, "b": 2, "c": 4}


def test_one_endpoints_typo_does_not_hide_anothers_missing_model_or_taken_path(root: Path) -> None:
    wrong = Wrong(
        "",
        environment(
            "platforms: {web: {type: ecs}}\n"
            "endpoints:\n"
            "  a: {server: mlserver, model: model, memry: 2GiB}\n"
            "  b: {server: mlserver, model: nowhere}\n"
            "  c: {server: mlserver, model: model, path: /same}\n"
            "  d: {server: mlserver, model: model, path: /same}\n"
        ),
        (),
    )
    result = CliRunner().invoke(app, ["validate", "--json", str(written(root, wrong))])
    assert {each["path"] for each in json.loads(result.stdout)} == {
        "endpoints.a.memry",
        "endpoints.b.model",
        "endpoints.d.path",
    }


def test_spare_capacity_that_would_never_be_used_is_a_mistake(root: Path) -> None:
    wrong = Wrong(
        "",
        environment("platforms: {web: {type: ecs}}\nendpoints: {a: {server: mlserver, model: model, spot: true}}\n"),
        (),
    )
    result = CliRunner().invoke(app, ["validate", "--json", str(written(root, wrong))])
    assert [each["path"] for each in json.loads(result.stdout)] == ["endpoints.a.spot"]

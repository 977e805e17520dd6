"""A working tree compared with a git revision, each captured with its own code and libraries."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from modelinfra.review.compare_revisions import Comparison, NotComparable, compare_with
from tests.review.projects import PROGRAM, commit, git, repository, wheel

LIBRARY = """
import house
import pulumi_aws as aws

aws.ec2.SecurityGroup("web", description=house.DESCRIPTION)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELINFRA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def told(comparison: Comparison) -> list[tuple[str, str, list[tuple[str, object, object]]]]:
    return [
        (each.operation, each.name, [(one.path, one.before, one.after) for one in each.properties])
        for each in comparison.changes.resources
    ]


def refusal(root: Path, stack: str = "dev", base: str = "main", python: Path | None = None) -> str:
    with pytest.raises(NotComparable) as caught:
        compare_with(root, stack, base, python)
    return str(caught.value)


def test_an_uncommitted_edit_is_a_change_and_the_worktree_is_gone_afterwards(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    (root / "__main__.py").write_text(PROGRAM.format(description="second"))
    assert told(compare_with(root, "dev", "main")) == [("replace", "web", [("description", "first", "second")])]
    assert git(root, "worktree", "list").count("\n") == 1
    assert git(root, "status", "--short") == " M __main__.py\n"


def test_nothing_changes_where_the_program_names_its_own_folder(tmp_path: Path) -> None:
    program = "import pulumi_aws as aws\naws.ec2.SecurityGroup('web', description=__file__)\n"
    assert told(compare_with(repository(tmp_path / "shop", program), "dev", "main")) == []


def test_what_the_program_prints_is_no_part_of_the_answer(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", "print('{')\n" + PROGRAM.format(description="first"))
    assert told(compare_with(root, "dev", "main")) == []


def test_models_that_git_ignores_are_the_same_on_both_sides(tmp_path: Path) -> None:
    program = "from pathlib import Path\nimport pulumi_aws as aws\n"
    program += "aws.ec2.SecurityGroup('web', description=Path('models/name.txt').read_text())\n"
    root = repository(tmp_path / "shop", program, __gitignore="models/\n.venv/\n")
    (root / "models").mkdir()
    (root / "models/name.txt").write_text("digits")
    assert told(compare_with(root, "dev", "main")) == []


def test_a_library_within_the_repository_is_the_revisions_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "shop", LIBRARY)
    (root / "libraries").mkdir()
    (root / "libraries/house.py").write_text("DESCRIPTION = 'old'\n")
    commit(root)
    (root / "libraries/house.py").write_text("DESCRIPTION = 'new'\n")
    monkeypatch.syspath_prepend(str(root / "libraries"))
    monkeypatch.setenv("PYTHONPATH", str(root / "libraries"))
    assert told(compare_with(root, "dev", "main")) == [("replace", "web", [("description", "old", "new")])]


def test_an_upgrade_of_a_locked_library_is_seen(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the present environment has is handed on by a path file, so that nothing is downloaded.
    present = wheel(tmp_path, "present", "1", {"present.pth": sysconfig.get_paths()["purelib"] + "\n"})
    old = wheel(tmp_path, "house", "1", {"house.py": "DESCRIPTION = 'old'\n"})
    root = repository(tmp_path / "shop", LIBRARY, requirements__lock=present + old)
    (root / "requirements.lock").write_text(present + wheel(tmp_path, "house", "2", {}))
    (tmp_path / "now").mkdir()
    (tmp_path / "now/house.py").write_text("DESCRIPTION = 'new'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "now"))
    found = compare_with(root, "dev", "main")
    assert told(found) == [("replace", "web", [("description", "old", "new")])]
    assert found.notes == ("main was captured with the libraries that it had then.",)
    (environment,) = (own_cache / "bases").iterdir()
    made = environment.stat().st_mtime_ns
    compare_with(root, "dev", "main")
    assert [each.stat().st_mtime_ns for each in (own_cache / "bases").iterdir()] == [made]


def test_an_environment_that_cannot_be_made_says_why_in_one_line(tmp_path: Path, own_cache: Path) -> None:
    line = wheel(tmp_path, "house", "1", {"house.py": ""})
    root = repository(tmp_path / "shop", requirements__lock=line[:-9] + "00000000\n")
    (root / "requirements.lock").write_text("# nothing\n")
    said = refusal(root)
    assert said.startswith(
        "the environment of main cannot be made from its requirements.lock: THESE PACKAGES DO NOT MATCH"
    )
    assert "--base-python" in said
    assert "\n" not in said
    assert list((own_cache / "bases").iterdir()) == []


def test_an_environment_without_pulumi_says_that_it_cannot_capture(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", requirements__txt="# nothing\n")
    (root / "requirements.txt").write_text("# nothing at all\n")
    said = refusal(root)
    assert said.startswith("main (")
    assert "its environment cannot capture a Pulumi program: No module named" in said


def test_a_lock_that_pip_cannot_install_asks_for_an_interpreter(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", uv__lock="version = 1\n")
    assert told(compare_with(root, "dev", "main")) == []
    (root / "uv.lock").write_text("version = 2\n")
    assert "uv.lock of main differs from the present one" in refusal(root)
    assert told(compare_with(root, "dev", "main", Path(sys.executable))) == []


def test_another_modelinfra_than_the_one_that_runs_asks_for_an_environment(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", requirements__lock="modelinfra==0.0.1 --no-such-option\n")
    assert "cannot be made from its requirements.lock" in refusal(root)


def test_a_secret_that_changes_is_a_change_and_is_not_shown(tmp_path: Path) -> None:
    program = "import pulumi, pulumi_aws as aws\n"
    program += "aws.secretsmanager.SecretVersion('v', secret_id='x', secret_string=pulumi.Output.secret('{}'))\n"
    root = repository(tmp_path / "shop", program.format("hunter2"))
    assert told(compare_with(root, "dev", "main")) == []
    (root / "__main__.py").write_text(program.format("correct horse"))
    found = compare_with(root, "dev", "main")
    assert told(found) == [("replace", "v", [("secretString", "[secret 1]", "[secret 2]")])]
    shown = str(found.changes.before.to_json(show_secrets=True)) + str(found.changes.after.to_json(show_secrets=True))
    assert "hunter2" not in shown
    assert "correct horse" not in shown


def test_a_stack_that_the_base_does_not_have_is_all_new(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    (root / "Pulumi.prod.yaml").write_text("config: {}\n")
    found = compare_with(root, "prod", "main")
    assert [each[:2] for each in told(found)] == [("create", "web")]
    assert found.notes == ("There is no stack prod at main: everything is new.",)


def test_a_base_that_does_not_build_says_so_in_one_line(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", "raise KeyError('who\\nknows')\n")
    (root / "__main__.py").write_text(PROGRAM.format(description="first"))
    said = refusal(root)
    assert said.startswith("main (")
    assert ") does not build: KeyError: " in said
    assert "\n" not in said


def test_a_program_that_stops_its_process_is_no_crash_of_ours(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop", "import os\nos._exit(3)\n")
    (root / "__main__.py").write_text(PROGRAM.format(description="first"))
    assert "it ended with 3 and said nothing" in refusal(root)


def test_a_revision_that_does_not_exist(tmp_path: Path) -> None:
    assert refusal(repository(tmp_path / "shop"), base="nope").startswith("there is no revision 'nope'")
    assert refusal(tmp_path / "shop", base="--help").startswith("there is no revision '--help'")


def test_a_project_outside_git(tmp_path: Path) -> None:
    assert "is not in a git repository" in refusal(tmp_path)


def test_an_interpreter_that_does_not_start(tmp_path: Path) -> None:
    assert "does not start" in refusal(repository(tmp_path / "shop"), python=tmp_path / "no-python")

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from modelinfra.serving.dockerfile import Copy, parse


def test_the_last_stage_counts() -> None:
    stage = parse('ARG TAG=1\nFROM a:1 AS build\nCMD ["x"]\nFROM --platform=linux/amd64 b:2\nEXPOSE 80\n')
    assert stage.base == "b:2"
    assert stage.command is None


def test_variables_are_read_in_all_forms_and_refer_to_earlier_ones() -> None:
    stage = parse('FROM a\nENV A=1 \\\n    B="two words"\n# a comment\nENV C=$A/${B}\nENV OLD a value\n')
    assert stage.environment == {"A": "1", "B": "two words", "C": "1/two words", "OLD": "a value"}
    assert not stage.opaque


def test_a_variable_of_the_base_image_is_not_guessed() -> None:
    assert parse("FROM a\nENV A=1 B=$A\n").opaque == ["ENV A=1 B=$A"], "within one ENV, the older value counts"


def test_copies_are_read_with_flags_and_in_exec_form() -> None:
    stage = parse('FROM a\nCOPY --chown=1:1 --chmod=555 . /mnt/models\nCOPY ["my model", "/srv/m"]\n')
    assert stage.copies == [
        Copy(PurePosixPath("."), PurePosixPath("/mnt/models")),
        Copy(PurePosixPath("my model"), PurePosixPath("/srv/m")),
    ]


def test_what_only_a_build_can_show_is_kept_aside() -> None:
    stage = parse("FROM a\nRUN pip install x\nCOPY --from=b /x /y\nWORKDIR /srv\n")
    assert stage.opaque == ["RUN pip install x", "COPY --from=b /x /y", "WORKDIR /srv"]
    assert not stage.copies


def test_a_shell_form_command_runs_in_a_shell() -> None:
    assert parse("FROM a\nCMD serve --now\n").command == ("/bin/sh", "-c", "serve --now")
    assert parse('FROM a\nENTRYPOINT ["a", "b"]\nUSER 1000\n').entrypoint == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no FROM"),
        ("FROM", "line 1: FROM names no image"),
        ("FROM a\nFETCH x", "line 2: FETCH is not a Dockerfile instruction"),
        ("FROM a\nENV A=1 B", "line 2: ENV A=1 B: 'B' is not NAME=value"),
        ("FROM a\n\nCOPY x", "line 3: COPY x: needs a source and a destination"),
        ("FROM a\nCMD", "line 2: the command is empty"),
    ],
)
def test_a_dockerfile_that_cannot_be_read_names_the_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)

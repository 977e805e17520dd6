"""What the engine wrote to files, whoever wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.review.engine_files import NotReadable, engine_changes

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
GROUP = "urn:pulumi:dev::shop::aws:ec2/securityGroup:SecurityGroup::web"
KEY = "urn:pulumi:dev::shop::aws:kms/key:Key::key"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def state(urn: str, **inputs: Any) -> dict[str, Any]:
    kind = urn.split("::")[2]
    return {"urn": urn, "type": kind, "custom": kind != "pulumi:pulumi:Stack", "id": "i", "inputs": inputs}


def step(operation: str, urn: str, old: dict[str, Any], new: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"op": operation, "urn": urn, "oldState": state(urn, **old), "newState": state(urn, **new), **more}


def preview(folder: Path, *steps: dict[str, Any]) -> Path:
    file = folder / "preview.json"
    file.write_text(json.dumps({"steps": list(steps), "changeSummary": {}}))
    return file


def export(folder: Path, *states: dict[str, Any]) -> Path:
    file = folder / "export.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"resources": list(states)}}))
    return file


def test_a_preview_says_what_the_engine_plans(tmp_path: Path) -> None:
    file = preview(
        tmp_path, step("replace", GROUP, {"description": "a"}, {"description": "b"}, replaceReasons=["description"])
    )
    (change,) = engine_changes(file).resources
    assert (change.operation, change.certainty) == ("replace", "engine")
    assert [each.path for each in change.replacing] == ["description"]


def test_an_export_adds_what_stays_as_it_is(tmp_path: Path) -> None:
    file = preview(tmp_path, step("update", GROUP, {"description": "a"}, {"description": "b"}))
    changes = engine_changes(file, export(tmp_path, state(STACK), state(KEY), state(GROUP, description="a")))
    assert list(changes.before.nodes) == list(changes.after.nodes) == [STACK, KEY, GROUP]
    assert changes.after[GROUP].inputs == {"description": "b"}
    assert [each.urn for each in changes.resources] == [GROUP]


def test_a_deleted_resource_of_the_export_is_not_in_the_state_after(tmp_path: Path) -> None:
    gone = {"op": "delete", "urn": KEY, "oldState": state(KEY)}
    changes = engine_changes(preview(tmp_path, gone), export(tmp_path, state(GROUP), state(KEY)))
    assert list(changes.after.nodes) == [GROUP]


def test_a_preview_that_changes_nothing_is_no_mistake(tmp_path: Path) -> None:
    assert not engine_changes(preview(tmp_path))


def test_plain_secrets_of_show_secrets_are_words_and_stay_comparable(tmp_path: Path) -> None:
    def secret(text: str) -> dict[str, str]:
        return {**SECRET, "plaintext": json.dumps(text)}

    old, new = {"a": secret("hush"), "b": secret("same")}, {"a": secret("quiet"), "b": secret("same")}
    changes = engine_changes(preview(tmp_path, step("update", KEY, old, new)), export(tmp_path, state(KEY, **old)))
    assert [(each.path, each.before, each.after) for each in changes.resources[0].properties] == [
        ("a", "[secret 1]", "[secret 3]")
    ]
    shown = json.dumps([changes.before.to_json(show_secrets=True), changes.after.to_json(show_secrets=True)])
    assert not any(word in shown for word in ("hush", "quiet", "same"))


WRONG = {
    "": "is not JSON",
    "{": "is not JSON",
    "[]": "a JSON object is expected, not a list",
    '{"hello": 1}': "not a preview",
    '{"steps": 5}': "its shape is another one",
    '{"steps": [5]}': "its shape is another one",
    '{"steps": [{"op": "update"}]}': "its shape is another one",
    '{"steps": [{"op": "update", "urn": "x", "oldState": {}, "newState": {"urn": 1}}]}': "its shape is another one",
    '{"steps":[]}\n{"steps":[]}': "is not JSON",
    "[" * 100_000: "is n",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_broken_preview_is_one_clear_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "preview.json"
    file.write_text(text)
    with pytest.raises(NotReadable, match=WRONG[text]) as caught:
        engine_changes(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="cannot be read"):
        engine_changes(tmp_path / "none.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(NotReadable, match="not UTF-8"):
        engine_changes(tmp_path / "binary")


def test_an_export_of_another_stack_is_refused(tmp_path: Path) -> None:
    other = KEY.replace("::shop::", "::store::")
    file = preview(tmp_path, step("update", GROUP, {"description": "a"}, {"description": "b"}))
    with pytest.raises(NotReadable, match="an export of store/dev, and the preview is of shop/dev"):
        engine_changes(file, export(tmp_path, state(other)))

"""What a router cannot do is said at once, all of it, before it listens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.router.settings import SettingsError, read
from tests.edge.world import World, settings


def told(tmp_path: Path, **more: Any) -> str:
    found = settings("http://127.0.0.1:1", "http://127.0.0.1:2", tmp_path)
    for name, value in more.items():
        at = found
        *above, last = name.split("__")
        for each in above:
            at = at[each]
        at[last] = value
    return json.dumps(found)


HALVES = {"tensor": "t", "binaryHere": True, "binaryThere": False}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"port": "80"}, "port is not a int"),
        ({"port": 0}, "port is 0, not within 1 and 65535"),
        ({"prot": 1}, "prot is unknown"),
        ({"path": "v2"}, "path does not begin with a slash"),
        ({"local__concurrency": True}, "local.concurrency is not a int"),
        ({"cloud__url": "http://api.acme.ai"}, "cloud.url is http"),
        ({"cloud__url": "https://api.acme.ai/prod"}, "cloud.url is not https://HOST"),
        ({"cloud__auth": {"sigv4": None, "bearer": None, "mtls": None}}, "cloud.auth needs one of"),
        ({"cloud__auth__mtls": {"certificate": "a", "key": "b", "ca": ""}, "cloud__auth__bearer": None}, "mtls needs https"),
        ({"confidence__rule": "most"}, "confidence.rule is none of max, margin, binary, value"),
        ({"confidence__path": "$.a"}, "confidence needs an output or a path"),
        ({"confidence__output": "", "confidence__path": "$.a["}, "confidence.path: the path cannot be read"),
        ({"sendBetween": {"start": "22:00", "end": "24:00"}}, "sendBetween.end is no time such as 22:00"),
        ({"sendBetween": {"start": "22:00", "end": "22:00"}}, "sendBetween starts when it ends"),
        ({"store__drop": "newest"}, "store.drop is neither"),
        ({"store__maxBytes": 2**20}, "store.maxBytes is 1048576, with this maxBody it must be at least"),
        ({"store": None}, "store is null: only with split nothing is kept for the cloud"),
        ({"split": HALVES}, "confidence is not null: with split no answer here is whole; store is not null: with split nothing is kept"),
        ({"split": {**HALVES, "tensor": ""}, "confidence": None, "store": None}, "split.tensor is empty"),
        ({"split": {**HALVES, "binaryHere": 1}}, "split.binaryHere is not a bool"),
        ({"samples": {"share": 2, "mask": ["a["], "store": "bucket", "spool": "s", "spoolBytes": 1, "everySeconds": 1}}, "samples.share is 2"),
        ({"samples": {"share": 1, "mask": ["a["], "store": "bucket", "spool": "s", "spoolBytes": 1, "everySeconds": 1}}, r"samples.store is not s3://.*samples.mask\[0\]"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_the_reason(tmp_path: Path, more: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        read(told(tmp_path, **more))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read(told(tmp_path, port=0, path=7, local__queue=-1))
    assert str(error.value).count(";") == 2


def test_the_process_says_it_and_ends(world: World) -> None:
    running = world.process(port=0)
    assert running.wait(15) == 1
    assert running.stdout is not None
    assert running.stdout.read() == "router: MODELINFRA_ROUTER: port is 0, not within 1 and 65535\n"


def test_a_device_is_called_as_its_own_file_says_where_there_is_one(tmp_path: Path) -> None:
    said = told(tmp_path, deviceFile=str(tmp_path / "device"))
    assert read(said).device == "store-7"
    (tmp_path / "device").write_text("till-0042\n")
    assert read(said).device == "till-0042"

"""A fleet whose gateway asks for tokens or certificates: the real router, told what the platform tells it, with files that another program renews."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import trustme

from modelinfra.platforms.edge.router import SHOWN_HOME
from tests.edge.test_process import client
from tests.edge.world import UNSURE, World, ask, certified, metric, prediction, until
from tests.platforms.test_edge_fleet import BEHIND, environment, router_of

PATHS = ["/v2/models/digits/infer"]
JWT = {"jwt": {"issuer": "https://login.example.com", "audiences": ["devices"]}}
MTLS = {"mtls": {"ca_bundle": "s3://acme-pki/devices.pem"}}
TOKEN = {"token_file": "/etc/acme/device/token"}
CERTIFICATE = {"certificate": "/etc/acme/device/chain.pem", "key": "/etc/acme/device/key.pem"}


def behind(auth: dict[str, Any]) -> dict[str, Any]:
    gateway = {"auth": auth, "domain": "api.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
    return {**BEHIND, "exposure": {"gateway": gateway, "paths": PATHS}}


def told(world: World, auth: dict[str, Any], shown: dict[str, str], cloud: str, directory: Path) -> dict[str, Any]:
    """What the task definition tells the router, with this machine's places in place of a device's."""
    root = world.folder / "program"
    root.mkdir()
    router = {"auth": shown, "confidence": {"output": "predict_proba", "least": 0.8}}
    found = router_of(environment(root, behind(auth), router=router), "shops")[1]
    text = json.dumps(found).replace(SHOWN_HOME, str(directory)).replace("/var/lib/router", str(world.folder))
    given: dict[str, Any] = json.loads(text)
    assert "amazonaws.com" not in given["cloud"]["url"], "the gateway's own name is switched off"
    given |= {"host": "127.0.0.1", "port": world.settings["port"], "deviceFile": ""}
    given["local"]["url"], given["cloud"]["url"] = world.light.url, cloud
    return given


def renewed(file: Path, content: bytes) -> None:
    """As programs do that renew: another file takes its place, at once."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(content)
    os.replace(beside, file)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    found = tmp_path / "shown"
    found.mkdir()
    return found


def test_a_device_shows_the_token_in_its_file_and_the_next_one_when_there_is_one(world: World, directory: Path) -> None:
    right = ["first"]
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.reply = lambda seen: (
        prediction(UNSURE, by="heavy") if seen.headers.get("authorization") == f"Bearer {right[0]}" else (401, {}, b"")
    )
    world.settings = told(world, JWT, TOKEN, world.cloud.url, directory)
    running = world.process()
    with client(world) as found:
        # Nobody has given it one yet: the device answers, and what should go up waits.
        assert ask(found).headers["x-modelinfra-cloud"] == "away, sent later"
        renewed(directory / "token", b"first\n")
        until(lambda: metric(found, "stored_requests") == 0)
        right[0] = "second"
        renewed(directory / "token", b"second\n")
        until(lambda: ask(found).json().get("model_name") == "heavy")
    running.terminate()
    assert running.wait(15) == 0
    assert running.stdout is not None
    assert not [word for word in ("first", "second") if word in running.stdout.read()], "a token stands in the log"


def test_a_device_shows_its_certificate_and_the_next_one_when_there_is_one(
    world: World, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    shown: list[str] = []
    cloud = certified(ours, theirs, shown.append)
    trusted = world.folder / "authorities.pem"
    trusted.write_bytes(theirs.cert_pem.bytes())
    # The system's authorities, which signed the gateway's own certificate.
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    def issue(name: str) -> None:
        made = ours.issue_cert(name)
        renewed(directory / "chain.pem", b"".join(each.bytes() for each in made.cert_chain_pems))
        renewed(directory / "key.pem", made.private_key_pem.bytes())

    world.light.reply = lambda _: prediction(UNSURE)
    world.settings = told(world, MTLS, CERTIFICATE, cloud.url, directory)
    running = world.process()
    try:
        with client(world) as found:
            assert ask(found).headers["x-modelinfra-cloud"] == "away, sent later"
            issue("first.acme.ai")
            until(lambda: ask(found).json()["model_name"] == "heavy")
            issue("second.acme.ai")
            until(lambda: ask(found).json()["model_name"] == "heavy" and "second.acme.ai" in shown[-1])
        running.terminate()
        # It does not wait for the connections of the certificate before.
        assert running.wait(15) == 0
    finally:
        cloud.stop()
    assert "first.acme.ai" in shown[0]

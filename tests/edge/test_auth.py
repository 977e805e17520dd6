"""How the cloud knows the device: signed, by a token, or by a certificate; and what is written anew is used at once."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from tests.edge.world import UNSURE, Host, Reply, Seen, World, ask, certified, metric, prediction, until

SIGNED = {"sigv4": {"region": "eu-central-1", "service": "execute-api"}, "bearer": None, "mtls": None}


def signature(seen: Seen, secret: str) -> str:
    """AWS's signature, version 4, reckoned anew from what arrived (IAM user guide, "Create a signed AWS API request")."""
    credential, signed, _ = seen.headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(", ")
    _, date, region, service, _ = credential.partition("=")[2].split("/")
    names = signed.partition("=")[2]
    canonical = "\n".join(
        [
            seen.method,
            quote(seen.path, safe="/-_.~"),
            "",
            *(f"{name}:{seen.headers[name]}" for name in names.split(";")),
            "",
            names,
            hashlib.sha256(seen.body).hexdigest(),
        ]
    )
    scope = f"{date}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{seen.headers['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def gateway(accepted: Callable[[], tuple[str, str, str]]) -> Callable[[Seen], Reply]:
    """An API gateway with IAM: key, secret and session token that it takes now."""

    def reply(seen: Seen) -> Reply:
        key, secret, token = accepted()
        given = seen.headers.get("authorization", "")
        right = f"Credential={key}/" in given and seen.headers.get("x-amz-security-token") == token
        if not right or not given.endswith(f"Signature={signature(seen, secret)}"):
            return 403, {}, b'{"message": "Forbidden"}'
        return prediction([0.99, 0.01], by="heavy")

    return reply


@pytest.fixture
def unsure(world: World) -> World:
    world.light.reply = lambda _: prediction(UNSURE)
    return world


def credentials(file: Path, name: str) -> tuple[str, str, str]:
    file.write_text(
        f"[default]\naws_access_key_id = AKID{name}\naws_secret_access_key = secret{name}\naws_session_token = token{name}\n"
    )
    return f"AKID{name}", f"secret{name}", f"token{name}"


def test_a_signed_request_is_what_an_api_gateway_with_iam_takes_and_new_credentials_in_the_file_are_read(
    unsure: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = unsure.folder / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("modelinfra.router.auth.Sigv4._AGAIN_SECONDS", 0.1)
    now = credentials(file, "1")
    unsure.cloud.reply = gateway(lambda: now)
    with unsure.routing(cloud__auth=SIGNED) as client:
        assert ask(client).json()["model_name"] == "heavy"
        # The agent of Systems Manager writes new ones, and the old ones are refused.
        now = credentials(file, "2")
        time.sleep(0.15)
        assert ask(client).json()["model_name"] == "heavy"
    assert unsure.cloud.asked[0].headers["idempotency-key"]
    assert "idempotency-key" in unsure.cloud.asked[0].headers["authorization"]


def test_credentials_of_a_role_are_asked_for_anew_before_they_expire(
    unsure: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    class Credentials(Host):
        """The endpoint of the ECS agent, and of Greengrass' token exchange. What it gives ends within botocore's mandatory refresh."""

    def reply(_: Seen) -> Reply:
        raise AssertionError

    agent = Credentials(reply)
    agent.start()
    server = agent._server
    assert server is not None

    def do_get(handler: object) -> None:
        given.append(f"{len(given) + 1}")
        name = given[-1]
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
        body = {
            "AccessKeyId": f"AKID{name}",
            "SecretAccessKey": f"secret{name}",
            "Token": f"token{name}",
            "Expiration": end,
        }
        handler.answer((200, {"Content-Type": "application/json"}, json.dumps(body).encode()))  # type: ignore[attr-defined]

    server.RequestHandlerClass.do_GET = do_get  # type: ignore[attr-defined]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{agent.url}/creds")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(unsure.folder / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(unsure.folder / "none"))
    unsure.cloud.reply = gateway(lambda: (f"AKID{given[-1]}", f"secret{given[-1]}", f"token{given[-1]}"))
    try:
        with unsure.routing(cloud__auth=SIGNED) as client:
            for _ in range(3):
                assert ask(client).json()["model_name"] == "heavy"
        assert len(given) >= 3
    finally:
        agent.stop()


def test_without_credentials_the_device_answers_and_keeps_what_should_go_up(
    unsure: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(unsure.folder / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(unsure.folder / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with unsure.routing(cloud__auth=SIGNED) as client:
        assert ask(client).headers["x-modelinfra-cloud"] == "away, sent later"
        now = credentials(unsure.folder / "credentials", "1")
        unsure.cloud.reply = gateway(lambda: now)
        until(lambda: metric(client, "stored_requests") == 0)
    assert any("no AWS credentials" in each for each in unsure.lines)
    assert not [each for each in unsure.lines if "secret" in each or "AKID" in each]


def test_a_new_token_in_the_file_is_used_from_the_next_request_on(unsure: World) -> None:
    right = ["first"]
    unsure.cloud.reply = lambda seen: (
        prediction(UNSURE, by="heavy") if seen.headers["authorization"] == f"Bearer {right[0]}" else (401, {}, b"")
    )
    token = unsure.folder / "token"
    with unsure.routing() as client:
        assert ask(client).json()["model_name"] == "heavy"
        token.write_text("second")
        right[0] = "second"
        assert ask(client).json()["model_name"] == "heavy"
        # No token, and one that nobody takes: the device answers, and the request waits.
        token.write_text("")
        assert ask(client).headers["x-modelinfra-cloud"] == "away, sent later"
        token.write_text("second")
        until(lambda: metric(client, "stored_requests") == 0)


def test_a_device_shows_its_own_certificate_and_a_new_one_when_there_is_one(unsure: World) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    shown: list[str] = []
    cloud = certified(ours, theirs, shown.append)
    folder = unsure.folder
    (folder / "ca.pem").write_bytes(theirs.cert_pem.bytes())

    def issue(name: str) -> None:
        found = ours.issue_cert(name)
        (folder / "cert.pem").write_bytes(found.cert_chain_pems[0].bytes())
        (folder / "key.pem").write_bytes(found.private_key_pem.bytes())

    files = {"certificate": str(folder / "cert.pem"), "key": str(folder / "key.pem"), "ca": str(folder / "ca.pem")}
    told = {"cloud__url": cloud.url, "cloud__auth": {"sigv4": None, "bearer": None, "mtls": files}}
    try:
        with unsure.routing(**told) as client:
            # Not enrolled yet: the device answers.
            assert ask(client).headers["x-modelinfra-cloud"] == "away, sent later"
            issue("first.acme.ai")
            until(lambda: ask(client).json()["model_name"] == "heavy")
            issue("second.acme.ai")
            assert ask(client).json()["model_name"] == "heavy"
    finally:
        cloud.stop()
    assert "first.acme.ai" in shown[0]
    assert "second.acme.ai" in shown[-1]

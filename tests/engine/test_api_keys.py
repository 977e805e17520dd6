"""API keys through the real engine: made once, unchanged by the next deployment, rotated without shutting anybody out, unreadable in state."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.platforms.ecs.api_keys import digest_of
from modelinfra.policies.web_acl import Request, verdict
from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT, EXPOSED

pytestmark = pytest.mark.engine

SECRET, VERSION, WEB_ACL = (
    "aws:secretsmanager/secret:Secret",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:wafv2/webAcl:WebAcl",
)


def environment(**orders: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made["platforms"]["web"]["sharedLoadBalancer"] = False
    made["endpoints"]["iris"]["exposure"] = {**EXPOSED, "auth": {"apiKeys": {"orders": orders, "fraud": {}}}}
    return made


def keys(sandbox: Sandbox) -> dict[str, str]:
    """Name of a secret without what makes it unique -> the key in it."""
    secrets = {each.id: each.actual["name"].rpartition("-")[0] for each in sandbox.cloud.all(SECRET)}
    return {secrets[each.actual["secretId"]]: each.actual["secretString"] for each in sandbox.cloud.all(VERSION)}


def let_in(sandbox: Sandbox, key: str) -> bool:
    (acl,) = sandbox.cloud.all(WEB_ACL)
    return verdict(acl.actual, Request({"x-api-key": key})).allowed


def test_keys_stay_until_they_are_rotated_and_two_are_valid_meanwhile(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:
        sandbox.up(check=True)
        first = keys(sandbox)
        assert len(set(first.values())) == 2
        assert sandbox.up(check=True).changes == {}
        assert keys(sandbox) == first
        old = next(key for name, key in first.items() if "orders" in name)
        assert let_in(sandbox, old)

        sandbox.config["modelinfra:environment"] = environment(generation=2)
        assert sandbox.up(check=True).changes == {"create": 2, "update": 1}
        new = next(key for name, key in keys(sandbox).items() if "orders-2" in name)
        assert new != old
        assert let_in(sandbox, old)
        assert let_in(sandbox, new)
        assert sandbox.up(check=True).changes == {}

        sandbox.config["modelinfra:environment"] = environment(generation=2, keepPrevious=False)
        assert sandbox.up(check=True).changes == {"delete": 2, "update": 1}
        assert not let_in(sandbox, old)
        assert let_in(sandbox, new)

        # The files that the engine keeps: with the keys encrypted, while the firewall's hashes can be reviewed.
        kept = "".join(each.read_text() for each in (sandbox.home / "state").rglob("*.json*") if each.is_file())
        assert not [key for key in {*first.values(), new} if key in kept]
        assert json.dumps(digest_of(new))[1:-1] in kept

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []

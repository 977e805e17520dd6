"""A machine for Greengrass' install scripts, and the fleet that they enrol it in."""

from __future__ import annotations

import datetime
import hashlib
import subprocess
import zipfile

import pytest

from modelinfra.catalog.greengrass import Download
from modelinfra.enrollment import script
from modelinfra.enrollment.deployed import GreengrassFleet
from tests.enrollment.machine import Machine
from tests.enrollment.test_script import FLEET as ON_ECS

PREFIX = "stores-94d8489"
FLEET = GreengrassFleet(
    name="stores",
    region="us-west-2",
    prefix=PREFIX,
    thing_type="stores-devices-1",
    shares={"canary": 0.05, "shops": 0.95},
    groups={"canary": "stores-canary-devices-1", "shops": "stores-shops-devices-1"},
    versions={"canary": "1.2.3", "shops": "1.4.5"},
    revisions={"canary": "candidate", "shops": "stable"},
    alias="stores-devices-7e4edc",
    template="stores-claim-1",
    secret="arn:aws:secretsmanager:us-west-2:123456789012:secret:stores-claim-AbCdEf",
    data_endpoint="a1-ats.iot.us-west-2.amazonaws.com",
    credentials_endpoint="a1.credentials.iot.us-west-2.amazonaws.com",
    expires=(datetime.date.today() + datetime.timedelta(days=20)).isoformat(),
    gpu=False,
    architecture=ON_ECS.architecture,
)

# The nucleus, which makes the device a thing as AWS IoT would: or not, where it is refused.
_JAVA = f"""#!/bin/bash
echo "java $*" >> /enroll/calls
mkdir -p /greengrass/v2/config /enroll/seen
cp /greengrass/v2/claim/* /greengrass/v2/*.yaml /enroll/seen/ 2>/dev/null
[ ! -e /enroll/refused ] || exit 0
echo certificate > /greengrass/v2/thingCert.crt
[ ! -e /greengrass/v2/claim ] || cp /greengrass/v2/claim/device.key /greengrass/v2/privKey.key
printf 'system:\\n  thingName: "{PREFIX}-till-0042"\\n' > /greengrass/v2/config/effectiveConfig.yaml
"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("machine"))
    there = machine.directory / "web"
    with zipfile.ZipFile(there / "nucleus.zip", "w") as archive:
        archive.writestr("lib/Greengrass.jar", "the nucleus")
    (there / "plugin.jar").write_text("the plugin")
    authority = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Amazon Root CA 1"]
    command = [*authority, "-keyout", "/dev/null", "-out", str(there / "AmazonRootCA1.pem")]
    subprocess.run(command, check=True, capture_output=True)
    java = machine.directory / "stubs" / "java"
    java.write_text(_JAVA)
    java.chmod(0o755)
    return machine


@pytest.fixture
def with_greengrass(web: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    there = web.directory / "web"
    for name, file in (("NUCLEUS", "nucleus.zip"), ("PLUGIN", "plugin.jar")):
        digest = hashlib.sha256((there / file).read_bytes()).hexdigest()
        monkeypatch.setattr(script, name, Download("2.16.0", f"https://example.com/{file}", digest))
    command = ["openssl", "x509", "-in", str(there / "AmazonRootCA1.pem"), "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    monkeypatch.setattr(script, "ROOT_CA_FINGERPRINT", said.strip().partition("=")[2])
    (web.directory / "refused").unlink(missing_ok=True)
    return web

"""A machine for install scripts: this one's files below an overlay that is thrown away, with the agents' downloads and programs stood in for."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

# What each stand-in does is written to /enroll/calls, in order.
_STUBS = {
    "apt-get": """
        echo "apt-get $*" >> /enroll/calls
        case "$*" in
          *package.deb) name=$(cat "${@: -1}"); mkdir -p /usr/libexec
            case $name in
              ssm*) cp /enroll/agents/amazon-ssm-agent /usr/local/bin/ ;;
              ecs*) printf '#!/bin/sh\\n' > /usr/libexec/amazon-ecs-init; chmod +x /usr/libexec/amazon-ecs-init ;;
            esac ;;
          *docker.io) printf '#!/bin/sh\\n' > /usr/local/bin/docker; chmod +x /usr/local/bin/docker ;;
          purge*amazon-ssm-agent) rm /usr/local/bin/amazon-ssm-agent ;;
          purge*amazon-ecs-init) rm /usr/libexec/amazon-ecs-init ;;
        esac""",
    "systemctl": 'echo "systemctl $*" >> /enroll/calls',
    "curl": """
        url="${@: -1}"
        case "$url" in
          http://localhost:51678/*) echo '{"ContainerInstanceArn": "arn:aws:ecs:us-west-2:123456789012:container-instance/edge/1"}'; exit ;;
          http://127.0.0.1:10248/*) exit ;;
        esac
        echo "curl $url" >> /enroll/calls
        while [ "$1" != --output ]; do shift; done
        cp "/enroll/web/${url##*/}" "$2\"""",
}
_SSM_AGENT = """
    echo "register $*" >> /enroll/calls
    mkdir -p /var/lib/amazon/ssm/Vault/Store
    echo '{"instanceID": "mi-0123456789abcdef0"}' > /var/lib/amazon/ssm/Vault/Store/RegistrationKey"""


@dataclass(frozen=True)
class Outcome:
    """Of a run: status of the last command, what was said, what the stand-ins were asked for."""

    status: int
    output: str
    calls: list[str]


class Machine:
    """directory: what the machine sees as /enroll. key: fingerprint of the key that its packages are signed with."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key = self._key("signer")
        (directory / "web").mkdir()
        (directory / "agents").mkdir()
        _program(directory / "agents" / "amazon-ssm-agent", _SSM_AGENT)
        for name, text in _STUBS.items():
            _program(directory / "stubs" / name, text)
        self.sign("signer")

    def sign(self, by: str) -> None:
        """Signs both packages, and puts the signer's key where keys lie."""
        web = self.directory / "web"
        packages = {"amazon-ssm-agent.deb": ("ssm", ".sig"), "amazon-ecs-init-latest.amd64.deb": ("ecs", ".asc")}
        for name, (content, suffix) in packages.items():
            (web / name).write_text(content)
            self._gpg(by, "--yes", "--output", str(web / f"{name}{suffix}"), "--detach-sign", str(web / name))
        for key in ("amazon-ssm-agent.gpg", "amazon-ecs-agent.gpg"):
            self._gpg(by, "--yes", "--armor", "--output", str(web / key), "--export")

    def another_key(self) -> str:
        """Fingerprint of a second key, called `other`."""
        return self._key("other")

    def run(self, *commands: str, without: Sequence[str] = ("docker",)) -> Outcome:
        """Runs commands one after the other, on a machine as it is first; `without`: programs that it lacks."""
        calls = self.directory / "calls"
        calls.write_text("")
        hidden = [path for name in without if (path := shutil.which(name))]
        lines = [
            "mount -t tmpfs machine /mnt",
            "mkdir /mnt/upper /mnt/work /mnt/root",
            "mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root",
            "mount --bind /dev /mnt/root/dev",
            "mount -t proc proc /mnt/root/proc",
            "mkdir -p /mnt/root/run/systemd/system /mnt/root/enroll",
            f"mount --bind {self.directory} /mnt/root/enroll",
            "cp /mnt/root/enroll/stubs/* /mnt/root/usr/local/sbin/",
            *(f"rm -f /mnt/root{path}" for path in hidden),
            "set +e",
            *(f"chroot /mnt/root env POLL_SECONDS=0 PATH={_PATH} bash -c '{command}'" for command in commands),
        ]
        run = subprocess.run(
            ["unshare", "--mount", "bash", "-ec", "\n".join(lines)], capture_output=True, text=True, check=False
        )
        if "mount:" in run.stderr and "permission denied" in run.stderr:
            pytest.skip("NOT PROVEN: install scripts need a machine on which overlays can be mounted")
        return Outcome(run.returncode, run.stdout + run.stderr, calls.read_text().splitlines())

    def _key(self, name: str) -> str:
        home = self.directory / "keys" / name
        home.mkdir(parents=True, mode=0o700)
        self._gpg(name, "--passphrase", "", "--quick-generate-key", f"{name}@example.com", "rsa2048", "sign", "never")
        listed = self._gpg(name, "--with-colons", "--list-keys")
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    def _gpg(self, name: str, *arguments: str) -> str:
        home = str(self.directory / "keys" / name)
        command = ["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    os.chmod(path, 0o755)

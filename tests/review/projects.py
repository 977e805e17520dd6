"""Small Pulumi projects in git repositories, and wheels to lock in them."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

PROGRAM = """
import pulumi_aws as aws

aws.ec2.SecurityGroup("web", description="{description}")
"""


def git(where: Path, *arguments: str) -> str:
    """What git says. Raises CalledProcessError."""
    own = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(where), *own, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def repository(root: Path, program: str = PROGRAM.format(description="first"), **files: str) -> Path:
    """A committed project `shop` with a stack `dev`. files: name, with `__` for a dot -> content."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch", "main")
    (root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (root / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-west-2\n")
    (root / "__main__.py").write_text(program)
    for name, content in files.items():
        (root / name.replace("__", ".")).write_text(content)
    commit(root)
    return root


def commit(root: Path) -> None:
    """Everything that is there."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Change")


def wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> str:
    """Write a wheel; the line that locks it, with its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return f"{name} @ {path.as_uri()} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"

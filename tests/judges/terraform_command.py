"""The `terraform` command and its AWS provider, as they are on this machine."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from modelinfra.cache import cache_folder

_PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")
# Where people keep providers that they have downloaded: Terraform's own implied mirrors, and what runs here.
_PLACES = ("~/.terraform.d/plugins", "~/.terraform.d/plugin-cache", "/usr/local/share/terraform/plugins", "/opt/*")

SETTINGS: Mapping[str, Any] = {
    "region": "us-west-2",
    "access_key": "nobody",
    "secret_key": "nothing",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
    "skip_region_validation": True,
}
"""A provider that asks nobody."""


def missing() -> str | None:
    """Why Terraform cannot be asked here; None when it can. Neither it nor its provider is in the registries of Python, Go and Debian."""
    if shutil.which("terraform") is None:
        return "there is no `terraform`"
    if plugin_folder() is None:
        return f"no folder holds {_PROVIDER}; looked in {', '.join(_PLACES)}"
    return None


@cache
def plugin_folder() -> Path | None:
    """A folder that Terraform takes as `-plugin-dir` and that holds its AWS provider."""
    own = os.environ.get("TF_PLUGIN_CACHE_DIR")
    roots = [Path(own)] if own else []
    for place in _PLACES:
        path = Path(place).expanduser()
        roots += sorted(path.parent.glob(path.name))
    return next((root for root in roots if _version(root)), None)


class Workspace:
    """A folder in which Terraform works on one document. `variables`: environment variables of its own."""

    def __init__(
        self, place: Path, settings: Mapping[str, Any] = SETTINGS, variables: Mapping[str, str] | None = None
    ) -> None:
        plugins = plugin_folder()
        assert plugins is not None
        self._place = place
        self._variables = dict(variables or {})
        self._document = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": _version(plugins)}}},
            "provider": {"aws": dict(settings)},
        }
        self.write({})
        self.run("init", "-plugin-dir", str(plugins))

    def write(self, resources: Mapping[str, Any]) -> None:
        """Make these the resources of the document."""
        document = {**self._document, "resource": resources} if resources else self._document
        (self._place / "main.tf.json").write_text(json.dumps(document))

    def run(self, *arguments: str, may_fail: bool = False) -> str:
        """What a command prints. Raises RuntimeError when it fails, unless it may."""
        outcome = self.outcome(*arguments)
        if outcome.returncode != 0 and not may_fail:
            raise RuntimeError(f"terraform {arguments[0]}: {outcome.stderr or outcome.stdout}")
        return outcome.stdout

    def outcome(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """How a command ends and what it prints."""
        # The provider is what is on this machine: no mirror or cache of the user's own settings is asked.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
        own = {"TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self._place,
            env={**inherited, **own, **self._variables},
            capture_output=True,
            text=True,
            check=False,
        )


@cache
def provider_schema() -> Any:
    """What `terraform providers schema -json` says; asked once a machine."""
    plugins = plugin_folder()
    assert plugins is not None
    kept = cache_folder() / "judges" / f"terraform-aws-{_version(plugins)}-{platform.machine()}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as place:
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_text(Workspace(Path(place)).run("providers", "schema", "-json"))
            part.replace(kept)
    return json.loads(kept.read_text())


def _version(root: Path) -> str | None:
    folder = root / _PROVIDER
    found = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    return max(found, key=lambda text: [int(part) for part in re.findall(r"\d+", text)], default=None)

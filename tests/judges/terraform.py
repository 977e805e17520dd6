"""The Terraform AWS provider as a judge: its validators, then its plan, offline."""

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
from tests.judges.case import Case, Verdicts
from tests.judges.terraform_lowering import Lowering, NotLoweredError

_PROVIDER = Path("registry.terraform.io", "hashicorp", "aws")
_SETTINGS = {
    "region": "us-west-2",
    "access_key": "nobody",
    "secret_key": "nothing",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
    "skip_region_validation": True,
}
# Where people keep providers that they have downloaded: Terraform's own implied mirrors, and what runs here.
_PLACES = ("~/.terraform.d/plugins", "~/.terraform.d/plugin-cache", "/usr/local/share/terraform/plugins", "/opt/*")


@cache
def plugin_folder() -> Path | None:
    """A folder that Terraform takes as `-plugin-dir` and that holds its AWS provider."""
    own = os.environ.get("TF_PLUGIN_CACHE_DIR")
    roots = [Path(own)] if own else []
    for place in _PLACES:
        path = Path(place).expanduser()
        roots += sorted(path.parent.glob(path.name))
    return next((root for root in roots if _version(root)), None)


def _version(root: Path) -> str | None:
    folder = root / _PROVIDER
    found = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    return max(found, key=lambda text: [int(part) for part in re.findall(r"\d+", text)], default=None)


class Terraform:
    """`terraform validate` and `terraform plan -refresh=false` over the lowered resources."""

    name = "terraform provider"
    obtainable = False  # neither Terraform nor its provider is in the registries of Python, Go and Debian

    def __init__(self) -> None:
        self.left_out: set[tuple[str, str]] = set()

    def missing(self) -> str | None:
        if shutil.which("terraform") is None:
            return "there is no `terraform`"
        if plugin_folder() is None:
            return f"no folder holds {_PROVIDER}; looked in {', '.join(_PLACES)}"
        return None

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        with tempfile.TemporaryDirectory() as place:
            run = _Run(Path(place))
            verdicts = run.judge(cases)
        self.left_out = run.lowering.left_out
        return verdicts


class _Run:
    def __init__(self, place: Path) -> None:
        self._place = place
        plugins = plugin_folder()
        assert plugins is not None
        version = _version(plugins)
        self._document: dict[str, Any] = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": version}}},
            "provider": {"aws": _SETTINGS},
        }
        self._write()
        self._terraform("init", "-plugin-dir", str(plugins))
        self.lowering = Lowering(self._schema(version))

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        verdicts: Verdicts = {case: [] for case in cases}
        resources: dict[str, dict[str, Any]] = {}
        of_case: dict[str, str] = {}
        for case, given in cases.items():
            for node in given.nodes:
                if not node.type.startswith("aws:"):
                    continue
                try:
                    type_, arguments = self.lowering.resource(node)
                except NotLoweredError as error:
                    verdicts[case].append(str(error))
                    continue
                label = f"r{len(of_case)}"
                of_case[f"{type_}.{label}"] = case
                resources.setdefault(type_, {})[label] = arguments
        self._document["resource"] = resources
        # A plan begins with validation and ends there if that fails; so what fails is taken out before.
        for command in (["validate", "-json"], ["plan", "-json", "-refresh=false", "-input=false", "-lock=false"]):
            self._write()
            for address, problem in self._diagnostics(*command):
                verdicts[of_case[address]].append(f"{command[0]}: {problem}")
                type_, _, label = address.partition(".")
                resources[type_].pop(label, None)
        return verdicts

    def _diagnostics(self, *command: str) -> list[tuple[str, str]]:
        text = self._terraform(*command, may_fail=True)
        if command[0] == "validate":
            found = json.loads(text)["diagnostics"]
        else:
            lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
            found = [line["diagnostic"] for line in lines if line["type"] == "diagnostic"]
            if not found and not any(line["type"] == "change_summary" for line in lines):
                raise RuntimeError(f"terraform {command[0]} said neither yes nor no: {text[-2000:]}")
        problems = []
        for each in found:
            if each["severity"] != "error":
                continue
            context = (each.get("snippet") or {}).get("context") or ""
            address = each.get("address") or ".".join(re.findall(r"resource\.(\w+)\.(\w+)", context)[0])
            problems.append((address, f"{each['summary']} {each.get('detail', '')}".strip()))
        return problems

    def _schema(self, version: str | None) -> Any:
        kept = cache_folder() / "judges" / f"terraform-aws-{version}-{platform.machine()}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_text(self._terraform("providers", "schema", "-json"))
            part.replace(kept)
        return json.loads(kept.read_text())

    def _write(self) -> None:
        (self._place / "main.tf.json").write_text(json.dumps(self._document))

    def _terraform(self, *arguments: str, may_fail: bool = False) -> str:
        run = subprocess.run(
            ["terraform", *arguments],
            cwd=self._place,
            # The provider is what is on this machine: no mirror or cache of the user's own settings is asked.
            env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0 and not may_fail:
            raise RuntimeError(f"terraform {arguments[0]}: {run.stderr or run.stdout}")
        return run.stdout

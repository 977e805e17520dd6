"""checkov over the resources lowered to Terraform: what is legal and not safe."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelinfra.graph.model import Node
from tests.judges import terraform_command
from tests.judges.case import Case, Verdicts
from tests.judges.environment import CHECKOV, judges_python, not_installed
from tests.judges.terraform_command import provider_schema
from tests.judges.terraform_lowering import Lowering, NotLoweredError
from tests.judges.terraform_references import Resources, label_of, with_references
from tests.judges.waivers import Waiver, waivers

# No rules, modules or guides are fetched, and nothing is reported to its makers.
_OFFLINE = ("--skip-download", "--download-external-modules", "false", "--skip-results-upload")
# Rules that look along references: a resource alone has none.
_OF_GRAPHS = "CKV2_"


@dataclass(frozen=True)
class _Finding:
    check: str
    kind: str
    label: str
    folder: str
    said: str


class Checkov:
    """All environments in one run, each in a folder of its own; the parts of edited ones share one."""

    name = "checkov"
    quick = False

    def __init__(self) -> None:
        self.waived: set[tuple[Waiver, str]] = set()
        """Which waivers were needed, and in which environment."""

    @property
    def obtainable(self) -> bool:
        """What lowers for it knows the names from Terraform's provider, which is in no registry."""
        return terraform_command.missing() is None

    def missing(self) -> str | None:
        return terraform_command.missing() or not_installed(CHECKOV)

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        verdicts: Verdicts = {case: [] for case in cases}
        lowering = Lowering(provider_schema())
        folders: dict[str, Resources] = {}
        of_whole: dict[str, str] = {}
        of_part: dict[str, str] = {}
        for name, case in cases.items():
            try:
                if case.is_whole:
                    of_whole[f"w{len(of_whole)}"] = name
                    folders[f"w{len(of_whole) - 1}"] = with_references(case.graph, lowering, _label)
                    continue
                for node in case.nodes:
                    if node.type.startswith("aws:"):
                        if lowering.too_old(node):
                            continue
                        type_, arguments = lowering.resource(node)
                        label = f"{_label(type_, node)}--{len(of_part)}"
                        folders.setdefault("parts", {}).setdefault(type_, {})[label] = arguments
                        of_part[label] = name
            except NotLoweredError as error:
                verdicts[name].append(str(error))
        allowed = waivers()
        for found in _findings(folders):
            if found.folder == "parts" and found.check.startswith(_OF_GRAPHS):
                continue
            name = of_whole.get(found.folder) or of_part[found.label]
            environment = cases[name].environment
            resource = found.label.split("--")[1]
            fitting = [waiver for waiver in allowed if waiver.fits(found.check, found.kind, environment, resource)]
            self.waived |= {(waiver, environment) for waiver in fitting}
            if not fitting:
                verdicts[name].append(f"{found.check} {found.label.replace('--', ' ')}: {found.said}")
        return verdicts


def _label(type_: str, node: Node) -> str:
    # Of many resources checkov tells the label alone.
    return f"{type_}--{label_of(type_, node)}"


def _opened(resources: Resources) -> Resources:
    """Containers as data: checkov looks into them only so. Into policies it does not look in any form; parliament does."""
    tasks = {
        label: {**task, "container_definitions": json.loads(task["container_definitions"])}
        for label, task in resources.get("aws_ecs_task_definition", {}).items()
    }
    return {**resources, **({"aws_ecs_task_definition": tasks} if tasks else {})}


def _findings(folders: Mapping[str, Resources]) -> Iterator[_Finding]:
    with tempfile.TemporaryDirectory() as place:
        for folder, resources in folders.items():
            (Path(place) / folder).mkdir()
            (Path(place) / folder / "main.tf.json").write_text(json.dumps({"resource": _opened(resources)}))
        run = subprocess.run(
            [
                *(str(judges_python(CHECKOV)), "-m", "checkov.main", "--directory", place),
                *("--framework", "terraform_json", "--quiet", "--compact", "--output", "json", *_OFFLINE),
            ],
            cwd=place,
            # Neither a configuration in the home folder nor a key for its makers' platform has a say.
            env={"PATH": os.environ["PATH"], "HOME": place, "LOG_LEVEL": "ERROR"},
            capture_output=True,
            text=True,
            check=False,
        )
        # 1 says that something was found.
        if run.returncode not in (0, 1) or not run.stdout.lstrip().startswith("{"):
            raise RuntimeError(f"checkov ended with {run.returncode}: {run.stderr} {run.stdout[:2000]}")
        report: dict[str, Any] = json.loads(run.stdout)
    summary = report.get("summary", report)
    if summary["parsing_errors"] or (folders and not summary["passed"]):
        raise RuntimeError(f"checkov read nothing, or not all: {summary}")
    for each in report.get("results", {}).get("failed_checks", []):
        label = each["resource"].rpartition(".")[2]
        folder = Path(each["file_path"]).parent.name
        yield _Finding(each["check_id"], label.partition("--")[0], label, folder, each["check_name"])

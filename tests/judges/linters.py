"""cfn-lint over the resources lowered to CloudFormation, and parliament over policies."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import plain
from modelinfra.policies import tokens
from tests.judges.case import Case, Verdicts
from tests.judges.cloudformation import lowered
from tests.judges.environment import judges_python, not_installed

_REGION = "us-west-2"
_SCRIPT = Path(__file__).with_name("run_linters.py")
# A template holds 500 resources at most.
_TEMPLATE = 450
# Rules that compare resources: unique names, one route table a subnet, ranges that do not overlap.
_COMPARING = {"E3019", "E3022", "E3060"}
# A limit of CloudFormation itself: 500 resources.
_OF_TEMPLATES = {"E3010"}

# What parliament 1.6.4 says against policies that are right: (part of what it says) -> why it is wrong.
WAIVED: dict[str, str] = {
    "Unknown action ecs:PutSystemLogEvents": "it is older than ECS Managed Instances, whose agent has it (ECS developer guide)",
    "RESOURCE_MISMATCH: [{'action': 'ec2:CreateFleet'": (
        "it asks that one statement name every resource of the action; Karpenter's rights are one statement for what is started from, "
        "and others, with conditions, for what is started"
    ),
    "RESOURCE_MISMATCH: [{'action': 'ec2:RunInstances', 'required_format': 'arn:*:ec2:*::image/*'": "the same",
    "RESOURCE_MISMATCH: [{'action': 'ssm:GetParameter', 'required_format': 'arn:*:ssm:*:*:parameter/*'}]": (
        "AWS's public parameters are of no account, which its pattern does not take"
    ),
    "RESOURCE_MISMATCH: [{'action': 'iot:": (
        "it is older than the resources that AWS IoT's actions on things, groups and certificates know (service authorization reference)"
    ),
}


class _Linter:
    obtainable = True

    def missing(self) -> str | None:
        return not_installed()

    def _ask(self, request: Mapping[str, Any]) -> Any:
        run = subprocess.run(
            [str(judges_python()), str(_SCRIPT)], input=json.dumps(request), capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            raise RuntimeError(run.stderr)
        return json.loads(run.stdout)


class CfnLint(_Linter):
    """Errors only: warnings are about templates written by hand."""

    name = "cfn-lint"
    quick = False

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        verdicts: Verdicts = {case: [] for case in cases}
        resources: dict[str, dict[str, Any]] = {}
        of_label: dict[str, tuple[str, Node]] = {}
        for case, given in cases.items():
            for node in given.nodes:
                try:
                    resource = lowered(node)
                except KeyError:
                    verdicts[case].append(f"{node.type}: there is no row that lowers it")
                    continue
                except ValueError as error:
                    verdicts[case].append(f"{node.name}: {error}")
                    continue
                if resource is not None:
                    label = f"R{len(of_label)}"
                    of_label[label] = (case, node)
                    # A whole environment has a template of its own; cfn-lint takes half a second for each.
                    resources.setdefault(case if given.is_whole else "", {})[label] = resource
        parts = resources.pop("", {})
        templates = {f"whole {case}": _template(found) for case, found in resources.items()}
        for first in range(0, len(parts), _TEMPLATE):
            templates[f"parts {first}"] = _template(dict(list(parts.items())[first : first + _TEMPLATE]))
        for template, findings in self._ask({"region": _REGION, "templates": templates}).items():
            for finding in findings:
                if finding["rule"] in (_COMPARING if template.startswith("parts") else _OF_TEMPLATES):
                    continue
                if finding["resource"] not in of_label:
                    raise RuntimeError(f"cfn-lint speaks of no resource: {finding}")
                case, node = of_label[finding["resource"]]
                verdicts[case].append(f"{finding['rule']} {node.name}: {finding['message']}")
        return verdicts


def _template(resources: dict[str, Any]) -> dict[str, Any]:
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


class Parliament(_Linter):
    """Unknown actions, resources that do not fit them, wildcards that give everything away."""

    name = "parliament"
    quick = True

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        verdicts: Verdicts = {case: [] for case in cases}
        documents: dict[str, str] = {}
        of_case: dict[str, tuple[str, str]] = {}
        for case, given in cases.items():
            for node in given.nodes:
                for text in _documents(node):
                    label = str(len(documents))
                    documents[label], of_case[label] = text, (case, node.name)
        for label, findings in self._ask({"documents": documents}).items():
            case, name = of_case[label]
            said = (finding for finding in findings if not any(part in finding for part in WAIVED))
            verdicts[case] += [f"{name}: {finding}" for finding in said]
        return verdicts


def _documents(node: Node) -> list[str]:
    given = plain(node.inputs)
    found = [given.get("policy")] if node.type in (tokens.ROLE_POLICY, "aws:iam/policy:Policy") else []
    found += [each.get("policy") for each in given.get("inlinePolicies") or []] if node.type == tokens.ROLE else []
    return [each for each in found if isinstance(each, str)]

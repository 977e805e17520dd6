"""`modelinfra check`: what it finds in a stack, what the stack file excepts, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from modelinfra.cli.main import app
from modelinfra.policies import READINESS, RULES

PROGRAM = """
import pulumi_aws as aws

print("a program may print")
aws.ec2.SecurityGroup("web", ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}])
aws.cloudwatch.LogGroup("log")
aws.lb.LoadBalancer("lb", internal=True, drop_invalid_header_fields=True)
"""
OPEN = {"id": "open-internet", "resource": "web", "reason": "a bastion", "expires": "2999-01-01"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return configured(tmp_path)


def configured(root: Path, **config: Any) -> Path:
    given = {"aws:region": "us-west-2"} | {f"modelinfra:{key}": value for key, value in config.items()}
    (root / "Pulumi.dev.yaml").write_text(json.dumps({"config": given}))
    return root


def check(root: Path, *arguments: Any) -> Result:
    return CliRunner().invoke(app, ["check", "dev", "-C", str(root), *map(str, arguments)])


def test_findings_come_worst_first_and_a_bad_one_is_exit_status_1(shop: Path) -> None:
    result = check(shop)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "high    open-internet  web: it lets 0.0.0.0/0 in on the ports 22 to 22. Name who may come in.",
        "low     ready-log-retention  log: its logs are kept, and paid, for ever. Write retentionInDays.",
        "1 high, 0 medium, 1 low, 0 excepted.",
    ]


def test_what_counts_as_bad_can_be_said(shop: Path) -> None:
    configured(shop, exceptions=[OPEN])
    assert [check(shop, "--fail-on", each).exit_code for each in ("high", "medium", "low", "never")] == [0, 0, 1, 0]


def test_an_exception_is_shown_with_its_reason(shop: Path) -> None:
    lines = check(configured(shop, exceptions=[OPEN])).stdout.splitlines()
    assert "except  open-internet  web: a bastion (until 2999-01-01)" in lines
    assert lines[-1] == "0 high, 0 medium, 1 low, 1 excepted."


def test_a_date_without_quotes_is_the_same(shop: Path) -> None:
    exception = "{id: open-internet, reason: a bastion, expires: 2999-01-01}"
    (shop / "Pulumi.dev.yaml").write_text(f"config:\n  modelinfra:exceptions: [{exception}]\n")
    assert check(shop).exit_code == 0


def test_a_wrong_exception_is_exit_status_2(shop: Path) -> None:
    result = check(configured(shop, exceptions=[{**OPEN, "id": "open-internt"}]))
    assert result.exit_code == 2
    assert "Did you mean 'open-internet'?" in result.stderr


def test_rules_of_production_follow_the_stack_file_or_the_option(shop: Path) -> None:
    assert "ready-deletion-protection" in check(shop, "--production").stdout
    configured(shop, environment={"production": True})
    assert "ready-deletion-protection" in check(shop).stdout
    assert "ready-deletion-protection" not in check(shop, "--no-production").stdout


def test_json_holds_findings_and_exceptions_and_nothing_else_is_printed(shop: Path) -> None:
    data = json.loads(check(configured(shop, exceptions=[OPEN]), "--format", "json").stdout)
    assert [each["id"] for each in data["findings"]] == ["ready-log-retention"]
    assert [(each["id"], each["reason"]) for each in data["excepted"]] == [("open-internet", "a bastion")]


def test_sarif_points_at_the_line_that_made_the_resource(shop: Path) -> None:
    log = json.loads(check(configured(shop, exceptions=[OPEN]), "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    retention, opened = log["runs"][0]["results"]
    place = retention["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "__main__.py"
    assert PROGRAM.splitlines()[place["region"]["startLine"] - 1].startswith("aws.cloudwatch.LogGroup")
    assert opened["suppressions"] == [{"kind": "external", "justification": "a bastion (until 2999-01-01)"}]
    assert [each["id"] for each in log["runs"][0]["tool"]["driver"]["rules"]] == [
        "open-internet",
        "ready-log-retention",
    ]


ENDPOINT_PROGRAM = """
import pulumi
import pulumi_aws as aws


class Endpoint(pulumi.ComponentResource):
    def __init__(self, name, parent):
        super().__init__("modelinfra:index:ModelEndpoint", name, opts=pulumi.ResourceOptions(parent=parent))
        aws.cloudwatch.LogGroup(f"{name}-log", opts=pulumi.ResourceOptions(parent=self))


Endpoint("dev-chat", pulumi.ComponentResource("modelinfra:index:Environment", "dev"))
aws.cloudwatch.LogGroup("alone")
"""
STACK = """config:
  aws:region: us-west-2
  modelinfra:environment:
    endpoints:
      iris: {}
      chat: {}
  modelinfra:exceptions:
    - {id: ready-tls, reason: nothing needs it, expires: "2999-01-01"}
    - id: ready-log-retention
      resource: alone
      reason: it was to be mended
      expires: "2020-01-01"
"""


def lines_of(log: Any) -> list[tuple[str, str, int]]:
    places = [(each["ruleId"], each["locations"][0]["physicalLocation"]) for each in log["runs"][0]["results"]]
    return sorted((rule, at["artifactLocation"]["uri"], at["region"]["startLine"]) for rule, at in places)


@pytest.mark.parametrize("folder", ["", "infra", "infra/my own"])
def test_sarif_names_files_from_the_top_of_the_repository(tmp_path: Path, folder: str) -> None:
    (tmp_path / ".git").mkdir()
    project = tmp_path / folder
    project.mkdir(parents=True, exist_ok=True)
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\nstackConfigDir: stacks\n")
    (project / "__main__.py").write_text(ENDPOINT_PROGRAM)
    (project / "stacks").mkdir()
    (project / "stacks" / "Pulumi.dev.yaml").write_text(STACK)
    # A file of the same name at the top is another one.
    if folder:
        (tmp_path / "__main__.py").write_text("")
    before = f"{folder}/".replace(" ", "%20") if folder else ""
    log = json.loads(check(project, "--format", "sarif").stdout)
    assert lines_of(log) == [
        ("exception-expired", f"{before}stacks/Pulumi.dev.yaml", 9),
        ("exception-unmatched", f"{before}stacks/Pulumi.dev.yaml", 8),
        ("ready-log-retention", f"{before}__main__.py", 13),
        ("ready-log-retention", f"{before}stacks/Pulumi.dev.yaml", 6),
    ]


def test_sarif_tells_two_exceptions_of_one_kind_apart(shop: Path) -> None:
    unused = [{**OPEN, "resource": name} for name in ("a", "b")]
    log = json.loads(check(configured(shop, exceptions=unused), "--format", "sarif").stdout)
    results = log["runs"][0]["results"]
    assert len({each["partialFingerprints"]["resource/v1"] for each in results}) == len(results)


def test_sarif_of_a_project_in_no_repository_names_files_from_the_project(shop: Path) -> None:
    log = json.loads(check(configured(shop, exceptions=[OPEN]), "--format", "sarif").stdout)
    assert {uri for _, uri, _ in lines_of(log)} == {"__main__.py"}


def test_a_stack_file_that_is_a_link_out_of_the_repository_has_no_place(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (root / "__main__.py").write_text(ENDPOINT_PROGRAM)
    (tmp_path / "outside.yaml").write_text(STACK)
    (root / "Pulumi.dev.yaml").symlink_to(tmp_path / "outside.yaml")
    log = json.loads(check(root, "--format", "sarif").stdout)
    assert {uri for _, uri, _ in lines_of(log)} == {"__main__.py", "Pulumi.dev.yaml"}


def test_the_engines_state_can_be_looked_at_instead(shop: Path, tmp_path: Path) -> None:
    urn = "urn:pulumi:dev::shop::aws:cloudwatch/logGroup:LogGroup::log"
    state = {"urn": urn, "type": "aws:cloudwatch/logGroup:LogGroup", "custom": True, "id": "log", "inputs": {}}
    file = tmp_path / "export.json"
    file.write_text(json.dumps({"deployment": {"resources": [state]}}))
    assert check(shop, "--from", file).stdout.splitlines()[-1] == "0 high, 0 medium, 1 low, 0 excepted."
    file.write_text("{}")
    result = check(shop, "--from", file)
    assert result.exit_code == 2
    assert "neither a preview" in result.stderr


def test_every_rule_is_listed() -> None:
    result = CliRunner().invoke(app, ["check", "--rules", "--format", "json"])
    assert [each["id"] for each in json.loads(result.stdout)] == [rule.id for rule in (*RULES, *READINESS)]
    assert len(CliRunner().invoke(app, ["check", "--rules"]).stdout.splitlines()) == len(RULES) + len(READINESS)

"""Every rule of readiness finds the mistake that it is for, and nothing in a program that is ready."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from modelinfra.graph.model import Graph
from modelinfra.policies import READINESS, RULES, check
from modelinfra.policies import tokens as t
from modelinfra.policies.readiness import nodes, sagemaker
from modelinfra.policies.rule import SEVERITIES
from tests.policies.complaints import COMPLAINTS
from tests.policies.editing import Edit, Mistake, drop, lose, put, text, twice
from tests.policies.good import good
from tests.policies.mistakes_kubernetes import HIDDEN, KUBERNETES_MISTAKES
from tests.policies.ready import ready
from tests.policies.ready_kubernetes import ready_kubernetes

_BUCKET, _VOLUME = "aws:s3/bucket:Bucket", "aws:ebs/volume:Volume"


def _container(path: str, value: object) -> object:
    return text(t.TASK, "containerDefinitions", f"[0].{path}", value)


def _shipper(masks: str, unparsed: str) -> dict[str, str]:
    told = f'{{"store": "s3://captured/x/", "mask": {masks}, "unparsed": "{unparsed}"}}'
    return {"name": "MODELINFRA_SHIPPER", "value": told}


def _policy(value: object) -> object:
    return text(t.ROLE_POLICY, "policy", "Statement[0].Action", value)


def _unprotected(graph: Graph) -> None:
    graph.one(_BUCKET).protect = None


def _one_role(graph: Graph) -> None:
    task = graph.one(t.TASK)
    task.inputs["taskRoleArn"] = task.inputs["executionRoleArn"]


def _open_bucket(graph: Graph) -> None:
    put("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicAcls", False)(graph)


def _nodes_in_one_zone(graph: Graph) -> None:
    for group in graph.all(nodes.NODES):
        group.inputs["subnetIds"] = ["subnet-1"]


AWS_MISTAKES = (
    Mistake("no scaling", lose(t.SCALING_TARGET, "replicas"), "ready-scaling"),
    Mistake("no policy", lose(t.SCALING_POLICY), "ready-scaling"),
    Mistake("one replica", put(t.SCALING_TARGET, "minCapacity", 1, "replicas"), "ready-two-replicas"),
    Mistake("from zero by CPU", put(t.SCALING_TARGET, "minCapacity", 0, "replicas"), "ready-scale-from-zero"),
    Mistake("no rollback", drop(t.SERVICE, "deploymentCircuitBreaker"), "ready-rollback"),
    Mistake("no alarms", drop(t.SERVICE, "alarms"), "ready-rollback-alarms"),
    Mistake("one zone", put(t.SUBNET, "availabilityZone", "us-west-2a", "private-b"), "ready-service-zones"),
    Mistake("half", put(t.SERVICE, "deploymentMinimumHealthyPercent", 50), "ready-healthy-percent"),
    Mistake("killed early", _container("stopTimeout", 5), "ready-stop-timeout"),  # type: ignore[arg-type]
    Mistake("no insights", drop(t.CLUSTER, "settings"), "ready-insights"),
    Mistake("no alarm", lose(t.ALARM, "errors"), "ready-alarm"),
    Mistake("latest", _container("image", "server:latest"), "ready-image-pinned"),  # type: ignore[arg-type]
    Mistake("plain", _container("environment[0]", {"name": "API_KEY", "value": "x"}), "ready-plain-secret"),  # type: ignore[arg-type]
    Mistake("unmasked", _container("environment[0]", _shipper("[]", "drop")), "ready-capture-masked"),  # type: ignore[arg-type]
    Mistake("raw", _container("environment[0]", _shipper('["email"]', "keep")), "ready-capture-masked"),  # type: ignore[arg-type]
    Mistake("no log", _container("logConfiguration", None), "ready-log"),  # type: ignore[arg-type]
    Mistake("writable", _container("readonlyRootFilesystem", False), "ready-read-only"),  # type: ignore[arg-type]
    Mistake("privileged", _container("privileged", True), "ready-privileged"),  # type: ignore[arg-type]
    Mistake("host", put(t.TASK, "pidMode", "host"), "ready-host-namespace"),
    Mistake("one role", _one_role, "ready-roles-apart"),
    Mistake("login", _policy("ecr:GetAuthorizationToken"), "ready-registry-login"),  # type: ignore[arg-type]
    Mistake("shared role", twice(t.TASK), "ready-role-per-task"),
    Mistake("HTTP", put(t.LISTENER, "defaultActions", [{"type": "fixed-response"}], "http"), "ready-tls"),
    Mistake("old TLS", drop(t.LISTENER, "sslPolicy", "https"), "ready-tls-policy"),
    Mistake("headers", drop(t.LOAD_BALANCER, "dropInvalidHeaderFields"), "ready-invalid-headers"),
    Mistake("deletable", drop(t.LOAD_BALANCER, "enableDeletionProtection"), "ready-deletion-protection"),
    Mistake("no access log", drop(t.LOAD_BALANCER, "accessLogs"), "ready-access-logs"),
    Mistake("unguarded", lose("aws:wafv2/webAclAssociation:WebAclAssociation"), "ready-public-guarded"),
    Mistake("no flow log", lose(t.FLOW_LOG), "ready-flow-logs"),
    Mistake("public", put(t.SUBNET, "mapPublicIpOnLaunch", True, "public-a"), "ready-subnet-addresses"),
    Mistake("one NAT", lose(t.NAT, "nat-b"), "ready-nat-per-zone"),
    Mistake(
        "no key",
        lose("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"),
        "ready-bucket-key",
    ),
    Mistake("no versions", lose("aws:s3/bucketVersioning:BucketVersioning"), "ready-bucket-versions"),
    Mistake("open bucket", _open_bucket, "ready-bucket-closed"),
    Mistake("plain disk", drop(_VOLUME, "encrypted"), "ready-encrypted"),
    Mistake("not kept", _unprotected, "ready-kept"),
    Mistake("movable", put(t.REPOSITORY, "imageTagMutability", "MUTABLE"), "ready-tags-immutable"),
    Mistake("unscanned", drop(t.REPOSITORY, "imageScanningConfiguration"), "ready-image-scan"),
    Mistake("for ever", drop(t.LOG_GROUP, "retentionInDays"), "ready-log-retention"),
    Mistake("no budget", lose("aws:budgets/budget:Budget"), "ready-budget"),
    Mistake("many replicas", put(t.SCALING_TARGET, "maxCapacity", 5000, "replicas"), "ready-scaling-limit"),
    Mistake("open API", drop(nodes.EKS, "vpcConfig.endpointPublicAccess"), "ready-eks-api"),
    Mistake("no audit", put(nodes.EKS, "enabledClusterLogTypes", ["api"]), "ready-eks-logs"),
    Mistake("plain secrets", drop(nodes.EKS, "encryptionConfig"), "ready-eks-secrets"),
    Mistake("deletable cluster", drop(nodes.EKS, "deletionProtection"), "ready-eks-kept"),
    Mistake("nodes in one zone", _nodes_in_one_zone, "ready-node-zones"),
    Mistake("one type", put(nodes.NODES, "instanceTypes", ["g5.xlarge"]), "ready-node-types"),
    Mistake("no taint", drop(nodes.NODES, "taints"), "ready-gpu-taint"),
    Mistake("many nodes", put(nodes.NODES, "scalingConfig.maxSize", 500), "ready-node-limit"),
    Mistake("no repair", drop(nodes.NODES, "nodeRepairConfig"), "ready-node-repair"),
    Mistake(
        "metadata", drop("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens"), "ready-metadata-token"
    ),
    Mistake(
        "one instance",
        put(sagemaker.CONFIGURATION, "productionVariants[0].initialInstanceCount", 1),
        "ready-sagemaker-instances",
    ),
    Mistake("unscaled", lose(t.SCALING_TARGET, "variant"), "ready-sagemaker-scaling"),
    Mistake("one subnet", put(sagemaker.MODEL, "vpcConfig.subnets", ["subnet-1"]), "ready-sagemaker-zones"),
    Mistake("calls out", drop(sagemaker.MODEL, "enableNetworkIsolation"), "ready-sagemaker-isolation"),
    Mistake("no disk key", drop(sagemaker.CONFIGURATION, "kmsKeyArn"), "ready-sagemaker-key"),
    Mistake("no guardrail", drop(sagemaker.ENDPOINT, "deploymentConfig"), "ready-sagemaker-rollback"),
    Mistake("unwatched", lose(t.ALARM, "slow"), "ready-sagemaker-watched"),
    *COMPLAINTS,
)


MISTAKES = (*AWS_MISTAKES, *KUBERNETES_MISTAKES)
# Within the table of versions of EKS: all of its newest ones are in standard support.
TODAY = date(2026, 11, 27)


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return {"rich": ready(), "kubernetes": ready_kubernetes()}


@pytest.fixture(scope="module")
def graph(graphs: dict[str, Graph]) -> Graph:
    return graphs["rich"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_found_by_its_rule(mistake: Mistake, graphs: dict[str, Graph]) -> None:
    found = {finding.rule for finding in check(mistake.planted(graphs[mistake.base]), READINESS, today=TODAY)}
    assert mistake.rule in found, found


@pytest.mark.parametrize("base", ["rich", "kubernetes"])
def test_nothing_is_found_in_a_program_that_is_ready(base: str, graphs: dict[str, Graph]) -> None:
    assert check(graphs[base], READINESS, today=TODAY) == []


def test_nothing_is_found_in_the_preview_of_a_kubernetes_program_that_is_ready() -> None:
    assert check(ready_kubernetes(preview=True), READINESS, today=TODAY) == []


@pytest.mark.parametrize("hide", HIDDEN)
def test_what_is_known_after_the_deployment_only_is_no_finding(hide: Edit, graphs: dict[str, Graph]) -> None:
    assert check(Mistake("hidden", hide).planted(graphs["kubernetes"]), READINESS, today=TODAY) == []


def test_every_rule_has_a_mistake_that_it_finds() -> None:
    assert {rule.id for rule in READINESS} == {mistake.rule for mistake in MISTAKES}


def test_ids_differ_also_from_those_of_the_other_rules() -> None:
    assert len({rule.id for rule in (*RULES, *READINESS)}) == len(RULES) + len(READINESS)
    assert all(rule.fact and rule.source and rule.remedy for rule in READINESS)


def test_rules_of_production_are_not_asked_of_others(graphs: dict[str, Graph]) -> None:
    mistakes = [each for each in MISTAKES if {rule.id: rule.production for rule in READINESS}[each.rule]]
    assert mistakes
    for mistake in mistakes:
        asked = {each.rule for each in check(mistake.planted(graphs[mistake.base]), READINESS, production=False)}
        assert mistake.rule not in asked


def test_a_finding_has_the_severity_of_its_rule(graph: Graph) -> None:
    (mistake,) = [each for each in MISTAKES if each.name == "plain"]
    assert [each.severity for each in check(mistake.planted(graph), READINESS)] == ["high"]
    assert {rule.severity for rule in READINESS} == set(SEVERITIES)


def test_what_our_own_environment_lacks_for_production_is_known(tmp_path: Path) -> None:
    """Each of these is an option to come or a decision; a new one among them is a step back."""
    assert {each.rule for each in check(good("wide", tmp_path), READINESS)} == {
        "ready-access-logs", "ready-budget", "ready-read-only", "ready-tls", "ready-two-replicas",
    }  # fmt: skip


def test_the_docs_name_every_rule_of_readiness_and_none_that_does_not_exist() -> None:
    text = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()
    named = set(re.findall(r"`(ready-[a-z-]*[a-z])`", text))
    assert named == {rule.id for rule in READINESS}

"""Whether SageMaker endpoints survive a zone, roll back, scale, and keep their data to themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number

CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
MODEL = "aws:sagemaker/model:Model"
_SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"


def _variants(view: View) -> Iterator[tuple[Node, dict[str, Any]]]:
    for node, configuration in view.each(CONFIGURATION):
        for variant in listed(configuration.get("productionVariants")):
            yield node, dict(mapping(variant))


def _one_instance(view: View) -> Found:
    for node, variant in _variants(view):
        count = number(variant.get("initialInstanceCount", 1))
        if not variant.get("serverlessConfig") and count is not None and count < 2:
            yield node, f"{variant.get('variantName') or 'a variant'} runs on one instance"


def _unscaled(view: View) -> Found:
    scaled = " ".join(str(target.get("resourceId")) for _, target in view.each(tokens.SCALING_TARGET))
    behind = {urn for node in view.all(tokens.SCALING_TARGET) for urns in node.property_deps.values() for urn in urns}
    for node, endpoint in view.each(ENDPOINT):
        name = endpoint.get("name") or node.outputs.get("name")
        if node.urn not in behind and not (isinstance(name, str) and f"endpoint/{name}/" in scaled):
            yield node, "nothing scales it"


def _one_zone(view: View) -> Found:
    for node, model in view.each(MODEL):
        subnets = mapping(model.get("vpcConfig")).get("subnets")
        if not isinstance(subnets, list):
            continue
        known = view.targets(node, "vpcConfig", tokens.SUBNET, subnets)
        zones = {view.inputs(each).get("availabilityZone", each.urn) for each in known}
        if len(subnets) < 2 or (len(known) == len(subnets) and len(zones) < 2):
            yield node, "its subnets are in one zone"


def _not_isolated(view: View) -> Found:
    for node, model in view.each(MODEL):
        if model.get("enableNetworkIsolation") in (None, False):
            yield node, "its container may call anybody"


def _plain(view: View) -> Found:
    for node, configuration in view.each(CONFIGURATION):
        if not configuration.get("kmsKeyArn") and configuration.get("kmsKeyArn") is not Unknown:
            yield node, "the disks of its instances are not encrypted with a key of yours"
        capture = mapping(configuration.get("dataCaptureConfig"))
        if capture.get("enableCapture") is True and capture.get("kmsKeyId") is None:
            yield node, "what it captures of requests is not encrypted with a key of yours"


def _no_rollback(view: View) -> Found:
    for node, endpoint in view.each(ENDPOINT):
        given = endpoint.get("deploymentConfig")
        if given is not Unknown and not listed(mapping(mapping(given).get("autoRollbackConfiguration")).get("alarms")):
            yield node, "no alarm rolls a deployment back"


def _unwatched(view: View) -> Found:
    alarms = view.all(tokens.ALARM)
    for node, endpoint in view.each(ENDPOINT):
        name = endpoint.get("name") or node.outputs.get("name")
        for alarm in alarms:
            behind = {urn for urns in alarm.property_deps.values() for urn in urns}
            if node.urn in behind or (isinstance(name, str) and name in str(view.inputs(alarm).get("dimensions"))):
                break
        else:
            if not view.all(_SCHEDULE):
                yield node, "neither an alarm nor a monitoring schedule watches it"


_FACTS = "facts readiness.md section 1 row"

RULES = (
    Rule(
        "ready-sagemaker-instances",
        "In production a variant runs on two instances at least",
        f"{_FACTS} 5 (AWS Config sagemaker-endpoint-config-prod-instance-count)",
        "Write an initialInstanceCount of 2.",
        _one_instance,
        "medium",
        production=True,
    ),
    Rule(
        "ready-sagemaker-scaling",
        "An endpoint follows its load",
        f"{_FACTS} 1 (MLREL05-BP01)",
        "Add a scaling target and a policy of its variant.",
        _unscaled,
        "medium",
    ),
    Rule(
        "ready-sagemaker-zones",
        "A model in a VPC has subnets of two zones",
        f"{_FACTS} 6",
        "Name subnets of two zones.",
        _one_zone,
        "medium",
    ),
    Rule(
        "ready-sagemaker-isolation",
        "A model's container calls nobody",
        f"{_FACTS} 7 (AWS Config sagemaker-model-isolation-enabled)",
        "Write enableNetworkIsolation true; a model that pulls at run time needs an exception.",
        _not_isolated,
        "low",
    ),
    Rule(
        "ready-sagemaker-key",
        "Disks and captured requests are encrypted with a key",
        f"{_FACTS} 8 (prowler sagemaker_endpoint_config_kms_encryption_enabled)",
        "Write kmsKeyArn, and kmsKeyId of dataCaptureConfig. Instances with local NVMe disks take none: make an exception.",
        _plain,
        "low",
    ),
    Rule(
        "ready-sagemaker-rollback",
        "Alarms roll a bad deployment back",
        f"{_FACTS} 3, 4 (SageMaker deployment guardrails)",
        "Write deploymentConfig with autoRollbackConfiguration and the new variant's alarms.",
        _no_rollback,
        "medium",
        production=True,
    ),
    Rule(
        "ready-sagemaker-watched",
        "An endpoint is watched by an alarm or a monitoring schedule",
        f"{_FACTS} 9, 40",
        "Add an alarm with the endpoint's name among its dimensions.",
        _unwatched,
        "medium",
    ),
)

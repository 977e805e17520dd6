"""Mistakes for which there is no rule of ours, since judges from elsewhere find them."""

from __future__ import annotations

from typing import Any

from modelinfra.policies import tokens as t
from tests.policies.editing import Mistake, drop, put, text

_EVERY_ROLE = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}


def _statement(path: str, value: Any) -> Any:
    return text(t.ROLE_POLICY, "policy", f"Statement[0].{path}", value, "iris-execution")


MISTAKES = (
    Mistake("tags propagated from nowhere", put(t.SERVICE, "propagateTags", "SERVICES")),
    Mistake("a log kept for 31 days", put(t.LOG_GROUP, "retentionInDays", 31)),
    Mistake("an operator that is none", put(t.ALARM, "comparisonOperator", "Above")),
    Mistake("missing data treated as fine", put(t.ALARM, "treatMissingData", "fine")),
    Mistake("HTTPS without certificate", put(t.LISTENER, "protocol", "HTTPS")),
    Mistake("a protocol that is none", put(t.TARGET_GROUP, "protocol", "HTPP")),
    Mistake("an action that is none", put(t.LISTENER_RULE, "actions[0].type", "forwards")),
    Mistake("a status that is none", put(t.LISTENER, "defaultActions[0].fixedResponse.statusCode", "4o4")),
    Mistake("a rewrite that is none", put(t.LISTENER_RULE, "transforms[0].type", "path-rewrite")),
    Mistake(
        "an exclusion that is none", put(t.REPOSITORY, "imageTagMutabilityExclusionFilters[0].filterType", "REGEX")
    ),
    Mistake("an action of IAM that is none", _statement("Action", "logs:PutLogEvent")),
    Mistake("an action on what it cannot act on", _statement("Resource", "arn:aws:s3:::bucket/*")),
    Mistake("an effect that is none", _statement("Effect", "Permit")),
    Mistake("every role passed on", text(t.ROLE_POLICY, "policy", "Statement[0]", _EVERY_ROLE, "iris-execution")),
    Mistake("a condition on a key that is none", _statement("Condition", {"StringEquals": {"logs:colour": "red"}})),
    Mistake("a policy that is not JSON", put(t.ROLE_POLICY, "policy", "{Version:}", "iris-execution")),
    Mistake(
        "an old version of the policy language", text(t.ROLE_POLICY, "policy", "Version", "2012", "iris-execution")
    ),
    Mistake("a role's ARN that is none", put(t.TASK, "executionRoleArn", "iris-execution")),
    Mistake("an architecture that is none", put(t.TASK, "runtimePlatform.cpuArchitecture", "X86")),
    Mistake("a compatibility that is none", put(t.TASK, "requiresCompatibilities", ["FARGATES"])),
    Mistake("a strategy that is none", put(t.SERVICE, "deploymentConfiguration", {"strategy": "BLUEGREEN"})),
    Mistake("rebalancing that is none", put(t.SERVICE, "availabilityZoneRebalancing", "ON")),
    Mistake("a dimension that is none", put(t.SCALING_TARGET, "scalableDimension", "ecs:service:Desired")),
    Mistake("a kind of policy that is none", put(t.SCALING_POLICY, "policyType", "TargetTracking")),
    Mistake(
        "a metric that is none",
        put(
            t.SCALING_POLICY,
            "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType",
            "CPU",
        ),
    ),
    Mistake("a port of 70,000", put(t.EGRESS, "toPort", 70_000)),
    Mistake("a protocol of a rule that is none", put(t.EGRESS, "ipProtocol", "htpp")),
    Mistake("a range that is none", put(t.INGRESS, "cidrIpv4", "10.0.0.0/33", "web-shared-from-network")),
    Mistake("a kind of endpoint that is none", put(t.VPC_ENDPOINT, "vpcEndpointType", "Gate")),
    Mistake("traffic that is none", put(t.FLOW_LOG, "trafficType", "EVERYTHING")),
    Mistake("a lifecycle that is not JSON", put(t.LIFECYCLE, "policy", "{rules}")),
    Mistake("a health check's path without slash", put(t.TARGET_GROUP, "healthCheck.path", "ready")),
    Mistake("an input that is none", put(t.CLUSTER, "setings", [])),
    Mistake("a target group without VPC", drop(t.TARGET_GROUP, "vpcId")),
    Mistake("an alarm without periods", drop(t.ALARM, "evaluationPeriods")),
    Mistake("images that nobody scans", put(t.REPOSITORY, "imageScanningConfiguration.scanOnPush", False)),
    Mistake("tags that move", put(t.REPOSITORY, "imageTagMutability", "MUTABLE")),
    Mistake("headers that are none let through", put(t.LOAD_BALANCER, "dropInvalidHeaderFields", False)),
    Mistake("a log kept for ever", drop(t.LOG_GROUP, "retentionInDays")),
    Mistake("a cluster nobody watches", put(t.CLUSTER, "settings[0].value", "disabled")),
    Mistake("subnets that hand out public addresses", put(t.SUBNET, "mapPublicIpOnLaunch", True)),
    Mistake("a rule that says nothing of itself", drop(t.INGRESS, "description")),
    Mistake("production that may be deleted", put(t.LOAD_BALANCER, "enableDeletionProtection", False), base="wide"),
)

"""What differs between Pulumi's inputs and CloudFormation's properties by more than a name, one function a type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Given = dict[str, Any]


def _attributes(names: Mapping[str, str]) -> Callable[[Given, str], None]:
    """Moves inputs into a list of keys and values, as CloudFormation has the attributes of load balancers."""

    def move(given: Given, key: str) -> None:
        found = [
            {"Key": attribute, "Value": str(given.pop(name)).lower()}
            for name, attribute in names.items()
            if name in given
        ]
        if found:
            given[key] = found

    return move


_balancer_attributes = _attributes(
    {
        "idleTimeout": "idle_timeout.timeout_seconds",
        "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
        "enableDeletionProtection": "deletion_protection.enabled",
        "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    }
)
_target_attributes = _attributes(
    {
        "deregistrationDelay": "deregistration_delay.timeout_seconds",
        "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
        "slowStart": "slow_start.duration_seconds",
    }
)
_listener_attributes = _attributes({"tcpIdleTimeoutSeconds": "tcp.idle_timeout.seconds"})
_HEALTH = {
    "path": "healthCheckPath",
    "protocol": "healthCheckProtocol",
    "port": "healthCheckPort",
    "interval": "healthCheckIntervalSeconds",
    "timeout": "healthCheckTimeoutSeconds",
    "healthyThreshold": "healthyThresholdCount",
    "unhealthyThreshold": "unhealthyThresholdCount",
}


def balancer(given: Given) -> Given:
    given["scheme"] = "internal" if given.pop("internal", False) else "internet-facing"
    logs = given.pop("accessLogs", None)
    _balancer_attributes(given, "loadBalancerAttributes")
    if logs is not None:
        given["loadBalancerAttributes"] += [
            {"key": f"access_logs.s3.{key}", "value": str(value).lower()} for key, value in sorted(logs.items())
        ]
    return given


def target_group(given: Given) -> Given:
    check = given.pop("healthCheck", {})
    given |= {new: check[old] for old, new in _HEALTH.items() if old in check}
    if "matcher" in check:
        code = "grpcCode" if given.get("protocolVersion") == "GRPC" else "httpCode"
        given["matcher"] = {code: check["matcher"]}
    _target_attributes(given, "targetGroupAttributes")
    return given


# Pulumi's word -> CloudFormation's.
_ACTIONS = {
    "fixedResponse": "fixedResponseConfig",
    "redirect": "redirectConfig",
    "authenticateOidc": "authenticateOidcConfig",
    "authenticateCognito": "authenticateCognitoConfig",
    "jwtValidation": "jwtValidationConfig",
}


def _actions(key: str) -> Callable[[Given], Given]:
    def shape(given: Given) -> Given:
        for action in given.get(key, []):
            for old, new in _ACTIONS.items():
                if old in action:
                    action[new] = action.pop(old)
            if "forward" in action:
                forward = action.pop("forward")
                groups = [
                    {"targetGroupArn": each["arn"], "weight": each.get("weight", 1)}
                    for each in forward.get("targetGroups", [])
                ]
                action["forwardConfig"] = {"targetGroups": groups}
        return given

    return shape


def listener(given: Given) -> Given:
    _listener_attributes(given, "listenerAttributes")
    certificate = given.pop("certificateArn", None)
    if certificate is not None:
        given["certificates"] = [{"certificateArn": certificate}]
    return _actions("defaultActions")(given)


def api_domain(given: Given) -> Given:
    given["domainNameConfigurations"] = [given.pop("domainNameConfiguration")]
    return given


def auto_named(given: Given) -> Given:
    """CloudFormation must be told a name that Pulumi's provider makes of the logical one."""
    return {"name": "made-of-the-logical-name", **given}


def api_authorizer(given: Given) -> Given:
    given = auto_named(given)
    asked = given.get("jwtConfiguration", {})
    if "audiences" in asked:
        asked["audience"] = asked.pop("audiences")
    return given


_CONDITIONS = {
    "pathPattern": "path-pattern",
    "hostHeader": "host-header",
    "sourceIp": "source-ip",
    "httpRequestMethod": "http-request-method",
}


def listener_rule(given: Given) -> Given:
    given["conditions"] = [
        {"field": name, f"{key}Config": condition[key]}
        for condition in given.get("conditions", [])
        for key, name in _CONDITIONS.items()
        if key in condition
    ]
    for transform in given.get("transforms", []):
        rewrite = transform.get("urlRewriteConfig", {})
        if "rewrite" in rewrite:
            rewrite["rewrites"] = [rewrite.pop("rewrite")]
    return _actions("actions")(given)


def task(given: Given) -> Given:
    definitions = given.get("containerDefinitions")
    given["containerDefinitions"] = json.loads(definitions) if isinstance(definitions, str) else []
    if "ephemeralStorage" in given:
        given["ephemeralStorage"] = {"sizeInGiB": given["ephemeralStorage"].get("sizeInGib")}
    given["volumes"] = [
        {"name": each.get("name"), "host": {"sourcePath": each["hostPath"]}} if "hostPath" in each else each
        for each in given.pop("volumes", [])
    ] or None
    return given


def service(given: Given) -> Given:
    network = given.pop("networkConfiguration", None)
    if network is not None:
        public = "ENABLED" if network.pop("assignPublicIp", False) else "DISABLED"
        given["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": public}}
    deployment = {
        "maximumPercent": given.pop("deploymentMaximumPercent", None),
        "minimumHealthyPercent": given.pop("deploymentMinimumHealthyPercent", None),
        "deploymentCircuitBreaker": given.pop("deploymentCircuitBreaker", None),
        "alarms": given.pop("alarms", None),
        **given.pop("deploymentConfiguration", {}),
    }
    given["deploymentConfiguration"] = {key: value for key, value in deployment.items() if value is not None}
    shaped = given["deploymentConfiguration"]
    # Pulumi has minutes as text.
    steps = (shaped.get("canaryConfiguration", {}), shaped.get("linearConfiguration", {}))
    for part in (shaped, *steps):
        part |= {key: int(value) for key, value in part.items() if key.endswith("InMinutes")}
    return given


def role_policy(given: Given) -> Given:
    return {**given, "policy": json.loads(given["policy"])}


def role(given: Given) -> Given:
    return {**given, "assumeRolePolicy": json.loads(given["assumeRolePolicy"])}


def alarm(given: Given) -> Given:
    for query in given.get("metricQueries", []):
        metric = query.pop("metric", None)
        if metric is not None:
            metric = dict(metric)
            outer = {key: metric.pop(key) for key in ("period", "stat", "unit") if key in metric}
            query["metricStat"] = {"metric": _with_dimensions(metric), **outer}
    return _with_dimensions(given)


def _with_dimensions(given: Given) -> Given:
    if isinstance(given.get("dimensions"), dict):
        given["dimensions"] = [{"name": key, "value": value} for key, value in given["dimensions"].items()]
    return given


def scaling_policy(given: Given) -> Given:
    given["scalingTargetId"] = None
    return given


def function(given: Given) -> Given:
    """Its code is an archive that Pulumi uploads."""
    return {**given, "code": {"s3Bucket": "acme-code", "s3Key": "code.zip"}}


def described(properties: str, description: str) -> Callable[[Given], Given]:
    """What AWS IoT keeps of a group or of a type of things has longer names."""

    def shape(given: Given) -> Given:
        kept = dict(given.pop("properties"))
        kept[description] = kept.pop("description")
        return {**given, properties: kept}

    return shape


def topic_rule(given: Given) -> Given:
    told = given.pop("sns", [])
    payload = {
        "awsIotSqlVersion": given.pop("sqlVersion"),
        "description": given.pop("description"),
        "ruleDisabled": not given.pop("enabled"),
        "sql": given.pop("sql"),
        "actions": [{"sns": each} for each in told],
    }
    return {**given, "topicRulePayload": payload}


def queue(given: Given) -> Given:
    redrive = given.pop("redrivePolicy", None)
    return given if redrive is None else {**given, "redrivePolicy": json.loads(redrive)}


def repository(given: Given) -> Given:
    filters = given.pop("imageTagMutabilityExclusionFilters", None)
    if filters is not None:
        given["imageTagMutabilityExclusionFilters"] = [
            {
                "imageTagMutabilityExclusionFilterType": each.get("filterType"),
                "imageTagMutabilityExclusionFilterValue": each.get("filter"),
            }
            for each in filters
        ]
    encryption = given.pop("encryptionConfigurations", None)
    if encryption:
        given["encryptionConfiguration"] = encryption[0]
    return given


def flow_log(given: Given) -> Given:
    vpc = given.pop("vpcId")
    return {**given, "resourceId": vpc, "resourceType": "VPC"}


def capacity(given: Given) -> Given:
    return {"defaultCapacityProviderStrategy": [], **given}


def capacity_provider(given: Given) -> Given:
    managed = given.pop("managedInstancesProvider", None)
    if managed is None:
        return given
    template = dict(managed["instanceLaunchTemplate"])
    wanted = dict(template["instanceRequirements"])
    wanted["vCpuCount"], wanted["memoryMiB"] = wanted.pop("vcpuCount"), wanted.pop("memoryMib")
    storage = {"storageSizeGiB": template["storageConfiguration"]["storageSizeGib"]}
    template |= {"instanceRequirements": wanted, "storageConfiguration": storage}
    return {**given, "managedInstancesProvider": {**managed, "instanceLaunchTemplate": template}}


def user_pool(given: Given) -> Given:
    software = given.pop("softwareTokenMfaConfiguration", {}).get("enabled")
    if software:
        given["enabledMfas"] = ["SOFTWARE_TOKEN_MFA"]
    policy = given.pop("passwordPolicy", None)
    if policy is not None:
        given["policies"] = {"passwordPolicy": policy}
    return given


def event_rule(given: Given) -> Given:
    return {**given, "eventPattern": json.loads(given["eventPattern"])}


def record(given: Given) -> Given:
    aliases = given.pop("aliases", None)
    if aliases:
        target = aliases[0]
        given["aliasTarget"] = {
            "DNSName": target.get("name"),
            "hostedZoneId": target.get("zoneId"),
            "evaluateTargetHealth": target.get("evaluateTargetHealth"),
        }
    if "ttl" in given:
        given["ttl"] = str(given["ttl"])
    if given.get("type") == "TXT":  # the provider writes the quotes by itself
        given["records"] = [f'"{each}"' for each in given["records"]]
    return given


def web_acl(given: Given) -> Given:
    """The same names but for the beginning of one."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key.replace("cloudwatchMetrics", "cloudWatchMetrics"): renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    found: Given = renamed(given)
    return found


def node_group(given: Given) -> Given:
    for key in ("forceDelete", "forceDeleteWarmPool", "waitForCapacityTimeout"):
        given.pop(key, None)
    for key in ("minSize", "maxSize"):
        given[key] = str(given[key])
    given["newInstancesProtectedFromScaleIn"] = given.pop("protectFromScaleIn", None)
    if "launchTemplate" in given:
        given["launchTemplate"]["launchTemplateId"] = given["launchTemplate"].pop("id")
    # A warm pool is a resource of its own there.
    given.pop("warmPool", None)
    tags = given.pop("tags", [])
    given["tags"] = [{**each, "propagateAtLaunch": each.get("propagateAtLaunch", False)} for each in tags]
    return given


def launch_template(given: Given) -> Given:
    given.pop("updateDefaultVersion", None)
    given["securityGroupIds"] = given.pop("vpcSecurityGroupIds", None)
    for each in given.get("blockDeviceMappings", []):
        disk = each.get("ebs", {})
        disk |= {key: disk[key] == "true" for key in ("encrypted", "deleteOnTermination") if key in disk}
    for each in given.get("networkInterfaces", []):
        each["groups"] = each.pop("securityGroups", [])
        each["deleteOnTermination"] = each.get("deleteOnTermination") == "true"
    for each in given.get("tagSpecifications", []):
        each["tags"] = [{"key": key, "value": value} for key, value in each["tags"].items()]
    tags = [{"key": key, "value": value} for key, value in given.pop("tags", {}).items()]
    name = given.pop("launchTemplateName", given.pop("name", None))
    found: Given = {"launchTemplateData": {key: value for key, value in given.items() if value is not None}}
    if tags:
        found["tagSpecifications"] = [{"resourceType": "launch-template", "tags": tags}]
    return {**found, "launchTemplateName": name}


def instance_profile(given: Given) -> Given:
    given["roles"] = [given.pop("role")]
    given.pop("tags", None)
    return given


def eks_cluster(given: Given) -> Given:
    given["resourcesVpcConfig"] = given.pop("vpcConfig")
    given["encryptionConfig"] = [given.pop("encryptionConfig")]
    types = [{"type": each} for each in given.pop("enabledClusterLogTypes")]
    given["logging"] = {"clusterLogging": {"enabledTypes": types}}
    return given


def key(given: Given) -> Given:
    # A map, whose keys are the policy's own.
    return given | {"policy": json.loads(given["policy"])}

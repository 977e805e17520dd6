"""Lowers Pulumi AWS resources to CloudFormation, for judges that know its schemas.

Names differ by rule (a capital at the beginning); what differs otherwise stands in a table, one row a type. Types without a sound
mapping stand in `NOT_LOWERED`, with the reason. References stay literal values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import AssetRef, Unknown, plain
from modelinfra.policies import tokens as t

Given = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """How one type is lowered: renamed inputs, inputs that have no counterpart, and what needs more than a name."""

    type: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    shaped: Callable[[Given], Given] | None = None


NOT_LOWERED = {
    "aws:cloudwatch/dashboard:Dashboard": "cfn-lint knows nothing of the text of a dashboard",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "CloudFormation cannot take a default group over; it has no rules",
    "aws:acm/certificateValidation:CertificateValidation": "CloudFormation waits for certificates by itself",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "a property of the bucket in CloudFormation; judged by the Terraform provider",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "a property of the bucket in CloudFormation; judged by the Terraform provider",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "a property of the role in CloudFormation; judged by the Terraform provider",
    "aws:cloudwatch/eventTarget:EventTarget": "a property of the rule in CloudFormation; judged by the Terraform provider",
    "aws:sns/topicPolicy:TopicPolicy": "takes a list of topics in CloudFormation; judged by the Terraform provider and parliament",
    t.LIFECYCLE: "a property of the repository in CloudFormation; judged by the rule registry-lifecycle",
    t.GATEWAY_ROUTE: "a property of the endpoint in CloudFormation; nothing but two references",
    t.SECOND_RANGE: "nothing but a reference and a range; judged by the rules address-*",
}


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
    }
)
_target_attributes = _attributes(
    {
        "deregistrationDelay": "deregistration_delay.timeout_seconds",
        "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
        "slowStart": "slow_start.duration_seconds",
    }
)
_HEALTH = {
    "path": "healthCheckPath",
    "protocol": "healthCheckProtocol",
    "port": "healthCheckPort",
    "interval": "healthCheckIntervalSeconds",
    "timeout": "healthCheckTimeoutSeconds",
    "healthyThreshold": "healthyThresholdCount",
    "unhealthyThreshold": "unhealthyThresholdCount",
}


def _balancer(given: Given) -> Given:
    given["scheme"] = "internal" if given.pop("internal", False) else "internet-facing"
    logs = given.pop("accessLogs", None)
    _balancer_attributes(given, "loadBalancerAttributes")
    if logs is not None:
        given["loadBalancerAttributes"] += [
            {"key": f"access_logs.s3.{key}", "value": str(value).lower()} for key, value in sorted(logs.items())
        ]
    return given


def _target_group(given: Given) -> Given:
    check = given.pop("healthCheck", {})
    given |= {new: check[old] for old, new in _HEALTH.items() if old in check}
    if "matcher" in check:
        given["matcher"] = {"httpCode": check["matcher"]}
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


def _listener(given: Given) -> Given:
    certificate = given.pop("certificateArn", None)
    if certificate is not None:
        given["certificates"] = [{"certificateArn": certificate}]
    return _actions("defaultActions")(given)


_CONDITIONS = {
    "pathPattern": "path-pattern",
    "hostHeader": "host-header",
    "sourceIp": "source-ip",
    "httpRequestMethod": "http-request-method",
}


def _listener_rule(given: Given) -> Given:
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


def _task(given: Given) -> Given:
    definitions = given.get("containerDefinitions")
    given["containerDefinitions"] = json.loads(definitions) if isinstance(definitions, str) else []
    if "ephemeralStorage" in given:
        given["ephemeralStorage"] = {"sizeInGiB": given["ephemeralStorage"].get("sizeInGib")}
    given["volumes"] = [
        {"name": each.get("name"), "host": {"sourcePath": each["hostPath"]}} if "hostPath" in each else each
        for each in given.pop("volumes", [])
    ] or None
    return given


def _service(given: Given) -> Given:
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


def _role_policy(given: Given) -> Given:
    return {**given, "policy": json.loads(given["policy"])}


def _role(given: Given) -> Given:
    return {**given, "assumeRolePolicy": json.loads(given["assumeRolePolicy"])}


def _alarm(given: Given) -> Given:
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


def _scaling_policy(given: Given) -> Given:
    given["scalingTargetId"] = None
    return given


def _repository(given: Given) -> Given:
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


def _flow_log(given: Given) -> Given:
    vpc = given.pop("vpcId")
    return {**given, "resourceId": vpc, "resourceType": "VPC"}


def _capacity(given: Given) -> Given:
    return {"defaultCapacityProviderStrategy": [], **given}


_USER_POOL_CLIENT = {
    "allowedOauthFlows": "allowedOAuthFlows",
    "allowedOauthFlowsUserPoolClient": "allowedOAuthFlowsUserPoolClient",
    "allowedOauthScopes": "allowedOAuthScopes",
    "callbackUrls": "callbackURLs",
}


def _user_pool(given: Given) -> Given:
    software = given.pop("softwareTokenMfaConfiguration", {}).get("enabled")
    if software:
        given["enabledMfas"] = ["SOFTWARE_TOKEN_MFA"]
    policy = given.pop("passwordPolicy", None)
    if policy is not None:
        given["policies"] = {"passwordPolicy": policy}
    return given


def _event_rule(given: Given) -> Given:
    return {**given, "eventPattern": json.loads(given["eventPattern"])}


def _record(given: Given) -> Given:
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
    return given


def _web_acl(given: Given) -> Given:
    """The same names but for the beginning of one."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key.replace("cloudwatchMetrics", "cloudWatchMetrics"): renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    found: Given = renamed(given)
    return found


def _node_group(given: Given) -> Given:
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


def _launch_template(given: Given) -> Given:
    given.pop("updateDefaultVersion", None)
    given["securityGroupIds"] = given.pop("vpcSecurityGroupIds", None)
    for each in given.get("blockDeviceMappings", []):
        disk = each.get("ebs", {})
        disk |= {key: disk[key] == "true" for key in ("encrypted", "deleteOnTermination") if key in disk}
    for each in given.get("tagSpecifications", []):
        each["tags"] = [{"key": key, "value": value} for key, value in each["tags"].items()]
    tags = [{"key": key, "value": value} for key, value in given.pop("tags", {}).items()]
    name = given.pop("launchTemplateName", given.pop("name", None))
    found: Given = {"launchTemplateData": {key: value for key, value in given.items() if value is not None}}
    if tags:
        found["tagSpecifications"] = [{"resourceType": "launch-template", "tags": tags}]
    return {**found, "launchTemplateName": name}


def _instance_profile(given: Given) -> Given:
    given["roles"] = [given.pop("role")]
    given.pop("tags", None)
    return given


_RULE = {"securityGroupId": "groupId", "cidrIpv4": "cidrIp", "cidrIpv6": "cidrIpv6"}
_ELB, _SCALING = "AWS::ElasticLoadBalancingV2", "AWS::ApplicationAutoScaling"

ROWS: dict[str, Row] = {
    t.ALARM: Row("AWS::CloudWatch::Alarm", {"name": "alarmName", "metricQueries": "metrics"}, shaped=_alarm),
    t.CAPACITY: Row("AWS::ECS::ClusterCapacityProviderAssociations", {"clusterName": "cluster"}, shaped=_capacity),
    t.CLUSTER: Row("AWS::ECS::Cluster", {"name": "clusterName", "settings": "clusterSettings"}),
    t.EGRESS: Row(
        "AWS::EC2::SecurityGroupEgress",
        {**_RULE, "referencedSecurityGroupId": "destinationSecurityGroupId", "prefixListId": "destinationPrefixListId"},
        # EC2 has tags on rules of security groups, CloudFormation has none.
        without=frozenset({"tags"}),
    ),
    t.FLOW_LOG: Row("AWS::EC2::FlowLog", {"iamRoleArn": "deliverLogsPermissionArn"}, shaped=_flow_log),
    t.GATEWAY: Row("AWS::EC2::InternetGateway", without=frozenset({"vpcId"})),
    t.GROUP: Row("AWS::EC2::SecurityGroup", {"description": "groupDescription", "name": "groupName"}),
    t.INGRESS: Row(
        "AWS::EC2::SecurityGroupIngress",
        {**_RULE, "referencedSecurityGroupId": "sourceSecurityGroupId", "prefixListId": "sourcePrefixListId"},
        without=frozenset({"tags"}),
    ),
    t.LISTENER: Row(f"{_ELB}::Listener", shaped=_listener),
    t.LISTENER_RULE: Row(f"{_ELB}::ListenerRule", shaped=_listener_rule),
    t.LOAD_BALANCER: Row(f"{_ELB}::LoadBalancer", {"loadBalancerType": "type"}, shaped=_balancer),
    t.LOG_GROUP: Row("AWS::Logs::LogGroup", {"name": "logGroupName"}),
    t.NAT: Row("AWS::EC2::NatGateway"),
    t.REPOSITORY: Row(
        "AWS::ECR::Repository", {"name": "repositoryName", "forceDelete": "emptyOnDelete"}, shaped=_repository
    ),
    t.ROLE: Row("AWS::IAM::Role", {"name": "roleName", "assumeRolePolicy": "assumeRolePolicyDocument"}, shaped=_role),
    t.ROLE_POLICY: Row(
        "AWS::IAM::RolePolicy",
        {"name": "policyName", "role": "roleName", "policy": "policyDocument"},
        shaped=_role_policy,
    ),
    t.ROUTE: Row("AWS::EC2::Route"),
    t.ROUTE_TABLE: Row("AWS::EC2::RouteTable"),
    t.SCALING_POLICY: Row(f"{_SCALING}::ScalingPolicy", {"name": "policyName"}, shaped=_scaling_policy),
    t.SCALING_TARGET: Row(f"{_SCALING}::ScalableTarget"),
    t.SERVICE: Row(
        "AWS::ECS::Service",
        {
            "name": "serviceName",
            "capacityProviderStrategies": "capacityProviderStrategy",
            "enableEcsManagedTags": "enableECSManagedTags",
            "orderedPlacementStrategies": "placementStrategies",
        },
        frozenset({"waitForSteadyState"}),
        _service,
    ),
    t.SUBNET: Row("AWS::EC2::Subnet"),
    t.SUBNET_TABLE: Row("AWS::EC2::SubnetRouteTableAssociation"),
    t.TARGET_GROUP: Row(f"{_ELB}::TargetGroup", shaped=_target_group),
    t.TASK: Row("AWS::ECS::TaskDefinition", shaped=_task),
    t.VPC: Row("AWS::EC2::VPC"),
    t.VPC_ENDPOINT: Row("AWS::EC2::VPCEndpoint"),
    "aws:acm/certificate:Certificate": Row("AWS::CertificateManager::Certificate"),
    "aws:cognito/userPool:UserPool": Row("AWS::Cognito::UserPool", {"name": "userPoolName"}, shaped=_user_pool),
    "aws:cognito/userPoolClient:UserPoolClient": Row("AWS::Cognito::UserPoolClient", _USER_POOL_CLIENT),
    "aws:cognito/userPoolDomain:UserPoolDomain": Row("AWS::Cognito::UserPoolDomain"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Row("AWS::CloudWatch::CompositeAlarm"),
    "aws:cloudwatch/eventRule:EventRule": Row("AWS::Events::Rule", shaped=_event_rule),
    "aws:sns/topic:Topic": Row("AWS::SNS::Topic", {"name": "topicName"}),
    "aws:sns/topicSubscription:TopicSubscription": Row("AWS::SNS::Subscription", {"topic": "topicArn"}),
    "aws:lb/trustStore:TrustStore": Row(f"{_ELB}::TrustStore"),
    "aws:route53/record:Record": Row(
        "AWS::Route53::RecordSet",
        {"zoneId": "hostedZoneId", "records": "resourceRecords", "ttl": "TTL"},
        frozenset({"allowOverwrite"}),
        _record,
    ),
    "aws:s3/bucket:Bucket": Row("AWS::S3::Bucket", {"bucket": "bucketName"}, frozenset({"forceDestroy"})),
    "aws:s3/bucketPolicy:BucketPolicy": Row("AWS::S3::BucketPolicy", {"policy": "policyDocument"}, shaped=_role_policy),
    "aws:wafv2/webAcl:WebAcl": Row("AWS::WAFv2::WebACL", shaped=_web_acl),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Row("AWS::WAFv2::WebACLAssociation", {"webAclArn": "webACLArn"}),
    "aws:autoscaling/group:Group": Row(
        "AWS::AutoScaling::AutoScalingGroup",
        {"name": "autoScalingGroupName", "vpcZoneIdentifiers": "vPCZoneIdentifier"},
        shaped=_node_group,
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Row("AWS::EC2::LaunchTemplate", shaped=_launch_template),
    "aws:ecs/capacityProvider:CapacityProvider": Row("AWS::ECS::CapacityProvider"),
    "aws:iam/instanceProfile:InstanceProfile": Row(
        "AWS::IAM::InstanceProfile", {"name": "instanceProfileName"}, shaped=_instance_profile
    ),
    "aws:ec2/eip:Eip": Row("AWS::EC2::EIP"),
    "aws:sqs/queue:Queue": Row(
        "AWS::SQS::Queue", {"name": "queueName", "messageRetentionSeconds": "messageRetentionPeriod"}
    ),
}

# Keys of maps, not names of properties.
_MAPS = {"eventPattern", "options", "dockerLabels", "policyDocument", "assumeRolePolicyDocument"}


def lowered(node: Node) -> Given | None:
    """A resource as it stands in a template; None for what is not lowered. Raises KeyError for a type in no table."""
    if node.type in NOT_LOWERED or not node.type.startswith("aws:"):
        return None
    row = ROWS[node.type]
    given = {
        key: value
        for key, value in plain(node.inputs).items()
        if value is not Unknown and not isinstance(value, AssetRef)
    }
    given = json.loads(json.dumps(given))
    if "name" not in given and isinstance(node.outputs.get("name"), str) and "name" in row.renamed:
        given["name"] = node.outputs["name"]
    if row.shaped is not None:
        given = row.shaped(given)
    renamed = {row.renamed.get(key, key): value for key, value in given.items() if key not in row.without}
    if isinstance(renamed.get("tags"), dict):
        renamed["tags"] = [{"key": key, "value": value} for key, value in renamed["tags"].items()]
    # What CloudFormation does not have: options of Pulumi's provider.
    for key in ("forceNewDeployment", "region"):
        renamed.pop(key, None)
    return {"Type": row.type, "Properties": {_capital(k): _pascal(v, k) for k, v in renamed.items() if v is not None}}


def _pascal(value: Any, key: str) -> Any:
    if key in _MAPS:
        return value
    if isinstance(value, dict):
        return {_capital(name): _pascal(item, name) for name, item in value.items()}
    return [_pascal(item, key) for item in value] if isinstance(value, list) else value


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]

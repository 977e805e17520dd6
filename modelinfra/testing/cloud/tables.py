"""What the real AWS provider and service do with properties, as tables: sets, JSON texts, defaults, absent values."""

from __future__ import annotations

from typing import Any, Final

# Lists without order. Source: TypeSet in the schemas of terraform-provider-aws 6 (internal/service/*), in Pulumi's names.
SETS: Final[dict[str, frozenset[str]]] = {
    token: frozenset(paths.split())
    for token, paths in {
        "aws:ec2/securityGroup:SecurityGroup": "ingress egress ingress.securityGroups egress.securityGroups",
        "aws:ec2/vpcEndpoint:VpcEndpoint": "subnetIds securityGroupIds routeTableIds",
        "aws:ec2/routeTable:RouteTable": "routes",
        "aws:lb/loadBalancer:LoadBalancer": "securityGroups subnets subnetMappings",
        "aws:lb/listener:Listener": "defaultActions.forward.targetGroups",
        "aws:lb/listenerRule:ListenerRule": (
            "conditions transforms actions.forward.targetGroups conditions.pathPattern.values conditions.hostHeader.values "
            "conditions.httpHeader.values conditions.httpRequestMethod.values conditions.sourceIp.values "
            "conditions.queryStrings"
        ),
        "aws:ecs/cluster:Cluster": "settings",
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": (
            "capacityProviders defaultCapacityProviderStrategies"
        ),
        "aws:ecs/service:Service": (
            "capacityProviderStrategies loadBalancers networkConfiguration.securityGroups networkConfiguration.subnets "
            "placementConstraints alarms.alarmNames"
        ),
        "aws:ecs/taskDefinition:TaskDefinition": "requiresCompatibilities volumes placementConstraints",
        "aws:autoscaling/group:Group": "tags vpcZoneIdentifiers enabledMetrics",
        "aws:ec2/launchTemplate:LaunchTemplate": "vpcSecurityGroupIds",
        "aws:cloudwatch/metricAlarm:MetricAlarm": "alarmActions okActions insufficientDataActions metricQueries",
        "aws:iam/role:Role": "managedPolicyArns inlinePolicies",
        "aws:apigatewayv2/authorizer:Authorizer": "identitySources jwtConfiguration.audiences",
        "aws:apigatewayv2/route:Route": "authorizationScopes",
        "aws:apigatewayv2/vpcLink:VpcLink": "subnetIds securityGroupIds",
        "aws:ec2/vpcEndpointService:VpcEndpointService": (
            "allowedPrincipals networkLoadBalancerArns gatewayLoadBalancerArns supportedIpAddressTypes supportedRegions"
        ),
        "aws:acm/certificate:Certificate": "subjectAlternativeNames",
        "aws:route53/record:Record": "records",
    }.items()
}

# Properties that hold an IAM policy, compared by meaning. Source: `SuppressEquivalentPolicyDiffs` there.
POLICIES: Final[dict[str, frozenset[str]]] = {
    "aws:iam/role:Role": frozenset({"assumeRolePolicy"}),
    "aws:iam/policy:Policy": frozenset({"policy"}),
    "aws:iam/rolePolicy:RolePolicy": frozenset({"policy"}),
    "aws:kms/key:Key": frozenset({"policy"}),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": frozenset({"policy"}),
    "aws:s3/bucketPolicy:BucketPolicy": frozenset({"policy"}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": frozenset({"policy"}),
    "aws:sqs/queue:Queue": frozenset({"policy"}),
    "aws:sns/topic:Topic": frozenset({"policy"}),
    "aws:secretsmanager/secret:Secret": frozenset({"policy"}),
}

CONTAINERS: Final = ("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions")

# Optional properties that the provider does not compute: leaving them out means the empty value, so that a value which
# something else wrote shows as a difference. Source: the schema of aws_ecs_service (desired_count is not Computed).
NOT_COMPUTED: Final = {("aws:ecs/service:Service", "desiredCount"): 0}

# What AWS (or the provider's schema) fills in where nothing was said; a nested mapping is merged into a block, and a key
# that ends in [] into each object of a list. Source: the resource pages' "Defaults to" and the AWS API references.
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "aws:ec2/vpc:Vpc": {
        "enableDnsSupport": True,
        "enableDnsHostnames": False,
        "instanceTenancy": "default",
        "assignGeneratedIpv6CidrBlock": False,
        "enableNetworkAddressUsageMetrics": False,
    },
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False, "ipv6Native": False},
    "aws:ec2/securityGroup:SecurityGroup": {"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    "aws:ec2/eip:Eip": {"domain": "vpc"},
    "aws:ec2/natGateway:NatGateway": {"connectivityType": "public"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {
        "vpcEndpointType": "Gateway",
        "privateDnsEnabled": False,
        "ipAddressType": "ipv4",
        "policy": '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}',
    },
    "aws:ec2/flowLog:FlowLog": {"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    "aws:ecs/cluster:Cluster": {"settings": [{"name": "containerInsights", "value": "disabled"}]},
    "aws:ecs/taskDefinition:TaskDefinition": {
        "skipDestroy": False,
        "trackLatest": False,
        "enableFaultInjection": False,
    },
    "aws:ecs/service:Service": {
        "desiredCount": 0,
        "schedulingStrategy": "REPLICA",
        "platformVersion": "LATEST",
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "deploymentController": {"type": "ECS"},
        "availabilityZoneRebalancing": "ENABLED",
        "enableEcsManagedTags": False,
        "enableExecuteCommand": False,
        "healthCheckGracePeriodSeconds": 0,
        "propagateTags": "NONE",
        "waitForSteadyState": False,
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "loadBalancerType": "application",
        "internal": False,
        "idleTimeout": 60,
        "ipAddressType": "ipv4",
        "enableDeletionProtection": False,
        "enableHttp2": True,
        "enableCrossZoneLoadBalancing": True,
        "desyncMitigationMode": "defensive",
        "dropInvalidHeaderFields": False,
        "preserveHostHeader": False,
        "xffHeaderProcessingMode": "append",
        "clientKeepAlive": 3600,
    },
    "aws:lb/targetGroup:TargetGroup": {
        "deregistrationDelay": 300,
        "slowStart": 0,
        "targetType": "instance",
        "protocolVersion": "HTTP1",
        "ipAddressType": "ipv4",
        "loadBalancingAlgorithmType": "round_robin",
        "loadBalancingAnomalyMitigation": "off",
        "loadBalancingCrossZoneEnabled": "use_load_balancer_configuration",
        "healthCheck": {
            "enabled": True,
            "healthyThreshold": 3,
            "interval": 30,
            "matcher": "200",
            "path": "/",
            "port": "traffic-port",
            "protocol": "HTTP",
            "timeout": 5,
            "unhealthyThreshold": 3,
        },
        "stickiness": {"cookieDuration": 86400, "enabled": False, "type": "lb_cookie"},
    },
    "aws:lb/listener:Listener": {"protocol": "HTTP", "defaultActions[]": {"order": 1}},
    "aws:lb/listenerRule:ListenerRule": {"actions[]": {"order": 1}},
    "aws:ecr/repository:Repository": {
        "imageTagMutability": "MUTABLE",
        "encryptionConfigurations": [{"encryptionType": "AES256", "kmsKey": ""}],
        "imageScanningConfiguration": {"scanOnPush": False},
        "forceDelete": False,
    },
    "aws:iam/role:Role": {"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False, "description": ""},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 0, "logGroupClass": "STANDARD", "skipDestroy": False},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"actionsEnabled": True, "treatMissingData": "missing"},
    "aws:appautoscaling/policy:Policy": {
        "policyType": "StepScaling",
        "targetTrackingScalingPolicyConfiguration": {"disableScaleIn": False},
    },
    "aws:kms/key:Key": {
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "keyUsage": "ENCRYPT_DECRYPT",
        "isEnabled": True,
        "multiRegion": False,
        "enableKeyRotation": False,
        "bypassPolicyLockoutSafetyCheck": False,
    },
    "aws:s3/bucket:Bucket": {"forceDestroy": False, "objectLockEnabled": False, "requestPayer": "BucketOwner"},
    "aws:secretsmanager/secret:Secret": {"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False},
    "aws:sqs/queue:Queue": {
        "visibilityTimeoutSeconds": 30,
        "messageRetentionSeconds": 345600,
        "delaySeconds": 0,
        "maxMessageSize": 262144,
        "receiveWaitTimeSeconds": 0,
        "sqsManagedSseEnabled": True,
    },
}

# Blocks that are filled in only where they were given: their type has one of several.
ONLY_IF_GIVEN: Final = frozenset({("aws:appautoscaling/policy:Policy", "targetTrackingScalingPolicyConfiguration")})


def filled(token: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties with the defaults of their type; what is given stays."""
    result = _merged(properties, DEFAULTS.get(token, {}))
    for of, key in ONLY_IF_GIVEN:
        if of == token and properties.get(key) is None:
            result.pop(key, None)
    return result


def _merged(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    result = dict(given)
    for key, default in defaults.items():
        name = key.removesuffix("[]")
        value = given.get(name)
        if key != name:
            if isinstance(value, list):
                result[name] = [_merged(item, default) if isinstance(item, dict) else item for item in value]
        elif isinstance(default, dict) and isinstance(value, dict):
            result[name] = _merged(value, default)
        elif value is None:
            result[name] = default
    return result

"""How each type of Pulumi's AWS provider is lowered to CloudFormation, one row a type, and which ones are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modelinfra.policies import tokens as t
from tests.judges import cloudformation_shapes as shapes
from tests.judges.cloudformation_shapes import Given


@dataclass(frozen=True)
class Row:
    """How one type is lowered: renamed inputs, inputs that have no counterpart, and what needs more than a name."""

    type: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    shaped: Callable[[Given], Given] | None = None


NOT_LOWERED = {
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": "a property of the log group in CloudFormation; judged by the Terraform provider",
    "aws:cloudwatch/dashboard:Dashboard": "cfn-lint knows nothing of the text of a dashboard",
    "aws:budgets/budget:Budget": "its parts are nested otherwise in CloudFormation; judged by the Terraform provider",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "CloudFormation cannot take a default group over; it has no rules",
    "aws:acm/certificateValidation:CertificateValidation": "CloudFormation waits for certificates by itself",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "a property of the bucket in CloudFormation; judged by the Terraform provider",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "a property of the bucket in CloudFormation; judged by the Terraform provider",
    "aws:appautoscaling/scheduledAction:ScheduledAction": "a property of the scalable target in CloudFormation; judged by the Terraform provider",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "a property of the role in CloudFormation; judged by the Terraform provider",
    "aws:cloudwatch/eventTarget:EventTarget": "a property of the rule in CloudFormation; judged by the Terraform provider",
    "aws:ssm/activation:Activation": "CloudFormation makes no activations; judged by the Terraform provider",
    "aws:iot/certificate:Certificate": "AWS makes its key, which CloudFormation cannot ask for; judged by the Terraform provider",
    "aws:secretsmanager/secretVersion:SecretVersion": "a property of the secret in CloudFormation; judged by the Terraform provider",
    "aws:sns/topicPolicy:TopicPolicy": "takes a list of topics in CloudFormation; judged by the Terraform provider and parliament",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "a property of the bucket in CloudFormation; judged by the Terraform provider"
    ),
    "aws:sqs/queuePolicy:QueuePolicy": "takes a list of queues in CloudFormation; judged by the Terraform provider and parliament",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "a property of the queue in CloudFormation; judged by the Terraform provider",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "a property of the access entry in CloudFormation; judged by the Terraform provider"
    ),
    "aws:vpc/endpointServicePrivateDnsVerification:EndpointServicePrivateDnsVerification": (
        "CloudFormation starts no verification; nothing but a reference"
    ),
    t.TARGET_ATTACHMENT: "a property of the target group in CloudFormation; judged by the Terraform provider",
    t.LIFECYCLE: "a property of the repository in CloudFormation; judged by the rule registry-lifecycle",
    t.GATEWAY_ROUTE: "a property of the endpoint in CloudFormation; nothing but two references",
    t.SECOND_RANGE: "nothing but a reference and a range; judged by the rules address-*",
}


_USER_POOL_CLIENT = {
    "allowedOauthFlows": "allowedOAuthFlows",
    "allowedOauthFlowsUserPoolClient": "allowedOAuthFlowsUserPoolClient",
    "allowedOauthScopes": "allowedOAuthScopes",
    "callbackUrls": "callbackURLs",
}

_RULE = {"securityGroupId": "groupId", "cidrIpv4": "cidrIp", "cidrIpv6": "cidrIpv6"}
_ELB, _SCALING = "AWS::ElasticLoadBalancingV2", "AWS::ApplicationAutoScaling"

ROWS: dict[str, Row] = {
    t.ALARM: Row(
        "AWS::CloudWatch::Alarm",
        {
            "name": "alarmName",
            "metricQueries": "metrics",
            "evaluateLowSampleCountPercentiles": "evaluateLowSampleCountPercentile",
            "okActions": "OKActions",
        },
        shaped=shapes.alarm,
    ),
    t.CAPACITY: Row(
        "AWS::ECS::ClusterCapacityProviderAssociations", {"clusterName": "cluster"}, shaped=shapes.capacity
    ),
    t.CLUSTER: Row("AWS::ECS::Cluster", {"name": "clusterName", "settings": "clusterSettings"}),
    t.EGRESS: Row(
        "AWS::EC2::SecurityGroupEgress",
        {**_RULE, "referencedSecurityGroupId": "destinationSecurityGroupId", "prefixListId": "destinationPrefixListId"},
        # EC2 has tags on rules of security groups, CloudFormation has none.
        without=frozenset({"tags"}),
    ),
    t.FLOW_LOG: Row("AWS::EC2::FlowLog", {"iamRoleArn": "deliverLogsPermissionArn"}, shaped=shapes.flow_log),
    t.GATEWAY: Row("AWS::EC2::InternetGateway", without=frozenset({"vpcId"})),
    t.GROUP: Row("AWS::EC2::SecurityGroup", {"description": "groupDescription", "name": "groupName"}),
    t.INGRESS: Row(
        "AWS::EC2::SecurityGroupIngress",
        {**_RULE, "referencedSecurityGroupId": "sourceSecurityGroupId", "prefixListId": "sourcePrefixListId"},
        without=frozenset({"tags"}),
    ),
    t.LISTENER: Row(f"{_ELB}::Listener", shaped=shapes.listener),
    t.LISTENER_RULE: Row(f"{_ELB}::ListenerRule", shaped=shapes.listener_rule),
    t.LOAD_BALANCER: Row(f"{_ELB}::LoadBalancer", {"loadBalancerType": "type"}, shaped=shapes.balancer),
    t.LOG_GROUP: Row("AWS::Logs::LogGroup", {"name": "logGroupName"}),
    t.NAT: Row("AWS::EC2::NatGateway"),
    t.REPOSITORY: Row(
        "AWS::ECR::Repository", {"name": "repositoryName", "forceDelete": "emptyOnDelete"}, shaped=shapes.repository
    ),
    t.ROLE: Row(
        "AWS::IAM::Role", {"name": "roleName", "assumeRolePolicy": "assumeRolePolicyDocument"}, shaped=shapes.role
    ),
    t.ROLE_POLICY: Row(
        "AWS::IAM::RolePolicy",
        {"name": "policyName", "role": "roleName", "policy": "policyDocument"},
        shaped=shapes.role_policy,
    ),
    t.ROUTE: Row("AWS::EC2::Route"),
    t.ROUTE_TABLE: Row("AWS::EC2::RouteTable"),
    t.SCALING_POLICY: Row(f"{_SCALING}::ScalingPolicy", {"name": "policyName"}, shaped=shapes.scaling_policy),
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
        shapes.service,
    ),
    t.SUBNET: Row("AWS::EC2::Subnet"),
    t.SUBNET_TABLE: Row("AWS::EC2::SubnetRouteTableAssociation"),
    t.TARGET_GROUP: Row(f"{_ELB}::TargetGroup", shaped=shapes.target_group),
    t.TASK: Row("AWS::ECS::TaskDefinition", shaped=shapes.task),
    t.VPC: Row("AWS::EC2::VPC"),
    t.VPC_ENDPOINT: Row("AWS::EC2::VPCEndpoint"),
    t.API: Row("AWS::ApiGatewayV2::Api"),
    t.API_DOMAIN: Row("AWS::ApiGatewayV2::DomainName", shaped=shapes.api_domain),
    t.API_INTEGRATION: Row("AWS::ApiGatewayV2::Integration", {"timeoutMilliseconds": "timeoutInMillis"}),
    t.API_LINK: Row("AWS::ApiGatewayV2::VpcLink", shaped=shapes.auto_named),
    t.API_MAPPING: Row("AWS::ApiGatewayV2::ApiMapping"),
    t.API_ROUTE: Row("AWS::ApiGatewayV2::Route"),
    t.ENDPOINT_SERVICE: Row(
        "AWS::EC2::VPCEndpointService",
        # Resources of their own in CloudFormation, and what it has no word for.
        without=frozenset({"allowedPrincipals", "privateDnsName"}),
    ),
    t.POLICY: Row(
        "AWS::IAM::ManagedPolicy",
        {"name": "managedPolicyName", "policy": "policyDocument"},
        shaped=shapes.role_policy,
    ),
    "aws:apigatewayv2/authorizer:Authorizer": Row(
        "AWS::ApiGatewayV2::Authorizer", {"identitySources": "identitySource"}, shaped=shapes.api_authorizer
    ),
    "aws:apigatewayv2/stage:Stage": Row("AWS::ApiGatewayV2::Stage", {"name": "stageName"}),
    "aws:acm/certificate:Certificate": Row("AWS::CertificateManager::Certificate"),
    "aws:cognito/userPool:UserPool": Row("AWS::Cognito::UserPool", {"name": "userPoolName"}, shaped=shapes.user_pool),
    "aws:cognito/userPoolClient:UserPoolClient": Row("AWS::Cognito::UserPoolClient", _USER_POOL_CLIENT),
    "aws:cognito/userPoolDomain:UserPoolDomain": Row("AWS::Cognito::UserPoolDomain"),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Row("AWS::CloudWatch::CompositeAlarm", {"okActions": "OKActions"}),
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": Row(
        "AWS::Chatbot::SlackChannelConfiguration",
        {"slackTeamId": "slackWorkspaceId", "guardrailPolicyArns": "guardrailPolicies"},
    ),
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": Row(
        "AWS::Chatbot::MicrosoftTeamsChannelConfiguration",
        {
            "channelId": "teamsChannelId",
            "tenantId": "teamsTenantId",
            "guardrailPolicyArns": "guardrailPolicies",
        },
    ),
    "aws:cloudwatch/eventRule:EventRule": Row("AWS::Events::Rule", shaped=shapes.event_rule),
    "aws:sns/topic:Topic": Row("AWS::SNS::Topic", {"name": "topicName"}),
    "aws:sns/topicSubscription:TopicSubscription": Row(
        "AWS::SNS::Subscription", {"topic": "topicArn"}, frozenset({"endpointAutoConfirms"})
    ),
    "aws:lb/trustStore:TrustStore": Row(f"{_ELB}::TrustStore"),
    "aws:route53/record:Record": Row(
        "AWS::Route53::RecordSet",
        {"zoneId": "hostedZoneId", "records": "resourceRecords", "ttl": "TTL"},
        frozenset({"allowOverwrite"}),
        shapes.record,
    ),
    "aws:s3/bucket:Bucket": Row("AWS::S3::Bucket", {"bucket": "bucketName"}, frozenset({"forceDestroy"})),
    "aws:s3/bucketPolicy:BucketPolicy": Row(
        "AWS::S3::BucketPolicy", {"policy": "policyDocument"}, shaped=shapes.role_policy
    ),
    "aws:wafv2/webAcl:WebAcl": Row("AWS::WAFv2::WebACL", shaped=shapes.web_acl),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Row("AWS::WAFv2::WebACLAssociation", {"webAclArn": "webACLArn"}),
    "aws:autoscaling/group:Group": Row(
        "AWS::AutoScaling::AutoScalingGroup",
        {"name": "autoScalingGroupName", "vpcZoneIdentifiers": "vPCZoneIdentifier"},
        shaped=shapes.node_group,
    ),
    "aws:eks/cluster:Cluster": Row("AWS::EKS::Cluster", {"name": "name"}, shaped=shapes.eks_cluster),
    "aws:eks/nodeGroup:NodeGroup": Row(
        "AWS::EKS::Nodegroup",
        {"nodeGroupName": "nodegroupName", "nodeRoleArn": "nodeRole", "subnetIds": "subnets"},
        # A mapping there, and a list everywhere else.
        frozenset({"tags"}),
    ),
    "aws:eks/addon:Addon": Row(
        "AWS::EKS::Addon",
        {"preserve": "preserveOnDelete", "resolveConflictsOnUpdate": "resolveConflicts"},
        # CloudFormation has one word for both.
        frozenset({"resolveConflictsOnCreate"}),
    ),
    "aws:eks/accessEntry:AccessEntry": Row("AWS::EKS::AccessEntry"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Row("AWS::EKS::PodIdentityAssociation"),
    "aws:kms/key:Key": Row(
        "AWS::KMS::Key", {"deletionWindowInDays": "pendingWindowInDays", "policy": "keyPolicy"}, shaped=shapes.key
    ),
    # CloudFormation names it itself.
    "aws:ec2/placementGroup:PlacementGroup": Row("AWS::EC2::PlacementGroup", {}, frozenset({"name"})),
    "aws:ec2/launchTemplate:LaunchTemplate": Row("AWS::EC2::LaunchTemplate", shaped=shapes.launch_template),
    "aws:ecs/capacityProvider:CapacityProvider": Row(
        "AWS::ECS::CapacityProvider", {"cluster": "clusterName"}, shaped=shapes.capacity_provider
    ),
    "aws:iam/instanceProfile:InstanceProfile": Row(
        "AWS::IAM::InstanceProfile", {"name": "instanceProfileName"}, shaped=shapes.instance_profile
    ),
    "aws:ec2/eip:Eip": Row("AWS::EC2::EIP"),
    "aws:secretsmanager/secret:Secret": Row("AWS::SecretsManager::Secret", without=frozenset({"recoveryWindowInDays"})),
    "aws:iot/policy:Policy": Row(
        "AWS::IoT::Policy", {"name": "policyName", "policy": "policyDocument"}, shaped=shapes.role_policy
    ),
    "aws:iot/policyAttachment:PolicyAttachment": Row(
        "AWS::IoT::PolicyPrincipalAttachment", {"policy": "policyName", "target": "principal"}
    ),
    "aws:iot/provisioningTemplate:ProvisioningTemplate": Row(
        "AWS::IoT::ProvisioningTemplate", {"name": "templateName", "type": "templateType"}
    ),
    "aws:iot/roleAlias:RoleAlias": Row(
        "AWS::IoT::RoleAlias", {"alias": "roleAlias", "credentialDuration": "credentialDurationSeconds"}
    ),
    "aws:iot/thingGroup:ThingGroup": Row(
        "AWS::IoT::ThingGroup",
        {"name": "thingGroupName"},
        shaped=shapes.described("thingGroupProperties", "thingGroupDescription"),
    ),
    "aws:iot/thingType:ThingType": Row(
        "AWS::IoT::ThingType",
        {"name": "thingTypeName"},
        shaped=shapes.described("thingTypeProperties", "thingTypeDescription"),
    ),
    "aws:iot/topicRule:TopicRule": Row("AWS::IoT::TopicRule", {"name": "ruleName"}, shaped=shapes.topic_rule),
    "aws:lambda/permission:Permission": Row("AWS::Lambda::Permission", {"function": "functionName"}),
    "aws:lambda/function:Function": Row("AWS::Lambda::Function", shaped=shapes.function),
    "aws:sqs/queue:Queue": Row(
        "AWS::SQS::Queue",
        {
            "name": "queueName",
            "maxMessageSize": "maximumMessageSize",
            "messageRetentionSeconds": "messageRetentionPeriod",
            "receiveWaitTimeSeconds": "receiveMessageWaitTimeSeconds",
            "visibilityTimeoutSeconds": "visibilityTimeout",
        },
        shaped=shapes.queue,
    ),
}

"""What the cloud gives back per resource type: ids, ARNs and names in the shapes of the real ones.

A template is a format string over: `name` (the physical name), `region`, `account`, `id`, any other output of the row,
`in_KEY` (an input), `tail_KEY` (an input's part after its last slash), `hexN` and `hexN_LABEL` (N hexadecimal digits,
other ones per resource and label; HEX in capitals), `digitsN`, `byte`, `uuid`, and the `_special_` words of outputs.py.
Dicts and lists hold templates. Sources: the attribute references of the Terraform AWS provider's resource pages, and
the id each of them sets.
"""

from __future__ import annotations

from typing import Any, Final

from modelinfra.graph import eks

Template = Any

ECS = "arn:aws:ecs:{region}:{account}"
EC2 = "arn:aws:ec2:{region}:{account}"
ELB = "arn:aws:elasticloadbalancing:{region}:{account}"
IAM = "arn:aws:iam::{account}"
IOT = "arn:aws:iot:{region}:{account}"

# token -> (id, outputs)
TABLE: Final[dict[str, tuple[str, dict[str, Template]]]] = {
    "aws:ec2/vpc:Vpc": (
        "vpc-{hex17}",
        {
            "arn": EC2 + ":vpc/{id}",
            "ownerId": "{account}",
            "mainRouteTableId": "rtb-{hex17_main}",
            "defaultRouteTableId": "rtb-{hex17_main}",
            "defaultNetworkAclId": "acl-{hex17_acl}",
            "defaultSecurityGroupId": "sg-{hex17_default}",
            "dhcpOptionsId": "dopt-{hex17_dhcp}",
        },
    ),
    "aws:ssm/activation:Activation": (
        "{uuid}",
        {"activationCode": "{hex20_code}", "expired": False, "registrationCount": 0},
    ),
    "aws:iot/thingGroup:ThingGroup": ("{name}", {"arn": IOT + ":thinggroup/{name}", "version": 1}),
    "aws:iot/thingType:ThingType": ("{name}", {"arn": IOT + ":thingtype/{name}"}),
    "aws:iot/roleAlias:RoleAlias": ("{in_alias}", {"arn": IOT + ":rolealias/{in_alias}"}),
    "aws:iot/policy:Policy": ("{name}", {"arn": IOT + ":policy/{name}", "defaultVersionId": "1"}),
    "aws:iot/policyAttachment:PolicyAttachment": ("{in_policy}|{in_target}", {}),
    "aws:iot/provisioningTemplate:ProvisioningTemplate": (
        "{name}",
        {"arn": IOT + ":provisioningtemplate/{name}", "defaultVersionId": 1},
    ),
    "aws:iot/certificate:Certificate": (
        "{hex64}",
        {
            "arn": IOT + ":cert/{id}",
            "certificatePem": "-----BEGIN CERTIFICATE-----\n{hex64_pem}\n-----END CERTIFICATE-----\n",
            "privateKey": "-----BEGIN RSA PRIVATE KEY-----\n{hex64_key}\n-----END RSA PRIVATE KEY-----\n",
            "publicKey": "-----BEGIN PUBLIC KEY-----\n{hex64_public}\n-----END PUBLIC KEY-----\n",
        },
    ),
    # Ids: CloudFormation registry, primaryIdentifier of AWS::GreengrassV2::ComponentVersion (its ARN) and ::Deployment.
    "aws-native:greengrassv2:Deployment": ("{uuid}", {"deploymentId": "{id}"}),
    "aws-native:greengrassv2:ComponentVersion": (
        "arn:aws:greengrass:{region}:{account}:components:{component}",
        {"arn": "{id}"},
    ),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": ("vpc-cidr-assoc-{hex17}", {}),
    "aws:ec2/subnet:Subnet": (
        "subnet-{hex17}",
        {"arn": EC2 + ":subnet/{id}", "ownerId": "{account}", "availabilityZone": "{region}a"},
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "sg-{hex17}",
        {"arn": EC2 + ":security-group/{id}", "ownerId": "{account}", "vpcId": "vpc-{hex17_default}"},
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": ("sgrule-{digits10}", {"securityGroupRuleId": "sgr-{hex17}"}),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "sgr-{hex17}",
        {"arn": EC2 + ":security-group-rule/{id}", "securityGroupRuleId": "{id}"},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "sgr-{hex17}",
        {"arn": EC2 + ":security-group-rule/{id}", "securityGroupRuleId": "{id}"},
    ),
    "aws:ec2/routeTable:RouteTable": ("rtb-{hex17}", {"arn": EC2 + ":route-table/{id}", "ownerId": "{account}"}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("rtbassoc-{hex17}", {}),
    "aws:ec2/route:Route": ("r-{in_routeTableId}{digits10}", {"origin": "CreateRoute", "state": "active"}),
    "aws:ec2/internetGateway:InternetGateway": (
        "igw-{hex17}",
        {"arn": EC2 + ":internet-gateway/{id}", "ownerId": "{account}"},
    ),
    "aws:ec2/natGateway:NatGateway": (
        "nat-{hex17}",
        {"networkInterfaceId": "eni-{hex17_eni}", "privateIp": "10.0.0.{byte}", "publicIp": "203.0.113.{byte}"},
    ),
    "aws:ec2/eip:Eip": (
        "eipalloc-{hex17}",
        {
            "allocationId": "{id}",
            "publicIp": "203.0.113.{byte}",
            "publicDns": "ec2-203-0-113-{byte}.{region}.compute.amazonaws.com",
            "arn": EC2 + ":elastic-ip/{id}",
        },
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "vpce-{hex17}",
        {
            "arn": EC2 + ":vpc-endpoint/{id}",
            "ownerId": "{account}",
            "state": "available",
            "prefixListId": "pl-{hex8}",
        },
    ),
    "aws:ec2/flowLog:FlowLog": ("fl-{hex17}", {"arn": EC2 + ":vpc-flow-log/{id}"}),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        "lt-{hex17}",
        {"arn": EC2 + ":launch-template/{id}", "latestVersion": 1, "defaultVersion": 1},
    ),
    "aws:autoscaling/group:Group": (
        "{name}",
        {"arn": "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}"},
    ),
    "aws:ecs/cluster:Cluster": ("{arn}", {"arn": ECS + ":cluster/{name}"}),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": ("{in_clusterName}", {}),
    "aws:ecs/capacityProvider:CapacityProvider": ("{arn}", {"arn": ECS + ":capacity-provider/{name}"}),
    "aws:ecs/service:Service": ("{arn}", {"arn": ECS + ":service/{tail_cluster}/{name}"}),
    "aws:ecs/taskDefinition:TaskDefinition": (
        "{in_family}",
        {
            "arn": ECS + ":task-definition/{in_family}:1",
            "arnWithoutRevision": ECS + ":task-definition/{in_family}",
            "revision": 1,
        },
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        "{arn}",
        {
            "arn": ELB + ":loadbalancer/{lb_kind}/{name}/{hex16}",
            "arnSuffix": "{lb_kind}/{name}/{hex16}",
            "dnsName": "{lb_internal}{name}-{digits10}.{region}.elb.amazonaws.com",
            "zoneId": "Z{HEX13}",
            "vpcId": "vpc-{hex17_vpc}",
        },
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "{arn}",
        {"arn": ELB + ":targetgroup/{name}/{hex16}", "arnSuffix": "targetgroup/{name}/{hex16}"},
    ),
    "aws:lb/listener:Listener": ("{arn}", {"arn": "{listener_base}/{hex16}"}),
    "aws:lb/listenerRule:ListenerRule": ("{arn}", {"arn": "{rule_base}/{hex16}"}),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": ("{in_targetGroupArn}-{digits20}", {}),
    "aws:ec2/vpcEndpointService:VpcEndpointService": (
        "vpce-svc-{hex17}",
        {
            "arn": EC2 + ":vpc-endpoint-service/{id}",
            "serviceName": "com.amazonaws.vpce.{region}.{id}",
            "serviceType": "Interface",
            "state": "Available",
            "baseEndpointDnsNames": ["{id}.{region}.vpce.amazonaws.com"],
            "availabilityZones": ["{region}a", "{region}b"],
            "managesVpcEndpoints": False,
            "privateDnsNameConfigurations": [
                {"name": "_{hex20_proof}", "type": "TXT", "value": "vpce:{hex20_value}", "state": "pendingVerification"}
            ],
        },
    ),
    "aws:vpc/endpointServicePrivateDnsVerification:EndpointServicePrivateDnsVerification": ("{in_serviceId}", {}),
    "aws:apigatewayv2/api:Api": (
        "{hex10}",
        {
            "arn": "arn:aws:apigateway:{region}::/apis/{id}",
            "apiEndpoint": "https://{id}.execute-api.{region}.amazonaws.com",
            "executionArn": "arn:aws:execute-api:{region}:{account}:{id}",
            "apiKeySelectionExpression": "$request.header.x-api-key",
            "routeSelectionExpression": "$request.method $request.path",
            "ipAddressType": "ipv4",
        },
    ),
    "aws:apigatewayv2/vpcLink:VpcLink": ("{hex6}", {"arn": "arn:aws:apigateway:{region}::/vpclinks/{id}"}),
    "aws:apigatewayv2/integration:Integration": ("{hex7}", {}),
    "aws:apigatewayv2/route:Route": ("{hex7}", {}),
    "aws:apigatewayv2/authorizer:Authorizer": ("{hex6}", {}),
    "aws:apigatewayv2/stage:Stage": (
        "{in_name}",
        {
            "arn": "arn:aws:apigateway:{region}::/apis/{in_apiId}/stages/{in_name}",
            "executionArn": "arn:aws:execute-api:{region}:{account}:{in_apiId}/{in_name}",
            "invokeUrl": "https://{in_apiId}.execute-api.{region}.amazonaws.com/",
        },
    ),
    "aws:apigatewayv2/domainName:DomainName": (
        "{in_domainName}",
        {
            "arn": "arn:aws:apigateway:{region}::/domainnames/{in_domainName}",
            "apiMappingSelectionExpression": "$request.basepath",
            "domainNameConfiguration": {
                "targetDomainName": "d-{hex10}.execute-api.{region}.amazonaws.com",
                "hostedZoneId": "Z{HEX13}",
            },
        },
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": ("{hex6}", {}),
    "aws:ecr/repository:Repository": (
        "{name}",
        {
            "arn": "arn:aws:ecr:{region}:{account}:repository/{name}",
            "registryId": "{account}",
            "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        },
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("{in_repository}", {"registryId": "{account}"}),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("{in_repository}", {"registryId": "{account}"}),
    "aws:iam/role:Role": (
        "{name}",
        {
            "arn": IAM + ":role{path}{name}",
            "uniqueId": "AROA{HEX17}",
            "createDate": "2026-01-01T00:00:00Z",
            "path": "/",
        },
    ),
    "aws:iam/policy:Policy": ("{arn}", {"arn": IAM + ":policy{path}{name}", "policyId": "ANPA{HEX17}", "path": "/"}),
    "aws:iam/rolePolicy:RolePolicy": ("{in_role}:{name}", {}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("{in_role}-{in_policyArn}", {}),
    "aws:ec2/placementGroup:PlacementGroup": (
        "{name}",
        {"arn": "arn:aws:ec2:{region}:{account}:placement-group/{name}", "placementGroupId": "pg-{hex17}"},
    ),
    "aws:iam/instanceProfile:InstanceProfile": (
        "{name}",
        {"arn": IAM + ":instance-profile{path}{name}", "uniqueId": "AIPA{HEX17}", "path": "/"},
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("{name}", {"arn": "arn:aws:logs:{region}:{account}:log-group:{name}"}),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": ("{in_logGroupName}", {}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "{name}",
        {"arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"},
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        "{in_alarmName}",
        {"arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{in_alarmName}"},
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        "{in_dashboardName}",
        {"dashboardArn": "arn:aws:cloudwatch::{account}:dashboard/{in_dashboardName}"},
    ),
    "aws:budgets/budget:Budget": ("{account}:{name}", {"arn": "arn:aws:budgets::{account}:budget/{name}"}),
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": (
        "{chatConfigurationArn}",
        {"chatConfigurationArn": "arn:aws:chatbot::{account}:chat-configuration/slack-channel/{in_configurationName}"},
    ),
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": (
        "{in_teamId}",
        {
            "chatConfigurationArn": "arn:aws:chatbot::{account}:chat-configuration/microsoft-teams-channel/"
            "{in_configurationName}"
        },
    ),
    "aws:appautoscaling/target:Target": (
        "{in_resourceId}",
        {
            "arn": "arn:aws:application-autoscaling:{region}:{account}:scalable-target/{hex32}",
            "roleArn": IAM + ":role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_ECSService",
        },
    ),
    "aws:appautoscaling/policy:Policy": (
        "{name}",
        {
            "arn": "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{uuid}:resource/ecs/"
            "{in_resourceId}:policyName/{name}",
            "alarmArns": [
                "arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-{in_resourceId}-AlarmHigh-{uuid_high}",
                "arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-{in_resourceId}-AlarmLow-{uuid_low}",
            ],
        },
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": (
        "{name}-{in_serviceNamespace}-{in_resourceId}",
        {"arn": "arn:aws:autoscaling:{region}:{account}:scheduledAction:{uuid}:resource/ecs/{in_resourceId}"},
    ),
    "aws:kms/key:Key": ("{uuid}", {"arn": "arn:aws:kms:{region}:{account}:key/{id}", "keyId": "{id}"}),
    "aws:kms/alias:Alias": (
        "{name}",
        {
            "arn": "arn:aws:kms:{region}:{account}:{name}",
            "targetKeyArn": "arn:aws:kms:{region}:{account}:key/{tail_targetKeyId}",
        },
    ),
    "aws:s3/bucket:Bucket": (
        "{in_bucket}",
        {
            "arn": "arn:aws:s3:::{in_bucket}",
            "bucketDomainName": "{in_bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{in_bucket}.s3.{region}.amazonaws.com",
            "hostedZoneId": "Z{HEX13}",
        },
    ),
    "aws:secretsmanager/secret:Secret": (
        "{arn}",
        {"arn": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{hex6}"},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        "{in_secretId}|terraform-{hex26}",
        {"arn": "{in_secretId}", "versionId": "terraform-{hex26}", "versionStages": ["AWSCURRENT"]},
    ),
    "aws:ssm/parameter:Parameter": (
        "{name}",
        {"arn": "arn:aws:ssm:{region}:{account}:parameter{slash_name}", "version": 1, "dataType": "text"},
    ),
    "aws:sns/topic:Topic": (
        "{arn}",
        {"arn": "arn:aws:sns:{region}:{account}:{name}", "owner": "{account}"},
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        "{arn}",
        {"arn": "{in_topic}:{uuid}", "ownerId": "{account}", "pendingConfirmation": False},
    ),
    "aws:lambda/function:Function": ("{name}", {"arn": "arn:aws:lambda:{region}:{account}:function:{name}"}),
    "aws:sqs/queue:Queue": (
        "{url}",
        {"url": "https://sqs.{region}.amazonaws.com/{account}/{name}", "arn": "arn:aws:sqs:{region}:{account}:{name}"},
    ),
    "aws:route53/zone:Zone": (
        "Z{HEX20}",
        {
            "arn": "arn:aws:route53:::hostedzone/{id}",
            "zoneId": "{id}",
            "primaryNameServer": "ns-{byte}.awsdns-00.com",
            "nameServers": ["ns-{byte}.awsdns-00.com", "ns-{byte}.awsdns-01.net", "ns-{byte}.awsdns-02.org"],
        },
    ),
    "aws:route53/record:Record": ("{in_zoneId}_{name}_{in_type}", {"fqdn": "{name}"}),
    "aws:cognito/userPool:UserPool": (
        "{region}_{hex9}",
        {
            "arn": "arn:aws:cognito-idp:{region}:{account}:userpool/{id}",
            "endpoint": "cognito-idp.{region}.amazonaws.com/{id}",
        },
    ),
    "aws:cognito/userPoolClient:UserPoolClient": ("{hex26}", {"clientSecret": "{hex51_secret}"}),
    "aws:cognito/userPoolDomain:UserPoolDomain": ("{in_domain}", {"awsAccountId": "{account}"}),
    "aws:acm/certificate:Certificate": (
        "{arn}",
        {
            "arn": "arn:aws:acm:{region}:{account}:certificate/{uuid}",
            "status": "ISSUED",
            "domainValidationOptions": [
                {
                    "domainName": "{in_domainName}",
                    "resourceRecordName": "_{hex32}.{in_domainName}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_{hex32_value}.acm-validations.aws.",
                }
            ],
        },
    ),
    "aws:acm/certificateValidation:CertificateValidation": ("{uuid}", {}),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": (
        "ns-{hex16}",
        {"arn": "arn:aws:servicediscovery:{region}:{account}:namespace/{id}", "hostedZone": "Z{HEX20}"},
    ),
    "docker-build:index:Image": (
        "{image_tag}",
        {"contextHash": "{hex64_context}", "digest": "sha256:{hex64}", "ref": "{image_tag}@sha256:{hex64}"},
    ),
    **eks.OUTPUTS,
    "docker-build:index:Index": ("{in_tag}", {"ref": "{in_tag}@sha256:{hex64}"}),
}

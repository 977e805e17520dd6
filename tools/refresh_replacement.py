"""Derives modelinfra/graph/replacement.tsv: which arguments of AWS resource types force a replacement.

    python tools/refresh_replacement.py path/to/aws_force_new.tsv

The source table was asked of the real Terraform AWS provider (its own plan call, one argument changed at a time);
its first line says of which version. Here its resource types and argument paths become Pulumi's tokens and property
paths. What the source did not decide, or does not know, is kept by hand in replacement_added.tsv.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelinfra.graph.sdk import object_properties, type_info

TARGET = Path(__file__).parents[1] / "modelinfra/graph/replacement.tsv"

# Terraform resource type -> Pulumi token, for the types that this library makes or that its users put beside it.
TOKENS = {
    "aws_vpc": "aws:ec2/vpc:Vpc",
    "aws_vpc_ipv4_cidr_block_association": "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
    "aws_subnet": "aws:ec2/subnet:Subnet",
    "aws_route_table": "aws:ec2/routeTable:RouteTable",
    "aws_route_table_association": "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws_route": "aws:ec2/route:Route",
    "aws_security_group": "aws:ec2/securityGroup:SecurityGroup",
    "aws_security_group_rule": "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws_vpc_security_group_ingress_rule": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws_vpc_security_group_egress_rule": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws_eip": "aws:ec2/eip:Eip",
    "aws_nat_gateway": "aws:ec2/natGateway:NatGateway",
    "aws_internet_gateway": "aws:ec2/internetGateway:InternetGateway",
    "aws_vpc_endpoint": "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws_vpc_endpoint_service": "aws:ec2/vpcEndpointService:VpcEndpointService",
    "aws_vpc_endpoint_service_private_dns_verification": (
        "aws:vpc/endpointServicePrivateDnsVerification:EndpointServicePrivateDnsVerification"
    ),
    "aws_apigatewayv2_api": "aws:apigatewayv2/api:Api",
    "aws_apigatewayv2_api_mapping": "aws:apigatewayv2/apiMapping:ApiMapping",
    "aws_apigatewayv2_authorizer": "aws:apigatewayv2/authorizer:Authorizer",
    "aws_apigatewayv2_domain_name": "aws:apigatewayv2/domainName:DomainName",
    "aws_apigatewayv2_integration": "aws:apigatewayv2/integration:Integration",
    "aws_apigatewayv2_route": "aws:apigatewayv2/route:Route",
    "aws_apigatewayv2_stage": "aws:apigatewayv2/stage:Stage",
    "aws_apigatewayv2_vpc_link": "aws:apigatewayv2/vpcLink:VpcLink",
    "aws_flow_log": "aws:ec2/flowLog:FlowLog",
    "aws_launch_template": "aws:ec2/launchTemplate:LaunchTemplate",
    "aws_instance": "aws:ec2/instance:Instance",
    "aws_autoscaling_group": "aws:autoscaling/group:Group",
    "aws_ebs_volume": "aws:ebs/volume:Volume",
    "aws_efs_file_system": "aws:efs/fileSystem:FileSystem",
    "aws_efs_mount_target": "aws:efs/mountTarget:MountTarget",
    "aws_fsx_lustre_file_system": "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws_db_instance": "aws:rds/instance:Instance",
    "aws_rds_cluster": "aws:rds/cluster:Cluster",
    "aws_rds_cluster_instance": "aws:rds/clusterInstance:ClusterInstance",
    "aws_db_subnet_group": "aws:rds/subnetGroup:SubnetGroup",
    "aws_dynamodb_table": "aws:dynamodb/table:Table",
    "aws_elasticache_replication_group": "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws_eks_cluster": "aws:eks/cluster:Cluster",
    "aws_eks_node_group": "aws:eks/nodeGroup:NodeGroup",
    "aws_eks_addon": "aws:eks/addon:Addon",
    "aws_eks_access_entry": "aws:eks/accessEntry:AccessEntry",
    "aws_eks_access_policy_association": "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws_eks_pod_identity_association": "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws_iot_certificate": "aws:iot/certificate:Certificate",
    "aws_iot_policy": "aws:iot/policy:Policy",
    "aws_iot_policy_attachment": "aws:iot/policyAttachment:PolicyAttachment",
    "aws_iot_provisioning_template": "aws:iot/provisioningTemplate:ProvisioningTemplate",
    "aws_iot_role_alias": "aws:iot/roleAlias:RoleAlias",
    "aws_iot_thing_group": "aws:iot/thingGroup:ThingGroup",
    "aws_iot_thing_type": "aws:iot/thingType:ThingType",
    "aws_lambda_function": "aws:lambda/function:Function",
    "aws_lambda_function_url": "aws:lambda/functionUrl:FunctionUrl",
    "aws_lambda_permission": "aws:lambda/permission:Permission",
    "aws_sagemaker_model": "aws:sagemaker/model:Model",
    "aws_sagemaker_endpoint": "aws:sagemaker/endpoint:Endpoint",
    "aws_sagemaker_endpoint_configuration": "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws_iam_user": "aws:iam/user:User",
    "aws_iam_user_policy": "aws:iam/userPolicy:UserPolicy",
    "aws_iam_user_policy_attachment": "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws_s3_bucket_acl": "aws:s3/bucketAcl:BucketAcl",
    "aws_cloudtrail": "aws:cloudtrail/trail:Trail",
    "aws_budgets_budget": "aws:budgets/budget:Budget",
    "aws_default_security_group": "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws_vpc_endpoint_route_table_association": "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
    "aws_ecs_cluster": "aws:ecs/cluster:Cluster",
    "aws_ecs_cluster_capacity_providers": "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    "aws_ecs_capacity_provider": "aws:ecs/capacityProvider:CapacityProvider",
    "aws_ecs_service": "aws:ecs/service:Service",
    "aws_ecs_task_definition": "aws:ecs/taskDefinition:TaskDefinition",
    "aws_lb": "aws:lb/loadBalancer:LoadBalancer",
    "aws_lb_target_group": "aws:lb/targetGroup:TargetGroup",
    "aws_lb_listener": "aws:lb/listener:Listener",
    "aws_lb_listener_rule": "aws:lb/listenerRule:ListenerRule",
    "aws_lb_target_group_attachment": "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    "aws_lb_listener_certificate": "aws:lb/listenerCertificate:ListenerCertificate",
    "aws_ecr_repository": "aws:ecr/repository:Repository",
    "aws_ecr_lifecycle_policy": "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws_ecr_repository_policy": "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws_iam_role": "aws:iam/role:Role",
    "aws_iam_policy": "aws:iam/policy:Policy",
    "aws_iam_role_policy": "aws:iam/rolePolicy:RolePolicy",
    "aws_iam_role_policy_attachment": "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws_placement_group": "aws:ec2/placementGroup:PlacementGroup",
    "aws_iam_instance_profile": "aws:iam/instanceProfile:InstanceProfile",
    "aws_cloudwatch_log_group": "aws:cloudwatch/logGroup:LogGroup",
    "aws_cloudwatch_metric_alarm": "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws_cloudwatch_composite_alarm": "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "aws_chatbot_slack_channel_configuration": "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
    "aws_chatbot_teams_channel_configuration": "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration",
    "aws_cloudwatch_log_data_protection_policy": "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy",
    "aws_cloudwatch_dashboard": "aws:cloudwatch/dashboard:Dashboard",
    "aws_appautoscaling_target": "aws:appautoscaling/target:Target",
    "aws_appautoscaling_policy": "aws:appautoscaling/policy:Policy",
    "aws_appautoscaling_scheduled_action": "aws:appautoscaling/scheduledAction:ScheduledAction",
    "aws_kms_key": "aws:kms/key:Key",
    "aws_kms_alias": "aws:kms/alias:Alias",
    "aws_s3_bucket": "aws:s3/bucket:Bucket",
    "aws_s3_bucket_policy": "aws:s3/bucketPolicy:BucketPolicy",
    "aws_s3_bucket_public_access_block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws_s3_bucket_versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "aws_s3_object": "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws_secretsmanager_secret": "aws:secretsmanager/secret:Secret",
    "aws_secretsmanager_secret_version": "aws:secretsmanager/secretVersion:SecretVersion",
    "aws_ssm_activation": "aws:ssm/activation:Activation",
    "aws_ssm_parameter": "aws:ssm/parameter:Parameter",
    "aws_sns_topic": "aws:sns/topic:Topic",
    "aws_sns_topic_subscription": "aws:sns/topicSubscription:TopicSubscription",
    "aws_sqs_queue": "aws:sqs/queue:Queue",
    "aws_route53_zone": "aws:route53/zone:Zone",
    "aws_route53_record": "aws:route53/record:Record",
    "aws_acm_certificate": "aws:acm/certificate:Certificate",
    "aws_acm_certificate_validation": "aws:acm/certificateValidation:CertificateValidation",
}

# Arguments that pulumi-aws renames beyond snake_case -> camelCase and plurals.
RENAMED = {
    ("aws_cloudwatch_metric_alarm", "alarm_name"): "name",
    ("aws_lambda_function", "function_name"): "name",
    ("aws_lambda_permission", "function_name"): "function",
    ("aws_sns_topic_subscription", "topic_arn"): "topic",
}


def main(source: Path) -> int:
    lines = source.read_text(encoding="utf-8").splitlines()
    rows = []
    unmapped = []
    for row in csv.DictReader(lines[1:], delimiter="\t"):
        token = TOKENS.get(row["resource"])
        if token is None or row["forces_replacement"] != "yes":
            continue
        path = RENAMED.get((row["resource"], row["path"])) or property_path(token, row["path"])
        if path is None:
            unmapped.append(f"{row['resource']}.{row['path']}")
        else:
            rows.append((token, path))
    # A type of which nothing forces a replacement is known, too.
    rows += [(token, "-") for token in set(TOKENS.values()) - {token for token, _ in rows}]
    header = (
        "# Made by tools/refresh_replacement.py, not by hand: properties whose change replaces the resource.\n"
        f"# Source: {lines[0].lstrip('# ')}\n"
        "token\tpath\n"
    )
    TARGET.write_text(header + "".join(f"{token}\t{path}\n" for token, path in sorted(set(rows))), encoding="utf-8")
    print(f"{TARGET}: {len(set(rows))} rows of {len({token for token, _ in rows})} types")
    if unmapped:
        print(f"no property of the SDK for: {', '.join(unmapped)}", file=sys.stderr)
    return 0


def property_path(token: str, path: str) -> str | None:
    """The Pulumi path (without list indices) of a Terraform one; None when the SDK has no such property."""
    known: Mapping[str, Any] = type_info(token).outputs
    found = []
    for segment in path.split("."):
        name = next((candidate for candidate in spellings(segment) if candidate in known), None)
        if name is None:
            return None
        found.append(name)
        known = object_properties(known[name])
    return ".".join(found)


def spellings(segment: str) -> list[str]:
    """How pulumi-aws may spell an argument: lists become plurals."""
    first, *rest = segment.split("_")
    camel = first + "".join(word[:1].upper() + word[1:] for word in rest)
    plurals = [camel + "s", camel + "es", camel.removesuffix("y") + "ies"]
    return [camel, *plurals]


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))

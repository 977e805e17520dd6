"""Requests that AWS refuses: a name that is taken, a thing that others still use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from modelinfra.testing.cloud.store import Store, Thing

# What a rule of a security group is, its description aside.
_RULE = (
    *("securityGroupId", "ipProtocol", "fromPort", "toPort"),
    *("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"),
)
_SAME_RULE = "InvalidPermission.Duplicate: the specified rule already exists in the security group '{securityGroupId}'"

# type -> (properties that are unique together, message). Regional unless the type's service is global.
_UNIQUE: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "aws:iam/role:Role": (("name",), "EntityAlreadyExists: Role with name {name} already exists."),
    "aws:iam/policy:Policy": (("name", "path"), "EntityAlreadyExists: A policy called {name} already exists."),
    "aws:iam/instanceProfile:InstanceProfile": (
        ("name",),
        "EntityAlreadyExists: Instance Profile {name} already exists.",
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        ("name",),
        "ResourceAlreadyExistsException: The specified log group already exists: {name}",
    ),
    "aws:ecr/repository:Repository": (
        ("name",),
        "RepositoryAlreadyExistsException: The repository with name '{name}' already exists in the registry",
    ),
    "aws:ecs/cluster:Cluster": (
        ("name",),
        "InvalidParameterException: Arguments on this idempotent request are inconsistent: cluster {name} exists.",
    ),
    "aws:ecs/service:Service": (
        ("name", "cluster"),
        "InvalidParameterException: Creation of service was not idempotent: {name}",
    ),
    "aws:autoscaling/group:Group": (
        ("name",),
        "AlreadyExists: AutoScalingGroup by this name already exists - A group with the name {name} already exists",
    ),
    "aws:ec2/placementGroup:PlacementGroup": (
        ("name",),
        "InvalidPlacementGroup.Duplicate: The placement group '{name}' already exists.",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        ("name",),
        "InvalidLaunchTemplateName.AlreadyExistsException: Launch template name already in use.",
    ),
    "aws:ecs/capacityProvider:CapacityProvider": (("name",), "The capacity provider {name} already exists."),
    "aws:lb/loadBalancer:LoadBalancer": (
        ("name",),
        "DuplicateLoadBalancerName: A load balancer with the name '{name}' exists, but with different settings",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        ("name",),
        "DuplicateTargetGroupName: A target group with the name '{name}' exists, but with different settings",
    ),
    "aws:lb/listener:Listener": (
        ("loadBalancerArn", "port"),
        "DuplicateListener: A listener already exists on this port for this load balancer",
    ),
    "aws:lb/listenerRule:ListenerRule": (
        ("listenerArn", "priority"),
        "PriorityInUse: Priority '{priority}' is currently in use",
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        ("name", "vpcId"),
        "InvalidGroup.Duplicate: The security group '{name}' already exists for VPC '{vpcId}'",
    ),
    "aws:ec2/subnet:Subnet": (
        ("vpcId", "cidrBlock"),
        "InvalidSubnet.Conflict: The CIDR '{cidrBlock}' conflicts with another subnet",
    ),
    "aws:ec2/route:Route": (
        ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
        "RouteAlreadyExists: The route identified by {destinationCidrBlock} already exists.",
    ),
    "aws:s3/bucket:Bucket": (
        ("bucket",),
        "BucketAlreadyOwnedByYou: Your previous request to create the named bucket succeeded and you already own it.",
    ),
    "aws:kms/alias:Alias": (("name",), "AlreadyExistsException: An alias with the name {name} already exists"),
    "aws:secretsmanager/secret:Secret": (
        ("name",),
        "ResourceExistsException: The operation failed because the secret {name} already exists.",
    ),
    "aws:ssm/parameter:Parameter": (("name",), "ParameterAlreadyExists: The parameter already exists."),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (
        ("subnetId",),
        "Resource.AlreadyAssociated: the specified association for subnet {subnetId} conflicts with an existing association",
    ),
    "aws:ec2/internetGateway:InternetGateway": (
        ("vpcId",),
        "Resource.AlreadyAssociated: Network {vpcId} already has an internet gateway attached",
    ),
    "aws:ec2/natGateway:NatGateway": (
        ("allocationId",),
        "Resource.AlreadyAssociated: Elastic IP address [{allocationId}] is already associated",
    ),
    "aws:ec2/flowLog:FlowLog": (
        ("vpcId", "logDestination", "trafficType"),
        "FlowLogAlreadyExists: There is an existing Flow Log with the same configuration and log destination.",
    ),
    "aws:apigatewayv2/route:Route": (
        ("apiId", "routeKey"),
        "ConflictException: Route with key {routeKey} already exists for this API",
    ),
    "aws:apigatewayv2/domainName:DomainName": (
        ("domainName",),
        "ConflictException: The domain name you provided already exists.",
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": (
        ("domainName", "apiMappingKey"),
        "ConflictException: ApiMapping key already exists for this domain name",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (_RULE, _SAME_RULE),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (_RULE, _SAME_RULE),
}

# held type -> (property that others name it by, users as (type, property), message)
_HELD: Final[dict[str, tuple[str, tuple[tuple[str, str], ...], str]]] = {
    "aws:ec2/vpc:Vpc": (
        "id",
        tuple(
            (token, "vpcId")
            for token in (
                "aws:ec2/subnet:Subnet",
                "aws:ec2/securityGroup:SecurityGroup",
                "aws:ec2/internetGateway:InternetGateway",
                "aws:ec2/vpcEndpoint:VpcEndpoint",
                "aws:ec2/routeTable:RouteTable",
            )
        ),
        "DependencyViolation: The vpc '{id}' has dependencies and cannot be deleted.",
    ),
    "aws:ec2/subnet:Subnet": (
        "id",
        (
            ("aws:lb/loadBalancer:LoadBalancer", "subnets"),
            ("aws:ecs/service:Service", "networkConfiguration"),
            ("aws:ec2/natGateway:NatGateway", "subnetId"),
            ("aws:ec2/vpcEndpoint:VpcEndpoint", "subnetIds"),
            ("aws:apigatewayv2/vpcLink:VpcLink", "subnetIds"),
        ),
        "DependencyViolation: The subnet '{id}' has dependencies and cannot be deleted.",
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "id",
        (
            ("aws:lb/loadBalancer:LoadBalancer", "securityGroups"),
            ("aws:ecs/service:Service", "networkConfiguration"),
            ("aws:ec2/vpcEndpoint:VpcEndpoint", "securityGroupIds"),
            ("aws:apigatewayv2/vpcLink:VpcLink", "securityGroupIds"),
            ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "referencedSecurityGroupId"),
            ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "referencedSecurityGroupId"),
            ("aws:ec2/securityGroupRule:SecurityGroupRule", "sourceSecurityGroupId"),
        ),
        "DependencyViolation: resource {id} has a dependent object",
    ),
    "aws:ec2/routeTable:RouteTable": (
        "id",
        (("aws:ec2/routeTableAssociation:RouteTableAssociation", "routeTableId"),),
        "DependencyViolation: The routeTable '{id}' has dependencies and cannot be deleted.",
    ),
    "aws:ec2/eip:Eip": (
        "id",
        (("aws:ec2/natGateway:NatGateway", "allocationId"),),
        "InvalidIPAddress.InUse: Address {id} is in use.",
    ),
    "aws:apigatewayv2/vpcLink:VpcLink": (
        "id",
        (("aws:apigatewayv2/integration:Integration", "connectionId"),),
        "BadRequestException: Cannot delete vpc link. Vpc link '{id}' is referenced",
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        "arn",
        (
            ("aws:ec2/vpcEndpointService:VpcEndpointService", "networkLoadBalancerArns"),
            ("aws:lb/targetGroupAttachment:TargetGroupAttachment", "targetId"),
        ),
        "ResourceInUse: Load balancer '{arn}' cannot be deleted because it is currently associated with another service",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "arn",
        (("aws:lb/listener:Listener", "defaultActions"), ("aws:lb/listenerRule:ListenerRule", "actions")),
        "ResourceInUse: Target group '{arn}' is currently in use by a listener or a rule",
    ),
    "aws:ecs/cluster:Cluster": (
        "arn",
        (("aws:ecs/service:Service", "cluster"),),
        "ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.",
    ),
    "aws:ecs/capacityProvider:CapacityProvider": (
        "name",
        (
            ("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "capacityProviders"),
            ("aws:ecs/service:Service", "capacityProviderStrategies"),
        ),
        "ResourceInUseException: The specified capacity provider is in use and cannot be removed.",
    ),
    "aws:autoscaling/group:Group": (
        "arn",
        (("aws:ecs/capacityProvider:CapacityProvider", "autoScalingGroupProvider"),),
        "the capacity provider of this group would be left without one",
    ),
    "aws:iam/role:Role": (
        "name",
        (
            ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "role"),
            ("aws:iam/rolePolicy:RolePolicy", "role"),
            ("aws:iam/instanceProfile:InstanceProfile", "role"),
        ),
        "DeleteConflict: Cannot delete entity, must delete policies first.",
    ),
    "aws:iam/policy:Policy": (
        "arn",
        (("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn"),),
        "DeleteConflict: Cannot delete a policy attached to entities.",
    ),
}


def refusal_of_create(store: Store, token: str, region: str, properties: Mapping[str, Any]) -> str | None:
    """Why AWS would refuse to make this thing, or None."""
    rule = _UNIQUE.get(token)
    if rule is None:
        return None
    keys, message = rule
    wanted = [properties.get(key) for key in keys]
    if wanted[0] is None or (len(keys) == 2 and wanted[1] is None and keys[1] == "priority"):
        return None
    everywhere = token.startswith(("aws:iam/", "aws:s3/"))
    for thing in store:
        near = thing.type == token and not thing.adopted and (everywhere or thing.region == region)
        if near and [thing.actual.get(key) for key in keys] == wanted:
            return message.format_map({key: properties.get(key) for key in keys})
    return None


def refusal_of_delete(store: Store, thing: Thing) -> str | None:
    """Why AWS would refuse to delete this thing now, or None."""
    if thing.actual.get("enableDeletionProtection") is True:
        return (
            f"OperationNotPermitted: Load balancer '{thing.actual.get('arn')}' cannot be deleted because deletion "
            "protection is enabled"
        )
    url = thing.actual.get("repositoryUrl")
    if url and thing.actual.get("forceDelete") is not True and any(push.repository == url for push in store.pushes):
        return (
            f"RepositoryNotEmptyException: The repository with name '{thing.actual.get('name')}' cannot be deleted "
            "because it still contains images"
        )
    rule = _HELD.get(thing.type)
    if rule is None:
        return None
    key, users, message = rule
    word = thing.id if key == "id" else str(thing.actual.get(key))
    if any(other is not thing and other.type == token and _mentions(other.actual.get(prop), word)
           for other in store for token, prop in users):  # fmt: skip
        return message.format_map({**thing.actual, "id": thing.id})
    return None


def _mentions(value: Any, word: str) -> bool:
    if isinstance(value, str):
        return value == word
    if isinstance(value, Mapping):
        return any(_mentions(item, word) for item in value.values())
    return isinstance(value, Iterable) and any(_mentions(item, word) for item in value)

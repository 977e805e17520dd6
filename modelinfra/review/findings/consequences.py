"""What it means when a resource of a type is replaced: a table.

By default the engine makes the new one before the old one goes; a chosen physical name makes it the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelinfra.review.finding import Severity


@dataclass(frozen=True)
class Consequence:
    """brief: for the verdict line. meaning: a sentence. remedy: what avoids it. Types that only hang together have severity `note`."""

    severity: Severity
    brief: str
    meaning: str
    remedy: str = ""


_DNS = "Give clients a name of your own (a Route 53 alias), point it to the new one, and let the old one live for the TTL and a minute."
_ALLOW_LISTS = "Tell those who allow the old address before; keep the address by handing it in (its allocation stays)."
_NEW_REVISION = "Nothing to do."

CONSEQUENCES: dict[str, Consequence] = {
    "aws:lb/loadBalancer:LoadBalancer": Consequence(
        "high", "its DNS name changes", "Its DNS name changes: clients lose the endpoint until DNS or their configuration follows.", _DNS
    ),
    "aws:apigatewayv2/api:Api": Consequence(
        "high", "its address changes", "Its address of AWS's changes, and what callers are allowed names the old one.",
        "Give callers a domain of your own.",
    ),
    "aws:apigatewayv2/domainName:DomainName": Consequence(
        "medium", "callers use another name", "The former name is no longer answered when the new one is there.", "Tell callers before; keep the former in another stack for a while.",
    ),
    "aws:apigatewayv2/vpcLink:VpcLink": Consequence(
        "low", "another way into the network", "A new link is made, which takes minutes, and used before the old one goes."
    ),
    "aws:ec2/vpcEndpointService:VpcEndpointService": Consequence(
        "high", "its service name changes", "Consumers are connected to the old one by its name, and AWS refuses to take that away from them.",
        "Move consumers to the new name first, and reject their old connections then.",
    ),
    "aws:lb/listener:Listener": Consequence(
        "medium", "its port is closed for moments", "Its port answers nothing between the old listener and the new one, and its rules are made anew.",
        "Change the listener's actions instead, or add a second listener first.",
    ),
    "aws:lb/listenerRule:ListenerRule": Consequence(
        "medium", "its route has a gap", "Requests that it matched take the listener's default action until the new rule is there.",
        "Change weights or actions, which need no other rule.",
    ),
    "aws:lb/targetGroup:TargetGroup": Consequence(
        "medium", "targets register anew", "A new group starts without healthy targets: the service moves its tasks to it by a deployment.",
        "Leave its name out, so that the new one is made before the old one goes.",
    ),
    "aws:ecs/service:Service": Consequence(
        "high", "all its tasks start anew", "All tasks of the new service start from nothing, without a rolling deployment, and the old ones go.",
        "Change what can be updated in place, or move traffic between two services.",
    ),
    "aws:ecs/cluster:Cluster": Consequence(
        "high", "its services are made anew", "A new cluster is empty: its services and their tasks are made anew.",
        "Keep its name; settings and configuration are updated in place.",
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Consequence(
        "low", "capacity providers are detached for moments", "The cluster has no capacity providers until the new list is attached."
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Consequence(
        "note", "a new revision", "A new revision: its service takes it up by a rolling deployment.", _NEW_REVISION
    ),
    "aws:ecr/repository:Repository": Consequence(
        "medium", "its images are lost", "The new repository is empty: images in it are lost unless they are built and pushed again.",
        "Keep its name and encryption; copy the images first.",
    ),
    "docker-build:index:Image": Consequence("note", "a new image", "The image is built and pushed again.", _NEW_REVISION),
    "aws:ec2/vpc:Vpc": Consequence(
        "high", "the whole network is made anew", "A new network: everything in it gets other addresses, and peers must connect again.",
        "Keep its range; add a second range (VpcIpv4CidrBlockAssociation) to grow.",
    ),
    "aws:ec2/subnet:Subnet": Consequence(
        "high", "what stands in it moves", "Everything in it moves to a subnet with other addresses; its old range is free only when all has left.",
        "Add a subnet beside it, move, then delete it.",
    ),
    "aws:ec2/natGateway:NatGateway": Consequence(
        "medium", "the outgoing address may change", "Connections through it break, and outgoing traffic comes from another address unless it keeps its allocation.",
        _ALLOW_LISTS,
    ),
    "aws:ec2/eip:Eip": Consequence(
        "high", "the public address changes", "The public address changes: whoever allows the old one, shuts out the new one.", _ALLOW_LISTS
    ),
    "aws:ec2/internetGateway:InternetGateway": Consequence(
        "medium", "the way to the internet is cut for moments", "Nothing in the network reaches the internet until routes follow."
    ),
    "aws:ec2/routeTable:RouteTable": Consequence(
        "medium", "routes are made anew", "Its subnets use the main route table until its routes and associations are made anew."
    ),
    "aws:ec2/route:Route": Consequence(
        "medium", "a route has a gap", "Traffic by this route is dropped between the old one and the new one."
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Consequence(
        "medium", "a subnet changes its routes", "The subnet uses the main route table until it is associated anew."
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Consequence(
        "medium", "the way to an AWS service is cut for moments", "Calls to the service go another way or fail until the new endpoint answers."
    ),
    "aws:ec2/securityGroup:SecurityGroup": Consequence(
        "medium", "rules elsewhere that name it are lost", "A group with another id: rules of other stacks that name the old one no longer match.",
        "Change rules, which are updated in place; keep its description and name.",
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Consequence(
        "low", "a door is shut for moments", "New connections through this rule are refused between the old one and the new one."
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Consequence(
        "low", "a door is shut for moments", "New connections through this rule are refused between the old one and the new one."
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Consequence(
        "low", "a door is shut for moments", "New connections through this rule are refused between the old one and the new one."
    ),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": Consequence(
        "high", "all in this range moves", "Subnets in the old range must be empty before it can go."
    ),
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": Consequence(
        "low", "calls go another way for moments", "Calls to the service go by the default route, if there is one, until it is associated anew."
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Consequence("low", "no image expires for moments", "No image expires until the new policy is there."),
    "aws:ec2/flowLog:FlowLog": Consequence("low", "flows are not logged for moments", "Flows between the old log and the new one are not written down."),
    "aws:ec2/instance:Instance": Consequence(
        "high", "the machine and its disks are made anew", "Another machine with another address; instance store and root volume start from the image."
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Consequence(
        "medium", "its groups point elsewhere", "Groups that name its id or version follow only when they are updated, too."
    ),
    "aws:ebs/volume:Volume": Consequence("high", "its data is lost", "The new volume is empty unless it comes from a snapshot.", "Take a snapshot, and make it from that."),
    "aws:autoscaling/group:Group": Consequence(
        "high", "all its machines start anew", "All its machines are ended and others start.", "Use an instance refresh, which replaces machine by machine."
    ),
    "aws:eks/cluster:Cluster": Consequence(
        "high", "everything in it is lost", "A new cluster is empty: workloads, volumes' claims and add-ons are gone, the API has another address.",
        "Make a second cluster, move, then delete it.",
    ),
    "aws:eks/nodeGroup:NodeGroup": Consequence(
        "medium", "its pods move", "New nodes come first, then its pods are evicted: PodDisruptionBudgets and capacity for both decide how it goes.",
        "Check quotas for twice the nodes; keep two replicas of what serves.",
    ),
    "aws:iam/role:Role": Consequence(
        "medium", "policies attached elsewhere are lost", "A role with another ARN: policies attached elsewhere and trusts that name the old one are lost.",
        "Keep its name and path; name the new ARN where the old one is trusted.",
    ),
    "aws:iam/policy:Policy": Consequence("low", "attachments elsewhere are lost", "Attachments of other stacks keep the old policy from going."),
    "aws:iam/rolePolicy:RolePolicy": Consequence("low", "rights are missing for moments", "The role lacks these rights between the old policy and the new one."),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Consequence(
        "low", "rights are missing for moments", "The role lacks these rights between the old attachment and the new one."
    ),
    "aws:kms/key:Key": Consequence(
        "high", "what it encrypted becomes unreadable", "What the old key encrypted cannot be read once it is deleted.",
        "Encrypt anew with the new key before the old one goes; rotation needs no other key.",
    ),
    "aws:cloudwatch/logGroup:LogGroup": Consequence(
        "medium", "its logs are lost", "The logs of the old group are lost.", "Export them, or keep the group (retainOnDelete)."
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Consequence("low", "its history is lost", "It starts again without data, and its history is gone."),
    "aws:appautoscaling/target:Target": Consequence(
        "low", "scaling pauses", "Nothing scales until target and policies are made anew; the number of tasks stays as it is."
    ),
    "aws:appautoscaling/policy:Policy": Consequence("low", "scaling pauses", "Nothing scales by it until the new policy is there."),
    "aws:s3/bucket:Bucket": Consequence(
        "high", "its objects are lost", "The new bucket is empty.", "Copy the objects first, keep its name."
    ),
    "aws:s3/bucketV2:BucketV2": Consequence("high", "its objects are lost", "The new bucket is empty.", "Copy the objects first, keep its name."),
    "aws:rds/instance:Instance": Consequence(
        "high", "its data is lost", "The new database is empty, and has another address.", "Take a snapshot, and make the new one from it."
    ),
    "aws:rds/cluster:Cluster": Consequence(
        "high", "its data is lost", "The new database cluster is empty, and has another address.", "Take a snapshot, and make the new one from it."
    ),
    "aws:dynamodb/table:Table": Consequence("high", "its items are lost", "The new table is empty.", "Back it up, and restore to the new one."),
    "aws:efs/fileSystem:FileSystem": Consequence("high", "its files are lost", "The new file system is empty.", "Copy the files first."),
    "aws:sqs/queue:Queue": Consequence("high", "its messages are lost", "Messages in the old queue are lost, and its URL may change.", "Drain it first."),
    "aws:sns/topic:Topic": Consequence("medium", "subscriptions elsewhere are lost", "A topic with another ARN: subscriptions elsewhere are lost."),
    "aws:sns/topicSubscription:TopicSubscription": Consequence("low", "must be confirmed again", "An e-mail subscription must be confirmed again."),
    "aws:secretsmanager/secret:Secret": Consequence(
        "high", "its ARN changes", "A secret with another ARN and without versions: whoever names the old one no longer reads it."
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Consequence(
        "low", "another content is read", "Whoever reads the secret reads the new content from then on; the former version stays for as long as AWS keeps it."
    ),
    "aws:acm/certificate:Certificate": Consequence(
        "medium", "a certificate is issued anew", "The new certificate must be validated before a listener can use it.",
        "Make it, validate it, and move the listener before the old one goes.",
    ),
    "aws:route53/record:Record": Consequence("medium", "a name has a gap", "The name is not answered, or with the old value, until the change and its TTL are over."),
    "aws:lambda/function:Function": Consequence("high", "triggers and permissions are made anew", "A function with another ARN: triggers elsewhere no longer find it."),
    "aws:sagemaker/endpoint:Endpoint": Consequence(
        "high", "it does not answer until it is in service", "The endpoint is deleted and made anew: minutes without answers.",
        "Change its endpoint configuration's name instead, which is an update.",
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Consequence(
        "medium", "a configuration in use may go", "The old configuration must live until the endpoint has moved to the new one.",
        "Leave its name out, so that the new one is made first.",
    ),
    "aws-native:greengrassv2:ComponentVersion": Consequence(
        "note", "a new version", "A new version: devices take it up by a deployment, and those that have the old one keep it until then.", _NEW_REVISION
    ),
    "aws-native:greengrassv2:Deployment": Consequence(
        "note", "a new deployment", "A new deployment to the same devices: it takes the old one's place, at the rate that it says.", _NEW_REVISION
    ),
    "aws:iot/thingGroup:ThingGroup": Consequence(
        "high", "its devices are in no group", "The new group is empty: its devices get no deployments, and end what they run when they next ask.",
        "Keep its name and its parent; or put the things into the new group first.",
    ),
    "aws:iot/certificate:Certificate": Consequence(
        "low", "who shows the old one is refused", "Whoever shows the old certificate is refused from then on. Those that devices got with a claim are others, and stay.",
    ),
    "aws:iot/policyAttachment:PolicyAttachment": Consequence("low", "rights are missing for moments", "The certificate lacks these rights between the old attachment and the new one."),
    "aws:iot/roleAlias:RoleAlias": Consequence(
        "high", "devices get no credentials", "Devices ask for their role by the old alias, and each one's policy names it.",
        "Keep its name: its role can be changed in place.",
    ),
    "aws:iot/thing:Thing": Consequence("high", "a device is unknown", "A thing without its certificate: the device is refused until it has one again."),
}  # fmt: skip

UNKNOWN_TYPE = Consequence(
    "medium",
    "it is made anew",
    "It is deleted and made anew, with another identity; what that means for its users is not in the table.",
)


def consequence(token: str) -> Consequence:
    """What a replacement means for a resource of the type; a plain sentence for a type that the table does not know."""
    return CONSEQUENCES.get(token.replace("aws:alb/", "aws:lb/"), UNKNOWN_TYPE)

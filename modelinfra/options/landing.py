"""Names of the resource types in which options land, so that a declaration fits on a line."""

from __future__ import annotations

ACTIVATION = "aws:ssm/activation:Activation"
ADDRESS = "aws:ec2/eip:Eip"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BUDGET = "aws:budgets/budget:Budget"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
CAPACITY = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
CERTIFICATE = "aws:acm/certificate:Certificate"
CERTIFICATE_VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
CLAIM_CERTIFICATE = "aws:iot/certificate:Certificate"
CLAIM_HOOK = "aws:lambda/function:Function"
CLAIM_POLICY = "aws:iot/policy:Policy"
CLUSTER = "aws:ecs/cluster:Cluster"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
COMPONENT = "aws-native:greengrassv2:ComponentVersion"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
DEPLOYMENT = "aws-native:greengrassv2:Deployment"
DNS_RECORD = "aws:route53/record:Record"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
EKS = "aws:eks/cluster:Cluster"
EKS_ADDON = "aws:eks/addon:Addon"
EKS_ENTRY = "aws:eks/accessEntry:AccessEntry"
EKS_GRANT = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
EKS_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
EKS_NODES = "aws:eks/nodeGroup:NodeGroup"
ENDPOINT_SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
EVENT_RULE = "aws:cloudwatch/eventRule:EventRule"
EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
EXECUTION_POLICY = "aws:iam/rolePolicy:RolePolicy"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
GATEWAY = "aws:apigatewayv2/api:Api"
GATEWAY_AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
GATEWAY_DOMAIN = "aws:apigatewayv2/domainName:DomainName"
GATEWAY_INTEGRATION = "aws:apigatewayv2/integration:Integration"
GATEWAY_LINK = "aws:apigatewayv2/vpcLink:VpcLink"
GATEWAY_MAPPING = "aws:apigatewayv2/apiMapping:ApiMapping"
GATEWAY_ROUTE = "aws:apigatewayv2/route:Route"
GATEWAY_STAGE = "aws:apigatewayv2/stage:Stage"
IMAGE = "docker-build:index:Image"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
FUNCTION = "aws:lambda/function:Function"
INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
KARPENTER_NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
KARPENTER_NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
KARPENTER_OVERLAY = "kubernetes:karpenter.sh/v1alpha1:NodeOverlay"
KEY = "aws:kms/key:Key"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LISTENER = "aws:lb/listener:Listener"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LOG_MASK = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
MANAGED_POLICY = "aws:iam/policy:Policy"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
NODE_GROUP = "aws:autoscaling/group:Group"
NODE_PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
PLACEMENT_GROUP = "aws:ec2/placementGroup:PlacementGroup"
PRIVATE_DNS_VERIFICATION = "aws:vpc/endpointServicePrivateDnsVerification:EndpointServicePrivateDnsVerification"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
REDRIVE_ALLOW = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
RELEASE = "kubernetes:helm.sh/v3:Release"
REPOSITORY = "aws:ecr/repository:Repository"
ROLE = "aws:iam/role:Role"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
RULE = "aws:lb/listenerRule:ListenerRule"
S3_ASSOCIATION = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
SCALING_POLICY = "aws:appautoscaling/policy:Policy"
SCALING_TARGET = "aws:appautoscaling/target:Target"
SCHEDULED_ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
SECOND_RANGE = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
SECRET = "aws:secretsmanager/secret:Secret"
SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SERVICE = "aws:ecs/service:Service"
SLACK_CHANNEL = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"
SUBNET = "aws:ec2/subnet:Subnet"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
TARGET_GROUP_ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TASK_POLICY = "aws:iam/rolePolicy:RolePolicy"
TEAMS_CHANNEL = "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
TRUST_STORE = "aws:lb/trustStore:TrustStore"
USER_POOL = "aws:cognito/userPool:UserPool"
USER_POOL_CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
USER_POOL_DOMAIN = "aws:cognito/userPoolDomain:UserPoolDomain"
VPC = "aws:ec2/vpc:Vpc"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
WEB_ACL_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

DASHBOARD_BODY = f"{DASHBOARD}.dashboardBody"
"""What dashboards look at, or draw."""

CONTAINER = f"{TASK}.containerDefinitions[0]"
"""The model's container within a task definition."""

FETCH_CONTAINER = f"{TASK}.containerDefinitions[1]"
"""The container that fetches the model before the server starts."""

WORKER = f"{TASK}.containerDefinitions[2]"
"""The container that takes messages from the queue of an asynchronous endpoint."""

WORKER_SETTINGS = (f"{TASK}.containerDefinitions[1].environment", f"{WORKER}.environment")
"""What it is told; the container before it, which waits for the server, is told the same."""

STEPS = f"{SCALING_POLICY}.stepScalingPolicyConfiguration"
COLLECTOR = f"{TASK}.containerDefinitions[1]"
"""The container that collects metrics and traces; behind the one that fetches, where there is one."""

CAPTURE_PROXY = f"{TASK}.containerDefinitions[1]"
"""The proxy before a server whose requests are captured; behind the others, where there are such."""

CAPTURE = f"{TASK}.containerDefinitions[2]"
"""The container that writes what is captured."""

TRACKING = f"{SCALING_POLICY}.targetTrackingScalingPolicyConfiguration"

TAGS = "aws:*.tags"
"""The tags of every resource of AWS that takes them."""

ADDED = "+"
"""`+<type>`: the edit adds or removes resources of this type."""

TIMEOUTS = f"{SERVICE}.options.customTimeouts"
"""How long Pulumi waits for the service."""

CLAIMED = (
    CLAIM_CERTIFICATE,
    CLAIM_POLICY,
    "aws:iot/policyAttachment:PolicyAttachment",
    "aws:iot/provisioningTemplate:ProvisioningTemplate",
    CLAIM_HOOK,
    "aws:lambda/permission:Permission",
    LOG_GROUP,
    ROLE,
    EXECUTION_POLICY,
    SECRET,
    SECRET_VERSION,
)
"""What lets devices into a fleet on Greengrass."""

OWN_LOAD_BALANCER = (
    f"{ADDED}modelinfra:index:ApplicationLoadBalancer",
    f"{ADDED}{LOAD_BALANCER}",
    f"{ADDED}{LISTENER}",
    f"{ADDED}{SECURITY_GROUP}",
    f"{ADDED}{INGRESS}",
)
"""A load balancer and what belongs to it."""

ANOTHER_LOAD_BALANCER = (
    *OWN_LOAD_BALANCER,
    f"{ADDED}{TARGET_GROUP}",
    f"{ADDED}{RULE}",
    f"{SERVICE}.loadBalancers[0].targetGroupArn",
    f"{TRACKING}.predefinedMetricSpecification.resourceLabel",
    f"{ALARM}.dimensions",
    f"{ALARM}.metricQueries",
    f"{EGRESS}.securityGroupId",
    f"{INGRESS}.referencedSecurityGroupId",
    DASHBOARD_BODY,
)
"""An endpoint that moves to another load balancer: its target group and rule are others, and what names them follows."""

ACCESS_LOG_BUCKET = RESULT_BUCKET = CAPTURE_BUCKET = (
    f"{ADDED}{BUCKET}",
    f"{ADDED}{BUCKET_LIFECYCLE}",
    f"{ADDED}{BUCKET_POLICY}",
    f"{ADDED}{PUBLIC_ACCESS_BLOCK}",
)
"""A bucket that is made: for access logs, for the results of an asynchronous endpoint, for what is captured."""

CAPTURED = (
    f"{CONTAINER}.cpu",
    f"{CONTAINER}.dependsOn",
    CAPTURE_PROXY,
    CAPTURE,
    f"{TASK}.memory",
    f"{TASK}.volumes",
    *CAPTURE_BUCKET,
    f"{ADDED}{TASK_POLICY}",
    f"{ADDED}{IMAGE}",
    f"{SERVICE}.loadBalancers[0].containerName",
    f"{SERVICE}.loadBalancers[0].containerPort",
    f"{INGRESS}.fromPort",
    f"{INGRESS}.toPort",
    f"{EGRESS}.fromPort",
    f"{EGRESS}.toPort",
)
"""What an endpoint gains whose requests are captured; its own port is the proxy's then."""

ANOTHER_WAY_IN = (
    f"{ADDED}{SECURITY_GROUP}",
    f"{ADDED}{INGRESS}",
    f"{ADDED}{EGRESS}",
    f"{ADDED}{ALARM}",
    DASHBOARD_BODY,
)
"""Another door before an endpoint's own load balancer, in place of the network's addresses."""

GATEWAY_DOOR = (
    f"{ADDED}{GATEWAY}",
    f"{ADDED}{GATEWAY_LINK}",
    f"{ADDED}{GATEWAY_INTEGRATION}",
    f"{ADDED}{GATEWAY_ROUTE}",
    f"{ADDED}{GATEWAY_STAGE}",
    f"{ADDED}{LOG_GROUP}",
    f"{ADDED}{MANAGED_POLICY}",
)

PRIVATE_LINK_DOOR = (
    f"{ADDED}{LOAD_BALANCER}",
    f"{ADDED}{LISTENER}",
    f"{ADDED}{TARGET_GROUP}",
    f"{ADDED}{TARGET_GROUP_ATTACHMENT}",
    f"{ADDED}{ENDPOINT_SERVICE}",
    f"{ADDED}{PRIVATE_DNS_VERIFICATION}",
    f"{ADDED}{DNS_RECORD}",
)

BECOMES_ASYNCHRONOUS = (
    f"{ADDED}{TARGET_GROUP}",
    f"{ADDED}{RULE}",
    f"{ADDED}{INGRESS}",
    f"{ADDED}{EGRESS}",
    f"{EGRESS}.description",
    f"{SERVICE}.loadBalancers",
    f"{SERVICE}.healthCheckGracePeriodSeconds",
    f"{SERVICE}.alarms",
    DASHBOARD_BODY,
    f"{TASK}.containerDefinitions",
    f"{ADDED}{QUEUE}",
    f"{ADDED}{QUEUE_POLICY}",
    f"{ADDED}{REDRIVE_ALLOW}",
    *RESULT_BUCKET,
    f"{ADDED}{TASK_POLICY}",
    f"{ADDED}{IMAGE}",
    f"{ADDED}{ALARM}",
    f"{ADDED}{SCALING_POLICY}",
)
"""What an endpoint gains and loses whose requests lie in a queue instead of coming over a load balancer."""

# Kubernetes: objects by what the API calls them. Of an endpoint's own there is one of each, named as the endpoint.
INFERENCE_GRAPH = "kubernetes:serving.kserve.io/v1alpha1:InferenceGraph"
INFERENCE_SERVICE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
LIMIT_RANGE = "kubernetes:core/v1:LimitRange"
DEVICES = "kubernetes:apps/v1:DaemonSet"
POD_OF_DEVICES = f"{DEVICES}.spec.template.spec"
SERVER_OF_DEVICES = f"{POD_OF_DEVICES}.containers[0]"
ROUTER_OF_DEVICES = f"{POD_OF_DEVICES}.containers[1].env[1].value"
DISRUPTION_BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
NAMESPACE = "kubernetes:core/v1:Namespace"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
POD = f"{INFERENCE_SERVICE}.spec.predictor"
POD_AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
RESOURCE_QUOTA = "kubernetes:core/v1:ResourceQuota"
ROLE_BINDING_OF_NAMESPACE = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
ROLE_OF_NAMESPACE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
SERVER_OF_POD = f"{POD}.containers[0]"
REGISTRIES = f"{IMAGE}.registries"
BUILT = (
    f"{IMAGE}.tags[0]",
    f"{IMAGE}.cacheFrom",
    f"{IMAGE}.cacheTo",
    f"{SERVER_OF_POD}.image",
)
"""Where an image of an endpoint lies that is built for a Kubernetes cluster."""

ROUTE_OF_GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
REFERENCE_GRANT = "kubernetes:gateway.networking.k8s.io/v1beta1:ReferenceGrant"
LISTENERS_OF_GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:ListenerSet"
DOMAIN_CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
POLICY_OF_ROUTE = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
POLICY_OF_NETWORK = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
KEY_OF_CLIENT = "kubernetes:core/v1:Secret"
SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
POD_MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
ASKED_OF_POD = f"{POD_MONITOR}.spec.podMetricsEndpoints"
PROMETHEUS_RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
ALERTMANAGER_CONFIG = "kubernetes:monitoring.coreos.com/v1alpha1:AlertmanagerConfig"
DASHBOARD_OF_GRAFANA = "kubernetes:core/v1:ConfigMap"
GRAPHS_OF_GRAFANA = f"{DASHBOARD_OF_GRAFANA}.data"
RULES = f"{PROMETHEUS_RULE}.spec.groups"
TRIGGERS = f"{SCALED_OBJECT}.spec.triggers"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
WAITED_FOR = f"{INFERENCE_SERVICE}.options.customTimeouts"

"""The children of every component by what they are for: the stable words that a transform names.

A role is not a resource's name: names carry the component's name, are cut to what AWS takes, and some roles have a child in every
zone. A role keeps its word when a name changes; taking one away is a breaking change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class ChildRole:
    """One role. sdk_class: module and class in Python; what: what the child is for, in words for the reference page."""

    sdk_class: str
    what: str


def table(**roles: tuple[str, str]) -> Mapping[str, ChildRole]:
    """Role -> what it is; names with underscores become words with hyphens."""
    return MappingProxyType({name.replace("_", "-"): ChildRole(*row) for name, row in roles.items()})


NETWORK_ROLES: Final = table(
    vpc=("pulumi_aws.ec2.Vpc", "the VPC"),
    default_security_group=("pulumi_aws.ec2.DefaultSecurityGroup", "the VPC's own security group, without rules"),
    secondary_range=("pulumi_aws.ec2.VpcIpv4CidrBlockAssociation", "the second address range"),
    internet_gateway=("pulumi_aws.ec2.InternetGateway", "the way of public subnets to the internet"),
    public_subnet=("pulumi_aws.ec2.Subnet", "public subnets, one a zone"),
    public_route_table=("pulumi_aws.ec2.RouteTable", "route table of the public subnets"),
    public_route=("pulumi_aws.ec2.Route", "their route to the internet"),
    private_subnet=("pulumi_aws.ec2.Subnet", "private subnets, one a zone"),
    task_subnet=("pulumi_aws.ec2.Subnet", "subnets of the second range, one a zone"),
    private_route_table=("pulumi_aws.ec2.RouteTable", "route tables of the private subnets, one a zone"),
    private_route=("pulumi_aws.ec2.Route", "their routes to NAT, one a zone"),
    route_table_association=("pulumi_aws.ec2.RouteTableAssociation", "which subnet uses which route table"),
    nat_address=("pulumi_aws.ec2.Eip", "public addresses of the NAT gateways"),
    nat_gateway=("pulumi_aws.ec2.NatGateway", "NAT gateways"),
    s3_endpoint=("pulumi_aws.ec2.VpcEndpoint", "the gateway to S3"),
    s3_association=("pulumi_aws.ec2.VpcEndpointRouteTableAssociation", "its routes, one a zone"),
    interface_endpoint=("pulumi_aws.ec2.VpcEndpoint", "interface endpoints to AWS services"),
    interface_endpoint_security_group=("pulumi_aws.ec2.SecurityGroup", "their security group"),
    interface_endpoint_ingress=("pulumi_aws.vpc.SecurityGroupIngressRule", "HTTPS from the network to them"),
    flow_log=("pulumi_aws.ec2.FlowLog", "the VPC's flow log"),
    flow_log_group=("pulumi_aws.cloudwatch.LogGroup", "where the flow log is kept"),
    flow_log_role=("pulumi_aws.iam.Role", "the role that writes it"),
    flow_log_policy=("pulumi_aws.iam.RolePolicy", "what that role may do"),
)

LOAD_BALANCER_ROLES: Final = table(
    load_balancer=("pulumi_aws.lb.LoadBalancer", "the load balancer"),
    load_balancer_security_group=("pulumi_aws.ec2.SecurityGroup", "its security group"),
    load_balancer_ingress=("pulumi_aws.vpc.SecurityGroupIngressRule", "HTTP from the network to it"),
    listener=("pulumi_aws.lb.Listener", "its listener"),
)

ACCESS_LOG_ROLES: Final = table(
    access_log_bucket=("pulumi_aws.s3.Bucket", "where access logs are kept"),
    access_log_block=("pulumi_aws.s3.BucketPublicAccessBlock", "that nobody can make it public"),
    access_log_lifecycle=("pulumi_aws.s3.BucketLifecycleConfiguration", "how long they are kept"),
    access_log_policy=("pulumi_aws.s3.BucketPolicy", "who may write them"),
)

API_KEY_ROLES: Final = table(
    api_key_secret=("pulumi_aws.secretsmanager.Secret", "where an API key is kept, one for each valid key"),
    api_key_version=("pulumi_aws.secretsmanager.SecretVersion", "the key itself"),
)

USER_POOL_ROLES: Final = table(
    user_pool=("pulumi_aws.cognito.UserPool", "the people who may log in"),
    user_pool_client=("pulumi_aws.cognito.UserPoolClient", "the load balancer as the pool knows it"),
    user_pool_domain=("pulumi_aws.cognito.UserPoolDomain", "where they log in"),
)

GRPC_ROLES: Final = table(
    grpc_target_group=("pulumi_aws.lb.TargetGroup", "the replicas on their port for gRPC, one a revision"),
    grpc_rule=("pulumi_aws.lb.ListenerRule", "which methods of gRPC go there"),
)

GATEWAY_ROLES: Final = table(
    gateway=("pulumi_aws.apigatewayv2.Api", "the API gateway"),
    gateway_link=("pulumi_aws.apigatewayv2.VpcLink", "its way into the network"),
    gateway_security_group=("pulumi_aws.ec2.SecurityGroup", "the security group of that way"),
    gateway_egress=("pulumi_aws.vpc.SecurityGroupEgressRule", "from the gateway to the load balancer"),
    gateway_ingress=("pulumi_aws.vpc.SecurityGroupIngressRule", "the load balancer's side of it"),
    gateway_integration=("pulumi_aws.apigatewayv2.Integration", "that requests go to the load balancer"),
    gateway_authorizer=("pulumi_aws.apigatewayv2.Authorizer", "whose tokens the gateway takes"),
    gateway_route=("pulumi_aws.apigatewayv2.Route", "paths that callers can ask for, one each"),
    gateway_stage=("pulumi_aws.apigatewayv2.Stage", "its limits and its log"),
    gateway_log_group=("pulumi_aws.cloudwatch.LogGroup", "who called what"),
    gateway_domain=("pulumi_aws.apigatewayv2.DomainName", "the gateway's domain, and whose certificates it takes"),
    gateway_mapping=("pulumi_aws.apigatewayv2.ApiMapping", "that the domain leads to the gateway"),
    gateway_certificate=("pulumi_aws.acm.Certificate", "the certificate of the gateway's domain"),
    gateway_certificate_record=("pulumi_aws.route53.Record", "the record by which it is validated"),
    gateway_certificate_validation=("pulumi_aws.acm.CertificateValidation", "that waits for it"),
    gateway_record=("pulumi_aws.route53.Record", "the gateway's domain, pointed at it"),
    gateway_policy=("pulumi_aws.iam.Policy", "what a caller may do, to be attached to its role"),
    gateway_role=("pulumi_aws.iam.Role", "the role that callers of other accounts take"),
    gateway_role_policy=("pulumi_aws.iam.RolePolicyAttachment", "what that role may do"),
    gateway_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "share of the gateway's requests answered with 5xx"),
)

PRIVATE_LINK_ROLES: Final = table(
    private_link_load_balancer=("pulumi_aws.lb.LoadBalancer", "the network load balancer of PrivateLink"),
    private_link_security_group=("pulumi_aws.ec2.SecurityGroup", "its security group"),
    private_link_egress=("pulumi_aws.vpc.SecurityGroupEgressRule", "from it to the endpoint's load balancer"),
    private_link_ingress=("pulumi_aws.vpc.SecurityGroupIngressRule", "that load balancer's side of it"),
    private_link_target_group=("pulumi_aws.lb.TargetGroup", "the endpoint's load balancer as its target"),
    private_link_target=("pulumi_aws.lb.TargetGroupAttachment", "that it is one"),
    private_link_listener=("pulumi_aws.lb.Listener", "the listener of the network load balancer"),
    endpoint_service=("pulumi_aws.ec2.VpcEndpointService", "the endpoint service to which consumers connect"),
    private_dns_record=("pulumi_aws.route53.Record", "the record that proves whose its private name is"),
    private_dns_verification=(
        "pulumi_aws.vpc.EndpointServicePrivateDnsVerification",
        "that AWS looks at it",
    ),
    private_link_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "that the endpoint's load balancer does not answer"),
)

EXPOSURE_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        **GRPC_ROLES,
        **table(
            tls_listener=("pulumi_aws.lb.Listener", "the listener that speaks HTTPS; the other one redirects to it"),
            tls_ingress=("pulumi_aws.vpc.SecurityGroupIngressRule", "HTTPS from clients to the load balancer"),
            login_egress=(
                "pulumi_aws.vpc.SecurityGroupEgressRule",
                "from the load balancer to whoever vouches for clients",
            ),
            certificate=("pulumi_aws.acm.Certificate", "the certificate"),
            certificate_record=("pulumi_aws.route53.Record", "the record by which it is validated"),
            certificate_validation=("pulumi_aws.acm.CertificateValidation", "that waits for it"),
            domain_record=("pulumi_aws.route53.Record", "the domain, pointed at the load balancer"),
            firewall=("pulumi_aws.wafv2.WebAcl", "the firewall"),
            firewall_association=("pulumi_aws.wafv2.WebAclAssociation", "that it stands before the load balancer"),
            trust_store=("pulumi_aws.lb.TrustStore", "whose client certificates are taken"),
        ),
        **API_KEY_ROLES,
        **ACCESS_LOG_ROLES,
        **USER_POOL_ROLES,
        **GATEWAY_ROLES,
        **PRIVATE_LINK_ROLES,
    }
)

RESULT_ROLES: Final = table(
    result_bucket=("pulumi_aws.s3.Bucket", "where inputs and results of an asynchronous endpoint lie"),
    result_block=("pulumi_aws.s3.BucketPublicAccessBlock", "that nobody can make it public"),
    result_lifecycle=("pulumi_aws.s3.BucketLifecycleConfiguration", "how long they are kept"),
    result_policy=("pulumi_aws.s3.BucketPolicy", "that nobody reads or writes them unencrypted on the way"),
)

QUEUE_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        **table(
            queue=("pulumi_aws.sqs.Queue", "the queue of an asynchronous endpoint"),
            dead_letter_queue=("pulumi_aws.sqs.Queue", "where messages go that were tried too often"),
            redrive_policy=("pulumi_aws.sqs.RedriveAllowPolicy", "that they come from that queue only"),
            queue_policy=("pulumi_aws.sqs.QueuePolicy", "that nobody asks either queue unencrypted on the way"),
            result_encryption=(
                "pulumi_aws.s3.BucketServerSideEncryptionConfiguration",
                "the key of the bucket of results",
            ),
            worker_image=("pulumi_docker_build.Image", "the build of the image that takes messages from the queue"),
            worker_policy=("pulumi_aws.iam.RolePolicy", "what the server's role may do to work the queue off"),
            stalled_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "messages that wait while none is finished"),
            age_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "messages that wait longer than promised"),
            dead_letter_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "messages in the dead-letter queue"),
            scaling_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "that there are messages, and that there are none"),
        ),
        **RESULT_ROLES,
    }
)
"""Of an asynchronous endpoint."""

CAPTURE_BUCKET_ROLES: Final = table(
    capture_bucket=("pulumi_aws.s3.Bucket", "where captured requests and answers lie"),
    capture_block=("pulumi_aws.s3.BucketPublicAccessBlock", "that nobody can make it public"),
    capture_lifecycle=("pulumi_aws.s3.BucketLifecycleConfiguration", "how long they are kept"),
    capture_bucket_policy=("pulumi_aws.s3.BucketPolicy", "that nobody reads or writes them unencrypted on the way"),
)

CAPTURE_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        **table(
            capture_image=("pulumi_docker_build.Image", "the build of the image that captures"),
            capture_policy=("pulumi_aws.iam.RolePolicy", "what the server's role may do to write what is captured"),
            capture_encryption=(
                "pulumi_aws.s3.BucketServerSideEncryptionConfiguration",
                "the key of the bucket of what is captured",
            ),
        ),
        **CAPTURE_BUCKET_ROLES,
    }
)
"""Of an endpoint whose requests are captured."""

BALANCED_ROLES: Final = (
    "task-ingress",
    "load-balancer-egress",
    "target-group",
    "listener-rule",
    "revision-rule",
    "unhealthy-alarm",
    "no-replica-alarm",
    "no-replicas-alarm",
)
"""Of an endpoint whose requests come over a load balancer, whoever has that."""

SHIFT_ROLES: Final = table(
    second_target_group=(
        "pulumi_aws.lb.TargetGroup",
        "the other set of replicas, between which and the first one traffic moves, one a protocol",
    ),
    test_rule=("pulumi_aws.lb.ListenerRule", "which requests try new replicas before traffic moves, one a protocol"),
    shift_role=("pulumi_aws.iam.Role", "the role with which ECS moves traffic"),
    shift_policy=("pulumi_aws.iam.RolePolicyAttachment", "what that role may do: AWS's own policy"),
)

CHECK_ROLES: Final = table(
    check_function=("pulumi_aws.lambda_.Function", "the function that tries sample predictions at new replicas"),
    check_log_group=("pulumi_aws.cloudwatch.LogGroup", "its log"),
    check_role=("pulumi_aws.iam.Role", "the role that it runs with"),
    check_policy=("pulumi_aws.iam.RolePolicy", "what that role may do: write the log"),
    check_interfaces=("pulumi_aws.iam.RolePolicyAttachment", "and stand in the network: AWS's own policy"),
    check_security_group=("pulumi_aws.ec2.SecurityGroup", "its security group"),
    check_egress=("pulumi_aws.vpc.SecurityGroupEgressRule", "from the function to the load balancer"),
    check_ingress=("pulumi_aws.vpc.SecurityGroupIngressRule", "the load balancer's side of it"),
    check_call_policy=("pulumi_aws.iam.RolePolicy", "that the role with which ECS moves traffic may call it"),
)
"""Of `rollout.checks`."""

CLUSTER_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        **table(
            cluster=("pulumi_aws.ecs.Cluster", "the ECS cluster"),
            capacity_providers=("pulumi_aws.ecs.ClusterCapacityProviders", "Fargate and Fargate Spot"),
        ),
        **LOAD_BALANCER_ROLES,
    }
)

NODE_POOL_ROLES: Final = table(
    node_role=("pulumi_aws.iam.Role", "the role of the nodes"),
    node_policy=("pulumi_aws.iam.RolePolicy", "what the ECS agent on a node may do"),
    node_profile=("pulumi_aws.iam.InstanceProfile", "that nodes have the role"),
    node_security_group=("pulumi_aws.ec2.SecurityGroup", "the nodes' security group"),
    node_egress=("pulumi_aws.vpc.SecurityGroupEgressRule", "from the nodes to HTTPS, and to S3"),
    launch_template=("pulumi_aws.ec2.LaunchTemplate", "how a node starts"),
    auto_scaling_group=("pulumi_aws.autoscaling.Group", "the nodes"),
    infrastructure_role=("pulumi_aws.iam.Role", "the role with which ECS starts and ends managed instances"),
    infrastructure_policy=("pulumi_aws.iam.RolePolicy", "that it may give them the role of the nodes"),
    infrastructure_attachment=("pulumi_aws.iam.RolePolicyAttachment", "AWS's policy of that role"),
    capacity_provider=(
        "pulumi_aws.ecs.CapacityProvider",
        "the nodes as ECS sees them, and how it adds and removes them; two with managed instances: on demand, and spare capacity",
    ),
    gpu_metrics_log_group=("pulumi_aws.cloudwatch.LogGroup", "the log through which metrics of GPUs reach CloudWatch"),
    gpu_metrics_execution_role=("pulumi_aws.iam.Role", "the role with which ECS starts the exporter of each node"),
    gpu_metrics_execution_policy=("pulumi_aws.iam.RolePolicy", "what that role may do"),
    gpu_metrics_role=("pulumi_aws.iam.Role", "the role that the collector beside the exporter runs with"),
    gpu_metrics_policy=("pulumi_aws.iam.RolePolicy", "what that role may do"),
    gpu_metrics_task=("pulumi_aws.ecs.TaskDefinition", "NVIDIA's exporter and the collector"),
    gpu_metrics_service=("pulumi_aws.ecs.Service", "that every node runs them"),
)

_CUSTOM_RESOURCE = "pulumi_kubernetes.apiextensions.CustomResource"

KUBERNETES_ROLES: Final = table(
    provider=("pulumi_kubernetes.Provider", "how Pulumi reaches the cluster"),
    namespace=("pulumi_kubernetes.core.v1.Namespace", "the namespace of the endpoints"),
    tenant_namespace=("pulumi_kubernetes.core.v1.Namespace", "the namespace of a tenant"),
    tenant_policy=("pulumi_kubernetes.networking.v1.NetworkPolicy", "that a tenant's pods are closed"),
    tenant_limits=("pulumi_kubernetes.core.v1.LimitRange", "what a tenant's containers get that ask for nothing"),
    tenant_quota=("pulumi_kubernetes.core.v1.ResourceQuota", "most that a tenant may take"),
    tenant_service_account=("pulumi_kubernetes.core.v1.ServiceAccount", "what a tenant's replicas run as"),
    tenant_role=("pulumi_kubernetes.rbac.v1.Role", "what a tenant's people may do in its namespace"),
    tenant_role_binding=("pulumi_kubernetes.rbac.v1.RoleBinding", "who they are"),
    alerts=(_CUSTOM_RESOURCE, "whom Alertmanager tells of the endpoints' alarms"),
    knative_grant=(_CUSTOM_RESOURCE, "that routes of the endpoints may lead to Knative's gateway"),
)

BUILD_ROLES: Final = table(
    repository=("pulumi_aws.ecr.Repository", "the image repository"),
    lifecycle_policy=("pulumi_aws.ecr.LifecyclePolicy", "which images expire"),
    image=("pulumi_docker_build.Image", "the build of the image"),
)
"""Of an endpoint on any platform for which images are built."""

KUBERNETES_ENDPOINT_ROLES: Final = table(
    service_account=("pulumi_kubernetes.core.v1.ServiceAccount", "what the replicas run as in a Kubernetes cluster"),
    served_models=("pulumi_kubernetes.core.v1.ConfigMap", "files that tell a server of several models"),
    inference_service=(_CUSTOM_RESOURCE, "the replicas, as KServe runs them"),
    pod_autoscaler=(
        "pulumi_kubernetes.autoscaling.v2.HorizontalPodAutoscaler",
        "least and most replicas, by their use",
    ),
    scaled_object=(_CUSTOM_RESOURCE, "least and most replicas, by metrics of Prometheus (KEDA)"),
    disruption_budget=("pulumi_kubernetes.policy.v1.PodDisruptionBudget", "how many replicas may be moved at once"),
    network_policy=("pulumi_kubernetes.networking.v1.NetworkPolicy", "which ports of the replicas are reached"),
    http_route=(_CUSTOM_RESOURCE, "which requests at the gateway go to them"),
    pod_monitor=(_CUSTOM_RESOURCE, "what reads the metrics of the replicas (Prometheus operator)"),
    prometheus_rule=(_CUSTOM_RESOURCE, "the alarms (Prometheus operator)"),
    config_map=("pulumi_kubernetes.core.v1.ConfigMap", "the dashboard in Grafana"),
    knative_route=(_CUSTOM_RESOURCE, "how traffic is divided between revisions, with Knative"),
    llm_inference_service=(_CUSTOM_RESOURCE, "vLLM and its scheduler, as KServe runs them"),
    seldon_server=(_CUSTOM_RESOURCE, "the replicas, as Seldon Core v2 runs them"),
    seldon_model=(_CUSTOM_RESOURCE, "the model on them"),
    seldon_experiment=(_CUSTOM_RESOURCE, "how traffic is divided between revisions, with Seldon"),
    security_policy=(_CUSTOM_RESOURCE, "who may come by the route (Envoy Gateway)"),
    client_key=("pulumi_kubernetes.core.v1.Secret", "the API key of a client, one for each valid generation"),
    domain_certificate=(_CUSTOM_RESOURCE, "the certificate of the endpoint's domain (cert-manager)"),
    listener_set=(_CUSTOM_RESOURCE, "the listener for the endpoint's domain at the gateway"),
)
"""Of an endpoint on Kubernetes."""

INFERENCE_GRAPH_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        **table(
            inference_graph=(_CUSTOM_RESOURCE, "the router and the way that requests go, as KServe runs them"),
            network_policy=("pulumi_kubernetes.networking.v1.NetworkPolicy", "which port of the router is reached"),
            http_route=(_CUSTOM_RESOURCE, "which requests at the gateway go to it"),
        ),
        **{role: KUBERNETES_ENDPOINT_ROLES[role] for role in ("pod-autoscaler", "disruption-budget")},
    }
)
"""Of an InferenceGraph."""

ENDPOINT_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        **BUILD_ROLES,
        **table(
            fetcher_image=("pulumi_docker_build.Image", "the build of the image that fetches the model"),
            log_group=("pulumi_aws.cloudwatch.LogGroup", "the server's log"),
            log_mask=("pulumi_aws.cloudwatch.LogDataProtectionPolicy", "which personal data is masked in it"),
            gpu_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "errors of the GPUs that it runs on"),
            execution_role=("pulumi_aws.iam.Role", "the role with which ECS starts a task"),
            execution_policy=("pulumi_aws.iam.RolePolicy", "what that role may do"),
            task_role=("pulumi_aws.iam.Role", "the role that the server runs with"),
            exec_policy=("pulumi_aws.iam.RolePolicy", "what the server's role may do for `exec`"),
            fetch_policy=("pulumi_aws.iam.RolePolicy", "what the server's role may do to fetch the model"),
            collector_policy=(
                "pulumi_aws.iam.RolePolicy",
                "what the server's role may do to pass metrics and traces on",
            ),
            metrics_log_group=("pulumi_aws.cloudwatch.LogGroup", "what the server's metrics are read from"),
            task_security_group=("pulumi_aws.ec2.SecurityGroup", "the replicas' security group"),
            task_ingress=("pulumi_aws.vpc.SecurityGroupIngressRule", "from the load balancer to the replicas"),
            task_egress=("pulumi_aws.vpc.SecurityGroupEgressRule", "from the replicas to HTTPS, and to S3"),
            load_balancer_egress=("pulumi_aws.vpc.SecurityGroupEgressRule", "the load balancer's side of it"),
            target_group=("pulumi_aws.lb.TargetGroup", "the replicas as the load balancer sees them"),
            listener_rule=("pulumi_aws.lb.ListenerRule", "which requests go to them"),
            revision_rule=(
                "pulumi_aws.lb.ListenerRule",
                "which requests go to another revision whatever its share is, one a revision and more for gRPC",
            ),
            task_definition=("pulumi_aws.ecs.TaskDefinition", "a revision"),
            error_alarm=(
                "pulumi_aws.cloudwatch.MetricAlarm",
                "share of requests answered with 5xx, or of messages that fail",
            ),
            unhealthy_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "replicas that stay unhealthy"),
            latency_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "answers that take longer than promised"),
            burn_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "how fast errors use up what is promised, in one window"),
            availability_alarm=(
                "pulumi_aws.cloudwatch.CompositeAlarm",
                "that they do so in a long window, and still now",
            ),
            no_replica_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "that no replica serves"),
            no_replicas_alarm=("pulumi_aws.cloudwatch.CompositeAlarm", "that none of two sets of replicas does"),
            dashboard=("pulumi_aws.cloudwatch.Dashboard", "the endpoint's dashboard"),
            deployment_rule=("pulumi_aws.cloudwatch.EventRule", "deployments that fail"),
            deployment_target=("pulumi_aws.cloudwatch.EventTarget", "who is told of them"),
            service=("pulumi_aws.ecs.Service", "the service"),
            scaling_target=("pulumi_aws.appautoscaling.Target", "least and most replicas"),
            scaling_policy=("pulumi_aws.appautoscaling.Policy", "one policy per metric"),
            step_policy=("pulumi_aws.appautoscaling.Policy", "steps upwards, or downwards, of a metric"),
            step_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "that the metric is above, or below, their beginning"),
            scheduled_action=("pulumi_aws.appautoscaling.ScheduledAction", "limits from a point in time"),
            latency_guard=("pulumi_aws.appautoscaling.Policy", "adds replicas while answers take too long"),
            latency_guard_alarm=("pulumi_aws.cloudwatch.MetricAlarm", "that answers take too long, for the guard"),
        ),
        **LOAD_BALANCER_ROLES,
        **EXPOSURE_ROLES,
        **SHIFT_ROLES,
        **CHECK_ROLES,
        **QUEUE_ROLES,
        **CAPTURE_ROLES,
    }
)
"""Of an endpoint on ECS. Those of a load balancer belong to one that has its own."""

ROLES_OF_ENDPOINTS: Final[Mapping[str, ChildRole]] = MappingProxyType({**ENDPOINT_ROLES, **KUBERNETES_ENDPOINT_ROLES})
"""Of an endpoint on any platform."""

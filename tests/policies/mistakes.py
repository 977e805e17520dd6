"""A mistake for every rule of ours: planted in a good environment, the rule finds it."""

from __future__ import annotations

import json
from typing import Any

from modelinfra.graph.model import Graph
from modelinfra.policies import tokens as t
from tests.policies.editing import Mistake, drop, find, lose, put, text, twice

_CONTAINER = "containerDefinitions"


def _container(path: str, value: Any) -> Any:
    return text(t.TASK, _CONTAINER, f"[0].{path}", value, "iris-task")


def _task(path: str, value: Any) -> Any:
    return put(t.TASK, path, value, "iris-task")


def _service(path: str, value: Any) -> Any:
    return put(t.SERVICE, path, value, "iris-service")


def _group(path: str, value: Any) -> Any:
    return put(t.TARGET_GROUP, path, value, "iris-to")


def _rule(path: str, value: Any) -> Any:
    return put(t.LISTENER_RULE, path, value, "iris-rule")


def _alarm(path: str, value: Any) -> Any:
    return put(t.ALARM, path, value, "iris-unhealthy-hosts")


def _many_values(count: int) -> list[dict[str, Any]]:
    return [{"pathPattern": {"values": [f"/{index}/*" for index in range(count)]}}]


def _collide(graph: Graph) -> None:
    find(graph, t.LISTENER_RULE, "iris-rule").inputs["priority"] = find(graph, t.LISTENER_RULE, "second-rule").inputs[
        "priority"
    ]


def _group_on_two(graph: Graph) -> None:
    group = find(graph, t.TARGET_GROUP, "iris-to").outputs["arn"]
    find(graph, t.LISTENER_RULE, "third-own-rule").inputs["actions"][0]["targetGroupArn"] = group


def _subnets_of_one_zone(graph: Graph) -> None:
    find(graph, t.SUBNET, "private-b").inputs["availabilityZone"] = "us-west-2a"


def _one_subnet(graph: Graph) -> None:
    find(graph, t.LOAD_BALANCER, "shared-lb").inputs["subnets"].pop()


def _nat_in_private_subnet(graph: Graph) -> None:
    find(graph, t.NAT).inputs["subnetId"] = find(graph, t.SUBNET, "private-a").id


def _other_vpc(graph: Graph) -> None:
    twice(t.VPC)(graph)
    find(graph, t.TARGET_GROUP, "iris-to").inputs["vpcId"] = find(graph, t.VPC, "twin").id


def _overlap(graph: Graph) -> None:
    cidr = find(graph, t.SUBNET, "private-a").inputs["cidrBlock"]
    find(graph, t.SUBNET, "private-b").inputs["cidrBlock"] = cidr


def _long_policy(graph: Graph) -> None:
    secrets = [f"arn:aws:secretsmanager:us-west-2:123456789012:secret:of-tenant-{index}-AbCdEf" for index in range(180)]
    text(t.ROLE_POLICY, "policy", "Statement[3].Resource", secrets, "iris-execution")(graph)


def _foreign_secret(graph: Graph) -> None:
    secret = "arn:aws:secretsmanager:us-west-2:123456789012:secret:*"
    given = find(graph, t.ROLE_POLICY, "acme-execution")
    index = next(
        place
        for place, each in enumerate(json.loads(given.inputs["policy"])["Statement"])
        if each["Action"] == "secretsmanager:GetSecretValue"
    )
    text(t.ROLE_POLICY, "policy", f"Statement[{index}].Resource", secret, "acme-execution")(graph)


def _direct_to_tasks(graph: Graph) -> None:
    rule = find(graph, t.INGRESS, "iris-tasks-from-lb")
    del rule.inputs["referencedSecurityGroupId"]
    rule.inputs["cidrIpv4"] = "10.0.0.0/16"


def _timed_out_delete(graph: Graph) -> None:
    find(graph, t.SERVICE, "iris-service").custom_timeouts["delete"] = "1m"


_LABEL = "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.resourceLabel"

MISTAKES = (
    Mistake("a pair of CPU and memory that Fargate lacks", _task("memory", "10240"), "fargate-size"),
    Mistake("five minutes to stop on Fargate", _container("stopTimeout", 300), "fargate-stop-timeout"),
    Mistake("five minutes to wait on Fargate", _container("startTimeout", 300), "fargate-start-timeout"),
    Mistake(
        "shared memory on Fargate", _container("linuxParameters.sharedMemorySize", 1024), "fargate-linux-parameters"
    ),
    Mistake("a GPU on Fargate", _container("resourceRequirements", [{"type": "GPU", "value": "1"}]), "fargate-gpu"),
    Mistake(
        "locked memory on Fargate",
        _container("ulimits", [{"name": "memlock", "softLimit": -1, "hardLimit": -1}]),
        "fargate-ulimits",
    ),
    Mistake("the host's network on Fargate", _task("networkMode", "host"), "fargate-network-mode"),
    Mistake("another port of the host", _container("portMappings[0].hostPort", 80), "awsvpc-host-port"),
    Mistake("20 GiB written out", _task("ephemeralStorage", {"sizeInGib": 20}), "fargate-ephemeral-storage"),
    Mistake("a privileged container", _container("privileged", True), "fargate-privileged"),
    Mistake("a folder of the host", _task("volumes", [{"name": "x", "hostPath": "/x"}]), "fargate-host"),
    Mistake("journald on Fargate", _container("logConfiguration.logDriver", "journald"), "fargate-log-driver"),
    Mistake("a container larger than its task", _container("memory", 65536), "container-memory"),
    Mistake("targets that are instances", _group("targetType", "instance"), "target-type-ip"),
    Mistake("a port that no container has", _service("loadBalancers[0].containerPort", 9), "service-container-port"),
    Mistake("a target group without listener", lose(t.LISTENER_RULE, "iris-rule"), "service-target-group-in-use"),
    Mistake("awsvpc without network", drop(t.SERVICE, "networkConfiguration", "iris-service"), "service-network"),
    Mistake("no grace period", _service("healthCheckGracePeriodSeconds", 0), "service-grace-period"),
    Mistake("rebalancing without room", _service("deploymentMaximumPercent", 100), "service-rebalancing"),
    Mistake("a deployment without room", _service("deploymentMaximumPercent", 100), "service-deployment-room"),
    Mistake("launch type and strategy", _service("launchType", "FARGATE"), "service-capacity-strategy"),
    Mistake(
        "spot that the cluster lacks", put(t.CAPACITY, "capacityProviders", ["FARGATE"]), "service-capacity-attached"
    ),
    Mistake(
        "a circuit breaker under CodeDeploy",
        _service("deploymentController", {"type": "CODE_DEPLOY"}),
        "service-circuit-breaker",
    ),
    Mistake("insights that are none", put(t.CLUSTER, "settings[0].value", "on"), "cluster-insights"),
    Mistake("a removal given up while targets drain", _timed_out_delete, "service-delete-time"),
    Mistake("a slow start of 5 s", _group("slowStart", 5), "target-slow-start"),
    Mistake("two hours of draining", _group("deregistrationDelay", 7200), "deregistration-delay"),
    Mistake("a health check each second", _group("healthCheck.interval", 1), "health-interval"),
    Mistake("an idle timeout of two hours", put(t.LOAD_BALANCER, "idleTimeout", 7200), "load-balancer-idle"),
    Mistake("a priority of 60,000", _rule("priority", 60_000), "rule-priority"),
    Mistake("slow start with least outstanding requests", _group("slowStart", 60), "slow-start-algorithm"),
    Mistake("a load balancer in one subnet", _one_subnet, "load-balancer-zones"),
    Mistake("a load balancer in one zone", _subnets_of_one_zone, "load-balancer-zones"),
    Mistake("two rules of one priority", _collide, "rule-priority-collision"),
    Mistake("two listeners on one port", twice(t.LISTENER), "listener-port-collision"),
    Mistake("six values in conditions", _rule("conditions", _many_values(6)), "rule-condition-values"),
    Mistake("health checks that overlap", _group("healthCheck.timeout", 15), "health-timeout"),
    Mistake("a health check answered by 600", _group("healthCheck.matcher", "600"), "health-matcher"),
    Mistake("a target group of two load balancers", _group_on_two, "target-group-one-load-balancer"),
    Mistake(
        "a weight of 1,500",
        _rule("actions", [{"type": "forward", "forward": {"targetGroups": [{"arn": "x", "weight": 1500}]}}]),
        "forward-weights",
    ),
    Mistake("a target group of another VPC", _other_vpc, "target-group-vpc"),
    Mistake("a load balancer's name with a dot", put(t.LOAD_BALANCER, "name", "v1.2"), "name-load-balancer"),
    Mistake("a load balancer's name of 33 characters", put(t.LOAD_BALANCER, "name", "x" * 33), "name-load-balancer"),
    Mistake("a target group's name of 33 characters", _group("name", "x" * 33), "name-target-group"),
    Mistake("a role's name of 65 characters", put(t.ROLE, "name", "x" * 65), "name-role"),
    Mistake("a role policy's name with a space", put(t.ROLE_POLICY, "name", "my policy"), "name-role-policy"),
    Mistake("a managed policy's name with a space", put(t.POLICY, "name", "my policy"), "name-managed-policy", "doors"),
    Mistake("an API's name of 129 characters", put(t.API, "name", "x" * 129), "name-http-api", "doors"),
    Mistake("a VPC link's name of 129 characters", put(t.API_LINK, "name", "x" * 129), "name-vpc-link", "doors"),
    Mistake("a repository's name in capitals", put(t.REPOSITORY, "name", "Prod-images"), "name-repository"),
    Mistake("a security group's name beginning with sg-", put(t.GROUP, "name", "sg-mine"), "name-security-group"),
    Mistake("an alarm's name of 256 characters", _alarm("name", "x" * 256), "name-alarm"),
    Mistake("a log group's name with a colon", put(t.LOG_GROUP, "name", "a:b"), "name-log-group"),
    Mistake("a cluster's name with a dot", put(t.CLUSTER, "name", "v1.2"), "name-cluster"),
    Mistake("a service's name with a slash", _service("name", "a/b"), "name-service"),
    Mistake("a family with a dot", _task("family", "v1.2"), "name-task-family"),
    Mistake(
        "a scaling policy's name of 257 characters", put(t.SCALING_POLICY, "name", "x" * 257), "name-scaling-policy"
    ),
    Mistake(
        "an apostrophe in a description", put(t.GROUP, "description", "the tasks' own"), "security-group-description"
    ),
    Mistake("an alarm over two days", _alarm("evaluationPeriods", 2880), "alarm-span"),
    Mistake("a period of 7 s", _alarm("period", 7), "alarm-period"),
    Mistake("more bad periods than periods", _alarm("datapointsToAlarm", 99), "alarm-points"),
    Mistake(
        "two queries that return data",
        put(t.ALARM, "metricQueries[1].returnData", True, "iris-target-5xx"),
        "alarm-queries",
    ),
    Mistake("least replicas above most", put(t.SCALING_TARGET, "minCapacity", 50), "scaling-order"),
    Mistake("requests counted nowhere", drop(t.SCALING_POLICY, _LABEL, "iris-by-requests"), "scaling-label"),
    Mistake("requests counted elsewhere", put(t.SCALING_POLICY, _LABEL, "app/a/1/targetgroup/b/2"), "scaling-label"),
    Mistake("a metric tracked twice", twice(t.SCALING_POLICY), "scaling-metric-twice"),
    Mistake("a policy without target", lose(t.SCALING_TARGET, "iris-replicas"), "scaling-target"),
    Mistake(
        "exclusions of a mutable repository", put(t.REPOSITORY, "imageTagMutability", "MUTABLE"), "registry-exclusion"
    ),
    Mistake(
        "exclusion without filters", drop(t.REPOSITORY, "imageTagMutabilityExclusionFilters"), "registry-exclusion"
    ),
    Mistake(
        "a rule for tagged images without tags",
        text(t.LIFECYCLE, "policy", "rules[0].selection.tagStatus", "tagged"),
        "registry-lifecycle",
    ),
    Mistake("a VPC of /8", put(t.VPC, "cidrBlock", "10.0.0.0/8"), "address-size"),
    Mistake("a VPC on multicast addresses", put(t.VPC, "cidrBlock", "224.0.0.0/16"), "address-special"),
    Mistake(
        "a second range of another private range",
        put(t.SECOND_RANGE, "cidrBlock", "172.16.0.0/16"),
        "address-second-range",
        "wide",
    ),
    Mistake("a subnet outside its VPC", put(t.SUBNET, "cidrBlock", "192.168.0.0/24"), "address-inside"),
    Mistake("two subnets on the same addresses", _overlap, "address-overlap"),
    Mistake("a load balancer that lets nothing out", lose(t.EGRESS, "iris-lb-to-tasks"), "reach-task-out"),
    Mistake("tasks that let nothing in", lose(t.INGRESS, "iris-tasks-from-lb"), "reach-task-in"),
    Mistake("tasks open on another port", put(t.INGRESS, "toPort", 8079, "iris-tasks-from-lb"), "reach-task-in"),
    Mistake("a listener nobody can reach", lose(t.INGRESS, "web-shared-from-network"), "reach-listener"),
    Mistake(
        "open to the internet", put(t.INGRESS, "cidrIpv4", "0.0.0.0/0", "web-shared-from-network"), "open-internet"
    ),
    Mistake(
        "tasks with public addresses", _service("networkConfiguration.assignPublicIp", True), "open-public-address"
    ),
    Mistake("a load balancer on the internet", put(t.LOAD_BALANCER, "internal", False), "open-load-balancer"),
    Mistake("tasks open to the network", _direct_to_tasks, "open-tasks"),
    Mistake("tasks open on every port", put(t.INGRESS, "fromPort", 0, "iris-tasks-from-lb"), "open-tasks"),
    Mistake(
        "tasks in the default security group",
        drop(t.SERVICE, "networkConfiguration.securityGroups", "iris-service"),
        "open-default-group",
    ),
    Mistake("no route to NAT", lose(t.ROUTE, "private-a-internet"), "reach-services"),
    Mistake("NAT in a private subnet", _nat_in_private_subnet, "reach-services"),
    Mistake("no HTTPS out", lose(t.EGRESS, "iris-tasks-to-https"), "reach-services"),
    Mistake("no endpoint for the log", lose(t.VPC_ENDPOINT, "-logs"), "reach-services", "private"),
    Mistake("no gateway to S3", lose(t.VPC_ENDPOINT, "-s3"), "reach-services", "private"),
    Mistake("no way out to the S3 gateway", lose(t.EGRESS, "iris-tasks-to-s3"), "reach-services", "private"),
    Mistake(
        "an endpoint without private DNS",
        put(t.VPC_ENDPOINT, "privateDnsEnabled", False, "-ecr-dkr"),
        "reach-services",
        "private",
    ),
    Mistake("endpoints that let nothing in", lose(t.INGRESS, "endpoints-from-network"), "reach-services", "private"),
    Mistake("a VPC without DNS names", put(t.VPC, "enableDnsHostnames", False), "reach-services", "private"),
    Mistake("no endpoint for exec", lose(t.VPC_ENDPOINT, "-ssmmessages"), "reach-services", "private"),
    Mistake(
        "no right to pull the image",
        text(
            t.ROLE_POLICY,
            "policy",
            "Statement[2].Resource",
            "arn:aws:ecr:us-west-2:123456789012:repository/x",
            "iris-execution",
        ),
        "right-image",
    ),
    Mistake(
        "no right to read a secret",
        text(t.ROLE_POLICY, "policy", "Statement[3].Resource", [], "iris-execution"),
        "right-secrets",
    ),
    Mistake(
        "no right to write the log",
        text(t.ROLE_POLICY, "policy", "Statement[0].Action", "logs:CreateLogStream", "iris-execution"),
        "right-log",
    ),
    Mistake("no execution role", drop(t.TASK, "executionRoleArn", "iris-task"), "execution-role"),
    Mistake(
        "a log group that is not there",
        _container("logConfiguration.options.awslogs-group", "else"),
        "log-group-exists",
    ),
    Mistake(
        "a role that trusts Lambda",
        text(t.ROLE, "assumeRolePolicy", "Statement[0].Principal.Service", "lambda.amazonaws.com", "iris-execution"),
        "role-trust",
    ),
    Mistake(
        "no right to read the model",
        text(t.ROLE_POLICY, "policy", "Statement[0].Resource", "arn:aws:s3:::acme-models/other/*", "bucket-fetch"),
        "right-model",
        "fetched",
    ),
    Mistake("no right to list the models", lose(t.ROLE_POLICY, "bucket-fetch"), "right-model", "fetched"),
    Mistake("no right to pull the model", lose(t.ROLE_POLICY, "artifact-fetch"), "right-model", "fetched"),
    Mistake(
        "a server that does not wait for its model",
        text(t.TASK, "containerDefinitions", "[0].dependsOn[0].condition", "START", "bucket-task"),
        "model-first",
        "fetched",
    ),
    Mistake("no way to the model", lose(t.EGRESS, "bucket-tasks-to-s3"), "reach-services", "fetched"),
    Mistake("no way to the hub", lose(t.ROUTE, "private-a-internet"), "reach-services", "hub"),
    Mistake("a policy that is too long", _long_policy, "role-inline-size"),
    Mistake(
        "every action of a service",
        text(t.ROLE_POLICY, "policy", "Statement[0].Action", "logs:*", "iris-execution"),
        "right-wide",
    ),
    Mistake(
        "a prefix above that of another tenant",
        text(t.ROLE_POLICY, "policy", "Statement[0].Resource", "arn:aws:s3:::models/*", "acme-fetch"),
        "tenant-apart",
        "tenants",
    ),
    Mistake(
        "the list of another tenant's models",
        text(t.ROLE_POLICY, "policy", "Statement[1].Condition.StringLike.s3:prefix", "bolt/*", "acme-fetch"),
        "tenant-apart",
        "tenants",
    ),
    Mistake(
        "another tenant's log",
        text(t.ROLE_POLICY, "policy", "Statement[1].Resource", "arn:aws:logs:*:123456789012:log-group:*", "bolt-exec"),
        "tenant-apart",
        "tenants",
    ),
    Mistake("another tenant's secret", _foreign_secret, "tenant-apart", "tenants"),
    Mistake(
        "a gateway that asks nobody",
        put(t.API_ROUTE, "authorizationType", "NONE", "callers-gateway-v2-models-digits-infer-c15a49"),
        "open-gateway",
        "doors",
    ),
    Mistake(
        "a name beside the one that asks for certificates",
        put(t.API, "disableExecuteApiEndpoint", False, "devices-gateway"),
        "open-gateway",
        "doors",
    ),
    Mistake(
        "a domain that no longer asks for certificates",
        drop(t.API_DOMAIN, "mutualTlsAuthentication", "devices-gateway"),
        "open-gateway",
        "doors",
    ),
    Mistake(
        "PrivateLink for everybody",
        put(t.ENDPOINT_SERVICE, "allowedPrincipals", ["*"], "callers-link"),
        "open-endpoint-service",
        "doors",
    ),
    Mistake("a gateway that lets nothing out", lose(t.EGRESS, "devices-gateway-to-lb-80"), "reach-gateway", "doors"),
    Mistake("a gateway that is not let in", lose(t.INGRESS, "devices-lb-from-gateway-80"), "reach-gateway", "doors"),
    Mistake(
        "a gateway that speaks HTTP to HTTPS",
        drop(t.API_INTEGRATION, "tlsConfig", "callers-gateway"),
        "reach-gateway",
        "doors",
    ),
    Mistake(
        "PrivateLink that is not let in",
        lose(t.INGRESS, "callers-lb-from-private-link-443"),
        "reach-private-link",
        "doors",
    ),
    Mistake(
        "PrivateLink to a port where nobody listens",
        put(t.TARGET_ATTACHMENT, "port", 8443, "callers-link"),
        "reach-private-link",
        "doors",
    ),
    Mistake(
        "PrivateLink whose rules let nobody in",
        put(t.LOAD_BALANCER, "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on", "callers-link"),
        "reach-listener",
        "doors",
    ),
)

"""Whatever is shared can be handed in: it is used, nothing is made in its place, and it is not changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from modelinfra import EcsCluster, Environment, ModelEndpoint
from modelinfra.graph.model import Graph
from tests.making import captured, inputs, write_model
from tests.platforms.worlds import (
    ALARM,
    EGRESS,
    GROUP,
    IMAGE,
    INGRESS,
    LOAD_BALANCER,
    NETWORK,
    POLICY,
    REPOSITORY,
    ROLE,
    RULE,
    SCALING_POLICY,
    SCALING_TARGET,
    SERVICE,
    TASK,
    deployed,
    refusal,
)

ACCOUNT = "arn:aws:{}:us-west-2:123456789012"
CLUSTER = f"{ACCOUNT.format('ecs')}:cluster/models"
LISTENER = f"{ACCOUNT.format('elasticloadbalancing')}:listener/app/models/50dc6c495c0c9188/f2f7dc8efc522ab2"
BALANCER = LISTENER.rpartition("/")[0].replace(":listener/", ":loadbalancer/")
LOG_GROUP = f"{ACCOUNT.format('logs')}:log-group:/models/digits"
KEY = f"{ACCOUNT.format('kms')}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
IMAGES = f"{ACCOUNT.format('ecr')}:repository/team/models"
EXECUTION, TASK_ROLE = ("arn:aws:iam::123456789012:role/start", "arn:aws:iam::123456789012:role/serve")
SG = "sg-0123456789abcdef0"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
CAPACITY = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
LISTENERS = "aws:lb/listener:Listener"


@dataclass(frozen=True)
class Adopted:
    """One thing that is handed in. spares: type -> how many resources of it are not made; lands: (type, property path, value)."""

    name: str
    cluster: dict[str, Any]
    endpoint: dict[str, Any]
    spares: dict[str, int]
    lands: tuple[tuple[str, str, Any], ...]


ROWS = [
    Adopted(
        "cluster", {"cluster_arn": CLUSTER}, {}, {"aws:ecs/cluster:Cluster": 1, CAPACITY: 1},
        ((SERVICE, "cluster", CLUSTER),),
    ),
    Adopted(
        "load balancer and listener", {"listener_arn": LISTENER}, {},
        {LOAD_BALANCER: 1, LISTENERS: 1, GROUP: 1, INGRESS: 1, EGRESS: 1}, ((RULE, "listenerArn", LISTENER),),
    ),
    Adopted(
        "security group of the load balancer", {"load_balancer_security_group_id": SG}, {},
        {GROUP: 1, INGRESS: 1, EGRESS: 1},
        ((LOAD_BALANCER, "securityGroups", [SG]), (INGRESS, "referencedSecurityGroupId", SG)),
    ),
    Adopted(
        "security group of the tasks", {}, {"security_group_id": SG}, {GROUP: 1, INGRESS: 1, EGRESS: 1},
        ((SERVICE, "networkConfiguration.securityGroups", [SG]), (EGRESS, "referencedSecurityGroupId", SG)),
    ),
    Adopted(
        "repository", {}, {"repository": {"arn": IMAGES}}, {REPOSITORY: 1, LIFECYCLE: 1},
        ((IMAGE, "registries.0.address", "123456789012.dkr.ecr.us-west-2.amazonaws.com/team/models"),),
    ),
    Adopted(
        "execution role", {}, {"execution_role_arn": EXECUTION}, {ROLE: 1, POLICY: 1},
        ((TASK, "executionRoleArn", EXECUTION),),
    ),
    Adopted("task role", {}, {"task_role_arn": TASK_ROLE}, {ROLE: 1}, ((TASK, "taskRoleArn", TASK_ROLE),)),
    Adopted("log group", {}, {"logs": {"group_arn": LOG_GROUP}}, {LOGS: 1}, ()),
    Adopted("key of the log", {}, {"logs": {"kms_key_arn": KEY}}, {}, ((LOGS, "kmsKeyId", KEY),)),
    Adopted(
        "key of the images", {}, {"repository": {"kms_key_arn": KEY}}, {},
        ((REPOSITORY, "encryptionConfigurations.0.kmsKey", KEY),),
    ),
]  # fmt: skip
"""The VPC is tests/components/test_serving_network.py's."""


def count(graph: Graph, token: str) -> int:
    return len(list(graph.all(token)))


def at(found: Any, path: str) -> Any:
    for part in path.split("."):
        found = found[int(part)] if part.isdigit() else found[part]
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_is_handed_in_is_used_and_nothing_is_made_in_its_place(tmp_path: Path, row: Adopted) -> None:
    without = deployed(tmp_path)
    graph = deployed(tmp_path, cluster=row.cluster, **row.endpoint)
    types = {node.type for node in without if node.type.startswith("aws:")}
    assert {each: count(without, each) - count(graph, each) for each in types} == {
        each: row.spares.get(each, 0) for each in types
    }
    for token, path, value in row.lands:
        assert value in [at(inputs(graph, token, node.name), path) for node in graph.all(token)]


def test_nothing_at_all_is_made_beside_the_endpoint_itself(tmp_path: Path) -> None:
    graph = deployed(
        tmp_path,
        cluster={"cluster_arn": CLUSTER, "listener_arn": LISTENER},
        repository={"arn": IMAGES},
        logs={"group_arn": LOG_GROUP},
        execution_role_arn=EXECUTION,
        task_role_arn=TASK_ROLE,
        security_group_id=SG,
        dashboard=False,
    )
    made = {node.type for node in graph if node.type.startswith(("aws:", "docker-build:"))}
    target_group = "aws:lb/targetGroup:TargetGroup"
    assert made == {IMAGE, target_group, RULE, TASK, ALARM, SERVICE, SCALING_TARGET}


def test_a_container_logs_to_the_group_that_is_handed_in(tmp_path: Path) -> None:
    container = json.loads(
        inputs(deployed(tmp_path, logs={"group_arn": LOG_GROUP + ":*"}), TASK)["containerDefinitions"]
    )
    options = container[0]["logConfiguration"]["options"]
    assert (options["awslogs-group"], options["awslogs-region"]) == ("/models/digits", "us-west-2")


def test_the_scaler_names_the_cluster_that_is_handed_in(tmp_path: Path) -> None:
    graph = deployed(tmp_path, cluster={"cluster_arn": CLUSTER}, scaling={"min": 1, "max": 4})
    for token in (SCALING_TARGET, SCALING_POLICY):
        assert inputs(graph, token)["resourceId"].startswith("service/models/")


def test_in_a_repository_of_others_a_tag_says_whose_image_it_is_and_none_has_to_move(tmp_path: Path) -> None:
    image = inputs(deployed(tmp_path, repository={"arn": IMAGES}), IMAGE)
    assert image["tags"][0].startswith("123456789012.dkr.ecr.us-west-2.amazonaws.com/team/models:digits-model-")
    assert "cacheTo" not in image
    assert "cacheFrom" not in image


def test_an_address_of_ones_own_is_the_one_that_is_given_out(tmp_path: Path) -> None:
    write_model(tmp_path / "model")

    def program() -> None:
        web = EcsCluster("web", network=NETWORK, listener_arn=LISTENER, load_balancer_url="https://models.example.com")
        made = ModelEndpoint("digits", platform=web, server="mlserver", model="model")
        pulumi.export("url", made.predict_url)

    assert captured(program, tmp_path).outputs["url"] == "https://models.example.com/digits/v2/models/digits/infer"


def test_a_listener_that_the_same_program_makes_can_be_handed_in(tmp_path: Path) -> None:
    write_model(tmp_path / "model")

    def program() -> None:
        balancer = aws.lb.LoadBalancer("own", internal=True, idle_timeout=90, security_groups=[SG], subnets=["a", "b"])
        actions: Any = [{"type": "fixed-response", "fixed_response": {"content_type": "text/plain"}}]
        listener = aws.lb.Listener("own", load_balancer_arn=balancer.arn, port=8080, default_actions=actions)
        web = EcsCluster("web", network=NETWORK, listener_arn=listener.arn)
        made = ModelEndpoint("digits", platform=web, server="mlserver", model="model")
        pulumi.export("url", made.url)

    graph = captured(program, tmp_path)
    assert graph.outputs["url"].endswith(":8080/digits")
    assert inputs(graph, RULE)["listenerArn"] == graph.one(LISTENERS).outputs["arn"]


def behind(root: Path, **answer: Any) -> list[str]:
    """What is said of an environment behind a load balancer that AWS describes so."""
    write_model(root / "model")
    said: list[str] = []

    balancer = {"arn": BALANCER, "loadBalancerType": "application", "internal": True, "vpcId": "vpc-1"}
    known = {"arnSuffix": "app/models/50dc6c495c0c9188", "dnsName": "models.example", "securityGroups": [SG]}
    described = {**balancer, **known, "idleTimeout": 60, **answer}

    def program() -> None:
        vpc = {"id": "vpc-1", "private_subnet_ids": ["subnet-1", "subnet-2"], "cidr": "10.0.0.0/16"}
        endpoint = {"server": "mlserver", "model": "model", "longest_request": "90s"}
        try:
            Environment(
                "dev", network={"vpc": vpc}, platforms={"web": {"type": "ecs", "listener_arn": LISTENER}},
                endpoints={"digits": endpoint},
            )  # fmt: skip
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    captured(program, root, invokes={"aws:lb/getLoadBalancer:getLoadBalancer": described})
    return said


def test_a_load_balancer_that_faces_the_internet_is_refused(tmp_path: Path) -> None:
    (said,) = behind(tmp_path, internal=False, idleTimeout=120)
    assert said.startswith("platforms.web.listener_arn (given: 'arn:aws:elasticloadbalancing:")
    assert said.endswith(
        "its load balancer faces the internet, and endpoints have no authentication yet. "
        "Name a listener of an internal load balancer."
    )


def test_a_load_balancer_of_another_network_is_refused(tmp_path: Path) -> None:
    assert "is in vpc-2, and the tasks are in vpc-1" in behind(tmp_path, vpcId="vpc-2", idleTimeout=120)[0]


def test_a_network_load_balancer_is_refused(tmp_path: Path) -> None:
    assert "a network load balancer, which knows no paths" in behind(tmp_path, loadBalancerType="network")[0]


def test_a_request_longer_than_the_load_balancer_waits_is_refused(tmp_path: Path) -> None:
    (said,) = behind(tmp_path)
    assert said == (
        "endpoints.digits.longest_request (given: '1m30s'): the shared load balancer gives up after 1m. "
        "Raise its idle timeout to 1m30s, or write `load_balancer: own`."
    )
    assert behind(tmp_path, idleTimeout=90) == []


@pytest.mark.parametrize(
    ("cluster", "endpoint", "sentence"),
    [
        ({}, {"execution_role_arn": EXECUTION}, "execution role is handed in: it must trust ecs-tasks.amazonaws.com"),
        ({"exec": True}, {"task_role_arn": TASK_ROLE}, "task role is handed in"),
        ({}, {"security_group_id": SG}, "must let port 8080 in from the load balancer"),
        (
            {},
            {"task_role_arn": TASK_ROLE, "model": "s3://acme-models/digits/7"},
            "task role is handed in: it must trust ecs-tasks.amazonaws.com and allow s3:GetObject on s3://acme-models/digits/*",
        ),
        ({"listener_arn": LISTENER}, {}, "load balancer's security group is handed in: it must let port 8080 out"),
    ],
)
def test_the_preview_says_what_a_thing_that_is_handed_in_must_allow(
    tmp_path: Path, cluster: dict[str, Any], endpoint: dict[str, Any], sentence: str
) -> None:
    graph = deployed(tmp_path, cluster=cluster, **endpoint)
    assert any(sentence in log["message"] for log in graph.logs)


def test_a_listener_that_the_same_program_makes_wrong_is_told_with_the_cluster_and_without_a_lie(
    tmp_path: Path,
) -> None:
    def program() -> None:
        listener = aws.lb.Listener("own", load_balancer_arn=BALANCER, port=8080, default_actions=[{"type": "forward"}])
        EcsCluster("web", network=NETWORK, listener_arn=listener.arn)

    described = {"arn": BALANCER, "loadBalancerType": "application", "internal": False}
    with pytest.raises(Exception, match="faces the internet") as refused:
        captured(program, tmp_path, invokes={"aws:lb/getLoadBalancer:getLoadBalancer": described})
    assert "EcsCluster 'web': the listener, which this program makes itself and which is there by now" in str(
        refused.value
    )
    assert "nothing was created" not in str(refused.value)


def test_a_policy_of_awss_own_bounds_roles(tmp_path: Path) -> None:
    aws_own = "arn:aws:iam::aws:policy/PowerUserAccess"
    graph = deployed(tmp_path, permissions_boundary=aws_own)
    assert {node.inputs["permissionsBoundary"] for node in graph.all(ROLE)} == {aws_own}


ELSEWHERE = CLUSTER.replace("us-west-2", "eu-west-1")
ELSEWHERE_SAID = (
    "{} (given: '{}'): this is in eu-west-1, and the stack is in us-west-2. Name one in us-west-2, or remove it."
)


def told(root: Path, program: Any) -> list[str]:
    write_model(root / "model")
    said: list[str] = []

    def caught() -> None:
        try:
            program()
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    assert not [node for node in captured(caught, root) if node.type.startswith("aws:")]
    return said


def test_what_lies_in_another_region_is_refused_in_an_environment(tmp_path: Path) -> None:
    endpoint = {"server": "mlserver", "model": "model"}
    cluster = told(tmp_path, lambda: Environment("dev", platforms={"web": {"type": "ecs", "cluster_arn": ELSEWHERE}}))
    assert cluster == [ELSEWHERE_SAID.format("platforms.web.cluster_arn", ELSEWHERE)]
    images = IMAGES.replace("us-west-2", "eu-west-1")
    group = LOG_GROUP.replace("arn:aws:", "arn:aws-cn:")
    both = {"repository": {"arn": images}, "logs": {"group_arn": group}}
    said = told(
        tmp_path,
        lambda: Environment("dev", platforms={"web": {"type": "ecs"}}, endpoints={"digits": {**endpoint, **both}}),  # type: ignore[typeddict-item]
    )
    partition = "this is of the partition aws-cn, and the stack is in us-west-2, which is of aws"
    assert said == [
        ELSEWHERE_SAID.format("endpoints.digits.repository.arn", images),
        f"endpoints.digits.logs.group_arn (given: '{group}'): {partition}. Name one in us-west-2, or remove it.",
    ]


def test_what_only_serves_in_its_own_account_is_refused_of_another_one(tmp_path: Path) -> None:
    owner = ":210987654321:"
    given = {
        "logs": {"group_arn": LOG_GROUP.replace(":123456789012:", owner)},
        # Images may be another account's, whose policy lets this one pull them.
        "repository": {"arn": IMAGES.replace(":123456789012:", owner)},
    }
    endpoint = {"server": "mlserver", "model": "model", **given}
    said = told(
        tmp_path,
        lambda: Environment("dev", platforms={"web": {"type": "ecs"}}, endpoints={"digits": endpoint}),  # type: ignore[typeddict-item]
    )
    assert said == [
        (
            f"endpoints.digits.logs.group_arn (given: '{given['logs']['group_arn']}'): this is of the account 210987654321, the stack is in 123456789012, "
            "and CloudWatch Logs takes lines from roles of its own account. Name one of 123456789012, or remove it."
        )
    ]


def test_certificates_keys_and_topics_of_another_region_are_refused(tmp_path: Path) -> None:
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    exposure = {"public": True, "domain": "digits.example.com", "certificate_arn": certificate}
    endpoint = {"server": "mlserver", "model": "model", "exposure": {**exposure, "auth": {"api_keys": {"shop": {}}}}}
    said = told(
        tmp_path,
        lambda: Environment(
            "dev",
            platforms={"web": {"type": "ecs"}},
            notify={"topic_arn": topic},
            endpoints={"digits": endpoint},  # type: ignore[typeddict-item]
        ),
    )
    of_virginia = "this is in us-east-1, and the stack is in us-west-2. Name one in us-west-2, or remove it."
    assert said[0].startswith("endpoints.digits.exposure.certificate_arn (given: ")
    assert said[0].endswith(of_virginia)
    assert said[1:] == [f"notify.topic_arn (given: '{topic}'): {of_virginia}"]


def test_what_lies_in_another_region_is_refused_of_a_single_component_and_measured_by_its_provider(
    tmp_path: Path,
) -> None:
    assert (
        "this is in eu-west-1, and the stack is in us-west-2"
        in told(tmp_path, lambda: EcsCluster("web", network=NETWORK, cluster_arn=ELSEWHERE))[0]
    )
    said = refusal(tmp_path, logs={"group_arn": LOG_GROUP.replace("us-west-2", "eu-west-1")})
    assert said[1].startswith("logs.group_arn (given: 'arn:aws:logs:eu-west-1:")

    def there() -> None:
        provider = aws.Provider("ireland", region="eu-west-1")
        EcsCluster("web", opts=pulumi.ResourceOptions(providers=[provider]), network=NETWORK, cluster_arn=ELSEWHERE)

    captured(there, tmp_path)

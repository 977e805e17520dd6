"""`Environment`: several of them, several endpoints, long names, two regions, production."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from modelinfra import Environment, ModelEndpoint
from modelinfra.graph.capture import capture
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from tests.making import LONG, SECRET, captured, inputs, names, write_model

ENDPOINT = {"server": "mlserver", "model": "model"}
ONE: dict[str, Any] = {"platforms": {"web": {"type": "ecs"}}, "endpoints": {"digits": ENDPOINT}}
TWO: dict[str, Any] = {**ONE, "endpoints": {"digits": ENDPOINT, "faces": ENDPOINT}}

RULE = "aws:lb/listenerRule:ListenerRule"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

LIMITS = {
    "aws:lb/loadBalancer:LoadBalancer": 32,
    "aws:lb/targetGroup:TargetGroup": 32,
    "aws:iam/role:Role": 64,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:ecr/repository:Repository": 256,
    "aws:ec2/securityGroup:SecurityGroup": 255,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 255,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:ecs/cluster:Cluster": 255,
    "aws:ecs/service:Service": 255,
    "aws:ecs/taskDefinition:TaskDefinition": 255,
    "aws:appautoscaling/policy:Policy": 256,
}
"""Most characters of a physical name, as AWS documents them: said here once more, so that a wrong row of the library is found."""


@pytest.fixture(autouse=True)
def _model(tmp_path: Path) -> None:
    write_model(tmp_path / "model")


def made(root: Path, name: str = "dev", args: dict[str, Any] = ONE, **options: Any) -> Graph:
    return captured(lambda: Environment(name, args), root, **options)


def refusal(root: Path, program: Callable[[], Any], **options: Any) -> list[str]:
    """What is said; that nothing at all was registered is checked on the way."""
    said: list[str] = []

    def refused() -> None:
        try:
            program()
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines())

    assert captured(refused, root, **options).resources == []
    return said


def services(graph: Graph) -> set[str]:
    found = [node.inputs for node in graph.all(VPC_ENDPOINT)]
    return {each["serviceName"].split(".", 3)[3] for each in found if each["vpcEndpointType"] == "Interface"}


def test_two_environments_with_the_same_endpoints_stand_in_one_program(tmp_path: Path) -> None:
    def program() -> None:
        for name in ("blue", "green"):
            Environment(name, TWO)

    graph = captured(program, tmp_path)
    blue, green = (
        sorted(node.type for node in graph.resources if node.name.split("-")[0] == name) for name in ("blue", "green")
    )
    assert blue == green
    assert len(blue) + len(green) == len(graph.resources)


def test_two_endpoints_share_one_load_balancer_at_two_paths(tmp_path: Path) -> None:
    graph = made(tmp_path, args=TWO)
    listener = graph.one("aws:lb/listener:Listener")
    rules = [node.inputs for node in graph.all(RULE)]
    assert {rule["listenerArn"] for rule in rules} == {listener.outputs["arn"]}
    assert {rule["conditions"][0]["pathPattern"]["values"][0] for rule in rules} == {"/digits/*", "/faces/*"}
    assert len({rule["priority"] for rule in rules}) == 2
    urls = graph.one("modelinfra:index:Environment").outputs["urls"]
    assert {name: url.rsplit("/", 1)[1] for name, url in urls.items()} == {"digits": "digits", "faces": "faces"}


def test_an_endpoint_that_comes_or_goes_changes_nothing_of_the_others_but_the_overview(tmp_path: Path) -> None:
    one, two = made(tmp_path), made(tmp_path, args=TWO)
    for before, after, kind in ((one, two, "added"), (two, one, "removed")):
        found = [change for change in changes(before, after) if change.name != "dev-overview"]
        assert {change.kind for change in found} == {kind}


def test_names_of_sixty_characters_fit_all_limits_and_stay_apart(tmp_path: Path) -> None:
    other = LONG[:-1] + "x"
    args = {
        "platforms": {LONG: {"type": "ecs", "exec": True}},
        "endpoints": {LONG: ENDPOINT, other: {**ENDPOINT, "load_balancer": "own", "scaling": {"max": 4}}},
        "network": {"flow_logs": {}},
    }
    graph = made(tmp_path, LONG, args)
    limited = [node for node in graph if node.type in LIMITS]
    assert {node.type for node in limited} == set(LIMITS)
    too_long = [node.name for node in limited if len(node.name) + len("-1234567") > LIMITS[node.type]]
    assert too_long == []


def test_every_child_is_named_after_its_environment(tmp_path: Path) -> None:
    graph = made(tmp_path, args={**TWO, "network": {"flow_logs": {}, "nat": "none"}})
    assert [node.name for node in graph.resources if node.name != "dev" and not node.name.startswith("dev-")] == []


def test_two_regions_stand_in_one_program_through_explicit_providers(tmp_path: Path) -> None:
    places = {"west": "us-west-1", "ireland": "eu-west-1"}

    def program() -> None:
        for name, region in places.items():
            provider = aws.Provider(name, region=region)
            Environment(
                name, {**ONE, "network": {"nat": "none", "flow_logs": {}}}, pulumi.ResourceOptions(providers=[provider])
            )

    graph = captured(program, tmp_path)
    for name, region in places.items():
        environment = graph.one("modelinfra:index:Environment", name)
        own = graph.one("pulumi:providers:aws", name).urn
        below = [node for node in graph.descendants(environment) if node.custom and node.type.startswith("aws:")]
        assert len(below) > 20
        assert {node.provider.rpartition("::")[0] for node in below} == {own}
        subnets = [node for node in below if node.type == "aws:ec2/subnet:Subnet"]
        assert {node.inputs["availabilityZone"][:-1] for node in subnets} == {region}
        services = [node.inputs["serviceName"] for node in below if node.type == VPC_ENDPOINT]
        assert {service.split(".")[2] for service in services} == {region}
        (container,) = json.loads(
            inputs(graph, "aws:ecs/taskDefinition:TaskDefinition", f"{name}-digits-task")["containerDefinitions"]
        )
        assert container["logConfiguration"]["options"]["awslogs-region"] == region
    asked = {call["region"] for call in graph.invokes}
    assert asked == set(places.values())


def test_production_protects_what_is_expensive_to_lose_and_others_leave_nothing_behind(tmp_path: Path) -> None:
    graph = made(tmp_path, args={**ONE, "production": True})
    protected = [node.type for node in graph if node.protect]
    assert sorted(protected) == ["aws:ecr/repository:Repository", "aws:ecs/cluster:Cluster"]
    assert inputs(graph, "aws:ecr/repository:Repository")["forceDelete"] is False
    assert inputs(graph, "aws:lb/loadBalancer:LoadBalancer")["enableDeletionProtection"] is True
    disposable = made(tmp_path)
    assert [node.name for node in disposable if node.protect or node.retain_on_delete] == []
    assert inputs(disposable, "aws:ecr/repository:Repository")["forceDelete"] is True


@pytest.mark.parametrize(
    ("endpoint", "platform", "more"),
    [
        ({}, {}, set()),
        ({"secrets": {"TOKEN": SECRET}}, {}, {"secretsmanager", "ssm", "kms"}),
        ({}, {"exec": True}, {"ssmmessages"}),
    ],
)
def test_without_nat_there_are_ways_to_what_the_endpoints_need_and_no_more(
    tmp_path: Path, endpoint: dict[str, Any], platform: dict[str, Any], more: set[str]
) -> None:
    args = {
        "network": {"nat": "none"},
        "platforms": {"web": {"type": "ecs", **platform}},
        "endpoints": {"digits": {**ENDPOINT, **endpoint}},
    }
    assert services(made(tmp_path, args=args)) == {"ecr.api", "ecr.dkr", "logs"} | more


def test_the_ways_that_the_user_names_are_the_only_ones(tmp_path: Path) -> None:
    args = {**ONE, "network": {"nat": "none", "interface_endpoints": ["logs"]}}
    assert services(made(tmp_path, args=args)) == {"logs"}


def test_a_way_that_is_missing_among_those_that_the_user_names_is_warned_about(tmp_path: Path) -> None:
    network: dict[str, Any] = {"nat": "none", "interface_endpoints": []}
    assert made(tmp_path, args={**ONE, "network": network}).warnings == [
        (
            "network: without NAT, tasks need interface endpoints to ecr.api, ecr.dkr, logs, and `interface_endpoints` names none of "
            "these: no task starts unless they come from elsewhere"
        )
    ]
    network["interface_endpoints"] = ["ecr.api", "ecr.dkr", "logs"]
    assert made(tmp_path, args={**ONE, "network": network}).warnings == []
    endpoints = {"digits": {**ENDPOINT, "secrets": {"TOKEN": SECRET}}}
    (said,) = made(tmp_path, args={**ONE, "network": network, "endpoints": endpoints}).warnings
    assert "interface endpoints to kms, secretsmanager," in said


def test_a_way_to_one_service_does_for_secrets_of_that_service(tmp_path: Path) -> None:
    network = {"nat": "none", "interface_endpoints": ["ecr.api", "ecr.dkr", "logs", "kms", "secretsmanager"]}
    endpoints = {"digits": {**ENDPOINT, "secrets": {"TOKEN": SECRET}}}
    assert made(tmp_path, args={**ONE, "network": network, "endpoints": endpoints}).warnings == []


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ({"model": "oci://123456789012.dkr.ecr.eu-west-1.amazonaws.com/digits:v7"}, "model"),
        ({"model": {"uri": "oci://123456789012.dkr.ecr.eu-west-1.amazonaws.com/digits:v7"}}, "model.uri"),
        (
            {"model": {"name": "digits"}, "image": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/d@sha256:{'0' * 64}"},
            "image",
        ),
    ],
)
def test_without_nat_nothing_comes_from_a_registry_of_another_region(
    tmp_path: Path, endpoint: dict[str, Any], path: str
) -> None:
    endpoints = {"digits": {"server": "mlserver", **endpoint}}
    args = {**ONE, "network": {"nat": "none"}, "endpoints": endpoints}
    given = endpoint[path] if path in endpoint and isinstance(endpoint[path], str) else endpoint["model"]["uri"]
    _, line = refusal(tmp_path, lambda: Environment("dev", args))
    shown = given if len(given) < 80 else f"{given[:76]}..."
    assert line.startswith(f"endpoints.digits.{path} (given: '{shown[:60]}")
    assert line.endswith(
        ": without NAT the network reaches registries of ECR in us-west-2 only. Copy it there, or let the network have NAT."
    )
    made(tmp_path, args={**args, "network": {}})


def test_a_stack_file_and_a_python_program_make_the_same(tmp_path: Path) -> None:
    snake = {**ONE, "endpoints": {"digits": {**ENDPOINT, "longest_request": "45s"}}}
    camel = {**ONE, "endpoints": {"digits": {**ENDPOINT, "longestRequest": "45s"}}}
    config = {"aws:region": "us-west-2", "modelinfra:environment": camel}
    read = captured(lambda: Environment.from_config(), tmp_path, config=config)
    assert changes(made(tmp_path, args=snake), read) == []
    assert names(read.all("modelinfra:index:Environment")) == ["dev"]


def test_a_configuration_without_an_environment_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path, lambda: Environment.from_config()) == [
        "Pulumi.dev.yaml: 1 mistake, nothing was created",
        "modelinfra:environment: this is required, as a mapping. Write the environment below `config`, see stacks/.",
    ]


def test_all_mistakes_of_a_program_are_one_run_error_in_the_spelling_of_python(tmp_path: Path) -> None:
    args = {
        **ONE,
        "network": {"secondary_cidr": "x"},
        "endpoints": {"digits": {**ENDPOINT, "rule_priority": 0, "stop_timeout": 5}},
    }
    assert refusal(tmp_path, lambda: Environment("dev", args)) == [
        "Environment 'dev': 3 mistakes, nothing was created",
        "network.secondary_cidr (given: 'x'): this is not an IPv4 address range. Write for example 10.0.0.0/16.",
        "endpoints.digits.stop_timeout (given: 5): a duration needs a unit. Write 5s for seconds or 5m for minutes.",
        "endpoints.digits.rule_priority (given: 0): the least is 1. Write 1 or more.",
    ]


def test_a_region_with_too_few_zones_is_told_before_anything_is_registered(tmp_path: Path) -> None:
    config = {"aws:region": "us-west-1", "modelinfra:environment": {**ONE, "network": {"zones": 3}}}
    assert refusal(tmp_path, lambda: Environment.from_config(), config=config) == [
        "Pulumi.dev.yaml: 1 mistake, nothing was created",
        "network.zones (given: 3): this account sees 2 zones in the region. Write 2.",
    ]


def test_a_subnet_of_another_vpc_is_told_in_the_stack_files_spelling_before_anything_is_registered(
    tmp_path: Path,
) -> None:
    network = {"vpc": {"id": "vpc-1", "privateSubnetIds": ["subnet-1", "subnet-2"], "cidr": "10.0.0.0/16"}}
    config = {"aws:region": "us-west-2", "modelinfra:environment": {**ONE, "network": network}}
    answers = {
        "aws:ec2/getSubnet:getSubnet": lambda call: {
            "id": call.args["id"],
            "vpcId": "vpc-1" if call.args["id"] == "subnet-1" else "vpc-2",
            "availabilityZone": f"us-west-2{'ab'[call.args['id'] == 'subnet-1']}",
        }
    }
    (head, line) = refusal(tmp_path, lambda: Environment.from_config(), config=config, invokes=answers)
    assert head == "Pulumi.dev.yaml: 1 mistake, nothing was created"
    assert line.startswith(
        "network.vpc.privateSubnetIds[1] (given: 'subnet-2'): this subnet is of vpc-2, not of vpc-1."
    )


def test_endpoints_stand_in_an_existing_vpc(tmp_path: Path) -> None:
    vpc = {"id": "vpc-1", "private_subnet_ids": ["subnet-1", "subnet-2"], "cidr": "10.7.0.0/16"}
    answers = {
        "aws:ec2/getSubnet:getSubnet": lambda call: {
            "id": call.args["id"],
            "vpcId": "vpc-1",
            "availabilityZone": f"us-west-2{'ab'[call.args['id'] == 'subnet-1']}",
        }
    }
    graph = made(tmp_path, args={**ONE, "network": {"vpc": vpc}}, invokes=answers)
    assert inputs(graph, "aws:ecs/service:Service")["networkConfiguration"]["subnets"] == ["subnet-1", "subnet-2"]
    assert (
        inputs(graph, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "dev-web-shared-from-network")[
            "cidrIpv4"
        ]
        == "10.7.0.0/16"
    )
    assert graph.all("aws:ec2/vpc:Vpc") == []


def test_an_encrypted_value_in_the_stack_file_is_refused_since_it_would_be_readable_in_the_state() -> None:
    with pytest.raises(
        pulumi.RunError, match=r"modelinfra:environment: a value below it is encrypted .* Secrets Manager"
    ):
        capture(
            lambda: Environment.from_config() and None,
            config={"aws:region": "us-west-2", "modelinfra:environment": '{"platforms": {"web": {"type": "ecs"}}}'},
            secret_keys=["modelinfra:environment"],
        )


def test_replicas_with_a_range_of_their_own_can_call_endpoints_too(tmp_path: Path) -> None:
    environment = {"platforms": {"web": {"type": "ecs"}}, "network": {"secondary_cidr": "100.64.0.0/16"}}
    graph = captured(lambda: Environment("a", environment), tmp_path)
    rules = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {rule.inputs["cidrIpv4"] for rule in rules} == {"10.0.0.0/16", "100.64.0.0/16"}


@pytest.mark.parametrize("component", [Environment, ModelEndpoint])
def test_arguments_that_are_no_mapping_are_a_mistake_and_not_a_crash(component: Any, tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match="a mapping is expected here"):
        captured(lambda: component("x", 3), tmp_path)


@pytest.mark.parametrize("stack", ["Prod", "feature_x", "v1.2", "internal", "sg-west"])
def test_a_stack_whose_name_aws_would_refuse_in_names_of_resources_is_told(tmp_path: Path, stack: str) -> None:
    said = refusal(tmp_path, lambda: Environment.from_config(), stack=stack, config={"modelinfra:environment": {**ONE}})
    assert said[0] == f"Pulumi.{stack}.yaml: 1 mistake, nothing was created"
    assert said[1].startswith(f"name (given: '{stack}'): ")
    assert said[1].endswith('pass another name: Environment.from_config("web-prod").')


def test_the_name_is_judged_with_its_prefix(tmp_path: Path) -> None:
    captured(lambda: Environment("internal", {**ONE, "name_prefix": "acme"}), tmp_path)
    long = "a" * 120
    captured(lambda: Environment(long, ONE), tmp_path)
    said = refusal(tmp_path, lambda: Environment(long, {**ONE, "name_prefix": "acme-west"}))
    assert said[1].startswith(f"name (given: 'acme-west-{long[:66]}...): this is not ")
    assert "(128 characters at most)" in said[1]

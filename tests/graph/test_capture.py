"""A program's graph without an engine."""

from __future__ import annotations

import time

import pulumi
import pulumi_aws as aws
import pytest

from modelinfra.graph.capture import CaptureError, capture
from modelinfra.graph.values import Secret, Unknown

VPC, SUBNET, QUEUE = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:sqs/queue:Queue"


def two_regions() -> None:
    for region in ("us-west-2", "eu-west-1"):
        provider = aws.Provider(region, region=region)
        options = pulumi.ResourceOptions(provider=provider)
        zones = aws.get_availability_zones(opts=pulumi.InvokeOptions(provider=provider))
        vpc = aws.ec2.Vpc(f"vpc-{region}", cidr_block="10.0.0.0/16", opts=options)
        aws.ec2.Subnet(
            f"subnet-{region}",
            vpc_id=vpc.id,
            cidr_block="10.0.1.0/24",
            availability_zone=zones.names[1],
            opts=options,
        )
        pulumi.export(region, vpc.arn)
    pulumi.export("zones", aws.get_availability_zones().names)


def test_ids_arns_and_look_ups_belong_to_the_region_of_the_provider() -> None:
    graph = capture(two_regions, config={"aws:region": "ap-south-1"})
    vpc = graph.one(VPC, "vpc-eu-west-1")
    assert vpc.outputs["arn"] == f"arn:aws:ec2:eu-west-1:123456789012:vpc/{vpc.id}"
    assert graph.one(SUBNET, "subnet-us-west-2").inputs["availabilityZone"] == "us-west-2b"
    assert graph.outputs["zones"] == ["ap-south-1a", "ap-south-1b", "ap-south-1c"]
    assert graph.region_of(vpc) == "eu-west-1"


def test_a_resources_own_region_beats_its_providers() -> None:
    graph = capture(lambda: (aws.sqs.Queue("q", region="sa-east-1"), None)[1])
    assert ":sa-east-1:" in graph.one(QUEUE).outputs["arn"]


def test_registrations_come_in_the_same_order_each_time() -> None:
    orders = {tuple(capture(two_regions).nodes) for _ in range(5)}
    assert len(orders) == 1


def test_the_same_program_gives_the_same_ids() -> None:
    assert [node.id for node in capture(two_regions)] == [node.id for node in capture(two_regions)]


def test_a_preview_knows_inputs_only() -> None:
    graph = capture(two_regions, preview=True)
    assert graph.one(VPC, "vpc-eu-west-1").id is Unknown
    assert graph.one(SUBNET, "subnet-eu-west-1").inputs["vpcId"] is Unknown
    assert graph.outputs["eu-west-1"] is Unknown


def test_an_output_formatted_as_text_fails_with_resource_and_property() -> None:
    def program() -> None:
        aws.sqs.Queue("outer", name=f"of-{aws.sqs.Queue('inner').arn}")

    with pytest.raises(CaptureError, match=r"Queue 'outer': name holds an Output that was formatted as text"):
        capture(program)


def test_an_output_formatted_as_text_in_a_stack_output_fails() -> None:
    with pytest.raises(CaptureError, match="the stack's outputs: url"):
        capture(lambda: pulumi.export("url", str(aws.sqs.Queue("q").url)))


def test_a_run_error_is_raised_as_it_is() -> None:
    def program() -> None:
        aws.sqs.Queue("q")
        raise pulumi.RunError("say what to write instead")

    with pytest.raises(pulumi.RunError, match="say what to write instead"):
        capture(program)


def test_an_error_in_an_apply_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        capture(lambda: (aws.sqs.Queue("q").arn.apply(lambda _: 1 / 0), None)[1])


def test_a_duplicate_name_is_refused() -> None:
    with pytest.raises(CaptureError, match="Duplicate resource URN"):
        capture(lambda: (aws.sqs.Queue("q"), aws.sqs.Queue("q"), None)[2])


def test_a_failed_program_leaves_nothing_for_the_next() -> None:
    def failing() -> None:
        aws.sqs.Queue("q")
        raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            capture(failing, project="one", config={"size": 1})
        started = time.monotonic()
        graph = capture(lambda: pulumi.export("size", pulumi.Config().get("size")), project="two")
        assert list(graph.nodes) == ["urn:pulumi:dev::two::pulumi:pulumi:Stack::two-dev"]
        assert graph.outputs.get("size") is None
        assert time.monotonic() - started < 1


def test_warnings_are_kept() -> None:
    def program() -> None:
        pulumi.log.info("fine")
        pulumi.log.warn("size not given, 4 GiB assumed")

    assert capture(program).warnings == ["size not given, 4 GiB assumed"]


def test_an_async_program_runs() -> None:
    async def program() -> None:
        aws.sqs.Queue("q")

    assert capture(program).one(QUEUE).name == "q"


def test_the_engines_transforms_run() -> None:
    def tag(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        return pulumi.ResourceTransformResult({**args.props, "tags": {"team": "ml"}}, args.opts)

    def program() -> None:
        pulumi.runtime.register_resource_transform(tag)
        aws.sqs.Queue("q")

    for _ in range(2):
        assert capture(program).one(QUEUE).inputs["tags"] == {"team": "ml"}


def test_secrets_and_options_are_recorded() -> None:
    def program() -> None:
        first = aws.sqs.Queue("first")
        aws.sqs.Queue(
            "second",
            policy=pulumi.Output.secret("hush"),
            opts=pulumi.ResourceOptions(depends_on=[first], protect=True, ignore_changes=["policy"]),
        )

    graph = capture(program)
    node = graph.one(QUEUE, "second")
    assert node.inputs["policy"] == Secret("hush")
    assert (node.protect, node.ignore_changes) == (True, ["policy"])
    assert node.depends_on == [graph.one(QUEUE, "first").urn]
    assert "hush" not in str(node.to_json())


def test_an_answer_that_the_caller_gives_is_used() -> None:
    token = "aws:ec2/getVpc:getVpc"
    given = {"id": "vpc-1", "cidrBlock": "172.16.0.0/12"}
    graph = capture(lambda: pulumi.export("cidr", aws.ec2.get_vpc(id="vpc-1").cidr_block), invokes={token: given})
    assert graph.outputs["cidr"] == "172.16.0.0/12"


def test_a_look_up_without_answer_names_what_to_give() -> None:
    with pytest.raises(CaptureError, match=r"getAmi:getAmi with; give invokes="):
        capture(lambda: (aws.ec2.get_ami(most_recent=True), None)[1])


def test_names_with_limits_are_held_to_them() -> None:
    graph = capture(lambda: (aws.lb.TargetGroup("a" * 24), None)[1])
    assert len(graph.one("aws:lb/targetGroup:TargetGroup").outputs["name"]) == 32


def test_a_load_balancer_has_the_shapes_of_a_real_one() -> None:
    node = capture(lambda: (aws.lb.LoadBalancer("lb", internal=True), None)[1]).one("aws:lb/loadBalancer:LoadBalancer")
    assert node.outputs["dnsName"].startswith("internal-lb-")
    assert node.outputs["dnsName"].endswith(".us-east-1.elb.amazonaws.com")
    assert node.id == node.outputs["arn"]
    assert node.id.endswith(node.outputs["arnSuffix"])


def test_what_is_looked_up_by_id_keeps_it() -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:cluster/shared"

    def program() -> None:
        pulumi.export("cluster", aws.ecs.Cluster.get("cluster", arn).name)
        pulumi.export("vpc", aws.ec2.Vpc.get("vpc", "vpc-1").arn)

    graph = capture(program)
    assert graph.outputs == {"cluster": "shared", "vpc": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1"}
    assert graph.one(VPC).read

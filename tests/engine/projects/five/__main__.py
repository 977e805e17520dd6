"""Five resources by hand in two regions."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
for region in ("us-west-2", "eu-west-1"):
    provider = aws.Provider(region, region=region, default_tags={"tags": {"place": region}})
    options = pulumi.ResourceOptions(provider=provider)
    zones = aws.get_availability_zones(opts=pulumi.InvokeOptions(provider=provider))
    vpc = aws.ec2.Vpc(f"vpc-{region}", cidr_block="10.0.0.0/16", opts=options)
    aws.ec2.Subnet(
        f"subnet-{region}",
        vpc_id=vpc.id,
        cidr_block="10.0.1.0/24",
        availability_zone=zones.names[0],
        opts=options,
    )
    pulumi.export(region, vpc.arn)
queue = aws.sqs.Queue("queue", visibility_timeout_seconds=config.get_int("timeout") or 30)
pulumi.export("queue", queue.url)

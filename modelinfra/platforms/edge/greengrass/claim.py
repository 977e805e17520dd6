"""What lets devices in: a certificate that can ask AWS IoT for one of the device's own, once, for as long as the claim holds.

The claim lies in Secrets Manager, and on a device only while it is enrolled. Each device makes its key itself, and it never leaves it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.options.endpoint_parts import DEFAULT_RETENTION_DAYS
from modelinfra.platforms.edge.entry_secret import register_entry_secret
from modelinfra.platforms.edge.greengrass.device_policy import device_policy
from modelinfra.platforms.iam import document, trust
from modelinfra.platforms.trusted import trusted

_RUNTIME: Final = "python3.13"
_MEMORY_MIB: Final = 256
# AWS IoT developer guide, "Pre-provisioning hooks": it waits no longer.
_SECONDS: Final = 5

CLIENT: Final = "claim:"
"""What names of connections with the claim begin with. A thing's name never does, so that no device is cut off by one who holds the claim."""

# What provisioning does by this template (AWS managed policy AWSIoTThingsRegistration, less what it does not need), by what it does it to.
_OF_THINGS: Final = (
    "iot:AddThingToThingGroup",
    "iot:AttachThingPrincipal",
    "iot:CreateThing",
    "iot:DescribeThing",
    "iot:ListThingGroupsForThing",
    "iot:ListThingPrincipals",
    "iot:UpdateThing",
    "iot:UpdateThingGroupsForThing",
)
_OF_POLICIES: Final = (
    "iot:AttachPolicy",
    "iot:AttachPrincipalPolicy",
    "iot:CreatePolicy",
    "iot:GetPolicy",
)
_OF_CERTIFICATES: Final = (
    "iot:DescribeCertificate",
    "iot:ListAttachedPolicies",
    "iot:ListPrincipalPolicies",
    "iot:ListPrincipalThings",
    "iot:RegisterCertificate",
    "iot:UpdateCertificate",
)


def register_claim(
    children: Children,
    claim: Any,
    *,
    prefix: Output[str],
    groups: Mapping[str, Output[str]],
    thing_type: aws.iot.ThingType,
    alias_arn: Output[str],
    production: bool,
) -> tuple[Output[str], Output[str]]:
    """The name of the template, and the ARN of the secret with the claim. prefix: of things. groups: ring -> its thing group's name."""
    arns = _arns(children)
    role, rights = _provisioner(children, arns, prefix, thing_type.name, groups)
    hook, permission = _hook(children, claim, arns, prefix, groups)
    template = aws.iot.ProvisioningTemplate(
        children.named("claim", "provisioning template"),
        description=f"Devices of {children.name}",
        enabled=True,
        provisioning_role_arn=role.arn,
        pre_provisioning_hook={"target_arn": hook.arn, "payload_version": "2020-04-01"},
        template_body=Output.all(arns, thing_type.name, alias_arn).apply(lambda found: template_body(*found)),
        opts=children.opts("provisioning-template", depends_on=[*rights, permission]),
    )
    certificate = aws.iot.Certificate(
        children.named("claim"),
        active=True,
        # Nothing of it can be edited: another day is another certificate. Those of devices are their own.
        opts=children.opts(
            "claim-certificate", additional_secret_outputs=["privateKey"], replacement_trigger=claim.expires
        ),
    )
    policy = aws.iot.Policy(
        children.named("claim", "thing group"),
        policy=Output.all(arns, template.name, prefix).apply(lambda found: json.dumps(claim_policy(*found))),
        opts=children.opts("claim-policy"),
    )
    attached = aws.iot.PolicyAttachment(
        children.named("claim"), policy=policy.name, target=certificate.arn, opts=children.opts("claim-attachment")
    )
    content: Output[str] = Output.all(certificate.certificate_pem, certificate.private_key).apply(
        lambda found: json.dumps({"certificate": found[0], "privateKey": found[1]})
    )
    secret_arn = register_entry_secret(children, "claim", content, production=production, after=[attached])
    return template.name, secret_arn


def claim_policy(arns: str, template: str, prefix: str) -> dict[str, Any]:
    """Ask for a certificate with one's own key, and become a thing by this template."""
    own = ("$aws/certificates/create-from-csr/*", f"$aws/provisioning-templates/{template}/provision/*")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{arns}client/{CLIENT}{prefix}-*"},
            {
                "Effect": "Allow",
                "Action": ["iot:Publish", "iot:Receive"],
                "Resource": [f"{arns}topic/{each}" for each in own],
            },
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": [f"{arns}topicfilter/{each}" for each in own]},
        ],
    }


def template_body(arns: str, thing_type: str, alias_arn: str) -> str:
    """What a device becomes: a thing in its ring's group, with a policy of its own. A thing that there is fails."""
    parameters = ("ThingName", "Ring", "RingGroup", "Site", "AWS::IoT::Certificate::Id")
    fail = {"AttributePayload": "FAIL", "ThingTypeName": "FAIL", "ThingGroups": "FAIL"}
    return json.dumps(
        {
            "Parameters": {each: {"Type": "String"} for each in parameters},
            "Resources": {
                "thing": {
                    "Type": "AWS::IoT::Thing",
                    "OverrideSettings": fail,
                    "Properties": {
                        "ThingName": {"Ref": "ThingName"},
                        "ThingTypeName": thing_type,
                        "ThingGroups": [{"Ref": "RingGroup"}],
                        "AttributePayload": {"ring": {"Ref": "Ring"}, "site": {"Ref": "Site"}},
                    },
                },
                "certificate": {
                    "Type": "AWS::IoT::Certificate",
                    "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
                },
                "policy": {
                    "Type": "AWS::IoT::Policy",
                    "Properties": {"PolicyDocument": device_policy(arns, {"Ref": "ThingName"}, alias_arn)},
                },
            },
        },
        sort_keys=True,
    )


def _arns(children: Children) -> Output[str]:
    """What ARNs of AWS IoT here begin with."""
    region = aws.get_region_output(opts=children.invoke).region
    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    partition = aws.get_partition_output(opts=children.invoke).partition
    return Output.concat("arn:", partition, ":iot:", region, ":", account, ":")


def _provisioner(
    children: Children,
    arns: Output[str],
    prefix: Output[str],
    thing_type: Output[str],
    groups: Mapping[str, Output[str]],
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role with which AWS IoT makes a device's thing, and what it may do."""
    role = aws.iam.Role(
        children.named("provisioning", "role"),
        assume_role_policy=trusted(children, "iot.amazonaws.com"),
        opts=children.opts("provisioning-role"),
    )
    policy = aws.iam.RolePolicy(
        children.named("provisioning", "role policy"),
        role=role.name,
        policy=Output.all(arns, prefix, thing_type, Output.all(**groups)).apply(lambda found: may_provision(*found)),
        opts=children.opts("provisioning-policy"),
    )
    return role, [policy]


def may_provision(arns: str, prefix: str, thing_type: str, groups: Mapping[str, str]) -> str:
    """Make things of this fleet with their certificates and policies. A certificate and a policy have names that nobody knows before."""
    things = [f"{arns}thing/{prefix}-*", f"{arns}thingtype/{thing_type}"]
    return document(
        {
            "Effect": "Allow",
            "Action": [*_OF_THINGS, "iot:DescribeThingGroup", "iot:DescribeThingType"],
            "Resource": [*things, *(f"{arns}thinggroup/{each}" for each in groups.values()), f"{arns}cert/*"],
        },
        {"Effect": "Allow", "Action": list(_OF_POLICIES), "Resource": [f"{arns}policy/*", f"{arns}cert/*"]},
        {"Effect": "Allow", "Action": list(_OF_CERTIFICATES), "Resource": [f"{arns}cert/*", f"{arns}thing/{prefix}-*"]},
    )


def _hook(
    children: Children, claim: Any, arns: Output[str], prefix: Output[str], groups: Mapping[str, Output[str]]
) -> tuple[aws.lambda_.Function, aws.lambda_.Permission]:
    """The function that AWS IoT asks before it makes a device's thing (modelinfra/admission), and that AWS IoT may ask it."""
    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    group = aws.cloudwatch.LogGroup(
        children.named("admission", "log group"),
        retention_in_days=DEFAULT_RETENTION_DAYS,
        opts=children.opts("admission-log-group"),
    )
    role = aws.iam.Role(
        children.named("admission", "role"),
        assume_role_policy=account.apply(lambda found: trust("lambda.amazonaws.com", found)),
        opts=children.opts("admission-role"),
    )
    named = Output.all(**groups)
    rights = aws.iam.RolePolicy(
        children.named("admission", "role policy"),
        role=role.name,
        policy=Output.all(arns, prefix, named, group.arn).apply(lambda found: may_admit(*found)),
        opts=children.opts("admission-policy"),
    )
    function = aws.lambda_.Function(
        children.named("admission", "function"),
        description=f"Whether a device may come into {children.name}",
        runtime=_RUNTIME,
        architectures=["arm64"],
        handler="function.handler",
        code=pulumi.AssetArchive(
            {"function.py": pulumi.StringAsset(files("modelinfra.admission").joinpath("function.py").read_text())}
        ),
        role=role.arn,
        memory_size=_MEMORY_MIB,
        timeout=_SECONDS,
        environment={
            "variables": {
                "ADMIT_PREFIX": prefix,
                "ADMIT_GROUPS": named.apply(lambda found: json.dumps(found, sort_keys=True)),
                "ADMIT_EXPIRES": claim.expires,
                "ADMIT_DEVICES": str(claim.devices),
            }
        },
        logging_config={"log_format": "Text", "log_group": group.name},
        opts=children.opts("admission-function", depends_on=[rights]),
    )
    permission = aws.lambda_.Permission(
        children.named("admission"),
        action="lambda:InvokeFunction",
        function=function.name,
        principal="iot.amazonaws.com",
        source_account=account,
        opts=children.opts("admission-permission"),
    )
    return function, permission


def may_admit(arns: str, prefix: str, groups: Mapping[str, str], log_group_arn: str) -> str:
    """Look whether a device is there, and how many a ring has."""
    return document(
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn.removesuffix(':*')}:*",
        },
        {"Effect": "Allow", "Action": "iot:DescribeThing", "Resource": f"{arns}thing/{prefix}-*"},
        {
            "Effect": "Allow",
            "Action": "iot:ListThingsInThingGroup",
            "Resource": [f"{arns}thinggroup/{each}" for each in groups.values()],
        },
    )

"""What the certificate of one device may do in AWS IoT."""

from __future__ import annotations

from typing import Any


def device_policy(arns: str, thing: Any, alias_arn: str) -> dict[str, Any]:
    """What a certificate may do that is `thing`'s: connect as it, hear of its jobs, tell of its health, take the role.

    AWS writes one policy for many devices, with `thing*` in place of a name: with it, till-1 would be till-10, too. And variables for the
    thing's name are not supported in policies of core devices (Greengrass v2 developer guide, "Device authentication and authorization"). So each
    device has its own policy, with its name.

    arns: what ARNs of AWS IoT begin with. thing: a text, or `{"Ref": ...}` of a provisioning template.
    """

    def of(*parts: Any) -> Any:
        if isinstance(thing, str):
            return "".join([arns, *parts])
        return {"Fn::Join": ["", [arns, *parts]]}

    topics = [
        of("topic/$aws/things/", thing, end)
        for end in ("/greengrass/health/json", "/greengrassv2/health/json", "/jobs/*", "/shadow/*")
    ]
    filters = [of("topicfilter/$aws/things/", thing, end) for end in ("/jobs/*", "/shadow/*")]
    return {
        "Version": "2012-10-17",
        "Statement": [
            # The nucleus' second connection is called `<thing>#2` (aws-greengrass-nucleus, MqttClient.java).
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": [of("client/", thing), of("client/", thing, "#*")],
            },
            {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": topics},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": filters},
            {"Effect": "Allow", "Action": "iot:AssumeRoleWithCertificate", "Resource": alias_arn},
            # As AWS's minimal policy of core devices has them.
            {
                "Effect": "Allow",
                "Action": [
                    "greengrass:GetComponentVersionArtifact",
                    "greengrass:GetDeploymentConfiguration",
                    "greengrass:ListThingGroupsForCoreDevice",
                    "greengrass:ResolveComponentCandidates",
                ],
                "Resource": "*",
            },
        ],
    }

"""Who hears of revisions that fail on a device, of devices whose model does not run, and of those that lose their connection."""

from __future__ import annotations

import json

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.edge.event_rules import register_rules
from modelinfra.platforms.edge.greengrass.recipe import watch_name
from modelinfra.platforms.iam import document
from modelinfra.platforms.trusted import trusted


def register_watch(children: Children, topic_arn: Input[str], prefix: Output[str]) -> None:
    """Rules over Greengrass's events (Greengrass v2 developer guide, "Get deployment and component health status notifications")."""
    patterns = {
        "deployment": (f"Fleet {children.name}: devices on which a deployment fails", prefix.apply(_failed)),
        "broken": (f"Fleet {children.name}: devices on which the model does not run", prefix.apply(_broken)),
    }
    register_rules(children, topic_arn, patterns)
    _register_disconnects(children, topic_arn, prefix)


def _register_disconnects(children: Children, topic_arn: Input[str], prefix: Output[str]) -> None:
    """AWS IoT tells itself of connections, and not EventBridge (AWS IoT developer guide, "Lifecycle events")."""
    role = aws.iam.Role(
        children.named("disconnect", "role"),
        assume_role_policy=trusted(children, "iot.amazonaws.com"),
        opts=children.opts("disconnect-role"),
    )
    rights = aws.iam.RolePolicy(
        children.named("disconnect", "role policy"),
        role=role.name,
        policy=Output.from_input(topic_arn).apply(may_tell),
        opts=children.opts("disconnect-policy"),
    )
    aws.iot.TopicRule(
        children.named("disconnect", "topic rule"),
        # No other character than these is one of a rule's name.
        name=children.unique("disconnect", "topic rule").replace("-", "_"),
        description=f"Fleet {children.name}: devices that have lost their connection",
        enabled=True,
        sql=prefix.apply(lost_connections),
        sql_version="2016-03-23",
        sns=[{"role_arn": role.arn, "target_arn": topic_arn, "message_format": "RAW"}],
        opts=children.opts("disconnect-rule", depends_on=[rights]),
    )


def may_tell(topic_arn: str) -> str:
    """Publish to the topic. Where a key encrypts it, the key's own policy lets the role in."""
    return document({"Effect": "Allow", "Action": "sns:Publish", "Resource": topic_arn})


def lost_connections(prefix: str) -> str:
    """Of devices, which are called as their things; the nucleus' second connection has `#` in its name, of which AWS tells nothing. One that ends its
    connection itself, as the nucleus does when it is stopped, is none, nor is one that comes back before AWS has seen it go."""
    return (
        "SELECT clientId AS device, disconnectReason AS reason, timestamp FROM '$aws/events/presence/disconnected/+' "
        f"WHERE startswith(clientId, '{prefix}-') "
        "AND disconnectReason <> 'CLIENT_INITIATED_DISCONNECT' AND disconnectReason <> 'DUPLICATE_CLIENTID'"
    )


def _failed(prefix: str) -> str:
    return _pattern(
        prefix, "Greengrass V2 Effective Deployment Status Change", {"coreDeviceExecutionStatus": ["FAILED"]}
    )


def _broken(prefix: str) -> str:
    """The component's name is the prefix of its devices' names."""
    what = {"components": {"componentName": [prefix, watch_name(prefix)], "lifecycleState": ["BROKEN"]}}
    return _pattern(prefix, "Greengrass V2 Installed Component Status Change", what)


def _pattern(prefix: str, kind: str, detail: object) -> str:
    return json.dumps(
        {
            "source": ["aws.greengrass"],
            "detail-type": [kind],
            "resources": [{"wildcard": f"arn:*:coreDevices:{prefix}-*"}],
            "detail": detail,
        }
    )

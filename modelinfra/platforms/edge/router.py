"""The router before the light model on each device of a fleet that has a fallback."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.options.edge_router import directory
from modelinfra.platforms.ecs.containers import logged_beside
from modelinfra.platforms.ecs.private_bucket import closed_to_plain_http, private_bucket
from modelinfra.platforms.edge.fallback import Fallback
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.edge.split import MAX_BODY
from modelinfra.platforms.iam import document
from modelinfra.platforms.served_model import ServedModel

CONTAINER: Final = "router"
SETTINGS_VARIABLE: Final = "MODELINFRA_ROUTER"
USER: Final = 65532
"""As whom the router's image runs (components/program_image.py)."""

HOME: Final = "/var/lib/router"
"""What waits for the cloud lies there; a volume of the device, so that another revision finds it."""

NAME_VOLUME: Final = "name"
NAME_HOME: Final = "/var/lib/modelinfra"
"""Where the script that enrols a device writes its name, in the file `device`."""

SHOWN_VOLUME: Final = "shown"
SHOWN_HOME: Final = "/var/lib/shown"
"""Where the router finds the directory of what a device shows to the gateway. All of it: a file that takes another's place is another file."""

# The agent starts a container that has the first one with NVIDIA's runtime, and reserves nothing for it (amazon-ecs-agent,
# agent/api/task/task.go, shouldRequireNvidiaRuntime); the second shows it the driver's library and no more (NVIDIA Container Toolkit).
_SEES_GPUS: Final = (
    {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"},
    {"name": "NVIDIA_DRIVER_CAPABILITIES", "value": "utility"},
)

# Amazon API Gateway, quotas of HTTP APIs: integration time-out in seconds.
_CLOUD_SECONDS: Final = 30

_CLOUD_AT_ONCE: Final = 8
_SPOOL_BYTES: Final = 64 * 2**20
_SAMPLES_EVERY_SECONDS: Final = 300


def register_samples(children: Children, plan: FleetPlan, *, production: bool) -> aws.s3.Bucket | None:
    """Where samples of all rings lie; None where none are kept. In production it outlives the fleet."""
    samples = plan.options.router.samples
    if plan.fallback is None or samples is None:
        return None
    bucket, block = private_bucket(
        children, "samples", role="sample", days=samples.retention_days, production=production
    )
    closed_to_plain_http(children, "samples", bucket, block, role="sample-bucket-policy", kept=production or None)
    return bucket


def register_rights(
    children: Children,
    role: aws.iam.Role,
    policy_arn: Input[str] | None,
    samples: aws.s3.Bucket | None,
    may_write: Callable[[str], str],
    lines: Output[str] | None = None,
) -> list[pulumi.Resource]:
    """What a router may do with a role: ask the fallback, where the role lets it in, write its own samples, and tell how its device is. may_write:
    ARN of their bucket -> the policy of who writes there. lines: the policy of who writes into the fleet's log group."""
    rights: list[pulumi.Resource] = []
    if policy_arn is not None:
        rights.append(
            aws.iam.RolePolicyAttachment(
                children.named("fallback"),
                role=role.name,
                policy_arn=policy_arn,
                opts=children.opts("fallback-attachment"),
            )
        )
    written = samples.arn.apply(may_write) if samples is not None else None
    for name, child, policy in (("samples", "sample-rights", written), ("telemetry", "telemetry-rights", lines)):
        if policy is not None:
            rights.append(
                aws.iam.RolePolicy(
                    children.named(name, "role policy"), role=role.name, policy=policy, opts=children.opts(child)
                )
            )
    return rights


def may_write_samples(ring: str, bucket_arn: str) -> str:
    """Put objects below the ring's own name, and read none."""
    return document({"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket_arn}/{prefix(ring)}*"})


def prefix(ring: str) -> str:
    """What the names of a ring's samples begin with."""
    return f"ring={ring}/"


def volume(plan: FleetPlan) -> str:
    """What Docker on a device calls it; another fleet may be there."""
    return f"modelinfra-{plan.name}"


def known_later(url: Output[str], region: Output[str], samples: aws.s3.Bucket | None, below: str) -> dict[str, Any]:
    """What the settings need of other resources. below: what names of samples begin with."""
    return {
        "cloud_url": url.apply(lambda found: found.rstrip("/")),
        "region": region,
        "samples": Output.concat("s3://", samples.bucket, "/", below) if samples is not None else None,
    }


def settings(
    plan: FleetPlan,
    served: ServedModel,
    fallback: Fallback,
    *,
    ring: str,
    revision: str,
    local: str,
    found: Mapping[str, Any],
    port: int | None = None,
    device: str | None = None,
    device_file: str = f"{NAME_HOME}/device",
    bearer: str | None = None,
) -> str:
    """What the router is told (`modelinfra.router.settings`). local: address of the light model. port: where the router listens, the light model's
    own where that is on another host. found: what `known_later` says, and `telemetry`. device: what it is called where no file says it. bearer:
    file with the token that it shows; None: as `router.auth` says."""
    options, joint = plan.options.router, plan.joints.get(revision)
    doubt, kept, samples = options.confidence, options.offline, options.samples
    longest = served.longest_request_seconds
    return json.dumps(
        {
            "host": "0.0.0.0",
            "port": served.server.ports["http"] if port is None else port,
            "device": device or f"{plan.name}/{ring}",
            "deviceFile": device_file,
            "model": served.model,
            "version": revision,
            "path": served.predict_path,
            "readyPath": served.health_path,
            "maxBody": MAX_BODY,
            "requestSeconds": min(longest + _CLOUD_SECONDS, 900),
            "stopSeconds": plan.stop_timeout(served),
            "thermal": "/sys/class/thermal",
            "local": {
                "url": local,
                "concurrency": options.concurrency,
                "queue": options.queue,
                "waiting": max(options.queue, 1) * 4,
                "timeoutSeconds": options.timeout or longest,
            },
            "confidence": None
            if doubt is None
            else {"output": doubt.output or "", "path": doubt.path or "", "rule": doubt.rule, "least": doubt.least},
            "split": None
            if joint is None
            else {"tensor": joint.tensor, "binaryHere": joint.binary_here, "binaryThere": joint.binary_there},
            "cloud": {
                "url": found["cloud_url"],
                "path": fallback.served.predict_path
                if joint is None
                else fallback.served.server.predict_path(joint.rest),
                "probePath": fallback.served.open_health_path,
                "concurrency": _CLOUD_AT_ONCE,
                "timeoutSeconds": _CLOUD_SECONDS,
                "auth": {"sigv4": None, "bearer": {"file": bearer}, "mtls": None}
                if bearer
                else _auth(options.auth, found["region"]),
            },
            "store": None
            if joint is not None
            else {
                "file": f"{HOME}/waiting.sqlite",
                "maxBytes": kept.size,
                "drop": kept.drop,
                "sendPerSecond": kept.send_per_second,
            },
            "samples": None
            if samples is None
            else {
                "share": samples.share,
                "mask": list(samples.mask),
                "store": found["samples"],
                "spool": f"{HOME}/samples",
                "spoolBytes": _SPOOL_BYTES,
                "everySeconds": _SAMPLES_EVERY_SECONDS,
            },
            "telemetry": found.get("telemetry"),
            "sendBetween": None
            if kept.send_between is None
            else {"start": kept.send_between.start, "end": kept.send_between.end},
        },
        sort_keys=True,
    )


def shown_directory(plan: FleetPlan) -> str | None:
    """On the device; None where nothing lies there, since its role is what it shows."""
    auth = plan.options.router.auth
    return None if auth is None else directory(auth.token_file or auth.certificate)


def _auth(shown: Any, region: str) -> dict[str, Any]:
    """As whom the router asks. shown: `router.auth`."""
    ways: dict[str, Any] = {"sigv4": None, "bearer": None, "mtls": None}
    if shown is None:
        return ways | {"sigv4": {"region": region, "service": "execute-api"}}
    if shown.token_file is not None:
        return ways | {"bearer": {"file": _inside(shown.token_file)}}
    return ways | {"mtls": {"certificate": _inside(shown.certificate), "key": _inside(shown.key), "ca": ""}}


def _inside(file: str) -> str:
    return f"{SHOWN_HOME}/{file.rpartition('/')[2]}"


def container(
    told: str,
    *,
    volume: str,
    image: str,
    port: int,
    model: str,
    region: str,
    stop: int,
    logs: Mapping[str, Any],
    shown: bool = False,
    gpus: bool = False,
) -> dict[str, Any]:
    """The router's container; its environment has the settings. model: what it stands before, and is linked to. shown: whether the device has
    something to show. gpus: whether it has some, of which the router asks the driver how busy they are."""
    return {
        "name": CONTAINER,
        "image": image,
        "essential": True,
        "links": [model],
        "dependsOn": [{"containerName": model, "condition": "START"}],
        "portMappings": [{"name": "http", "containerPort": port, "hostPort": port, "protocol": "tcp"}],
        "environment": [
            {"name": SETTINGS_VARIABLE, "value": told},
            {"name": "AWS_DEFAULT_REGION", "value": region},
            *(_SEES_GPUS if gpus else ()),
        ],
        "mountPoints": [
            {"sourceVolume": volume, "containerPath": HOME, "readOnly": False},
            {"sourceVolume": NAME_VOLUME, "containerPath": NAME_HOME, "readOnly": True},
            *([{"sourceVolume": SHOWN_VOLUME, "containerPath": SHOWN_HOME, "readOnly": True}] if shown else []),
        ],
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True},
        "stopTimeout": stop,
        "healthCheck": {
            "command": ["CMD", "python", "-m", "modelinfra.router", "health"],
            "startPeriod": 30,
            "interval": 30,
            "timeout": 10,
            "retries": 3,
        },
        "logConfiguration": logged_beside(logs, CONTAINER),
    }

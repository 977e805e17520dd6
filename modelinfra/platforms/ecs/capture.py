"""What keeps a sample of an endpoint's requests and answers on ECS: a proxy before the server, the shipper that listens to it, and a bucket.

The server depends on the proxy and the proxy on the shipper, so that ECS starts them before it, and stops the server first (ECS API,
ContainerDependency: the order is reversed when a task stops): the server finishes what it began, and its last answers are shipped.
Either is started again when it ends. Without the shipper nothing is copied and everything is answered, so it is not essential; without
the proxy nobody is answered, so it is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.options.capture import DEFAULT_CAPTURE_DAYS
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.revisions import STABLE
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.capture_proxy import LISTENER, NOT_CAPTURED, Proxied, command, most_per_second
from modelinfra.platforms.ecs.containers import RESTARTED, logged_beside
from modelinfra.platforms.ecs.private_bucket import closed_to_plain_http, encrypted, private_bucket
from modelinfra.platforms.iam import document
from modelinfra.platforms.served_model import ServedModel

PROXY_NAME: Final = "capture-proxy"
SHIPPER_NAME: Final = "capture"
SETTINGS_VARIABLE: Final = "MODELINFRA_SHIPPER"

VOLUME_NAME: Final = "captured"
SPOOL: Final = "/var/spool/captured"
"""Where the shipper keeps what S3 did not take yet; a volume, so that it outlives the process."""

_MIB: Final = 2**20

_SPOOL_BYTES: Final = 256 * _MIB

# Between two objects. What a replica loses with its machine is no older.
_EVERY_SECONDS: Final = 60

# Between SIGTERM and SIGKILL: the last object has time to reach S3.
_STOP_SECONDS: Final = 30

# Envoy took 66 MiB where it was measured; the rest is for connections, which it holds at most 128 KiB of.
_PROXY_BASE_MIB: Final = 128

# Python and boto3 took 60 MiB where it was measured; what waits is 32 MiB at most, and a batch 16. The rest, and what JSON of the largest body
# becomes in Python, are assumptions.
_SHIPPER_MIB: Final = 192
_SHIPPER_MIB_PER_BODY_MIB: Final = 32

# Shares of the task's processor when all containers want it; nobody is held to them otherwise.
_PROXY_CPU: Final = 64
_SHIPPER_CPU: Final = 32
CPU_SHARES: Final = _PROXY_CPU + _SHIPPER_CPU

_WORKERS: Final = 2

# Nothing in the catalogue listens there.
_PORT: Final = 47200


@dataclass(frozen=True)
class Capture:
    """What was registered for it. prefix: what the names of all objects begin with. revisions: names of components -> of revisions."""

    bucket: Input[str]
    prefix: str
    endpoint: str
    revisions: Mapping[str, str]
    policies: Sequence[pulumi.Resource]

    @property
    def store(self) -> Output[str]:
        """Where objects lie."""
        return Output.concat("s3://", self.bucket, "/", self.prefix)


@dataclass(frozen=True)
class Front:
    """What clients of a replica connect to: a container and its port."""

    container: str
    port: int


def front(options: Any, served: ServedModel, server: str) -> Front:
    """The proxy, where there is one; else the server, whose container is called `server`."""
    return (
        Front(server, served.server.ports["http"]) if options.capture is None else Front(PROXY_NAME, _ports(served)[0])
    )


def proxy_memory_mib(options: Any) -> int:
    """Of the proxy's container."""
    mib: int = math.ceil(options.capture.memory / _MIB)
    return mib


def shipper_memory_mib(options: Any) -> int:
    """Of the shipper's container."""
    mib: int = math.ceil(options.capture.max_body / _MIB)
    return _SHIPPER_MIB + _SHIPPER_MIB_PER_BODY_MIB * mib


def memory_mib(options: Any) -> int:
    """What both add to a replica's memory."""
    return 0 if options.capture is None else proxy_memory_mib(options) + shipper_memory_mib(options)


def per_second(options: Any, served: ServedModel) -> float:
    """How many predictions of a replica are kept a second at most."""
    budget = (proxy_memory_mib(options) - _PROXY_BASE_MIB) * _MIB
    return most_per_second(budget, options.capture.max_body, served.longest_request_seconds)


def notes(options: Any, served: ServedModel) -> Iterator[str]:
    """In words for the preview."""
    capture = options.capture
    if capture is None:
        return
    masked = f"{', '.join(capture.mask)} masked" if capture.mask else "nothing masked"
    yield (
        f"{capture.sample_percent:g}% of the predictions are written to S3, {masked}: at most {per_second(options, served):g} a second of each "
        f"replica, of {shown_bytes(capture.max_body)} each way at most, since more would not fit into the proxy's memory while a request may "
        "take as long as it may"
    )
    if options.task_role_arn is not None:
        key = ", and kms:GenerateDataKey with the key of `capture`" if capture.kms_key_arn is not None else ""
        yield f"the task role is handed in: it must allow s3:PutObject on what is captured{key}"
    if capture.bucket is not None:
        yield "the bucket of `capture` is handed in: its policy must let the task role in, and its rules say who reads it and what expires"


def warnings(options: Any) -> Iterator[str]:
    """What people should know before they do it."""
    capture = options.capture
    if capture is None:
        return
    if not capture.mask:
        yield "what is captured is not masked (`capture.mask`): whatever requests and answers hold lies in S3 then"
    if capture.unparsed == "keep":
        yield "requests and answers that are no JSON are captured as they are (`capture.unparsed`): nothing is masked in them"


def register_capture(request: EndpointRequest, role: aws.iam.Role | None, *, production: bool) -> Capture | None:
    """Bucket and rights, of all revisions. role: the server's, where it is made here."""
    options, children = request.options.capture, request.children
    if options is None:
        return None
    prefix = f"{request.name}/captured/"
    bucket: Input[str]
    if options.bucket is not None:
        partition = aws.get_partition_output(opts=children.invoke).partition
        bucket, arn = options.bucket, Output.concat("arn:", partition, ":s3:::", options.bucket)
    else:
        made = _bucket(request, production=production)
        bucket, arn = made.bucket, made.arn
    policies: list[pulumi.Resource] = []
    if role is not None:
        policy = aws.iam.RolePolicy(
            children.named("capture", "role policy"),
            role=role.name,
            policy=Output.all(bucket=arn, key=options.kms_key_arn).apply(lambda found: _may_write(prefix, **found)),
            opts=children.opts("capture-policy"),
        )
        policies.append(policy)
    revisions = {request.name: STABLE, **{each.name: name for name, each in request.revisions.items()}}
    return Capture(bucket, prefix, request.name, revisions, policies)


def known_later(request: EndpointRequest, capture: Capture | None) -> dict[str, Any]:
    """Outputs of which the containers are made."""
    if capture is None:
        return {}
    assert request.capture is not None, "its image is built with the endpoint's"
    return {"capture_image": request.capture.reference, "capture_store": capture.store}


def volumes(capture: Capture | None) -> list[aws.ecs.TaskDefinitionVolumeArgsDict]:
    """Of the task, for what waits to be shipped."""
    return [] if capture is None else [{"name": VOLUME_NAME}]


def containers(
    request: EndpointRequest, capture: Capture | None, found: Mapping[str, Any], logs: Mapping[str, Any], stop: int
) -> list[dict[str, Any]]:
    """The proxy and the shipper. found: the values of Outputs. logs: where the server's output goes. stop: how long the server may take to
    stop, in seconds; the proxy ends at once, and after it."""
    if capture is None:
        return []
    options, served = request.options, request.served
    port, admin = _ports(served)
    proxied = Proxied(
        port,
        admin,
        served.server.ports["http"],
        served.predict_path,
        options.capture.sample_percent,
        per_second(options, served),
        _WORKERS,
    )
    common = {
        "image": found["capture_image"],
        "readonlyRootFilesystem": True,
        "restartPolicy": RESTARTED,
        "linuxParameters": {"initProcessEnabled": True},
    }
    return [
        {
            "name": PROXY_NAME,
            "essential": True,
            "command": command(proxied),
            "portMappings": [{"name": PROXY_NAME, "containerPort": port, "hostPort": port, "protocol": "tcp"}],
            "cpu": _PROXY_CPU,
            "memory": proxy_memory_mib(options),
            "stopTimeout": stop,
            "dependsOn": [{"containerName": SHIPPER_NAME, "condition": "START"}],
            "logConfiguration": logged_beside(logs, PROXY_NAME),
            **common,
        },
        {
            "name": SHIPPER_NAME,
            "essential": False,
            "cpu": _SHIPPER_CPU,
            "memory": shipper_memory_mib(options),
            "stopTimeout": _STOP_SECONDS,
            "environment": [
                {"name": "AWS_DEFAULT_REGION", "value": found["region"]},
                {"name": SETTINGS_VARIABLE, "value": _settings(request, capture, admin, found)},
            ],
            "mountPoints": [{"sourceVolume": VOLUME_NAME, "containerPath": SPOOL, "readOnly": False}],
            "logConfiguration": logged_beside(logs, SHIPPER_NAME),
            **common,
        },
    ]


def _settings(request: EndpointRequest, capture: Capture, admin: int, found: Mapping[str, Any]) -> str:
    """What the shipper is told (`modelinfra.shipper.settings`)."""
    options = request.options.capture
    return json.dumps(
        {
            "store": found["capture_store"],
            "admin": f"http://127.0.0.1:{admin}",
            "listener": LISTENER,
            "unless": NOT_CAPTURED,
            "endpoint": capture.endpoint,
            "revision": capture.revisions[request.name],
            "image": found["image"],
            "mask": list(options.mask or ()),
            "unparsed": options.unparsed,
            "maxBody": options.max_body,
            "everySeconds": _EVERY_SECONDS,
            "spool": SPOOL,
            "spoolBytes": _SPOOL_BYTES,
            "stopSeconds": _STOP_SECONDS,
        },
        sort_keys=True,
    )


def _ports(served: ServedModel) -> tuple[int, int]:
    """The proxy's own, and that of its admin interface."""
    taken = {*served.server.ports.values(), *served.server.management_ports}
    free = [port for port in range(_PORT, _PORT + len(taken) + 2) if port not in taken]
    return free[0], free[1]


def _bucket(request: EndpointRequest, *, production: bool) -> aws.s3.Bucket:
    """In production what is kept outlives the endpoint, private and for as long as was said."""
    options, children = request.options.capture, request.children
    days = options.retention_days or DEFAULT_CAPTURE_DAYS
    bucket, block = private_bucket(children, "captured", role="capture", days=days, production=production)
    kept = production or None
    if options.kms_key_arn is not None:
        encrypted(children, "captured", bucket, options.kms_key_arn, role="capture-encryption", kept=kept)
    closed_to_plain_http(children, "captured", bucket, block, role="capture-bucket-policy", kept=kept)
    return bucket


def _may_write(prefix: str, bucket: str, key: str | None) -> str:
    """Put objects, and nothing else: neither server nor shipper reads what was kept. All of them ARNs."""
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/{prefix}*"}
    ]
    if key is not None:
        statements.append({"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key})
    return document(*statements)

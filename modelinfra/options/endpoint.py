"""What a user can say about an endpoint, in words that hold on every platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal, NotRequired

from pulumi import Input

from modelinfra.options.adjustments import (
    BoundedOptions,
    TaggedOptions,
    TransformedOptions,
)  # fmt: skip
from modelinfra.options.arns import KMS_KEY_ARN, ROLE_ARN, SECURITY_GROUP_ID
from modelinfra.options.budgets import LONGEST_REQUEST, STARTUP_BUDGET
from modelinfra.options.declare import Option, rule
from modelinfra.options.endpoint_parts import LogOptions, RepositoryOptions, RollbackOptions
from modelinfra.options.endpoint_rules import RULES
from modelinfra.options.exposure import ExposureOptions
from modelinfra.options.gpu_node_pool import AcceleratorOptions
from modelinfra.options.kserve_beside import KServeBesideOptions
from modelinfra.options.landing import (
    ADDED,
    ANOTHER_LOAD_BALANCER,
    BECOMES_ASYNCHRONOUS,
    CONTAINER,
    EGRESS,
    EXECUTION_POLICY,
    IMAGE,
    INGRESS,
    POD,
    ROLE,
    ROUTE_OF_GATEWAY,
    RULE,
    SECURITY_GROUP,
    SERVER_OF_POD,
    SERVICE,
    SERVICE_ACCOUNT,
    TASK,
    TIMEOUTS,
)  # fmt: skip
from modelinfra.options.mirror import MirrorOptions
from modelinfra.options.model import ModelOptions
from modelinfra.options.models import ModelName, ModelOfSeveralOptions
from modelinfra.options.names import Name
from modelinfra.options.quantities import Bytes, Duration, VCpu
from modelinfra.options.queue import QueueOptions
from modelinfra.options.replica_size import CPU, MEMORY
from modelinfra.options.revisions import RevisionOptions
from modelinfra.options.rollout import RolloutOptions
from modelinfra.options.scaling import ScalingOptions
from modelinfra.options.server import ServerOptions
from modelinfra.options.watched import WatchedOptions


class EndpointOptions(TaggedOptions, BoundedOptions, TransformedOptions, WatchedOptions, KServeBesideOptions):
    """One served model."""

    server: Annotated[str | ServerOptions, Option()]
    """The model server; `modelinfra servers` lists them.
    Or a mapping that describes one of your own."""

    model: NotRequired[Annotated[str | ModelOptions, Option()]]
    """The model: a local directory, an address, or a mapping with more about it. Required unless `image` or `models` is given."""

    models: NotRequired[Annotated[Mapping[ModelName, str | ModelOfSeveralOptions], Option(at_least=1)]]
    """Several models of one server, by the names that they have there, in place of `model`: all in each replica. Only of a server that serves
    several. None otherwise."""

    image: NotRequired[Annotated[Input[str], Option()]]
    """A ready image with the server, by digest; with the model inside unless `model` names an address. Left out, the library builds one."""

    cpu: NotRequired[
        Annotated[
            VCpu,
            replace(CPU, default_text="1; with `accelerator` its share of the node, on Kubernetes 3"),
        ]
    ]
    """Processor of each replica. The smallest size that the platform offers and that holds `cpu` and `memory` is taken."""

    memory: NotRequired[
        Annotated[
            Bytes,
            replace(
                MEMORY,
                default_text="what the server needs for a model of this size; with `accelerator` its share of the node",
            ),
        ]
    ]
    """Memory of each replica."""

    accelerator: NotRequired[Annotated[AcceleratorOptions, Option()]]
    """GPUs or Neuron devices of each replica, on nodes of a pool of the platform. None otherwise: replicas run without nodes."""

    node_pool: NotRequired[
        Annotated[
            str,
            Option(
                default_text="the only one with the accelerator",
                lands=(f"{SERVICE}.capacityProviderStrategies",),
                example="second",
            ),
        ]
    ]
    """Name of the pool on whose nodes the replicas run, where several have the accelerator."""

    architecture: NotRequired[
        Annotated[
            Literal["x86_64", "arm64"],
            Option(
                default="x86_64",
                lands=(
                    f"{TASK}.runtimePlatform.cpuArchitecture",
                    f"{IMAGE}.platforms[0]",
                    f"{IMAGE}.tags[0]",
                    f"{POD}.nodeSelector",
                ),
                example="arm64",
            ),
        ]
    ]
    """Processor architecture of the image and of the machine under it."""

    ephemeral_storage: NotRequired[
        Annotated[
            Bytes,
            Option(
                default_text="on Fargate 20GiB, more when the image needs it; on Kubernetes what the models take, where their sizes are known",
                at_least=2**30,
                lands=(f"{TASK}.ephemeralStorage", f"{SERVER_OF_POD}.resources"),
                example="40GiB",
            ),
        ]
    ]
    """Disk of each replica. On Fargate from 21GiB to 200GiB, and the unpacked image counts against it; on Kubernetes disk of its node, and a replica
    that takes more is ended."""

    environment: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(lands=(f"{CONTAINER}.environment[0].value", f"{SERVER_OF_POD}.env"), example={"LOG_LEVEL": "debug"}),
        ]
    ]
    """Environment variables of the server. Not for secrets: they are readable in the console and in the state."""

    secrets: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(
                lands=(f"{CONTAINER}.secrets[0].valueFrom", f"{EXECUTION_POLICY}.policy"),
                example={"TOKEN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:other-AbCdEf"},
            ),
        ]
    ]
    """Environment variables whose values the platform reads at start: name -> ARN of a Secrets Manager secret or of an SSM parameter."""

    secrets_kms_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN,
                lands=(f"{EXECUTION_POLICY}.policy",),
                example="arn:aws:kms:us-west-2:123456789012:key/secrets",
            ),
        ]
    ]
    """KMS key of one's own that encrypts the `secrets` and the model's token. None where AWS's own keys do."""

    logs: NotRequired[Annotated[LogOptions, Option(default={})]]
    """The server's log."""

    repository: NotRequired[Annotated[RepositoryOptions, Option(default={})]]
    """The image repository."""

    startup_budget: NotRequired[
        Annotated[
            Duration,
            replace(STARTUP_BUDGET, default_text="from the server and the model's size"),
        ]
    ]
    """How long a replica may load before failed health checks count."""

    longest_request: NotRequired[
        Annotated[
            Duration,
            replace(LONGEST_REQUEST, default_text="the server's own", example="45s"),
        ]
    ]
    """The longest that one request may take: a replica that is taken away gets this long to finish what it began."""

    stop_timeout: NotRequired[
        Annotated[
            Duration,
            Option(
                default_text="`longest_request`, 2 minutes at most",
                at_least=2,
                at_most=120,
                lands=(f"{CONTAINER}.stopTimeout", TIMEOUTS, f"{POD}.terminationGracePeriodSeconds"),
                example="50s",
            ),
        ]
    ]
    """How long a server has between SIGTERM and SIGKILL."""

    execution_role_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                ROLE_ARN,
                lands=(f"{ADDED}{ROLE}", f"{ADDED}{EXECUTION_POLICY}", f"{TASK}.executionRoleArn"),
                example=ROLE_ARN.pattern_example,
            ),
        ]
    ]
    """An existing role with which ECS starts a task, in place of one that is made. It is not changed; previews say what it needs."""

    task_role_arn: NotRequired[
        Annotated[
            Input[str],
            replace(ROLE_ARN, lands=(f"{ADDED}{ROLE}", f"{TASK}.taskRoleArn"), example=ROLE_ARN.pattern_example),
        ]
    ]
    """An existing role that the server runs with, in place of one that is made. It is not changed; previews say what it needs."""

    service_account: NotRequired[
        Annotated[
            Input[str],
            Option(lands=(f"{ADDED}{SERVICE_ACCOUNT}", f"{POD}.serviceAccountName"), example="reader"),
        ]
    ]
    """On Kubernetes: an existing service account of the namespace that replicas run with, and that fetches the model, in place of one that
    is made and has no rights. It is not changed."""

    storage_secrets: NotRequired[
        Annotated[
            Sequence[str],
            Option(at_least=1, lands=(f"{SERVICE_ACCOUNT}.secrets", f"{POD}.annotations"), example=["models-store"]),
        ]
    ]
    """On Kubernetes: names of secrets of the namespace with which models are fetched, one for each store (docs/kubernetes.md). None otherwise."""

    security_group_id: NotRequired[
        Annotated[
            Input[str],
            replace(
                SECURITY_GROUP_ID,
                lands=(
                    f"{ADDED}{SECURITY_GROUP}",
                    f"{ADDED}{INGRESS}",
                    f"{ADDED}{EGRESS}",
                    f"{EGRESS}.referencedSecurityGroupId",
                    f"{SERVICE}.networkConfiguration.securityGroups",
                ),
                example=SECURITY_GROUP_ID.pattern_example,
            ),
        ]
    ]
    """An existing security group of the replicas, in place of one that is made. It is not changed; previews say what it must let through."""

    mode: NotRequired[
        Annotated[
            Literal["sync", "async"],
            Option(default="sync", lands=BECOMES_ASYNCHRONOUS, example="async"),
        ]
    ]
    """Whether a request is answered while its client waits (sync), or lies in a queue until a replica takes it and writes the answer
    into S3 (async). Asynchronous endpoints have no load balancer and can have no replica at all while nothing is asked."""

    queue: NotRequired[Annotated[QueueOptions, Option()]]
    """The queue of an asynchronous endpoint. Only with `mode: async`, which has one also where it is left out."""

    scaling: NotRequired[Annotated[ScalingOptions, Option(default={})]]
    """Replicas and autoscaling."""

    spot: NotRequired[
        Annotated[bool, Option(default=False, lands=(f"{SERVICE}.capacityProviderStrategies",), example=True)]
    ]
    """Run the replicas above `scaling.min` on spare capacity: cheaper, and taken away with two minutes' notice."""

    load_balancer: NotRequired[
        Annotated[
            Literal["shared", "own"],
            Option(
                default_text="shared; own with `exposure`",
                lands=ANOTHER_LOAD_BALANCER,
                example="own",
            ),
        ]
    ]
    """Whether the endpoint hangs below a path of the platform's load balancer or has one of its own."""

    exposure: NotRequired[Annotated[ExposureOptions, Option(default={})]]
    """Who can reach the endpoint, and how they prove who they are. With it the endpoint has a load balancer of its own."""

    path: NotRequired[
        Annotated[
            str,
            Option(
                default_text="`/` and the endpoint's name",
                # A path condition has 128 characters at most (Elastic Load Balancing API, PathPatternConditionConfig), two are `/*`.
                pattern=r"(?=.{1,126}$)(/[A-Za-z0-9._~-]+)+",
                pattern_text="a path of 126 characters at most that begins with a slash and does not end with one",
                pattern_example="/sentiment",
                lands=(
                    f"{RULE}.conditions",
                    f"{RULE}.transforms",
                    f"{RULE}.priority",
                    f"{ROUTE_OF_GATEWAY}.spec.rules",
                ),
                example="/elsewhere",
            ),
        ]
    ]
    """Path of the endpoint on a shared load balancer; it is cut off before a request reaches the server."""

    rule_priority: NotRequired[
        Annotated[
            int,
            Option(
                default_text="a number computed from the endpoint's name",
                at_least=1,
                at_most=50000,
                lands=(f"{RULE}.priority",),
                example=4711,
            ),
        ]
    ]
    """Priority of the endpoint's rule on a shared load balancer."""

    revisions: NotRequired[Annotated[Mapping[Name, RevisionOptions], Option(default={})]]
    """Other revisions behind the endpoint, by names of your own, such as candidate; the endpoint's own keys describe the one that is
    called stable. Each has replicas of its own; which requests they answer, `traffic` says."""

    traffic: NotRequired[
        Annotated[
            Mapping[Name, Annotated[int, Option(at_least=0, at_most=100)]],
            Option(
                default_text="all of it to stable",
                lands=(f"{RULE}.actions", f"{ROUTE_OF_GATEWAY}.spec.rules"),
                example={"stable": 50, "candidate": 50},
            ),
        ]
    ]
    """Share of each revision in percent, 100 together. One that is left out has none, and answers requests with its `headers` alone."""

    mirror: NotRequired[
        Annotated[MirrorOptions, Option(lands=(f"{ROUTE_OF_GATEWAY}.spec.rules",), example={"revision": "candidate"})]
    ]
    """On Kubernetes: a revision that gets copies of requests, whose answers nobody sees. None otherwise."""

    stickiness: NotRequired[
        Annotated[
            Duration,
            # Elastic Load Balancing API, TargetGroupStickinessConfig.
            Option(at_least=1, at_most=7 * 24 * 3600, lands=(f"{RULE}.actions",), example="24h"),
        ]
    ]
    """How long a client that keeps cookies is answered by the same revision. None otherwise: each request is divided by itself."""

    rollout: NotRequired[Annotated[RolloutOptions, Option(default={})]]
    """How traffic moves to a new revision."""

    rollback: NotRequired[Annotated[RollbackOptions, Option(default={})]]
    """What takes a deployment back."""


for _keys, _rule in RULES:
    rule(EndpointOptions, *_keys)(_rule)

"""What a user can say about devices outside of AWS that run a model near to where its answers are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.edge_roles import EDGE_FLEET_ROLES
from modelinfra.options.adjustments import BoundedOptions, TaggedOptions, TransformedOptions, transforms_name
from modelinfra.options.arns import CLUSTER_ARN, TOPIC_ARN
from modelinfra.options.budgets import LONGEST_REQUEST, STARTUP_BUDGET
from modelinfra.options.declare import Option, rule
from modelinfra.options.edge_activation import ActivationOptions
from modelinfra.options.edge_router import RouterOptions
from modelinfra.options.edge_runtimes import KUBERNETES, NodesOptions
from modelinfra.options.edge_watched import FleetWatchedOptions
from modelinfra.options.endpoint_parts import LogOptions, RepositoryOptions
from modelinfra.options.endpoint_rules import a_ready_image_is_pinned
from modelinfra.options.greengrass import ClaimOptions, FleetRolloutOptions
from modelinfra.options.landing import (
    ACTIVATION,
    ADDED,
    ALARM,
    CLAIMED,
    CONTAINER,
    DASHBOARD_BODY,
    DEVICES,
    EVENT_RULE,
    EVENT_TARGET,
    EXECUTION_POLICY,
    IMAGE,
    POD_OF_DEVICES,
    SECRET,
    SECRET_VERSION,
    SERVER_OF_DEVICES,
    SERVICE,
    TASK,
)
from modelinfra.options.model import ModelOptions, problems_of_model
from modelinfra.options.names import Name
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes, Duration, VCpu
from modelinfra.options.revisions import STABLE, overrides
from modelinfra.options.rings import RingOptions, rings_divide_the_fleet
from modelinfra.options.server import ServerOptions, problems_of_server
from modelinfra.options.variables import (
    a_name_is_not_both_plain_and_secret,
    is_reference,
    of_kubernetes,
    secrets_are_references,
    variables_have_names,
)


class FleetRevisionOptions(TypedDict):
    """Another revision of what devices run. What is left out is as the fleet says."""

    model: NotRequired[Annotated[str | ModelOptions, Option()]]
    """Its model, as the fleet's `model`. Left out, and without `image`, it is the fleet's."""

    image: NotRequired[Annotated[Input[str], Option()]]
    """Its ready image, by digest, as the fleet's `image`. Left out, and without `model`, it is the fleet's."""

    environment: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(
                lands=(f"{CONTAINER}.environment[0].value", f"{SERVER_OF_DEVICES}.env[0].value"),
                example={"LOG_LEVEL": "debug"},
            ),
        ]
    ]
    """Environment variables of its server, beside the fleet's or in their place. None otherwise."""


class EdgeFleetOptions(FleetWatchedOptions, TaggedOptions, BoundedOptions, TransformedOptions, NodesOptions):
    """Devices outside of AWS that run a model, and how revisions come to them."""

    runtime: NotRequired[Annotated[Literal["ecs-anywhere", "greengrass", "kubernetes"], Option(default="ecs-anywhere")]]
    """What runs the containers: on devices with Linux and Docker Amazon ECS Anywhere, with AWS's agents and one identity for each ring, or AWS IoT
    Greengrass, with an identity of its own for each device; or a cluster of Kubernetes whose nodes the devices are, such as K3s, or EKS with Hybrid
    Nodes."""

    server: Annotated[str | ServerOptions, Option()]
    """The model server, as of an endpoint; `modelinfra servers` lists them."""

    model: NotRequired[Annotated[str | ModelOptions, Option()]]
    """The model, as of an endpoint. It goes into the image, so that a device starts it without asking anybody: a local directory, an
    address with `delivery: baked`. Required unless `image` is given."""

    image: NotRequired[Annotated[Input[str], Option()]]
    """A ready image with server and model, by digest. Left out, the library builds one."""

    cpu: NotRequired[
        Annotated[
            VCpu,
            Option(
                at_least=0.125,
                at_most=192,
                default_text="no limit",
                lands=(f"{TASK}.cpu", f"{SERVER_OF_DEVICES}.resources"),
                example=2,
            ),
        ]
    ]
    """The most processors that the model takes of a device; a device that has fewer runs nothing."""

    memory: NotRequired[
        Annotated[
            Bytes,
            Option(
                at_least=2**26,
                at_most=2048 * 2**30,
                default_text="what the server needs for a model of this size",
                lands=(f"{TASK}.memory", f"{SERVER_OF_DEVICES}.resources"),
                example="2GiB",
            ),
        ]
    ]
    """Memory that the model takes of a device; a device that has less runs nothing, and what takes more is ended."""

    gpus: NotRequired[
        Annotated[
            int,
            Option(
                default=0,
                at_least=0,
                at_most=16,
                lands=(
                    f"{CONTAINER}.resourceRequirements",
                    f"{SERVER_OF_DEVICES}.resources",
                    f"{POD_OF_DEVICES}.tolerations",
                ),
                example=1,
            ),
        ]
    ]
    """NVIDIA GPUs that the model takes of a device. On Kubernetes its nodes have NVIDIA's device plugin."""

    architecture: NotRequired[
        Annotated[
            Literal["x86_64", "arm64"],
            Option(
                default="x86_64",
                lands=(
                    f"{TASK}.runtimePlatform",
                    f"{IMAGE}.platforms",
                    f"{IMAGE}.tags",
                    f"{POD_OF_DEVICES}.nodeSelector",
                ),
                example="arm64",
            ),
        ]
    ]
    """Processors of the devices. Other ones are another fleet."""

    environment: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(
                lands=(f"{CONTAINER}.environment[0].value", f"{SERVER_OF_DEVICES}.env[0].value"),
                example={"LOG_LEVEL": "debug"},
            ),
        ]
    ]
    """Environment variables of the server. Not for secrets. None otherwise."""

    secrets: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(
                lands=(f"{CONTAINER}.secrets[0].valueFrom", f"{EXECUTION_POLICY}.policy"),
                example={"TOKEN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:other-AbCdEf"},
            ),
        ]
    ]
    """Environment variables whose values devices are told at start: name -> ARN of a Secrets Manager secret or of an SSM parameter, on
    Kubernetes NAME/KEY of a secret in `namespace`. Whoever has a device in hand can read them. None otherwise."""

    startup_budget: NotRequired[
        Annotated[
            Duration,
            replace(
                STARTUP_BUDGET,
                default_text="from the server and the model's size",
                lands=(f"{CONTAINER}.healthCheck", f"{SERVER_OF_DEVICES}.startupProbe.failureThreshold"),
                example="20m",
            ),
        ]
    ]
    """How long the server may load before failed health checks count."""

    longest_request: NotRequired[
        Annotated[
            Duration,
            replace(
                LONGEST_REQUEST,
                default_text="the server's own",
                lands=(f"{CONTAINER}.stopTimeout", f"{POD_OF_DEVICES}.terminationGracePeriodSeconds"),
                example="45s",
            ),
        ]
    ]
    """The longest that one request may take: a container that is ended gets this long, 2 minutes at most, to finish what it began."""

    logs: NotRequired[Annotated[LogOptions, Option(default={})]]
    """The log of all devices. On Greengrass and on EKS only what the routers tell of them goes there; the servers' own output stays on the device, or in
    the cluster."""

    repository: NotRequired[Annotated[RepositoryOptions, Option(default={})]]
    """The image repository."""

    cluster_arn: NotRequired[Annotated[Input[str], CLUSTER_ARN]]
    """An existing ECS cluster for the devices, in place of one that is made."""

    rings: NotRequired[
        Annotated[
            Sequence[RingOptions],
            Option(default_text="one, named all"),
        ]
    ]
    """Which devices get a revision before the others. Names go into the names of what is made: another name is another ring."""

    revisions: NotRequired[Annotated[Mapping[Name, FleetRevisionOptions], Option(default={})]]
    """Other revisions than the one of the fleet's own keys, by names that `rings` use. The image of one that no ring runs stays ready."""

    minimum_healthy_percent: NotRequired[
        Annotated[
            int,
            Option(
                default_text="0; on Kubernetes 90",
                at_least=0,
                at_most=90,
                lands=(f"{SERVICE}.deploymentMinimumHealthyPercent", f"{DEVICES}.spec.updateStrategy"),
                example=50,
            ),
        ]
    ]
    """Share of a ring's devices that go on while the others change to a new revision, in percent. At 0 a ring changes as a whole. On ECS
    Anywhere rounded up: a ring with too few devices for its share (one device, and more than 0) would never change; on Kubernetes rounded
    down, and one device changes always."""

    router: NotRequired[Annotated[RouterOptions, Option(default={})]]
    """How devices share work with the cloud. Only with a `fallback`."""

    activation: NotRequired[
        Annotated[
            ActivationOptions,
            Option(
                lands=(f"{ADDED}{ACTIVATION}", f"{ADDED}{SECRET}", f"{ADDED}{SECRET_VERSION}"),
                example={"expires": "2027-01-15"},
            ),
        ]
    ]
    """What lets devices in. Left out, no device can be enrolled; those that are stay so."""

    claim: NotRequired[
        Annotated[
            ClaimOptions,
            Option(lands=tuple(f"{ADDED}{each}" for each in CLAIMED), example={"expires": "2027-01-15"}),
        ]
    ]
    """What lets devices in on Greengrass. Left out, only devices with a certificate of their own can be enrolled (`modelinfra fleet enroll --certificate`);
    those that are enrolled stay so."""

    rollout: NotRequired[Annotated[FleetRolloutOptions, Option(default={})]]
    """How a revision comes to the devices of a ring on Greengrass."""

    alarm_topic_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                TOPIC_ARN,
                lands=(f"{ADDED}{EVENT_RULE}", f"{ADDED}{EVENT_TARGET}", f"{ADDED}{ALARM}", DASHBOARD_BODY),
                example="arn:aws:sns:us-west-2:123456789012:alarms",
            ),
        ]
    ]
    """SNS topic that is told of devices that lose their connection, of rings whose deployment fails, and of `alarms`; on Greengrass of devices on which
    a deployment fails, or the model does not run; on Kubernetes of `alarms` alone. Left out in an environment, it is that of `notify`; otherwise nobody
    is told."""


class PlacedEdgeFleetOptions(EdgeFleetOptions):
    """A fleet, the endpoint of the environment that stands behind it, and the cluster that it runs on."""

    platform: NotRequired[Annotated[str, Option(default_text="the only one of type kubernetes")]]
    """Name of the platform of type kubernetes whose nodes the devices are. Only with `runtime: kubernetes`; its `registry` is where images
    are built to, its `image_pull_secrets` are secrets of the fleet's `namespace`."""

    fallback: NotRequired[Annotated[str, Option()]]
    """Name of the endpoint to which devices hand over what the light model is not sure of, or not able to answer: with an API gateway that asks for
    what devices have: credentials of AWS, on Kubernetes a token, or what `router.auth` names. Left out, devices answer alone."""


_SHARED: Final = (
    "server",
    "model",
    "image",
    "environment",
    "secrets",
    "startup_budget",
    "longest_request",
    "logs",
    "repository",
    "architecture",
    "memory",
    "tags",
    "permissions_boundary",
    "transforms",
)
"""Keys that mean what they mean of an endpoint."""

_Check = Callable[[Mapping[str, Any]], Iterable[Problem]]

_AS_OF_ENDPOINTS: Final[tuple[tuple[tuple[str, ...], _Check], ...]] = (
    (("server", "image"), problems_of_server),
    (("server", "model", "models", "image"), problems_of_model),
    (("image",), a_ready_image_is_pinned),
    (("environment", "secrets"), a_name_is_not_both_plain_and_secret),
    (("secrets",), secrets_are_references),
    (("environment", "secrets"), variables_have_names),
)


def _asks(keys: tuple[str, ...], check: _Check) -> _Check:
    """The endpoint's rule; what a fleet cannot say is left out."""
    return lambda fleet: check({key: fleet.get(key) for key in keys})


for _keys, _rule in _AS_OF_ENDPOINTS:
    rule(EdgeFleetOptions, *(key for key in _keys if key in _SHARED))(_asks(_keys, _rule))

rule(EdgeFleetOptions, "transforms")(transforms_name(EDGE_FLEET_ROLES))


@rule(EdgeFleetOptions, "rings", "revisions")
def rings_are_sound(fleet: Mapping[str, Any]) -> Iterable[Problem]:
    if fleet["rings"] is not None:
        yield from rings_divide_the_fleet(fleet)
    elif fleet["revisions"]:
        reason = "there is one ring, which runs the fleet's own keys, and nothing runs these"
        yield Problem("revisions", reason, "Write `rings`, each with the revision that it runs.")


@rule(EdgeFleetOptions, "revisions", "server", "model", "image", "environment", "secrets")
def revisions_could_be_fleets(fleet: Mapping[str, Any]) -> Iterable[Problem]:
    for name, revision in fleet["revisions"].items():
        where = f"revisions.{name}"
        if name == STABLE:
            reason = "this is what `rings` call the revision of the fleet's own keys"
            yield Problem(where, reason, "Write another name, such as candidate.")
            continue
        if all(value is None for value in vars(revision).values()):
            reason = "nothing in it differs from the fleet's own revision"
            yield Problem(where, reason, "Write for example its `model`.")
        said = {**fleet, **overrides(fleet, revision)}
        for keys, check in _AS_OF_ENDPOINTS:
            known = list(check({key: fleet.get(key) for key in keys}))
            found = check({key: said.get(key) for key in keys})
            yield from (each.below(where) for each in found if each not in known)


@rule(EdgeFleetOptions, "runtime", "secrets")
def secrets_are_of_the_runtime(fleet: Mapping[str, Any]) -> Iterable[Problem]:
    within = fleet["runtime"] == KUBERNETES
    for name, value in (fleet["secrets"] or {}).items():
        if isinstance(value, str) and is_reference(value) and of_kubernetes(value) is not within:
            reason = f"this is a secret of {'AWS, and pods read those of their namespace' if within else 'Kubernetes'}"
            remedy = "Write NAME/KEY of a secret there." if within else "Write an ARN."
            yield Problem(f"secrets.{name}", reason, remedy, value)


def as_endpoint(fleet: Any) -> Any:
    """What the fleet's devices serve, as validated options of an endpoint, so that servers, models and images are found in one way only."""
    from modelinfra.options.endpoint import EndpointOptions
    from modelinfra.options.strict import validate

    any_endpoint = validate(EndpointOptions, {"server": "mlserver", "model": "./model"})
    return any_endpoint.model_copy(update={key: getattr(fleet, key) for key in _SHARED})

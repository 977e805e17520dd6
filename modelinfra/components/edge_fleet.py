"""`EdgeFleet`: devices outside of AWS that run a model, as one declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Unpack, overload

import pulumi
from pulumi import Input, Output

from modelinfra.children import Adjustments, Children
from modelinfra.components.builds import router_build, server_build
from modelinfra.components.model_endpoint import ModelEndpoint, project_directory
from modelinfra.components.model_image import ModelImage
from modelinfra.components.telling import tell
from modelinfra.options.arguments import checked, mapping_of, run_error
from modelinfra.options.edge_fleet import EdgeFleetOptions
from modelinfra.options.edge_runtimes import ANYWHERE, KUBERNETES, unknown_to
from modelinfra.options.names import MAX_NAME, name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.revisions import STABLE
from modelinfra.options.sources import repository_arn_of
from modelinfra.platforms.edge.base import FleetRequest, registrar
from modelinfra.platforms.edge.fallback import Door
from modelinfra.platforms.edge.planner import FleetPlan, plan_fleet
from modelinfra.platforms.places import devices_cannot_join, misplaced_in_fleet
from modelinfra.platforms.signals import Watched

if TYPE_CHECKING:
    from modelinfra.platforms.kubernetes.platform import KubernetesPlatform


class EdgeFleetArgs(EdgeFleetOptions, total=False):
    """Arguments of EdgeFleet."""

    fallback: ModelEndpoint
    """The endpoint to which devices hand over what the light model is not sure of, with an API gateway that asks who they are. Left out, devices
    answer alone."""

    platform: KubernetesPlatform
    """With `runtime: kubernetes`: the cluster whose nodes the devices are. Its `registry` is where images are built to."""


class EdgeFleet(pulumi.ComponentResource):
    """Devices that run a model on Amazon ECS Anywhere, on AWS IoT Greengrass, or as nodes of a cluster of Kubernetes: each device of a ring runs the
    ring's revision, also while its link is down. Outputs are those of the runtime; the others are not there.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    cluster_name: Output[str]
    """Name of the ECS cluster that devices join. Of ECS Anywhere."""

    cluster_arn: Output[str]
    """Its ARN. Of ECS Anywhere."""

    service_names: Output[Mapping[str, str]]
    """Ring -> name of its ECS service. Of ECS Anywhere."""

    activation_secret_arns: Output[Mapping[str, str]]
    """Ring -> ARN of the secret with the id and the code that let devices in; empty without `activation`. Of ECS Anywhere."""

    task_role_arns: Output[Mapping[str, str]]
    """Ring -> ARN of the role that the server runs with on its devices; attach policies to it for what the model itself calls. On Kubernetes only
    on EKS, with a `fallback` that asks for a role; empty otherwise."""

    log_group: Output[str]
    """Name of the CloudWatch log group. Of ECS Anywhere; elsewhere where the routers tell CloudWatch how their devices are."""

    namespace: Output[str]
    """Namespace of the pods. Of Kubernetes."""

    daemon_set_names: Output[Mapping[str, str]]
    """Ring -> name of its DaemonSet. Of Kubernetes."""

    service_account_names: Output[Mapping[str, str]]
    """Ring -> name of the service account of its pods. Of Kubernetes."""

    thing_group_names: Output[Mapping[str, str]]
    """Ring -> name of its thing group. On Greengrass, as the three that follow."""

    thing_prefix: Output[str]
    """What the names of the devices' things begin with, before a hyphen; also the name of the component."""

    device_role_arn: Output[str]
    """ARN of the role of the fleet's devices."""

    claim_secret_arn: Output[str]
    """ARN of the secret with the certificate and the key that let devices in; empty without `claim`."""

    enrollment: Output[Mapping[str, Any]]
    """What `modelinfra fleet` reads of the deployed state: runtime, rings with their shares, GPUs and architecture, and where the fleet is."""

    signals: Watched | None
    """What CloudWatch sees of it, for the environment's overview."""

    @overload
    def __init__(self, name: str, args: EdgeFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        name: str,
        args: FleetPlan,
        opts: pulumi.ResourceOptions | None = None,
        *,
        production: bool,
        fallback: ModelEndpoint | None,
        platform: KubernetesPlatform | None,
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[EdgeFleetArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        if isinstance(args, FleetPlan):  # an Environment checks everything before it registers anything
            plan, production, fallback = args, bool(kwargs["production"]), kwargs["fallback"]
            platform = kwargs["platform"]
        else:
            given = mapping_of(args, kwargs, f"EdgeFleet '{name}'")
            fallback, platform, production = given.pop("fallback", None), given.pop("platform", None), False
            plan = _planned(name, given, fallback, platform, opts)
        super().__init__("modelinfra:index:EdgeFleet", name, None, opts)
        tell(self, f"fleet '{plan.name}'", plan, plan.style)
        children = Children(self, name, Adjustments.of(plan.options))
        images, repositories, router_image = _images(children, plan, platform, production, self)
        door = _door(plan, fallback) if fallback is not None else None
        request = FleetRequest(children, plan, images, repositories, router_image, door, production, platform)
        made = registrar(plan.options.runtime)(request)
        self.enrollment = Output.all(
            runtime=plan.options.runtime,
            fleet=plan.name,
            rings=[{"name": ring.name, "share": ring.share} for ring in plan.rings],
            gpu=plan.options.gpus > 0,
            architecture=plan.options.architecture,
            **made.enrollment,
        )
        self.signals = made.signals
        self._runtime, self._shown = str(plan.options.runtime), tuple(made.shown)
        for output, value in made.shown.items():
            setattr(self, output, value)
        children.tell_unmet()
        self.register_outputs({**made.shown, "enrollment": self.enrollment})

    def __getattr__(self, name: str) -> Any:
        """Of an output that another runtime has: says so, and which ones are there."""
        if name in EdgeFleet.__annotations__ and "_shown" in self.__dict__:
            there = ", ".join(sorted(self._shown))
            raise AttributeError(f"a fleet on {self._runtime} has no {name}. It has: {there}.")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


def _door(plan: FleetPlan, fallback: ModelEndpoint) -> Door:
    assert plan.fallback is not None
    by_role = plan.fallback.options.exposure.gateway.auth.iam is not None
    return Door(fallback.gateway_url, fallback.gateway_policy_arn if by_role else None)


def _images(
    children: Children,
    plan: FleetPlan,
    platform: KubernetesPlatform | None,
    production: bool,
    parent: pulumi.Resource,
) -> tuple[dict[str, Input[str]], list[Input[str]], Output[str] | None]:
    """Revision -> its image; the ARNs of the repositories that they lie in, empty where that is not ECR; and the router's image."""
    built = {name: server_build(each.served) for name, each in plan.revisions.items() if each.served.image is None}
    ready = {name: each.served.image for name, each in plan.revisions.items() if each.served.image is not None}
    images: dict[str, Input[str]] = dict(ready)
    repositories: list[Input[str]] = [
        Output.from_input(image).apply(lambda found: repository_arn_of(found) or "") for image in ready.values()
    ]
    router: Output[str] | None = None
    if built or plan.fallback is not None:
        made = ModelImage(
            children.name,
            built.pop(STABLE, None),
            None,
            None,
            None,
            router=router_build() if plan.fallback is not None else None,
            revisions=built,
            architecture=plan.options.architecture,
            registry=platform.registry if platform is not None else None,
            repository_arn=plan.options.repository.arn,
            kms_key_arn=plan.options.repository.kms_key_arn,
            production=production,
            adjustments=children.adjustments,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        images |= made.revisions
        if made.reference is not None:
            images[STABLE] = made.reference
        router = made.router_reference
        repositories.append(made.repository_arn)
    return images, repositories, router


def _planned(
    name: str, given: dict[str, Any], fallback: Any, platform: Any, opts: pulumi.ResourceOptions | None
) -> FleetPlan:
    subject = f"EdgeFleet '{name}'"
    also = [*name_problems(name, most=MAX_NAME), *_no_endpoint(fallback), *_no_cluster(name, platform, given)]
    options = checked(EdgeFleetOptions, given, {}, subject, also=also)
    try:
        misplaced = [*misplaced_in_fleet(options, opts), *devices_cannot_join(options, opts)]
        if misplaced:
            raise InvalidOptionsError(misplaced)
        behind = fallback.planned if fallback is not None else None
        cluster = platform.options if platform is not None else None
        return plan_fleet(name, options, project_directory(), behind, cluster)
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None


def _no_endpoint(fallback: Any) -> Iterator[Problem]:
    if fallback is not None and not isinstance(fallback, ModelEndpoint):
        yield Problem("fallback", "this is no endpoint", "Pass a ModelEndpoint.", fallback)


def _no_cluster(name: str, platform: Any, given: Mapping[str, Any]) -> Iterator[Problem]:
    if platform is None:
        return
    if given.get("runtime") != KUBERNETES:
        yield from unknown_to(given.get("runtime", ANYWHERE), "platform", platform)
    elif not hasattr(platform, "kubernetes_provider"):
        yield Problem("platform", "this is no cluster of Kubernetes", "Pass a KubernetesPlatform.", platform)
    elif platform.namespace == given.get("namespace", name):
        reason = "the platform has this namespace, whose pods have no ports of their nodes"
        yield Problem("namespace", reason, "Write another one.", platform.namespace)

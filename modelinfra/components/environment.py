"""`Environment`: everything that one stack file declares."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, Unpack, overload

import pulumi
from pulumi import Output
from pulumi.runtime.config import is_config_secret

from modelinfra import naming
from modelinfra.children import Adjustments, Children, look_up_options
from modelinfra.components.budget import register_budget, tells_environment
from modelinfra.components.edge_fleet import EdgeFleet
from modelinfra.components.environment_plan import EnvironmentPlan, plan_environment
from modelinfra.components.fleet_plans import cluster_name
from modelinfra.components.inference_graph import InferenceGraph
from modelinfra.components.model_endpoint import ModelEndpoint, PlannedEndpoint, project_directory
from modelinfra.components.network_plan import NetworkPlan, plan_network
from modelinfra.components.notifications import Notifications
from modelinfra.components.overview import register_overview
from modelinfra.components.registries import check_registries
from modelinfra.components.serving_network import ENDPOINTS_WITHOUT_NAT, ServingNetwork
from modelinfra.options.arguments import mapping_of, run_error
from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.edge_fleet import PlacedEdgeFleetOptions
from modelinfra.options.edge_runtimes import KUBERNETES
from modelinfra.options.environment import ECS, EnvironmentOptions, PlacedEndpointOptions, PlatformOptions
from modelinfra.options.exposure import keyed
from modelinfra.options.gpu_metrics import gpu_metrics_of
from modelinfra.options.names import MAX_ENVIRONMENT_NAME, MAX_NAME, name_problems
from modelinfra.options.network import NetworkOptions
from modelinfra.options.notify import NotifyOptions
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.prometheus import has_operator
from modelinfra.options.strict import Style
from modelinfra.options.tenants import unused_tenants
from modelinfra.options.wording import in_style, spelled, styled
from modelinfra.platforms.base import Platform
from modelinfra.platforms.ecs.cluster import ClusterPlan, EcsCluster, plan_cluster
from modelinfra.platforms.ecs.collector import services
from modelinfra.platforms.ecs.node_pools import look_up_images
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.kubernetes.plan import KubernetesPlan, plan_kubernetes
from modelinfra.platforms.kubernetes.planner import KubernetesPlanner
from modelinfra.platforms.places import (
    devices_cannot_join,
    misplaced_in_endpoint,
    misplaced_in_fleet,
    misplaced_in_notify,
)

CONFIG_KEY = "modelinfra:environment"

_NAMED_OTHERWISE = 'Name the stack so, or pass another name: Environment.from_config("web-prod").'


class Environment(pulumi.ComponentResource):
    """Network, platforms and endpoints as one declaration.

    Raises pulumi.RunError with every mistake in the declaration, before any resource is registered.
    """

    urls: Output[Mapping[str, str]]
    """Endpoint, or graph of endpoints -> base address."""

    predict_urls: Output[Mapping[str, str]]
    """Endpoint, or graph of endpoints -> where predictions are asked for; `endpoint/model` for each of several `models`."""

    queue_urls: Output[Mapping[str, str]]
    """Asynchronous endpoint -> where messages are sent to. It has no other address."""

    kubeconfigs: Output[Mapping[str, str]]
    """Platform with a cluster on EKS -> a kubeconfig. It asks `aws eks get-token` each time and holds no token."""

    api_key_secret_arns: Output[Mapping[str, Mapping[str, Mapping[str, str]]]]
    """Endpoint on AWS that asks for API keys -> client -> generation -> ARN of the secret whose text is the key."""

    api_key_secrets: Output[Mapping[str, Mapping[str, Mapping[str, str]]]]
    """Endpoint on Kubernetes that asks for API keys -> client -> generation -> NAMESPACE/NAME of the Secret whose one value is the key."""

    gateway_urls: Output[Mapping[str, str]]
    """Endpoint with an API gateway -> the gateway's base address."""

    private_link_service_names: Output[Mapping[str, str]]
    """Endpoint with PrivateLink -> the service name that consumers connect to."""

    @overload
    def __init__(self, name: str, args: EnvironmentOptions, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[EnvironmentOptions]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        subject = f"Environment '{name}'"
        if isinstance(args, _StackFile):
            plan, network, platforms = _plan(name, args.content, "camel", args.name, opts)
        else:
            plan, network, platforms = _plan(name, mapping_of(args, kwargs, subject), "snake", subject, opts)
        super().__init__("modelinfra:index:Environment", name, None, opts)
        for warning in _warnings(plan):
            pulumi.log.warn(in_style(warning, plan.style), resource=self)
        child = pulumi.ResourceOptions(parent=self)
        options = plan.options
        name = f"{options.name_prefix}-{name}" if options.name_prefix else name
        self.network = (
            ServingNetwork(naming.child(name, "network"), network, opts=child)  # type: ignore[call-overload]
            if network is not None
            else None
        )
        self.platforms: dict[str, Platform] = {
            key: self._platform(naming.child(name, key), platform, child, production=options.production)
            for key, platform in platforms.items()
        }
        self.notifications = (
            Notifications(
                naming.child(name, "notify"),
                options.notify,
                Adjustments.of(options),
                child,
                of_budget=tells_environment(options.budget),
            )
            if options.notify is not None
            else None
        )
        self.endpoints = {
            key: ModelEndpoint(
                naming.child(name, key),
                self._told(planned) if key in plan.in_aws else planned,
                child,
                platform=self.platforms[platform],
            )
            for key, (platform, planned) in plan.endpoints.items()
        }
        self.edge_fleets = {
            key: self._fleet(naming.child(name, key), fleet, child, options) for key, fleet in plan.fleets.items()
        }
        self.inference_graphs = {
            key: InferenceGraph(naming.child(name, key), planned, child, endpoints=self.endpoints)
            for key, planned in plan.graphs.items()
        }
        children = Children(self, name, Adjustments.of(options))
        if options.budget is not None:
            topic = self.notifications.topic_arn if self.notifications is not None else None
            register_budget(children, options.budget, options.tags or {}, topic)
        watched = [self.endpoints[key].signals for key in plan.in_aws]
        watched += [fleet.signals for fleet in self.edge_fleets.values()]
        if options.dashboard and any(watched):
            register_overview(children, [signals() for signals in watched if signals])
        queued = {key for key, (_, planned) in plan.endpoints.items() if is_asynchronous(planned.options)}
        reached = {key: endpoint for key, endpoint in self.endpoints.items() if key not in queued}
        graphs = self.inference_graphs
        self.urls = Output.all(
            **{key: endpoint.url for key, endpoint in reached.items()},
            **{key: graph.url for key, graph in graphs.items()},
        )
        several = {key for key in reached if plan.endpoints[key][1].served.several}
        self.predict_urls = Output.all(
            **{
                key: endpoint.predict_urls if key in several else endpoint.predict_url
                for key, endpoint in reached.items()
            },
            **{key: graph.predict_url for key, graph in graphs.items()},
        ).apply(_of_each_model)
        self.queue_urls = Output.all(**{key: self.endpoints[key].queue_url for key in sorted(queued)})
        asking = {key: each for key, each in self.endpoints.items() if keyed(plan.endpoints[key][1].options.exposure)}
        arns: Any = {key: each.api_key_secret_arns for key, each in asking.items() if key in plan.in_aws}
        self.api_key_secret_arns = Output.from_input(arns)
        secrets: Any = {key: each.api_key_secrets for key, each in asking.items() if key not in plan.in_aws}
        self.api_key_secrets = Output.from_input(secrets)
        exposures = {key: plan.endpoints[key][1].options.exposure for key in reached}
        self.gateway_urls = Output.all(
            **{key: each.gateway_url for key, each in reached.items() if exposures[key].gateway is not None}
        )
        self.private_link_service_names = Output.all(
            **{
                key: each.private_link_service_name
                for key, each in reached.items()
                if exposures[key].private_link is not None
            }
        )
        configs: dict[str, Any] = {key: getattr(each, "kubeconfig", None) for key, each in self.platforms.items()}
        self.kubeconfigs = Output.all(**{key: each for key, each in configs.items() if each is not None})
        outputs = {"urls": self.urls, "predict_urls": self.predict_urls, "queue_urls": self.queue_urls}
        outputs |= {"kubeconfigs": self.kubeconfigs}
        outputs |= {"gateway_urls": self.gateway_urls, "private_link_service_names": self.private_link_service_names}
        outputs |= {"api_key_secret_arns": self.api_key_secret_arns, "api_key_secrets": self.api_key_secrets}
        self.register_outputs(outputs)

    def _platform(
        self, name: str, plan: ClusterPlan | KubernetesPlan, opts: pulumi.ResourceOptions, *, production: bool
    ) -> Platform:
        if isinstance(plan, ClusterPlan):
            assert self.network is not None
            return EcsCluster(name, plan, opts, network=self.network, production=production)
        # Imported here so that the SDK of Kubernetes loads only where there is a cluster.
        from modelinfra.platforms.kubernetes.platform import KubernetesPlatform

        return KubernetesPlatform(name, plan, opts, network=self.network, production=production)

    def _fleet(self, name: str, plan: FleetPlan, opts: pulumi.ResourceOptions, options: Any) -> EdgeFleet:
        in_cluster = plan.options.runtime == KUBERNETES
        if self.notifications is not None and plan.options.alarm_topic_arn is None and (plan.tells or not in_cluster):
            told = plan.options.model_copy(update={"alarm_topic_arn": self.notifications.topic_arn})
            plan = replace(plan, options=told)
        fallback = self.endpoints[plan.fallback.name] if plan.fallback is not None else None
        cluster = cluster_name(plan.options, options.platforms)
        platform: Any = self.platforms[cluster] if cluster is not None else None
        return EdgeFleet(name, plan, opts, production=options.production, fallback=fallback, platform=platform)

    def _told(self, planned: PlannedEndpoint) -> PlannedEndpoint:
        """The endpoint with the environment's topic, unless it has one of its own."""
        if self.notifications is None or planned.options.alarm_topic_arn is not None:
            return planned
        return planned.updated(alarm_topic_arn=self.notifications.topic_arn)

    @classmethod
    def from_config(cls, name: str | None = None, opts: pulumi.ResourceOptions | None = None) -> Self:
        """The environment that the stack file declares below `modelinfra:environment`, named after the stack unless `name` says otherwise.

        Raises pulumi.RunError when the key is missing, or with every mistake below it.
        """
        namespace, key = CONFIG_KEY.split(":")
        given = pulumi.Config(namespace).get_object(key)
        stack = pulumi.get_stack()
        subject = f"Pulumi.{stack}.yaml"
        if not isinstance(given, Mapping):
            problem = Problem(
                CONFIG_KEY, "this is required, as a mapping", "Write the environment below `config`, see stacks/."
            )
            raise run_error(InvalidOptionsError([problem], subject))
        if is_config_secret(CONFIG_KEY):
            problem = Problem(
                CONFIG_KEY,
                "a value below it is encrypted (`secure:`), and would be readable in the deployed state",
                "Put it into Secrets Manager and name its ARN under the endpoint's `secrets`.",
            )
            raise run_error(InvalidOptionsError([problem], subject))
        return cls(name or stack, _StackFile(subject, given), opts)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class _StackFile:
    """Arguments in a stack file's spelling, and what to call the file in messages."""

    name: str
    content: Mapping[str, Any]


def _plan(
    name: str, given: Mapping[str, Any], style: Style, subject: str, opts: pulumi.ResourceOptions | None
) -> tuple[EnvironmentPlan, NetworkPlan | None, dict[str, ClusterPlan | KubernetesPlan]]:
    """Everything checked, before the first resource is registered."""
    try:
        begins = _begins(name, given, style)
        also = list(name_problems(begins, _NAMED_OTHERWISE, MAX_ENVIRONMENT_NAME))
        plan = plan_environment(given, style, project_directory(), also, begins)
        network: NetworkPlan | None = None
        if plan.has_network:
            with _below("network", style, NetworkOptions):
                network = plan_network(_network_options(plan), opts)
        if network is not None and plan.options.network.nat == "none":
            # A zone's name is its region's and a letter.
            with _below("", style, EnvironmentOptions):
                check_registries(plan, network.zones[0][:-1])
        vpc_id = network.adopted.vpc_id if network is not None and network.adopted is not None else None
        platforms: dict[str, ClusterPlan | KubernetesPlan] = {}
        for key, options in plan.options.platforms.items():
            planner = plan.planners[key]
            if isinstance(planner, KubernetesPlanner):
                with _below(f"platforms.{key}", style, PlatformOptions):
                    platforms[key] = plan_kubernetes(planner, network.outline if network else None, opts)
                continue
            with _below(f"platforms.{key}", style, PlatformOptions):
                planned = plan_cluster(options, vpc_id, opts, planner, f"{subject}, platforms.{key}")
            with _below("", style, EnvironmentOptions):
                planner.check_idle_timeout()
                images = look_up_images(planner.pools, look_up_options(opts))
            platforms[key] = replace(planned, images=images)
        misplaced = [
            styled(problem, style, PlacedEndpointOptions).below(f"endpoints.{key}")
            for key, (_, planned) in plan.in_aws.items()
            for problem in misplaced_in_endpoint(planned.options, opts)
        ]
        misplaced += [
            styled(problem, style, PlacedEdgeFleetOptions).below(f"{spelled('edge_fleets', style)}.{key}")
            for key, fleet in plan.fleets.items()
            for problem in (*misplaced_in_fleet(fleet.options, opts), *devices_cannot_join(fleet.options, opts))
        ]
        if plan.options.notify is not None:
            found = misplaced_in_notify(plan.options.notify, opts)
            misplaced += [styled(problem, style, NotifyOptions).below("notify") for problem in found]
        if misplaced:
            raise InvalidOptionsError(misplaced)
        return plan, network, platforms
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None


def _begins(name: str, given: Mapping[str, Any], style: Style) -> str:
    """What names of everything in the environment begin with; what is wrong with the prefix itself is told of the prefix."""
    prefix = given.get(spelled("name_prefix", style))
    prefixed = isinstance(prefix, str) and not list(name_problems(prefix, most=MAX_NAME))
    return f"{prefix}-{name}" if prefixed else name


@contextlib.contextmanager
def _below(path: str, style: Style, declaration: Any) -> Iterator[None]:
    """What is wrong with a part of the environment, at its place."""
    try:
        yield
    except InvalidOptionsError as error:
        raise InvalidOptionsError([styled(each, style, declaration).below(path) for each in error.problems]) from None


def _network_options(plan: EnvironmentPlan) -> Any:
    """The network's options, and without NAT the ways to AWS that this environment's endpoints need."""
    network = plan.options.network
    if network.nat == "none" and network.interface_endpoints is None:
        return network.model_copy(update={"interface_endpoints": _needed_services(plan)})
    return network


def _of_each_model(found: Any) -> dict[str, str]:
    """Addresses by endpoint, those of several models by `endpoint/model`."""
    return {
        name: url
        for key, given in (found.items() if found else ())  # of nothing, Output.all makes a list
        for name, url in (
            [(key, given)] if isinstance(given, str) else [(f"{key}/{model}", url) for model, url in given.items()]
        )
    }


def _warnings(plan: EnvironmentPlan) -> Iterator[str]:
    """Tenants of nothing; and what the user's own choice of ways to AWS leaves out, which the program may make itself."""
    for name in unused_tenants(plan.options):
        yield f"tenant '{name}': nothing is its own, and no endpoint asks it for a key"
    for planner in plan.planners.values():
        yield from planner.tight if isinstance(planner, KubernetesPlanner) else ()
    yield from _unheard(plan)
    network = plan.options.network
    named = network.interface_endpoints
    if network.nat != "none" or named is None or not plan.in_aws:
        return
    missing = [service for service in _needed_services(plan) if service not in named]
    # Without an interface endpoint to SSM secrets may all be of Secrets Manager, and the other way round.
    if {"secretsmanager", "ssm"} & set(named):
        missing = [service for service in missing if service not in ("secretsmanager", "ssm")]
    if missing:
        yield (
            f"network: without NAT, tasks need interface endpoints to {', '.join(missing)}, and `interface_endpoints` names none "
            "of these: no task starts unless they come from elsewhere"
        )


def _unheard(plan: EnvironmentPlan) -> Iterator[str]:
    """Alarms on Kubernetes of which those hear nothing who are named for all others."""
    if plan.options.notify is None:
        return
    used = {platform for key, (platform, _) in plan.endpoints.items() if key not in plan.in_aws}
    for name, fleet in plan.fleets.items():
        cluster = cluster_name(fleet.options, plan.options.platforms)
        if cluster is None or fleet.tells:
            continue
        if has_operator(plan.options.platforms[cluster]):
            used.add(cluster)
        else:
            yield f"edge_fleets.{name}: nobody hears of its devices, also not whom `notify` names: write `prometheus` of the platform, with `operator` and `alerts`"
    for name in sorted(used):
        platform = plan.options.platforms[name]
        if has_operator(platform) and platform.prometheus.alerts is None:
            yield f"platforms.{name}: Alertmanager tells of its alarms, and not whom `notify` names: write `prometheus.alerts` there"


def _needed_services(plan: EnvironmentPlan) -> list[str]:
    needed = list(ENDPOINTS_WITHOUT_NAT)
    secrets = [value for _, planned in plan.in_aws.values() for value in (planned.options.secrets or {}).values()]
    if secrets:
        # An Output does not say yet which of the two services it is of.
        needed += ["kms", "secretsmanager", "ssm"]
    if any(is_asynchronous(planned.options) for _, planned in plan.in_aws.values()):
        needed.append("sqs")
    needed += [service for _, planned in plan.in_aws.values() for service in services(planned.options)]
    if plan.options.gpu_node_pools:
        # The agent on a node (ECS developer guide, interface VPC endpoints; facts serving.md 2d).
        needed += ["ecs", "ecs-agent", "ecs-telemetry"]
    told = [metrics for pool in plan.options.gpu_node_pools.values() if (metrics := gpu_metrics_of(pool)) is not None]
    if any(metrics.workspace_arn is not None for metrics in told):
        needed.append("aps-workspaces")
    if any(platform.exec for platform in plan.options.platforms.values() if platform.type == ECS):
        needed.append("ssmmessages")
    return list(dict.fromkeys(needed))

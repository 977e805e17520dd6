"""What every platform offers, so that one `ModelEndpoint` lands on any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pulumi
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.served_model import ServedModel
from modelinfra.platforms.signals import Watched


@dataclass(frozen=True)
class NetworkReference:
    """A network as a platform sees it.

    cidr: the VPC's addresses. secondary_cidr: more of them, when tasks have a range of their own.
    internet: whether private subnets reach the internet through NAT.
    s3_prefix_list_id: what the route to S3 is called in security groups where there is no NAT; None with NAT.
    ways_out: routes and endpoints that must exist before a task can fetch its image.
    public_subnet_ids: subnets with a route to an internet gateway, in two zones at least; none where nothing can face the internet.
    ways_in: that route, which must exist before a load balancer can face the internet.
    """

    vpc_id: Input[str]
    cidr: Input[str]
    load_balancer_subnet_ids: Sequence[Input[str]]
    task_subnet_ids: Sequence[Input[str]]
    secondary_cidr: Input[str] | None = None
    internet: bool = True
    s3_prefix_list_id: Input[str] | None = None
    ways_out: Sequence[pulumi.Resource] = ()
    public_subnet_ids: Sequence[Input[str]] = ()
    ways_in: Sequence[pulumi.Resource] = ()


class Networked(Protocol):
    """Anything that stands for a network, such as `ServingNetwork`."""

    @property
    def reference(self) -> NetworkReference:
        """The network as platforms see it."""


def reference_of(network: Networked | NetworkReference | None) -> NetworkReference | None:
    """The network as a platform sees it; None where it is none."""
    reference = network if isinstance(network, NetworkReference) else getattr(network, "reference", None)
    return reference if isinstance(reference, NetworkReference) else None


@dataclass(frozen=True)
class Registry:
    """A registry that is not ECR. url: host and path below which repositories lie. username, password: None for the login of this machine."""

    url: Input[str]
    username: Input[str] | None = None
    password: Input[str] | None = None


@dataclass(frozen=True)
class ImageBeside:
    """The image of a program that runs beside the server: its reference with digest, and the ARN of the repository that it lies in."""

    reference: Input[str]
    repository_arn: Input[str]


@dataclass(frozen=True)
class Revision:
    """Another revision of an endpoint. options: the endpoint's, with what the revision says anew."""

    options: Any
    served: ServedModel


@dataclass(frozen=True)
class EndpointRequest:
    """What a `ModelEndpoint` asks of its platform.

    children: the component's. options: validated. image: reference with digest. repository_arn: where the image is pulled from when
    that is an ECR repository, else empty. fetcher: the image that fetches the model, and its repository's ARN; None where the model
    is in `image`. revisions: the same of the endpoint's other revisions, by name, with children named after them.
    worker: the image that takes messages from a queue; None where requests come over a load balancer. capture: the image that keeps
    requests and answers; None where none are.
    """

    children: Children
    options: Any
    served: ServedModel
    image: Input[str]
    repository_arn: Input[str]
    fetcher: ImageBeside | None = None
    revisions: Mapping[str, EndpointRequest] = field(default_factory=dict)
    worker: ImageBeside | None = None
    capture: ImageBeside | None = None

    @property
    def name(self) -> str:
        """The component's name."""
        return self.children.name


@dataclass(frozen=True)
class Within:
    """An endpoint as others of its platform see it. base: address of its own replicas there; ready: what waits until they serve."""

    base: str
    ready: Sequence[pulumi.Resource]


@dataclass(frozen=True)
class EndpointOutputs:
    """What a platform answers: the public outputs of a `ModelEndpoint`. None where the endpoint has no such thing.

    signals: what CloudWatch sees of the endpoint; within: how others of the platform ask it. Neither is an output of the component.
    """

    signals: Watched | None = None
    within: Within | None = None
    log_group: Output[str] | None = None
    task_role_arn: Output[str] | None = None
    security_group_id: Output[str] | None = None
    url: Output[str] | None = None
    predict_url: Output[str] | None = None
    predict_urls: Output[Mapping[str, str]] | None = None
    health_url: Output[str] | None = None
    explain_url: Output[str] | None = None
    load_balancer_dns_name: Output[str] | None = None
    api_key_secret_arns: Output[Mapping[str, Mapping[str, str]]] | None = None
    api_key_secrets: Output[Mapping[str, Mapping[str, str]]] | None = None
    gateway_url: Output[str] | None = None
    gateway_dns_name: Output[str] | None = None
    gateway_invoke_arn: Output[str] | None = None
    gateway_policy_arn: Output[str] | None = None
    gateway_role_arn: Output[str] | None = None
    private_link_service_name: Output[str] | None = None
    queue_url: Output[str] | None = None
    dead_letter_queue_url: Output[str] | None = None
    store_uri: Output[str] | None = None
    client_policy: Output[str] | None = None


class EndpointPlan(Protocol):
    """A checked and computed endpoint, ready to be registered on a platform of its kind."""

    @property
    def notes(self) -> Sequence[str]:
        """What was chosen, and why, in words for the preview."""

    @property
    def warnings(self) -> Sequence[str]:
        """What was assumed, or may go wrong, in words for the preview."""


class Planner(Protocol):
    """What a platform can say of an endpoint before anything is registered, the platform itself included."""

    def plan(
        self, name: str, path: str, options: Any, served: ServedModel, revisions: Mapping[str, Revision]
    ) -> EndpointPlan:
        """Check an endpoint and compute its sizes and budgets.

        name: how the user calls the endpoint. path: where it hangs on a shared load balancer. revisions: the other ones, by name.
        Raises InvalidOptionsError with paths relative to the endpoint.
        """


class Platform(Protocol):
    """Where endpoints run."""

    @property
    def production(self) -> bool:
        """Whether what is expensive to lose is protected here."""

    @property
    def builds_images(self) -> bool:
        """Whether images are built for it: with the model inside, or of the programs beside the server."""

    @property
    def registry(self) -> Registry | None:
        """Where they lie; None for repositories of ECR."""

    @property
    def copies_servers(self) -> bool:
        """Whether servers without a model are built, too: copied to where the platform pulls its images from."""

    @property
    def planner(self) -> Planner:
        """Checks endpoints against this platform."""

    def register(self, plan: Any, request: EndpointRequest) -> EndpointOutputs:
        """Register the resources of an endpoint that this platform's planner has planned."""

"""`ModelEndpoint`: one served model, on any platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Required, Unpack, overload

import pulumi
from pulumi import Output

from modelinfra import naming
from modelinfra.catalog.child_roles import ROLES_OF_ENDPOINTS
from modelinfra.children import Adjustments, Children, transform_problems
from modelinfra.components.builds import capture_build, fetcher_build, server_build, worker_build
from modelinfra.components.model_image import ModelImage
from modelinfra.components.telling import tell
from modelinfra.options.adjustments import tags_are_ones_that_aws_takes
from modelinfra.options.arguments import checked, mapping_of, run_error
from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.endpoint import EndpointOptions
from modelinfra.options.names import MAX_NAME, name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.revisions import revised
from modelinfra.options.sources import repository_arn_of
from modelinfra.options.strict import Style
from modelinfra.options.tenants import with_owners_of_models
from modelinfra.platforms.base import EndpointPlan, EndpointRequest, Planner, Platform, Revision
from modelinfra.platforms.places import misplaced_in_endpoint
from modelinfra.platforms.samples import samples_of
from modelinfra.platforms.served_model import ModelProblemError, ServedModel, served_model


class ModelEndpointArgs(EndpointOptions, total=False):
    """Arguments of ModelEndpoint."""

    platform: Required[Platform]
    """Where the endpoint runs, for example an `EcsCluster`."""


@dataclass(frozen=True)
class PlannedEndpoint:
    """An endpoint that was found to work, before anything of it is registered. `name` is the user's word for it."""

    name: str
    options: Any
    served: ServedModel
    revisions: Mapping[str, Revision]
    plan: EndpointPlan
    style: Style = "snake"
    """How whoever declared it writes keys."""

    def updated(self, **options: Any) -> PlannedEndpoint:
        """The same with other options, of every revision."""
        revisions = {
            name: replace(each, options=each.options.model_copy(update=options))
            for name, each in self.revisions.items()
        }
        return replace(self, options=self.options.model_copy(update=options), revisions=revisions)


class ModelEndpoint(pulumi.ComponentResource):
    """A model behind a server, reachable at `predict_url` from inside the platform's network, or from where `exposure` says; or through
    a queue (`mode: async`).

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    url: Output[str]
    """Base address. The server's own paths lie below it."""

    predict_url: Output[str]
    """Where predictions are asked for; None with several `models`."""

    predict_urls: Output[Mapping[str, str]]
    """Model -> where its predictions are asked for, with several `models`; None otherwise."""

    health_url: Output[str]
    """Answers 200 when a replica is ready, with all its models."""

    explain_url: Output[str]
    """Where explanations are asked for (`explainer`, on Kubernetes); None without one."""

    log_group: Output[str]
    """Name of the CloudWatch log group."""

    task_role_arn: Output[str]
    """ARN of the role that the server runs with; attach policies to it for what the model itself calls."""

    security_group_id: Output[str]
    """Id of the replicas' security group."""

    load_balancer_dns_name: Output[str]
    """DNS name of the load balancer: what a domain of your own is pointed at."""

    queue_url: Output[str]
    """Where messages are sent to, with `mode: async`. Then the addresses above are None; without it this and the next three are."""

    dead_letter_queue_url: Output[str]
    """Where messages go that were tried too often."""

    store_uri: Output[str]
    """Where large inputs and all results lie: `s3://bucket/name/`."""

    client_policy: Output[str]
    """An IAM policy document of what a client may do: send messages, store inputs, read results."""

    api_key_secret_arns: Output[Mapping[str, Mapping[str, str]]]
    """Client -> generation -> ARN of the secret whose text is the client's API key; empty where none are asked for. None on Kubernetes."""

    api_key_secrets: Output[Mapping[str, Mapping[str, str]]]
    """On Kubernetes: client -> generation -> NAMESPACE/NAME of the Secret whose one value is the client's API key; empty where none are
    asked for. None elsewhere."""

    gateway_url: Output[str]
    """Base address of the endpoint's API gateway (`exposure.gateway`). Without one this and the next four are None."""

    gateway_dns_name: Output[str]
    """What the gateway's `domain` is pointed at; None without a domain."""

    gateway_invoke_arn: Output[str]
    """What callers must be allowed to call (`execute-api:Invoke`), where the gateway asks for credentials of AWS; else None."""

    gateway_policy_arn: Output[str]
    """Managed IAM policy that allows it: attach it to the roles of callers."""

    gateway_role_arn: Output[str]
    """Role with that policy, which callers of other accounts take; None where none are named."""

    private_link_service_name: Output[str]
    """What consumers name their interface endpoint's service (`exposure.private_link`); None without it."""

    @overload
    def __init__(self, name: str, args: ModelEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self, name: str, args: PlannedEndpoint, opts: pulumi.ResourceOptions | None = None, *, platform: Platform
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[ModelEndpointArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        if isinstance(args, PlannedEndpoint):  # an Environment checks all endpoints before it registers the first
            planned, platform = args, kwargs["platform"]
        else:
            planned, platform = _planned(name, mapping_of(args, kwargs, f"ModelEndpoint '{name}'"), opts)
        super().__init__("modelinfra:index:ModelEndpoint", name, None, opts)
        self.planned, self.platform = planned, platform
        self._register(name, planned, platform)

    def _register(self, name: str, planned: PlannedEndpoint, platform: Platform) -> None:
        tell(self, f"endpoint '{planned.name}'", planned.plan, planned.style)
        children = Children(self, name, Adjustments.of(planned.options))
        outputs = platform.register(planned.plan, self._request(children, planned, platform))
        self.signals, self.within = outputs.signals, outputs.within
        given = {name: output for name, output in vars(outputs).items() if name not in ("signals", "within")}
        for name, output in given.items():
            # As everywhere in Pulumi, what there is not is an Output of None.
            setattr(self, name, Output.from_input(None) if output is None else output)
        children.tell_unmet()
        self.register_outputs({name: output for name, output in given.items() if output is not None})

    def _request(self, children: Children, planned: PlannedEndpoint, platform: Platform) -> EndpointRequest:
        """The images of all revisions lie in one repository; their other children have names of their own."""
        served, options = planned.served, planned.options
        every = (served, *(each.served for each in planned.revisions.values()))
        fetching = platform.copies_servers and any(bool(each.fetched) for each in every)
        builds = {
            name: server_build(each.served)
            for name, each in planned.revisions.items()
            if _is_built(each.served, platform)
        }
        own_build = server_build(served) if _is_built(served, platform) else None
        queued = is_asynchronous(options)
        capturing = options.capture is not None
        image: ModelImage | None = None
        needed = own_build is not None or builds or fetching or queued or capturing
        if platform.builds_images and needed:
            image = ModelImage(
                children.name,
                own_build,
                fetcher_build() if fetching else None,
                worker_build() if queued else None,
                capture_build() if capturing else None,
                revisions=builds,
                architecture=options.architecture,
                registry=platform.registry,
                repository_arn=options.repository.arn,
                kms_key_arn=options.repository.kms_key_arn,
                production=platform.production,
                adjustments=children.adjustments,
                opts=pulumi.ResourceOptions(parent=self),
            )
        built = dict(image.revisions) if image is not None else {}
        revisions = {
            name: _request(
                replace(children, name=naming.of_revision(children.name, name)), each, image, built.get(name)
            )
            for name, each in planned.revisions.items()
        }
        own = _request(children, Revision(options, served), image, image.reference if image is not None else None)
        if image is None:
            return replace(own, revisions=revisions)
        worker, capture = image.beside(image.worker_reference), image.beside(image.capture_reference)
        revisions = {name: replace(each, capture=capture) for name, each in revisions.items()}
        return replace(own, revisions=revisions, worker=worker, capture=capture)


def _is_built(served: ServedModel, platform: Platform) -> bool:
    return served.image is None and (platform.copies_servers or served.built)


def _request(
    children: Children, revision: Revision, image: ModelImage | None, built: Output[str] | None
) -> EndpointRequest:
    """built: the server's image, where it is no ready one."""
    options, served = revision.options, revision.served
    fetcher = image.beside(image.fetcher_reference) if image is not None and served.fetched else None
    if served.image is not None:
        arn = Output.from_input(served.image).apply(lambda ready: repository_arn_of(ready) or "")
        return EndpointRequest(children, options, served, served.image, arn, fetcher)
    if image is None or built is None:  # a platform that fetches the model beside the server's own image
        assert served.server.image is not None
        return EndpointRequest(children, options, served, served.server.image, "")
    return EndpointRequest(children, options, served, built, image.repository_arn, fetcher)


def plan_endpoint(name: str, options: Any, planner: Planner, root: Path) -> PlannedEndpoint:
    """Find the model, compute sizes and budgets, and ask the platform. Raises InvalidOptionsError; registers nothing."""
    problems = transform_problems(options, ROLES_OF_ENDPOINTS)
    options = with_owners_of_models(options)
    if options.models is not None:
        problems += tags_are_ones_that_aws_takes({"tags": options.tags})
    try:
        served = served_model(options, root, name)
        served = replace(served, samples=samples_of(options, served, root))
        revisions = {each: _revision(options, each, root, name, served) for each in options.revisions}
        plan = planner.plan(name, options.path or f"/{name}", options, served, revisions)
    except ModelProblemError as error:
        problems.append(error.problem)
    except InvalidOptionsError as error:
        problems += error.problems
    if problems:
        raise InvalidOptionsError(problems)
    return PlannedEndpoint(name, options, served, revisions, plan)


def _revision(options: Any, revision: str, root: Path, endpoint: str, first: ServedModel) -> Revision:
    """first: of the endpoint's own keys, whose address clients have."""
    where, said = f"revisions.{revision}", revised(options, options.revisions[revision])
    try:
        served = served_model(said, root, endpoint)
    except ModelProblemError as error:
        raise ModelProblemError(error.problem.below(where)) from None
    if served.predict_paths != first.predict_paths:
        reason = f"it answers at {served.predict_path}, and clients of the endpoint ask for {first.predict_path}"
        raise ModelProblemError(Problem(f"{where}.model", reason, f"Give its model the name '{first.model}', too."))
    return Revision(said, served)


def project_directory() -> Path:
    """What relative paths of models start from: the directory of Pulumi.yaml; under Pulumi's own mocks, which name none, here."""
    root = Path(pulumi.get_root_directory() or ".")
    return root if root.is_dir() else Path.cwd()


def _planned(name: str, given: dict[str, Any], opts: pulumi.ResourceOptions | None) -> tuple[PlannedEndpoint, Platform]:
    subject = f"ModelEndpoint '{name}'"
    platform: Platform | None = given.pop("platform", None)
    options = checked(EndpointOptions, given, {}, subject, also=_place_problems(name, platform))
    assert platform is not None
    try:
        misplaced = list(misplaced_in_endpoint(options, opts))
        if misplaced:
            raise InvalidOptionsError(misplaced)
        return plan_endpoint(name, options, platform.planner, project_directory()), platform
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None


def _place_problems(name: str, platform: Platform | None) -> Iterator[Problem]:
    yield from name_problems(name, most=MAX_NAME)
    if platform is None:
        yield Problem("platform", "this is required", "Pass an EcsCluster.")
    elif not hasattr(platform, "planner"):
        yield Problem("platform", "this is no platform", "Pass an EcsCluster.", platform)

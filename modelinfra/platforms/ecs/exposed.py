"""What an exposure needs of the network, and what a reader of the preview should know of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.options.domains import certificate_problems
from modelinfra.options.doors import behind_other_doors
from modelinfra.options.exposure import exposed, guarded, keyed
from modelinfra.options.gateway import LONGEST_ANSWER_SECONDS, MOST_PAYLOAD
from modelinfra.options.private_link import IDLE_SECONDS, names_privately
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import shown_seconds
from modelinfra.platforms.ecs.api_keys import HEADER
from modelinfra.platforms.ecs.authentication import asks_outside
from modelinfra.platforms.ecs.model_routes import models_of_clients
from modelinfra.platforms.served_model import ServedModel


def unreachable(exposure: Any, *, internet: bool, public: bool) -> Iterator[Problem]:
    """Why clients, or whoever vouches for them, cannot be reached; with paths relative to the endpoint."""
    certified = {key: getattr(exposure, key) for key in ("domain", "hosted_zone_id", "certificate_arn")}
    yield from (each.below("exposure") for each in certificate_problems(certified))
    if exposure.public and not public:
        reason = "the network has no public subnets for a load balancer that faces the internet"
        remedy = "Let the network have NAT, or name `public_subnet_ids` of the VPC that is handed in."
        yield Problem("exposure.public", reason, remedy, True)
    if asks_outside(exposure) and not exposure.public and not internet:
        reason = "the load balancer asks an identity provider over the internet, to which the network has no way"
        yield Problem("exposure.auth", reason, "Let the network have NAT, or use `mtls`.")


def too_slow(exposure: Any, longest_request: int) -> Iterator[Problem]:
    """Why a gateway could not wait for an answer, of which one request may take `longest_request` seconds."""
    if exposure.gateway is not None and longest_request > LONGEST_ANSWER_SECONDS:
        most = shown_seconds(LONGEST_ANSWER_SECONDS)
        remedy = (
            f"Write `longest_request: {most}` where that is enough; longer, and streamed, answers need a `public` load balancer with "
            "`domain` and `auth`, or `private_link`, in place of `gateway`."
        )
        reason = f"`exposure.gateway` gives up after {most}, which AWS does not raise"
        yield Problem("longest_request", reason, remedy, shown_seconds(longest_request))


def notes_of_exposure(exposure: Any, served: ServedModel) -> Iterator[str]:
    """In words for the preview."""
    if not exposed(exposure):
        return
    owned = any(each.tenant is not None for each in served.models)
    if exposure.paths is None:
        paths = " and ".join(served.open_paths)
        yield f"clients can ask for {paths} alone{'' if owned else ' (`exposure.paths` names others)'}"
    if owned:
        yield from _of_tenants(exposure, served)
    if exposure.domain is not None and exposure.hosted_zone_id is None:
        yield f"nobody points {exposure.domain} at the endpoint: do so with the output load_balancer_dns_name"
    if exposure.auth is not None and exposure.auth.none is not None:
        yield f"nobody is asked who comes from the internet: {exposure.auth.none}"
    if exposure.access_logs.bucket is not None:
        yield "the bucket of access logs is handed in: its policy must let logdelivery.elasticloadbalancing.amazonaws.com write below AWSLogs/"
    if exposure.auth is not None and exposure.auth.jwt is not None and not exposure.auth.jwt.claims:
        yield f"every token of {exposure.auth.jwt.issuer} is let in, whomever it was made for (`claims` would say)"
    if keyed(exposure):
        yield f"clients send their key in the header {HEADER}, which reaches the server, too; the server reads who asks in x-amzn-waf-client"
    if behind_other_doors(exposure) and not (exposure.cidrs or exposure.security_groups):
        yield "the load balancer itself lets in nobody from the network (`exposure.cidrs` names whom it should)"
    yield from _notes_of_gateway(exposure, served)
    yield from _notes_of_private_link(exposure, served)
    if guarded(exposure):
        yield "the firewall lets bodies without a stated length (chunked) pass, whatever their size"


def _of_tenants(exposure: Any, served: ServedModel) -> Iterator[str]:
    """Who may ask which model, and what that does not mean."""
    for client, models in models_of_clients(served, exposure.auth.api_keys).items():
        yield f"client {client} may ask for {' and '.join(models) or 'no model'}, and for no other"
    yield "tenants share what is behind the routes: one process, role, memory and log of all models (docs/models.md)"


def _notes_of_gateway(exposure: Any, served: ServedModel) -> Iterator[str]:
    gateway = exposure.gateway
    if gateway is None:
        return
    yield (
        f"the gateway takes requests of {MOST_PAYLOAD} at most, answers too, and {gateway.requests_per_second} requests a second of all "
        "callers together (more get 429)"
    )
    if served.server.streams:
        yield "the gateway hands an answer on when it is whole: clients that ask for a stream get all of it at once"
    if gateway.auth.none is not None:
        yield f"nobody is asked who comes from the internet: {gateway.auth.none}"
    if gateway.domain is not None and gateway.hosted_zone_id is None:
        yield f"nobody points {gateway.domain} at the gateway: do so with the output gateway_dns_name"
    if exposure.domain is None:
        yield "from the gateway to the load balancer requests travel over HTTP, within the network (`exposure.domain` encrypts them)"


def _notes_of_private_link(exposure: Any, served: ServedModel) -> Iterator[str]:
    link = exposure.private_link
    if link is None:
        return
    if link.acceptance_required:
        yield "consumers of PrivateLink are connected when somebody of this account accepts them"
    if exposure.domain is not None and not names_privately(exposure):
        yield f"consumers of PrivateLink point {exposure.domain} at their interface endpoint themselves, for its certificate to fit"
    if exposure.domain is None:
        yield "consumers of PrivateLink speak HTTP (`exposure.domain` encrypts)"
    if guarded(exposure) and not keyed(exposure):
        yield "the firewall counts all consumers of PrivateLink as one client, by the addresses of its load balancer"
    if served.longest_request_seconds > IDLE_SECONDS:
        yield (
            f"PrivateLink forgets a connection on which nothing is said for {shown_seconds(IDLE_SECONDS)}: "
            "consumers that wait longer keep it alive (TCP keep-alive)"
        )

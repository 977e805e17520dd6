"""What an exposure needs of the network, and what a reader of the preview should know of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.options.exposure import exposed, guarded, keyed
from modelinfra.options.problems import Problem
from modelinfra.platforms.ecs.api_keys import HEADER
from modelinfra.platforms.ecs.authentication import asks_outside
from modelinfra.platforms.ecs.model_routes import models_of_clients
from modelinfra.platforms.served_model import ServedModel


def unreachable(exposure: Any, *, internet: bool, public: bool) -> Iterator[Problem]:
    """Why clients, or whoever vouches for them, cannot be reached; with paths relative to the endpoint."""
    if exposure.public and not public:
        reason = "the network has no public subnets for a load balancer that faces the internet"
        remedy = "Let the network have NAT, or name `public_subnet_ids` of the VPC that is handed in."
        yield Problem("exposure.public", reason, remedy, True)
    if asks_outside(exposure) and not exposure.public and not internet:
        reason = "the load balancer asks an identity provider over the internet, to which the network has no way"
        yield Problem("exposure.auth", reason, "Let the network have NAT, or use `mtls`.")


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
    if guarded(exposure):
        yield "the firewall lets bodies without a stated length (chunked) pass, whatever their size"


def _of_tenants(exposure: Any, served: ServedModel) -> Iterator[str]:
    """Who may ask which model, and what that does not mean."""
    for client, models in models_of_clients(served, exposure.auth.api_keys).items():
        yield f"client {client} may ask for {' and '.join(models) or 'no model'}, and for no other"
    yield "tenants share what is behind the routes: one process, role, memory and log of all models (docs/models.md)"

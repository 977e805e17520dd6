"""An endpoint service of AWS PrivateLink: consumers in other accounts reach an endpoint by an address of their own network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.arns import PRINCIPAL
from modelinfra.options.declare import Option, rule
from modelinfra.options.gateway import named_once
from modelinfra.options.landing import ADDED, DNS_RECORD, ENDPOINT_SERVICE, PRIVATE_DNS_VERIFICATION
from modelinfra.options.problems import Problem

IDLE_SECONDS = 350
"""How long an interface endpoint keeps a connection on which nothing is said; it cannot be changed (AWS PrivateLink guide, quotas). It is also
the default of a network load balancer."""


class PrivateLinkOptions(TypedDict):
    """A network load balancer before the endpoint's own, and an endpoint service (AWS PrivateLink) to which consumers connect. The load balancer
    behind lets in that one alone unless `cidrs` or `security_groups` name others."""

    principals: Annotated[
        Sequence[Annotated[str, PRINCIPAL]],
        Option(
            at_least=1,
            at_most=50,
            lands=(f"{ENDPOINT_SERVICE}.allowedPrincipals",),
            example=["210987654321", "arn:aws:iam::210987654321:role/network"],
        ),
    ]
    """Accounts (12 digits) and roles or users (ARNs) that may ask for a connection.
    Who is taken away keeps the connections that stand: reject those yourself."""

    acceptance_required: NotRequired[
        Annotated[
            bool,
            Option(default=True, lands=(f"{ENDPOINT_SERVICE}.acceptanceRequired",), example=False),
        ]
    ]
    """Whether each connection waits until somebody of this account accepts it."""

    private_dns: NotRequired[
        Annotated[
            bool,
            Option(
                default_text="true with `exposure.domain` and `exposure.hosted_zone_id`",
                lands=(
                    f"{ENDPOINT_SERVICE}.privateDnsName",
                    f"{ADDED}{PRIVATE_DNS_VERIFICATION}",
                    f"{ADDED}{DNS_RECORD}",
                ),
                example=False,
            ),
        ]
    ]
    """Whether the endpoint's `domain` leads consumers who switch private DNS on to their own address for it, so that its certificate fits. AWS
    looks for a record in the zone, which must be public, that proves that the domain is yours."""


@rule(PrivateLinkOptions, "principals")
def consumers_are_named_once(link: Mapping[str, Any]) -> Iterable[Problem]:
    yield from named_once("principals", link["principals"])


def names_privately(exposure: Any) -> bool:
    """Whether the endpoint service has the domain as its private name, of validated options of an exposure."""
    link = exposure.private_link
    if link is None or exposure.domain is None or exposure.hosted_zone_id is None:
        return False
    return link.private_dns is not False

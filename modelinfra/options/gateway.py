"""A regional API gateway before an endpoint: who may call it over the internet, and how they prove who they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.arns import CERTIFICATE_ARN, PRINCIPAL
from modelinfra.options.authentication import CA_BUNDLE, HTTPS, REASON
from modelinfra.options.declare import Option, rule
from modelinfra.options.domains import DOMAIN, HOSTED_ZONE, certificate_problems
from modelinfra.options.landing import (
    ADDED,
    ATTACHMENT,
    CERTIFICATE,
    CERTIFICATE_VALIDATION,
    DNS_RECORD,
    GATEWAY_AUTHORIZER,
    GATEWAY_DOMAIN,
    GATEWAY_MAPPING,
    GATEWAY_ROUTE,
    GATEWAY_STAGE,
    LOG_GROUP,
    MANAGED_POLICY,
    ROLE,
)  # fmt: skip
from modelinfra.options.log_retention import retention_is_one_that_cloudwatch_knows
from modelinfra.options.problems import Problem

# API Gateway developer guide, "Quotas for configuring and running an HTTP API"; none of them can be raised.
LONGEST_ANSWER_SECONDS = 30
MOST_PAYLOAD = "10 MB"
_MOST_AUDIENCES, _MOST_SCOPES = 50, 10

DEFAULT_REQUESTS_PER_SECOND = 1000
"""A tenth of what all gateways of an account and region take together. A round figure to be replaced."""

DEFAULT_LOG_DAYS = 90

# An account's bucket holds 5,000 requests in most regions ("API Gateway account-level quotas"), and is not for users to raise.
MOST_BURST = 5000


class GatewayIamOptions(TypedDict):
    """Callers sign requests with credentials of AWS (Signature Version 4, service `execute-api`)."""

    principals: NotRequired[
        Annotated[
            Sequence[Annotated[str, PRINCIPAL]],
            Option(
                at_least=1,
                at_most=50,
                lands=(f"{ADDED}{ROLE}", f"{ADDED}{ATTACHMENT}"),
                example=["210987654321", "arn:aws:iam::210987654321:role/devices"],
            ),
        ]
    ]
    """Accounts (12 digits) and roles or users (ARNs) that may take the role of the output `gateway_role_arn`, with which they may call: an API
    of this kind knows no callers of other accounts. Left out, there is no such role, and callers are roles of this account to which the
    policy of the output `gateway_policy_arn` is attached."""


class GatewayJwtOptions(TypedDict):
    """Callers send a JSON Web Token as `Authorization: Bearer`; the gateway verifies signature, issuer, times, audience and scopes."""

    issuer: Annotated[str, replace(HTTPS, lands=(f"{GATEWAY_AUTHORIZER}.jwtConfiguration.issuer",))]
    """Who issues the tokens: the claim `iss`.
    Its discovery document (`/.well-known/openid-configuration`) is read by the gateway, already while it is made."""

    audiences: Annotated[
        Sequence[str],
        Option(
            at_least=1,
            at_most=_MOST_AUDIENCES,
            lands=(f"{GATEWAY_AUTHORIZER}.jwtConfiguration.audiences",),
            example=["another-model"],
        ),
    ]
    """For whom a token was made: its claim `aud` is one of these, or where it has none the client that it names."""

    scopes: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                at_least=1,
                at_most=_MOST_SCOPES,
                lands=(f"{GATEWAY_ROUTE}.authorizationScopes",),
                example=["predict", "admin"],
            ),
        ]
    ]
    """A token has one of these scopes at least (claim `scope` or `scp`). None asked for otherwise."""


class GatewayMutualTlsOptions(TypedDict):
    """Callers present certificates of an authority that you name; connections without one are refused. It needs a `domain`."""

    ca_bundle: Annotated[
        str,
        replace(CA_BUNDLE, lands=(f"{GATEWAY_DOMAIN}.mutualTlsAuthentication.truststoreUri",)),
    ]
    """Certificates of the authorities (PEM) in S3, in the gateway's region.
    Whoever deploys must be able to read the object. A new bundle needs a new key, or another `ca_bundle_version`: the same is not read
    again."""

    ca_bundle_version: NotRequired[
        Annotated[
            str,
            Option(
                lands=(f"{GATEWAY_DOMAIN}.mutualTlsAuthentication.truststoreVersion",),
                example="L4kqtJlcpXroDTDmpUMLUo",
            ),
        ]
    ]
    """Version of that object, in a bucket with versioning. None otherwise: the newest when it was first read."""


class GatewayAuthOptions(TypedDict):
    """How callers prove who they are: `iam` or `jwt`, and `mtls` alone or with one of them; or `none`, with a reason."""

    iam: NotRequired[Annotated[GatewayIamOptions, Option()]]
    """Credentials of AWS. Left out, none are asked for."""

    jwt: NotRequired[Annotated[GatewayJwtOptions, Option()]]
    """Signed tokens. Left out, none are asked for."""

    mtls: NotRequired[Annotated[GatewayMutualTlsOptions, Option()]]
    """Certificates of clients. Left out, none are asked for."""

    none: NotRequired[Annotated[str, REASON]]
    """Nothing is asked of anybody on the internet: the reason, in words for whoever reviews it. Left out, one of the others is needed."""


class GatewayOptions(TypedDict):
    """An HTTP API of Amazon API Gateway, in the endpoint's region. It faces the internet; the load balancer behind it stays internal, and lets
    in the gateway alone unless `cidrs` or `security_groups` name others. Answers come whole, within 30 seconds, of 10 MB at most."""

    auth: Annotated[
        GatewayAuthOptions,
        Option(
            lands=(
                f"{ADDED}{GATEWAY_AUTHORIZER}",
                f"{ADDED}{MANAGED_POLICY}",
                f"{GATEWAY_ROUTE}.authorizationType",
                f"{GATEWAY_ROUTE}.authorizerId",
            ),
            example={"iam": {}},
        ),
    ]
    """Who may call."""

    domain: NotRequired[
        Annotated[
            str,
            replace(
                DOMAIN,
                lands=(
                    f"{GATEWAY_DOMAIN}.domainName",
                    f"{GATEWAY_MAPPING}.domainName",
                    f"{CERTIFICATE}.domainName",
                    f"{CERTIFICATE_VALIDATION}.validationRecordFqdns",
                    f"{DNS_RECORD}.name",
                ),
                example="api.example.org",
            ),
        ]
    ]
    """Name under which the gateway is called; another one than the endpoint's own `domain`. With it the name that AWS gives the gateway is
    switched off. Left out, callers use that name (output `gateway_url`)."""

    hosted_zone_id: NotRequired[
        Annotated[Input[str], replace(HOSTED_ZONE, lands=(f"{DNS_RECORD}.zoneId",), example="Z0123456789ABCDEFGHIK")]
    ]
    """Hosted zone in which the domain is pointed at the gateway, and in which a certificate is validated. Left out, you point the domain at
    the output `gateway_dns_name` yourself."""

    certificate_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                CERTIFICATE_ARN,
                lands=(
                    f"{ADDED}{CERTIFICATE}",
                    f"{ADDED}{CERTIFICATE_VALIDATION}",
                    f"{ADDED}{DNS_RECORD}",
                    f"{GATEWAY_DOMAIN}.domainNameConfiguration.certificateArn",
                ),
                example=CERTIFICATE_ARN.pattern_example,
            ),
        ]
    ]
    """An existing ACM certificate for the domain, of the same region, in place of one that is requested and validated in `hosted_zone_id`. With
    `mtls` one that ACM issued itself."""

    requests_per_second: NotRequired[
        Annotated[
            int,
            Option(
                default=DEFAULT_REQUESTS_PER_SECOND,
                at_least=1,
                at_most=100_000,
                lands=(f"{GATEWAY_STAGE}.defaultRouteSettings",),
                example=50,
            ),
        ]
    ]
    """Requests that all callers together may make in a second, as a rule; more are answered with 429. All gateways of an account and region
    share 10,000, a quota that AWS raises."""

    burst: NotRequired[
        Annotated[
            int,
            Option(
                default_text="`requests_per_second`, 5000 at most",
                at_least=1,
                at_most=MOST_BURST,
                lands=(f"{GATEWAY_STAGE}.defaultRouteSettings.throttlingBurstLimit",),
                example=20,
            ),
        ]
    ]
    """Requests that may come at once, before `requests_per_second` is held to."""

    retention_days: NotRequired[
        Annotated[
            int,
            Option(
                default=DEFAULT_LOG_DAYS,
                lands=(f"{LOG_GROUP}.retentionInDays",),
                example=30,
            ),
        ]
    ]
    """Days for which CloudWatch Logs keeps who called what, and what was answered."""


def burst(gateway: Any) -> int:
    """Of validated options."""
    return int(gateway.burst or min(gateway.requests_per_second, MOST_BURST))


@rule(GatewayAuthOptions, "iam", "jwt", "mtls", "none")
def callers_prove_it_in_one_way(auth: Mapping[str, Any]) -> Iterable[Problem]:
    given = [key for key in ("iam", "jwt", "mtls", "none") if auth[key] is not None]
    if not given:
        yield Problem("", "nothing is said here", "Write one of: iam, jwt, mtls; or none: and the reason.")
    elif "none" in given and len(given) > 1:
        yield Problem("none", f"`{given[0]}` asks who comes", "Remove one of the two.", auth["none"])
    elif "iam" in given and "jwt" in given:
        reason = "a route of the gateway asks in one way, and `iam` is given, too"
        yield Problem("jwt", reason, "Remove one of the two.")


@rule(GatewayIamOptions, "principals")
def callers_are_named_once(iam: Mapping[str, Any]) -> Iterable[Problem]:
    yield from named_once("principals", iam["principals"])


def named_once(key: str, principals: Sequence[str] | None) -> Iterable[Problem]:
    """A problem where a principal stands in a list twice."""
    if len(set(principals or ())) < len(principals or ()):
        yield Problem(key, "one of them stands here twice", "Remove one.", list(principals or ()))


@rule(GatewayOptions, "domain", "auth")
def certificates_of_clients_need_a_domain(gateway: Mapping[str, Any]) -> Iterable[Problem]:
    if gateway["auth"].mtls is not None and gateway["domain"] is None:
        reason = "the gateway asks for certificates at a domain of your own only"
        yield Problem("auth.mtls", reason, "Add `domain`, and `hosted_zone_id` or `certificate_arn`.")


@rule(GatewayOptions, "domain", "hosted_zone_id", "certificate_arn")
def a_gateways_domain_has_a_certificate(gateway: Mapping[str, Any]) -> Iterable[Problem]:
    yield from certificate_problems(gateway)
    for key in ("hosted_zone_id", "certificate_arn"):
        if gateway["domain"] is None and gateway[key] is not None:
            yield Problem(key, "without a `domain` there is nothing that it is for", "Add `domain`.", gateway[key])


rule(GatewayOptions, "retention_days")(retention_is_one_that_cloudwatch_knows)

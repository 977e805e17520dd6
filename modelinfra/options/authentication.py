"""How clients prove who they are before a request reaches the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.adjustments import TaggedOptions
from modelinfra.options.arns import CLIENT_SECRET_ARN, TRUST_STORE_ARN, USER_POOL_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.firewall import RATE
from modelinfra.options.landing import (
    ADDED,
    KEY_OF_CLIENT,
    LISTENER,
    POLICY_OF_ROUTE,
    RULE,
    SECRET,
    SECRET_VERSION,
    TRUST_STORE,
    USER_POOL_CLIENT,
    WEB_ACL,
)  # fmt: skip
from modelinfra.options.names import Name
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

_ACTION = f"{RULE}.actions"
_PROVIDER = f"{POLICY_OF_ROUTE}.spec.jwt.providers[0]"
_KEYS_OF_ROUTE = (f"{ADDED}{KEY_OF_CLIENT}", f"{POLICY_OF_ROUTE}.spec.apiKeyAuth.credentialRefs")

HTTPS = Option(
    pattern=r"https://[^/\s?#]+[^\s?#]*",
    pattern_text="an address that begins with https://",
    pattern_example="https://login.example.com",
    lands=(_ACTION,),
    example="https://other.example.com/there",
)

CA_BUNDLE = Option(
    pattern=r"s3://[a-z0-9.-]+/\S+",
    pattern_text="the address of an object in S3",
    pattern_example="s3://acme-pki/devices.pem",
    example="s3://other-pki/all.pem",
)

REASON = Option(
    pattern=r"[\s\S]{10,500}",
    pattern_text="a reason of 10 to 500 characters",
    pattern_example="a demonstration with made-up data, until June",
)
"""Why nobody is asked who comes."""

# Elastic Load Balancing API, AuthenticateOidcActionConfig.SessionTimeout: 1 second to 7 days.
_SESSION = Option(default="12h", at_least=1, at_most=7 * 24 * 3600, lands=(_ACTION,), example="1h")


class ClaimOptions(TypedDict):
    """One claim that a token must make."""

    name: str
    """Name of the claim, for example `scope`."""

    values: Sequence[str]
    """What it must hold: one of these."""

    format: NotRequired[
        Annotated[Literal["single-string", "string-array", "space-separated-values"], Option(default="single-string")]
    ]
    """How the claim is written in the token."""


class JwtOptions(TypedDict):
    """Machine clients send a JSON Web Token as `Authorization: Bearer`; the load balancer, or the gateway on Kubernetes, verifies signature,
    issuer, times and claims."""

    issuer: Annotated[str, replace(HTTPS, lands=(_ACTION, f"{_PROVIDER}.issuer"))]
    """Who issues the tokens: the claim `iss`."""

    jwks_url: Annotated[str, replace(HTTPS, lands=(_ACTION, f"{_PROVIDER}.remoteJWKS.uri"))]
    """Where the issuer publishes its keys; the load balancer, or the gateway's proxies, fetch them over the internet."""

    claims: NotRequired[
        Annotated[
            Sequence[ClaimOptions],
            Option(
                at_least=1,
                at_most=10,
                lands=(_ACTION, f"{POLICY_OF_ROUTE}.spec.authorization"),
                example=[{"name": "aud", "values": ["another-model"]}],
            ),
        ]
    ]
    """What a token must claim besides, all of it. Left out, every token of the issuer is let in, whomever it was made for."""


class OidcOptions(TypedDict):
    """People log in at an OpenID Connect provider, in their browser; the load balancer keeps the session in a cookie."""

    issuer: Annotated[str, HTTPS]
    """The provider, as its discovery document names itself."""

    authorization_url: Annotated[str, HTTPS]
    """Its authorization endpoint."""

    token_url: Annotated[str, HTTPS]
    """Its token endpoint."""

    user_info_url: Annotated[str, HTTPS]
    """Its user info endpoint."""

    client_id: Annotated[str, Option(lands=(_ACTION,), example="another-client")]
    """The client that the provider knows; its redirect URL is https://DOMAIN/oauth2/idpresponse."""

    client_secret_arn: Annotated[
        str,
        replace(
            CLIENT_SECRET_ARN,
            lands=(_ACTION,),
            example="arn:aws:secretsmanager:us-west-2:123456789012:secret:client-GhIjKl",
        ),
    ]
    """Secrets Manager secret whose whole text is the client's secret.
    A deployment reads it and hands it to the load balancer, which takes it in no other way: it is encrypted in Pulumi's state, and
    whoever deploys needs secretsmanager:GetSecretValue."""

    scope: NotRequired[Annotated[str, Option(default="openid", lands=(_ACTION,), example="openid email")]]
    """Scopes that are asked for, separated by spaces."""

    session_timeout: NotRequired[Annotated[Duration, _SESSION]]
    """How long a log-in lasts."""


class CognitoOptions(TypedDict):
    """People log in at an Amazon Cognito user pool; with nothing below it, a pool is made."""

    user_pool_arn: NotRequired[
        Annotated[
            Input[str],
            USER_POOL_ARN,
        ]
    ]
    """An existing user pool, in place of one that is made; with its client and its domain. It is not changed."""

    client_id: NotRequired[Annotated[Input[str], Option()]]
    """Client of the existing pool, with a secret; it must allow the redirect URL https://DOMAIN/oauth2/idpresponse."""

    domain: NotRequired[Annotated[Input[str], Option()]]
    """Domain of the existing pool: its prefix, or the whole of a domain of your own."""

    scope: NotRequired[
        Annotated[
            str,
            Option(default="openid", lands=(_ACTION, f"{USER_POOL_CLIENT}.allowedOauthScopes"), example="openid email"),
        ]
    ]
    """Scopes that are asked for, separated by spaces."""

    session_timeout: NotRequired[Annotated[Duration, _SESSION]]
    """How long a log-in lasts."""


class MutualTlsOptions(TypedDict):
    """Clients present certificates of an authority that you name; connections without one are refused in the handshake."""

    trust_store_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                TRUST_STORE_ARN, lands=(f"{LISTENER}.mutualAuthentication",), example=TRUST_STORE_ARN.pattern_example
            ),
        ]
    ]
    """An existing trust store of Elastic Load Balancing."""

    ca_bundle: NotRequired[
        Annotated[
            str,
            replace(
                CA_BUNDLE,
                lands=(f"{TRUST_STORE}.caCertificatesBundleS3Bucket", f"{TRUST_STORE}.caCertificatesBundleS3Key"),
            ),
        ]
    ]
    """Certificates of the authorities (PEM) in S3, of which a trust store is made. A new bundle needs a new key: the
    same key is not read again. Left out, `trust_store_arn` names one."""


class ApiKeyOptions(TaggedOptions):
    """One machine client, and the key that it sends in the header `x-api-key`."""

    generation: NotRequired[
        Annotated[
            int,
            Option(
                default=1,
                at_least=1,
                at_most=9999,
                lands=(f"{ADDED}{SECRET}", f"{ADDED}{SECRET_VERSION}", f"{WEB_ACL}.rules", *_KEYS_OF_ROUTE),
                example=3,
            ),
        ]
    ]
    """Which key of the client is the newest. Written one higher, another key is made in a secret of its own, and the one before stays valid
    until the next edit. Raise it by one: a jump shuts out whoever has an older key."""

    keep_previous: NotRequired[
        Annotated[
            bool,
            Option(
                default=True,
                lands=(f"{ADDED}{SECRET}", f"{ADDED}{SECRET_VERSION}", f"{WEB_ACL}.rules", *_KEYS_OF_ROUTE),
                example=False,
            ),
        ]
    ]
    """Whether the key before the newest is valid, too. Without it only the newest is, from the next deployment on."""

    requests_per_five_minutes: NotRequired[
        Annotated[
            int,
            replace(RATE, default_text="`waf.requests_per_five_minutes`"),
        ]
    ]
    """Most requests of the client in five minutes, from all its addresses and with all its keys; more are answered with 429."""


class AuthOptions(TypedDict):
    """How clients prove who they are: one of `jwt`, `oidc`, `cognito`, `api_keys`, and `mtls` alone or with one of them; or `none`, with a
    reason."""

    jwt: NotRequired[Annotated[JwtOptions, Option()]]
    """For machines: signed tokens. Left out, none are asked for."""

    oidc: NotRequired[Annotated[OidcOptions, Option()]]
    """For people: log in at an OpenID Connect provider. Left out, nobody logs in there."""

    cognito: NotRequired[Annotated[CognitoOptions, Option()]]
    """For people: log in at a Cognito user pool. Left out, nobody logs in there."""

    mtls: NotRequired[Annotated[MutualTlsOptions, Option()]]
    """For machines: client certificates. Left out, none are asked for."""

    api_keys: NotRequired[
        Annotated[
            Mapping[Name, ApiKeyOptions],
            # A web ACL has 10 rate-based rules at most (AWS WAF developer guide, quotas that cannot be changed): one for each client, and
            # the one for requests without a key.
            Option(
                at_least=1,
                at_most=9,
                lands=(f"{ADDED}{SECRET}", f"{ADDED}{SECRET_VERSION}", f"{WEB_ACL}.rules", *_KEYS_OF_ROUTE),
                example={"orders": {}, "fraud": {}},
            ),
        ]
    ]
    """For machines: a key of each client, by the client's name. Keys are made, kept in Secrets Manager, and compared by their hash in the
    firewall; on Kubernetes they are kept in Secrets beside the endpoint, and the gateway compares them. Left out, none are asked for."""

    none: NotRequired[
        Annotated[
            str,
            REASON,
        ]
    ]
    """Nothing is asked of anybody: the reason, in words for whoever reviews it. Left out, `public` needs one of the others."""


def generations(key: Any) -> Iterator[int]:
    """Those that are valid, by validated options of a client: the newest, and the one before unless it is not kept."""
    if key.keep_previous and key.generation > 1:
        yield key.generation - 1
    yield key.generation


_LOG_IN = ("jwt", "oidc", "cognito", "api_keys")


@rule(AuthOptions, *_LOG_IN, "mtls", "none")
def clients_prove_it_in_one_way(auth: Mapping[str, Any]) -> Iterable[Problem]:
    given = [key for key in (*_LOG_IN, "mtls", "none") if auth[key] is not None]
    if not given:
        yield Problem(
            "", "nothing is said here", "Write one of: jwt, oidc, cognito, api_keys, mtls; or none: and the reason."
        )
    elif "none" in given and len(given) > 1:
        yield Problem("none", f"`{given[0]}` asks who comes", "Remove one of the two.", auth["none"])
    elif len([key for key in given if key in _LOG_IN]) > 1:
        chosen = [key for key in given if key in _LOG_IN]
        reason = f"an endpoint asks in one way, and `{chosen[0]}` is given, too"
        yield Problem(chosen[1], reason, "Remove one of the two, or serve the model by a second endpoint.")


@rule(MutualTlsOptions, "trust_store_arn", "ca_bundle")
def certificates_have_one_authority(mtls: Mapping[str, Any]) -> Iterable[Problem]:
    if (mtls["trust_store_arn"] is None) == (mtls["ca_bundle"] is None):
        yield Problem("", "one of `trust_store_arn` and `ca_bundle` is needed", "Write one of the two.")


@rule(CognitoOptions, "user_pool_arn", "client_id", "domain")
def an_existing_pool_is_given_whole(cognito: Mapping[str, Any]) -> Iterable[Problem]:
    given = [key for key, value in cognito.items() if value is not None]
    for key in cognito:
        if given and key not in given:
            yield Problem(
                key, f"`{given[0]}` names a pool that exists", f"Add `{key}`, or remove the others to have a pool made."
            )


@rule(OidcOptions, "scope")
def log_in_asks_for_openid(oidc: Mapping[str, Any]) -> Iterable[Problem]:
    yield from _scope(oidc["scope"])


@rule(CognitoOptions, "scope")
def log_in_at_cognito_asks_for_openid(cognito: Mapping[str, Any]) -> Iterable[Problem]:
    yield from _scope(cognito["scope"])


def _scope(scope: str) -> Iterable[Problem]:
    if "openid" not in scope.split():
        yield Problem(
            "scope", "without `openid` there is no log-in", f"Write openid {scope}.".replace(" .", "."), scope
        )


@rule(ApiKeyOptions, "generation", "keep_previous")
def what_is_kept_is_there(key: Mapping[str, Any]) -> Iterable[Problem]:
    if key["generation"] == 1 and not key["keep_previous"]:
        yield Problem(
            "keep_previous", "there is no key before the first", "Remove it, or write `generation: 2`.", False
        )

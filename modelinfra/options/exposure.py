"""Who can reach an endpoint: from where, under which name, through which firewall."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.catalog.address_ranges import PRIVATE
from modelinfra.options.arns import CERTIFICATE_ARN, SECURITY_GROUP_ID
from modelinfra.options.authentication import AuthOptions
from modelinfra.options.declare import Option, rule
from modelinfra.options.domains import DOMAIN, HOSTED_ZONE
from modelinfra.options.firewall import AccessLogOptions, FirewallOptions
from modelinfra.options.gateway import GatewayOptions
from modelinfra.options.grpc import GrpcOptions
from modelinfra.options.landing import (
    ACCESS_LOG_BUCKET,
    ADDED,
    ALARM,
    ANOTHER_LOAD_BALANCER,
    ANOTHER_WAY_IN,
    CERTIFICATE,
    CERTIFICATE_VALIDATION,
    DASHBOARD_BODY,
    DNS_RECORD,
    DOMAIN_CERTIFICATE,
    EGRESS,
    GATEWAY_DOOR,
    INGRESS,
    LISTENER,
    LISTENERS_OF_GATEWAY,
    POLICY_OF_ROUTE,
    PRIVATE_LINK_DOOR,
    ROUTE_OF_GATEWAY,
    RULE,
    SERVICE,
    TARGET_GROUP,
    TRACKING,
    USER_POOL_CLIENT,
    WEB_ACL,
    WEB_ACL_ASSOCIATION,
)  # fmt: skip
from modelinfra.options.names import Name
from modelinfra.options.private_link import PrivateLinkOptions
from modelinfra.options.problems import Problem
from modelinfra.options.server import known_row

TlsPolicy = Literal[
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
]

# What Elastic Load Balancing takes in one rule (quotas: condition values per rule).
_MOST_PATHS = 5

# Condition wildcards per rule: 5 or 6, as translations of that page say.
_MOST_WILDCARDS = 5


class ExposureOptions(TypedDict):
    """Who can reach an endpoint, and how they prove who they are. Left out, only the network's own addresses can, over HTTP."""

    public: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                lands=(
                    *ANOTHER_LOAD_BALANCER,
                    f"{DNS_RECORD}.aliases",
                    f"{ADDED}{WEB_ACL}",
                    f"{ADDED}{WEB_ACL_ASSOCIATION}",
                    *ACCESS_LOG_BUCKET,
                ),
                example=True,
            ),
        ]
    ]
    """Whether the endpoint faces the internet; then it needs a `domain` and `auth`, and gets a firewall and access logs. An edit makes
    another load balancer: clients follow when DNS does. On Kubernetes the platform's gateway faces it (`gateway.public`), or does not."""

    cidrs: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                default_text="the network's own; everywhere when `public`; none with `gateway` or `private_link`; on Kubernetes all that reach the gateway",
                at_least=1,
                at_most=20,
                lands=(f"{ADDED}{INGRESS}", f"{POLICY_OF_ROUTE}.spec.authorization"),
                example=["10.0.0.0/8", "192.0.2.0/24"],
            ),
        ]
    ]
    """Address ranges (IPv4) from which clients may connect to the load balancer, or ask the gateway on Kubernetes."""

    security_groups: NotRequired[
        Annotated[
            Mapping[Name, Annotated[Input[str], SECURITY_GROUP_ID]],
            Option(
                lands=(f"{ADDED}{INGRESS}",),
                example={"orders": SECURITY_GROUP_ID.pattern_example},
            ),
        ]
    ]
    """Security groups whose members may connect, in this VPC or one that is peered: a name of your own -> id. They take the place of the
    network's own addresses, or stand beside `cidrs`. None otherwise."""

    domain: NotRequired[
        Annotated[
            str,
            replace(
                DOMAIN,
                lands=(
                    f"{CERTIFICATE}.domainName",
                    f"{CERTIFICATE_VALIDATION}.validationRecordFqdns",
                    f"{DNS_RECORD}.name",
                    f"{USER_POOL_CLIENT}.callbackUrls",
                    f"{ROUTE_OF_GATEWAY}.spec.hostnames[0]",
                    f"{LISTENERS_OF_GATEWAY}.spec.listeners[0].hostname",
                    f"{DOMAIN_CERTIFICATE}.spec.dnsNames[0]",
                ),
                example="another.example.com",
            ),
        ]
    ]
    """Name under which clients reach the endpoint. With it the endpoint speaks HTTPS, and HTTP is redirected there (on Kubernetes it is not
    answered). Left out, it speaks HTTP."""

    hosted_zone_id: NotRequired[
        Annotated[
            Input[str],
            replace(HOSTED_ZONE, lands=(f"{DNS_RECORD}.zoneId",), example="Z0123456789ABCDEFGHIK"),
        ]
    ]
    """Hosted zone in which the domain is pointed at the endpoint, and in which a certificate is validated, so a public one unless
    `certificate_arn` is given. Left out, you point the domain at the output `load_balancer_dns_name` yourself."""

    certificate_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                CERTIFICATE_ARN,
                lands=(
                    f"{ADDED}{CERTIFICATE}",
                    f"{ADDED}{CERTIFICATE_VALIDATION}",
                    f"{ADDED}{DNS_RECORD}",
                    f"{LISTENER}.certificateArn",
                ),
                example=CERTIFICATE_ARN.pattern_example,
            ),
        ]
    ]
    """An existing ACM certificate for the domain, in place of one that is requested, and validated in `hosted_zone_id`."""

    tls_policy: NotRequired[
        Annotated[
            TlsPolicy,
            Option(
                default_text="ELBSecurityPolicy-TLS13-1-2-2021-06",
                lands=(f"{LISTENER}.sslPolicy",),
                example="ELBSecurityPolicy-TLS13-1-3-2021-06",
            ),
        ]
    ]
    """Which versions of TLS and which ciphers are taken: TLS 1.2 and 1.3 at least."""

    auth: NotRequired[Annotated[AuthOptions, Option()]]
    """How clients prove who they are. It needs a `domain`. Left out, whoever can connect is let in."""

    paths: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                default_text="the server's path of predictions and that of its readiness",
                at_least=1,
                at_most=_MOST_PATHS,
                lands=(f"{RULE}.conditions", f"{ROUTE_OF_GATEWAY}.spec.rules[0].matches"),
                example=["/v2/models/*/infer"],
            ),
        ]
    ]
    """Paths of the server that clients may ask for, `*` standing for anything; all others are answered with 404. What would open the
    server's routes for its operator (metrics, loading of models) is refused."""

    grpc: NotRequired[
        Annotated[
            GrpcOptions,
            Option(
                lands=(
                    f"{ADDED}{TARGET_GROUP}",
                    f"{ADDED}{RULE}",
                    f"{ADDED}{INGRESS}",
                    f"{ADDED}{EGRESS}",
                    f"{ADDED}{ALARM}",
                    f"{SERVICE}.loadBalancers",
                    f"{SERVICE}.alarms.alarmNames",
                    DASHBOARD_BODY,
                    f"{TRACKING}.predefinedMetricSpecification",
                    f"{TRACKING}.customizedMetricSpecification",
                    f"{ROUTE_OF_GATEWAY}.spec.rules",
                ),
                example={},
            ),
        ]
    ]
    """Whether clients may speak gRPC, too, at the same domain: it goes to the server's own port for it. None otherwise: the endpoint answers over HTTP alone."""

    gateway: NotRequired[
        Annotated[
            GatewayOptions,
            Option(lands=(*ANOTHER_WAY_IN, *GATEWAY_DOOR), example={"auth": {"iam": {}}}),
        ]
    ]
    """A regional API gateway that asks callers for credentials of AWS, tokens or certificates, and hands their requests on to the endpoint's own
    load balancer, which stays internal. None otherwise."""

    private_link: NotRequired[
        Annotated[
            PrivateLinkOptions,
            Option(lands=(*ANOTHER_WAY_IN, *PRIVATE_LINK_DOOR), example={"principals": ["210987654321"]}),
        ]
    ]
    """An endpoint service of AWS PrivateLink, for consumers in other accounts or networks. None otherwise."""

    waf: NotRequired[Annotated[FirewallOptions, Option(default={})]]
    """The firewall before the load balancer."""

    access_logs: NotRequired[Annotated[AccessLogOptions, Option(default={})]]
    """A record of every request."""


def exposed(exposure: Any) -> bool:
    """Whether validated exposure options say more than the default: the network's own addresses, over HTTP."""
    asked = (
        exposure.public,
        exposure.cidrs,
        exposure.security_groups,
        exposure.domain,
        exposure.paths,
        exposure.auth,
        exposure.grpc,
        exposure.gateway,
        exposure.private_link,
    )
    return any(each not in (None, False) for each in asked) or guarded(exposure) or logged(exposure)


def stands_alone(load_balancer: str | None, exposure: Any) -> bool:
    """Whether an endpoint of these validated options has a load balancer of its own."""
    return load_balancer == "own" or (load_balancer is None and exposed(exposure))


def guarded(exposure: Any) -> bool:
    """Whether a firewall stands before it: where it is asked for, and else before what faces the internet."""
    waf = exposure.waf
    if waf.enabled is not None:
        return bool(waf.enabled)
    shaped = any(getattr(waf, key) is not None for key in type(waf).model_fields)
    return bool(exposure.public) or shaped or keyed(exposure)


def keyed(exposure: Any) -> bool:
    """Whether clients prove who they are by API keys, which the firewall compares."""
    return exposure.auth is not None and exposure.auth.api_keys is not None


def logged(exposure: Any) -> bool:
    """Whether requests are recorded: where it is asked for, and else of what faces the internet."""
    logs = exposure.access_logs
    if logs.enabled is not None:
        return bool(logs.enabled)
    return bool(exposure.public) or logs.bucket is not None or logs.retention_days is not None


@rule(ExposureOptions, "public", "domain")
def the_internet_needs_a_domain(exposure: Mapping[str, Any]) -> Iterable[Problem]:
    if exposure["public"] and exposure["domain"] is None:
        reason = "what faces the internet is encrypted, and a certificate is made for a name"
        yield Problem("domain", reason, "Write `domain`; on ECS `hosted_zone_id` or `certificate_arn`, too.")


@rule(ExposureOptions, "public", "auth")
def the_internet_is_asked_who_it_is(exposure: Mapping[str, Any]) -> Iterable[Problem]:
    auth = exposure["auth"]
    if exposure["public"] and auth is None:
        reason = "everybody on the internet could ask the model"
        yield Problem(
            "auth",
            reason,
            "Write one of jwt, oidc, cognito, api_keys and mtls below it, or none: and the reason why nobody is asked.",
        )
    if not exposure["public"] and auth is not None and auth.none is not None:
        yield Problem("auth.none", "nothing is asked of anybody in a private network anyway", "Remove it.", auth.none)


@rule(ExposureOptions, "waf", "auth")
def the_firewall_asks_for_keys(exposure: Mapping[str, Any]) -> Iterable[Problem]:
    auth = exposure["auth"]
    if exposure["waf"].enabled is False and auth is not None and auth.api_keys is not None:
        reason = "`auth.api_keys` is asked for by the firewall"
        yield Problem("waf.enabled", reason, "Remove it, or let clients prove who they are in another way.", False)


@rule(ExposureOptions, "domain", "hosted_zone_id", "certificate_arn", "tls_policy", "auth")
def without_a_domain_there_is_no_encryption(exposure: Mapping[str, Any]) -> Iterable[Problem]:
    if exposure["domain"] is not None:
        return
    for key in ("hosted_zone_id", "certificate_arn", "tls_policy"):
        if exposure[key] is not None:
            yield Problem(key, "without a `domain` the endpoint speaks HTTP", "Add `domain`.", exposure[key])
    auth = exposure["auth"]
    if auth is not None and auth.none is None:
        yield Problem("auth", "keys, tokens, cookies and certificates need HTTPS", "Add `domain`.")


@rule(ExposureOptions, "cidrs", "public")
def ranges_are_ranges(exposure: Mapping[str, Any]) -> Iterable[Problem]:
    for index, cidr in enumerate(exposure["cidrs"] or ()):
        try:
            network = ipaddress.ip_network(cidr)
        except ValueError as error:
            exact = _exact(cidr)
            yield Problem(f"cidrs[{index}]", f"this is no address range: {error}", f"Write for example {exact}.", cidr)
            continue
        if str(network) != cidr:
            yield Problem(f"cidrs[{index}]", "AWS takes address/length", f"Write {network}.", cidr)
        if network.version != 4:
            yield Problem(f"cidrs[{index}]", "the load balancer has IPv4 addresses only", "Write an IPv4 range.", cidr)
        elif exposure["public"] and any(network.subnet_of(private) for private in PRIVATE):
            reason = "clients come from the internet (`public`), where nobody has such an address"
            remedy = "Write the addresses of their NAT gateway, or remove `public`."
            yield Problem(f"cidrs[{index}]", reason, remedy, cidr)
    if len(set(exposure["cidrs"] or ())) < len(exposure["cidrs"] or ()):
        yield Problem("cidrs", "a range stands here twice", "Remove one.", list(exposure["cidrs"]))


@rule(ExposureOptions, "public", "security_groups")
def clients_from_the_internet_are_in_no_group(exposure: Mapping[str, Any]) -> Iterable[Problem]:
    if exposure["public"] and exposure["security_groups"]:
        reason = "members of a group are known by their private addresses, and `public` lets clients come by others"
        yield Problem("security_groups", reason, "Write `cidrs`, or remove `public`.")


def _exact(cidr: str) -> str:
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        return "10.0.0.0/8"


@rule(ExposureOptions, "paths")
def paths_are_paths(exposure: Mapping[str, Any]) -> Iterable[Problem]:
    for index, path in enumerate(exposure["paths"] or ()):
        # Elastic Load Balancing API, PathPatternConditionConfig.
        if not re.fullmatch(r"/[A-Za-z0-9_.$/~\"'@:+&*?-]{0,127}", path):
            reason = "this is no path of 128 characters at most that begins with a slash"
            yield Problem(f"paths[{index}]", reason, "Write for example /v1/chat/completions.", path)
    wildcards = sum(path.count(each) for path in exposure["paths"] or () for each in "*?")
    if wildcards > _MOST_WILDCARDS:
        reason = f"there are {wildcards} `*` and `?` in them, and a rule of a load balancer takes {_MOST_WILDCARDS}"
        yield Problem("paths", reason, "Write paths out.", list(exposure["paths"]))


def open_side_routes(exposure: Any, server: Any) -> Iterator[Problem]:
    """Which of the given paths would open what is for the server's operator. server: validated `server` of the endpoint."""
    row = known_row(server)
    routes = row.side_routes if row is not None else ()
    for index, pattern in enumerate(exposure.paths or ()):
        opened = [route for route in routes if _opens(pattern, route)]
        if opened and row is not None:
            reason = f"this opens {', '.join(opened)} of {row.title}, which {'is' if len(opened) == 1 else 'are'} for its operator"
            remedy = f"Name the paths that clients need one by one, such as {row.predict_path_template.replace('{model}', '*')}."
            yield Problem(f"exposure.paths[{index}]", reason, remedy, pattern)


def _opens(pattern: str, route: str) -> bool:
    """Whether a pattern takes a path that begins with the route."""
    if "{model}" in route:
        # Below the model's name lie the routes that clients need, too: only the route itself and what is below it count.
        place, parts = route.split("/").index("{model}"), pattern.split("/")
        if len(parts) > place and re.fullmatch(r"[^*?]+", parts[place]) is None:
            parts[place] = "model"
        path = route.replace("{model}", parts[place] if len(parts) > place else "model")
        return fnmatchcase(path, pattern) or "/".join(parts).startswith(f"{path}/")
    literal = re.split(r"[*?]", pattern)[0]
    return (
        fnmatchcase(route, pattern) or pattern.startswith(route) or (literal != pattern and route.startswith(literal))
    )

"""The firewall before an endpoint, and the record of who asked for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.arns import BUCKET_NAME
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ACCESS_LOG_BUCKET,
    ADDED,
    BUCKET_LIFECYCLE,
    LOAD_BALANCER,
    WEB_ACL,
    WEB_ACL_ASSOCIATION,
)  # fmt: skip
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes

DEFAULT_RATE = 2000
"""Requests of one address in five minutes: seven a second. A round figure to be replaced."""

DEFAULT_ACCESS_LOG_DAYS = 90

DEFAULT_MAX_BODY = 10 * 2**20
"""In bytes."""

MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
"""25, 200 and 700 web ACL capacity units, of 1,500 that are in the price (AWS WAF developer guide, "AWS Managed Rules rule groups list")."""


RATE = Option(at_least=10, at_most=2_000_000_000, lands=(f"{WEB_ACL}.rules",), example=500)
"""Most requests in five minutes, whoever they are counted for (AWS WAF API, RateBasedStatement.Limit)."""


class FirewallOptions(TypedDict):
    """AWS WAF."""

    enabled: NotRequired[
        Annotated[
            bool,
            Option(
                default_text="true when `public`, with `auth.api_keys`, or when something stands below `waf`",
                lands=(f"{ADDED}{WEB_ACL}", f"{ADDED}{WEB_ACL_ASSOCIATION}"),
                example=False,
            ),
        ]
    ]
    """Whether there is a firewall."""

    requests_per_five_minutes: NotRequired[
        Annotated[
            int,
            replace(RATE, default_text=str(DEFAULT_RATE)),
        ]
    ]
    """Most requests of one client address in five minutes; more are answered with 429. Clients behind one gateway count together. With
    `auth.api_keys` each client counts by itself, whatever its addresses."""

    max_body: NotRequired[
        Annotated[
            Bytes,
            Option(default_text="10MiB", at_least=1024, at_most=2**40, lands=(f"{WEB_ACL}.rules",), example="1MiB"),
        ]
    ]
    """Largest body of a request, by the length that its header states; larger ones are answered with 413. A body that is sent without
    a length (chunked) passes, since the firewall itself sees only the first 8 KiB of it."""

    managed_rules: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                default_text=", ".join(MANAGED_RULES),
                at_most=10,
                lands=(f"{WEB_ACL}.rules",),
                example=["AWSManagedRulesKnownBadInputsRuleSet"],
            ),
        ]
    ]
    """Rule groups of AWS, by name, in this order; one that has a price of its own (bots, fraud) is charged for."""

    inspect_body: NotRequired[Annotated[bool, Option(default_text="false", lands=(f"{WEB_ACL}.rules",), example=True)]]
    """Whether the common rules about bodies (scripts, file paths, addresses of metadata) block; otherwise they count. A prompt or a picture may
    well look like an attack, and a model does not execute what it reads. The rule about a body's size counts always: `max_body` is in its place."""


class AccessLogOptions(TypedDict):
    """Access logs of the load balancer, in S3."""

    enabled: NotRequired[
        Annotated[
            bool,
            Option(
                default_text="true when `public` or when something stands below `access_logs`",
                lands=(
                    f"{LOAD_BALANCER}.accessLogs",
                    *ACCESS_LOG_BUCKET,
                ),
                example=False,
            ),
        ]
    ]
    """Whether requests are recorded: time, address, path, answer, durations; no bodies."""

    bucket: NotRequired[
        Annotated[
            Input[str],
            replace(
                BUCKET_NAME,
                pattern_example="acme-access-logs",
                lands=(
                    f"{LOAD_BALANCER}.accessLogs.bucket",
                    *ACCESS_LOG_BUCKET,
                ),
                example="acme-access-logs",
            ),
        ]
    ]
    """An existing bucket in the same region, in place of one that is made. Its policy must let Elastic Load Balancing write."""

    retention_days: NotRequired[
        Annotated[
            int,
            Option(
                default_text=str(DEFAULT_ACCESS_LOG_DAYS),
                at_least=1,
                at_most=3650,
                lands=(f"{BUCKET_LIFECYCLE}.rules",),
                example=365,
            ),
        ]
    ]
    """How long they are kept, in days."""


@rule(FirewallOptions, "enabled", "requests_per_five_minutes", "max_body", "managed_rules", "inspect_body")
def a_firewall_that_is_off_is_not_shaped(waf: Mapping[str, Any]) -> Iterable[Problem]:
    yield from _off(waf, "there is no firewall")


@rule(AccessLogOptions, "enabled", "bucket", "retention_days")
def logs_that_are_off_are_not_shaped(logs: Mapping[str, Any]) -> Iterable[Problem]:
    yield from _off(logs, "requests are not recorded")
    if logs["bucket"] is not None and logs["retention_days"] is not None:
        reason = "an existing bucket (`bucket`) says itself how long it keeps what it holds"
        yield Problem("retention_days", reason, "Remove one of the two.", logs["retention_days"])


def _off(options: Mapping[str, Any], what: str) -> Iterable[Problem]:
    for key, value in options.items():
        if options["enabled"] is False and key != "enabled" and value is not None:
            yield Problem(key, f"{what} while `enabled` is false", "Remove one of the two.", value)


@rule(FirewallOptions, "managed_rules", "inspect_body")
def rule_groups_are_aws_own(waf: Mapping[str, Any]) -> Iterable[Problem]:
    names = MANAGED_RULES if waf["managed_rules"] is None else waf["managed_rules"]
    for index, name in enumerate(names):
        if not name.startswith("AWSManagedRules"):
            reason = "this is no rule group of AWS"
            yield Problem(f"managed_rules[{index}]", reason, f"Write for example {MANAGED_RULES[1]}.", name)
    if len(set(names)) < len(names):
        yield Problem("managed_rules", "a rule group stands here twice", "Remove one.", list(names))
    if waf["inspect_body"] and MANAGED_RULES[2] not in names:
        reason = f"it is about {MANAGED_RULES[2]}, which `managed_rules` does not name"
        yield Problem("inspect_body", reason, "Remove it, or add the rule group.", True)

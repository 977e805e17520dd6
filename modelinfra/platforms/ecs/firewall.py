"""AWS WAF before a load balancer: a limit for each client, a largest body, AWS's own rules, and API keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pulumi_aws as aws
from pulumi import Input

from modelinfra.children import Children
from modelinfra.options.exposure import guarded
from modelinfra.options.firewall import DEFAULT_MAX_BODY, DEFAULT_RATE, MANAGED_RULES
from modelinfra.platforms.ecs.api_keys import HEADER, ApiKey
from modelinfra.platforms.ecs.key_rules import BEFORE_ALL, FIVE_MINUTES, key_rules, let_in, seen_as, without_key

_SIZE_RULE = "SizeRestrictions_BODY"

# Rules that read bodies, by group (AWS WAF developer guide, "AWS Managed Rules rule groups list").
_BODY_RULES = {
    "AWSManagedRulesKnownBadInputsRuleSet": ("JavaDeserializationRCE_BODY", "Log4JRCE_BODY"),
    "AWSManagedRulesCommonRuleSet": (
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    ),
}


def register_firewall(
    children: Children, balancer_arn: Input[str], exposure: Any, api_keys: Sequence[ApiKey] = ()
) -> None:
    """The web ACL and its association, where the exposure has one. api_keys: without one of these nobody comes in; none asked for if empty."""
    if not guarded(exposure):
        return
    acl = aws.wafv2.WebAcl(
        children.named("firewall", "web acl"),
        scope="REGIONAL",
        # Nothing but a known key opens a door that keys lock: whatever happens to the rules, it stays shut.
        default_action={"block": {"custom_response": {"response_code": 401}}} if api_keys else {"allow": {}},
        rules=[*key_rules(api_keys), *_rules(exposure.waf, api_keys), *let_in(api_keys)],
        # Requests that AWS WAF samples would show keys to whoever may look at samples.
        data_protection_config=_hidden(HEADER) if api_keys else None,
        visibility_config=seen_as("firewall"),
        opts=children.opts("firewall"),
    )
    aws.wafv2.WebAclAssociation(
        children.named("firewall"),
        resource_arn=balancer_arn,
        web_acl_arn=acl.arn,
        opts=children.opts("firewall-association"),
    )


def above(most: int) -> str:
    """A regular expression for whole numbers above `most`, as text: AWS WAF compares texts only.

    >>> import re
    >>> [bool(re.match(above(1024), text)) for text in ("1024", "1025", "01025", "99999", "999")]
    [False, True, True, True, False]
    """
    digits = str(most)
    longer = f"[1-9][0-9]{{{len(digits)},}}"
    same = [
        f"{digits[:place]}[{int(digit) + 1}-9]{f'[0-9]{{{len(digits) - place - 1}}}' if place < len(digits) - 1 else ''}"
        for place, digit in enumerate(digits)
        if digit != "9"
    ]
    return f"^0*({'|'.join([longer, *same])})$"


def _rules(waf: Any, api_keys: Sequence[ApiKey]) -> Iterator[aws.wafv2.WebAclRuleArgsDict]:
    limit = waf.requests_per_five_minutes or DEFAULT_RATE
    first = BEFORE_ALL if api_keys else 0
    yield {
        "name": "rate",
        "priority": first,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": limit,
                "evaluation_window_sec": FIVE_MINUTES,
                # A client with a key has a limit of its own.
                **({"scope_down_statement": without_key()} if api_keys else {}),  # type: ignore[typeddict-item]
            }
        },
        "visibility_config": seen_as("rate"),
    }
    yield {
        "name": "body",
        "priority": first + 1,
        "action": {"block": {"custom_response": {"response_code": 413}}},
        "statement": {
            "regex_match_statement": {
                "regex_string": above(waf.max_body or DEFAULT_MAX_BODY),
                "field_to_match": {"single_header": {"name": "content-length"}},
                "text_transformations": [{"priority": 0, "type": "NONE"}],
            }
        },
        "visibility_config": seen_as("body"),
    }
    groups = MANAGED_RULES if waf.managed_rules is None else waf.managed_rules
    for place, name in enumerate(groups):
        yield {
            "name": name,
            "priority": first + 10 + place,
            # The group's own actions hold.
            "override_action": {"none": {}},
            "statement": {"managed_rule_group_statement": _group(name, waf)},
            "visibility_config": seen_as(name),
        }


def _group(name: str, waf: Any) -> aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgsDict:
    sized = [_SIZE_RULE] if name == MANAGED_RULES[2] else []
    counting = [*sized, *(() if waf.inspect_body else _BODY_RULES.get(name, ()))]
    if not counting:
        return {"name": name, "vendor_name": "AWS"}
    return {
        "name": name,
        "vendor_name": "AWS",
        "rule_action_overrides": [{"name": each, "action_to_use": {"count": {}}} for each in counting],
    }


def _hidden(header: str) -> aws.wafv2.WebAclDataProtectionConfigArgsDict:
    field: aws.wafv2.WebAclDataProtectionConfigDataProtectionFieldArgsDict = {
        "field_type": "SINGLE_HEADER",
        "field_keys": [header],
    }
    return {"data_protections": [{"action": "SUBSTITUTION", "field": field}]}

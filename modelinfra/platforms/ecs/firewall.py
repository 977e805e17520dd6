"""AWS WAF before a load balancer: a limit for each client, a largest body, and AWS's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi_aws as aws
from pulumi import Input

from modelinfra.children import Children
from modelinfra.options.exposure import guarded
from modelinfra.options.firewall import DEFAULT_MAX_BODY, DEFAULT_RATE, MANAGED_RULES

_FIVE_MINUTES = 300

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


def register_firewall(children: Children, balancer_arn: Input[str], exposure: Any) -> None:
    """The web ACL and its association, where the exposure has one."""
    if not guarded(exposure):
        return
    acl = aws.wafv2.WebAcl(
        children.named("firewall", "web acl"),
        scope="REGIONAL",
        default_action={"allow": {}},
        rules=list(_rules(exposure.waf)),
        visibility_config=_seen_as("firewall"),
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


def _rules(waf: Any) -> Iterator[aws.wafv2.WebAclRuleArgsDict]:
    limit = waf.requests_per_five_minutes or DEFAULT_RATE
    yield {
        "name": "rate",
        "priority": 0,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": limit,
                "evaluation_window_sec": _FIVE_MINUTES,
            }
        },
        "visibility_config": _seen_as("rate"),
    }
    yield {
        "name": "body",
        "priority": 1,
        "action": {"block": {"custom_response": {"response_code": 413}}},
        "statement": {
            "regex_match_statement": {
                "regex_string": above(waf.max_body or DEFAULT_MAX_BODY),
                "field_to_match": {"single_header": {"name": "content-length"}},
                "text_transformations": [{"priority": 0, "type": "NONE"}],
            }
        },
        "visibility_config": _seen_as("body"),
    }
    groups = MANAGED_RULES if waf.managed_rules is None else waf.managed_rules
    for place, name in enumerate(groups):
        yield {
            "name": name,
            "priority": 10 + place,
            # The group's own actions hold.
            "override_action": {"none": {}},
            "statement": {"managed_rule_group_statement": _group(name, waf)},
            "visibility_config": _seen_as(name),
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


def _seen_as(metric: str) -> Any:
    return {"metric_name": metric, "cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True}

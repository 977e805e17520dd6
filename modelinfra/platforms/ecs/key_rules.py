"""Rules of a web ACL that know clients by their API keys.

A rule for each client recognises its keys, labels the request and tells the server who asks, and decides nothing. Then come the
client's limit, the rules that hold for everybody (a body's size, AWS's groups), and last the one that lets labelled requests in.
Who has no label meets the default action: 401.

Where models are tenants', each client is let in by a rule of its own that names the paths which it may ask for, letter by letter: whatever else
a server would take for the same path is none of them. Who has a label and asks for another path is answered with 403.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pulumi_aws as aws
from pulumi import Input

from modelinfra.platforms.ecs.api_keys import HEADER, ApiKey

FIVE_MINUTES = 300

# Priorities: clients are recognised, limited, held to everybody's rules, and let in. There are fewer than a hundred of each.
_LIMITS, BEFORE_ALL, _LAST, _ELSEWHERE = 100, 200, 900, 999

_LABELS = "client:"

CLIENT_HEADER = "client"
"""The server reads it as `x-amzn-waf-client`; one that a client sends itself is overwritten (AWS WAF developer guide, "Custom request header
insertions")."""


def key_rules(api_keys: Sequence[ApiKey]) -> Iterator[aws.wafv2.WebAclRuleArgsDict]:
    """What recognises each client, and its limit."""
    for place, key in enumerate(api_keys):
        name = f"key-{key.client}"
        header: Any = {"name": CLIENT_HEADER, "value": key.client}
        yield {
            "name": name,
            "priority": place,
            "action": {"count": {"custom_request_handling": {"insert_headers": [header]}}},
            "statement": _one_of(key),
            "rule_labels": [{"name": f"{_LABELS}{key.client}"}],
            "visibility_config": seen_as(name),
        }
    for place, key in enumerate(api_keys):
        name = f"limit-{key.client}"
        yield {
            "name": name,
            "priority": _LIMITS + place,
            "action": {"block": {"custom_response": {"response_code": 429}}},
            "statement": {
                "rate_based_statement": {
                    "aggregate_key_type": "CONSTANT",
                    "limit": key.limit,
                    "evaluation_window_sec": FIVE_MINUTES,
                    "scope_down_statement": {
                        "label_match_statement": {"scope": "LABEL", "key": f"{_LABELS}{key.client}"}
                    },
                }
            },
            "visibility_config": seen_as(name),
        }


def let_in(api_keys: Sequence[ApiKey]) -> Iterator[aws.wafv2.WebAclRuleArgsDict]:
    """The only rules that let anybody in, where keys are asked for."""
    if any(key.paths is not None for key in api_keys):
        yield from _each_to_its_paths(api_keys)
    elif api_keys:
        yield {
            "name": "let-in",
            "priority": _LAST,
            "action": {"allow": {}},
            "statement": {"label_match_statement": {"scope": "NAMESPACE", "key": _LABELS}},
            "visibility_config": seen_as("let-in"),
        }


def _each_to_its_paths(api_keys: Sequence[ApiKey]) -> Iterator[aws.wafv2.WebAclRuleArgsDict]:
    for place, key in enumerate(api_keys):
        name = f"let-in-{key.client}"
        labelled: aws.wafv2.WebAclRuleStatementArgsDict = {
            "label_match_statement": {"scope": "LABEL", "key": f"{_LABELS}{key.client}"}
        }
        if not key.paths:
            continue
        yield {
            "name": name,
            "priority": _LAST + place,
            "action": {"allow": {}},
            "statement": {"and_statement": {"statements": [labelled, _any_of([_path(each) for each in key.paths])]}},
            "visibility_config": seen_as(name),
        }
    yield {
        "name": "elsewhere",
        "priority": _ELSEWHERE,
        "action": {"block": {"custom_response": {"response_code": 403}}},
        "statement": {"label_match_statement": {"scope": "NAMESPACE", "key": _LABELS}},
        "visibility_config": seen_as("elsewhere"),
    }


def _path(path: str) -> aws.wafv2.WebAclRuleStatementArgsDict:
    return {
        "byte_match_statement": {
            "field_to_match": {"uri_path": {}},
            "positional_constraint": "EXACTLY",
            "search_string": path,
            "text_transformations": [{"priority": 0, "type": "NONE"}],
        }
    }


def without_key() -> aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgsDict:
    """Requests that no client's key came with."""
    return {"not_statement": {"statement": {"label_match_statement": {"scope": "NAMESPACE", "key": _LABELS}}}}


def seen_as(metric: str) -> Any:
    """Under which name a rule is counted."""
    return {"metric_name": metric, "cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True}


def _one_of(key: ApiKey) -> aws.wafv2.WebAclRuleStatementArgsDict:
    return _any_of([_match(digest) for digest in key.digests])


def _any_of(
    statements: Sequence[aws.wafv2.WebAclRuleStatementArgsDict],
) -> aws.wafv2.WebAclRuleStatementArgsDict:
    return statements[0] if len(statements) == 1 else {"or_statement": {"statements": list(statements)}}


def _match(digest: Input[str]) -> aws.wafv2.WebAclRuleStatementArgsDict:
    return {
        "byte_match_statement": {
            "field_to_match": {"single_header": {"name": HEADER}},
            "positional_constraint": "EXACTLY",
            "search_string": digest,
            "text_transformations": [{"priority": 0, "type": "MD5"}],
        }
    }

"""Whether an update takes away what is in use."""

from __future__ import annotations

import re
from typing import Final

from modelinfra.graph.model import Node
from modelinfra.policies.readiness.sagemaker import CONFIGURATION, ENDPOINT
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View

_HASH: Final = re.compile(r"(?=.*\d)[0-9a-f]{6,}$")
"""How a name ends that changes with its content."""


def _given_by_pulumi(node: Node, name: str) -> bool:
    # A preview and a state hold the name that the provider made up: the resource's, and seven random digits.
    return re.fullmatch(re.escape(node.name) + "-[0-9a-f]{7}", name) is not None


def _taken_away(view: View) -> Found:
    used = {
        configuration.urn
        for endpoint in view.all(ENDPOINT)
        if (configuration := view.target(endpoint, "endpointConfigName", CONFIGURATION)) is not None
    }
    for node, given in view.each(CONFIGURATION):
        name = given.get("name")
        if node.urn not in used:
            continue
        if node.delete_before_replace:
            yield node, "it is deleted before its successor is there, and the endpoint stands on it"
        elif isinstance(name, str) and not _HASH.search(name) and not _given_by_pulumi(node, name):
            yield node, f"its name {name} is fixed, so that a change deletes it first, and the endpoint stands on it"


RULES = (
    Rule(
        "ready-sagemaker-config-kept",
        "An endpoint configuration is replaced by one of another name, and deleted when the endpoint has left it",
        "facts demand.md section 1 row 4 (terraform-provider-aws#48997); a fixed name cannot be there twice, so Pulumi deletes first",
        "Leave the name to Pulumi, or end it with a hash of the content, and do not write deleteBeforeReplace.",
        _taken_away,
        "medium",
    ),
)

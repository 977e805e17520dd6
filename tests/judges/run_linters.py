"""Runs cfn-lint and parliament in their own environment (`make judge` makes it): a JSON request comes in, findings go out.

This file is run by that environment's Python and imports nothing of the project.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import Any


def cfn_lint(templates: dict[str, Any], region: str) -> dict[str, list[dict[str, Any]]]:
    """Template name -> what cfn-lint finds: rule, message, and the resource."""
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    found = {}
    for name, template in templates.items():
        # Warnings are about templates written by hand: values in place of references.
        matches = lint(json.dumps(template), config=ManualArgs(regions=[region], ignore_checks=["W", "I"]))
        found[name] = [
            {
                "rule": match.rule.id,
                "message": match.message,
                "resource": next((str(part) for part in (match.path or [])[1:2]), ""),
            }
            for match in matches
        ]
    return found


def parliament(documents: dict[str, str]) -> dict[str, list[str]]:
    """Document name -> what parliament finds."""
    from parliament import analyze_policy_string

    found = {}
    for name, document in documents.items():
        findings = analyze_policy_string(document).findings
        found[name] = [f"{each.issue}: {each.detail or ''} {each.location or ''}" for each in findings]
    return found


def main() -> None:
    """Answer one request."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)
    answer: Any = (
        cfn_lint(request["templates"], request["region"])
        if "templates" in request
        else parliament(request["documents"])
    )
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

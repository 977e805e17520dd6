"""The rules of `modelinfra check`, for `pulumi preview --policy-pack policy-pack`: high ones are mandatory, the others advisory."""

import os

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)

from modelinfra.policies.pack import Collected, report, rules

PRODUCTION = os.environ.get("MODELINFRA_PRODUCTION", "") == "true"

collected = Collected()


def policy(rule):
    """One rule as a policy over the whole stack."""

    def validate(stack, say):
        report(collected.graph(stack.resources), rule, say, production=PRODUCTION)

    return StackValidationPolicy(
        name=rule.id,
        description=f"{rule.fact}.",
        enforcement_level=EnforcementLevel.MANDATORY if rule.severity == "high" else EnforcementLevel.ADVISORY,
        validate=validate,
        severity=Severity(rule.severity),
        remediation_steps=rule.remedy,
    )


def collect(resource, _say):
    """Finds nothing: inputs are told resource by resource, and rules need all of them."""
    collected.add(resource)


PolicyPack(
    name="modelinfra",
    policies=[
        ResourceValidationPolicy(
            name="collect-inputs",
            description="Keeps the inputs of each resource for the rules over the whole stack.",
            enforcement_level=EnforcementLevel.ADVISORY,
            validate=collect,
        ),
        *(policy(rule) for rule in rules()),
    ],
)

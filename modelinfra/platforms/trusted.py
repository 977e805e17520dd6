"""Which service may take a role, on behalf of the account that it is made in."""

from __future__ import annotations

import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.iam import trust


def trusted(children: Children, service: str) -> Output[str]:
    """The policy of a child's role that says so (`iam.trust`). service: as AWS calls it, for example `ecs-tasks.amazonaws.com`."""
    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    return account.apply(lambda found: trust(service, found))

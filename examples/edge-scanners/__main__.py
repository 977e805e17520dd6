"""Makes real what `Pulumi.<stack>.yaml` declares."""

import pulumi

from modelinfra import Environment

environment = Environment.from_config()

pulumi.export("gatewayUrls", environment.gateway_urls)
# The secret with the claim; who enrols scanners gets the right to read it.
pulumi.export("claimSecretArn", environment.edge_fleets["scanners"].claim_secret_arn)

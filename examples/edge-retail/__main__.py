"""Makes real what `Pulumi.<stack>.yaml` declares."""

import pulumi

from modelinfra import Environment

environment = Environment.from_config()

pulumi.export("gatewayUrls", environment.gateway_urls)
# Fleet -> ring -> the secret with the code that lets devices in; who enrols devices gets the right to read them.
pulumi.export(
    "activationSecretArns", {name: fleet.activation_secret_arns for name, fleet in environment.edge_fleets.items()}
)

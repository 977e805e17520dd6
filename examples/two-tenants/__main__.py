"""Makes real what `Pulumi.<stack>.yaml` declares."""

import pulumi

from modelinfra import Environment

environment = Environment.from_config()

pulumi.export("predictUrls", environment.predict_urls)
# Endpoint -> client -> generation -> the secret with the key; who runs a client gets the right to read that one.
pulumi.export("apiKeySecretArns", environment.api_key_secret_arns)

"""Makes real what `Pulumi.<stack>.yaml` declares."""

import pulumi

from modelinfra import Environment

environment = Environment.from_config()

pulumi.export("urls", environment.urls)
pulumi.export("predictUrls", environment.predict_urls)
pulumi.export("apiKeySecretArns", environment.api_key_secret_arns)

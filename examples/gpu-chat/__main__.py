"""Makes real what `Pulumi.<stack>.yaml` declares."""

import pulumi

from modelinfra import Environment

environment = Environment.from_config()

pulumi.export("url", environment.urls["chat"])
pulumi.export("predictUrl", environment.predict_urls["chat"])

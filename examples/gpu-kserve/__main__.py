"""Makes real what `Pulumi.<stack>.yaml` declares."""

import pulumi

from modelinfra import Environment

environment = Environment.from_config()

pulumi.export("predictUrls", environment.predict_urls)
pulumi.export("kubeconfig", environment.kubeconfigs["k8s"])

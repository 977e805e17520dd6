"""Makes real what `Pulumi.<stack>.yaml` declares."""

from modelinfra import Environment

Environment.from_config()

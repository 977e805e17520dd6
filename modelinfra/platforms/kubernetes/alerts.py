"""Whom Alertmanager tells of the alarms of a namespace: an AlertmanagerConfig. Pure data.

The operator adds to each route that an alarm must be of the object's own namespace (`OnNamespace`, its default), which every alarm says of itself.
"""

from __future__ import annotations

from typing import Any


def alertmanager_config(alerts: Any, of: str = "endpoint") -> dict[str, Any]:
    """Spec of it. alerts: validated options. of: the label that says whose alarm one is."""
    receiver: dict[str, Any] = {"name": f"{of}s"}
    if alerts.webhook is not None:
        secret, _, key = alerts.webhook.partition("/")
        receiver["webhookConfigs"] = [{"sendResolved": True, "urlSecret": {"name": secret, "key": key}}]
    if alerts.topic_arn is not None:
        # Without keys: whatever role the service account of Alertmanager has.
        region = alerts.topic_arn.split(":")[3]
        receiver["snsConfigs"] = [{"sendResolved": True, "topicARN": alerts.topic_arn, "sigv4": {"region": region}}]
    return {
        "route": {
            "receiver": receiver["name"],
            "groupBy": [of, "alertname"],
            "groupWait": "30s",
            "groupInterval": "5m",
            "repeatInterval": "12h",
            "matchers": [{"name": of, "matchType": "=~", "value": ".+"}],
        },
        "receivers": [receiver],
    }

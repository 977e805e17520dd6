"""Environments without a mistake, as rich as the options allow."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from modelinfra.graph.model import Graph
from tests.making import LONG, SECRET, captured, write_model

_SECOND = {
    "server": "mlserver",
    "model": "model",
    "path": "/second",
    "spot": True,
    "ephemeralStorage": "40GiB",
    "architecture": "arm64",
    "scaling": {"min": 1, "max": 3, "cpuPercent": 50, "memoryPercent": 70},
}
_KEY = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_ARTIFACT = f"oci://123456789012.dkr.ecr.us-west-2.amazonaws.com/models/digits@sha256:{'a' * 64}"
_ZONE = "Z0123456789ABCDEFGHIJ"
_WAITING = {"namespace": "Acme/Third", "name": "Waiting", "dimensions": {"Service": "third"}}
_EVERY_WAY: dict[str, Any] = {
    "max": 8,
    "concurrency": 4,
    "p95LatencyMs": 250,
    "metrics": {"waiting": {**_WAITING, "targetPerReplica": 3}, "cache": {**_WAITING, "name": "Cache", "target": 0.8}},
    "steps": {"rush": {**_WAITING, "add": [{"above": 20, "replicas": 1}, {"above": 100, "replicas": 4}]}},
    "schedule": {
        "day": {"at": "cron(0 8 ? * MON-FRI *)", "timezone": "Europe/Vienna", "min": 4},
        "night": {"at": "cron(0 20 ? * MON-FRI *)", "timezone": "Europe/Vienna"},
    },
}
_RICH: dict[str, Any] = {
    "network": {"zones": 2, "nat": "single", "flowLogs": {}},
    "platforms": {"web": {"type": "ecs"}},
    "endpoints": {
        "iris": {
            "server": "mlserver",
            "model": "model",
            "environment": {"LOG_LEVEL": "info"},
            "secrets": {"TOKEN": SECRET, "KEY": "arn:aws:ssm:us-west-2:123456789012:parameter/key"},
            "scaling": {"min": 2, "max": 10, "requestsPerSecondPerReplica": 50},
        },
        "second": _SECOND,
        "third": {
            "server": "mlserver",
            "model": "model",
            "loadBalancer": "own",
            "stopTimeout": "90s",
            "scaling": _EVERY_WAY,
        },
    },
}
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "rich": _RICH,
    "private": {**_RICH, "network": {"nat": "none", "zones": 2}, "platforms": {"web": {"type": "ecs", "exec": True}}},
    "fetched": {
        "network": {"nat": "none"},
        "platforms": {"web": {"type": "ecs"}},
        "endpoints": {
            "bucket": {
                "server": "mlserver",
                "model": {"uri": "s3://acme-models/digits/7", "size": "1GiB", "kmsKeyArn": _KEY},
            },
            "artifact": {
                "server": "mlserver",
                "model": {"uri": _ARTIFACT, "size": "30GiB"},
                "memory": "60GiB",
                "cpu": 8,
            },
        },
    },
    "doors": {
        "network": {"nat": "none"},
        "platforms": {"web": {"type": "ecs", "sharedLoadBalancer": False}},
        "endpoints": {
            "callers": {
                "server": "mlserver",
                "model": "model",
                "longestRequest": "30s",
                "exposure": {
                    "domain": "callers.example.com",
                    "hostedZoneId": _ZONE,
                    "gateway": {"auth": {"iam": {"principals": ["210987654321"]}}},
                    "privateLink": {"principals": ["210987654321"], "acceptanceRequired": False},
                },
            },
            "devices": {
                "server": "mlserver",
                "model": "model",
                "longestRequest": "30s",
                "exposure": {
                    "gateway": {
                        "auth": {"mtls": {"caBundle": "s3://acme-pki/devices.pem"}},
                        "domain": "devices.example.com",
                        "hostedZoneId": _ZONE,
                    },
                },
            },
        },
    },
    "hub": {
        "network": {"nat": "single"},
        "platforms": {"web": {"type": "ecs"}},
        "endpoints": {
            "hub": {
                "server": "mlserver",
                "model": {"uri": f"hf://acme/digits@{'a' * 40}", "size": "1GiB", "token": SECRET},
            },
            "baked": {"server": "mlserver", "model": {"uri": "https://models.acme.ai/digits.zip", "delivery": "baked"}},
        },
    },
    "tenants": {
        "network": {"nat": "none"},
        "platforms": {"web": {"type": "ecs", "exec": True}},
        "tenants": {"acme": {"modelPrefix": "s3://models/acme/"}, "bolt": {"modelPrefix": "s3://models/bolt/"}},
        "endpoints": {
            name: {
                "tenant": name,
                "server": "mlserver",
                "model": {"uri": f"s3://models/{name}/digits/7", "size": "1GiB"},
                "secrets": {"TOKEN": f"arn:aws:secretsmanager:us-west-2:123456789012:secret:{name}-AbCdEf"},
            }
            for name in ("acme", "bolt")
        },
    },
    "wide": {
        **_RICH,
        "production": True,
        "network": {"nat": "per-zone", "zones": 3, "secondaryCidr": "100.64.0.0/16", "flowLogs": {"retentionDays": 90}},
    },
}


def good(base: str, root: Path, **options: Any) -> Graph:
    """The graph of a good environment."""
    write_model(root / "model")
    environment = json.dumps(copy.deepcopy(ENVIRONMENTS[base]))
    config = {"aws:region": "us-west-2", "modelinfra:environment": environment}
    return captured(_program, root, config=config, **options)


def good_with_long_names(root: Path) -> Graph:
    """The rich environment under a stack's longest likely name."""
    return good("rich", root, stack=LONG)


def _program() -> None:
    from modelinfra import Environment

    Environment.from_config()

"""The environment that the walk over all options edits, one option at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelinfra.options.declare import UNSET, Option, declared, is_declaration
from modelinfra.options.environment import EnvironmentOptions, KubernetesPlatformOptions
from modelinfra.options.wording import spelled

MODEL = "model"
ENDPOINT = {
    "server": "mlserver",
    "model": MODEL,
    "environment": {"LOG_LEVEL": "info"},
    "secrets": {"TOKEN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:token-AbCdEf"},
    "scaling": {"min": 2, "max": 10, "requestsPerSecondPerReplica": 50},
}
ENVIRONMENT: dict[str, Any] = {
    "network": {"flowLogs": {}},
    "platforms": {"web": {"type": "ecs"}},
    "endpoints": {"iris": ENDPOINT},
}

CLUSTER = "platforms.k8s"
KUBERNETES: dict[str, Any] = {
    "platforms": {
        "k8s": {
            "type": "kubernetes",
            "cluster": {"context": "models"},
            "gateway": {"name": "inference", "namespace": "gateways", "url": "https://models.acme.ai"},
            "prometheus": {"url": "http://prometheus.monitoring:9090"},
        }
    },
    "endpoints": {
        "iris": {
            "server": "llama-cpp",
            "model": {"uri": f"hf://acme/iris@{'a' * 40}", "file": "iris.gguf", "size": "1GiB"},
            "environment": {"LOG_LEVEL": "info"},
            "scaling": {"min": 2, "max": 10, "cpuPercent": 60},
        }
    },
}
"""What is edited of options that land on Kubernetes."""

TOPIC = "arn:aws:sns:us-west-2:123456789012:alarms"
WATCHING = {"url": "http://prometheus.monitoring:9090", "operator": True, "grafana": True, "envoyGateway": True}
"""A Prometheus that sees everything, also what a server does not count."""

ROLLOUT = "endpoints.iris.rollout"
CHECKS = f"{ROLLOUT}.checks"
SLO = "endpoints.iris.slo"
QUEUE = "endpoints.iris.queue"

# Where a key of a mapping is edited, when it is below a name of the user's.
SCALING = "endpoints.iris.scaling"
METRICS, STEPS, SCHEDULE = f"{SCALING}.metrics", f"{SCALING}.steps", f"{SCALING}.schedule"
NAMES = {
    "platforms": "web",
    f"{CLUSTER}.accelerators": "A10G",
    "inferenceGraphs": "both",
    "inferenceGraphs.both.nodes": "root",
    "endpoints": "iris",
    "gpuNodePools": "a10g",
    "endpoints.iris.revisions": "candidate",
    "endpoints.iris.exposure.auth.apiKeys": "orders",
    "endpoints.iris.models": "fraud",
    METRICS: "waiting",
    STEPS: "rush",
    CHECKS: "known",
    SCHEDULE: "day",
    "tenants": "acme",
    "edgeFleets": "stores",
    "edgeFleets.stores.rings": "0",
    "edgeFleets.stores.revisions": "candidate",
}

TENANTS: dict[str, Any] = {"tenants": {"acme": {}, "bolt": {}}}

EXPOSED: dict[str, Any] = {
    "domain": "iris.example.com",
    "hostedZoneId": "Z0123456789ABCDEFGHIJ",
    "auth": {"cognito": {}},
    "waf": {"enabled": True},
    "accessLogs": {"enabled": True},
}

# What must stand there, too, for an edit to make sense, before and after it.
_WAITING = {"namespace": "Acme/Iris", "name": "QueuedRequests", "dimensions": {"Service": "iris"}}
_BOTH_WAYS = {"add": [{"above": 10, "replicas": 2}], "remove": [{"below": 1, "replicas": 1}]}
CONTEXT: dict[str, dict[str, Any]] = {
    f"{METRICS}.waiting.targetPerReplica": {METRICS: {"waiting": {**_WAITING, "targetPerReplica": 5}}},
    f"{STEPS}.rush.remove": {SCALING: {"min": 2, "max": 10, "steps": {"rush": {**_WAITING, **_BOTH_WAYS}}}},
    "gpuNodePools.a10g.onDemandBase": {"gpuNodePools.a10g.spot": True},
    "gpuNodePools.a10g.gpuMetrics": {
        "gpuNodePools.a10g": {"accelerator": {"name": "A10G", "count": 1}, "maxNodes": 20},
        "endpoints.iris.accelerator": {"name": "A10G"},
    },
    "endpoints.iris.nodePool": {
        "gpuNodePools.a10g": {"accelerator": {"name": "A10G", "count": 1}, "maxNodes": 20},
        "gpuNodePools.second": {"accelerator": {"name": "A10G", "count": 1}, "maxNodes": 20},
        "endpoints.iris.accelerator": {"name": "A10G"},
        "endpoints.iris.nodePool": "a10g",
    },
    "endpoints.iris.mode": {"endpoints.iris.scaling": {"min": 2, "max": 10}},
    "endpoints.iris.slo.oldestMessage": {
        "endpoints.iris.mode": "async",
        "endpoints.iris.scaling": {"min": 2, "max": 10},
        "endpoints.iris.slo": {"oldestMessage": "10m"},
    },
    "endpoints.iris.scaling.backlogPerReplica": {
        "endpoints.iris.mode": "async",
        "endpoints.iris.scaling": {"min": 0, "max": 10},
    },
    "endpoints.iris.queue.bucket": {"endpoints.iris.queue": {}},
    "endpoints.iris.queue.inputKmsKeyArn": {"endpoints.iris.queue": {"inputs": ["s3://acme-photos/incoming/"]}},
    "platforms.web.sharedLoadBalancer": {"endpoints.iris.loadBalancer": "own"},
    "network.interfaceEndpoints": {"network.interfaceEndpoints": ["ecr.api", "ecr.dkr", "logs"]},
    "platforms.web.listenerArn": {
        "network": {
            "vpc": {
                "id": "vpc-0123456789abcdef0",
                "privateSubnetIds": ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"],
                "cidr": "10.0.0.0/16",
            }
        }
    },
    "network.flowLogs": {"network.flowLogs": None},
    "endpoints.iris.model.token": {"endpoints.iris.model": {"uri": f"hf://acme/iris@{'a' * 40}", "size": "1GiB"}},
    "endpoints.iris.rollout.strategy": {ROLLOUT: {}},
    f"{CHECKS}.known.bodyFile": {CHECKS: {"known": {"path": "/score"}}},
    "endpoints.iris.exposure.grpc": {"endpoints.iris.exposure.auth": None},
    "endpoints.iris.exposure.gateway": {
        "endpoints.iris.longestRequest": "30s",
        "endpoints.iris.exposure": {"paths": ["/v2/models/iris/infer"]},
    },
    "endpoints.iris.exposure.privateLink": {
        "endpoints.iris.exposure": {"domain": "iris.example.com", "hostedZoneId": "Z0123456789ABCDEFGHIJ"}
    },
    "endpoints.iris.traffic": {"endpoints.iris.revisions": {"candidate": {"cpu": 2}}},
    "endpoints.iris.stickiness": {"endpoints.iris.revisions": {"candidate": {"cpu": 2}}},
    "endpoints.iris.exposure.auth.mtls.trustStoreArn": {
        "endpoints.iris.exposure.auth": {
            "mtls": {
                "trustStoreArn": "arn:aws:elasticloadbalancing:us-west-2:123456789012:truststore/before/1234567890abcdef"
            }
        }
    },
    "endpoints.iris.exposure.auth.apiKeys": {"endpoints.iris.exposure.auth": {"apiKeys": {"orders": {}}}},
    "edgeFleets.stores.logs.findingsGroupArn": {"edgeFleets.stores.logs": {"masked": ["EmailAddress"]}},
    "endpoints.iris.tenant": TENANTS | {"endpoints.iris.tenant": "acme"},
    "platforms.web.tenant": TENANTS | {"platforms.web.tenant": "acme", "endpoints": {}},
    "gpuNodePools.a10g.tenant": TENANTS | {"gpuNodePools.a10g.tenant": "acme"},
    "endpoints.iris.exposure.cidrs": {"endpoints.iris.exposure.securityGroups": {"orders": "sg-0123456789abcdef1"}},
    "endpoints.iris.exposure.securityGroups": {"endpoints.iris.exposure.cidrs": ["192.0.2.0/24"]},
    "endpoints.iris.logs.findingsGroupArn": {"endpoints.iris.logs": {"masked": ["EmailAddress"]}},
    "endpoints.iris.tracing.headers": {"endpoints.iris.tracing": {"to": "https://otlp.example.com"}},
    "endpoints.iris.model.kmsKeyArn": {"endpoints.iris.model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}},
    "endpoints.iris.models.fraud.token": {
        "endpoints.iris.models": {"fraud": {"uri": f"hf://acme/iris@{'a' * 40}", "size": "1GiB"}}
    },
    "endpoints.iris.models.fraud.tenant": {
        **TENANTS,
        "endpoints.iris.models": {
            "fraud": {"uri": "s3://acme-models/fraud/7", "tenant": "acme"},
            "spam": {"uri": "s3://acme-models/spam/3", "tenant": "acme"},
        },
        "endpoints.iris.exposure": {**EXPOSED, "auth": {"apiKeys": {"acme": {}, "bolt": {}}}},
    },
    "endpoints.iris.revisions.candidate.model.token": {
        "endpoints.iris.revisions.candidate.model": {"uri": f"hf://acme/iris@{'a' * 40}", "size": "1GiB"}
    },
    "endpoints.iris.revisions.candidate.model.kmsKeyArn": {
        "endpoints.iris.revisions.candidate.model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}
    },
}

# What the rules refuse at this place, with a message of their own: revisions belong to synchronous endpoints.
# `capacity` decides which of its neighbours may stand there, `maxNodes` first: tests/platforms/test_managed_instances.py.
# What pools say on EKS alone: tests/platforms/test_eks_gpu.py.
_ON_EKS = ("efa", "imageSnapshotId", "instanceStore", "machineImage", "parallelPull", "reservation", "sharing")
REFUSED = {"endpoints.iris.revisions.candidate.scaling.backlogPerReplica", "gpuNodePools.a10g.capacity"}
REFUSED_BELOW = tuple(f"gpuNodePools.a10g.{each}" for each in _ON_EKS)

POOL = "gpuNodePools.a10g"
ACCELERATOR = "endpoints.iris.accelerator"
A10G: dict[str, Any] = {"name": "A10G", "count": 1}
A10GS: dict[str, Any] = {"name": "A10G", "count": 4}

EXPOSURE = "endpoints.iris.exposure"
AUTH = f"{EXPOSURE}.auth"
_LOGIN = "https://login.example.com"
JWT: dict[str, Any] = {"issuer": _LOGIN, "jwksUrl": f"{_LOGIN}/jwks"}
OIDC: dict[str, Any] = {
    "issuer": _LOGIN,
    "authorizationUrl": f"{_LOGIN}/authorize",
    "tokenUrl": f"{_LOGIN}/token",
    "userInfoUrl": f"{_LOGIN}/userinfo",
    "clientId": "iris",
    "clientSecretArn": "arn:aws:secretsmanager:us-west-2:123456789012:secret:client-AbCdEf",
}
_ZONE = "Z0123456789ABCDEFGHIJ"
GATEWAY = f"{EXPOSURE}.gateway"
# Without the endpoint's own certificate and firewall: what a gateway changes there would be another option's.
BEHIND_GATEWAY: dict[str, Any] = {
    "domain": "api.example.com",
    "hostedZoneId": _ZONE,
    "auth": {"jwt": {"issuer": _LOGIN, "audiences": ["iris"]}},
}
ASKED = "endpoints.iris.longestRequest"

REVISION = "endpoints.iris.revisions.candidate"
DIVIDED: dict[str, Any] = {REVISION: {"environment": {"SEED": "1"}, "scaling": ENDPOINT["scaling"]}}

# A revision scales by the options by which its endpoint does: what stands below names of the user's is walked there.
_WALKED_ONCE = tuple(f"{REVISION}.scaling.{each}" for each in ("metrics", "steps", "schedule"))

# The same options as those of the components, which walk them: tests/platforms/test_eks_options.py and test_kserve.py.
_WALKED_THERE = (f"{CLUSTER}.cluster.eks", f"{CLUSTER}.kserve")
FLEET = "edgeFleets.stores"
# What a fleet serves is said in the words of endpoints, and walked there.
_WALKED_ONCE += (f"{FLEET}.server", f"{FLEET}.model", f"{FLEET}.revisions.candidate.model")
ON_DEVICES: dict[str, Any] = {key: ENDPOINT[key] for key in ("server", "model", "environment", "secrets")}
ON_GREENGRASS: dict[str, Any] = {
    "runtime": "greengrass",
    **{key: ENDPOINT[key] for key in ("server", "model", "environment")},
}
CONTEXT[f"{FLEET}.claim"] = {FLEET: ON_GREENGRASS}

ROUTED: dict[str, Any] = {
    FLEET: {**ON_DEVICES, "fallback": "iris"},
    ASKED: "30s",
    EXPOSURE: {"gateway": {"auth": {"iam": {}}}, "paths": ["/v2/models/iris/infer"]},
}
WATCHED: dict[str, Any] = {**ROUTED, FLEET: {**ROUTED[FLEET], "alarmTopicArn": TOPIC}}
_TOKEN = {"tokenFile": "/etc/acme/device/token"}
BEARER: dict[str, Any] = {
    **ROUTED,
    FLEET: {**ROUTED[FLEET], "router": {"auth": _TOKEN}},
    EXPOSURE: {"gateway": BEHIND_GATEWAY, "paths": ["/v2/models/iris/infer"]},
}
_PAIR = {"certificate": "/etc/acme/device/device.pem", "key": "/etc/acme/device/key.pem"}
_CERTIFIED = {**BEHIND_GATEWAY, "auth": {"mtls": {"caBundle": "s3://acme-pki/devices.pem"}}}
CERTIFIED: dict[str, Any] = {
    **ROUTED,
    FLEET: {**ROUTED[FLEET], "router": {"auth": _PAIR}},
    EXPOSURE: {"gateway": _CERTIFIED, "paths": ["/v2/models/iris/infer"]},
}
CONTEXT |= {f"{FLEET}.router.auth.{each}": CERTIFIED for each in ("certificate", "key")}
CONTEXT |= {f"{FLEET}.alarmTopicArn": ROUTED, f"{FLEET}.telemetry": WATCHED, f"{FLEET}.dashboard": ROUTED}

SERVER = "endpoints.iris.server"
OWN_SERVER: dict[str, Any] = {
    "image": "registry.example/own:1.2",
    "port": 8000,
    "healthPath": "/health",
    "predictPath": "/predict",
    "command": ["serve"],
    "environment": {"WORKERS": "1"},
}


# The same for all options below a path: what a server of one's own says can be edited where there is one.
BASES: dict[str, dict[str, Any]] = {
    POOL: {POOL: {"accelerator": A10G, "maxNodes": 4}},
    f"{POOL}.gpuMetrics": {f"{POOL}.gpuMetrics": {}},
    ACCELERATOR: {
        POOL: {"accelerator": A10GS, "maxNodes": 20},
        "gpuNodePools.l4": {"accelerator": {"name": "L4", "count": 4}, "maxNodes": 20},
        ACCELERATOR: A10G,
    },
    SERVER: {SERVER: OWN_SERVER},
    "tenants": {
        "tenants": {"acme": {}},
        "endpoints.iris.tenant": "acme",
        EXPOSURE: {**EXPOSED, "auth": {"apiKeys": {"orders": {}}}},
    },
    "endpoints.iris.models": {
        "endpoints.iris.model": None,
        "endpoints.iris.models": {"fraud": {"uri": "s3://acme-models/fraud/7", "size": "1GiB"}},
    },
    REVISION: DIVIDED,
    EXPOSURE: {EXPOSURE: EXPOSED},
    GATEWAY: {ASKED: "30s", EXPOSURE: {"gateway": BEHIND_GATEWAY}},
    f"{GATEWAY}.auth.iam": {f"{GATEWAY}.auth": {"iam": {}}},
    f"{GATEWAY}.auth.mtls": {f"{GATEWAY}.auth": {"mtls": {"caBundle": "s3://acme-pki/devices.pem"}}},
    f"{EXPOSURE}.privateLink": {
        EXPOSURE: {
            "domain": "iris.example.com",
            "hostedZoneId": _ZONE,
            "privateLink": {"principals": ["210987654321"]},
        }
    },
    SLO: {SLO: {"availability": 99.9, "p95LatencyMs": 100, "p99LatencyMs": 500}},
    QUEUE: {QUEUE: {}, "endpoints.iris.mode": "async", "endpoints.iris.scaling": {"min": 0, "max": 10}},
    METRICS: {METRICS: {"waiting": {**_WAITING, "target": 5}}},
    STEPS: {STEPS: {"rush": {**_WAITING, "add": _BOTH_WAYS["add"]}}},
    SCHEDULE: {
        SCHEDULE: {
            "day": {"at": "cron(0 8 ? * MON-FRI *)", "min": 4, "max": 9},
            "night": {"at": "cron(0 20 ? * MON-FRI *)"},
        }
    },
    "endpoints.iris.metrics": {"endpoints.iris.metrics": {}},
    "endpoints.iris.collector": {"endpoints.iris.metrics": {}},
    "endpoints.iris.capture": {"endpoints.iris.capture": {}},
    "endpoints.iris.tracing": {"endpoints.iris.tracing": {"to": "xray"}},
    FLEET: {FLEET: ON_DEVICES},
    f"{FLEET}.router": ROUTED,
    f"{FLEET}.alarms": WATCHED,
    f"{FLEET}.router.auth": BEARER,
    f"{FLEET}.router.offline.sendBetween": {
        f"{FLEET}.router": {"offline": {"sendBetween": {"start": "23:00", "end": "06:00"}}}
    },
    f"{FLEET}.router.confidence": {f"{FLEET}.router": {"confidence": {"output": "p", "least": 0.8}}},
    f"{FLEET}.router.split": {f"{FLEET}.router": {"split": {"at": "conv_9"}}},
    f"{FLEET}.router.samples": {f"{FLEET}.router": {"samples": {"share": 0.01}}},
    f"{FLEET}.claim": {FLEET: {**ON_GREENGRASS, "claim": {"expires": "2027-01-15"}}},
    f"{FLEET}.rollout": {FLEET: ON_GREENGRASS},
    f"{FLEET}.activation": {f"{FLEET}.activation": {"expires": "2027-01-15"}},
    f"{FLEET}.revisions.candidate": {
        f"{FLEET}.rings": [{"name": "canary", "revision": "candidate"}],
        f"{FLEET}.revisions": {"candidate": {"environment": {"LOG_LEVEL": "trace"}}},
    },
    f"{FLEET}.rings": {
        f"{FLEET}.rings": [{"name": "canary", "share": 0.05}, {"name": "rest"}],
        f"{FLEET}.revisions": {"candidate": {"environment": {"SEED": "1"}}},
    },
    "notify": {"notify": {"emails": ["on-call@example.com"]}},
    "notify.slack": {"notify.slack": {"workspaceId": "T0123ABCD", "channelId": "C0123ABCD"}},
    "notify.teams": {
        "notify.teams": {
            "tenantId": "12345678-1234-1234-1234-123456789012",
            "teamId": "12345678-4321-4321-4321-123456789012",
            "channelId": "19%3aab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
        }
    },
    "budget": {
        "tags": {"team": "ml"},
        "notify": {"emails": ["on-call@example.com"]},
        "budget": {"monthlyUsd": 5000},
    },
    ROLLOUT: {ROLLOUT: {"strategy": "canary"}, "endpoints.iris.scaling": {"min": 2, "max": 10}},
    CHECKS: {CHECKS: {"known": {"body": {"instances": [[1, 2, 3, 4]]}}}},
    f"{AUTH}.jwt": {AUTH: {"jwt": JWT}},
    f"{EXPOSURE}.grpc": {AUTH: {"jwt": JWT}, f"{EXPOSURE}.grpc": {}},
    f"{AUTH}.oidc": {AUTH: {"oidc": OIDC}},
    f"{AUTH}.apiKeys": {AUTH: {"apiKeys": {"orders": {"generation": 2}}}},
    f"{AUTH}.mtls": {AUTH: {"mtls": {"caBundle": "s3://acme-pki/devices.pem"}}},
}


_OF_SEVERAL = {**KUBERNETES["endpoints"]["iris"]["scaling"], "concurrency": 4}
_A10G_NODES = {f"{CLUSTER}.accelerators": {"A10G": {"nodeSelector": {"gpu": "a10g"}}}, "endpoints.iris.scaling": {}}

_BUILT = {
    f"{CLUSTER}.registry": {"url": "registry.acme.ai/models"},
    "endpoints.iris.server": "mlserver",
    "endpoints.iris.model": MODEL,
}
_SPACE = "tenants.acme.kubernetes"
_OF_TENANT = {"endpoints.iris.tenant": "acme"}
_SCALED_BESIDE = {"image": f"r.example/beside@sha256:{'0' * 64}", "scaling": {"min": 2, "max": 4}}
_V1_SERVER = {"endpoints.iris.server": "kserve-sklearnserver", "endpoints.iris.model": "s3://acme-models/iris/7"}
_KNATIVE = {f"{CLUSTER}.serving": "kserve-knative", f"{CLUSTER}.prometheus": None}

_CANDIDATE = {"endpoints.iris.revisions": {"candidate": {"cpu": 2}}}

KUBERNETES_BASES: dict[str, dict[str, Any]] = {
    _SPACE: {"tenants": {"acme": {"kubernetes": {"groups": ["acme-ml"], "quota": {"cpu": 64}}}}} | _OF_TENANT,
    f"{CLUSTER}.registry": _BUILT,
    f"{CLUSTER}.tenantCallers": {"tenants": {"acme": {"kubernetes": {}}}} | _OF_TENANT,
    REVISION: {REVISION: {"environment": {"SEED": "1"}, "scaling": KUBERNETES["endpoints"]["iris"]["scaling"]}},
    "endpoints.iris.mirror": {**_CANDIDATE, "endpoints.iris.mirror": {"revision": "candidate"}},
    f"{CLUSTER}.knativeGateway": {**_KNATIVE, "endpoints.iris.scaling": {"min": 0, "max": 2}},
    f"{CLUSTER}.accelerators": {**_A10G_NODES, ACCELERATOR: {"name": "A10G"}},
    f"{CLUSTER}.prometheus.alerts": {
        f"{CLUSTER}.prometheus": WATCHING | {"alerts": {"webhook": "pager/url", "topicArn": TOPIC}}
    },
    SLO: {f"{CLUSTER}.prometheus": WATCHING, SLO: {"availability": 99.9, "p95LatencyMs": 100, "p99LatencyMs": 500}},
    SCHEDULE: {
        SCHEDULE: {"day": {"at": "cron(0 8 ? * MON *)", "min": 3}, "night": {"at": "cron(0 20 ? * FRI *)"}},
    },
    "endpoints.iris.metrics": {f"{CLUSTER}.prometheus": WATCHING, "endpoints.iris.metrics": {}},
    "endpoints.iris.transformer": {"endpoints.iris.transformer": _SCALED_BESIDE},
    "endpoints.iris.explainer": {"endpoints.iris.explainer": _SCALED_BESIDE},
    "endpoints.iris.modelVolume": {"endpoints.iris.modelVolume": {"claim": "weights", "path": "iris/1"}},
    "endpoints.iris.batching": {**_V1_SERVER, "endpoints.iris.batching": {}},
    "endpoints.iris.payloadLogging": {"endpoints.iris.payloadLogging": {"url": "http://payloads.logging"}},
    "inferenceGraphs.both": {
        "inferenceGraphs.both": {
            "nodes": {"root": {"routerType": "Sequence", "steps": [{"endpoint": "iris"}]}},
            "scaling": {"min": 2, "max": 4},
        },
    },
}

_READY = {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "iris", "size": "10MiB"}}
ON_NODES: dict[str, Any] = {
    "runtime": "kubernetes",
    "server": "mlserver",
    "environment": {"LOG_LEVEL": "info"},
    **_READY,
}
_HEAVY = {
    "platform": "web",
    "server": "mlserver",
    "model": MODEL,
    "longestRequest": "30s",
    "exposure": {
        "gateway": {"auth": {"jwt": {"issuer": "https://k3s.acme.ai", "audiences": ["heavy"]}}},
        "paths": ["/v2/models/iris/infer"],
    },
}
# Where pods have roles, with which samples are written.
_IN_EKS: dict[str, Any] = {
    f"{CLUSTER}.cluster": {"eks": {"clusterName": "stores"}},
    f"{CLUSTER}.registry": "ecr",
    "endpoints.heavy.exposure.gateway": {"auth": {"iam": {}}},
}
KUBERNETES_BASES |= {
    FLEET: {FLEET: ON_NODES, "endpoints": {}},
    f"{FLEET}.router": {
        FLEET: {**ON_NODES, "fallback": "heavy"},
        f"{CLUSTER}.registry": {"url": "r.example/models"},
        "platforms.web": {"type": "ecs"},
        "endpoints.heavy": _HEAVY,
    },
    f"{FLEET}.router.confidence": BASES[f"{FLEET}.router.confidence"],
    f"{FLEET}.router.offline.sendBetween": BASES[f"{FLEET}.router.offline.sendBetween"],
    f"{FLEET}.router.samples": _IN_EKS | {f"{FLEET}.router": {"samples": {"share": 0.01}}},
    f"{FLEET}.revisions.candidate": BASES[f"{FLEET}.revisions.candidate"],
    f"{FLEET}.rings": BASES[f"{FLEET}.rings"],
}

# A server that counts requests itself: what the gateway counts is of all revisions together.
_COUNTING = {"endpoints.iris.server": "mlserver", "endpoints.iris.model": "s3://acme-models/iris/7"}
_AT_LISTENER = {**KUBERNETES["platforms"]["k8s"]["gateway"], "listener": "https", "implementation": "envoy-gateway"}
_AT_ISSUER = {**_AT_LISTENER, "clusterIssuer": "letsencrypt"}
_EXPOSURE = "endpoints.iris.exposure"
_OF_TOKENS = {
    "issuer": "https://login.acme.ai",
    "jwksUrl": "https://login.acme.ai/keys",
    "claims": [{"name": "aud", "values": ["iris"]}],
}
_AT_DOMAIN = {f"{CLUSTER}.gateway": _AT_ISSUER, _EXPOSURE: {"domain": "iris.acme.ai"}}
_ASKED = {**_AT_DOMAIN, f"{_EXPOSURE}.auth": {"jwt": _OF_TOKENS}}
_TRITON = {
    "endpoints.iris.server": "triton",
    "endpoints.iris.model": {"uri": f"hf://acme/iris@{'a' * 40}", "size": "1GiB"},
}

KUBERNETES_BASES |= {
    _EXPOSURE: _AT_DOMAIN,
    f"{_EXPOSURE}.auth.jwt": {f"{_EXPOSURE}.auth": {"jwt": _OF_TOKENS}},
    f"{_EXPOSURE}.auth.apiKeys": {f"{_EXPOSURE}.auth": {"apiKeys": {"orders": {"generation": 2}}}},
    f"{_EXPOSURE}.grpc": {**_TRITON, f"{_EXPOSURE}.grpc": {}},
    f"{CLUSTER}.gateway": {},
}

KUBERNETES_CONTEXT: dict[str, dict[str, Any]] = {
    f"{CLUSTER}.registry": _BUILT,
    _SPACE: {"tenants": {"acme": {}}, "endpoints": {}},
    "endpoints.iris.storageSecrets": {"endpoints.iris.storageSecrets": ["others"]},
    f"{_SPACE}.storageSecrets": {f"{_SPACE}.storageSecrets": ["others"]},
    f"{_SPACE}.quota.accelerators": {f"{CLUSTER}.accelerators": {"A10G": {"nodeSelector": {"gpu": "a10g"}}}},
    f"{CLUSTER}.tenantCallers": {"tenants": {"acme": {"kubernetes": {}}}} | _OF_TENANT,
    **{f"{REVISION}.scaling.{key}": _COUNTING for key in ("requestsPerSecondPerReplica", "p95LatencyMs")},
    "endpoints.iris.batching": _V1_SERVER,
    f"{CLUSTER}.gateway.listener": {f"{CLUSTER}.gateway": _AT_LISTENER},
    f"{CLUSTER}.gateway.clusterIssuer": _AT_DOMAIN,
    f"{CLUSTER}.gateway.admittedNamespaces": _ASKED,
    f"{_EXPOSURE}.cidrs": {f"{_EXPOSURE}.cidrs": ["192.0.2.0/24"]},
    f"{_EXPOSURE}.grpc": {**_TRITON, f"{_EXPOSURE}.grpc": None},
    f"{_EXPOSURE}.auth.apiKeys": {f"{_EXPOSURE}.auth": {"apiKeys": {"orders": {}}}},
    f"{CLUSTER}.createNamespace": {f"{CLUSTER}.namespace": "models"},
    f"{FLEET}.createNamespace": {f"{FLEET}.namespace": "tills"},
    f"{CLUSTER}.gateway": {f"{CLUSTER}.gateway": None},
    f"{CLUSTER}.prometheus": {f"{CLUSTER}.prometheus": None},
    f"{CLUSTER}.prometheus.url": {"endpoints.iris.scaling": _OF_SEVERAL},
    f"{CLUSTER}.prometheus.labels": {f"{CLUSTER}.prometheus": WATCHING | {"alerts": {"webhook": "pager/url"}}},
    f"{CLUSTER}.prometheus.envoyGateway": {f"{CLUSTER}.prometheus.operator": True},
    f"{CLUSTER}.prometheus.alerts": {f"{CLUSTER}.prometheus.operator": True},
    **{
        path: {f"{CLUSTER}.prometheus": WATCHING}
        for path in (
            SLO,
            "endpoints.iris.dashboard",
            "endpoints.iris.rollback.errorPercent",
            f"{SCALING}.requestsPerSecondPerReplica",
            f"{SCALING}.p95LatencyMs",
        )
    },
    f"{CLUSTER}.tenant": TENANTS | {f"{CLUSTER}.tenant": "acme", "endpoints": {}},
    "endpoints.iris.traffic": _CANDIDATE,
    "endpoints.iris.mirror": _CANDIDATE,
}


_THERE = ("kubernetes:", "modelinfra:index:KServe")
"""What the types of resources in a cluster have in them."""

_IN_BOTH = f"{FLEET}.router.samples"
"""Makes a bucket in AWS also where its pods are in a cluster: `test_on_eks_the_pods_of_a_ring_have_a_role_of_their_own` asks it."""


@dataclass(frozen=True)
class Edit:
    """One option, and another valid value for it. kubernetes: whether where it lands there is asked, or in AWS."""

    path: str
    option: Option
    kubernetes: bool = False

    @property
    def lands(self) -> tuple[str, ...]:
        """Where it lands, on the one platform or the other."""
        if self.path.startswith(
            f"{CLUSTER}.registry"
        ):  # images that are built for it, and their repositories, lie elsewhere
            return self.option.lands if self.kubernetes else ()
        return tuple(each for each in self.option.lands if any(word in each for word in _THERE) is self.kubernetes)

    @property
    def bases(self) -> tuple[str, ...]:
        """What it stands on beside the plain environment, the outermost first."""
        return tuple(each for each in self._bases if self.path.startswith(f"{each}."))

    @property
    def _bases(self) -> dict[str, dict[str, Any]]:
        return KUBERNETES_BASES if self.kubernetes else BASES

    def before(self) -> dict[str, Any]:
        """The environment without the edit."""
        environment = copy.deepcopy(KUBERNETES if self.kubernetes else ENVIRONMENT)
        around = (KUBERNETES_CONTEXT if self.kubernetes else CONTEXT).get(self.path, {})
        for context in (*(self._bases[each] for each in self.bases), around):
            for path, value in context.items():
                _put(environment, path, copy.deepcopy(value))
        return environment

    def after(self) -> dict[str, Any]:
        """The environment with the edit."""
        environment = self.before()
        _put(environment, self.path, _camel(self.option.example))
        return environment


def edits() -> list[Edit]:
    """Every declared option that has another valid value written beside it, where it lands in AWS."""
    return [
        each
        for each in _edits(EnvironmentOptions, "")
        if each.lands and each.path not in REFUSED and not each.path.startswith(REFUSED_BELOW)
    ]


def kubernetes_edits() -> list[Edit]:
    """The same of those that land on Kubernetes."""
    found = [replace(each, kubernetes=True) for each in _edits(EnvironmentOptions, "")]
    return [
        each
        for each in found
        if each.lands
        and each.path not in {*REFUSED, _IN_BOTH}
        and not each.path.startswith((f"{SERVER}.", *REFUSED_BELOW))
    ]


def write_model(directory: Path) -> None:
    """A directory that MLServer would take for a model."""
    folder = directory / MODEL
    folder.mkdir(parents=True, exist_ok=True)
    settings = (
        '{"name": "iris", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./model.joblib"}}'
    )
    (folder / "model-settings.json").write_text(settings)
    (folder / "model.joblib").write_text("weights")


def _edits(declaration: type, prefix: str) -> Iterator[Edit]:
    for key in declared(declaration):
        path = prefix + spelled(key.name, "camel")
        if key.option.example is not UNSET:
            yield Edit(path, key.option)
        for below in _declarations(key.type) if path not in (*_WALKED_ONCE, *_WALKED_THERE) else ():
            name = f".{NAMES[path]}" if path in NAMES else ""
            name = ".k8s" if below is KubernetesPlatformOptions else name
            yield from _edits(below, f"{path}{name}.")


def _declarations(tp: Any) -> Iterator[type]:
    import typing

    if is_declaration(tp):
        yield tp
    for arg in typing.get_args(tp):
        yield from _declarations(arg)


def _put(environment: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    here: Any = environment
    for part in parents:
        here = here[int(part)] if isinstance(here, list) else here.setdefault(part, {})
    if value is None:
        here.pop(last, None)
    else:
        here[last] = value


def _camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel(each) for each in value]
    return (
        {spelled(key, "camel") if key.islower() else key: _camel(each) for key, each in value.items()}
        if isinstance(value, dict)
        else value
    )

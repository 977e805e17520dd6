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
            "prometheusUrl": "http://prometheus.monitoring:9090",
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
REFUSED = {"endpoints.iris.revisions.candidate.scaling.backlogPerReplica", "gpuNodePools.a10g.capacity"}

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

KUBERNETES_BASES: dict[str, dict[str, Any]] = {
    REVISION: {REVISION: {"environment": {"SEED": "1"}, "scaling": KUBERNETES["endpoints"]["iris"]["scaling"]}},
    f"{CLUSTER}.accelerators": {**_A10G_NODES, ACCELERATOR: {"name": "A10G"}},
}

KUBERNETES_CONTEXT: dict[str, dict[str, Any]] = {
    f"{CLUSTER}.createNamespace": {f"{CLUSTER}.namespace": "models"},
    f"{CLUSTER}.gateway": {f"{CLUSTER}.gateway": None},
    f"{CLUSTER}.prometheusUrl": {"endpoints.iris.scaling": _OF_SEVERAL},
    f"{CLUSTER}.tenant": TENANTS | {f"{CLUSTER}.tenant": "acme", "endpoints": {}},
    "endpoints.iris.traffic": {"endpoints.iris.revisions": {"candidate": {"cpu": 2}}},
}


@dataclass(frozen=True)
class Edit:
    """One option, and another valid value for it. kubernetes: whether where it lands there is asked, or in AWS."""

    path: str
    option: Option
    kubernetes: bool = False

    @property
    def lands(self) -> tuple[str, ...]:
        """Where it lands, on the one platform or the other."""
        return tuple(each for each in self.option.lands if ("kubernetes:" in each) is self.kubernetes)

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
    return [each for each in _edits(EnvironmentOptions, "") if each.lands and each.path not in REFUSED]


def kubernetes_edits() -> list[Edit]:
    """The same of those that land on Kubernetes."""
    found = [replace(each, kubernetes=True) for each in _edits(EnvironmentOptions, "")]
    return [
        each for each in found if each.lands and each.path not in REFUSED and not each.path.startswith(f"{SERVER}.")
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
        for below in _declarations(key.type) if path not in _WALKED_ONCE else ():
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
    here = environment
    for part in parents:
        here = here.setdefault(part, {})
    if value is None:
        here.pop(last, None)
    else:
        here[last] = value


def _camel(value: Any) -> Any:
    return (
        {spelled(key, "camel") if key.islower() else key: each for key, each in value.items()}
        if isinstance(value, dict)
        else value
    )

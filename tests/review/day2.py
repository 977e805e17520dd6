"""Changes that people make on the second day, each with the verdict that a reviewer reads first."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.review import programs
from tests.review.programs import Program
from tests.walk.base import ENDPOINT, ENVIRONMENT, OWN_SERVER, write_model

NEXT_MODEL = "model-2"
ENDPOINTS = ["ecr.api", "ecr.dkr", "logs", "secretsmanager"]
SECOND = {**ENDPOINT, "environment": {"LOG_LEVEL": "debug"}}


CANDIDATE = {"candidate": {"environment": {"SEED": "2"}}}

GPUS = {"gpuNodePools.a10g": {"accelerator": {"name": "A10G"}, "maxNodes": 12}}
ON_GPUS = {**GPUS, "endpoints.iris.accelerator": {"name": "A10G"}}
MANAGED = {"gpuNodePools.a10g": {"accelerator": {"name": "A10G"}, "capacity": "managed-instances"}}
ON_MANAGED = {**MANAGED, "endpoints.iris.accelerator": {"name": "A10G"}}


@dataclass(frozen=True)
class Row:
    """verdict: how the first line begins. operations: create, update, replace, delete. engine: whether `make test` asks the engine, too; `make walk` asks it for all."""

    name: str
    verdict: str
    operations: tuple[int, int, int, int]
    after: dict[str, Any] = field(default_factory=dict)
    """Paths in the environment, and what stands there afterwards; None takes it away."""
    before: dict[str, Any] = field(default_factory=dict)
    """The same for what must stand there at first."""
    program: Program | None = None
    engine: bool = False
    refused: str = ""
    """What the engine says where it does not even preview the change."""

    def environments(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Before and after."""
        start = edited(ENVIRONMENT, self.before)
        return start, edited(start, self.after)


def edited(environment: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """The environment with other values at some paths."""
    found = copy.deepcopy(environment)
    for path, value in edits.items():
        *parents, last = path.split(".")
        here = found
        for part in parents:
            here = here.setdefault(part, {})
        if value is None:
            here.pop(last, None)
        else:
            here[last] = copy.deepcopy(value)
    return found


def write_models(directory: Path) -> None:
    """The model of the environment, and its next version."""
    write_model(directory)
    folder = directory / NEXT_MODEL
    folder.mkdir()
    for each in (directory / "model").iterdir():
        (folder / each.name).write_text(each.read_text() + ("!" if each.suffix == ".joblib" else ""))


ROWS = [
    Row("new model version", "rolling deployment of iris", (0, 2, 1, 0), {"endpoints.iris.model": NEXT_MODEL}, engine=True),
    Row("more replicas at most", "iris: most replicas up from 10 to 20; $0 to +$360 a month", (0, 1, 0, 0), {"endpoints.iris.scaling.max": 20}, engine=True),
    Row("one replica is enough", "iris: least replicas down from 2 to 1; -$36 to $0 a month", (0, 1, 0, 0), {"endpoints.iris.scaling.min": 1}),
    Row("a third zone", "rolling deployment of iris", (7, 2, 0, 0), {"network.zones": 3}, engine=True),
    Row("a second endpoint", "adds the endpoint lily; +$76 to +$364 a month", (20, 1, 0, 0), {"endpoints.lily": SECOND}, engine=True),
    Row("an endpoint is removed", "removes the endpoint lily (and 2 more to read); -$364 to -$76 a month", (0, 1, 0, 20), {"endpoints.lily": None}, before={"endpoints.lily": SECOND}),
    Row("an endpoint is renamed", "removes the endpoint iris (and 3 more to read)", (20, 1, 0, 20), {"endpoints.iris": None, "endpoints.lily": ENDPOINT}, engine=True),
    Row("another range", "replaces the VPC of network and 32 resources that stand on it: the whole network is made anew", (0, 6, 33, 0), {"network.cidr": "10.8.0.0/16"}, engine=True),
    Row("no NAT gateway", "deletes the internet gateway of network: its network loses the internet (and 2 more to read); +$22 a month", (7, 1, 0, 11), {"network.nat": "none", "network.interfaceEndpoints": ENDPOINTS}),
    Row("a NAT gateway in every zone", "creates 2 resources and updates 1 resource: nothing that a rule warns of; +$37 a month", (2, 1, 0, 0), {"network.nat": "per-zone"}),
    Row("production", "updates 3 resources: nothing that a rule warns of", (0, 3, 0, 0), {"production": True}),
    Row("no longer production", "guards the cluster of web less: Pulumi no longer refuses to delete it", (0, 3, 0, 0), {"production": False}, before={"production": True}),
    Row("requests are captured", "the task definition of iris keeps requests and answers now (and 1 more to read)", (6, 1, 3, 0), {"endpoints.iris.capture": {"mask": ["email"]}}),
    Row("a mask of what is captured is removed", "the task definition of iris no longer masks email in what it keeps", (0, 1, 1, 0), {"endpoints.iris.capture": {"mask": ["name"]}}, before={"endpoints.iris.capture": {"mask": ["name", "email"]}}),
    Row("a load balancer of its own", "the address of iris changes (and 1 more to read); +$16 a month", (6, 6, 2, 2), {"endpoints.iris.loadBalancer": "own"}, engine=True),
    Row("the platform is renamed", "replaces the service of iris and 2 resources that stand on it: all its tasks start anew (and 3 more to read)", (6, 4, 6, 6), {"platforms.web": None, "platforms.main": {"type": "ecs"}}, engine=True),
    Row("tags", "tags and hashes of 36 resources", (0, 36, 0, 0), {"tags": {"team": "ml"}}),
    Row("a permissions boundary", "the execution role of iris has a permissions boundary now", (0, 3, 0, 0), {"permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"}),
    Row("a cluster is handed in", "replaces the service of iris and 2 resources that stand on it: all its tasks start anew (and 1 more to read)", (0, 1, 3, 2), {"platforms.web.clusterArn": "arn:aws:ecs:us-west-2:123456789012:cluster/models"}),
    Row("logs are kept for a shorter time", "the log group of iris keeps logs for 7 days only", (0, 1, 0, 0), {"endpoints.iris.logs": {"retentionDays": 7}}),
    Row("a key for the repository", "replaces the repository of iris: loses its images (and 1 more to read)", (0, 3, 3, 0), {"endpoints.iris.repository": {"kmsKeyArn": "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}, engine=True),
    Row("another port of the server", "replaces the target group of iris: targets register anew", (0, 8, 4, 0), {"endpoints.iris.server.port": 9000}, before={"endpoints.iris.server": OWN_SERVER}),
    Row("a secret from elsewhere", "the execution role of iris may now secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-west-2:123456789012:secret:other-AbCdEf", (0, 2, 1, 0), {"endpoints.iris.secrets.TOKEN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:other-AbCdEf"}),
    Row("a secret becomes plain", "TOKEN of iris was a secret, and is now plain", (0, 2, 1, 0), {"endpoints.iris.secrets": None, "endpoints.iris.environment.TOKEN": "hunter2-of-the-table"}),
    Row("the alarm tells later", "the target-5xx alarm of iris tells later", (0, 2, 0, 0), {"endpoints.iris.rollback": {"errorPercent": 20}}),
    Row("more memory", "iris: MiB of a task up from 2048 to 6144; +$26 to +$130 a month", (0, 1, 1, 0), {"endpoints.iris.memory": "6GiB"}),
    Row("less memory", "iris: MiB of a task down from 6144 to 4096; -$65 to -$13 a month", (0, 1, 1, 0), {"endpoints.iris.memory": "4GiB"}, before={"endpoints.iris.memory": "6GiB"}),
    Row("another architecture", "iris: runtimePlatform.cpuArchitecture from X86_64 to ARM64; -$72 to -$14 a month", (0, 2, 1, 0), {"endpoints.iris.architecture": "arm64"}),
    Row("a revision with a tenth of the traffic", "iris divides requests differently: proof-iris from 100 to 90 % and proof-iris--candidate from 0 to 10 %; +$", (8, 3, 0, 0), {"endpoints.iris.revisions": CANDIDATE, "endpoints.iris.traffic": {"stable": 90, "candidate": 10}}, engine=True),
    Row("a revision is promoted", "iris divides requests differently: proof-iris from 90 to 0 % and proof-iris--candidate from 10 to 100 %", (0, 1, 0, 0), {"endpoints.iris.traffic": {"candidate": 100}}, {"endpoints.iris.revisions": CANDIDATE, "endpoints.iris.traffic": {"stable": 90, "candidate": 10}}),
    Row("a revision goes", "deletes the candidate-service service of iris: its tasks are ended", (0, 3, 0, 8), {"endpoints.iris.revisions": None, "endpoints.iris.traffic": None}, {"endpoints.iris.revisions": CANDIDATE, "endpoints.iris.traffic": {"stable": 90, "candidate": 10}}),
    Row("spot", "iris: capacity from FARGATE (base 0, weight 1) to FARGATE (base 2, weight 1) and FARGATE_SPOT (base 0, weight 4)", (0, 1, 0, 0), {"endpoints.iris.spot": True}),
    Row("a shorter idle timeout", "the load balancer of web waits less long for an answer", (0, 1, 0, 0), {"platforms.web.idleTimeout": "60s"}),
    Row("a shell in the tasks", "the task role of iris may now logs:CreateLogStream, logs:DescribeLogStreams and logs:PutLogEvents on the log group of iris, and 1 more grant", (1, 2, 0, 0), {"platforms.web.exec": True}),
    Row("no flow logs", "deletes the log group of network: loses its logs (and 1 more to read)", (0, 0, 0, 4), {"network.flowLogs": None}),
    Row("interface endpoints are removed", "deletes the ecr-api VPC endpoint of network: calls to the service go another way; -$58 a month", (0, 0, 0, 6), {"network.interfaceEndpoints": None}, before={"network.interfaceEndpoints": ENDPOINTS}),
    Row("another path", "the address of iris changes (and 1 more to read)", (0, 1, 0, 0), {"endpoints.iris.path": "/elsewhere"}),
    Row("no insights", "the cluster of web has less detailed insights", (0, 2, 0, 0), {"platforms.web.containerInsights": "disabled"}),
    Row("the whole internet may come in", "lets the whole internet in to the security group front on port 443", (1, 0, 0, 0), program=programs.ingress(["0.0.0.0/0"]), engine=True),
    Row("two halves of the internet may come in", "lets the whole internet in to the security group front on port 443", (2, 0, 0, 0), program=programs.ingress(["0.0.0.0/1", "128.0.0.0/1"])),
    Row("a partner may come in", "lets 16 public addresses in to the security group front on port 443", (1, 0, 0, 0), program=programs.ingress(["8.8.8.0/28"])),
    Row("the load balancer faces the internet", "the load balancer web faces the internet (and 1 more to read); +$7.30 a month", (0, 0, 2, 0), program=programs.load_balancer, engine=True),
    Row("HTTPS is dropped", "the listener https drops encryption: HTTPS becomes HTTP", (0, 1, 0, 0), program=programs.listener(protocol="HTTP", port=80, certificate_arn=None, ssl_policy=None), engine=True),
    Row("authentication is dropped", "the listener https no longer asks who somebody is", (0, 1, 0, 0), program=programs.listener(default_actions="forward")),
    Row("a policy of old TLS", "the listener https speaks TLS 1.0 or 1.1 again", (0, 1, 0, 0), program=programs.listener(ssl_policy="ELBSecurityPolicy-2016-08")),
    Row("a bucket is deleted", "deletes the bucket models: loses its objects", (0, 0, 0, 1), program=programs.bucket(), engine=True),
    Row("a protected bucket is deleted", "deletes the bucket models, which is protected: the update fails", (0, 0, 0, 1), program=programs.bucket(protect=True), refused="cannot be deleted\\nbecause it is protected"),
    Row("a retained bucket leaves", "lets go of the bucket models: it stays in AWS with its objects", (0, 0, 0, 1), program=programs.bucket(retain=True)),
    Row("a bucket may become public", "the public access block models no longer blocks all public access to its bucket", (0, 1, 0, 0), program=programs.public_access),
    Row("the database gets another identifier", "the database features gets another address", (0, 1, 0, 0), program=programs.database(identifier="features-2"), engine=True),
    Row("the database is no longer encrypted", "replaces the database features: loses its data (and 1 more to read)", (0, 0, 1, 0), program=programs.database(storage_encrypted=False), engine=True),
    Row("the database gets a public address", "the database features gets a public address", (0, 1, 0, 0), program=programs.database(publicly_accessible=True)),
    Row("a key is removed", "deletes the KMS key models: loses its key material, and so all that it encrypted; -$1.00 a month", (0, 0, 0, 1), program=programs.key),
    Row("a wildcard", "the role task may now s3:* on everything", (0, 1, 0, 0), program=programs.permission({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}), engine=True),
    Row("roles may be passed on", "the role task may now iam:PassRole on everything", (0, 1, 0, 0), program=programs.permission({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})),
    Row("one more right", "the role task may now s3:PutObject on arn:aws:s3:::acme-models/*", (0, 1, 0, 0), program=programs.permission({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-models/*"})),
    Row("anybody may take the role", "anybody may now take the role task", (0, 1, 0, 0), program=programs.trust),
    Row("other GPUs", "the launch template gpu: instanceType from g5.xlarge to g6.xlarge; -$588 to -$147 a month", (0, 1, 0, 0), program=programs.gpu_machines, engine=True),
    Row("a pool of GPUs", "needs 0 to 48 vCPU of the quota L-DB2E81BA (0 before); $0 to +$8,813 a month", (8, 1, 0, 0), GPUS),
    Row("an endpoint moves to GPUs", "iris: GPUs of model from 0 to 1; -$360 to -$72 a month", (0, 1, 1, 0), {"endpoints.iris.accelerator": {"name": "A10G"}}, before=GPUS, engine=True),
    Row("more GPU nodes at most", "needs 0 to 80 vCPU of the quota L-DB2E81BA (0 to 48 before); $0 to +$5,875 a month", (0, 1, 0, 0), {"gpuNodePools.a10g.maxNodes": 20}, before=ON_GPUS),
    Row("as many GPU nodes as replicas", "deployments of iris lose capacity (and 1 more to read); -$1,469 to $0 a month", (0, 2, 0, 0), {"gpuNodePools.a10g.maxNodes": 10}, before=ON_GPUS),
    Row("GPUs on spare capacity", "needs 0 to 48 vCPU of the quota L-3819A6DF (0 before)", (0, 1, 0, 0), {"gpuNodePools.a10g.spot": True}, before=ON_GPUS),
    Row("managed instances move to spare capacity", "iris: capacity from proof-web-a10g-", (0, 1, 0, 0), {"gpuNodePools.a10g.spot": True}, before=ON_MANAGED),
    Row("managed instances for more replicas", "iris: most replicas up from 10 to 20; $0 to +$7,344 a month", (0, 1, 0, 0), {"endpoints.iris.scaling.max": 20}, before=ON_MANAGED),
    Row("metrics of GPUs", "the a10g-gpu-metrics role of web may now logs:CreateLogStream, logs:DescribeLogStreams and logs:PutLogEvents on the log group of web; +$1.50 a month", (7, 1, 0, 0), {"gpuNodePools.a10g.gpuMetrics": {}}, before=GPUS),
    Row("a pool of GPUs is removed", "deletes the Auto Scaling group of web: its machines are ended; -$8,813 to $0 a month", (0, 1, 0, 8), {"gpuNodePools.a10g": None}, before=GPUS),
    Row("Kubernetes is upgraded", "the EKS cluster serving is upgraded, and cannot go back", (0, 1, 0, 0), program=programs.cluster("1.35"), engine=True),
    Row("Kubernetes is upgraded by two versions", "the EKS cluster serving cannot change its version so: the update fails", (0, 1, 0, 0), program=programs.cluster("1.36")),
    Row("a function without authentication", "the function URL f answers anybody, without authentication", (0, 1, 0, 0), program=programs.function_url),
]  # fmt: skip

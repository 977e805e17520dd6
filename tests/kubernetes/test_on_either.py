"""One declaration of an endpoint means the same on ECS and on Kubernetes: the same outputs, alarms of the same names, the same health."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.platforms.kubernetes.measured import SCRAPED_SECONDS
from modelinfra.serving.contract import read_contract
from modelinfra.serving.promised import ServingContract
from tests.kubernetes import worlds as kubernetes
from tests.kubernetes.test_alarms import ENVOY, RULE
from tests.making import inputs
from tests.platforms import worlds as ecs
from tests.platforms.test_gpu_endpoint import pools

TOPIC = "arn:aws:sns:us-west-2:123456789012:alarms"
S3 = "s3://acme-models/iris/7"
HUB = f"hf://acme/chat@{'a' * 40}"
BIG = {"uri": HUB, "size": "15GiB"}
A10G = {"accelerator": {"name": "A10G"}, "scaling": {"min": 1}}
REVISIONS = {
    "revisions": {"candidate": {"model": "s3://acme-models/iris/8"}},
    "traffic": {"stable": 90, "candidate": 10},
}
OBJECTIVES = {"slo": {"availability": 99.9, "p95_latency_ms": 200, "p99_latency_ms": 500}}

ENDPOINTS: dict[str, dict[str, Any]] = {
    "mlserver": {"server": "mlserver", "model": S3},
    "with objectives": {"server": "mlserver", "model": S3, **OBJECTIVES},
    "at a path": {"server": "mlserver", "model": S3, "path": "/flowers/iris"},
    "two revisions": {"server": "mlserver", "model": S3, **REVISIONS, **OBJECTIVES},
    "a revision with a header": {
        "server": "kserve-sklearnserver",
        "model": S3,
        "revisions": {"candidate": {"cpu": 2, "headers": {"x-team": "a"}}},
    },
    "requests a second": {
        "server": "mlserver",
        "model": S3,
        "scaling": {"min": 2, "max": 6, "requests_per_second_per_replica": 20},
    },
    "a schedule": {
        "server": "mlserver",
        "model": S3,
        "scaling": {
            "min": 2,
            "max": 6,
            "cpu_percent": 60,
            "schedule": {
                "day": {"at": "cron(0 8 ? * MON-FRI *)", "min": 4},
                "night": {"at": "cron(0 20 ? * MON-FRI *)"},
            },
        },
    },
    "a latency guard": {"server": "mlserver", "model": S3, "scaling": {"min": 2, "max": 6, "p95_latency_ms": 300}},
    "long requests": {"server": "kserve-xgbserver", "model": S3, "longest_request": "100s", "stop_timeout": "90s"},
    "a start of twenty minutes": {"server": "kserve-lgbserver", "model": S3, "startup_budget": "20m"},
    "tensorflow": {"server": "tensorflow-serving", "model": {"uri": S3, "size": "1GiB"}, "environment": {"A": "b"}},
    "torchserve": {"server": "torchserve", "model": {"uri": S3, "file": "iris.mar", "size": "1GiB"}},
    "llama.cpp": {"server": "llama-cpp", "model": {"uri": HUB, "file": "iris.gguf", "size": "2GiB"}},
    "bentoml": {"server": "bentoml", "image": "a.example/iris@sha256:" + "0" * 64, "model": {"name": "iris"}},
    "triton on a GPU": {"server": "triton", "model": {"uri": S3, "size": "1GiB"}, **A10G},
    "vllm on a GPU": {"server": "vllm", "model": BIG, **A10G, **OBJECTIVES},
    "sglang on a GPU": {"server": "sglang", "model": BIG, **A10G},
}


def on_ecs(root: Path, options: dict[str, Any]) -> Graph:
    gpu = {"cluster": {"gpu_node_pools": pools()}, "load_balancer": "own"} if "accelerator" in options else {}
    cluster = {"idle_timeout": "5m", **gpu.pop("cluster", {})}
    return ecs.deployed(root, {"iris": {"alarm_topic_arn": TOPIC, **gpu, **options}}, cluster=cluster)


def on_kubernetes(root: Path, options: dict[str, Any]) -> Graph:
    return kubernetes.deployed(root, {"iris": options}, platform=ENVOY)


def outputs(graph: Graph) -> dict[str, Any]:
    found: dict[str, Any] = plain(graph.one("modelinfra:index:ModelEndpoint").outputs)
    return found


def alarms_of_ecs(graph: Graph) -> set[str]:
    """What somebody hears of: windows of a burn rate act on nothing themselves, the latency guard adds replicas, and a deployment that fails is a rule of EventBridge."""
    told = [node for node in graph.all(ecs.ALARM) if plain(node.inputs).get("alarmActions") == [TOPIC]]
    composite = graph.all("aws:cloudwatch/compositeAlarm:CompositeAlarm")
    failed = graph.all("aws:cloudwatch/eventRule:EventRule")
    return {node.name.removesuffix("-alarm") for node in (*told, *composite, *failed)}


def alarms_of_kubernetes(graph: Graph) -> set[str]:
    rules = (inputs(graph, RULE, node.name)["spec"]["groups"][0]["rules"] for node in graph.all(RULE))
    return {each["alert"] for rule in rules for each in rule}


def contract(graph: Graph, root: Path) -> ServingContract:
    return read_contract(graph, "iris", project=root)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_is_the_same_on_either_platform(name: str, tmp_path: Path) -> None:
    options = ENDPOINTS[name]
    there, here = on_ecs(tmp_path, options), on_kubernetes(tmp_path, options)
    of_ecs, of_kubernetes = outputs(there), outputs(here)
    for output in ("predict_url", "health_url"):
        below_ecs = of_ecs[output].removeprefix(of_ecs["url"])
        assert of_kubernetes[output].removeprefix(of_kubernetes["url"]) == below_ecs, output
        assert below_ecs.startswith("/")
    # The gateway counts for all revisions, and a server that counts nothing has no alarm of its own for another one.
    uncounted = {f"iris--candidate-{each}" for each in ("target-5xx",) if options["server"] == "kserve-sklearnserver"}
    assert alarms_of_kubernetes(here) == alarms_of_ecs(there) - uncounted
    promised, kept = contract(there, tmp_path), contract(here, tmp_path)
    assert kept.command == promised.command
    assert kept.ports.items() >= promised.ports.items()
    assert kept.environment == promised.environment
    assert (kept.health_path, kept.predict_path) == (promised.health_path, promised.predict_path)
    assert kept.public_health_path == promised.public_health_path
    # A probe comes every ten seconds: the budget is rounded up to one.
    assert promised.startup_budget_seconds is not None
    assert kept.startup_budget_seconds is not None
    assert 0 <= kept.startup_budget_seconds - promised.startup_budget_seconds < 10


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_replica_that_goes_has_the_time_that_it_has_on_ecs(name: str, tmp_path: Path) -> None:
    options = ENDPOINTS[name]
    there, here = on_ecs(tmp_path, options), on_kubernetes(tmp_path, options)
    task = next(node for node in there.all(ecs.TASK) if "candidate" not in node.name)
    (server, *_) = [each for each in json.loads(plain(task.inputs)["containerDefinitions"]) if each["name"] == "model"]
    found = kubernetes.predictor(here, "iris-inference-service")
    drain = found["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    # From SIGTERM to the kill; Fargate allows two minutes at most.
    left = found["terminationGracePeriodSeconds"] - drain
    assert left >= server["stopTimeout"]
    assert drain >= SCRAPED_SECONDS
    group = next(node for node in there.all(ecs.TARGET_GROUP) if "candidate" not in node.name)
    longest = plain(group.inputs)["deregistrationDelay"]
    (route,) = here.all(kubernetes.ROUTE)
    assert plain(route.inputs)["spec"]["rules"][-1]["timeouts"] == {"request": f"{longest}s"}


def test_there_are_a_dozen_endpoints_at_least_of_a_dozen_servers_with_and_without_accelerators() -> None:
    assert len(ENDPOINTS) >= 12
    assert len({each["server"] for each in ENDPOINTS.values()}) >= 10
    assert sum("accelerator" in each for each in ENDPOINTS.values()) >= 3

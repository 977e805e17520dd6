"""A model at an address: how it comes into a replica, what the replica may read for it, and how long that may take."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra.components.fetcher_image import fetcher_dockerfile
from modelinfra.fetcher import checks
from modelinfra.graph.model import Graph
from modelinfra.platforms.base import NetworkReference
from tests.making import SECRET, document, inputs
from tests.platforms.worlds import (
    IMAGE,
    NETWORK,
    POLICY,
    READY,
    REPOSITORY,
    ROLE,
    SERVICE,
    TARGET_GROUP,
    TASK,
    deployed,
    refusal,
)

S3 = "s3://acme-models/digits/7"
HUB = f"hf://acme/digits@{'a' * 40}"
ECR = "oci://123456789012.dkr.ecr.us-west-2.amazonaws.com/models/digits:v7"
KEY = "arn:aws:kms:us-west-2:123456789012:key/models"


def containers(graph: Graph) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(inputs(graph, TASK)["containerDefinitions"])}


def dockerfiles(graph: Graph) -> dict[str, str]:
    return {node.name: inputs(graph, IMAGE, node.name)["dockerfile"]["inline"] for node in graph.all(IMAGE)}


def work(graph: Graph) -> dict[str, str]:
    variables = {each["name"]: each["value"] for each in containers(graph)["model-fetch"]["environment"]}
    found: dict[str, str] = json.loads(variables["MODELINFRA_FETCH"])
    return found


def rights(graph: Graph, name: str = "digits-fetch") -> list[dict[str, Any]]:
    return document(inputs(graph, POLICY, name)["policy"])


def test_the_server_starts_when_the_model_was_fetched_and_reads_it_from_the_tasks_volume(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model=S3)
    server, fetch = json.loads(inputs(graph, TASK)["containerDefinitions"])
    assert (server["name"], fetch["name"]) == ("model", "model-fetch")
    assert server["dependsOn"] == [{"containerName": "model-fetch", "condition": "SUCCESS"}]
    assert server["mountPoints"] == [{"sourceVolume": "model", "containerPath": "/mnt/models", "readOnly": True}]
    assert fetch["mountPoints"] == [{"sourceVolume": "model", "containerPath": "/model", "readOnly": False}]
    assert [volume["name"] for volume in inputs(graph, TASK)["volumes"]] == ["model"]
    assert (fetch["essential"], fetch["readonlyRootFilesystem"]) == (False, True)
    assert "startTimeout" not in fetch, "on Fargate it would be 120 s at most"
    assert work(graph) == {"uri": S3, "to": "/model"}


def test_both_containers_write_into_one_log(tmp_path: Path) -> None:
    found = containers(deployed(tmp_path, model=S3))
    server, fetch = (found[name]["logConfiguration"]["options"] for name in ("model", "model-fetch"))
    assert server["awslogs-group"] == fetch["awslogs-group"]
    assert (server["awslogs-stream-prefix"], fetch["awslogs-stream-prefix"]) == ("model", "model-fetch")


def test_the_model_is_fetched_in_the_region_of_the_tasks_wherever_the_log_is(tmp_path: Path) -> None:
    # An Output is not compared with the stack's region; the ARN as text would be. It wants a loop, also before there is a program.
    asyncio.set_event_loop(asyncio.new_event_loop())
    group = pulumi.Output.from_input("arn:aws:logs:eu-west-1:123456789012:log-group:/models/digits")
    found = containers(deployed(tmp_path, model=S3, logs={"group_arn": group}))
    assert {"name": "AWS_DEFAULT_REGION", "value": "us-west-2"} in found["model-fetch"]["environment"]
    assert found["model-fetch"]["logConfiguration"]["options"]["awslogs-region"] == "eu-west-1"


def test_both_images_lie_in_the_endpoints_repository(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model=S3)
    url = graph.one(REPOSITORY).outputs["repositoryUrl"]
    assert {each["image"].partition("@")[0] for each in containers(graph).values()} == {url}
    assert len({each["image"] for each in containers(graph).values()}) == 2
    assert {tag.split(":")[-1][:-16] for node in graph.all(IMAGE) for tag in node.inputs["tags"]} == {
        "server-",
        "fetcher-",
    }


def test_another_version_of_the_model_is_another_task_definition_and_nothing_else(tmp_path: Path) -> None:
    before, after = deployed(tmp_path, model=S3), deployed(tmp_path, model="s3://acme-models/digits/8")
    changed = {
        node.type for node in after if node.urn in before.nodes and inputs_of(node) != inputs_of(before.nodes[node.urn])
    }
    assert changed <= {TASK, SERVICE}
    assert TASK in changed


def inputs_of(node: Any) -> str:
    return repr(node.inputs)


def test_a_replica_may_read_the_versions_beside_its_own_and_nothing_more(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model={"uri": S3, "kms_key_arn": KEY})
    assert inputs(graph, POLICY, "digits-fetch")["role"] == graph.one(ROLE, "digits-task").outputs["name"]
    assert rights(graph) == [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-models/digits/*"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-models",
            "Condition": {"StringLike": {"s3:prefix": "digits/*"}},
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY},
    ]


def test_a_model_at_the_top_of_its_bucket_opens_the_bucket(tmp_path: Path) -> None:
    get, listing = rights(deployed(tmp_path, model="s3://acme-models/digits"))
    assert get["Resource"] == "arn:aws:s3:::acme-models/*"
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "*"}}


def test_an_artifact_in_ecr_may_be_pulled_by_the_task(tmp_path: Path) -> None:
    token, pull = rights(deployed(tmp_path, model=ECR))
    assert token["Action"] == "ecr:GetAuthorizationToken"
    assert pull["Resource"] == "arn:aws:ecr:us-west-2:123456789012:repository/models/digits"


@pytest.mark.parametrize("uri", [HUB, "https://models.acme.ai/digits.zip", "oci://ghcr.io/acme/digits:v7"])
def test_what_lies_outside_aws_takes_no_right(tmp_path: Path, uri: str) -> None:
    assert [node.name for node in deployed(tmp_path, model=uri).all(POLICY)] == ["digits-execution"]


def test_a_token_is_a_secret_of_the_fetching_container_alone(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model={"uri": HUB, "token": SECRET})
    found = containers(graph)
    assert found["model-fetch"]["secrets"] == [{"name": "MODELINFRA_FETCH_TOKEN", "valueFrom": SECRET}]
    assert "secrets" not in found["model"]
    assert rights(graph, "digits-execution")[-1] == {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": [SECRET],
    }


@pytest.mark.parametrize(
    "endpoint", [{"model": {"uri": HUB, "token": SECRET}}, {"secrets": {"TOKEN": SECRET}}], ids=["token", "secrets"]
)
def test_what_a_key_of_ones_own_encrypts_is_read_with_it_by_ecs_alone(tmp_path: Path, endpoint: dict[str, Any]) -> None:
    graph = deployed(tmp_path, **endpoint, secrets_kms_key_arn=KEY)
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}
    assert decrypt in rights(graph, "digits-execution")
    assert [node.name for node in graph.all(POLICY)] == ["digits-execution"]
    assert decrypt not in rights(deployed(tmp_path, **endpoint), "digits-execution")


def test_the_preview_says_with_which_key_a_role_that_is_handed_in_must_decrypt(tmp_path: Path) -> None:
    role = "arn:aws:iam::123456789012:role/start"
    graph = deployed(tmp_path, secrets={"A": SECRET}, secrets_kms_key_arn=KEY, execution_role_arn=role, preview=True)
    assert any(
        each["message"].endswith(f", and reading the secrets, and kms:Decrypt with {KEY}") for each in graph.logs
    )


def test_a_ready_image_gets_its_model_from_an_address(tmp_path: Path) -> None:
    graph = deployed(tmp_path, image=READY["image"], model=S3)
    found = containers(graph)
    assert found["model"]["image"] == READY["image"]
    assert found["model"]["dependsOn"][0]["containerName"] == "model-fetch"
    assert list(dockerfiles(graph).values()) == [fetcher_dockerfile()]
    assert rights(graph, "digits-execution")[-1]["Resource"] == graph.one(REPOSITORY).outputs["arn"]


def test_the_servers_image_has_no_model_and_its_context_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = deployed(tmp_path, model=S3)
    text = dockerfiles(graph)["digits-build"]
    assert "COPY" not in text
    assert text.splitlines()[-1] == 'CMD ["mlserver", "start", "/mnt/models"]'
    assert {inputs(graph, IMAGE, node.name)["context"]["location"] for node in graph.all(IMAGE)} == {
        ".modelinfra/context"
    }
    assert [path.name for path in (tmp_path / ".modelinfra" / "context").iterdir()] == [".gitignore"]


def test_a_baked_model_is_fetched_by_the_build(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model={"uri": HUB, "delivery": "baked", "sha256": "b" * 64})
    (text,) = dockerfiles(graph).values()
    stated = json.dumps(json.dumps({"sha256": "b" * 64, "to": "/model", "uri": HUB}))
    assert f"ENV MODELINFRA_FETCH={stated}" in text.splitlines()
    assert "COPY --from=model --chown=1000:0 /model /mnt/models" in text.splitlines()
    assert "dependsOn" not in containers(graph)["model"]
    assert list(containers(graph)) == ["model"]


def test_the_fetchers_files_stand_in_its_dockerfile_as_they_are() -> None:
    text, home = fetcher_dockerfile(), Path(checks.__file__).parent
    for path in [*home.glob("*.py"), home / "requirements.lock"]:
        assert f"\n{path.read_text()}END_OF_FILE\n" in text
    assert text.startswith("# syntax=docker/dockerfile:1\n")
    last = text.rpartition("\nFROM ")[2]
    assert "USER 65532\n" in last
    assert "RUN" not in last, "an image of another architecture would need an emulator"


@pytest.mark.parametrize(
    ("file", "only"),
    [("a.gguf", "a.gguf"), ("q4/a-00001-of-00003.gguf", "q4/a-?????-of-00003.gguf")],
)
def test_a_server_of_one_file_fetches_that_file_and_its_other_parts(tmp_path: Path, file: str, only: str) -> None:
    graph = deployed(tmp_path, server="llama-cpp", model={"uri": HUB, "file": file}, longest_request="1m")
    assert work(graph) == {"uri": HUB, "to": "/model", "file": file, "only": only}
    assert f"/models/{file}" in dockerfiles(graph)["digits-build"]


def test_the_models_name_is_the_endpoints_unless_it_is_said(tmp_path: Path) -> None:
    assert inputs(deployed(tmp_path, model=S3), TARGET_GROUP)["healthCheck"]["path"] == "/v2/models/digits/ready"
    graph = deployed(tmp_path, model={"uri": S3, "name": "numbers"})
    assert inputs(graph, TARGET_GROUP)["healthCheck"]["path"] == "/v2/models/numbers/ready"


def test_a_replica_has_time_to_fetch_its_model(tmp_path: Path) -> None:
    # MLServer: 120 s and 32 s for each GiB; to fetch 30 s and 4 GiB at 20 MiB/s, or 10 from the internet.
    graph = deployed(tmp_path, model={"uri": S3, "size": "4GiB"})
    assert inputs(graph, SERVICE)["healthCheckGracePeriodSeconds"] == 120 + 4 * 32 + 30 + 205
    graph = deployed(tmp_path, model={"uri": HUB, "size": "4GiB"})
    assert inputs(graph, SERVICE)["healthCheckGracePeriodSeconds"] == 120 + 4 * 32 + 30 + 410
    graph = deployed(tmp_path, model={"uri": HUB, "size": "4GiB", "delivery": "baked"})
    assert inputs(graph, SERVICE)["healthCheckGracePeriodSeconds"] == 120 + 4 * 32


@pytest.mark.parametrize(
    ("model", "gib"),
    [
        ({"uri": S3, "size": "20GiB"}, 28),
        ({"uri": "https://models.acme.ai/digits.tar", "size": "20GiB"}, 48),
        ({"uri": ECR, "size": "20GiB"}, 48),
        ({"uri": HUB, "delivery": "baked", "size": "20GiB"}, 48),
    ],
)
def test_the_disk_holds_a_fetched_model_once_and_an_archive_twice(tmp_path: Path, model: Any, gib: int) -> None:
    graph = deployed(tmp_path, model=model, memory="16GiB")
    assert inputs(graph, TASK)["ephemeralStorage"] == {"sizeInGib": gib}


@pytest.mark.parametrize(
    ("model", "needed", "where", "given"),
    [
        ({"uri": S3, "size": "200GiB"}, "208 GiB", "model.size", "200 GiB"),
        ({"uri": HUB, "delivery": "baked", "size": "97GiB"}, "202 GiB", "model.size", "97 GiB"),
    ],
)
def test_a_model_that_no_disk_holds_is_refused(tmp_path: Path, model: Any, needed: str, where: str, given: str) -> None:
    assert refusal(tmp_path, model=model, memory="32GiB")[1:] == [
        (
            f"{where} (given: '{given}'): image and model are expected to need {needed} of disk, and the largest of Fargate "
            "has 200 GiB. Serve a smaller model, or write an `ephemeral_storage` that you know to be enough."
        )
    ]


def test_a_disk_that_cannot_hold_the_model_is_refused(tmp_path: Path) -> None:
    model = {"uri": S3, "size": "50GiB"}
    assert refusal(tmp_path, model=model, memory="64GiB", ephemeral_storage="25GiB")[1:] == [
        "ephemeral_storage (given: '25 GiB'): the model alone has 50 GiB. Remove it, or write 58GiB."
    ]


def test_a_disk_that_is_smaller_than_expected_is_warned_about(tmp_path: Path) -> None:
    model = {"uri": S3, "size": "50GiB"}
    asked = {"model": model, "memory": "120GiB", "cpu": 16}
    (said,) = deployed(tmp_path, **asked, ephemeral_storage="55GiB", preview=True).warnings
    assert said == (
        "endpoint 'digits': the disk is 55 GiB, and image and model are expected to need 58 GiB: the task may run out of disk"
    )
    assert deployed(tmp_path, **asked, ephemeral_storage="58GiB", preview=True).warnings == []


def test_a_startup_budget_that_is_over_before_the_model_is_there_is_warned_about(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model={"uri": S3, "size": "4GiB"}, startup_budget="10s", preview=True)
    assert graph.warnings == [
        (
            "endpoint 'digits': the whole start has 10s, and fetching the model alone is expected to take 3m55s: "
            "replicas may be taken away before they are ready"
        )
    ]
    note = "is fetched by each replica before its server starts: 3m55s expected, at 20 MiB/s; the whole start has 10s"
    assert f"endpoint 'digits': model {S3} {note}" in [entry["message"] for entry in graph.logs]
    graph = deployed(tmp_path, model={"uri": S3, "size": "4GiB"}, startup_budget="10m", preview=True)
    assert graph.warnings == []


def test_the_preview_says_what_a_task_role_that_is_handed_in_must_read(tmp_path: Path) -> None:
    role = "arn:aws:iam::123456789012:role/serve"

    def said(model: Any) -> str:
        graph = deployed(tmp_path, model=model, task_role_arn=role, preview=True)
        (found,) = [each["message"] for each in graph.logs if "the task role is handed in" in each["message"]]
        return str(found).partition("amazonaws.com")[2]

    assert said(S3) == (
        " and allow s3:GetObject on s3://acme-models/digits/* and s3:ListBucket on acme-models for the prefix digits/*"
    )
    assert said({"uri": S3, "kms_key_arn": KEY}).endswith(f", and kms:Decrypt with {KEY}")
    assert said(ECR) == (
        " and allow ecr:GetAuthorizationToken, and BatchCheckLayerAvailability, BatchGetImage and GetDownloadUrlForLayer on "
        "arn:aws:ecr:us-west-2:123456789012:repository/models/digits"
    )
    assert said(HUB) == ""


def test_the_preview_says_how_the_model_comes_and_what_nobody_vouches_for(tmp_path: Path) -> None:
    graph = deployed(tmp_path, model=S3, preview=True)
    assert [entry["message"] for entry in graph.logs if entry["severity"] == "info"][1:] == [
        f"endpoint 'digits': model {S3} is fetched by each replica before its server starts: 3m55s allowed, at 20 MiB/s",
        f"endpoint 'digits': nothing here says what {S3} holds: whoever may write there decides what is served (`model.sha256` would)",
    ]
    assert graph.warnings == ["endpoint 'digits': size not given, 4 GiB assumed"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (
            "hf://acme/digits@main",
            "'main' of hf://acme/digits@main can move, so that two replicas may differ: write a commit of 40 digits",
        ),
        (
            "oci://ghcr.io/acme/digits:v7",
            "'v7' of oci://ghcr.io/acme/digits:v7 can move, so that two replicas may differ: write the digest",
        ),
        ("https://acme.ai/net.zip", "of https://acme.ai/net.zip only the length is verified: give `model.sha256`"),
    ],
)
def test_the_preview_warns_of_what_may_differ_between_two_replicas(tmp_path: Path, uri: str, said: str) -> None:
    graph = deployed(tmp_path, model={"uri": uri, "size": "1GiB"}, preview=True)
    assert graph.warnings == [f"endpoint 'digits': {said}"]


@pytest.mark.parametrize("uri", [HUB, f"oci://ghcr.io/acme/digits@sha256:{'a' * 64}"])
def test_a_pinned_address_is_not_warned_about(tmp_path: Path, uri: str) -> None:
    assert deployed(tmp_path, model={"uri": uri, "size": "1GiB"}, preview=True).warnings == []


def test_a_standalone_endpoint_asks_its_network_for_the_internet(tmp_path: Path) -> None:
    private = NetworkReference(**{**vars(NETWORK), "internet": False, "s3_prefix_list_id": "pl-1"})
    with pytest.raises(
        Exception, match="the network has no way to the internet, where a replica would fetch this model"
    ):
        deployed(tmp_path, model=HUB, network=private)
    assert list(containers(deployed(tmp_path, model=S3, network=private))) == ["model", "model-fetch"]

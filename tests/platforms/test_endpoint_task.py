"""The task of an endpoint on ECS: its size, its container, its image, its roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from modelinfra.graph.values import Secret, Unknown
from tests.making import PINNED, SECRET, document, inputs
from tests.platforms.worlds import IMAGE, POLICY, READY, REPOSITORY, ROLE, TASK, deployed

PARAMETER = "arn:aws:ssm:us-west-2:123456789012:parameter/token"


def container(graph: Graph) -> dict[str, Any]:
    (found,) = json.loads(inputs(graph, TASK)["containerDefinitions"])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("cpu", "memory", "size"),
    [
        (0.25, "512MiB", ("256", "512")),
        ("500m", "4Gi", ("512", "4096")),
        (1, "9GiB", ("2048", "9216")),
        (3, "8GiB", ("4096", "8192")),
        (8, "61GiB", ("16384", "65536")),
    ],
)
def test_the_task_has_the_smallest_size_that_holds_what_is_asked(
    tmp_path: Path, cpu: Any, memory: str, size: tuple[str, str]
) -> None:
    task = inputs(deployed(tmp_path, cpu=cpu, memory=memory), TASK)
    assert (task["cpu"], task["memory"]) == size


def test_the_choice_of_the_size_is_explained(tmp_path: Path) -> None:
    graph = deployed(tmp_path, cpu=2, memory="5GiB")
    assert [entry["message"] for entry in graph.logs] == [
        "endpoint 'digits': task size 2 vCPU, 5 GiB: the smallest that Fargate offers with the 2 vCPU and 5 GiB asked for"
    ]


def test_a_ready_image_of_unknown_size_gets_the_ceiling_and_the_preview_says_so(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **READY, preview=True)
    assert graph.warnings == ["endpoint 'digits': size not given, 4 GiB assumed"]
    assert inputs(graph, TASK)["memory"] == str(9 * 1024)


def test_a_ready_image_of_known_size_is_not_warned_about(tmp_path: Path) -> None:
    graph = deployed(tmp_path, image=READY["image"], model={"name": "digits", "size": "1GiB"}, preview=True)
    assert graph.warnings == []


def test_too_little_memory_is_taken_and_warned_about(tmp_path: Path) -> None:
    graph = deployed(tmp_path, memory="512MiB", cpu=0.25)
    assert graph.warnings == [
        (
            "endpoint 'digits': memory is 512 MiB, and MLServer with this model is expected to need 513 MiB: the task may be "
            "killed for lack of memory"
        )
    ]


def test_a_large_image_gets_the_disk_that_it_needs(tmp_path: Path) -> None:
    graph = deployed(tmp_path, image=READY["image"], model={"name": "digits", "size": "20GiB"})
    assert inputs(graph, TASK)["ephemeralStorage"] == {"sizeInGib": 48}
    assert "ephemeralStorage" not in inputs(deployed(tmp_path), TASK)


@pytest.mark.parametrize(
    ("architecture", "task", "image"), [("x86_64", "X86_64", "linux/amd64"), ("arm64", "ARM64", "linux/arm64")]
)
def test_task_and_image_are_of_one_architecture(tmp_path: Path, architecture: str, task: str, image: str) -> None:
    graph = deployed(tmp_path, architecture=architecture)
    assert inputs(graph, TASK)["runtimePlatform"] == {"cpuArchitecture": task, "operatingSystemFamily": "LINUX"}
    assert inputs(graph, IMAGE)["platforms"] == [image]


def test_the_container_runs_the_digest_that_the_push_returned(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    url, digest = graph.one(REPOSITORY).outputs["repositoryUrl"], graph.one(IMAGE).outputs["digest"]
    assert container(graph)["image"] == f"{url}@{digest}"
    assert digest.startswith("sha256:")


def test_a_ready_image_runs_as_it_is_and_no_repository_is_made(tmp_path: Path) -> None:
    graph = deployed(tmp_path, **READY)
    assert container(graph)["image"] == READY["image"]
    assert [*graph.all(REPOSITORY), *graph.all(IMAGE)] == []


def test_in_a_preview_the_definition_waits_for_the_digest(tmp_path: Path) -> None:
    assert inputs(deployed(tmp_path, preview=True), TASK)["containerDefinitions"] is Unknown


def test_tags_cannot_be_moved_but_the_caches_can(tmp_path: Path) -> None:
    repository = inputs(deployed(tmp_path), REPOSITORY)
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository["imageTagMutabilityExclusionFilters"] == [{"filter": "cache", "filterType": "WILDCARD"}]
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}


def test_images_with_a_tag_never_expire(tmp_path: Path) -> None:
    policy = json.loads(inputs(deployed(tmp_path), "aws:ecr/lifecyclePolicy:LifecyclePolicy")["policy"])
    assert [rule["selection"]["tagStatus"] for rule in policy["rules"]] == ["untagged"]


def test_another_model_is_another_tag_and_the_same_model_is_the_same_tag(tmp_path: Path) -> None:
    first = inputs(deployed(tmp_path), IMAGE)["tags"]
    assert inputs(deployed(tmp_path), IMAGE)["tags"] == first
    (tmp_path / "model" / "more.txt").write_text("more")
    assert inputs(deployed(tmp_path), IMAGE)["tags"] != first


def test_the_password_of_the_registry_is_a_secret(tmp_path: Path) -> None:
    (registry,) = deployed(tmp_path).one(IMAGE).inputs["registries"]
    password = registry.value["password"] if isinstance(registry, Secret) else registry["password"]
    assert isinstance(registry, Secret) or isinstance(password, Secret)


def test_images_are_encrypted_with_a_key_of_ones_own_on_request(tmp_path: Path) -> None:
    key = "arn:aws:kms:us-west-2:123456789012:key/images"
    graph = deployed(tmp_path, repository={"kms_key_arn": key})
    assert inputs(graph, REPOSITORY)["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key}]


def test_the_image_serves_the_model_as_an_unprivileged_user(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    lines = inputs(graph, IMAGE)["dockerfile"]["inline"].splitlines()
    assert "FROM docker.io/seldonio/mlserver:1.7.1" in lines
    assert "COPY --chown=1000:0 . /mnt/models" in lines
    assert "EXPOSE 8081 8080 8082" in lines
    assert lines[-2:] == ["USER 1000", 'CMD ["mlserver", "start", "/mnt/models"]']


def test_secrets_are_given_by_reference_and_never_among_the_plain_variables(tmp_path: Path) -> None:
    found = container(deployed(tmp_path, secrets={"TOKEN": SECRET}, environment={"LOG_LEVEL": "debug"}))
    assert found["secrets"] == [{"name": "TOKEN", "valueFrom": SECRET}]
    plain = {each["name"]: each["value"] for each in found["environment"]}
    assert plain["LOG_LEVEL"] == "debug"
    assert SECRET not in plain.values()
    assert "TOKEN" not in plain


def test_the_container_says_its_ports_and_its_log(tmp_path: Path) -> None:
    graph = deployed(tmp_path, stop_timeout="50s", logs={"retention_days": 90})
    found = container(graph)
    assert {each["name"]: each["containerPort"] for each in found["portMappings"]} == {
        "http": 8080,
        "grpc": 8081,
        "metrics": 8082,
    }
    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == 90
    assert found["logConfiguration"]["options"]["awslogs-group"] == group.outputs["name"]
    assert found["logConfiguration"]["options"]["awslogs-region"] == "us-west-2"
    assert found["stopTimeout"] == 50


@pytest.mark.parametrize(("longest", "stop"), [("45s", 45), ("2m", 120), ("3m", 120)])
def test_a_server_may_finish_its_longest_request_as_far_as_fargate_lets_it(
    tmp_path: Path, longest: str, stop: int
) -> None:
    graph = deployed(tmp_path, longest_request=longest, load_balancer="own")
    assert container(graph)["stopTimeout"] == stop
    cut_off = [warning for warning in graph.warnings if "Fargate kills a stopping task after 2m" in warning]
    assert len(cut_off) == (1 if longest == "3m" else 0)


def test_ecs_may_pull_this_one_image_write_this_one_log_and_read_these_secrets(tmp_path: Path) -> None:
    secrets = {"TOKEN": f"{SECRET}:password::", "OTHER": PARAMETER}
    graph = deployed(tmp_path, secrets=secrets)
    group, repository = graph.one("aws:cloudwatch/logGroup:LogGroup"), graph.one(REPOSITORY)
    assert document(inputs(graph, POLICY, "digits-execution")["policy"]) == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{group.outputs['arn']}:*",
        },
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": repository.outputs["arn"],
        },
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": [SECRET]},
        {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": [PARAMETER]},
    ]


def test_an_image_from_elsewhere_needs_no_right_to_pull(tmp_path: Path) -> None:
    statements = document(inputs(deployed(tmp_path, **READY), POLICY)["policy"])
    assert [each["Action"] for each in statements] == [["logs:CreateLogStream", "logs:PutLogEvents"]]


def test_a_ready_image_in_ecr_may_be_pulled_from_its_own_repository(tmp_path: Path) -> None:
    statements = document(inputs(deployed(tmp_path, image=PINNED, model={"name": "digits"}), POLICY)["policy"])
    assert statements[-1]["Resource"] == "arn:aws:ecr:us-west-2:123456789012:repository/served"


def test_both_roles_are_for_tasks_of_this_account_alone(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    for role in ("digits-execution", "digits-task"):
        assert document(inputs(graph, ROLE, role)["assumeRolePolicy"]) == [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ]


def test_the_server_itself_may_do_nothing_unless_a_shell_is_allowed(tmp_path: Path) -> None:
    roles = [node.inputs["role"] for node in deployed(tmp_path).all(POLICY)]
    assert [role for role in roles if "-task-" in role] == []
    graph = deployed(tmp_path, cluster={"exec": True})
    channels, log = document(inputs(graph, POLICY, "digits-exec")["policy"])
    assert channels["Action"] == [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "logs:DescribeLogGroups",
    ]
    assert log["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert log["Resource"].endswith(":*")

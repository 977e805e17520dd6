"""Replicas on a cluster on EKS read their endpoint's models in S3 by a role of their own, and no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelinfra.graph.values import plain
from tests.kubernetes.whole import EKS, IRIS, environment, whole
from tests.kubernetes.worlds import SERVING, predictor
from tests.platforms.eks import IDENTITY, waits_for

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
HUB = {"uri": f"hf://acme/iris@{'a' * 40}", "size": "20MiB"}


def of_pods(graph: Any, token: str) -> list[dict[str, Any]]:
    return [plain(node.inputs) for node in graph.all(token) if "-pods-" in node.name]


def test_a_model_in_s3_is_read_by_a_role_of_the_endpoints_own_service_account(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}))
    (policy,) = of_pods(graph, POLICY)
    assert json.loads(policy["policy"])["Statement"] == [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::acme-models/iris/*"]},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::acme-models",
            "Condition": {"StringLike": {"s3:prefix": ["iris/*"]}},
        },
    ]
    (association,) = of_pods(graph, IDENTITY)
    assert association["namespace"] == "dev-k8s"
    assert association["serviceAccount"] == predictor(graph)["serviceAccountName"] == "dev-iris"
    (role,) = of_pods(graph, ROLE)
    trusted = json.loads(role["assumeRolePolicy"])["Statement"][0]["Condition"]["StringEquals"]
    assert trusted["aws:RequestTag/kubernetes-service-account"] == "dev-iris"
    assert trusted["aws:RequestTag/kubernetes-namespace"] == "dev-k8s"


def test_pods_start_when_they_may_read(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}))
    (association,) = (node for node in graph.all(IDENTITY) if "-pods-" in node.name)
    assert association.urn in waits_for(graph, graph.one(SERVING).urn)


def test_revisions_are_read_by_the_same_role_and_the_next_version_needs_no_other(tmp_path: Path) -> None:
    revisions = {"candidate": {"model": {"uri": "s3://acme-trials/iris/9", "size": "20MiB"}, "scaling": {"min": 1}}}
    graph = whole(tmp_path, environment({"eks": EKS}, {"iris": {**IRIS, "revisions": revisions}}))
    (policy,) = of_pods(graph, POLICY)
    read = [each["Resource"] for each in json.loads(policy["policy"])["Statement"] if each["Action"] == "s3:GetObject"]
    assert read == [["arn:aws:s3:::acme-models/iris/*"], ["arn:aws:s3:::acme-trials/iris/*"]]
    newer = environment({"eks": EKS}, {"iris": {**IRIS, "model": {"uri": "s3://acme-models/iris/8", "size": "20MiB"}}})
    again = of_pods(whole(tmp_path, newer), POLICY)
    assert again == of_pods(whole(tmp_path, environment({"eks": EKS})), POLICY)


def test_no_role_is_made_for_other_addresses_other_accounts_and_other_clusters(tmp_path: Path) -> None:
    for declared in (
        environment({"eks": EKS}, {"iris": {**IRIS, "model": HUB}}),
        environment({"eks": EKS}, {"iris": {**IRIS, "service_account": "reader"}}),
        environment({"context": "models"}),
    ):
        assert of_pods(whole(tmp_path, declared), ROLE) == []


def test_an_existing_cluster_on_eks_lets_them_read_too(tmp_path: Path) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    shared = {"tags": {"team": "ml"}, "permissions_boundary": boundary}
    graph = whole(tmp_path, environment({"eks": {"cluster_name": "theirs"}}, **shared))
    (role,) = of_pods(graph, ROLE)
    assert (role["tags"], role["permissionsBoundary"]) == ({"team": "ml"}, boundary)
    (association,) = of_pods(graph, IDENTITY)
    assert association["serviceAccount"] == "dev-iris"

"""What tenants on Kubernetes may take, and whether what their endpoints ask for fits into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.schemas import complaints
from tests.kubernetes.tenancies import SERVED, environment, refused
from tests.kubernetes.worlds import CLUSTER, GATEWAY, VLLM, manifests
from tests.making import inputs

QUOTA = "kubernetes:core/v1:ResourceQuota"
LIMITS = "kubernetes:core/v1:LimitRange"


def test_a_quota_counts_what_is_asked_for(tmp_path: Path) -> None:
    quota = {"cpu": 64, "memory": "256GiB", "accelerators": 6, "disk": "1TiB", "pods": 20}
    graph = environment(
        tmp_path,
        tenants={"bank": {"kubernetes": {"quota": quota}}},
        endpoints={"chat": {"tenant": "bank", **VLLM}},
        platform={
            "accelerators": {
                **CLUSTER["accelerators"],
                "MIG": {"node_selector": {"gpu": "mig"}, "resource": "nvidia.com/mig-1g.5gb"},
            }
        },
    )
    assert inputs(graph, QUOTA)["spec"]["hard"] == {
        "requests.cpu": "64000m",
        "requests.memory": "262144Mi",
        "requests.ephemeral-storage": "1048576Mi",
        "pods": "20",
        "requests.nvidia.com/gpu": "6",
        "requests.nvidia.com/mig-1g.5gb": "6",
    }
    # A quota refuses pods with a container that asks for nothing, and KServe's own says nothing of disk.
    assert inputs(graph, LIMITS)["spec"]["limits"][0]["defaultRequest"]["ephemeral-storage"] == "100Mi"
    assert [found for each in manifests(graph) for found in complaints(each)] == []


SMALL: dict[str, Any] = {"cpu": 2, "memory": "4GiB"}


@pytest.mark.parametrize(
    ("quota", "scaling", "said"),
    [
        # Two replicas, and a third while they are renewed.
        (
            {"cpu": 5},
            {"min": 2},
            ["cpu (given: '5'): its endpoints take 6 vCPU with the fewest replicas that they may have"],
        ),
        ({"cpu": 6}, {"min": 2}, []),
        ({"memory": "11GiB"}, {"min": 2}, ["memory (given: '11 GiB'): its endpoints take 12 GiB memory"]),
        ({"pods": 2}, {"min": 2}, ["pods (given: '2'): its endpoints take 3 replicas"]),
        ({"disk": "5GiB"}, {"min": 2}, ["disk (given: '5 GiB'): its endpoints take 6 GiB disk"]),
        ({"disk": "6GiB", "pods": 3, "memory": "12GiB"}, {"min": 2}, []),
    ],
)
def test_what_never_fits_into_a_quota_is_refused(quota: Any, scaling: Any, said: list[str], tmp_path: Path) -> None:
    endpoint = {**SERVED, **SMALL, "tenant": "bank", "scaling": scaling}
    found = (
        refused(tmp_path, tenants={"bank": {"kubernetes": {"quota": quota}}}, endpoints={"fraud": endpoint})
        if said
        else []
    )
    assert len(found) == len(said)
    assert all(f"tenants.bank.kubernetes.quota.{words}" in line for words, line in zip(said, found, strict=True))
    if not said:
        environment(tmp_path, tenants={"bank": {"kubernetes": {"quota": quota}}}, endpoints={"fraud": endpoint})


def test_accelerators_that_an_update_would_wait_for_are_counted(tmp_path: Path) -> None:
    tenants = {"bank": {"kubernetes": {"quota": {"accelerators": 1}}}}
    endpoint = {**VLLM, "tenant": "bank", "scaling": {"min": 1}}
    (said,) = refused(tmp_path, tenants=tenants, endpoints={"chat": endpoint})
    assert "quota.accelerators (given: '1'): its endpoints take 2 nvidia.com/gpu" in said


def test_what_does_not_always_fit_is_told(tmp_path: Path) -> None:
    tenants = {"bank": {"kubernetes": {"quota": {"cpu": 12}}}}
    endpoints = {name: {**SMALL, "tenant": "bank", "scaling": {"min": 1, "max": 3}} for name in ("fraud", "credit")}
    graph = environment(tmp_path, tenants=tenants, endpoints=endpoints)
    said = [line["message"] for line in graph.logs if "quota" in line["message"]]
    assert len(said) == 1
    # Each may have three replicas and one more: (3 + 1) x 2 vCPU, twice.
    assert "tenant 'bank': quota of 12 vCPU, and its endpoints may take 16 vCPU" in said[0]


def test_revisions_count_and_what_is_another_tenants_does_not(tmp_path: Path) -> None:
    endpoints = {
        "fraud": {**SMALL, "tenant": "bank", "revisions": {"next": {"cpu": 3}}},
        "words": {**SMALL, "cpu": 64, "tenant": "studio"},
    }
    tenants = {"bank": {"kubernetes": {"quota": {"cpu": 14}}}, "studio": {"kubernetes": {}}}
    graph = environment(tmp_path, tenants=tenants, endpoints=endpoints, platform={"gateway": GATEWAY})
    (said,) = [line["message"] for line in graph.logs if "quota" in line["message"]]
    assert "may take 15 vCPU" in said

"""The options of `EksCluster`: each lands where it says and nowhere else, and what cannot work is refused with what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.compare import changes
from modelinfra.options.declare import UNSET, Declared, declared
from modelinfra.options.eks import EksAccessOptions, EksClusterOptions
from modelinfra.options.eks_nodes import EksKarpenterOptions, EksSystemNodesOptions
from tests.platforms.eks import CI, eks, eks_refusal
from tests.platforms.worlds import NETWORK
from tests.walk.compare import direct, landed, unexplained

ACCESS = {"ci": CI, "team": {**CI, "principal_arn": "arn:aws:iam::123456789012:role/t", "permissions": "edit"}}
WITHOUT_A_PROPERTY = {
    "cluster_name": "takes the place of everything",
    "transforms": "lands wherever its user says",
    "system_nodes": "its parts are options of their own",
    "karpenter": "its parts are options of their own",
    "kubeconfig_role_arn": "is a part of an output",
}
NEVER_CHANGED = {"aws:eks/cluster:Cluster.accessConfig.bootstrapClusterCreatorAdminPermissions"}
"""What the engine ignores: it means something at creation only."""


def options() -> Iterator[tuple[str, Declared]]:
    for key in declared(EksClusterOptions):
        yield key.name, key
    for prefix, declaration in (
        ("system_nodes", EksSystemNodesOptions),
        ("karpenter", EksKarpenterOptions),
        ("access.team", EksAccessOptions),
    ):
        for key in declared(declaration):
            yield f"{prefix}.{key.name}", key


ALL = dict(options())
EDITS = [path for path in ALL if path not in WITHOUT_A_PROPERTY]


@pytest.mark.parametrize("path", ALL)
def test_every_option_says_what_it_means_where_it_lands_and_what_holds_without_it(path: str) -> None:
    key = ALL[path]
    assert re.fullmatch(r"[A-Z].{8,}\.", key.doc, re.DOTALL)
    assert bool(key.option.lands and key.option.example is not UNSET) is not (path in WITHOUT_A_PROPERTY)
    if not key.required:
        said = key.option.default is not UNSET or key.option.default_text
        assert said or re.search(r"otherwise|Left out|None|Only with|Required unless|existing|ARN", key.doc)
    assert key.option.example != key.option.default or key.option.default is UNSET


@pytest.mark.parametrize("path", EDITS)
def test_an_edit_changes_what_the_option_names_and_nothing_else(path: str, tmp_path: Path) -> None:
    key = ALL[path]
    before = {"nodes": "karpenter", "model_buckets": ["arn:aws:s3:::other"], "access": ACCESS}
    if path in ("access", "model_buckets"):
        del before[path]
    outer, _, inner = path.rpartition(".")
    after = dict(before)
    if path == "nodes":
        after["nodes"] = "auto-mode"
    elif outer == "access.team":
        after["access"] = {**ACCESS, "team": {**ACCESS["team"], inner: key.option.example}}
    elif outer:
        after[outer] = {inner: key.option.example}
    else:
        after[path] = key.option.example
    old, new = eks(tmp_path, **before), eks(tmp_path, **after)
    every = changes(old, new)
    extra, _ = unexplained(landed(direct(every, new)) - NEVER_CHANGED, key.option.lands)
    _, missing = unexplained(landed(every), key.option.lands)
    assert not extra, f"{path} also changes {sorted(extra)}"
    assert not missing, f"{path} says it changes {sorted(missing)}"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"version": None}, 'version: this is required. Write for example version: "1.35".'),
    ({"version": "1.3"}, "version (given: '1.3'): "),
    ({"version": "1.19"}, "version (given: '1.19'): EKS has no cluster so old (as of 2026-02-14). Write 1.35."),
    (
        {"version": "1.29", "nodes": "karpenter"},
        "version (given: '1.29'): Karpenter 1.14.1, which is installed, is not for it (Kubernetes 1.30 to 1.36). Write",
    ),
    ({"network": None}, "network: this is required. Pass a ServingNetwork or a NetworkReference."),
    (
        {"cluster_name": "theirs", "version": None, "network": None, "nodes": "auto-mode"},
        "nodes: an existing cluster (`cluster_name`) is not changed, and has this already. Remove `nodes`, or remove",
    ),
    (
        {"cluster_name": "theirs", "version": None},
        "network: an existing cluster (`cluster_name`) has one already. Remove it, or remove `cluster_name`",
    ),
    ({"cluster_name": "theirs", "network": None}, "version: an existing cluster (`cluster_name`) is not changed"),
    ({"public_access_cidrs": []}, "public_access_cidrs (given: []): there is none in the list."),
    (
        {"public_access_cidrs": ["10.0.0.1/8"]},
        "public_access_cidrs[0] (given: '10.0.0.1/8'): this is not an IPv4 address range. Write for example",
    ),
    (
        {"public_access_cidrs": ["198.51.100.0/24", "198.51.100.0/24"]},
        "public_access_cidrs[1] (given: '198.51.100.0/24'): this is named twice. Remove it.",
    ),
    (
        {"log_retention_days": 89},
        "log_retention_days (given: 89): CloudWatch Logs does not offer this retention. Write 90.",
    ),
    (
        {"access": {"team": {**CI, "permissions": "view"}}},
        "access (given: ['team']): nobody could administer the cluster. Give cluster-admin to the role with which you",
    ),
    (
        {"access": {"ci": {**CI, "principal_arn": "arn:aws:sts::123456789012:assumed-role/ci/session"}}},
        "access.ci.principal_arn (given: 'arn:aws:sts::123456789012:assumed-role/ci/session'): ",
    ),
    ({"access": {"ci": CI, "again": CI}}, "access.again.principal_arn (given: 'arn:aws:iam::123456789012:role/ci'): 'ci'"),
    (
        {"access": {"ci": {**CI, "namespaces": ["a"]}}},
        "access.ci.namespaces: cluster-admin is of the whole cluster. Remove it, or write permissions: admin.",
    ),
    (
        {"access": {"ci": CI, "t": {**ACCESS["team"], "namespaces": []}}},
        "access.t.namespaces (given: []): there is none in the list. Remove it, or name one.",
    ),
    ({"access": {"CI": CI}}, "access.CI (given: 'CI'): a name is lower-case letters, digits and hyphens"),
    (
        {"system_nodes": {"instance_types": ["m7g.large", "m6i.large"]}},
        "system_nodes.instance_types (given: ['m7g.large', 'm6i.large']): one node group has one machine image, and these",
    ),
    ({"system_nodes": {"instance_types": []}}, "system_nodes.instance_types (given: []): there is none in the list."),
    (
        {"system_nodes": {"instance_types": ["m99.large"]}},
        "system_nodes.instance_types[0] (given: 'm99.large'): the catalogue does not know this instance type",
    ),
    (
        {"system_nodes": {"instance_types": ["g5.xlarge"]}},
        "system_nodes.instance_types[0] (given: 'g5.xlarge'): it has A10G: the cluster's own pods need none",
    ),
    (
        {"system_nodes": {"instance_types": ["m6i.large", "m6i.large"]}},
        "system_nodes.instance_types[1] (given: 'm6i.large'): this is named twice. Remove it.",
    ),
    ({"system_nodes": {"count": 1}}, "system_nodes.count (given: 1): "),
    ({"nodes": "auto-mode", "system_nodes": {}}, "system_nodes: EKS Auto Mode starts its nodes itself. Remove it."),
    ({"karpenter": {}}, "karpenter: `nodes` is managed. Remove it, or write nodes: karpenter."),
    ({"addon_versions": {"core-dns": "v1"}}, "addon_versions.core-dns: there is no such add-on here. Did you mean 'coredns'?"),
    (
        {"nodes": "auto-mode", "addon_versions": {"vpc-cni": "v1"}},
        "addon_versions.vpc-cni: EKS Auto Mode brings this itself, and keeps it up to date. Remove it.",
    ),
    (
        {"addon_versions": {"aws-mountpoint-s3-csi-driver": "v1"}},
        "addon_versions.aws-mountpoint-s3-csi-driver: it is installed with `model_buckets` only.",
    ),
    (
        {"addon_versions": {"amazon-cloudwatch-observability": "v1"}},
        "addon_versions.amazon-cloudwatch-observability: it is installed with `container_insights` only. Remove it, or",
    ),
    (
        {"secrets_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
        "secrets_key_arn (given: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'): this is in",
    ),
    ({"transforms": {"node-pool": {}}}, "transforms.node-pool: there is nothing for it to adjust: `nodes` is managed."),
    (
        {"transforms": {"auto-mode-node-role": {}}},
        "transforms.auto-mode-node-role: there is nothing for it to adjust: `nodes` is managed. Remove it.",
    ),
    ({"transforms": {"cluster": {"versoin": "1"}}}, "transforms.cluster.versoin: pulumi_aws.eks.Cluster has no such property."),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=lambda value: str(value)[:60])
def test_what_cannot_work_is_refused_with_what_to_write(wrong: dict[str, Any], said: str, tmp_path: Path) -> None:
    found = eks_refusal(tmp_path, **{"network": NETWORK, "version": "1.34", **wrong})
    assert len(found) == 1, found
    assert found[0].startswith(said), found

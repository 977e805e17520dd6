"""What cannot work of a cluster, of KServe on it, and of the network around it, is told with what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import KubernetesPlatform, ServingNetwork
from tests.kubernetes.whole import EKS, IRIS, environment, whole_refusal
from tests.making import captured

OWN_GATEWAY = {"name": "kserve-ingress-gateway", "namespace": "kserve", "url": "http://models.internal"}
THEIRS = {"name": "shared", "namespace": "gateways", "url": "https://models.example.com"}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (
            environment({"eks": EKS, "context": "models"}),
            "platforms.k8s.cluster.context: `eks` says which cluster it is. Remove `context`, or remove `eks`.",
        ),
        (
            environment({"eks": {"nodes": "karpenter"}}),
            'platforms.k8s.cluster.eks.version: this is required. Write for example version: "1.35".',
        ),
        (
            environment({"eks": EKS}, network={"nat": "none"}),
            (
                "network.nat (given: 'none'): nodes of the cluster of 'k8s' ask EKS, EC2 and registries over the internet, and without NAT "
                "nothing leads there. Write single or per-zone."
            ),
        ),
        (
            environment({"eks": {"cluster_name": "theirs"}}, network={"zones": 3}),
            "network: no platform stands in it, so that none is made. Remove it.",
        ),
        (
            environment({"eks": {**EKS, "version": "1.36"}}),
            (
                "platforms.k8s.cluster.eks.version (given: '1.36'): what is installed with KServe is not for it: keda 2.20.2 (Kubernetes 1.33 to "
                "1.35). Write another version, or `false` below `kserve` for what you install yourself."
            ),
        ),
        (
            environment({"eks": {"version": "1.29", "nodes": "karpenter"}}, platform={"kserve": False}),
            (
                "platforms.k8s.cluster.eks.version (given: '1.29'): Karpenter 1.14.1, which is installed, is not for it (Kubernetes 1.30 to "
                "1.36). Write another version, or nodes: managed or auto-mode."
            ),
        ),
        (
            environment({"context": "models"}, platform={"kserve": {"gateway": {"class_name": "gke-l7-rilb"}}}),
            (
                "platforms.k8s.gateway: nobody knows under which address clients reach the gateway that `kserve` uses. Write {name: "
                "kserve-ingress-gateway, namespace: kserve, url: https://...}, or a whole name as `kserve.gateway.host`."
            ),
        ),
        (
            environment({"eks": EKS}, platform={"gateway": {**OWN_GATEWAY, "listener": "https"}}),
            (
                "platforms.k8s.gateway.listener (given: 'https'): the gateway that `kserve` makes has one listener, `http`. Remove it."
            ),
        ),
        (
            environment({"eks": EKS}, platform={"gateway": {**OWN_GATEWAY, "cluster_issuer": "letsencrypt"}}),
            (
                "platforms.k8s.gateway.cluster_issuer (given: 'letsencrypt'): each domain gets a listener of its own, and the gateway that "
                "`kserve` makes lets none in. Write `kserve.gateway.listener_sets: true`."
            ),
        ),
        (
            environment({"eks": EKS}, platform={"gateway": {**OWN_GATEWAY, "admitted_namespaces": ["monitoring"]}}),
            (
                "platforms.k8s.gateway.admitted_namespaces (given: ['monitoring']): the proxies of the gateway that `kserve` makes are in "
                "envoy-gateway-system, and would reach no replica. Add envoy-gateway-system."
            ),
        ),
        (
            {
                "platforms": {
                    name: {"type": "kubernetes", "cluster": {"context": "models"}, "gateway": THEIRS, "namespace": name}
                    for name in ("one", "two")
                },
                "endpoints": {
                    "iris": {**IRIS, "platform": "one", "path": "/models"},
                    "wine": {**IRIS, "platform": "two", "path": "/models"},
                },
            },
            (
                "endpoints.wine.path (given: '/models'): endpoints.iris, on the platform 'one', is there at the same gateway. Write another "
                "`path`."
            ),
        ),
        (
            environment({"eks": EKS}, platform={"kserve": {"transforms": {"local-model-nodes": {}}}}),
            "platforms.k8s.kserve.transforms.local-model-nodes: there is nothing for it to adjust: these options make no such child. Remove it.",
        ),
        (
            environment({"eks": {**EKS, "transforms": {"cluster": {"vresion": "1"}}}}),
            "platforms.k8s.cluster.eks.transforms.cluster.vresion: pulumi_aws.eks.Cluster has no such property. Did you mean 'version'?",
        ),
        (
            environment({"eks": {**EKS, "secrets_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1"}}),
            (
                "platforms.k8s.cluster.eks.secrets_key_arn (given: 'arn:aws:kms:eu-west-1:123456789012:key/1'): this is in eu-west-1, and the "
                "stack is in us-west-2. Name one in us-west-2, or remove it."
            ),
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(declared: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert whole_refusal(tmp_path, declared) == [said]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cluster": {"eks": EKS}}, "network: this is required. Pass a ServingNetwork or a NetworkReference."),
        (
            {"cluster": {"context": "models"}, "network": "made"},
            "network: no cluster is made in it. Remove it, or write `cluster.eks` to have a cluster made.",
        ),
        (
            {"cluster": {"eks": {"cluster_name": "theirs"}}, "network": "made"},
            "network: no cluster is made in it. Remove it, or write `cluster.eks` to have a cluster made.",
        ),
    ],
)
def test_the_component_asks_for_a_network_where_a_cluster_is_made_and_only_there(
    arguments: dict[str, Any], said: str, tmp_path: Path
) -> None:
    told: list[str] = []

    def program() -> None:
        given = {**arguments, **({"network": ServingNetwork("net")} if "network" in arguments else {})}
        try:
            KubernetesPlatform("k8s", given)  # type: ignore[call-overload]
        except pulumi.RunError as error:
            told.extend(line.strip() for line in str(error).splitlines()[1:])

    captured(program, tmp_path)
    assert told == [said]

"""What a cluster would answer: may one pod reach another, may somebody do something. By the rules of the API's own documentation.

networking.k8s.io/v1: a pod that no policy of a direction selects is open in it; else what any of these policies lets through passes. Both
ends must let it through. rbac.authorization.k8s.io/v1: what no rule of a role that is bound to somebody allows is denied.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.kubernetes.worlds import NAMESPACE, POLICY, SERVING

ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"


@dataclass(frozen=True)
class Pod:
    """namespace: empty outside of the cluster. address: where ranges are asked."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "10.0.0.1"


def replicas(graph: Graph, name: str) -> Pod:
    """A replica of an InferenceService, with the labels that KServe gives it."""
    (metadata,) = (
        found for node in graph.all(SERVING) if (found := plain(node.inputs)["metadata"])["name"].endswith(name)
    )
    return Pod(metadata["namespace"], {"app": f"isvc.{metadata['name']}-predictor"})


def reaches(graph: Graph, source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection from one pod to another comes about."""
    policies = [plain(node.inputs) for node in graph.all(POLICY)]
    return _lets(graph, policies, "egress", source, target, port, protocol) and _lets(
        graph, policies, "ingress", target, source, port, protocol
    )


def may(graph: Graph, kind: str, who: str, verb: str, resource: str, namespace: str, group: str = "") -> bool:
    """Whether somebody (a `User` or a `Group`) may do something in a namespace."""
    roles = {(at["namespace"], at["name"]): each for each, at in _with_metadata(graph, ROLE)}
    return any(
        group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]
        for binding, at in _with_metadata(graph, BINDING)
        if at["namespace"] == namespace
        and any(each["kind"] == kind and each["name"] == who for each in binding["subjects"])
        for rule in roles[namespace, binding["roleRef"]["name"]]["rules"]
    )


def _with_metadata(graph: Graph, token: str) -> Iterator[tuple[Any, Any]]:
    for node in graph.all(token):
        found = plain(node.inputs)
        yield found, found["metadata"]


def _lets(graph: Graph, policies: Any, way: str, pod: Pod, other: Pod, port: int, protocol: str) -> bool:
    here = [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and way.capitalize() in policy["spec"]["policyTypes"]
        and _chosen(policy["spec"]["podSelector"], pod.labels)
    ]
    ends = {"egress": "to", "ingress": "from"}[way]
    return not here or any(
        _peer(graph, policy["metadata"]["namespace"], rule.get(ends), other)
        and _port(rule.get("ports"), port, protocol)
        for policy in here
        for rule in policy["spec"].get(way) or ()
    )


def _peer(graph: Graph, home: str, peers: Any, pod: Pod) -> bool:
    return not peers or any(_one(graph, home, peer, pod) for peer in peers)


def _one(graph: Graph, home: str, peer: Any, pod: Pod) -> bool:
    if "ipBlock" in peer:
        # Networks differ in whether a range holds pods; the wider reading is asked.
        address = ipaddress.ip_address(pod.address)
        excepted = [ipaddress.ip_network(each) for each in peer["ipBlock"].get("except", ())]
        return address in ipaddress.ip_network(peer["ipBlock"]["cidr"]) and not any(
            address in each for each in excepted
        )
    if not pod.namespace:
        return False
    if "namespaceSelector" in peer:
        placed = _chosen(peer["namespaceSelector"], _labels(graph, pod.namespace))
    else:
        placed = pod.namespace == home
    return placed and _chosen(peer.get("podSelector", {}), pod.labels)


def _chosen(selector: Any, labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def _labels(graph: Graph, namespace: str) -> dict[str, str]:
    given = [at.get("labels", {}) for _, at in _with_metadata(graph, NAMESPACE) if at["name"] == namespace]
    return {**(given[0] if given else {}), "kubernetes.io/metadata.name": namespace}


def _port(ports: Any, port: int, protocol: str) -> bool:
    return not ports or any(each["port"] == port and each["protocol"] == protocol for each in ports)

"""What a tenant has on Kubernetes platforms that it shares with others: a namespace, and how much of the cluster."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    LIMIT_RANGE,
    NETWORK_POLICY,
    POD,
    RESOURCE_QUOTA,
    ROLE_BINDING_OF_NAMESPACE,
    SERVICE_ACCOUNT,
)
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes, VCpu

_HARD = f"{RESOURCE_QUOTA}.spec.hard"
_SUBJECTS = f"{ROLE_BINDING_OF_NAMESPACE}.subjects"


class QuotaOptions(TypedDict):
    """Most that all replicas of a tenant may take together, on each platform."""

    cpu: NotRequired[Annotated[VCpu, Option(at_least=0.1, lands=(_HARD,), example=48)]]
    """Processor, in vCPU. No limit otherwise."""

    memory: NotRequired[Annotated[Bytes, Option(at_least=2**20, lands=(_HARD,), example="256GiB")]]
    """Memory of all replicas. No limit otherwise."""

    accelerators: NotRequired[Annotated[int, Option(at_least=0, lands=(_HARD,), example=2)]]
    """Accelerators, of each kind of device that the platform's `accelerators` name: a cluster counts
    `nvidia.com/gpu` and not models of GPUs. No limit otherwise."""

    disk: NotRequired[
        Annotated[Bytes, Option(at_least=2**20, lands=(_HARD, f"{LIMIT_RANGE}.spec.limits"), example="2TiB")]
    ]
    """Disk of the nodes, on which models lie. No limit otherwise."""

    pods: NotRequired[Annotated[int, Option(at_least=1, lands=(_HARD,), example=40)]]
    """Replicas, of all endpoints together. No limit otherwise."""


class EgressOptions(TypedDict):
    """Addresses that a tenant's replicas may reach."""

    cidr: Annotated[str, Option()]
    """A range of addresses, such as `10.20.0.0/16`."""

    ports: Annotated[Sequence[int], Option(at_least=1)]
    """Ports (TCP)."""


class TenantNamespaceOptions(TypedDict):
    """A namespace of the tenant's own on every Kubernetes platform that is nobody's alone, in which its endpoints run."""

    quota: NotRequired[Annotated[QuotaOptions, Option(default={})]]
    """Most that its replicas may take. No limit otherwise."""

    groups: NotRequired[
        Annotated[Sequence[str], Option(default=[], lands=(_SUBJECTS,), example=["bank-ml", "bank-ops"])]
    ]
    """Groups of the cluster's users, as its authentication calls them, who may see what is in the namespace (but for secrets), restart
    replicas, and store secrets. None otherwise."""

    users: NotRequired[Annotated[Sequence[str], Option(default=[], lands=(_SUBJECTS,), example=["ada@bank.example"])]]
    """Users who may do the same. None otherwise."""

    egress: NotRequired[
        Annotated[
            Sequence[EgressOptions],
            Option(
                default=[],
                lands=(f"{NETWORK_POLICY}.spec.egress",),
                example=[{"cidr": "10.20.0.0/16", "ports": [9000]}],
            ),
        ]
    ]
    """What its replicas reach beside HTTPS everywhere, names (DNS), each other, and the agent of EKS Pod Identity: for example a store of models
    with a port of its own, a collector of traces, or the metadata server of GKE (169.254.169.252/32, port 988)."""

    storage_secrets: NotRequired[
        Annotated[
            Sequence[str],
            Option(default=[], lands=(f"{SERVICE_ACCOUNT}.secrets", f"{POD}.annotations"), example=["models-store"]),
        ]
    ]
    """Names of secrets of its namespace with which its models are fetched, one for each store. None otherwise."""

    service_account_annotations: NotRequired[
        Annotated[
            Mapping[str, Input[str]],
            Option(
                default={},
                lands=(f"{SERVICE_ACCOUNT}.metadata.annotations",),
                example={"iam.gke.io/gcp-service-account": "bank@acme.iam.gserviceaccount.com"},
            ),
        ]
    ]
    """Annotations of the tenant's service account, by which a cloud gives it an identity. None otherwise."""


def range_problems(path: str, cidr: str) -> Iterator[Problem]:
    """Whether this is a range of addresses."""
    try:
        ipaddress.ip_network(cidr)
    except ValueError:
        reason = "this is no range of addresses (the bits behind the prefix are 0)"
        yield Problem(path, reason, "Write for example 10.20.0.0/16.", cidr)


@rule(EgressOptions, "cidr", "ports")
def addresses_are_a_range(egress: Mapping[str, Any]) -> Iterable[Problem]:
    yield from range_problems("cidr", egress["cidr"])
    for port in egress["ports"]:
        if not 1 <= port <= 65535:
            yield Problem("ports", "a port is between 1 and 65535", "Write for example 9000.", port)
